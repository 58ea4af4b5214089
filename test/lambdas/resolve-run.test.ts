import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler } from '#lambdas/resolve-run/handler.ts';
import type { StartInput } from '#lambdas/shared/payload.ts';
import { withDefinition } from '#test/lambdas/support/changed-definition.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { eventOf, executionOf } from '#test/lambdas/support/world.ts';

const LOCK = ['pipeline#homes', 'lock'] as const;

describe('resolve-run', () => {
  const sfn = mockClient(SFNClient);
  let table: ReturnType<typeof fakeRunTable>;
  beforeEach(() => {
    sfn.reset();
    table = fakeRunTable();
  });

  it('takes the run date that a person names', async () => {
    const { run, start } = await handler(eventOf({ runDate: '2020-02-07', then: 'ml' as const }));
    expect(run).toEqual({
      environment: 'test',
      pipeline: 'homes',
      machine: 'etl',
      ...executionOf('etl'),
      runDate: '2020-02-07',
      startedAt: '2020-02-07T10:00:00.000Z',
    });
    expect(start.then).toBe('ml');
  });

  it('takes the day of the schedule, never that of the clock', async () => {
    const { run } = await handler(eventOf({ scheduledTime: '2020-02-07T23:59:59Z' }));
    expect(run.runDate).toBe('2020-02-07');
  });

  it('knows by the execution which machine it works for', async () => {
    const { run } = await handler(eventOf({ runDate: '2020-02-07' }, {}, 'ml'));
    expect(run.machine).toBe('ml');
  });

  it.each<[unknown, RegExp]>([
    [{}, /runDate is missing/],
    [{ runDate: '2020-02-30' }, /runDate "2020-02-30" is no day/],
    [{ scheduledTime: 'soon' }, /scheduledTime "soon" is no time/],
    [
      { runDate: 'x', then: 'push', train: 'maybe', validate: 'yes' },
      /no day.*then is one of.*train is one of.*validate is/,
    ],
  ])('refuses %j with all that is wrong', async (start, message) => {
    await expect(handler(eventOf(start as StartInput))).rejects.toMatchObject({
      name: 'WrongInput',
      message: expect.stringMatching(message),
    });
    expect(table.get(...LOCK)).toBeUndefined();
  });

  it('holds the pipeline, and taking it twice changes nothing', async () => {
    await handler(eventOf({ runDate: '2020-02-07' }));
    await handler(eventOf({ runDate: '2020-02-07' }));
    expect(table.get(...LOCK)).toMatchObject({ executionArn: executionOf('etl').executionArn });
  });

  it('refuses a second run while one is going on, naming it and what to do', async () => {
    const other = executionOf('ml', 'other').executionArn;
    table.put({ pk: LOCK[0], sk: LOCK[1], executionArn: other });
    sfn.on(DescribeExecutionCommand).resolves({ status: 'RUNNING' });
    await expect(handler(eventOf({ runDate: '2020-02-07' }))).rejects.toMatchObject({
      name: 'RunInProgress',
      message:
        'Another run of homes is going on: presage-test-homes-ml / other. Wait until it has ended, or stop that execution, and run again.',
    });
    expect(table.get(...LOCK)).toMatchObject({ executionArn: other });
  });

  it.each(['ended', 'forgotten'])('takes the pipeline over from an execution that is %s', async (how) => {
    table.put({ pk: LOCK[0], sk: LOCK[1], executionArn: executionOf('etl', 'dead').executionArn });
    if (how === 'ended') sfn.on(DescribeExecutionCommand).resolves({ status: 'ABORTED' });
    else sfn.on(DescribeExecutionCommand).rejects(Object.assign(new Error('gone'), { name: 'ExecutionDoesNotExist' }));
    const { notices } = await handler(eventOf({ runDate: '2020-02-07' }));
    expect(notices).toEqual([
      'The pipeline was still held by presage-test-homes-etl / dead, which has ended; this run took it over.',
    ]);
    expect(table.get(...LOCK)).toMatchObject({ executionArn: executionOf('etl').executionArn });
  });
});

describe('the parameters of a run', () => {
  beforeEach(() => void fakeRunTable());
  const started = (parameters: unknown) => handler(eventOf({ runDate: '2020-02-07', parameters } as StartInput));

  it('are refused by a pipeline that has none', async () => {
    await expect(started({ country: 'Peru' })).rejects.toThrow('no parameter "country" (the pipeline has none)');
  });

  describe('that has one', () => {
    withDefinition({ parameters: { country: { says: 'only events of this country' } } });

    it('travel with the run', async () => {
      expect((await started({ country: 'Peru' })).start.parameters).toEqual({ country: 'Peru' });
    });

    it.each([
      [{ contry: 'Peru' }, /no parameter "contry" \(known: country\)/],
      [{ country: 7 }, /parameter country is a text/],
      [{ country: 'x'.repeat(300) }, /at most 200 characters/],
      [{ country: 'a\nb' }, /a control character/],
      ['Peru', /parameters is an object/],
    ])('are refused as %j', async (parameters, message) => {
      await expect(started(parameters)).rejects.toMatchObject({
        name: 'WrongInput',
        message: expect.stringMatching(message),
      });
    });
  });
});
