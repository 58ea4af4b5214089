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
  const whole = source.date && [...source.key, source.date];

  // Names of our own begin with _, which no declared one does.
  // Row by row: the values that decide, and which of the three kinds of row it is.
  const missing = [...new Set(whole ?? source.key)].map((column) =>
    kind(column) === 'varchar' ? `(raw.${column} IS NULL OR raw.${column} = '')` : `raw.${column} IS NULL`,
  );
  const state = [
    missing.length ? `WHEN ${missing.join(' OR ')} THEN 'without_key'` : '',
    source.date ? `WHEN CAST(raw.${source.date} AS date) > ${dateLiteral(runDate)} THEN 'after_run_date'` : '',
  ].filter(Boolean);
  const unreadable = checked.map((column) => `CASE WHEN ${isUnreadable(column, kind(column))} THEN 1 ELSE 0 END`);
  const example = checked.map(
    (column) => `WHEN ${isUnreadable(column, kind(column))} THEN CONCAT(${literal(`${column}=`)}, ${column})`,
  );
  const values = used.map((column) => `${csv ? readable(column, kind(column)) : column} AS ${column}`);
  const raw = `SELECT ${[
    ...values,
    `${unreadable.join(' + ') || '0'} AS _unreadable`,
    `${example.length ? `CASE ${example.join(' ')} END` : 'CAST(NULL AS varchar)'} AS _unreadable_example`,
  ].join(', ')} FROM ${table}`;
  const unknown = Object.entries(oneOf).flatMap(([column, allowed]) => {
    const other = `rows_of.${column} NOT IN (${allowed.map(allowedLiteral).join(', ')})`;
    return [
      `SUM(CASE WHEN ${other} THEN 1 ELSE 0 END) AS unknown_${column}`,
      `MIN(CASE WHEN ${other} THEN CAST(rows_of.${column} AS varchar) END) AS example_${column}`,
    ];
  });
  // Key by key, or row by row: how often it is there.
  const groups = ['rows_of._state', ...same.map((column) => `rows_of.${column}`)];
  const keyed = `SELECT ${[
    ...groups,
    'COUNT(*) AS _copies',
    source.date ? `MAX(CAST(rows_of.${source.date} AS date)) AS _newest` : 'CAST(NULL AS date) AS _newest',
    'SUM(rows_of._unreadable) AS _unreadable',
    'MIN(rows_of._unreadable_example) AS _unreadable_example',
    ...unknown,
  ].join(
    ', ',
  )} FROM (SELECT raw.*, ${state.length ? `CASE ${state.join(' ')} ELSE 'read' END` : "'read'"} AS _state FROM (${raw}) AS raw) AS rows_of GROUP BY ${groups.join(', ')}`;

  const sum = (value: string, of = 'read') =>
    `CAST(COALESCE(SUM(CASE WHEN keyed._state = '${of}' THEN ${value} END), 0) AS bigint)`;
  const columns = [
    `${literal(name)} AS source`,
    `${sum('keyed._copies')} AS rows`,
    `${same.length ? sum('keyed._copies - 1') : 'CAST(0 AS bigint)'} AS duplicates`,
    `${sum('keyed._copies', 'without_key')} AS without_key`,
    `${sum('keyed._copies', 'after_run_date')} AS after_run_date`,
    `CAST(MAX(CASE WHEN keyed._state = 'read' THEN keyed._newest END) AS varchar) AS newest`,
    'CAST(COALESCE(SUM(keyed._unreadable), 0) AS bigint) AS unreadable',
    'MIN(keyed._unreadable_example) AS unreadable_example',
    ...closed.flatMap((column) =>
      oneOf[column]
        ? [
            `${sum(`keyed.unknown_${column}`)} AS unknown_${column}`,
            `MIN(CASE WHEN keyed._state = 'read' THEN keyed.example_${column} END) AS example_${column}`,
          ]
        : [`CAST(NULL AS bigint) AS unknown_${column}`, `CAST(NULL AS varchar) AS example_${column}`],
    ),
  ];
  return `SELECT ${columns.join(',\n  ')}\nFROM (${keyed}) AS keyed`;
}

/** What text must look like to be of a type; text that fits is never refused by a cast. */
const SHAPES: Partial<Record<ColumnType, string>> = {
  bigint: '^[+-]?[0-9]{1,18}$',
  integer: '^[+-]?[0-9]{1,9}$',
  boolean: '^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$',
  date: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  timestamp: '^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?$',
};

/** Types that every text of their shape can be cast to; there is a 30th of February. */
const ALWAYS_CAST: ColumnType[] = ['bigint', 'integer', 'boolean'];

/** A CSV value as its type; null where it does not parse. */
function readable(column: string, kind: ColumnType) {
  if (kind === 'varchar') return `NULLIF(${column}, '')`;
  const shape = SHAPES[kind];
  const cast = `TRY_CAST(NULLIF(${column}, '') AS ${kind})`;
  return shape ? `CASE WHEN REGEXP_LIKE(${column}, '${shape}') THEN ${cast} END` : cast;
}

/** As short as it can be: Athena takes at most 262,144 bytes, which two sources of 160 columns were above. */
const isUnreadable = (column: string, kind: ColumnType) =>
  ALWAYS_CAST.includes(kind)
    ? `${column} <> '' AND NOT REGEXP_LIKE(${column}, '${SHAPES[kind]}')`
    : `NULLIF(${column}, '') IS NOT NULL AND ${readable(column, kind)} IS NULL`;
