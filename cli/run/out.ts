import { spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline as pump } from 'node:stream/promises';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import type { Context } from '#cli/context.ts';
import type { RunJson } from '#cli/run/run-json.ts';
import { Problem } from '#cli/setup/problem.mjs';
import { venvPython } from '#cli/setup/python.mjs';
import { root } from '#cli/setup.mjs';
import type { Target } from '#cli/target.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';
import { TRAINING_RECORD } from '#lib/names.ts';
import type { Column, Pipeline } from '#lib/pipelines/pipeline.ts';
import { recordColumns } from '#lib/sql/training-record-sql.ts';

interface Export {
  files: string;
  to: string;
  columns: Record<string, string>;
  partitions?: Record<string, string>;
  constants?: Record<string, [type: string, value: string]>;
  orderBy?: string[];
}

/** Refuses an output folder that is in use, before anything is run; makes it otherwise. Wrong usage: exit code 2. */
export function checkOutFolder(folder: string): void {
  try {
    if (existsSync(folder) && !statSync(folder).isDirectory())
      throw new Problem(`--out ${folder}: it is a file; name a new or empty folder`, 2);
    mkdirSync(folder, { recursive: true });
    if (readdirSync(folder).length)
      throw new Problem(`--out ${folder}: it is not empty; name a new or empty folder, nothing is overwritten`, 2);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(`--out ${folder}: it cannot be made or read (${(error as NodeJS.ErrnoException).code})`, 2);
  }
}

export function writeRunJson(folder: string, run: RunJson): void {
  writeFileSync(join(folder, 'run.json'), `${JSON.stringify(run, null, 2)}\n`);
}

/**
 * The tables of a green ETL, and the record of a model that was trained, as `tables/<table>.parquet`, the predictions of a green ML as `predictions.csv`, and the
 * files of outputs under their own names.
 *
 * The part files of the run are copied from S3 and written as one typed file each by DuckDB (export.py). An UNLOAD
 * through Athena would give part files again, and its query results are untyped CSV.
 */
export async function writeTables(
  context: Context,
  target: Target,
  pipeline: Pipeline,
  folder: string,
  results: { etl?: EtlResult; ml?: MlResult },
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'presage-out-'));
  context.defer(() => rmSync(work, { recursive: true, force: true }));
  const exports: Export[] = [];
  for (const [name, table] of Object.entries(pipeline.tables)) {
    const location = results.etl?.tables[name]?.location;
    if (!results.etl || !location) continue;
    exports.push({
      files: await download(target, location, join(work, name)),
      to: join(folder, 'tables', `${name}.parquet`),
      columns: types(table.columns),
      partitions: Object.fromEntries(
        table.partitionBy.map((column) => [column, table.partitionTypes[column]?.type ?? 'varchar']),
      ),
      constants: { run_date: ['date', results.etl.run.runDate] },
    });
  }
  const record = results.ml?.jobs['training-record'];
  if (results.ml && record && pipeline.model) {
    const { runDate, execution } = results.ml.run;
    const table = `s3://${target.lake.curatedBucket}/${pipeline.name}/${TRAINING_RECORD}/`;
    const location = `${table}run_date=${runDate}/run=${execution}/attempt=${record.attempts}/`;
    exports.push({
      files: await download(target, location, join(work, TRAINING_RECORD)),
      to: join(folder, 'tables', `${TRAINING_RECORD}.parquet`),
      columns: recordColumns(pipeline.model),
      constants: { run_date: ['date', runDate] },
    });
  }
  if (results.ml?.predictions && pipeline.predictions)
    exports.push({
      files: await download(target, results.ml.predictions.location, join(work, 'predictions')),
      to: join(folder, 'predictions.csv'),
      columns: types(pipeline.predictions.columns),
      orderBy: pipeline.predictions.key,
    });
  for (const outputs of [results.etl?.outputs, results.ml?.outputs])
    for (const uri of Object.values(outputs ?? {}).flat()) await copy(target, uri, folder);
  if (results.etl || record) mkdirSync(join(folder, 'tables'), { recursive: true });
  await runExport(context, { temporary: join(work, 'spill'), exports });
}

const types = (columns: Record<string, Column>) =>
  Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type]));

/** Copies the objects below an `s3://…/` location and keeps the folders below it, which name partitions. */
async function download(target: Target, location: string, to: string): Promise<string> {
  const { hostname: Bucket, pathname } = new URL(location);
  const Prefix = decodeURIComponent(pathname.slice(1)).replace(/\/?$/, '/');
  const s3 = new S3Client(target.client);
  mkdirSync(to, { recursive: true });
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix }))
    for (const { Key = '', Size } of page.Contents ?? []) {
      const path = Key.slice(Prefix.length);
      if (!Size || path.split('/').some((part) => /^[._]/.test(part))) continue; // markers such as _SUCCESS
      const file = join(to, path);
      mkdirSync(dirname(file), { recursive: true });
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      await pump(Body as Readable, createWriteStream(file));
    }
  return to;
}

/** One object into a folder, under its own name. */
async function copy(target: Target, uri: string, folder: string): Promise<void> {
  // No URL: names of files may hold percent signs of their own.
  const [, Bucket, Key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  const { Body } = await new S3Client(target.client).send(new GetObjectCommand({ Bucket, Key }));
  await pump(Body as Readable, createWriteStream(join(folder, basename(Key))));
}

async function runExport(context: Context, request: { temporary: string; exports: Export[] }): Promise<void> {
  const child = spawn(venvPython(root), [join(root, 'cli/run/export.py')], {
    stdio: ['pipe', 'ignore', 'pipe'],
    signal: context.signal,
  });
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  child.stdin.on('error', () => {}); // it ended before it read everything: the exit code tells
  child.stdin.end(JSON.stringify(request));
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve(status ?? 1));
  });
  if (code === 0) return;
  const said = errors.trim().split('\n');
  throw new Problem(`The tables could not be written to --out: ${said.at(said[0]?.startsWith('Traceback') ? -1 : 0)}`);
}
