import { Duration } from 'aws-cdk-lib';
import type { StateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { type JobProps, MachineBuilder, type MachineProps } from '#lib/constructs/machine.ts';
import { chainOf, endOfRun, outputs, push } from '#lib/constructs/run-end.ts';
import type { Capacity } from '#lib/environments.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';

export interface MlMachineProps extends Omit<MachineProps, 'comment' | 'timeout'> {
  pipeline: CompiledPipeline;
  capacity: Capacity;
  /** Whether the model is served by an endpoint. */
  endpoint: boolean;
}

const DATASETS: JobProps = {
  name: 'datasets-job',
  start: 'start-glue',
  check: 'check-glue',
  args: { job: 'datasets' },
  atMost: Duration.hours(4),
};

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

const ENDPOINT: JobProps = {
  name: 'endpoint',
  start: 'update-endpoint',
  check: 'check-endpoint',
  atMost: Duration.minutes(30),
};

/**
 * Published tables to predictions: choose or train a model, judge it on the holdout, score, check, push.
 *
 * Whichever model makes the predictions, it is scored on this run's holdout first, by the same batch transform that
 * production uses. A challenger that is not good enough sends the machine round once more with the current model. A run
 * that only trains ends when that is settled. Last, the endpoint, where there is one, is given the model.
 */
export class MlMachine extends Construct {
  readonly machine: StateMachine;

  constructor(scope: Construct, id: string, props: MlMachineProps) {
    super(scope, id);
    const { pipeline } = props;
    const steps = new MachineBuilder(this, {
      ...props,
      comment: `${pipeline.name}: published tables to predictions`,
      timeout: Duration.hours(24),
    });

    // Last, because it can wait: whatever becomes of it, the day's predictions are there.
    const served = props.endpoint ? sfn.Chain.start(steps.job(ENDPOINT)) : undefined;
    const last = endOfRun(steps, pipeline, 'ml');
    const end = chainOf([served, last]) ?? last;
    const predict = chainOf([
      sfn.Chain.start(steps.job(transform('inference')))
        .next(steps.job(query('predictions')))
        .next(steps.task('check-predictions')),
      push(steps),
      outputs(steps, pipeline, 'ml'),
      end,
    ]);
    const onward = new sfn.Choice(this, 'predict?')
      .when(
        sfn.Condition.and(
          sfn.Condition.isPresent('$.start.predict'),
          sfn.Condition.booleanEquals('$.start.predict', false),
        ),
        end,
      )
      .otherwise(predict ?? end);

    const judge = new sfn.Choice(this, 'holdout?');
    const again = new sfn.Choice(this, 'rescore?').when(isTrue('$.model.rescore'), judge).otherwise(onward);
    const scoreHoldout = sfn.Chain.start(steps.job(transform('holdout')))
      .next(steps.job(query('metrics')))
      .next(steps.task('evaluate'))
      .next(pipeline.model?.record.length ? this.recorded(steps, again) : again);
    judge.when(sfn.Condition.numberGreaterThan('$.datasets.holdoutRows', 0), scoreHoldout).otherwise(onward);

    const train = sfn.Chain.start(steps.job(training(props)))
      .next(steps.task('create-model'))
      .next(judge);

    const start = steps.task('resolve-run');
    start
      .next(steps.task('check-features'))
      .next(steps.task('choose-model'))
      .next(steps.job(DATASETS))
      .next(steps.task('check-training-data'))
      .next(
        new sfn.Choice(this, 'train?')
          .when(sfn.Condition.stringEquals('$.model.decision', 'train'), train)
          .otherwise(judge),
      );
    this.machine = steps.build(start);
  }

  /**
   * A new model that has just been judged gets its row in the training record, whether it is used or not. One that ends
   * its run, because there is no other to predict with, is in the run table alone.
   */
  private recorded(steps: MachineBuilder, next: sfn.Choice): sfn.Choice {
    const justJudged = sfn.Condition.or(
      sfn.Condition.not(sfn.Condition.isPresent('$.model.rejected')),
      isTrue('$.model.rescore'),
    );
    return new sfn.Choice(this, 'record?')
      .when(
        sfn.Condition.and(sfn.Condition.isPresent('$.model.challenger'), justJudged),
        sfn.Chain.start(steps.job(query('training-record'))).next(next),
      )
      .otherwise(next);
  }
}

const isTrue = (path: string) =>
  sfn.Condition.and(sfn.Condition.isPresent(path), sfn.Condition.booleanEquals(path, true));

/** What makes a model. Either ends itself when its own time is over; the cap is for one that does not. */
function training({ pipeline, capacity }: MlMachineProps): JobProps {
  if (pipeline.model?.kind === 'script')
    return {
      name: 'training',
      start: 'start-training-job',
      check: 'check-training-job',
      atMost: Duration.seconds(capacity.training.maxRuntimeSeconds + 1_800),
    };
  return {
    name: 'automl',
    start: 'start-automl',
    check: 'check-automl',
    atMost: Duration.seconds(capacity.automl.maxRuntimeSeconds * 2 + 1_800),
  };
}
