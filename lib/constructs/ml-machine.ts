import { Duration } from 'aws-cdk-lib';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { type JobProps, MachineBuilder, type MachineProps } from '#lib/constructs/machine.ts';
import type { Capacity } from '#lib/environments.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';

export interface MlMachineProps extends Omit<MachineProps, 'comment' | 'timeout'> {
  pipeline: CompiledPipeline;
  capacity: Capacity;
}

const glue = (job: string, hours: number): JobProps => ({
  name: `${job}-job`,
  start: 'start-glue',
  check: 'check-glue',
  args: { job },
  atMost: Duration.hours(hours),
});

const query = (name: string): JobProps => ({
  name: `${name}-query`,
  start: 'start-query',
  check: 'check-query',
  args: { query: name },
  atMost: Duration.minutes(30),
});

const transform = (dataset: 'holdout' | 'inference'): JobProps => ({
  name: `transform-${dataset}`,
  start: 'start-transform',
  check: 'check-transform',
  args: { dataset },
  atMost: Duration.hours(4),
});

/**
 * Published tables to predictions: choose or train a model, judge it on the holdout, score, check, push.
 *
 * Whichever model makes the predictions, it is scored on this run's holdout first, by the same batch transform that
 * production uses. A challenger that is not good enough sends the machine round once more with the current model.
 */
export class MlMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: MlMachineProps) {
    super(scope, id);
    const { pipeline, capacity } = props;
    const steps = new MachineBuilder(this, {
      ...props,
      comment: `${pipeline.name}: published tables to predictions`,
      timeout: Duration.hours(24),
    });

    const predict = sfn.Chain.start(steps.job(transform('inference')))
      .next(steps.job(query('predictions')))
      .next(steps.task('check-predictions'))
      .next(steps.job(glue('push', 8)))
      .next(steps.task('check-push'))
      .next(steps.task('finish'));

    const judge = new sfn.Choice(this, 'holdout?');
    const scoreHoldout = sfn.Chain.start(steps.job(transform('holdout')))
      .next(steps.job(query('metrics')))
      .next(steps.task('evaluate'))
      .next(
        new sfn.Choice(this, 'rescore?')
          .when(
            sfn.Condition.and(
              sfn.Condition.isPresent('$.model.rescore'),
              sfn.Condition.booleanEquals('$.model.rescore', true),
            ),
            judge,
          )
          .otherwise(predict),
      );
    judge.when(sfn.Condition.numberGreaterThan('$.datasets.holdoutRows', 0), scoreHoldout).otherwise(predict);

    const train = sfn.Chain.start(
      steps.job({
        name: 'automl',
        start: 'start-automl',
        check: 'check-automl',
        // The job ends itself, with its best candidate, when its own time is over; this is for one that does not.
        atMost: Duration.seconds(capacity.automl.maxRuntimeSeconds * 2 + 1_800),
      }),
    )
      .next(steps.task('create-model'))
      .next(judge);

    const start = steps.task('resolve-run');
    start
      .next(steps.task('check-features'))
      .next(steps.task('choose-model'))
      .next(steps.job(glue('datasets', 4)))
      .next(steps.task('check-training-data'))
      .next(
        new sfn.Choice(this, 'train?')
          .when(sfn.Condition.stringEquals('$.model.decision', 'train'), train)
          .otherwise(judge),
      );
    this.machine = steps.build(start);
  }
}
