import { Duration, TimeZone } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { ContextAttribute, Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { LambdaInvoke, StepFunctionsStartExecution } from 'aws-cdk-lib/aws-scheduler-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

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
}

/**
 * Starts the ETL of a pipeline and, later in the day, the watchdog that asks whether it went well.
 *
 * The run date is the day the schedule names (`<aws.scheduler.scheduled-time>`), never the clock. An event that could
 * not be delivered within the hour is kept in a dead-letter queue; the watchdog tells people.
 */
export class RunSchedule extends Construct {
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: RunScheduleProps) {
    super(scope, id);
    const { prefix, schedule, enabled } = props;
    this.deadLetters = new Queue(this, 'DeadLetters', {
      queueName: `${prefix}-undelivered`,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const shared = {
      deadLetterQueue: this.deadLetters,
      maxEventAge: Duration.hours(1),
      retryAttempts: 10,
    };
    new Schedule(this, 'Run', {
      scheduleName: `${prefix}-run`,
      description: `Starts ${prefix}`,
      schedule: at(schedule.at, schedule.days),
      enabled,
      target: new StepFunctionsStartExecution(props.machine, {
        ...shared,
        input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime, then: props.then }),
      }),
    });
    new Schedule(this, 'Watchdog', {
      scheduleName: `${prefix}-watchdog`,
      description: `Asks whether ${prefix} is green`,
      schedule: at(schedule.dueBy, schedule.days),
      enabled,
      target: new LambdaInvoke(props.watchdog, {
        ...shared,
        input: ScheduleTargetInput.fromObject({ scheduledTime: ContextAttribute.scheduledTime }),
      }),
    });
  }
}

function at(time: string, days: Pipeline['schedule']['days']) {
  const [hour, minute] = time.split(':').map(Number);
  return ScheduleExpression.cron({
    minute: String(minute),
    hour: String(hour),
    timeZone: TimeZone.ETC_UTC,
    ...(days === 'monday' ? { weekDay: 'MON' } : {}),
  });
}
