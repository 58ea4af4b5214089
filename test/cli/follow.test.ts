import {
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { executionName, runMachine } from '#cli/run/follow.ts';
import type { StepRecord } from '#cli/run/history.ts';
import type { Target } from '#cli/target.ts';
import { environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';

/** `presage run --env dev`: the same command follows machines that are deployed in AWS. */
const sfn = mockClient(SFNClient);
const account = '123456789012';
const target: Target = {
  environment: { ...environments.dev, account },
  account,
  lake: lakeNames(environments.dev, account),
  client: { region: 'eu-west-1' },
  pollMs: 1,
};
const arn = `arn:aws:states:eu-west-1:${account}:execution:presage-dev-buyer-stage-etl:x`;
const context = { signal: new AbortController().signal, abort: () => {}, defer: () => {} };

let id = 0;
const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds));
const event = (type: string, seconds: number, details: Partial<HistoryEvent> = {}): HistoryEvent => ({
  id: ++id,
  type: type as HistoryEvent['type'],
  timestamp: at(seconds),
  ...details,
});
const entered = (name: string, seconds: number, input: object = {}, kind = 'Task') =>
  event(`${kind}StateEntered`, seconds, { stateEnteredEventDetails: { name, input: JSON.stringify(input) } });
const exited = (name: string, seconds: number, output: object = {}, kind = 'Task') =>
  event(`${kind}StateExited`, seconds, { stateExitedEventDetails: { name, output: JSON.stringify(output) } });
const run = { run: { runDate: '2026-01-01' } };

/** What the history has grown by at each look; the last look's status stays. Pages hold two events, newest first. */
function answers(growth: { events: HistoryEvent[] }[], statuses: object[]) {
  let history: HistoryEvent[] = [];
  sfn.on(StartExecutionCommand).resolves({ executionArn: arn, startDate: at(0) });
  sfn.on(DescribeExecutionCommand).callsFake(async () => {
    history = [...history, ...(growth.shift()?.events ?? [])];
    return { startDate: at(0), ...(statuses.length > 1 ? statuses.shift() : statuses[0]) };
  });
  sfn.on(GetExecutionHistoryCommand).callsFake(async ({ nextToken = '0', reverseOrder }) => {
    const start = Number(nextToken);
    const events = (reverseOrder ? history.toReversed() : history).slice(start, start + 2);
    return { events, nextToken: start + 2 < history.length ? String(start + 2) : undefined };
  });
}

const follow = (seen: StepRecord[][] = []) =>
  runMachine(
    context,
    target,
    {
      pipeline: 'buyer-stage',
      machine: 'etl',
      input: { runDate: '2026-01-01', then: 'none' },
      onSteps: (steps) => seen.push(steps.map((step) => ({ ...step }))),
    },
    () => {},
  );

beforeEach(() => {
  sfn.reset();
  id = 0;
});

describe('following a deployed machine', () => {
  it('starts the machine of the environment’s account with the run date in the name', async () => {
    answers([{ events: [] }], [{ status: 'SUCCEEDED', stopDate: at(1), output: '{}' }]);
    await follow();
    expect(sfn.commandCalls(StartExecutionCommand)[0]?.args[0].input).toMatchObject({
      stateMachineArn: `arn:aws:states:eu-west-1:${account}:stateMachine:presage-dev-buyer-stage-etl`,
      name: expect.stringMatching(/^2026-01-01-\d{8}T\d{6}Z-\w{4}$/),
      input: '{"runDate":"2026-01-01","then":"none"}',
    });
  });

  it('shows a start-wait-check loop as one step with the progress of its job and its attempts', async () => {
    const job = { ...run, job: { progress: '3 of 4 executors' } };
    answers(
      [
        {
          events: [
            entered('resolve-run', 0),
            exited('resolve-run', 1, run),
            entered('start-features', 1, run),
            exited('start-features', 2, run),
            entered('wait-features', 2, run, 'Wait'),
          ],
        },
        {
          events: [
            entered('check-features', 4, run),
            exited('check-features', 5, job),
            entered('start-features', 5, job),
          ],
        },
        { events: [entered('features-ended', 9, run, 'Pass'), event('ExecutionSucceeded', 9)] },
      ],
      [{ status: 'RUNNING' }, { status: 'RUNNING' }, { status: 'SUCCEEDED', stopDate: at(9), output: '{"a":1}' }],
    );
    const seen: StepRecord[][] = [];
    const execution = await follow(seen);
    expect(seen[1]?.[1]).toMatchObject({
      name: 'features',
      status: 'RUNNING',
      progress: '3 of 4 executors',
      attempts: 2,
    });
    expect(execution.steps).toMatchObject([
      { name: 'resolve-run', status: 'SUCCEEDED', attempts: 1 },
      { name: 'features', status: 'SUCCEEDED', attempts: 2, startedAt: at(1).getTime(), endedAt: at(9).getTime() },
    ]);
    expect(execution).toMatchObject({ status: 'SUCCEEDED', seconds: 9, output: { a: 1 } });
  });

  it('reads every page of what is new and nothing twice', async () => {
    const grown = ['a', 'b', 'c', 'd', 'e'].map((name, i) => ({
      events: [
        entered(name, i, run),
        exited(name, i + 1, run),
        entered(`${name}2`, i, run),
        exited(`${name}2`, i, run),
      ],
    }));
    const running = grown.slice(1).map(() => ({ status: 'RUNNING' }));
    answers(grown, [...running, { status: 'SUCCEEDED', stopDate: at(9), output: '{}' }]);
    const names = (await follow()).steps.map(({ name }) => name);
    expect(names).toEqual(['a', 'a2', 'b', 'b2', 'c', 'c2', 'd', 'd2', 'e', 'e2']);
    // Two pages of news each time, and one more look that finds the known events.
    expect(sfn.commandCalls(GetExecutionHistoryCommand).length).toBeLessThanOrEqual(15);
  });

  it('counts a retried task as attempts of the same step', async () => {
    const failed = event('LambdaFunctionFailed', 1, { lambdaFunctionFailedEventDetails: { error: 'TooManyRequests' } });
    const events = [entered('publish', 0, run), event('LambdaFunctionScheduled', 0)];
    events.push({ ...failed, id: ++id }, event('LambdaFunctionScheduled', 2), exited('publish', 3, run));
    answers([{ events }], [{ status: 'SUCCEEDED', stopDate: at(3), output: '{}' }]);
    expect((await follow()).steps).toMatchObject([{ name: 'publish', attempts: 2, status: 'SUCCEEDED' }]);
  });

  it('tells which step failed and why, as the machine caught it, and what the run knew', async () => {
    const cause = JSON.stringify({ errorType: 'SourceProblem', errorMessage: 'survey is empty', trace: ['…'] });
    const caught = { ...run, sources: {}, failure: { Error: 'SourceProblem', Cause: cause } };
    answers(
      [
        {
          events: [
            entered('check-sources', 0, run),
            exited('check-sources', 1, caught),
            entered('check-sources failed', 1, caught, 'Pass'),
            entered('stop-jobs', 1, caught),
            exited('stop-jobs', 2, caught),
            event('ExecutionFailed', 2, { executionFailedEventDetails: { error: 'SourceProblem', cause } }),
          ],
        },
      ],
      [{ status: 'FAILED', stopDate: at(2) }],
    );
    const execution = await follow();
    expect(execution.failure).toEqual({ step: 'check-sources', error: 'SourceProblem', cause: 'survey is empty' });
    expect(execution.steps.map(({ name, status }) => [name, status])).toEqual([
      ['check-sources', 'FAILED'],
      ['stop-jobs', 'SUCCEEDED'],
    ]);
    expect(execution.payload).toMatchObject(run);
  });

  it('tells of an execution that was stopped from outside', async () => {
    answers(
      [{ events: [entered('start-automl', 0, run), event('ExecutionAborted', 3)] }],
      [{ status: 'ABORTED', stopDate: at(3) }],
    );
    const { failure, steps } = await follow();
    expect(failure).toEqual({ step: 'automl', error: 'Aborted', cause: 'The execution was stopped from outside.' });
    expect(steps).toMatchObject([{ name: 'automl', status: 'ABORTED' }]);
  });

  it('says that a pipeline is not deployed', async () => {
    const missing = Object.assign(new Error('no such machine'), { name: 'StateMachineDoesNotExist' });
    sfn.on(StartExecutionCommand).rejects(missing);
    await expect(follow()).rejects.toThrow(
      "presage-dev-buyer-stage-etl is not deployed: run `npx cdk deploy 'dev/*'` first.",
    );
  });
});

it('names executions so that they sort by time and differ', () => {
  const now = new Date('2026-11-21T11:04:30.123Z');
  expect(executionName('2026-11-20', now)).toMatch(/^2026-11-20-20261121T110430Z-\w{4}$/);
  expect(executionName('2026-11-20', now)).not.toBe(executionName('2026-11-20', now));
});
