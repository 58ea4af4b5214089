import { DescribeClusterCommand } from '@aws-sdk/client-emr';
import { GetJobRunCommand } from '@aws-sdk/client-glue';
import { DescribeAutoMLJobV2Command, DescribeTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { DescribeExecutionCommand, StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { expect } from 'vitest';
import { type Mail, mailsIn, readMail } from '#cli/run/mail.ts';
import type { Machine, StartInput } from '#lambdas/shared/payload.ts';
import type { JobRecord } from '#lambdas/shared/run-table.ts';
import type { FaultyEnvironment } from './environment.ts';

/** Far above what anything here takes: what is slower has stopped. */
export const PATIENCE = { timeout: 240_000, interval: 100 };

/** One execution of a deployed state machine, as the services and the outbox show it. */
export class Execution {
  readonly name: string;
  readonly arn: string;
  readonly machine: Machine;
  private readonly env: FaultyEnvironment;

  private constructor(env: FaultyEnvironment, machine: Machine, arn: string) {
    this.env = env;
    this.machine = machine;
    this.arn = arn;
    this.name = arn.split(':').at(-1) ?? '';
  }

  static async start(env: FaultyEnvironment, machine: Machine, input: StartInput = {}): Promise<Execution> {
    const { region } = env.target.environment;
    const name = machine === 'etl' ? env.names.etlMachine : env.names.mlMachine;
    const { executionArn = '' } = await env.sfn.send(
      new StartExecutionCommand({
        stateMachineArn: `arn:aws:states:${region}:${env.target.account}:stateMachine:${name}`,
        input: JSON.stringify({ runDate: env.runDate, ...(machine === 'etl' && { then: 'none' }), ...input }),
      }),
    );
    return new Execution(env, machine, executionArn);
  }

  /** One that another machine has started. */
  static known = (env: FaultyEnvironment, machine: Machine, arn: string) => new Execution(env, machine, arn);

  describe = () => this.env.sfn.send(new DescribeExecutionCommand({ executionArn: this.arn }));
  stop = () => this.env.sfn.send(new StopExecutionCommand({ executionArn: this.arn }));

  /** Waits for the end and gives how it was. */
  async ended() {
    await expect.poll(async () => (await this.describe()).status, PATIENCE).not.toBe('RUNNING');
    return this.describe();
  }

  /** Waits for a green end and gives the result. */
  async green<Result>(): Promise<Result> {
    const { status, output, error, cause } = await this.ended();
    expect(status, `${error}: ${cause}`).toBe('SUCCEEDED');
    return JSON.parse(output ?? '{}') as Result;
  }

  async jobs(): Promise<JobRecord[]> {
    const { Items } = await this.env.dynamodb.send(
      new QueryCommand({
        TableName: this.env.target.lake.runTable,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :job)',
        ExpressionAttributeValues: { ':pk': `run#${this.arn}`, ':job': 'job#' },
        ConsistentRead: true,
      }),
    );
    return (Items ?? []) as unknown as JobRecord[];
  }

  /** Waits until the service works on a job of this execution; gives its id. */
  async working(kind: JobRecord['kind'], states: string[]): Promise<string> {
    let id = '';
    await expect
      .poll(async () => {
        const job = (await this.jobs()).find((one) => one.kind === kind && one.id);
        id = job?.id ?? '';
        return job && this.stateOf(job);
      }, PATIENCE)
      .toSatisfy((state: string | undefined) => state !== undefined && states.includes(state));
    return id;
  }

  /** Jobs that a service still works on, or that the run table does not know the end of. */
  async leftOver(): Promise<string[]> {
    const jobs = await this.jobs();
    const states = await Promise.all(jobs.map(async (job) => `${job.key} ${await this.stateOf(job)}`));
    return [
      ...states.filter((state) => !/(COMPLETE|TERMINATED|SUCCEEDED|FAILED|STOPPED|CANCELLED|TIMEOUT)/i.test(state)),
      ...jobs.filter(({ ended }) => !ended).map(({ key }) => `${key} has no end in the run table`),
    ];
  }

  private async stateOf({ kind, id, key }: JobRecord): Promise<string | undefined> {
    if (!id) return 'FAILED to start';
    const { emr, sagemaker, glue, names } = this.env;
    switch (kind) {
      case 'emr':
        return (await emr.send(new DescribeClusterCommand({ ClusterId: id }))).Cluster?.Status?.State;
      case 'automl':
        return (await sagemaker.send(new DescribeAutoMLJobV2Command({ AutoMLJobName: id }))).AutoMLJobStatus;
      case 'transform':
        return (await sagemaker.send(new DescribeTransformJobCommand({ TransformJobName: id }))).TransformJobStatus;
      case 'glue': {
        const JobName = key === 'push' ? names.pushJob : names.datasetsJob;
        return (await glue.send(new GetJobRunCommand({ JobName, RunId: id }))).JobRun?.JobRunState;
      }
      case 'athena':
        return 'SUCCEEDED'; // over before anybody could look
    }
  }

  /** The mails that name this execution. */
  mails(): Mail[] {
    const outbox = this.env.target.outbox ?? '';
    return mailsIn(outbox)
      .map((name) => readMail(outbox, name))
      .filter(({ text }) => text.includes(`Execution:   ${this.name}\n`));
  }
}

/** Who holds the pipeline. */
export async function holder(env: FaultyEnvironment): Promise<string | undefined> {
  const { Item } = await env.dynamodb.send(
    new GetCommand({
      TableName: env.target.lake.runTable,
      Key: { pk: 'pipeline#buyer-stage', sk: 'lock' },
      ConsistentRead: true,
    }),
  );
  return Item?.executionArn as string | undefined;
}

export interface Expected {
  status?: 'FAILED' | 'ABORTED';
  step: string;
  error: string;
  cause: RegExp;
  /** Who holds the pipeline afterwards; nobody, if left out. */
  holder?: string;
}

/** A red end as designed: told once and whole, nothing left running, the pipeline given back. */
export async function expectRed(env: FaultyEnvironment, execution: Execution, expected: Expected): Promise<void> {
  const { status, error, cause } = await execution.ended();
  const { status: wanted = 'FAILED', step } = expected;
  expect({ status, ...(wanted === 'FAILED' && { error }) }, cause).toEqual({
    status: wanted,
    ...(wanted === 'FAILED' && { error: expected.error }),
  });
  await expect.poll(() => execution.mails().length, PATIENCE).toBe(1);
  const [{ subject, text } = { subject: '', text: '' }] = execution.mails();
  expect(text).toMatch(/^Environment: local$/m);
  expect(text).toMatch(/^Pipeline: {4}buyer-stage$/m);
  expect(text).toContain(`Run date:    ${env.runDate}\n`);
  expect(text).toContain(`Step:        ${step}\n`);
  expect(text).toContain(`Error:       ${expected.error}\n`);
  expect(text).toMatch(expected.cause);
  const only = execution.machine === 'ml' ? ' --only ml' : '';
  expect(text).toContain(`npx presage run buyer-stage --env local --date ${env.runDate}${only}`);
  expect(subject).toContain(`[local] buyer-stage ${env.runDate} failed at`);
  await expect.poll(() => execution.leftOver(), PATIENCE).toEqual([]);
  await expect.poll(() => holder(env), PATIENCE).toBe(expected.holder);
}
