import { candidateTableName } from '#lib/names.ts';
import type { Pipeline, QualityRule, Table } from '#lib/pipelines/pipeline.ts';
import { dateLiteral, doubleLiteral, literal } from './sql-text.ts';

/** What the quality query says about one rule. */
export interface RuleResult {
  rule: QualityRule;
  violations: number;
  /** Key of one violating row, `member_id=m1, snapshot_date=2020-02-07`. */
  example: string | null;
  /**
   * `between`: the extremes of the violating values. `uniqueKey`: `highest` is the most rows of one key.
   * `rowsAgainstPreviousRun`: `lowest` is the rows now, `highest` those of the previous run. Null otherwise.
   */
  lowest: number | null;
  highest: number | null;
}

/**
 * One query over the candidate partitions of a run, one row per rule about one of `tables`: rule (its index in
 * `pipeline.quality`), violations, example, lowest, highest. Undefined when no rule is about them.
 *
 * `previousRows`: rows of each table in the last published run; a table not in it has no previous run.
 */
export function qualityQuery(
  pipeline: Pipeline,
  tables: string[],
  runDate: string,
  previousRows: Record<string, number>,
): string | undefined {
  const parts = pipeline.quality.flatMap((rule, index) => {
    const table = pipeline.tables[rule.table];
    if (!table || !tables.includes(rule.table)) return [];
    const from = `${candidateTableName(pipeline.name, rule.table)} WHERE run_date = ${dateLiteral(runDate)}`;
    return [`SELECT CAST(${index} AS bigint) AS rule, ${check(rule, table, from, previousRows[rule.table])}`];
  });
  return parts.length ? `${parts.join('\nUNION ALL\n')}\nORDER BY rule ASC NULLS LAST` : undefined;
}

/** The rows of the answer, as text the way Athena gives them. */
export function readQuality(pipeline: Pipeline, rows: Record<string, string | null | undefined>[]): RuleResult[] {
  return rows.map((row) => {
    const rule = pipeline.quality[Number(row.rule)];
    if (!rule) throw new Error(`the quality query answered for rule ${row.rule}, which ${pipeline.name} does not have`);
    const number = (value: string | null | undefined) => (value == null || value === '' ? null : Number(value));
    return {
      rule,
      violations: Number(row.violations),
      example: row.example || null,
      lowest: number(row.lowest),
      highest: number(row.highest),
    };
  });
}

const NO_RANGE = 'CAST(NULL AS double) AS lowest, CAST(NULL AS double) AS highest';

function check(rule: QualityRule, table: Table, from: string, previous: number | undefined): string {
  switch (rule.rule) {
    case 'notNull':
      return `COUNT(*) AS violations, MIN(${keyText(table)}) AS example, ${NO_RANGE} FROM ${from} AND ${rule.column} IS NULL`;
    case 'between': {
      const value = `CAST(${rule.column} AS double)`;
      const range = `MIN(${value}) AS lowest, MAX(${value}) AS highest`;
      const outside = `NOT (${value} BETWEEN ${doubleLiteral(rule.min)} AND ${doubleLiteral(rule.max)})`;
      return `COUNT(*) AS violations, MIN(${keyText(table)}) AS example, ${range} FROM ${from} AND ${outside}`;
    }
    case 'uniqueKey': {
      const key = table.key.join(', ');
      const copies = `SELECT ${key}, COUNT(*) AS copies FROM ${from} GROUP BY ${key} HAVING COUNT(*) > 1`;
      const most = 'CAST(MIN(copies) AS double) AS lowest, CAST(MAX(copies) AS double) AS highest';
      return `COUNT(*) AS violations, MIN(${keyText(table)}) AS example, ${most} FROM (${copies}) AS repeated`;
    }
    case 'rowsAgainstPreviousRun': {
      const least = doubleLiteral((previous ?? 0) * rule.minRatio);
      const before = previous === undefined ? 'CAST(NULL AS double)' : doubleLiteral(previous);
      const few = `CASE WHEN CAST(COUNT(*) AS double) < ${least} THEN 1 ELSE 0 END`;
      return `CAST(${few} AS bigint) AS violations, CAST(NULL AS varchar) AS example, CAST(COUNT(*) AS double) AS lowest, ${before} AS highest FROM ${from}`;
    }
  }
}

const keyText = (table: Table) =>
  `CONCAT(${table.key
    .flatMap((name, i) => [
      literal(`${i ? ', ' : ''}${name}=`),
      `COALESCE(CAST(${name} AS varchar), ${literal('null')})`,
    ])
    .join(', ')})`;
