import { Duration } from 'aws-cdk-lib';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { enginesOf, levels } from '#lib/constructs/engines.ts';
import { type JobProps, MachineBuilder, type MachineProps } from '#lib/constructs/machine.ts';
import { chainOf, endOfRun, outputs, push } from '#lib/constructs/run-end.ts';
import type { Capacity } from '#lib/environments.ts';
import type { CompiledPipeline, Engine } from '#lib/pipelines/pipeline.ts';

export interface EtlMachineProps extends Omit<MachineProps, 'comment' | 'timeout'> {
  pipeline: CompiledPipeline;
  /** The environment's, for all tables. */
  engine?: Engine;
  capacity: Capacity;
}

const query = (name: string, args: Record<string, unknown>): JobProps => ({
  name: `${name}-query`,
  start: 'start-query',
  check: 'check-query',
  args,
  atMost: Duration.minutes(30),
});

/**
 * Raw tables to published tables: check what came in, run the feature queries, check what came out, publish. A pipeline
 * without a model also serves one of its tables from here.
 */
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
    publish.next(afterPublishing(steps, pipeline));

    const profile = query('profile', { query: 'profile' });
    const counts = query('counts', { query: 'counts' });
    const start = steps.task('resolve-run');
    start
      .next(steps.task('inspect-sources'))
      .next(steps.parallel('source-queries', Object.keys(pipeline.counts).length ? [profile, counts] : [profile]))
      .next(steps.task('check-sources'))
      .next(features(steps, props))
      .next(steps.job(query('quality', { query: 'quality' })))
      .next(judged);
    this.machine = steps.build(start);
  }
}

/** Mails, what is served without a model, files, the ML machine. */
function afterPublishing(steps: MachineBuilder, pipeline: CompiledPipeline): sfn.Chain {
  const announced = Object.values(pipeline.tables).some((table) => table.announce);
  const end = endOfRun(steps, pipeline, 'etl');
  return (
    chainOf([
      announced ? sfn.Chain.start(steps.task('announce', { of: 'tables' }, 'announce-tables')) : undefined,
      pipeline.predictions && !pipeline.model ? push(steps) : undefined,
      outputs(steps, pipeline, 'etl'),
      pipeline.model ? sfn.Chain.start(steps.task('start-ml')) : undefined,
      end,
    ]) ?? end
  );
}

/** A job that makes tables, as it is called in `jobs`. */
interface Work {
  step: string;
  tables: string[];
  job: JobProps;
}

/**
 * The feature queries, each on its engine, and their output registered as candidates. One Spark job makes all tables of
 * a pipeline that has no other engine; otherwise it goes level by level.
 */
function features(steps: MachineBuilder, { pipeline, engine, capacity }: EtlMachineProps): sfn.Chain {
  const engines = enginesOf(pipeline, engine);
  const [only, ...others] = new Set(Object.values(engines));
  const tables = Object.keys(pipeline.tables);
  if (only && only !== 'athena' && !others.length)
    return stage(steps, [spark(only, 'features', tables, capacity, true)], 'features', 'stage-tables');
  const stages = levels(pipeline).map((level, i) => {
    const place = i + 1;
    const on = (wanted: Engine) => level.filter((table) => engines[table] === wanted);
    const work = [
      ...on('athena').map((table) => ({
        step: `table-${table}`,
        tables: [table],
        job: query(`table-${table}`, { query: 'table', table }),
      })),
      ...(['glue', 'emr'] as const).flatMap((one) =>
        on(one).length ? [spark(one, `features-${place}-${one}`, on(one), capacity)] : [],
      ),
    ];
    return stage(steps, work, `features-${place}`, `stage-tables-${place}`);
  });
  const all = chainOf(stages);
  if (!all) throw new Error(`${pipeline.name} makes no table`);
  return all;
}

/** Jobs side by side, then what they wrote made readable. */
function stage(steps: MachineBuilder, work: Work[], name: string, state: string): sfn.Chain {
  const jobs = work.map(({ job }) => job);
  const madeBy = Object.fromEntries(work.flatMap(({ step, tables }) => tables.map((table) => [table, step])));
  return sfn.Chain.start(steps.parallel(name, jobs)).next(steps.task('stage-tables', { tables: madeBy }, state));
}

/** One Spark job for some tables; the job of all tables needs no list of them. */
function spark(on: 'glue' | 'emr', step: string, tables: string[], { emr }: Capacity, all = false): Work {
  const which = all ? {} : { step, tables };
  const job: JobProps =
    on === 'emr'
      ? { name: step, start: 'start-emr', check: 'check-emr', args: which, atMost: Duration.minutes(emr.maxMinutes) }
      : {
          name: step,
          start: 'start-glue',
          check: 'check-glue',
          args: { job: 'queries', ...which },
          atMost: Duration.hours(2),
        };
  return { step, tables, job };
}
