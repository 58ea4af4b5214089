import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { readDataFolder, type SourceFiles } from '#cli/data/folder.ts';
import { fieldsOf } from '#lib/csv.ts';
import { rawTableName } from '#lib/names.ts';
import type { ColumnType, Pipeline, Source, SourceFormat } from '#lib/pipelines/pipeline.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';
import type { Cell, TestTable } from './engines.ts';

const samples = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../sample-data');

/** More cells of a source than these take an engine too long to be told of. */
const CELLS = 15_000;

export interface Sample {
  /** By name in the catalogue. */
  tables: Record<string, TestTable>;
  /** The formats the files have. */
  formats: Record<string, SourceFormat>;
  /** YYYY-MM-DD: the newest day of the sources, or what `defaultRunDate` makes of it; without days a late one. */
  runDate: string;
}

/**
 * The raw tables of a pipeline with the rows of its sample data. Sources without any are made up in a few rows.
 *
 * Of large sources only the rows of some members, orders … are taken: of the same ones wherever a key begins with them.
 */
export async function sampleOf(pipeline: Pipeline): Promise<Sample> {
  const folder = path.join(samples, pipeline.name);
  const files = existsSync(folder) ? readDataFolder(folder, pipeline).sources : [];
  const sample: Sample = { tables: {}, formats: {}, runDate: '2026-12-31' };
  const shares: Record<string, number> = {};
  const entity = (source: Source) => source.key[0] ?? Object.keys(source.columns)[0] ?? '';
  for (const [name, source] of Object.entries(pipeline.sources)) {
    const types = columnTypes(source.columns);
    const there = files.find((file) => file.source === name);
    const format = there?.format ?? source.format;
    const rows = there ? await rowsOf(there, types) : source.optional ? [] : madeUp(source, format);
    const columns = format === 'csv' ? mapValues(types, (): ColumnType => 'varchar') : types;
    sample.formats[name] = format;
    sample.tables[rawTableName(pipeline.name, name)] = { columns, rows };
    const share = CELLS / (rows.length * Object.keys(types).length);
    shares[entity(source)] = Math.min(shares[entity(source)] ?? 1, share);
  }
  let newest = '';
  for (const [name, source] of Object.entries(pipeline.sources)) {
    const table = sample.tables[rawTableName(pipeline.name, name)];
    if (!table) continue;
    const names = Object.keys(source.columns);
    const [at, date] = [names.indexOf(entity(source)), source.date ? names.indexOf(source.date) : -1];
    for (const row of date < 0 ? [] : table.rows) {
      const day = String(row[date] ?? '').slice(0, 10);
      if (day > newest) newest = day;
    }
    table.rows = table.rows.filter((row) => chance(String(row[at])) < (shares[entity(source)] ?? 1));
  }
  if (newest) sample.runDate = pipeline.defaultRunDate === 'dayAfterNewest' ? daysAfter(newest, 1) : newest;
  return sample;
}

/** From 0 to 1, the same for the same text. */
const chance = (text: string) => createHash('md5').update(text).digest().readUInt32BE() / 2 ** 32;

export const daysAfter = (day: string, days: number) =>
  new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);

async function rowsOf({ files, format }: SourceFiles, types: Record<string, ColumnType>): Promise<Cell[][]> {
  const names = Object.keys(types);
  const rows: Cell[][] = [];
  for (const file of files) {
    if (format === 'csv') {
      const bytes = readFileSync(file);
      const [header = [], ...records] = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes)
        .toString()
        .replace(/^\uFEFF/, '')
        .split(/\r?\n/)
        .filter(Boolean)
        .map((line) => fieldsOf(line) ?? []);
      const at = names.map((name) => header.indexOf(name));
      for (const record of records) rows.push(at.map((i) => record[i] ?? ''));
    } else
      for (const row of await parquetReadObjects({ file: await asyncBufferFromFile(file), columns: names }))
        rows.push(Object.entries(types).map(([name, type]) => plain(row[name], type)));
  }
  return rows;
}

/** A value of a Parquet file as JSON holds it. */
function plain(value: unknown, type: ColumnType): Cell {
  if (value === null || value === undefined) return null;
  if (value instanceof Date)
    return type === 'date' ? value.toISOString().slice(0, 10) : value.toISOString().replace('T', ' ').slice(0, 23);
  return typeof value === 'bigint' ? Number(value) : (value as Cell);
}

/** Six rows: ordinary, repeated, empty. Columns of one name have the same values everywhere, so that joins find some. */
function madeUp(source: Source, format: SourceFormat): Cell[][] {
  return [1, 2, 3, 3, 4, null].map((n) =>
    Object.entries(source.columns).map(([name, { type, oneOf }]) => {
      const value = n === null ? null : oneOf ? (oneOf[n % oneOf.length] ?? null) : exampleOf(type, n);
      const empty = n === null && source.key.includes(name);
      if (format === 'csv') return value === null ? '' : String(value);
      return empty && type === 'varchar' ? '' : value;
    }),
  );
}

/** The n-th value of a type. */
export function exampleOf(type: ColumnType, n: number): Cell {
  const day = `2020-01-0${n}`;
  if (type === 'varchar') return `v${n}`;
  if (type === 'boolean') return n % 2 === 0;
  if (type === 'date') return day;
  if (type === 'timestamp') return `${day} 0${n}:30:00`;
  return type === 'double' ? n / 4 : n;
}

const mapValues = <T, U>(object: Record<string, T>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
