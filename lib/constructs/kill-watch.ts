import { Duration } from 'aws-cdk-lib';
import { Rule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';

/**
 * Hears of executions that ended badly, killed ones above all: those have no failure path of their own.
 *
 * These events are best effort, so nothing the day depends on hangs on them; the function mails only what the
 * execution itself has not told, and stops the jobs it left running.
 */
export class KillWatch extends Construct {
  constructor(scope: Construct, id: string, props: { machine: IStateMachine; onExecutionEnd: IFunction }) {
    super(scope, id);
    new Rule(this, 'Rule', {
      description: `Executions of ${props.machine.node.path} that failed, timed out or were aborted`,
      eventPattern: {
        source: ['aws.states'],
        detailType: ['Step Functions Execution Status Change'],
        detail: { status: ['FAILED', 'TIMED_OUT', 'ABORTED'], stateMachineArn: [props.machine.stateMachineArn] },
      },
      targets: [new LambdaFunction(props.onExecutionEnd, { retryAttempts: 3, maxEventAge: Duration.hours(1) })],
    });
  }
}
