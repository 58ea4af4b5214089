import { Duration } from 'aws-cdk-lib';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Machine } from '#lambdas/shared/payload.ts';
import type { MachineBuilder } from '#lib/constructs/machine.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';

/** Names of the outputs a machine makes: those that read predictions when there are any, the others with the tables. */
export function outputsOf(pipeline: CompiledPipeline, machine: Machine): string[] {
  return Object.keys(pipeline.outputs).filter((name) => {
    const late = pipeline.model !== undefined && pipeline.queries[name]?.predictions === true;
    return late === (machine === 'ml');
  });
}

/** For each output of a machine its query and the step that writes its files, one after the other; nothing without any. */
export function outputs(steps: MachineBuilder, pipeline: CompiledPipeline, machine: Machine): sfn.Chain | undefined {
  return chainOf(
    outputsOf(pipeline, machine).map((output) =>
      sfn.Chain.start(
        steps.job({
          name: `output-${output}-query`,
          start: 'start-query',
          check: 'check-query',
          args: { query: 'output', output },
          atMost: Duration.minutes(30),
        }),
      ).next(steps.task('write-output', { output }, `write-output-${output}`)),
    ),
  );
}

/** DynamoDB gets what is to be served, and the run is red unless all of it is there. */
export function push(steps: MachineBuilder): sfn.Chain {
  const job = steps.job({
    name: 'push-job',
    start: 'start-glue',
    check: 'check-glue',
    args: { job: 'push' },
    atMost: Duration.hours(8),
  });
  return sfn.Chain.start(job).next(steps.task('check-push'));
}

/** The last states of a green run; made once for a machine, whatever leads there. */
export function endOfRun(steps: MachineBuilder, pipeline: CompiledPipeline, machine: Machine): sfn.Chain {
  const finish = steps.task('finish');
  // One mail a run: a pipeline with a model has its news in the ML machine.
  const tell = pipeline.announce && machine === (pipeline.model ? 'ml' : 'etl');
  return tell
    ? sfn.Chain.start(steps.task('announce', { of: 'run' }, 'announce-run')).next(finish)
    : sfn.Chain.start(finish);
}

/** One after the other; what is not there is left out. */
export const chainOf = (parts: (sfn.Chain | undefined)[]): sfn.Chain | undefined =>
  parts
    .filter((part) => part !== undefined)
    .reduce<sfn.Chain | undefined>((all, part) => (all ? all.next(part) : part), undefined);
