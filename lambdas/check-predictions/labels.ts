import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetQueryExecutionCommand, StartQueryExecutionCommand } from '@aws-sdk/client-athena';
import { athena } from '#lambdas/shared/clients/athena.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import type { Run } from '#lambdas/shared/payload.ts';
import { queryRows } from '#lambdas/shared/query-results.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { scoredRelation } from '#lib/sql/scored-sql.ts';

const AT_MOST_MS = 240_000;

/** Rows and missing probabilities per predicted label of an inference; the label of a row without an answer is empty. */
export interface LabelCount {
  label: string;
  rows: number;
  withoutProbability: number;
}

/** What the answers of a classification were. */
export async function countLabels(run: Run, model: string): Promise<LabelCount[]> {
  const scored = scoredRelation(getPipeline(), 'inference', { execution: run.execution, scored: model });
  const rows = await ask(
    run,
    `labels/${model}`,
    `SELECT predicted_label AS label, COUNT(*) AS rows, COUNT(*) - COUNT(probability) AS without_probability FROM (${scored}) AS scored GROUP BY predicted_label`,
  );
  return rows.map((row) => ({
    label: row.label ?? '',
    rows: Number(row.rows),
    withoutProbability: Number(row.without_probability),
  }));
}

/** How many answers of a regression are no finite number: nothing, NaN or infinite. */
export async function countNoNumbers(run: Run, model: string): Promise<number> {
  const scored = scoredRelation(getPipeline(), 'inference', { execution: run.execution, scored: model });
  const [row] = await ask(
    run,
    `numbers/${model}`,
    `SELECT COUNT(*) - COUNT(CASE WHEN ABS(predicted_value) < 1E308 THEN 1 END) AS no_numbers FROM (${scored}) AS scored`,
  );
  return Number(row?.no_numbers ?? 0);
}

/** Asked and waited for in one go: one short column of text and a handful of rows, not worth a loop of its own. */
async function ask(run: Run, what: string, sql: string) {
  const { database, workgroup, poll } = getSettings();
  const { QueryExecutionId: id = '' } = await athena.send(
    new StartQueryExecutionCommand({
      QueryString: sql,
      ClientRequestToken: createHash('sha256').update(`${run.executionArn}/${what}`).digest('hex'),
      QueryExecutionContext: { Database: database },
      WorkGroup: workgroup,
    }),
  );
  const end = Date.now() + AT_MOST_MS;
  for (let wait = 0.2; Date.now() < end; wait = Math.min(poll.capSeconds, 5, wait * 1.5)) {
    const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    const { State, StateChangeReason } = QueryExecution?.Status ?? {};
    if (State === 'SUCCEEDED') return queryRows(id);
    if (State === 'FAILED' || State === 'CANCELLED')
      throw stepError('QueryFailed', `Checking the predictions failed: ${StateChangeReason} (Athena query ${id})`);
    await sleep(wait * 1000);
  }
  throw stepError(
    'JobTimedOut',
    `Checking the predictions took longer than ${AT_MOST_MS / 1000} s (Athena query ${id})`,
  );
}
