import {
  AthenaClient,
  GetQueryExecutionCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { CreatePartitionCommand, GetTableCommand, GlueClient } from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as check } from '#lambdas/check-query/handler.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { handler as start } from '#lambdas/start-query/handler.ts';
import type { QueryArgs } from '#lambdas/start-query/sql.ts';
import { query, withDefinition } from '#test/lambdas/support/changed-definition.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { etlPayload, eventOf, finished, mlPayload, runningJob } from '#test/lambdas/support/world.ts';

const athena = mockClient(AthenaClient);
const glue = mockClient(GlueClient);
const model = { id: 'model-1', trainedFor: '2020-02-07', trainRows: 900, features: ['views', 'seconds'] };

beforeEach(() => {
  fakeRunTable();
  athena.reset();
  glue.reset();
  athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'query-1' });
});

describe('start-query', () => {
  async function started(args: QueryArgs, payload: Partial<EtlPayload & MlPayload> = {}) {
    const next = await start(eventOf({ ...etlPayload(), ...payload } as EtlPayload & MlPayload, args));
    const [call] = athena.commandCalls(StartQueryExecutionCommand);
    return { job: next.job, input: call?.args[0].input, sql: call?.args[0].input.QueryString?.replaceAll(/\s+/g, ' ') };
  }

  it('asks in the environment’s workgroup and database, under a token made of the run and the query', async () => {
    const { job, input } = await started({ query: 'profile' }, { inspection: { uri: '', sound: ['visits'] } });
    expect(job).toMatchObject({ step: 'profile', id: 'query-1' });
    expect(input).toMatchObject({ WorkGroup: 'presage-test', QueryExecutionContext: { Database: 'presage_test' } });
    expect(input?.ClientRequestToken).toMatch(/^[0-9a-f]{64}$/);
  });

  it('profiles sound sources only', async () => {
    const { sql } = await started({ query: 'profile' }, { inspection: { uri: '', sound: ['visits'] } });
    expect(sql).toContain('homes_raw_visits');
    expect(sql).not.toContain('homes_raw_survey');
  });

  it('asks nothing when no source is sound', async () => {
    const { job, input } = await started({ query: 'profile' }, { inspection: { uri: '', sound: [] } });
    expect(input).toBeUndefined();
    expect(job?.id).toBe('none');
  });

  it('unloads a table to a place of its own attempt, partitioned as declared, for the run date', async () => {
    const { sql } = await started({ query: 'table', table: 'features' });
    expect(sql).toContain("WHERE snapshot_date <= DATE '2020-02-07'");
    expect(sql).toMatch(
      /^UNLOAD \( SELECT .* \) TO 's3:\/\/curated\/homes\/features\/run_date=2020-02-07\/run=run-1\/attempt=1\/' WITH \(format = 'PARQUET', compression = 'SNAPPY', partitioned_by = ARRAY\['snapshot_date'\]\)$/,
    );
  });

  it('unloads the next attempt elsewhere: UNLOAD wants an empty target and leaves orphans', async () => {
    const { sql } = await started(
      { query: 'table', table: 'summary' },
      { job: runningJob('athena', 'table-summary', { state: 'RETRY' }) },
    );
    expect(sql).toContain("TO 's3://sandbox/homes/summary/run_date=2020-02-07/run=run-1/attempt=2/'");
  });

  it('compares rows with the previous run in the quality query', async () => {
    const { sql } = await started(
      { query: 'quality' },
      { tables: { features: { rows: 1, location: '' } }, previousRows: { features: 200 } },
    );
    expect(sql).toContain('2E2');
  });

  it('compares every table with Athena in the validation', async () => {
    const tables = { features: { rows: 1, location: '' }, summary: { rows: 1, location: '' } };
    const { sql } = await started({ query: 'validate' }, { tables });
    expect(sql).toContain("SELECT 'features' AS table_name");
    expect(sql).toContain("UNION ALL SELECT 'summary' AS table_name");
  });

  describe('of a pipeline with counts, outputs and a parameter', () => {
    withDefinition({
      parameters: { country: { says: 'only events of this country' } },
      counts: { odd: { says: 'odd rows' } },
      outputs: { best: { file: 'best.json' } },
      queries: {
        counts: query("SELECT 1 AS odd WHERE :country = ''", { sources: ['visits', 'survey'] }),
        best: query('SELECT * FROM homes_features_candidate WHERE run_date = :run_date AND c = :country'),
      },
    });
    const inspection = { uri: '', sound: ['visits'], broken: [] as string[] };

    it('counts in the sources, an absent optional one included', async () => {
      const { sql, job } = await started({ query: 'counts' }, { inspection });
      expect(sql).toBe("SELECT 1 AS odd WHERE '' = ''");
      expect(job).toMatchObject({ step: 'counts' });
    });

    it('counts nothing in sources that cannot be queried: what is wrong with them is told already', async () => {
      const { job, input } = await started({ query: 'counts' }, { inspection: { ...inspection, broken: ['survey'] } });
      expect(input).toBeUndefined();
      expect(job?.id).toBe('none');
    });

    it('asks for an output with the run date and the parameter in their places', async () => {
      const { sql, job } = await started(
        { query: 'output', output: 'best' },
        { start: { runDate: '2020-02-07', parameters: { country: 'Peru' } } },
      );
      expect(sql).toBe("SELECT * FROM homes_features_candidate WHERE run_date = DATE '2020-02-07' AND c = 'Peru'");
      expect(job).toMatchObject({ step: 'output-best' });
    });

    it('cannot be talked into other SQL by a parameter', async () => {
      const country = "x' OR '1'='1 :run_date";
      const { sql } = await started(
        { query: 'output', output: 'best' },
        { start: { runDate: '2020-02-07', parameters: { country } } },
      );
      expect(sql).not.toContain(" OR '1'='1");
      expect(sql?.match(/DATE '2020-02-07'/g)).toHaveLength(1);
    });
  });

  it('points the scores at what this model’s transform wrote before it reads them', async () => {
    glue.on(GetTableCommand).resolves({
      Table: { Name: 't', StorageDescriptor: { Location: 'x', SerdeInfo: { SerializationLibrary: 'csv' } } },
    });
    glue.on(CreatePartitionCommand).resolves({});
    const scores = {
      ...mlPayload(),
      model: { decision: 'train', reason: '', use: model },
      jobs: { 'transform-holdout': finished('transform', 's3://scores/') },
    } as MlPayload;
    const { sql, job } = await started({ query: 'metrics' }, scores);
    expect(glue.commandCalls(CreatePartitionCommand)[0]?.args[0].input).toMatchObject({
      TableName: 'homes_holdout_scores',
      PartitionInput: {
        Values: ['run-1', 'model-1'],
        StorageDescriptor: { Location: 's3://scores/', SerdeInfo: { SerializationLibrary: 'csv' } },
      },
    });
    expect(sql).toContain("run = 'run-1' AND scored = 'model-1'");
    expect(job?.key).toBe('metrics-model-1');
  });
});

describe('check-query', () => {
  const look = (status: object, job = {}) => {
    athena
      .on(GetQueryExecutionCommand)
      .resolves({ QueryExecution: { Status: status, ResultConfiguration: { OutputLocation: 's3://out' } } });
    return check(eventOf(etlPayload({ job: runningJob('athena', 'quality', job) }), { atMostSeconds: 60 }));
  };

  it('waits while the query runs', async () => {
    expect((await look({ State: 'QUEUED' })).job).toMatchObject({ state: 'RUNNING', wait: 8 });
  });

  it('keeps the query when it has succeeded', async () => {
    expect((await look({ State: 'SUCCEEDED' })).jobs.quality).toMatchObject({ id: 'athena-id', output: 's3://out' });
  });

  it('fails with Athena’s own reason', async () => {
    await expect(look({ State: 'FAILED', StateChangeReason: 'COLUMN_NOT_FOUND: x' })).rejects.toMatchObject({
      name: 'QueryFailed',
      message: 'Query quality failed: COLUMN_NOT_FOUND: x (Athena query athena-id)',
    });
  });

  it('tries again what Athena calls worth it, but not for ever', async () => {
    const status = { State: 'FAILED', StateChangeReason: 'internal', AthenaError: { Retryable: true } };
    expect((await look(status)).job?.state).toBe('RETRY');
    await expect(look(status, { attempt: 3 })).rejects.toMatchObject({ name: 'QueryFailed' });
  });

  it('fails when somebody cancelled the query', async () => {
    await expect(look({ State: 'CANCELLED' })).rejects.toThrow('was cancelled');
  });

  it('stops a query past its time', async () => {
    await expect(look({ State: 'RUNNING' }, { secondsAgo: 61 })).rejects.toMatchObject({ name: 'JobTimedOut' });
    expect(athena.commandCalls(StopQueryExecutionCommand)[0]?.args[0].input).toEqual({ QueryExecutionId: 'athena-id' });
  });

  it('has nothing to look at when there was nothing to ask', async () => {
    expect((await look({}, { id: 'none' })).job?.state).toBe('SUCCEEDED');
    expect(athena.commandCalls(GetQueryExecutionCommand)).toHaveLength(0);
  });
});
