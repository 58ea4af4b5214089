import { DescribeExecutionCommand } from '@aws-sdk/client-sfn';
import { alert } from '#lambdas/shared/alert.ts';
import { sfn } from '#lambdas/shared/clients/sfn.ts';
import { failureMessage, readableCause } from '#lambdas/shared/message.ts';
import type { StartInput } from '#lambdas/shared/payload.ts';
import { runOf } from '#lambdas/shared/run-input.ts';
import { markNotified, releaseLock, wasNotified } from '#lambdas/shared/run-table.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { outside } from '#lambdas/shared/step.ts';
import { stopOpenJobs } from '#lambdas/shared/stop-open-jobs.ts';

/** Only what names the execution: input and output in such an event are cut off when they are long. */
export interface ExecutionEnded {
  detail: { executionArn: string };
}

const WORDS: Record<string, string> = { TIMED_OUT: 'TimedOut', ABORTED: 'Aborted', FAILED: 'Failed' };

/**
 * Does for a killed execution what its own failure path could not: stops its jobs, gives the pipeline back and tells
 * people. An execution that failed by itself has done all that; nothing is told twice.
 */
export const handler = outside<ExecutionEnded, void>('on-execution-end', async ({ detail: { executionArn } }) => {
  const execution = await sfn.send(new DescribeExecutionCommand({ executionArn }));
  const { status = '', name = '', input, startDate, error, cause } = execution;
  const failed = WORDS[status];
  // Redriven meanwhile, or an event of another kind: a running execution keeps its jobs.
  if (!failed) return;
  const more: string[] = [];
  const stopped = await stopOpenJobs(executionArn).catch((problem: Error) => {
    more.push(problem.message);
    return [];
  });
  await releaseLock(executionArn);
  if (await wasNotified(executionArn)) return;

  const startedAt = (startDate ?? new Date()).toISOString();
  const start = startInput(input);
  const run = runOf(start, { executionArn, execution: name, startedAt, state: 'on-execution-end' });
  if (stopped.length) more.push(`Jobs that were stopped: ${stopped.join(', ')}`);
  await alert(
    failureMessage(
      run,
      getSettings().region,
      {
        step: 'unknown (ended from outside)',
        error: error || failed,
        cause: cause ? readableCause(cause) : told(status),
      },
      more,
      start,
    ),
  );
  await markNotified(executionArn, startedAt);
});

const told = (status: string) =>
  status === 'ABORTED' ? 'Somebody or something stopped the execution.' : `The execution ended as ${status}.`;

function startInput(input: string | undefined): StartInput {
  try {
    const parsed: unknown = JSON.parse(input ?? '{}');
    return typeof parsed === 'object' && parsed ? parsed : {};
  } catch {
    return {};
  }
}
