import { Duration } from 'aws-cdk-lib';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { type JobProps, MachineBuilder, type MachineProps } from '#lib/constructs/machine.ts';
import type { Capacity } from '#lib/environments.ts';
import type { CompiledPipeline, Engine } from '#lib/pipelines/pipeline.ts';

export interface EtlMachineProps extends Omit<MachineProps, 'comment' | 'timeout'> {
  pipeline: CompiledPipeline;
  engine: Engine;
  capacity: Capacity;
}

const query = (name: string, args: Record<string, unknown>): JobProps => ({
  name: `${name}-query`,
  start: 'start-query',
  check: 'check-query',
  args,
  atMost: Duration.minutes(30),
});

/** Raw tables to published tables: check what came in, run the feature queries, check what came out, publish. */
export class EtlMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: EtlMachineProps) {
    super(scope, id);
    const { pipeline } = props;
    const steps = new MachineBuilder(this, {
      ...props,
      comment: `${pipeline.name}: raw tables to published tables`,
      timeout: Duration.hours(8),
    });

    const publish = steps.task('publish');
    const judged = steps.task('check-quality');
    const validate = steps
      .job(query('validation', { query: 'validate' }))
      .next(steps.task('check-validation'))
      .next(publish);
    judged.next(
      new sfn.Choice(this, 'validate?')
        .when(
          sfn.Condition.and(
            sfn.Condition.isPresent('$.start.validate'),
            sfn.Condition.booleanEquals('$.start.validate', true),
          ),
          validate,
        )
        .otherwise(publish),
    );
    publish.next(steps.task('start-ml')).next(steps.task('finish'));

    const start = steps.task('resolve-run');
    start
      .next(steps.task('inspect-sources'))
      .next(steps.job(query('profile', { query: 'profile' })))
      .next(steps.task('check-sources'))
      .next(features(steps, props))
      .next(steps.job(query('quality', { query: 'quality' })))
      .next(judged);
    this.machine = steps.build(start);
  }
}

/** The feature queries on the engine of the environment, and their output registered as candidates. */
function features(steps: MachineBuilder, { pipeline, engine, capacity }: EtlMachineProps) {
  const tables = Object.keys(pipeline.tables);
  if (engine === 'athena') {
    const perLevel = levels(pipeline).map((level, i) =>
      sfn.Chain.start(
        steps.parallel(
          `features-${i + 1}`,
          level.map((table) => query(`table-${table}`, { query: 'table', table })),
        ),
      ).next(steps.task('stage-tables', { tables: level }, `stage-tables-${i + 1}`)),
    );
    return perLevel.reduce((all, level) => all.next(level));
  }
  const job: JobProps =
    engine === 'emr'
      ? {
          name: 'features',
          start: 'start-emr',
          check: 'check-emr',
          atMost: Duration.minutes(capacity.emr.maxMinutes),
        }
      : {
          name: 'features',
          start: 'start-glue',
          check: 'check-glue',
          args: { job: 'queries' },
          atMost: Duration.hours(2),
        };
  return sfn.Chain.start(steps.job(job)).next(steps.task('stage-tables', { tables }));
}

/** Tables in an order in which each reads only tables of earlier levels. */
export function levels(pipeline: CompiledPipeline): string[][] {
  const result: string[][] = [];
  const done = new Set<string>();
  let left = Object.keys(pipeline.tables);
  while (left.length) {
    const ready = left.filter((table) => (pipeline.queries[table]?.tables ?? []).every((read) => done.has(read)));
    if (!ready.length)
      throw new Error(`${pipeline.name}: these tables read each other in a circle: ${left.join(', ')}`);
    for (const table of ready) done.add(table);
    result.push(ready);
    left = left.filter((table) => !done.has(table));
  }
  return result;
}
