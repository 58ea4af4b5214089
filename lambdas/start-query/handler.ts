import { createHash } from 'node:crypto';
import { StartQueryExecutionCommand } from '@aws-sdk/client-athena';
import { pointPartition } from '#lambdas/shared/catalog.ts';
import { athena } from '#lambdas/shared/clients/athena.ts';
import { attemptOf, NO_JOB, startJob } from '#lambdas/shared/jobs.ts';
import { recordLocation } from '#lambdas/shared/paths.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { type QueryArgs, queryStep, sqlOf } from '#lambdas/start-query/sql.ts';
import { scoresTableName, TRAINING_RECORD, tableName } from '#lib/names.ts';

/**
 * Starts an Athena query of the run. Athena itself refuses to start the same request token twice, so a retried step
 * finds the query it had started.
 */
export const handler = step<EtlPayload & MlPayload, EtlPayload & MlPayload, QueryArgs>(
  async (payload, { args, run }) => {
    const { pipeline, database, workgroup } = getSettings();
    const name = queryStep(args);
    const attempt = attemptOf(payload, name);
    const dataset = ({ metrics: 'holdout', predictions: 'inference' } as const)[args.query as string];
    const model = payload.model?.use?.id;
    if (dataset && model) {
      const location = payload.jobs[`transform-${dataset}`]?.output;
      if (!location) throw new Error(`There is no output of transform-${dataset} to read`);
      await pointPartition(scoresTableName(pipeline, dataset), { values: [run.execution, model], location });
    }
    if (name === 'training-record')
      await pointPartition(tableName(pipeline, TRAINING_RECORD), {
        values: [run.runDate, run.execution],
        location: recordLocation(run, attempt),
      });
    const sql = sqlOf(args, payload, attempt);
    // A holdout is scored twice in an execution when the first model is not good enough.
    const key = dataset && model ? `${name}-${model}` : name;
    const token = createHash('sha256').update(`${run.executionArn}/${key}/${attempt}`).digest('hex');
    return startJob(payload, {
      kind: 'athena',
      step: name,
      key,
      attempt,
      name: token,
      start: async () => {
        if (!sql) return NO_JOB;
        const { QueryExecutionId } = await athena.send(
          new StartQueryExecutionCommand({
            QueryString: sql,
            ClientRequestToken: token,
            QueryExecutionContext: { Database: database },
            WorkGroup: workgroup,
          }),
        );
        if (!QueryExecutionId) throw new Error('Athena gave no id for the query');
        return QueryExecutionId;
      },
    });
  },
);
