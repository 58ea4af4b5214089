import { Duration, TimeZone } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import {
  ContextAttribute,
  type CronOptionsWithTimezone,
  Schedule,
  ScheduleExpression,
  ScheduleTargetInput,
} from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke, StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { StartInput } from '#lambdas/shared/payload.ts';
import { MailedAlarm } from '#lib/constructs/mailed-alarm.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

type CronOptions = Pick<CronOptionsWithTimezone, 'day' | 'weekDay'>;

export interface RunScheduleProps {
  prefix: string;
  schedule: Pipeline['schedule'];
  /** Made in every environment, fires only where this is true. */
  enabled: boolean;
  machine: IStateMachine;
  /** What the ETL starts when its tables are published. */
  then: 'ml' | 'none';
  /** Asked, at the time a run is due, whether the day is green. */
  watchdog: IFunction;
  alerts: ITopic;
}

/**
 * Starts the ETL of a pipeline and, later in the day, the watchdog that asks whether it went well.
 *
 * A pipeline that trains on a schedule of its own has both twice. Its ordinary runs may still train (`auto`): the first
 * run ever, when there is no model, and when every training has failed for longer than a model may be old. The training
 * starts hours before the ordinary run, because a pipeline runs once at a time.
 *
 * The run date is the day the schedule names (`<aws.scheduler.scheduled-time>`), never the clock. An event that could
 * not be delivered within the hour is kept in a dead-letter queue. The watchdog tells people that the run is missing; an
 * alarm does when it was the watchdog's own event.
 */
export class RunSchedule extends Construct {
  constructor(scope: Construct, id: string, props: RunScheduleProps) {
    super(scope, id);
    const { prefix, schedule, enabled } = props;
    const deadLetterQueue = new Queue(this, 'DeadLetters', {
      queueName: `${prefix}-undelivered`,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const shared = {
      deadLetterQueue,
      maxEventAge: Duration.hours(1),
      retryAttempts: 10,
    };
    new MailedAlarm(this, 'UndeliveredAlarm', {
      name: prefix,
      about: 'undelivered',
      says: `EventBridge Scheduler could not start a run of ${prefix}, or its watchdog.`,
      metric: deadLetterQueue.metricApproximateNumberOfMessagesVisible({ period: Duration.minutes(5) }),
      atLeast: 1,
      periods: 1,
      alerts: props.alerts,
    });
    const input = (more: object) =>
      ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime, ...more });
    const run = (id: string, name: string, description: string, when: ScheduleExpression, start: StartInput) =>
      new Schedule(this, id, {
        scheduleName: `${prefix}-${name}`,
        description,
        schedule: when,
        enabled,
        target: new StepFunctionsStartExecution(props.machine, { ...shared, input: input(start) }),
      });
    const watchdog = (id: string, name: string, description: string, when: ScheduleExpression, more: object = {}) =>
      new Schedule(this, id, {
        scheduleName: `${prefix}-${name}`,
        description,
        schedule: when,
        enabled,
        target: new LambdaInvoke(props.watchdog, { ...shared, input: input(more) }),
      });

    const { days, dueBy, training } = schedule;
    const due = (from: string) => (dueBy > from ? 'same' : 'next');
    run('Run', 'run', `Starts ${prefix}`, at(schedule.at, ON[days].same), { then: props.then });
    watchdog('Watchdog', 'watchdog', `Asks whether ${prefix} is green`, at(dueBy, ON[days][due(schedule.at)]));
    if (!training) return;
    run('Training', 'training', `Trains a model of ${prefix}`, at(training, ON.firstOfMonth.same), {
      then: props.then,
      train: 'always',
      predict: false,
    });
    const asks = `Asks whether the training of ${prefix} is green`;
    watchdog('TrainingWatchdog', 'training-watchdog', asks, at(dueBy, ON.firstOfMonth[due(training)]), {
      training: true,
    });
  }
}

/** Days as cron says them: those of a run, and the ones after them, for what is due the next morning. */
const ON: Record<'daily' | 'monday' | 'firstOfMonth', Record<'same' | 'next', CronOptions>> = {
  daily: { same: {}, next: {} },
  monday: { same: { weekDay: 'MON' }, next: { weekDay: 'TUE' } },
  firstOfMonth: { same: { day: '1' }, next: { day: '2' } },
};

function at(time: string, days: CronOptions) {
  const [hour, minute] = time.split(':').map(Number);
  return ScheduleExpression.cron({
    minute: String(minute),
    hour: String(hour),
    timeZone: TimeZone.ETC_UTC,
    ...days,
  });
}
