import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';

/** For those who run it: one section for each alarm, whose heading is the last part of the alarm's name. */
export const RUNBOOK = 'docs/operator-runbook.md';

export interface MailedAlarmProps {
  /** Begins with `presage-<environment>`: `presage status` finds alarms by it. */
  name: string;
  /** Last part of the name, and section of the runbook. */
  about: string;
  /** What is wrong, in words that a mail can begin with. */
  says: string;
  metric: IMetric;
  atLeast: number;
  /** Of the metric's length, one after the other. */
  periods: number;
  alerts: ITopic;
}

/** An alarm that mails the data team when it begins and when it is over. Nothing measured is nothing wrong. */
export class MailedAlarm extends Construct {
  constructor(scope: Construct, id: string, { name, about, says, metric, alerts, ...props }: MailedAlarmProps) {
    super(scope, id);
    const alarm = new Alarm(this, 'Alarm', {
      alarmName: `${name}-${about}`,
      alarmDescription: `${says} What to do: ${RUNBOOK}#${about}`,
      metric,
      threshold: props.atLeast,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: props.periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    const mail = new SnsAction(alerts);
    alarm.addAlarmAction(mail);
    alarm.addOkAction(mail);
  }
}
