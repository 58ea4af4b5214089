import { EMRClient, TerminateJobFlowsCommand } from '@aws-sdk/client-emr';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as onExecutionEnd } from '#lambdas/on-execution-end/handler.ts';
import { dueDay, handler as watchdog } from '#lambdas/watchdog/handler.ts';
import { executionArn, lambdaCause, putJob, RUN } from '#test/lambdas/support/failing.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';

const emr = mockClient(EMRClient);
const sfn = mockClient(SFNClient);
const sns = mockClient(SNSClient);
let table: ReturnType<typeof fakeRunTable>;

const job = (key: string, kind: string, more = {}) => putJob(table, key, kind, more);
const mails = () => sns.commandCalls(PublishCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  for (const mock of [emr, sfn, sns]) mock.reset();
  sns.on(PublishCommand).resolves({});
  table = fakeRunTable();
  table.put({ pk: 'pipeline#homes', sk: 'lock', executionArn });
});

describe('on-execution-end', () => {
  const ended = (status: string, more = {}) => {
    sfn.on(DescribeExecutionCommand).resolves({
      status: status as 'FAILED',
      name: 'run-1',
      startDate: new Date('2020-02-07T10:00:00Z'),
      input: JSON.stringify({ scheduledTime: '2020-02-07T10:00:00Z' }),
      ...more,
    });
    return onExecutionEnd({ detail: { executionArn } });
  };

  it('stops the jobs of an aborted execution, gives the pipeline back and sends one mail', async () => {
    job('features', 'emr', { id: 'j-1' });
    await ended('ABORTED');
    await ended('ABORTED');
    expect(emr.commandCalls(TerminateJobFlowsCommand)).toHaveLength(1);
    expect(table.get('pipeline#homes', 'lock')).toBeUndefined();
    expect(mails()).toHaveLength(1);
    expect(mails()[0]?.Subject).toBe('[test] homes 2020-02-07 failed at unknown (ended from outside): Aborted');
    expect(mails()[0]?.Message).toContain('Jobs that were stopped: emr features');
  });

  it('tells of one that ran out of time', async () => {
    await ended('TIMED_OUT');
    expect(mails()[0]?.Subject).toContain('TimedOut');
  });

  it('does not tell again what the execution itself has told', async () => {
    table.put({ pk: RUN, sk: 'notified' });
    await ended('FAILED');
    expect(mails()).toHaveLength(0);
  });

  it('tells of one that failed and could not tell, with its own error', async () => {
    await ended('FAILED', { error: 'SourcesRejected', cause: lambdaCause('visits: is missing') });
    expect(mails()[0]?.Message).toContain('visits: is missing');
  });

  it('leaves an execution that runs again alone', async () => {
    job('features', 'emr', { id: 'j-1' });
    await ended('RUNNING');
    expect(emr.calls()).toHaveLength(0);
    expect(mails()).toHaveLength(0);
    expect(table.get('pipeline#homes', 'lock')).toBeDefined();
  });

  it('mails although a job could not be stopped, and although the input was nonsense', async () => {
    job('features', 'emr', { id: 'j-1' });
    emr.on(TerminateJobFlowsCommand).rejects(new Error('denied'));
    await ended('ABORTED', { input: '{' });
    expect(mails()[0]?.Message).toContain('to be stopped by hand: emr features');
    expect(mails()[0]?.Message).toContain('--date YYYY-MM-DD');
  });
});

describe('the watchdog', () => {
  const ask = () => watchdog({ scheduledTime: '2020-02-07T18:00:00Z' });
  const green = (machine: string) => table.put({ pk: 'pipeline#homes', sk: `green#${machine}#2020-02-07` });

  it('is silent about a green day', async () => {
    green('etl');
    green('ml');
    expect(await ask()).toEqual({ runDate: '2020-02-07', missing: [] });
    expect(mails()).toHaveLength(0);
  });

  it('says what is missing, whether a run is going on, and how to go on', async () => {
    green('etl');
    expect(await ask()).toEqual({ runDate: '2020-02-07', missing: ['ml'] });
    expect(mails()[0]?.Subject).toBe('[test] homes 2020-02-07 is not green: ml');
    expect(mails()[0]?.Message).toContain(executionArn);
    expect(mails()[0]?.Message).toContain('npx presage run homes --env test --date 2020-02-07 --only ml');
  });

  it('starts again at the ETL when nothing is there', async () => {
    expect((await ask()).missing).toEqual(['etl', 'ml']);
    expect(mails()[0]?.Message).not.toContain('--only');
  });

  it('asks about the training of a day by itself: a green training is no green prediction', async () => {
    table.put({ pk: 'pipeline#homes', sk: 'green#etl#2020-02-07' });
    table.put({ pk: 'pipeline#homes', sk: 'green#ml#2020-02-07' });
    const training = () => watchdog({ scheduledTime: '2020-02-07T18:00:00Z', training: true });
    expect((await training()).missing).toEqual(['training']);
    expect(mails()[0]?.Message).toContain('--only ml --service train');
    table.put({ pk: 'pipeline#homes', sk: 'green#training#2020-02-07' });
    expect((await training()).missing).toEqual([]);
  });

  it('asks about the day before when a run is due the morning after', () => {
    expect(dueDay({ at: '22:00', dueBy: '04:00' }, '2020-03-01T04:00:00Z')).toBe('2020-02-29');
  });
});
