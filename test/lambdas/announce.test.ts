import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler } from '#lambdas/announce/handler.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { withDefinition } from '#test/lambdas/support/changed-definition.ts';
import { etlPayload, eventOf, mlPayload } from '#test/lambdas/support/world.ts';

const sns = mockClient(SNSClient);
const secrets = mockClient(SecretsManagerClient);
const mails = () => sns.commandCalls(PublishCommand).map(({ args: [{ input }] }) => input);
const announce = (payload: EtlPayload | MlPayload, of: 'tables' | 'run') =>
  handler(eventOf(payload as EtlPayload & MlPayload, { of }));

beforeEach(() => {
  sns.reset();
  secrets.reset();
  sns.on(PublishCommand).resolves({});
});

describe('announce tables', () => {
  const { features, summary } = getPipeline().tables;
  withDefinition({
    tables: { ...(features && { features }), ...(summary && { summary: { ...summary, announce: true } }) },
  });
  const tables = { features: { rows: 6, location: 's3://f/' }, summary: { rows: 2, location: 's3://s/' } };

  it('mails the tables that want it, with rows, place and how to ask', async () => {
    await announce(etlPayload({ tables }), 'tables');
    expect(mails()).toHaveLength(1);
    expect(mails()[0]).toMatchObject({
      TopicArn: 'arn:aws:sns:eu-west-1:111122223333:presage-test-announcements',
      Subject: '[test] homes_summary of 2020-02-07 is there: 2 rows',
    });
    const text = mails()[0]?.Message ?? '';
    expect(text).toContain('presage_test.homes_summary');
    expect(text).toContain('s3://s/');
    expect(text).toContain("SELECT * FROM homes_summary WHERE run_date = DATE '2020-02-07'");
  });

  it('leaves the payload as it is', async () => {
    const payload = etlPayload({ tables });
    expect(await announce(payload, 'tables')).toEqual(payload);
  });
});

describe('announce a run', () => {
  const use = { id: 'm1', trainedFor: '2020-02-01', trainRows: 900, features: ['views'] };
  const model = {
    decision: 'predict' as const,
    reason: 'it is 6 days old',
    use,
    evaluation: { model: 'm1', holdoutRows: 200, metrics: { f1_macro: 0.41234 }, baseline: {}, aboveBaseline: true },
  };
  const predictions = { rows: 5, written: 4, unchanged: 1, failed: 0, location: 's3://p/' };
  const ended = mlPayload({ model, predictions, outputs: { rates: ['s3://sandbox/rates.csv.gz'] } });
  const slack = vi.fn(async () => new Response('ok'));
  beforeEach(() => {
    slack.mockClear();
    vi.stubGlobal('fetch', slack);
    secrets.on(GetSecretValueCommand).resolves({ SecretString: 'https://hooks.example.com/x' });
  });
  afterEach(() => {
    delete getSettings().slackSecretName;
  });

  it('says what was predicted by which model, how good it is and which files there are', async () => {
    await announce(ended, 'run');
    expect(mails()[0]?.Subject).toBe('[test] homes 2020-02-07 succeeded: predictions');
    expect(mails()[0]?.Message).toMatch(/m1, trained for 2020-02-01 \(earlier; it is 6 days old\)/);
    expect(mails()[0]?.Message).toMatch(/f1_macro 0\.412 on 200 held-out rows/);
    expect(mails()[0]?.Message).toMatch(/5 rows \(4 written, 1 as they were\)/);
    expect(mails()[0]?.Message).toContain('s3://sandbox/rates.csv.gz');
    expect(slack).not.toHaveBeenCalled();
  });

  it('calls a run that only trained a training', async () => {
    await announce({ ...ended, predictions: undefined, start: { predict: false } }, 'run');
    expect(mails()[0]?.Subject).toBe('[test] homes 2020-02-07 succeeded: training');
  });

  it('tells Slack too where there is a webhook', async () => {
    getSettings().slackSecretName = 'slack';
    await announce(ended, 'run');
    expect(slack).toHaveBeenCalledTimes(1);
  });

  it('is not failed by a webhook that fails', async () => {
    getSettings().slackSecretName = 'slack';
    slack.mockRejectedValueOnce(new Error('no route'));
    await expect(announce(ended, 'run')).resolves.toMatchObject({ predictions });
    expect(mails()).toHaveLength(1);
  });
});
