import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as notify } from '#lambdas/notify/handler.ts';
import { failureMessage, readableCause, subjectOf } from '#lambdas/shared/message.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { failure, lambdaCause, RUN } from '#test/lambdas/support/failing.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { etlPayload, eventOf, mlPayload, runOf } from '#test/lambdas/support/world.ts';

const secrets = mockClient(SecretsManagerClient);
const sns = mockClient(SNSClient);
let table: ReturnType<typeof fakeRunTable>;

const mails = () => sns.commandCalls(PublishCommand).map(({ args: [{ input }] }) => input);

beforeEach(() => {
  for (const mock of [secrets, sns]) mock.reset();
  sns.on(PublishCommand).resolves({});
  table = fakeRunTable();
});

describe('the mail of a failure', () => {
  it('names the command that starts the run again as it was started', async () => {
    const start = { runDate: '2020-02-07', parameters: { home_town: "L'Aquila" } };
    await notify(eventOf({ ...etlPayload({ start }), failure } as never));
    expect(mails()[0]?.Message).toContain(`--date 2020-02-07 --home-town 'L'\\''Aquila'`);
    await notify(eventOf({ ...mlPayload({ start: { train: 'always', predict: false } }), failure } as never));
    expect(mails()[1]?.Message).toContain('--only ml --service train');
  });

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
