import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import { LambdaInvoke } from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';
import { RETRYABLE_ERRORS } from '#lambdas/shared/retryable.ts';

export interface MachineProps {
  machineName: string;
  comment: string;
  retentionDays: number;
  /** The whole execution ends as timed out after this. */
  timeout: Duration;
  /** The Lambda function of a step, by the name of its folder. */
  functionOf: (step: string) => { fn: IFunction; timeout: Duration };
}

/** A loop: start a job, wait, look, and again until it has ended. */
export interface JobProps {
  /** Prefix of the four states: `start-<name>`, `wait-<name>`, `check-<name>`, `<name>-done?`. */
  name: string;
  start: string;
  check: string;
  args?: Record<string, unknown>;
  atMost: Duration;
}

type Chainable = sfn.IChainable & sfn.INextable;

/**
 * Builds the state machines out of Lambda steps and job loops, all with the same rules.
 *
 * - Every task has a timeout, is retried for throttling and service faults only, and its failure leads to
 *   stop-jobs → notify → Fail: an execution that told of a failure ends red.
 * - JSONPath only. A step gets the whole payload and gives the next one back.
 * - Lambda steps that wait in loops and not `.sync` integrations: the reason of a failed job and the progress of a
 *   running one reach the mail and the screen, AutoML has no `.sync`, and every kind of job is waited for alike.
 */
export class MachineBuilder {
  private readonly scope: Construct;
  private readonly props: MachineProps;
  private failurePath: sfn.IChainable | undefined;
  /** Set inside a Parallel, whose own Catch takes care of what happens within. */
  private nested = 0;

  constructor(scope: Construct, props: MachineProps) {
    this.scope = scope;
    this.props = props;
  }

  /** One Lambda step. */
  task(step: string, args: Record<string, unknown> = {}, name = step, resultPath?: string): LambdaInvoke {
    const { fn, timeout } = this.props.functionOf(step);
    const task = new LambdaInvoke(this.scope, name, {
      lambdaFunction: fn,
      payload: sfn.TaskInput.fromObject({
        input: sfn.JsonPath.entirePayload,
        args,
        context: {
          executionArn: sfn.JsonPath.stringAt('$$.Execution.Id'),
          execution: sfn.JsonPath.stringAt('$$.Execution.Name'),
          startedAt: sfn.JsonPath.stringAt('$$.Execution.StartTime'),
          state: sfn.JsonPath.stringAt('$$.State.Name'),
        },
      }),
      payloadResponseOnly: true,
      resultPath,
      retryOnServiceExceptions: false,
      // Longer than the function's own timeout, so that the function's clearer error comes first.
      taskTimeout: sfn.Timeout.duration(timeout.plus(Duration.seconds(30))),
    });
    task.addRetry({
      errors: [...RETRYABLE_ERRORS],
      interval: Duration.seconds(2),
      backoffRate: 2,
      maxAttempts: 5,
      maxDelay: Duration.seconds(30),
      jitterStrategy: sfn.JitterType.FULL,
    });
    if (!this.nested) this.catchInto(task, name);
    return task;
  }

  /** Start, wait, check, and again. A check that says RETRY goes back to the start with the next attempt. */
  job({ name, start, check, args = {}, atMost }: JobProps): Chainable {
    const startTask = this.task(start, args, `start-${name}`);
    const wait = new sfn.Wait(this.scope, `wait-${name}`, { time: sfn.WaitTime.secondsPath('$.job.wait') });
    const checkTask = this.task(check, { ...args, atMostSeconds: atMost.toSeconds() }, `check-${name}`);
    const done = new sfn.Choice(this.scope, `${name}-done?`);
    const ended = new sfn.Pass(this.scope, `${name}-ended`);
    // `jobs.<name>` is set by the check step; the loop's own state is not needed any more.
    done
      .when(sfn.Condition.stringEquals('$.job.state', 'RUNNING'), wait)
      .when(sfn.Condition.stringEquals('$.job.state', 'RETRY'), startTask)
      .otherwise(ended);
    startTask.next(wait).next(checkTask).next(done);
    return sfn.Chain.custom(startTask, [ended], ended);
  }

  /** Several jobs at once; `$.branches` then holds the payload of each, in order. One job alone runs in line. */
  parallel(name: string, jobs: JobProps[]): Chainable {
    const [first, ...others] = jobs;
    if (!first) throw new Error(`${name} has no jobs`);
    if (!others.length) return this.job(first);
    const parallel = new sfn.Parallel(this.scope, name, { resultPath: '$.branches' });
    this.nested += 1;
    for (const job of jobs) parallel.branch(this.job(job));
    this.nested -= 1;
    this.catchInto(parallel, name);
    return parallel;
  }

  /** Ends the definition and makes the machine. */
  build(start: sfn.IChainable): sfn.StateMachine {
    return new sfn.StateMachine(this.scope, 'Machine', {
      stateMachineName: this.props.machineName,
      comment: this.props.comment,
      definitionBody: sfn.DefinitionBody.fromChainable(start),
      timeout: this.props.timeout,
      tracingEnabled: true,
      logs: {
        destination: new LogGroup(this.scope, 'Log', {
          // Under this prefix CloudWatch Logs needs no entry per machine in its resource policy, which is limited.
          logGroupName: `/aws/vendedlogs/states/${this.props.machineName}`,
          retention: this.props.retentionDays as RetentionDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
        level: sfn.LogLevel.ALL,
        includeExecutionData: true,
      },
    });
  }

  private catchInto(state: LambdaInvoke | sfn.Parallel, name: string): void {
    const named = new sfn.Pass(this.scope, `${name} failed`, {
      result: sfn.Result.fromString(name),
      resultPath: '$.failure.step',
    });
    named.next(this.onFailure());
    state.addCatch(named, { errors: ['States.ALL'], resultPath: '$.failure' });
  }

  /** stop-jobs → notify → Fail, made once. What these two throw must not hide the failure that led here. */
  private onFailure(): sfn.IChainable {
    if (this.failurePath) return this.failurePath;
    const failed = new sfn.Fail(this.scope, 'Failed', { errorPath: '$.failure.Error', causePath: '$.failure.Cause' });
    const plain = (step: string) => {
      this.nested += 1;
      const task = this.task(step, {}, step, sfn.JsonPath.DISCARD);
      this.nested -= 1;
      return task;
    };
    const notify = plain('notify');
    const stop = plain('stop-jobs');
    stop.addCatch(notify, { errors: ['States.ALL'], resultPath: '$.stopFailure' });
    notify.addCatch(failed, { errors: ['States.ALL'], resultPath: '$.notifyFailure' });
    this.failurePath = stop.next(notify).next(failed);
    return stop;
  }
}
