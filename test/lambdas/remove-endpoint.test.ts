import {
  DeleteEndpointCommand,
  DeleteEndpointConfigCommand,
  DescribeEndpointCommand,
  ListEndpointConfigsCommand,
} from '@aws-sdk/client-sagemaker';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { handler } from '#lambdas/remove-endpoint/handler.ts';
import { withSettings } from '#test/lambdas/support/definition.ts';
import { fakeSageMaker } from '#test/lambdas/support/sagemaker.ts';
import '#test/lambdas/support/world.ts';

const sagemaker = fakeSageMaker();
const EndpointName = 'presage-test-homes';
const told = vi.fn(async (_url: string, _request: { body: Buffer }) => ({ status: 200 }));
const answer = () => JSON.parse(String(told.mock.calls[0]?.[1].body));

beforeEach(() => {
  withSettings({ endpoint: { name: EndpointName, memoryMb: 2048, maxConcurrency: 5 } });
  told.mockClear();
  vi.stubGlobal('fetch', told);
  sagemaker.on(DescribeEndpointCommand).resolves({ EndpointStatus: 'InService' });
  sagemaker.on(ListEndpointConfigsCommand).resolves({
    EndpointConfigs: [{ EndpointConfigName: 'pr12345678-2020-02-07-a-1' }],
  } as object);
});
afterEach(() => vi.unstubAllGlobals());

const event = (RequestType: 'Create' | 'Update' | 'Delete') =>
  handler({
    RequestType,
    ResponseURL: 'https://answer.example.com/',
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'EndpointEnd',
  } as CloudFormationCustomResourceEvent);
const deleted = () => sagemaker.commandCalls(DeleteEndpointCommand).map((call) => call.args[0].input.EndpointName);

it('a stack that is made or changed leaves the endpoint alone', async () => {
  for (const type of ['Create', 'Update'] as const) await event(type);
  expect(sagemaker.calls()).toHaveLength(0);
  expect(told).toHaveBeenCalledTimes(2);
});

it('a stack that is deleted takes the endpoint and its configurations with it', async () => {
  await event('Delete');
  expect(deleted()).toEqual([EndpointName]);
  expect(sagemaker.commandCalls(DeleteEndpointConfigCommand)).toHaveLength(1);
  expect(answer()).toMatchObject({
    Status: 'SUCCESS',
    PhysicalResourceId: EndpointName,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'EndpointEnd',
  });
});

it('waits for a change that is under way, because SageMaker deletes none before its end', async () => {
  sagemaker
    .on(DescribeEndpointCommand)
    .resolvesOnce({ EndpointStatus: 'Updating' })
    .resolves({ EndpointStatus: 'InService' });
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  const done = event('Delete');
  await vi.advanceTimersByTimeAsync(10_000);
  await done;
  vi.useRealTimers();
  expect(deleted()).toEqual([EndpointName]);
});

it('is content when no run has made one yet', async () => {
  const error = Object.assign(new Error('Could not find endpoint "x".'), { name: 'ValidationException' });
  sagemaker.on(DescribeEndpointCommand).rejects(error);
  await event('Delete');
  expect([deleted(), answer().Status]).toEqual([[], 'SUCCESS']);
});

it('says which endpoint is left when it could not be deleted', async () => {
  sagemaker.on(DeleteEndpointCommand).rejects(new Error('denied'));
  await event('Delete');
  expect(answer()).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringMatching(/presage-test-homes has to be deleted by hand: denied/),
  });
});
