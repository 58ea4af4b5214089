import { stepError } from '#lambdas/shared/errors.ts';
import type { EtlPayload } from '#lambdas/shared/payload.ts';
import { queryRows } from '#lambdas/shared/query-results.ts';
import { step } from '#lambdas/shared/step.ts';
import { readValidation, SAMPLED_KEYS, type Validation } from '#lib/sql/validate-sql.ts';

/** Judges whether the tables are what the same queries give on Athena's engine. */
export const handler = step<EtlPayload, EtlPayload>(async (payload) => {
  const { jobs } = payload;
  if (!jobs.validate) throw new Error('The validation query has not run');
  const rows = await queryRows(jobs.validate.id);
  const results = rows.map((row) => [row.table_name ?? '', readValidation([row])] as const);
  const lines = results.flatMap(([table, found]) => differences(table, found));
  if (lines.length)
    throw stepError(
      'ValidationFailed',
      `The tables differ from the same queries on Athena, nothing was published:\n${lines.join('\n')}`,
    );
  const notices = results.map(
    ([table, { rowsInTable, sampledRows }]) =>
      `${table}: as on Athena, ${rowsInTable} rows in all and ${sampledRows} rows of ${SAMPLED_KEYS} keys compared one by one`,
  );
  return { ...payload, notices: [...payload.notices, ...notices] };
});

function differences(table: string, found: Validation): string[] {
  const { rowsInQuery, rowsInTable, sampledRows, onlyInQuery, onlyInTable, different } = found;
  const lines: string[] = [];
  if (rowsInQuery !== rowsInTable) lines.push(`${table} has ${rowsInTable} rows, Athena's query ${rowsInQuery}`);
  if (onlyInQuery || onlyInTable || different)
    lines.push(
      `${table}: of ${sampledRows} rows compared, ${onlyInQuery} only in Athena's query, ${onlyInTable} only in the table, ${different} values differ`,
    );
  return lines;
}
