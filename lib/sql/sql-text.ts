import type { Column, ColumnType, Pipeline, Table } from '#lib/pipelines/pipeline.ts';

/** A piece of text as an SQL literal. The one place where text from outside becomes SQL. */
export function literal(value: string): string {
  if (value.includes('\0')) throw new Error('a text in SQL may not hold the character NUL');
  return `'${value.replaceAll("'", "''")}'`;
}

/** `2020-02-07` → `DATE '2020-02-07'`; refuses anything else. */
export function dateLiteral(day: string): string {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) throw new Error(`'${day}' is no date of the form YYYY-MM-DD`);
  return `DATE ${literal(day)}`;
}

/** A number as a double: `1.5` alone would be a decimal. */
export function doubleLiteral(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`${value} cannot be written in SQL`);
  const text = value.toExponential().replace('e+', 'E').replace('e-', 'E-');
  return value < 0 ? `(${text})` : text;
}

/** A compiled text with the run date in the place of its parameter. */
export const withRunDate = (sql: string, runDate: string) => sql.replace(/:run_date\b/g, dateLiteral(runDate));

/**
 * Any text as an SQL expression that Athena and Spark read alike, whatever is in it.
 *
 * Spark takes a backslash for an escape, two quotes in a row for nothing at all and `${…}` for a variable, and a text
 * that holds `:run_date` would be taken for the parameter: those characters are given by number.
 */
export function textExpression(value: string): string {
  const parts = value.split(/(['\\$:])/);
  if (parts.length === 1) return literal(value);
  return `CONCAT(${parts.map((part, i) => (i % 2 ? `CHR(${part.charCodeAt(0)})` : literal(part))).join(', ')})`;
}

/** A query as its author wrote it, with the definition's constants in their places. */
export function withConstants(sql: string, { constants = {} }: Pick<Pipeline, 'constants'>) {
  const names = Object.keys(constants);
  if (!names.length) return sql;
  return sql.replace(new RegExp(`:(${names.join('|')})\\b`, 'g'), (_, name: string) => literal(constants[name] ?? ''));
}

/** A compiled text with the run's values of the pipeline's own parameters in their places; '' for one not given. */
export function withParameters(
  sql: string,
  pipeline: Pick<Pipeline, 'parameters'>,
  given: Record<string, string> = {},
) {
  const names = Object.keys(pipeline.parameters);
  if (!names.length) return sql;
  return sql.replace(new RegExp(`:(${names.join('|')})\\b`, 'g'), (_, name: string) =>
    textExpression(Object.hasOwn(given, name) ? (given[name] ?? '') : ''),
  );
}

/** Name → type, without what else a definition says about a column. */
export const columnTypes = (columns: Record<string, Column>): Record<string, ColumnType> =>
  Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.type]));

/** The columns of a table's query: the declared ones in order, then the partition columns. */
export const tableColumns = (table: Table): Record<string, ColumnType> => ({
  ...columnTypes(table.columns),
  ...columnTypes(
    Object.fromEntries(table.partitionBy.map((name) => [name, table.partitionTypes[name] ?? { type: 'varchar' }])),
  ),
});
