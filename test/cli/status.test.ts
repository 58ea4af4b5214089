import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { DescribeEndpointCommand, DescribeEndpointConfigCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { allParts, lines } from '#cli/commands/status.ts';
import { presage } from '#cli/main.ts';
import { ago, type Part } from '#cli/status/part.ts';
import type { Target } from '#cli/target.ts';
import { type Environment, environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';

/** An environment in AWS, against mocked clients: everything is well, and then one thing is not. */
const cloudformation = mockClient(CloudFormationClient);
const cloudwatch = mockClient(CloudWatchClient);
const dynamodb = mockClient(DynamoDBClient);
const sagemaker = mockClient(SageMakerClient);
const sfn = mockClient(SFNClient);
const sts = mockClient(STSClient);
const mocks = [cloudformation, cloudwatch, dynamodb, sagemaker, sfn, sts];

const account = '123456789012';
const { dev } = environments;
const pipelines: Environment['pipelines'] = {
  reorder: { ...dev.pipelines.reorder, endpoint: { memoryMb: 2048, maxConcurrency: 5 } },
  vouchers: dev.pipelines.vouchers,
};
const environment: Environment = { ...dev, account, pipelines };
const target: Target = {
  environment,
  account,
  lake: lakeNames(environment, account),
  client: { region: 'eu-west-1' },
  pollMs: 1,
};
const local: Target = { ...target, client: { ...target.client, endpoint: 'http://127.0.0.1:1' } };
const now = Date.parse('2026-11-21T12:00:00Z');
const hoursAgo = (hours: number) => new Date(now - hours * 3_600_000);

const stack = (name: string, StackStatus = 'UPDATE_COMPLETE') => ({
  StackName: name,
  StackId: `arn:aws:cloudformation:eu-west-1:${account}:stack/${name}/1`,
  StackStatus: StackStatus as 'UPDATE_COMPLETE',
  CreationTime: hoursAgo(50),
  Outputs: [
    { OutputKey: 'ApiUrl', OutputValue: 'https://abc.execute-api.eu-west-1.amazonaws.com/' },
    { OutputKey: 'PageUrl', OutputValue: 'https://abc.cloudfront.net' },
  ],
});
const denied = (action: string) =>
  Object.assign(new Error(`User: arn:aws:iam::1:user/x is not authorized to perform: ${action} on resource: y`), {
    name: 'AccessDeniedException',
  });

beforeEach(() => {
  for (const mock of mocks) mock.reset();
  cloudformation.on(DescribeStacksCommand).callsFake(async ({ StackName }) => ({ Stacks: [stack(StackName)] }));
  sfn.on(ListExecutionsCommand).callsFake(async ({ stateMachineArn }) => ({
    executions: [{ executionArn: `${stateMachineArn.replace('stateMachine', 'execution')}:one`, status: 'SUCCEEDED' }],
  }));
  sfn.on(DescribeExecutionCommand).resolves({
    status: 'SUCCEEDED',
    startDate: hoursAgo(3),
    stopDate: hoursAgo(2),
    input: '{"scheduledTime":"2026-11-21T03:00:00Z"}',
  });
  cloudwatch.on(DescribeAlarmsCommand).resolves({});
  dynamodb.on(QueryCommand).callsFake(async ({ ExpressionAttributeValues: values }) => ({
    Items: [{ sk: { S: `${values[':prefix'].S}2026-11-20` } }],
  }));
  sagemaker
    .on(DescribeEndpointCommand)
    .resolves({ EndpointStatus: 'InService', EndpointConfigName: 'config', LastModifiedTime: hoursAgo(26) });
  sagemaker.on(DescribeEndpointConfigCommand).resolves({
    ProductionVariants: [{ VariantName: 'model-1', ModelName: 'model-1' }],
  });
  vi.stubGlobal('fetch', async () => new Response('{"status":"ok"}'));
});
afterAll(() => {
  for (const mock of mocks) mock.restore();
});

const notWell = (parts: Part[]) =>
  parts.filter(({ state }) => state !== 'ok').map(({ name, state, says }) => [name, state, says]);
const named = (parts: Part[], group: string, name: string) =>
  parts.find((part) => part.group === group && part.name === name);

describe('an environment in AWS', () => {
  it('in which all is well says so of every part, with links to the console', async () => {
    const parts = await allParts(target, now);
    expect(notWell(parts)).toEqual([]);
    expect(parts.filter(({ group }) => group === 'stacks').map(({ name }) => name)).toEqual([
      'presage-dev-lake',
      'presage-dev-reorder-etl',
      'presage-dev-reorder-ml',
      'presage-dev-vouchers-etl',
      'presage-dev-serving',
    ]);
    expect(named(parts, 'runs', 'reorder ml')).toMatchObject({
      says: 'SUCCEEDED for 2026-11-21, 2 hours ago',
      link: expect.stringMatching(/console\.aws\.amazon\.com\/states\/.*execution:presage-dev-reorder-ml:one$/),
    });
    expect(named(parts, 'predictions', 'vouchers')?.says).toBe('of 2026-11-20, 1 day old');
    expect(named(parts, 'endpoints', 'presage-dev-reorder')?.says).toBe('InService with model-1, 1 day ago');
    expect(named(parts, 'api', 'presage-dev-api')?.says).toBe('https://abc.execute-api.eu-west-1.amazonaws.com: ok');
  });

  it('names a stack that failed and one that is not there', async () => {
    cloudformation.on(DescribeStacksCommand).callsFake(async ({ StackName }) => {
      if (StackName === 'presage-dev-vouchers-etl') throw new Error(`Stack with id ${StackName} does not exist`);
      return { Stacks: [stack(StackName, StackName.endsWith('lake') ? 'UPDATE_ROLLBACK_FAILED' : 'UPDATE_COMPLETE')] };
    });
    expect(notWell(await allParts(target, now))).toEqual([
      ['presage-dev-lake', 'wrong', 'UPDATE_ROLLBACK_FAILED, 2 days ago'],
      ['presage-dev-vouchers-etl', 'wrong', "not deployed: `npx cdk deploy 'dev/*'`"],
    ]);
  });

  it('names a run that failed, with the reason', async () => {
    sfn.on(DescribeExecutionCommand).callsFake(async ({ executionArn }) => ({
      status: executionArn.includes('vouchers') ? 'FAILED' : 'SUCCEEDED',
      startDate: hoursAgo(1),
      input: '{"runDate":"2026-11-20"}',
      ...(executionArn.includes('vouchers')
        ? { error: 'SourcesNotSound', cause: '{"errorMessage":"voucher_events is empty"}' }
        : {}),
    }));
    expect(notWell(await allParts(target, now))).toEqual([
      ['vouchers etl', 'wrong', 'FAILED for 2026-11-20, 1 hour ago: SourcesNotSound: voucher_events is empty'],
    ]);
  });

  it('names each alarm in ALARM, since when and why', async () => {
    cloudwatch.on(DescribeAlarmsCommand).resolves({
      MetricAlarms: [{ AlarmName: 'presage-dev-late', StateReason: 'too late', StateUpdatedTimestamp: hoursAgo(5) }],
    });
    const parts = await allParts(target, now);
    expect(notWell(parts)).toEqual([['presage-dev-late', 'wrong', 'ALARM, 5 hours ago: too late']]);
    expect(named(parts, 'alarms', 'presage-dev-late')?.link).toContain('alarmsV2:alarm/presage-dev-late');
  });

  it('flags predictions that are older than their limit', async () => {
    dynamodb.on(QueryCommand).callsFake(async ({ ExpressionAttributeValues: values }) => ({
      Items: [
        { sk: { S: `${values[':prefix'].S}${values[':pk'].S.includes('vouchers') ? '2026-11-10' : '2026-11-21'}` } },
      ],
    }));
    const stale = ['vouchers', 'wrong', 'of 2026-11-10, 11 days old: stale above 2'];
    expect(notWell(await allParts(target, now))).toEqual([stale]);
    expect(named(await allParts(local, now), 'predictions', 'vouchers')?.state).toBe('note');
  });

  it('names an endpoint that failed, and takes one that is being updated or not made yet as it is', async () => {
    const states = async () => named(await allParts(target, now), 'endpoints', 'presage-dev-reorder')?.state;
    sagemaker.on(DescribeEndpointCommand).resolves({ EndpointStatus: 'Failed', FailureReason: 'no memory' });
    expect(await states()).toBe('wrong');
    sagemaker.on(DescribeEndpointCommand).resolves({ EndpointStatus: 'Updating' });
    expect(await states()).toBe('note');
    sagemaker.on(DescribeEndpointCommand).rejects(new Error('Could not find endpoint "presage-dev-reorder".'));
    expect(await states()).toBe('note');
  });

  it('says when the API does not answer', async () => {
    vi.stubGlobal('fetch', async () => new Response('{}', { status: 503 }));
    expect(notWell(await allParts(target, now))[0]?.[2]).toContain(': answers with 503');
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ENOTFOUND') })));
    expect(notWell(await allParts(target, now))[0]?.[2]).toContain(': does not answer (ENOTFOUND)');
  });

  it('in which nothing is deployed is told without an error', async () => {
    cloudformation.on(DescribeStacksCommand).rejects(new Error('Stack with id x does not exist'));
    const gone = (name: string) => Object.assign(new Error('gone'), { name });
    sfn.on(ListExecutionsCommand).rejects(gone('StateMachineDoesNotExist'));
    dynamodb.on(QueryCommand).rejects(gone('ResourceNotFoundException'));
    sagemaker.on(DescribeEndpointCommand).rejects(new Error('Could not find endpoint'));
    const parts = await allParts(target, now);
    expect(parts.filter(({ state }) => state === 'wrong').every(({ group }) => group === 'stacks')).toBe(true);
    expect(parts.filter(({ state }) => state === 'unknown')).toEqual([]);
    expect(named(parts, 'runs', 'reorder etl')?.says).toBe('has never run');
  });
});

describe('where a call is denied', () => {
  it('that part is unknown, with the name of the call, and the others are told', async () => {
    sfn.on(ListExecutionsCommand).rejects(denied('states:ListExecutions'));
    sagemaker.on(DescribeEndpointConfigCommand).rejects(denied('sagemaker:DescribeEndpointConfig'));
    cloudwatch.on(DescribeAlarmsCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDenied' }));
    expect(notWell(await allParts(target, now))).toEqual([
      ['reorder etl', 'unknown', 'states:ListExecutions is denied to these credentials'],
      ['reorder ml', 'unknown', 'states:ListExecutions is denied to these credentials'],
      ['vouchers etl', 'unknown', 'states:ListExecutions is denied to these credentials'],
      ['presage-dev-*', 'unknown', 'cloudwatch:DescribeAlarms is denied to these credentials'],
      ['presage-dev-reorder', 'unknown', 'sagemaker:DescribeEndpointConfig is denied to these credentials'],
    ]);
  });

  it('a fault that is no denial is told as it is', async () => {
    dynamodb.on(QueryCommand).rejects(Object.assign(new Error('slow down'), { name: 'ThrottlingException' }));
    expect(notWell(await allParts(target, now))[0]).toEqual([
      'reorder',
      'unknown',
      'dynamodb:Query failed: ThrottlingException: slow down',
    ]);
  });
});

it('the words are a line for each part, with its link below, under the title of its group', () => {
  const part = { group: 'runs', name: 'reorder etl', state: 'wrong', says: 'FAILED', link: 'https://x' } as const;
  expect(lines([part])).toEqual(['', 'Last runs', '  WRONG    reorder etl  FAILED', '           https://x', '']);
});

it('ages are told in the unit that fits', () => {
  const then = (seconds: number) => ago(new Date(now - seconds * 1000), now);
  expect([then(0), then(59), then(60), then(7_200), then(86_400), then(-5)]).toEqual([
    '0 seconds ago',
    '59 seconds ago',
    '1 minute ago',
    '2 hours ago',
    '1 day ago',
    '0 seconds ago',
  ]);
});

describe('presage status', () => {
  it('is for programs with --json, and its exit code says whether all is well', async () => {
    const said = vi.spyOn(console, 'log').mockReturnValue();
    Object.assign(environments.dev, { account });
    sts.on(GetCallerIdentityCommand).resolves({ Account: account });
    sagemaker.on(DescribeEndpointCommand).resolves({ EndpointStatus: 'InService', EndpointConfigName: 'config' });
    try {
      const ask = async () => ({
        code: await presage(['status', '--env', 'dev', '--json']),
        told: JSON.parse(said.mock.lastCall?.[0]),
      });
      sfn.on(DescribeExecutionCommand).resolves({ status: 'FAILED', startDate: new Date(), input: '{}' });
      expect(await ask()).toMatchObject({ code: 1, told: { environment: 'dev', account, ok: false } });
      sfn.on(DescribeExecutionCommand).resolves({ status: 'SUCCEEDED', startDate: new Date(), input: '{}' });
      const today = new Date().toISOString().slice(0, 10);
      dynamodb.on(QueryCommand).callsFake(async ({ ExpressionAttributeValues: values }) => ({
        Items: [{ sk: { S: `${values[':prefix'].S}${today}` } }],
      }));
      const { code, told } = await ask();
      expect([code, told.ok]).toEqual([0, true]);
      expect(told.parts.every(({ state }: Part) => state === 'ok')).toBe(true);
    } finally {
      said.mockRestore();
      delete (environments.dev as Environment).account;
    }
  });
});
