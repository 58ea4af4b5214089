import {
  BatchStopJobRunCommand,
  GetJobRunCommand,
  GetJobRunsCommand,
  GlueClient,
  StartJobRunCommand,
} from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as check } from '#lambdas/check-glue/handler.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { handler as start } from '#lambdas/start-glue/handler.ts';
import { query, withDefinition } from '#test/lambdas/support/changed-definition.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { etlPayload, eventOf, mlPayload, runningJob } from '#test/lambdas/support/world.ts';

const glue = mockClient(GlueClient);
let s3: ReturnType<typeof fakeS3>;

beforeEach(() => {
  glue.reset();
  s3 = fakeS3();
  fakeRunTable();
  glue.on(StartJobRunCommand).resolves({ JobRunId: 'jr-1' });
  glue.on(GetJobRunsCommand).resolves({ JobRuns: [] });
});

const features = { rows: 10, location: 's3://curated/features/' };
const model = { id: 'model-1', trainedFor: '2020-02-07', trainRows: 900, features: ['views', 'seconds'] };
const begin = (job: 'datasets' | 'push', more: Partial<MlPayload>) =>
  start(eventOf(mlPayload(more) as EtlPayload & MlPayload, { job }));

describe('start-glue', () => {
  it('asks for the four data sets with the published tables and the sources the run had', async () => {
    await begin('datasets', { tables: { features }, presentSources: ['survey'] });
    expect(s3.json('s3://sandbox/homes/runs/run-1/request-datasets-1.json')).toMatchObject({
      runDate: '2020-02-07',
      views: [
        { name: 'homes_raw_survey', format: 'csv', location: { uri: 's3://raw/homes/survey/', access: 'read' } },
        {
          name: 'homes_features_candidate',
          format: 'parquet',
          runDate: true,
          partitionTypes: { snapshot_date: 'date' },
          location: { uri: 's3://curated/features/', access: 'read' },
        },
      ],
      training: { sql: expect.stringContaining('spark') },
      trainingKey: ['member_id', 'snapshot_date'],
      key: ['member_id'],
      entity: ['member_id'],
      features: ['views', 'seconds'],
      label: 'stage',
      holdout: { percent: 20 },
      datasets: {
        train: { uri: 's3://curated/homes/ml/run_date=2020-02-07/run=run-1/datasets/train/', access: 'write' },
      },
      scratch: { uri: 's3://curated/homes/ml/run_date=2020-02-07/run=run-1/datasets/scratch/', access: 'write' },
      report: { uri: 's3://sandbox/homes/runs/run-1/report-datasets-1/', access: 'write' },
    });
    expect(s3.json('s3://sandbox/homes/runs/run-1/request-datasets-1.json')).not.toHaveProperty('holdoutFile');
  });

  it('names the holdout that somebody has chosen', async () => {
    await begin('datasets', {
      tables: { features },
      holdoutFile: { location: 's3://raw/homes/holdout/', format: 'csv' },
    });
    expect(s3.json('s3://sandbox/homes/runs/run-1/request-datasets-1.json')).toMatchObject({
      holdoutFile: { format: 'csv', location: { uri: 's3://raw/homes/holdout/', access: 'read' } },
    });
  });

  it('asks for the push of the predictions, to expire some days from now', async () => {
    const now = Math.floor(Date.now() / 1000);
    await begin('push', {
      predictions: { rows: 3, location: 's3://predictions/' },
      model: { decision: 'predict', reason: '', use: model },
    });
    const request = s3.json<{ expiresAt: number }>('s3://sandbox/homes/runs/run-1/request-push-1.json');
    expect(request).toMatchObject({
      table: 'presage-test-homes-predictions',
      region: 'eu-west-1',
      model: 'model-1',
      key: ['member_id'],
      columns: { member_id: 'varchar', stage: 'varchar', probability: 'double' },
      predictions: { uri: 's3://predictions/', access: 'read' },
    });
    expect(request.expiresAt - now).toBeGreaterThanOrEqual(7 * 86_400);
    expect(request.expiresAt - now).toBeLessThan(7 * 86_400 + 60);
  });

  describe('of feature queries', () => {
    const features = query('SELECT 1 AS views FROM homes_predictions', { sources: ['visits'], predictions: true });
    const summary = query('SELECT stage FROM homes_features_candidate WHERE stage <> :only', { tables: ['features'] });
    withDefinition({ parameters: { only: { says: 'only this stage' } }, queries: { summary, features } });
    const REQUEST = 's3://sandbox/homes/runs/run-1/request-features-2-glue-1.json';
    const made = { features: { rows: 1, location: 's3://curated/made/' } };
    const start2 = (tables: string[], more: Partial<EtlPayload>) =>
      start(
        eventOf(etlPayload(more) as EtlPayload & MlPayload, {
          job: 'queries' as const,
          step: 'features-2-glue',
          tables,
        }),
      );
    beforeEach(() => {
      s3.putJson('s3://i.json/x', { predictions: [{ runDate: '2020-02-01', location: 's3://p/1/' }] });
    });

    it('makes the tables of its level out of those that are there, under a name of its own', async () => {
      const parameters = { only: "Buyer's" };
      const { job } = await start2(['summary'], { tables: made, start: { parameters } });
      expect(job).toMatchObject({ step: 'features-2-glue' });
      const request = s3.json<{ queries: { table: string; sql: string }[] }>(REQUEST);
      expect(request).toMatchObject({
        views: [{ name: 'homes_features_candidate', location: { uri: 's3://curated/made/', access: 'read' } }],
        queries: [{ table: 'summary' }],
        report: { uri: 's3://sandbox/homes/runs/run-1/report-features-2-glue-1/' },
      });
      expect(request.queries[0]?.sql).not.toContain(':only');
    });

    it('does not read from anywhere what it makes itself', async () => {
      await start2(['summary', 'features'], { inspection: { uri: 's3://i.json/x', sound: ['visits'] } });
      const { views, queries } = s3.json<{ views: { name: string }[]; queries: { table: string }[] }>(REQUEST);
      expect(views.map(({ name }) => name)).toEqual(['homes_raw_visits', 'homes_predictions']);
      expect(queries.map(({ table }) => table)).toEqual(['features', 'summary']);
    });

    it('reads earlier predictions where the inspection has found them', async () => {
      await start2(['features'], { inspection: { uri: 's3://i.json/x', sound: ['visits'] } });
      expect(s3.json(REQUEST)).toMatchObject({
        views: [
          {},
          {
            name: 'homes_predictions',
            columns: { member_id: 'varchar' },
            runDates: [{ runDate: '2020-02-01', location: { uri: 's3://p/1/', access: 'read' } }],
          },
        ],
      });
    });
  });

  describe('of a pipeline without a model', () => {
    withDefinition({
      model: undefined,
      predictions: {
        key: ['stage'],
        columns: { stage: { type: 'varchar' }, members: { type: 'bigint' } },
        table: 'summary',
      },
    });

    it('pushes the rows of the table that is served', async () => {
      await start(
        eventOf(etlPayload({ tables: { summary: { rows: 2, location: 's3://s/' } } }) as EtlPayload & MlPayload, {
          job: 'push' as const,
        }),
      );
      expect(s3.json('s3://sandbox/homes/runs/run-1/request-push-1.json')).toMatchObject({
        model: null,
        key: ['stage'],
        predictions: { uri: 's3://s/', access: 'read' },
      });
    });
  });

  it('finds the run whose start was answered to nobody by its mark', async () => {
    glue.on(StartJobRunCommand).rejectsOnce(new Error('lost')).resolves({ JobRunId: 'jr-2' });
    await begin('datasets', { tables: { features } }).catch(() => {});
    glue
      .on(GetJobRunsCommand)
      .resolves({ JobRuns: [{ Id: 'jr-1', Arguments: { '--presage-start': 'run-1/datasets/1' } }] });
    const next = await begin('datasets', { tables: { features } });
    expect(next.job).toMatchObject({ step: 'datasets', id: 'jr-1' });
    expect(glue.commandCalls(StartJobRunCommand)).toHaveLength(1);
  });
});

describe('check-glue', () => {
  const look = (run: object, job = {}) => {
    glue.on(GetJobRunCommand).resolves({ JobRun: run });
    return check(
      eventOf(mlPayload({ job: runningJob('glue', 'push', job) }), { job: 'push' as const, atMostSeconds: 600 }),
    );
  };

  it('knows where the report is when the job has ended well', async () => {
    expect((await look({ JobRunState: 'SUCCEEDED' })).jobs.push).toMatchObject({
      output: 's3://sandbox/homes/runs/run-1/report-push-1/',
    });
  });

  it.each(['FAILED', 'TIMEOUT', 'STOPPED', 'ERROR'] as const)('fails when the job ended as %s', async (JobRunState) => {
    await expect(look({ JobRunState, ErrorMessage: 'ThrottlingException' })).rejects.toMatchObject({
      name: 'GlueJobFailed',
      message: `Glue job presage-test-homes-push (push) ended as ${JobRunState}: ThrottlingException (run glue-id)`,
    });
  });

  it('prefers the script’s own words', async () => {
    s3.putJson('s3://sandbox/homes/runs/run-1/report-push-1/error.json', {
      error: 'PushError',
      message: '3 rows failed',
    });
    await expect(look({ JobRunState: 'FAILED', ErrorMessage: 'exit 1' })).rejects.toThrow('PushError: 3 rows failed');
  });

  it('stops a run past its time', async () => {
    await expect(look({ JobRunState: 'RUNNING' }, { secondsAgo: 601 })).rejects.toMatchObject({ name: 'JobTimedOut' });
    expect(glue.commandCalls(BatchStopJobRunCommand)[0]?.args[0].input).toEqual({
      JobName: 'presage-test-homes-push',
      JobRunIds: ['glue-id'],
    });
  });
});
