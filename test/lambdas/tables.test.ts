import {
  BatchCreatePartitionCommand,
  BatchDeletePartitionCommand,
  CreatePartitionCommand,
  GetPartitionsCommand,
  GetTableCommand,
  GlueClient,
  UpdatePartitionCommand,
} from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as publish } from '#lambdas/publish/handler.ts';
import { handler as stage } from '#lambdas/stage-tables/handler.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { visits } from '#test/lambdas/support/parquet.ts';
import { etlPayload, eventOf, finished } from '#test/lambdas/support/world.ts';

const glue = mockClient(GlueClient);
const FEATURES = 's3://curated/homes/features/run_date=2020-02-07/run=run-1/attempt=1/';
const SUMMARY = 's3://sandbox/homes/summary/run_date=2020-02-07/run=run-1/attempt=1/';
let s3: ReturnType<typeof fakeS3>;

beforeEach(() => {
  glue.reset();
  s3 = fakeS3();
  glue.on(GetTableCommand).callsFake(({ Name }) => ({
    Table: {
      Name,
      PartitionKeys: [{ Name: 'run_date' }, { Name: 'snapshot_date' }],
      StorageDescriptor: { Location: 'place holder', Columns: [{ Name: 'views' }] },
    },
  }));
  glue.on(GetPartitionsCommand).resolves({ Partitions: [] });
  for (const command of [BatchCreatePartitionCommand, BatchDeletePartitionCommand, UpdatePartitionCommand])
    glue.on(command as typeof BatchCreatePartitionCommand).resolves({});
  glue.on(CreatePartitionCommand).rejects(Object.assign(new Error('there'), { name: 'AlreadyExistsException' }));
  for (const day of ['2020-02-05', '2020-02-06']) s3.put(`${FEATURES}snapshot_date=${day}/part-0.parquet`, visits(3));
  s3.put(`${SUMMARY}part-0.parquet`, visits(2));
});

const created = () =>
  glue
    .commandCalls(BatchCreatePartitionCommand)
    .map(({ args: [{ input }] }) => [
      input.TableName,
      input.PartitionInputList?.map(({ Values, StorageDescriptor }) => [
        Values?.join('/'),
        StorageDescriptor?.Location,
      ]),
    ]);

const BY_SPARK = { features: 'features', summary: 'features' };

describe('stage-tables', () => {
  const jobs = { features: finished('emr', 's3://sandbox/homes/runs/run-1/report-features-1/') };
  beforeEach(() => {
    s3.putJson('s3://sandbox/homes/runs/run-1/report-features-1/report.json', {
      tables: { features: { rows: 6 }, summary: { rows: 2 } },
    });
  });

  it('points the candidates at what the job wrote, a partition per folder, with the columns of the table', async () => {
    const payload = await stage(eventOf(etlPayload({ jobs }), { tables: BY_SPARK }));
    expect(payload.tables).toEqual({
      features: { rows: 6, location: FEATURES },
      summary: { rows: 2, location: SUMMARY },
    });
    expect(created()).toEqual([
      [
        'homes_features_candidate',
        [
          ['2020-02-07/2020-02-05', `${FEATURES}snapshot_date=2020-02-05/`],
          ['2020-02-07/2020-02-06', `${FEATURES}snapshot_date=2020-02-06/`],
        ],
      ],
      ['homes_summary_candidate', [['2020-02-07', SUMMARY]]],
    ]);
    const [first] = glue.commandCalls(BatchCreatePartitionCommand);
    expect(first?.args[0].input.PartitionInputList?.[0]?.StorageDescriptor?.Columns).toEqual([{ Name: 'views' }]);
  });

  it('moves partitions that an earlier run of the day had, and removes those it has no more', async () => {
    const partition = (day: string, Location: string) => ({
      Values: ['2020-02-07', day],
      StorageDescriptor: { Location },
    });
    glue.on(GetPartitionsCommand, { TableName: 'homes_features_candidate' }).resolves({
      Partitions: [
        partition('2020-02-05', 's3://old/'),
        partition('2020-02-04', 's3://old/'),
        partition('2020-02-06', `${FEATURES}snapshot_date=2020-02-06/`),
        { Values: ['2020-02-06', '2020-02-04'], StorageDescriptor: { Location: 's3://another day/' } },
      ],
    });
    await stage(eventOf(etlPayload({ jobs }), { tables: { features: 'features' } }));
    expect(created()).toEqual([]);
    expect(glue.commandCalls(UpdatePartitionCommand).map(({ args: [{ input }] }) => input.PartitionValueList)).toEqual([
      ['2020-02-07', '2020-02-05'],
    ]);
    expect(glue.commandCalls(BatchDeletePartitionCommand)[0]?.args[0].input.PartitionsToDelete).toEqual([
      { Values: ['2020-02-07', '2020-02-04'] },
    ]);
  });

  it('points a partition elsewhere that somebody else has created in between', async () => {
    const ErrorDetail = { ErrorCode: 'AlreadyExistsException' };
    glue.on(BatchCreatePartitionCommand).resolves({ Errors: [{ PartitionValues: ['2020-02-07'], ErrorDetail }] });
    await stage(eventOf(etlPayload({ jobs }), { tables: { summary: 'features' } }));
    expect(glue.commandCalls(UpdatePartitionCommand)[0]?.args[0].input).toMatchObject({
      PartitionValueList: ['2020-02-07'],
      PartitionInput: { StorageDescriptor: { Location: SUMMARY } },
    });
  });

  it('does not believe a report of rows that are not there', async () => {
    s3.objects.delete(`${SUMMARY}part-0.parquet`);
    await expect(stage(eventOf(etlPayload({ jobs }), { tables: BY_SPARK }))).rejects.toMatchObject({
      name: 'OutputMissing',
      message: `summary is said to have 2 rows, but nothing is at ${SUMMARY}`,
    });
  });

  it('fails when the report says nothing about a table', async () => {
    s3.putJson('s3://sandbox/homes/runs/run-1/report-features-1/report.json', { tables: { features: { rows: 6 } } });
    await expect(stage(eventOf(etlPayload({ jobs }), { tables: BY_SPARK }))).rejects.toMatchObject({
      name: 'OutputMissing',
    });
  });

  it('counts in the files what Athena has unloaded, believes Spark’s report, and joins what ran side by side', async () => {
    const branches = [
      etlPayload({ jobs: { 'table-features': finished('athena') }, notices: ['a'] }),
      etlPayload({ jobs: { 'features-1-glue': jobs.features }, notices: ['a', 'b'] }),
    ];
    const tables = { features: 'table-features', summary: 'features-1-glue' };
    const payload = await stage(eventOf(etlPayload({ branches, notices: ['a'] }), { tables }));
    expect(payload.tables).toMatchObject({ features: { rows: 6 }, summary: { rows: 2 } });
    expect(payload).not.toHaveProperty('branches');
    expect(payload.notices).toEqual(['a', 'b']);
    expect(Object.keys(payload.jobs)).toEqual(['table-features', 'features-1-glue']);
  });

  it('finds the rows of the newest earlier day, not of the day itself', async () => {
    for (const [day, rows] of Object.entries({ '2020-01-31': 1, '2020-02-06': 2, '2020-02-07': 3, '2020-02-08': 4 }))
      s3.putJson(`s3://curated/homes/manifests/${day}.json`, { tables: { features: { rows } } });
    const payload = await stage(eventOf(etlPayload({ jobs }), { tables: BY_SPARK }));
    expect(payload.previousRows).toEqual({ features: 2 });
  });
});

describe('publish', () => {
  const tables = { features: { rows: 6, location: FEATURES }, summary: { rows: 2, location: SUMMARY } };
  const sources = { visits: { rows: 3, duplicates: 0, withoutKey: 0, afterRunDate: 0 } };

  it('points the published tables and writes the manifest last', async () => {
    const order: string[] = [];
    glue.on(BatchCreatePartitionCommand).callsFake(({ TableName }) => {
      order.push(TableName);
      expect(s3.objects.has('s3://curated/homes/manifests/2020-02-07.json')).toBe(false);
      return {};
    });
    const payload = await publish(eventOf(etlPayload({ tables, sources })));
    expect(order).toEqual(['homes_features', 'homes_summary']);
    expect(payload.manifest).toBe('s3://curated/homes/manifests/2020-02-07.json');
    expect(s3.json(payload.manifest ?? '')).toMatchObject({
      pipeline: 'homes',
      runDate: '2020-02-07',
      execution: 'run-1',
      sources,
      tables: {
        features: {
          rows: 6,
          location: FEATURES,
          columns: { member_id: 'varchar', views: 'bigint', seconds: 'double' },
          partitionBy: ['snapshot_date'],
        },
        summary: { rows: 2, location: SUMMARY, partitionBy: [] },
      },
    });
  });

  it('leaves the manifest of the day as it was when a table cannot be pointed', async () => {
    s3.putJson('s3://curated/homes/manifests/2020-02-07.json', { execution: 'earlier' });
    glue.on(BatchCreatePartitionCommand).rejects(new Error('denied'));
    await expect(publish(eventOf(etlPayload({ tables, sources })))).rejects.toThrow('denied');
    expect(s3.json('s3://curated/homes/manifests/2020-02-07.json')).toEqual({ execution: 'earlier' });
  });
});
