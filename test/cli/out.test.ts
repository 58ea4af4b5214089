import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { asyncBufferFromFile, parquetMetadata, parquetReadObjects } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { writeTables } from '#cli/run/out.ts';
import type { Target } from '#cli/target.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';
import { environments } from '#lib/environments.ts';
import { lakeNames } from '#lib/names.ts';
import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';

/** `--out` against an S3 of a few objects, with the real DuckDB. */
const s3 = mockClient(S3Client);
const target: Target = {
  environment: environments.local,
  account: '000000000000',
  lake: lakeNames(environments.local, '000000000000'),
  client: { region: 'eu-west-1' },
  pollMs: 1,
};
const definition = {
  name: 'stages',
  asks: 'What is next for each member?',
  engine: 'athena',
  schedule: { at: '10:00', dueBy: '12:00' },
  sources: { visits: { format: 'csv', key: ['id'], columns: { id: 'varchar' } } },
  tables: {
    features: {
      zone: 'curated',
      key: ['id', 'snapshot_date'],
      columns: { id: 'varchar', visits: 'bigint' },
      partitionBy: ['snapshot_date'],
      partitionTypes: { snapshot_date: 'date' },
    },
  },
  quality: [],
  model: {
    kind: 'automl',
    problem: 'binary',
    objective: 'AUC',
    label: 'next',
    classes: ['0', '1'],
    positive: '1',
    features: ['visits'],
    trainingKey: ['id'],
    entity: ['id'],
    trainEveryDays: 30,
  },
  predictions: { key: ['id'], columns: { id: 'varchar', next: 'varchar', probability: 'double' } },
} satisfies PipelineInput;
const pipeline = definePipeline(definition);

let folder: string;
let cleanups: (() => unknown)[];
const context = {
  signal: new AbortController().signal,
  abort: () => {},
  defer: (cleanup: () => unknown) => void cleanups.push(cleanup),
};

const parquet = (columnData: ColumnSource[]) => Buffer.from(parquetWriteBuffer({ columnData }));
const ids = (...data: (string | null)[]): ColumnSource => ({ name: 'id', data, type: 'STRING' });
const numbers = (name: string, ...data: bigint[]): ColumnSource => ({ name, data, type: 'INT64' });

function objects(bucket: Record<string, Buffer>) {
  s3.on(ListObjectsV2Command).callsFake(({ Prefix }) => ({
    Contents: Object.entries(bucket).flatMap(([Key, { length }]) =>
      Key.startsWith(Prefix) ? [{ Key, Size: length }] : [],
    ),
  }));
  s3.on(GetObjectCommand).callsFake(({ Key }) => ({ Body: Readable.from([bucket[Key]]) }));
}

const etl = {
  run: { runDate: '2026-01-03' },
  tables: { features: { rows: 3, location: 's3://curated/features/run=1/' } },
} as unknown as EtlResult;
const ml = { predictions: { location: 's3://sandbox/predictions/run=1' }, jobs: {} } as unknown as MlResult;

beforeEach(() => {
  s3.reset();
  folder = mkdtempSync(join(tmpdir(), 'presage-out-test-'));
  cleanups = [];
});
afterEach(() => {
  for (const cleanup of cleanups) cleanup();
  rmSync(folder, { recursive: true, force: true });
});

async function table() {
  const file = await asyncBufferFromFile(join(folder, 'tables/features.parquet'));
  const types = parquetMetadata(await file.slice(0)).schema.slice(1);
  const columns = types.map(({ name, type, converted_type }) => `${name} ${converted_type ?? type}`);
  return { columns, rows: await parquetReadObjects({ file }) };
}

describe('--out', () => {
  it('makes one typed file of a table’s parts: its columns, its partition column and the run date, nothing else', async () => {
    objects({
      'features/run=1/snapshot_date=2026-01-01/part-0.parquet': parquet([
        numbers('visits', 1n),
        ids('a'),
        numbers('more', 9n),
      ]),
      'features/run=1/snapshot_date=2026-01-02/part-0.parquet': parquet([numbers('visits', 2n, 3n), ids('a', null)]),
      'features/run=1/_SUCCESS': Buffer.from('x'),
      'features/run=10/snapshot_date=2026-01-02/part-0.parquet': parquet([ids('of another run')]),
    });
    await writeTables(context, target, pipeline, folder, { etl });
    const { columns, rows } = await table();
    expect(columns).toEqual(['id UTF8', 'visits INT_64', 'snapshot_date DATE', 'run_date DATE']);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toEqual({
      id: 'a',
      visits: 1n,
      snapshot_date: new Date('2026-01-01'),
      run_date: new Date('2026-01-03'),
    });
    expect(readdirSync(folder)).toEqual(['tables']);
  });

  it('writes predictions as CSV in the order of their key, with quotes only where they are needed', async () => {
    objects({
      'predictions/run=1/b': parquet([
        ids('z', 'a,"b"'),
        { name: 'next', data: ['1', null], type: 'STRING' },
        { name: 'probability', data: [0.25, 1], type: 'DOUBLE' },
      ]),
      'predictions/run=1/c': parquet([
        ids('b'),
        { name: 'next', data: ['0'], type: 'STRING' },
        { name: 'probability', data: [0.5], type: 'DOUBLE' },
      ]),
    });
    await writeTables(context, target, pipeline, folder, { ml });
    expect(readFileSync(join(folder, 'predictions.csv'), 'utf8')).toBe(
      'id,next,probability\n"a,""b""",,1.0\nb,0,0.5\nz,1,0.25\n',
    );
  });

  it('has the files of outputs under their own names, byte for byte', async () => {
    objects({ 'o/run=1/C%C3%B4te%20d_data.json': Buffer.from('{}'), 'o/run=1/rates.csv.gz': Buffer.from([1, 2]) });
    const outputs = { data: ['s3://sandbox/o/run=1/C%C3%B4te%20d_data.json'] };
    const rates = { rates: ['s3://sandbox/o/run=1/rates.csv.gz'] };
    await writeTables(context, target, pipeline, folder, {
      etl: { ...etl, tables: {}, outputs },
      ml: { ...ml, predictions: null, jobs: {}, outputs: rates },
    });
    expect(readdirSync(folder).sort()).toEqual(['C%C3%B4te%20d_data.json', 'rates.csv.gz', 'tables']);
    expect([...readFileSync(join(folder, 'rates.csv.gz'))]).toEqual([1, 2]);
  });

  it('has no predictions of a run that only trained, but the record of its model', async () => {
    objects({
      'stages/model_training_metadata/run_date=2026-01-03/run=e/attempt=1/part': parquet([
        { name: 'training_date', data: [new Date('2026-01-03')], type: 'TIMESTAMP' },
        { name: 'model', data: ['m1'], type: 'STRING' },
        { name: 'model_artifact', data: ['s3://m/'], type: 'STRING' },
        { name: 'roc_auc', data: [0.9], type: 'DOUBLE' },
      ]),
    });
    const run = { runDate: '2026-01-03', execution: 'e' };
    const jobs = { 'training-record': { attempts: 1 } };
    const recording = definePipeline({ ...definition, model: { ...definition.model, record: ['roc_auc'] } });
    const trained = { run, jobs, predictions: null, outputs: {} } as unknown as MlResult;
    await writeTables(context, target, recording, folder, { ml: trained });
    expect(readdirSync(folder)).toEqual(['tables']);
    const file = await asyncBufferFromFile(join(folder, 'tables/model_training_metadata.parquet'));
    expect(await parquetReadObjects({ file })).toEqual([
      {
        training_date: new Date('2026-01-03'),
        model: 'm1',
        model_artifact: 's3://m/',
        roc_auc: 0.9,
        run_date: new Date('2026-01-03'),
      },
    ]);
  });

  it('makes an empty file of a table without rows', async () => {
    objects({});
    await writeTables(context, target, pipeline, folder, { etl });
    expect(await table()).toMatchObject({ rows: [], columns: { length: 4 } });
  });

  it('says which column is missing in a table', async () => {
    objects({ 'features/run=1/snapshot_date=2026-01-01/part-0.parquet': parquet([ids('a')]) });
    await expect(writeTables(context, target, pipeline, folder, { etl })).rejects.toThrow(/--out.*visits/s);
  });

  it('leaves nothing in the temporary folder', async () => {
    const temporary = join(folder, 'tmp');
    mkdirSync(temporary);
    vi.stubEnv('TMPDIR', temporary);
    objects({});
    await writeTables(context, target, pipeline, folder, { etl });
    for (const cleanup of cleanups) cleanup();
    vi.unstubAllEnvs();
    expect(readdirSync(temporary)).toEqual([]);
  });
});
