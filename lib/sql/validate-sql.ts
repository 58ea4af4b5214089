import { candidateTableName } from '#lib/names.ts';
import type { ColumnType, CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { dateLiteral, tableColumns, withRunDate } from './sql-text.ts';

/** How many values of the key's first column (members, users) are compared row by row. */
export const SAMPLED_KEYS = 20;

/** What the validation query says. A sound table has equal rows and three zeros. */
export interface Validation {
  rowsInQuery: number;
  rowsInTable: number;
  sampledRows: number;
  onlyInQuery: number;
  onlyInTable: number;
  /** Values that differ in rows that both have; doubles by more than one part in 10⁹. */
  different: number;
}

/**
 * Compares what another engine has written for a table with the same query on Athena: one row of rows_in_query,
 * rows_in_table, sampled_rows, only_in_query, only_in_table, different.
 *
 * All rows are counted; the rows of 20 keys are compared. The keys are taken from both sides, so that a row only one
 * side has can be among them, in the order of their hash: the same keys whenever it is asked.
 */
export function validateQuery(pipeline: CompiledPipeline, table: string, runDate: string): string {
  const definition = pipeline.tables[table];
  const query = pipeline.queries[table];
  const entity = definition?.key[0];
  if (!definition || !query || !entity) throw new Error(`${pipeline.name} has no table ${table}`);
  const columns = tableColumns(definition);
  const names = Object.keys(columns).join(', ');
  const key = definition.key;
  const others = Object.entries(columns).filter(([name]) => !key.includes(name));
  const onKey = key.map((name) => `made.${name} = expected.${name}`).join(' AND ');
  const differs = others.map(([name, type], i) => `${difference(name, type)} AS d${i}`);
  const differing = others.map((_, i) => `COALESCE(d${i}, 0)`).join(' + ') || '0';
  const sampled = `IN (SELECT chosen.${entity} FROM chosen)`;
  const hash = `TO_HEX(MD5(TO_UTF8(CAST(${entity} AS varchar))))`;
  return `WITH expected AS (
${withRunDate(query.athena, runDate)}
),
made AS (
  SELECT ${names} FROM ${candidateTableName(pipeline.name, table)} WHERE run_date = ${dateLiteral(runDate)}
),
entities AS (SELECT ${entity} FROM expected UNION SELECT ${entity} FROM made),
chosen AS (
  SELECT ${entity}
  FROM (SELECT ${entity}, ROW_NUMBER() OVER (ORDER BY ${hash} ASC NULLS LAST, ${entity} ASC NULLS LAST) AS place FROM entities) AS numbered
  WHERE place <= ${SAMPLED_KEYS}
),
-- One sum a column: all columns in one expression are more than Athena can compile.
compared AS (
  SELECT
    COUNT(*) AS sampled_rows,
    SUM(CASE WHEN made.${entity} IS NULL THEN 1 ELSE 0 END) AS only_in_query,
    SUM(CASE WHEN expected.${entity} IS NULL THEN 1 ELSE 0 END) AS only_in_table${differs.map((sum) => `,\n    ${sum}`).join('')}
  FROM (SELECT *, 1 AS in_query FROM expected WHERE ${entity} ${sampled}) AS expected
  FULL OUTER JOIN (SELECT *, 1 AS in_table FROM made WHERE ${entity} ${sampled}) AS made ON ${onKey}
)
SELECT
  (SELECT COUNT(*) FROM expected) AS rows_in_query,
  (SELECT COUNT(*) FROM made) AS rows_in_table,
  sampled_rows,
  COALESCE(only_in_query, 0) AS only_in_query,
  COALESCE(only_in_table, 0) AS only_in_table,
  ${differing} AS different
FROM compared`;
}

/** The row of the answer, as text the way Athena gives it. */
export function readValidation(rows: Record<string, string | null | undefined>[]): Validation {
  const row = rows[0] ?? {};
  return {
    rowsInQuery: Number(row.rows_in_query),
    rowsInTable: Number(row.rows_in_table),
    sampledRows: Number(row.sampled_rows),
    onlyInQuery: Number(row.only_in_query),
    onlyInTable: Number(row.only_in_table),
    different: Number(row.different),
  };
}

/**
 * In how many rows of both sides a column differs. Two nulls are equal; sums of doubles depend on the order of the rows
 * in the last digit.
 */
function difference(name: string, type: ColumnType): string {
  const [a, b] = [`expected.${name}`, `made.${name}`];
  const unequal =
    type === 'double'
      ? `ABS(${a} - ${b}) > 1E-9 * GREATEST(1E0, COALESCE(ABS(${a}), 0E0), COALESCE(ABS(${b}), 0E0))`
      : `${a} <> ${b}`;
  return `SUM(CASE WHEN expected.in_query = made.in_table AND (${unequal} OR (${a} IS NULL AND ${b} IS NOT NULL) OR (${a} IS NOT NULL AND ${b} IS NULL)) THEN 1 ELSE 0 END)`;
}
