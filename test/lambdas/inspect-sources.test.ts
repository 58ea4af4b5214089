import { gzipSync } from 'node:zlib';
import { GetPartitionsCommand, GetTableCommand, GlueClient, UpdateTableCommand } from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler } from '#lambdas/inspect-sources/handler.ts';
import type { Inspection } from '#lambdas/shared/documents.ts';
import { query, withDefinition } from '#test/lambdas/support/changed-definition.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { days, parquetOf, visits } from '#test/lambdas/support/parquet.ts';
import { etlPayload, eventOf } from '#test/lambdas/support/world.ts';

const VISITS = 's3://raw/homes/visits/2020.parquet';
const SURVEY = 's3://raw/homes/survey/survey.csv';
const HEAD = 'member_id,survey_date,stage';

describe('inspect-sources', () => {
  let s3: ReturnType<typeof fakeS3>;
  let glue: ReturnType<typeof mockClient>;

  beforeEach(() => {
    s3 = fakeS3();
    s3.put(VISITS, visits());
    s3.put(SURVEY, `${HEAD}\nm1,2020-02-01,Dreamer\n`);
    glue = mockClient(GlueClient);
    const Columns = HEAD.split(',').map((Name) => ({ Name, Type: 'string' }));
    glue.on(GetTableCommand).resolves({
      Table: { Name: 'homes_raw_survey', Parameters: { a: 'b' }, StorageDescriptor: { Location: 'here', Columns } },
    });
    glue.on(UpdateTableCommand).resolves({});
  });

  async function inspect() {
    const payload = await handler(eventOf(etlPayload()));
    const { problems } = s3.json<Inspection>('s3://sandbox/homes/runs/run-1/inspection.json');
    return { payload, problems: problems.map(({ message }) => message) };
  }

  it('finds sound sources, counts their rows and leaves the catalogue alone', async () => {
    const { payload, problems } = await inspect();
    expect(problems).toEqual([]);
    expect(payload.inspection).toEqual({
      uri: 's3://sandbox/homes/runs/run-1/inspection.json',
      sound: ['visits', 'survey'],
      broken: [],
    });
    expect(payload.notices).toEqual(['requests is not there; it is optional']);
    expect(glue.commandCalls(UpdateTableCommand)).toHaveLength(0);
  });

  describe('for queries that read earlier predictions', () => {
    withDefinition({ queries: { features: query('SELECT 1', { predictions: true }) } });

    it('writes down where the catalogue has them, page by page', async () => {
      const page = (day: string) => ({
        Partitions: [{ Values: [day], StorageDescriptor: { Location: `s3://p/${day}/` } }],
      });
      glue.on(GetPartitionsCommand).resolves(page('2020-02-01'));
      glue.on(GetPartitionsCommand, { NextToken: undefined }).resolves({ ...page('2020-01-25'), NextToken: 'more' });
      await inspect();
      expect(s3.json<Inspection>('s3://sandbox/homes/runs/run-1/inspection.json').predictions).toEqual([
        { runDate: '2020-01-25', location: 's3://p/2020-01-25/' },
        { runDate: '2020-02-01', location: 's3://p/2020-02-01/' },
      ]);
    });
  });

  it('says that a source is missing, and where it was looked for', async () => {
    s3.objects.delete(VISITS);
    const { payload, problems } = await inspect();
    expect(problems).toEqual(['visits: is missing: no parquet file at s3://raw/homes/visits/']);
    expect(payload.inspection?.sound).toEqual(['survey']);
  });

  it('takes empty objects and hidden names for no data', async () => {
    s3.objects.delete(SURVEY);
    s3.put('s3://raw/homes/survey/_SUCCESS', 'x');
    s3.put('s3://raw/homes/survey/.crc.csv', 'x');
    s3.put('s3://raw/homes/survey/empty.csv', '');
    expect((await inspect()).problems).toEqual(['survey: is missing: no csv file at s3://raw/homes/survey/']);
  });

  it('says that a source with a header only, or a Parquet file without rows, is empty', async () => {
    s3.put(SURVEY, `${HEAD}\n`);
    s3.put(VISITS, visits(0));
    expect((await inspect()).problems).toEqual([
      'visits: is empty: 1 file(s) at s3://raw/homes/visits/ without a row',
      'survey: is empty: 1 file(s) at s3://raw/homes/survey/ without a row',
    ]);
  });

  it('tells a missing column and a wrong type once, however many files have them', async () => {
    const wrong = parquetOf({
      member_id: ['STRING', ['m1']],
      snapshot_date: ['STRING', ['2020-02-06']],
      seconds: ['FLOAT', [1.5]],
    });
    for (const name of ['a', 'b', 'c']) s3.put(`s3://raw/homes/visits/${name}.parquet`, wrong);
    expect((await inspect()).problems).toEqual([
      'visits: column views is missing (a.parquet and 2 more)',
      'visits: column snapshot_date is text, declared is date (a.parquet and 2 more)',
    ]);
  });

  it('names the columns that nobody declared beside one that is missing: it may have been renamed', async () => {
    s3.put(SURVEY, 'member_id,survey_date,phase\nm1,2020-02-01,Dreamer\n');
    expect((await inspect()).problems).toEqual([
      'survey: column stage is missing; not declared, but there: phase (survey.csv)',
    ]);
  });

  it('allows smaller integers as bigint and float as double', async () => {
    s3.put(
      VISITS,
      parquetOf({
        member_id: ['STRING', ['m1']],
        snapshot_date: ['DATE', days('2020-02-06')],
        views: ['INT32', [1]],
        seconds: ['FLOAT', [1.5]],
        extra: ['BOOLEAN', [true]],
      }),
    );
    expect((await inspect()).problems).toEqual([]);
  });

  it('refuses doubles as bigint and timestamps as date', async () => {
    s3.put(
      VISITS,
      parquetOf({
        member_id: ['STRING', ['m1']],
        snapshot_date: ['TIMESTAMP', days('2020-02-06')],
        views: ['DOUBLE', [1]],
        seconds: ['DOUBLE', [1.5]],
      }),
    );
    expect((await inspect()).problems).toEqual([
      'visits: column snapshot_date is timestamp, declared is date (2020.parquet)',
      'visits: column views is double, declared is bigint (2020.parquet)',
    ]);
  });

  it('says that a file is unreadable when its footer is none', async () => {
    s3.put('s3://raw/homes/visits/torn.parquet', visits().slice(0, 200));
    expect((await inspect()).problems).toEqual([
      'visits: is unreadable: parquet file invalid (footer != PAR1) (torn.parquet)',
    ]);
  });

  it('reads CSV that is zipped, and says when it is not really', async () => {
    s3.objects.delete(SURVEY);
    s3.put('s3://raw/homes/survey/a.csv.gz', gzipSync(`${HEAD}\nm1,2020-02-01,Dreamer\n`));
    expect((await inspect()).problems).toEqual([]);
    s3.put('s3://raw/homes/survey/b.csv.gz', 'not zipped');
    expect((await inspect()).problems).toEqual(['survey: is unreadable: incorrect header check (b.csv.gz)']);
  });

  it('refuses a file whose name says another format', async () => {
    s3.put('s3://raw/homes/survey/survey.parquet', visits());
    expect((await inspect()).problems).toEqual(['survey: is no csv file by its name (survey.parquet)']);
  });

  it('gives the raw table the columns of the files in their order, and says so', async () => {
    s3.put(SURVEY, 'survey_date,More,member_id,stage\n2020-02-01,x,m1,Dreamer\n');
    const { payload, problems } = await inspect();
    expect(problems).toEqual([]);
    expect(payload.notices).toEqual([
      'survey: column(s) more are not declared and ignored',
      "survey: the catalogue's columns were put into the order of the files",
      'requests is not there; it is optional',
    ]);
    const [update] = glue.commandCalls(UpdateTableCommand);
    expect(update?.args[0].input).toMatchObject({
      TableInput: {
        Name: 'homes_raw_survey',
        Parameters: { a: 'b' },
        StorageDescriptor: {
          Location: 'here',
          Columns: ['survey_date', 'more', 'member_id', 'stage'].map((Name) => ({ Name, Type: 'string' })),
        },
      },
    });
  });

  it('refuses files of one source with different headers', async () => {
    s3.put('s3://raw/homes/survey/zoo.csv', 'member_id,stage,survey_date\nm1,Dreamer,2020-02-01\n');
    expect((await inspect()).problems).toEqual([
      'survey: has another header than survey.csv, and all files of a source need the same (zoo.csv)',
    ]);
    expect(glue.commandCalls(UpdateTableCommand)).toHaveLength(0);
  });

  it('leaves a service that does not answer to the retry of the state machine', async () => {
    s3.mock.rejects(Object.assign(new Error('slow down'), { name: 'SlowDown', $metadata: {} }));
    await expect(handler(eventOf(etlPayload()))).rejects.toMatchObject({ name: 'SlowDown' });
  });
});
