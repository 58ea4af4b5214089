import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { stepError } from '#lambdas/shared/errors.ts';
import type { Resolved, Run, StepEvent } from '#lambdas/shared/payload.ts';
import { isServiceFault } from '#lambdas/shared/retryable.ts';
import { getSettings } from '#lambdas/shared/settings.ts';

export const logger = new Logger();
const metrics = new Metrics();

export interface StepContext<Args> {
  args: Args;
  /** Made by resolve-run; before that only `context` is known. */
  run: Run;
  context: StepEvent<unknown>['context'];
}

/**
 * Wraps a step: every log line says which run and state it belongs to, the duration is a metric, and a broken
 * connection or a 5xx answer gets one name for the state machine to retry. Other errors pass as they are.
 */
export function step<Input extends object, Output, Args = object>(
  work: (input: Input, context: StepContext<Args>) => Promise<Output>,
): (event: StepEvent<Input, Args>) => Promise<Output> {
  return ({ input, args, context }) => {
    const { run } = input as Partial<Resolved>;
    return measured({ state: context.state, execution: context.execution, runDate: run?.runDate }, () =>
      work(input, { args, context, run: run as Run }),
    );
  };
}

/** The same for what is called from outside the state machines. */
export const outside =
  <Event, Output>(name: string, work: (event: Event) => Promise<Output>) =>
  (event: Event) =>
    measured({ state: name }, () => work(event));

/** A number of this step for CloudWatch, for example the rows it counted. */
export const count = (name: string, value: number) => metrics.addMetric(name, MetricUnit.Count, value);

async function measured<T>(keys: { state: string; execution?: string; runDate?: string }, work: () => Promise<T>) {
  const { environment, pipeline } = getSettings();
  logger.resetKeys();
  logger.appendKeys({ environment, pipeline, ...keys });
  metrics.addDimension('pipeline', pipeline).addDimension('step', keys.state);
  const started = performance.now();
  try {
    const result = await work();
    logger.info('done', { milliseconds: Math.round(performance.now() - started) });
    return result;
  } catch (error) {
    metrics.addMetric('Failed', MetricUnit.Count, 1);
    logger.error('failed', error as Error);
    throw isServiceFault(error) ? stepError('ServiceFault', messageOf(error), error) : error;
  } finally {
    metrics.addMetric('Duration', MetricUnit.Milliseconds, performance.now() - started);
    metrics.publishStoredMetrics();
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
