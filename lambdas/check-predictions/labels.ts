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

/** Asked and waited for in one go: one short column of text and a handful of rows, not worth a loop of its own. */
export async function countLabels(run: Run, model: string): Promise<LabelCount[]> {
  const { database, workgroup, poll } = getSettings();
  const scored = scoredRelation(getPipeline(), 'inference', { execution: run.execution, scored: model });
  const { QueryExecutionId: id = '' } = await athena.send(
    new StartQueryExecutionCommand({
      QueryString: `SELECT predicted_label AS label, COUNT(*) AS rows, COUNT(*) - COUNT(probability) AS without_probability FROM (${scored}) AS scored GROUP BY predicted_label`,
      ClientRequestToken: createHash('sha256').update(`${run.executionArn}/labels/${model}`).digest('hex'),
      QueryExecutionContext: { Database: database },
      WorkGroup: workgroup,
    }),
  );
  const end = Date.now() + AT_MOST_MS;
  for (let wait = 0.2; Date.now() < end; wait = Math.min(poll.capSeconds, 5, wait * 1.5)) {
    const { QueryExecution } = await athena.send(new GetQueryExecutionCommand({ QueryExecutionId: id }));
    const { State, StateChangeReason } = QueryExecution?.Status ?? {};
    if (State === 'SUCCEEDED') return (await queryRows(id)).map(read);
    if (State === 'FAILED' || State === 'CANCELLED')
      throw stepError('QueryFailed', `Counting the predicted labels failed: ${StateChangeReason} (Athena query ${id})`);
    await sleep(wait * 1000);
  }
  throw stepError(
    'JobTimedOut',
    `Counting the predicted labels took longer than ${AT_MOST_MS / 1000} s (Athena query ${id})`,
  );
}

const read = (row: Record<string, string | undefined>): LabelCount => ({
  label: row.label ?? '',
  rows: Number(row.rows),
  withoutProbability: Number(row.without_probability),
});
