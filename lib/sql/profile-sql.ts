import { rawTableName } from '#lib/names.ts';
import type { ColumnType, Pipeline, Source, SourceFormat } from '#lib/pipelines/pipeline.ts';
import { dateLiteral, literal } from './sql-text.ts';

export interface ProfileSettings {
  /** Format of each source in this environment; the definition's where it is not named. */
  formats?: Record<string, SourceFormat>;
  /** Catalogue name of each source; `rawTableName` where it is not named. */
  tableNames?: Record<string, string>;
}

/** What the profile says about one source. */
export interface SourceProfile {
  source: string;
  /** Rows with a key and a date, on or before the run date, before repeated keys (or rows) are reduced to one. */
  rows: number;
  /** How many of `rows` go because another row has their key, or of a `distinct` source the same in every column. */
  duplicates: number;
  /** Rows with an empty key column or no readable date; they are dropped, whatever their date. */
  withoutKey: number;
  /** Rows dated after the run date; they are not read. */
  afterRunDate: number;
  /** YYYY-MM-DD of the newest of `rows`; null without rows or without a date column. */
  newest: string | null;
  /** CSV values, anywhere in the file, that do not parse as the declared type, and one of them as `column=value`. */
  unreadable: number;
  unreadableExample: string | null;
  /** `oneOf` column → how many of `rows` have another value, and one of those values. Null is allowed. */
  unknown: Record<string, { count: number; example: string }>;
}

/**
 * One query over the raw tables, one row per source; read its answer with `readProfile`.
 *
 * It never fails on a bad value: bad values are what it counts. Columns: source, rows, duplicates, without_key,
 * after_run_date, newest, unreadable, unreadable_example, then unknown_<column> and example_<column> for every `oneOf`
 * column of any of the sources.
 */
export function profileQuery(pipeline: Pipeline, settings: ProfileSettings, runDate: string, sources: string[]) {
  const closed = [...new Set(sources.flatMap((name) => Object.keys(closedColumns(sourceOf(pipeline, name)))))];
  const parts = sources.map((name) => {
    const source = sourceOf(pipeline, name);
    const table = settings.tableNames?.[name] ?? rawTableName(pipeline.name, name);
    return sourceProfile(name, source, settings.formats?.[name] ?? source.format, table, runDate, closed);
  });
  if (!parts.length) throw new Error('a profile needs at least one source');
  return `${parts.join('\nUNION ALL\n')}\nORDER BY source ASC NULLS LAST`;
}

/** The rows of the answer, as text the way Athena gives them, to numbers. */
export function readProfile(rows: Record<string, string | null | undefined>[]): Record<string, SourceProfile> {
  const profiles = rows.map((row): SourceProfile => {
    const unknown: SourceProfile['unknown'] = {};
    for (const [name, value] of Object.entries(row))
      if (name.startsWith('unknown_') && Number(value))
        unknown[name.slice('unknown_'.length)] = {
          count: Number(value),
          example: row[`example_${name.slice('unknown_'.length)}`] ?? '',
        };
    return {
      source: row.source ?? '',
      rows: Number(row.rows),
      duplicates: Number(row.duplicates),
      withoutKey: Number(row.without_key),
      afterRunDate: Number(row.after_run_date),
      newest: row.newest || null,
      unreadable: Number(row.unreadable),
      unreadableExample: row.unreadable_example || null,
      unknown,
    };
  });
  return Object.fromEntries(profiles.map((profile) => [profile.source, profile]));
}

function sourceOf(pipeline: Pipeline, name: string): Source {
  const source = pipeline.sources[name];
  if (!source) throw new Error(`${pipeline.name} has no source ${name}`);
  return source;
}

const closedColumns = (source: Source): Record<string, (string | number)[]> =>
  Object.fromEntries(Object.entries(source.columns).flatMap(([name, { oneOf }]) => (oneOf ? [[name, oneOf]] : [])));

const allowedLiteral = (value: string | number) => (typeof value === 'number' ? String(value) : literal(value));

function sourceProfile(
  name: string,
  source: Source,
  format: SourceFormat,
  table: string,
  runDate: string,
  closed: string[],
) {
  const csv = format === 'csv';
  const oneOf = closedColumns(source);
  const same = source.distinct ? Object.keys(source.columns) : source.key; // what makes two rows one
  const used = [...new Set([...same, ...(source.date ? [source.date] : []), ...Object.keys(oneOf)])];
  const kind = (column: string): ColumnType => source.columns[column]?.type ?? 'varchar';
  const checked = csv ? Object.keys(source.columns).filter((column) => kind(column) !== 'varchar') : [];

  // Names of our own begin with __, which neither a declared one does nor _ before it.
  // Value by value: as its type, and as the text it is where it may not be one of its type.
  const values = [...new Set([...used, ...checked])].map((column) => (csv ? readable(column, kind(column)) : column));
  const texts = checked.map((column) => `NULLIF(${column}, '') AS _${column}`);
  const typed = `SELECT ${[...values, ...texts, '1 AS __row'].join(', ')} FROM ${table}`;

  // Row by row: which of the three kinds of row it is, then what is wrong in it.
  const missing = [...new Set([...source.key, ...(source.date ? [source.date] : [])])].map((column) =>
    kind(column) === 'varchar' ? `(${column} IS NULL OR ${column} = '')` : `${column} IS NULL`,
  );
  const state = [
    ...(missing.length ? [`WHEN ${missing.join(' OR ')} THEN 'without_key'`] : []),
    ...(source.date ? [`WHEN CAST(${source.date} AS date) > ${dateLiteral(runDate)} THEN 'after_run_date'`] : []),
  ];
  const stated = `SELECT *, ${state.length ? `CASE ${state.join(' ')} ELSE 'read' END` : "'read'"} AS __state FROM (${typed}) AS typed`;
  const isUnreadable = (column: string) => `_${column} IS NOT NULL AND ${column} IS NULL`;
  const batches = inBatches(checked);
  const wrong = [
    ...batches.map(
      (batch, i) =>
        `${batch.map((column) => `CASE WHEN ${isUnreadable(column)} THEN 1 ELSE 0 END`).join(' + ')} AS __unreadable_${i}`,
    ),
    ...batches.map(
      (batch, i) =>
        `CASE ${batch.map((column) => `WHEN ${isUnreadable(column)} THEN CONCAT(${literal(`${column}=`)}, _${column})`).join(' ')} END AS __example_${i}`,
    ),
    ...Object.entries(oneOf).map(([column, allowed]) => {
      const other = `__state = 'read' AND ${column} NOT IN (${allowed.map(allowedLiteral).join(', ')})`;
      return `CASE WHEN ${other} THEN CAST(${column} AS varchar) END AS __other_${column}`;
    }),
  ];
  const judged = `SELECT ${[...new Set([...same, ...(source.date ? [source.date] : [])]), '__state', ...wrong].join(', ')} FROM (${stated}) AS stated`;

  // Key by key, or row by row: how often it is there.
  const groups = ['__state', ...same].join(', ');
  const keyed = `SELECT ${[
    groups,
    'COUNT(*) AS __copies',
    `${source.date ? `MAX(CAST(${source.date} AS date))` : 'CAST(NULL AS date)'} AS __newest`,
    ...batches.flatMap((_, i) => [
      `SUM(__unreadable_${i}) AS __unreadable_${i}`,
      `MIN(__example_${i}) AS __example_${i}`,
    ]),
    ...Object.keys(oneOf).flatMap((column) => [
      `COUNT(__other_${column}) AS __others_${column}`,
      `MIN(__other_${column}) AS __other_${column}`,
    ]),
  ].join(', ')} FROM (${judged}) AS judged GROUP BY ${groups}`;

  const whole = (value: string) => `CAST(COALESCE(${value}, 0) AS bigint)`;
  const sum = (value: string, of = 'read') => whole(`SUM(CASE WHEN __state = '${of}' THEN ${value} END)`);
  const examples = batches.map((_, i) => `MIN(__example_${i})`);
  const columns = [
    `${literal(name)} AS source`,
    `${sum('__copies')} AS rows`,
    `${same.length ? sum('__copies - 1') : 'CAST(0 AS bigint)'} AS duplicates`,
    `${sum('__copies', 'without_key')} AS without_key`,
    `${sum('__copies', 'after_run_date')} AS after_run_date`,
    "CAST(MAX(CASE WHEN __state = 'read' THEN __newest END) AS varchar) AS newest",
    `${whole(batches.map((_, i) => `SUM(__unreadable_${i})`).join(' + ') || '0')} AS unreadable`,
    `COALESCE(${[...examples, 'NULL', 'CAST(NULL AS varchar)'].join(', ')}) AS unreadable_example`,
    ...closed.flatMap((column) =>
      oneOf[column]
        ? [`${whole(`SUM(__others_${column})`)} AS unknown_${column}`, `MIN(__other_${column}) AS example_${column}`]
        : [`CAST(NULL AS bigint) AS unknown_${column}`, `CAST(NULL AS varchar) AS example_${column}`],
    ),
  ];
  return `SELECT ${columns.join(',\n  ')}\nFROM (${keyed}) AS keyed`;
}

/** Columns that one expression may look at: Athena cannot compile an expression of a hundred and more. */
const inBatches = (columns: string[], size = 10): string[][] =>
  Array.from({ length: Math.ceil(columns.length / size) }, (_, i) => columns.slice(i * size, (i + 1) * size));

/** What text must look like to be of a type; text that fits is never refused by a cast. */
const SHAPES: Partial<Record<ColumnType, string>> = {
  bigint: '^[+-]?[0-9]{1,18}$',
  integer: '^[+-]?[0-9]{1,9}$',
  boolean: '^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$',
  date: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  timestamp: '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?$',
};

/** A CSV column as its type; null where a value does not parse. */
function readable(column: string, kind: ColumnType) {
  const text = `NULLIF(${column}, '')`;
  if (kind === 'varchar') return `${text} AS ${column}`;
  const shape = SHAPES[kind];
  const cast = (value: string) => `TRY_CAST(${value} AS ${kind})`;
  return `${shape ? `CASE WHEN REGEXP_LIKE(${column}, '${shape}') THEN ${cast(column)} END` : cast(text)} AS ${column}`;
}
