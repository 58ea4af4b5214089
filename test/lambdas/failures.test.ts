import { AthenaClient, StopQueryExecutionCommand } from '@aws-sdk/client-athena';
import { EMRClient, ListClustersCommand, TerminateJobFlowsCommand } from '@aws-sdk/client-emr';
import { BatchStopJobRunCommand, GetJobRunsCommand, GlueClient } from '@aws-sdk/client-glue';
import { SageMakerClient, StopAutoMLJobCommand, StopTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeExecutionCommand, SFNClient } from '@aws-sdk/client-sfn';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as notify } from '#lambdas/notify/handler.ts';
import { handler as onExecutionEnd } from '#lambdas/on-execution-end/handler.ts';
import { failureMessage, readableCause, subjectOf } from '#lambdas/shared/message.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { handler as stopJobs } from '#lambdas/stop-jobs/handler.ts';
import { dueDay, handler as watchdog } from '#lambdas/watchdog/handler.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { etlPayload, eventOf, mlPayload, runOf } from '#test/lambdas/support/world.ts';

const athena = mockClient(AthenaClient);
const emr = mockClient(EMRClient);
const glue = mockClient(GlueClient);
const sagemaker = mockClient(SageMakerClient);
const secrets = mockClient(SecretsManagerClient);
const sfn = mockClient(SFNClient);
const sns = mockClient(SNSClient);
let table: ReturnType<typeof fakeRunTable>;

const { executionArn } = runOf('etl');
const RUN = `run#${executionArn}`;
const lambdaCause = (message: string) =>
  JSON.stringify({ errorType: 'X', errorMessage: message, trace: ['at bundle'] });
const failure = {
  step: 'check-sources',
  Error: 'SourcesRejected',
  Cause: lambdaCause('2 problems:\nvisits: is missing\nsurvey: is empty'),
};
const job = (key: string, kind: string, more = {}) =>
  table.put({
    pk: RUN,
    sk: `job#${key}#1`,
    key,
    attempt: 1,
    kind,
    name: `name-${key}`,
    startedAt: '2020-02-07T10:00:00.000Z',
    ...more,
  });
const mails = () => sns.commandCalls(PublishCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  for (const mock of [athena, emr, glue, sagemaker, secrets, sfn, sns]) mock.reset();
  glue.on(BatchStopJobRunCommand).resolves({});
  sns.on(PublishCommand).resolves({});
  table = fakeRunTable();
  table.put({ pk: 'pipeline#homes', sk: 'lock', executionArn });
});

describe('stop-jobs', () => {
  const stop = () => stopJobs(eventOf({ ...etlPayload(), failure } as never));

  it('stops whatever of the run has not been seen to end, and gives the pipeline back', async () => {
    job('features', 'emr', { id: 'j-1' });
    job('quality', 'athena', { id: 'q-1' });
    job('push', 'glue', { id: 'jr-1' });
    job('automl', 'automl', { id: 'a-1' });
    job('transform-holdout-m', 'transform', { id: 't-1' });
    job('profile', 'athena', { id: 'q-0', ended: true });
    expect((await stop()).stopped.sort()).toEqual([
      'athena quality',
      'automl automl',
      'emr features',
      'glue push',
      'transform transform-holdout-m',
    ]);
    expect(emr.commandCalls(TerminateJobFlowsCommand)[0]?.args[0].input).toEqual({ JobFlowIds: ['j-1'] });
    expect(
      athena.commandCalls(StopQueryExecutionCommand).map(({ args: [{ input }] }) => input.QueryExecutionId),
    ).toEqual(['q-1']);
    expect(glue.commandCalls(BatchStopJobRunCommand)[0]?.args[0].input).toEqual({
      JobName: 'presage-test-homes-push',
      JobRunIds: ['jr-1'],
    });
    expect(sagemaker.commandCalls(StopAutoMLJobCommand)[0]?.args[0].input).toEqual({ AutoMLJobName: 'a-1' });
    expect(sagemaker.commandCalls(StopTransformJobCommand)[0]?.args[0].input).toEqual({ TransformJobName: 't-1' });
    expect(table.get('pipeline#homes', 'lock')).toBeUndefined();
  });

  it('finds jobs whose id nobody wrote down', async () => {
    job('features', 'emr');
    job('push', 'glue');
    job('automl', 'automl');
    emr.on(ListClustersCommand).resolves({ Clusters: [{ Id: 'j-lost', Name: 'name-features' }] });
    glue
      .on(GetJobRunsCommand)
      .resolves({ JobRuns: [{ Id: 'jr-lost', Arguments: { '--presage-start': 'name-push' } }] });
    expect((await stop()).stopped).toHaveLength(3);
    expect(emr.commandCalls(TerminateJobFlowsCommand)[0]?.args[0].input).toEqual({ JobFlowIds: ['j-lost'] });
    expect(sagemaker.commandCalls(StopAutoMLJobCommand)[0]?.args[0].input).toEqual({ AutoMLJobName: 'name-automl' });
  });

  it('takes a job that is over for stopped, and stops nothing twice', async () => {
    job('automl', 'automl', { id: 'a-1' });
    sagemaker
      .on(StopAutoMLJobCommand)
      .rejects(Object.assign(new Error('is in status Completed'), { name: 'ValidationException' }));
    expect(await stop()).toEqual({ stopped: [] });
    await stop();
    expect(sagemaker.commandCalls(StopAutoMLJobCommand)).toHaveLength(1);
  });

  it('stops the others when one cannot be stopped, gives the pipeline back, and says which', async () => {
    job('features', 'emr', { id: 'j-1' });
    job('quality', 'athena', { id: 'q-1' });
    emr
      .on(TerminateJobFlowsCommand)
      .rejects(Object.assign(new Error('not allowed'), { name: 'AccessDeniedException' }));
    await expect(stop()).rejects.toMatchObject({
      name: 'JobsNotStopped',
      message: 'Still running and to be stopped by hand: emr features (j-1): not allowed',
    });
    expect(athena.commandCalls(StopQueryExecutionCommand)).toHaveLength(1);
    expect(table.get('pipeline#homes', 'lock')).toBeUndefined();
  });

  it('leaves a pipeline that another execution holds to it', async () => {
    table.put({ pk: 'pipeline#homes', sk: 'lock', executionArn: 'another' });
    await stop();
    expect(table.get('pipeline#homes', 'lock')).toBeDefined();
  });
});

describe('the mail of a failure', () => {
  it('says what, where, why, where to look and how to go on', async () => {
    await notify(eventOf({ ...mlPayload(), failure } as never));
    const [mail] = mails();
    expect(mail?.Subject).toBe('[test] homes 2020-02-07 failed at check-sources: SourcesRejected');
    expect(mail?.Message?.split('\n')).toEqual([
      'The ML run of homes for 2020-02-07 in test has failed.',
      '',
      'Environment: test',
      'Pipeline:    homes',
      'Run date:    2020-02-07',
      'Step:        check-sources',
      'Error:       SourcesRejected',
      'Execution:   run-1',
      '',
      'Cause:',
      '  2 problems:',
      '  visits: is missing',
      '  survey: is empty',
      '',
      'Look at it:',
      `  https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/${runOf('ml').executionArn}`,
      '',
      'Run it again when the cause is gone:',
      '  npx presage run homes --env test --date 2020-02-07 --only ml',
    ]);
  });

  it('is written down after it was sent, so that it is rather sent twice than never', async () => {
    sns.on(PublishCommand).rejectsOnce(new Error('throttled')).resolves({});
    await expect(notify(eventOf({ ...etlPayload(), failure } as never))).rejects.toThrow('throttled');
    expect(table.get(RUN, 'notified')).toBeUndefined();
    await notify(eventOf({ ...etlPayload(), failure } as never));
    expect(table.get(RUN, 'notified')).toBeDefined();
  });

  it('is sent for a run that failed before anybody knew its day', async () => {
    await notify(
      eventOf({
        runDate: 'soon',
        failure: { step: 'resolve-run', Error: 'WrongInput', Cause: lambdaCause('no day') },
      } as never),
    );
    expect(mails()[0]?.Subject).toBe('[test] homes unknown failed at resolve-run: WrongInput');
    expect(mails()[0]?.Message).toContain('npx presage run homes --env test --date YYYY-MM-DD');
  });

  it('says that jobs could not be stopped', async () => {
    await notify(
      eventOf({ ...etlPayload(), failure, stopFailure: { Cause: lambdaCause('emr features (j-1)') } } as never),
    );
    expect(mails()[0]?.Message).toContain('Besides, jobs of this run could not be stopped: emr features (j-1)');
  });

  it('has a subject that SNS takes', () => {
    expect(subjectOf('Zürich →\nfailed')).toBe('Zu rich failed');
    expect(subjectOf('x'.repeat(200))).toHaveLength(100);
  });

  it('shows the causes of Lambda, of Step Functions, and none', () => {
    expect(readableCause(lambdaCause('it broke'))).toBe('it broke');
    expect(readableCause('The state timed out')).toBe('The state timed out');
    expect(readableCause('{"other": 1}')).toBe('{"other": 1}');
    expect(readableCause(undefined)).toBe('no cause was given');
  });

  it('cuts a cause that is longer than anybody reads at the end of a line, and has no console on a laptop', () => {
    const cause = Array.from({ length: 3000 }, (_, i) => `problem ${i}`).join('\n');
    const { text } = failureMessage({ ...runOf(), environment: 'local' }, 'eu-west-1', {
      step: 's',
      error: 'E',
      cause,
    });
    expect(text.length).toBeLessThan(30_000);
    expect(text).toMatch(/problem \d+\n {2}… \d+ more characters/);
    expect(text).not.toContain('https://');
  });
});

describe('Slack', () => {
  const fetched = vi.fn<typeof fetch>();
  const SECRET = 'https://hooks.example.com/very-secret';
  beforeEach(() => {
    getSettings().slackSecretName = 'slack';
    secrets.on(GetSecretValueCommand).resolves({ SecretString: SECRET });
    fetched.mockReset().mockResolvedValue(new Response('ok'));
    vi.stubGlobal('fetch', fetched);
  });
  afterEach(() => {
    delete getSettings().slackSecretName;
    vi.unstubAllGlobals();
  });
  const tell = () => notify(eventOf({ ...etlPayload(), failure } as never));

  it('is told what the mail says', async () => {
    await tell();
    const [url, request] = fetched.mock.calls[0] ?? [];
    expect(url).toBe(SECRET);
    expect(JSON.parse(String(request?.body)).text).toContain('SourcesRejected');
  });

  it.each([
    ['refuses', () => fetched.mockResolvedValue(new Response('no', { status: 403 }))],
    ['is not there', () => fetched.mockRejectedValue(new TypeError(`cannot fetch ${SECRET}`))],
    ['has no secret', () => secrets.on(GetSecretValueCommand).rejects(new Error('denied'))],
  ])('never fails the step when it %s, and its address is never logged', async (_, arrange) => {
    const printed = ['log', 'info', 'warn', 'error'].map((level) =>
      vi.spyOn(console, level as 'log').mockImplementation(() => {}),
    );
    arrange();
    await expect(tell()).resolves.toBeDefined();
    expect(mails()).toHaveLength(1);
    expect(JSON.stringify(printed.flatMap((spy) => spy.mock.calls))).not.toContain('very-secret');
    for (const spy of printed) spy.mockRestore();
  });
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

  it('asks about the day before when a run is due the morning after', () => {
    expect(dueDay({ days: 'daily', at: '22:00', dueBy: '04:00' }, '2020-03-01T04:00:00Z')).toBe('2020-02-29');
  });
});
