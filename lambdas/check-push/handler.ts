import { pointPartition } from '#lambdas/shared/catalog.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { readJson } from '#lambdas/shared/s3.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { count, step } from '#lambdas/shared/step.ts';
import { toPush } from '#lambdas/shared/to-push.ts';
import { predictionsTableName } from '#lib/names.ts';

interface PushReport {
  rows: number;
  written: number;
  unchanged: number;
  failed: number;
  /** Of the unchanged, those of which the table has a later day's. */
  newer?: number;
}

/**
 * Counts what the push says it did: every prediction is in DynamoDB, or the run is red. Only then does the table that
 * people query show them, so that a run whose push failed leaves the previous predictions there. A pipeline without a
 * model has no such table: it serves one of its own, which is published.
 */
export const handler = step<EtlPayload & MlPayload, EtlPayload & MlPayload>(async (payload, { run }) => {
  const { jobs } = payload;
  const predictions = toPush(payload);
  if (!jobs.push?.output) throw new Error('Nothing has been pushed');
  const { rows, written, unchanged, failed, newer = 0 } = await readJson<PushReport>(`${jobs.push.output}report.json`);
  if (failed || rows !== predictions.rows || written + unchanged !== rows)
    throw stepError(
      'PushIncomplete',
      `Of ${predictions.rows} predictions the push read ${rows}, wrote ${written}, left ${unchanged} as they were and failed at ${failed}. Running it again completes it.`,
    );
  const { location } = predictions;
  if (getPipeline().model)
    await pointPartition(predictionsTableName(run.pipeline), { values: [run.runDate], location });
  count('Pushed', written);
  const notices = newer
    ? [...payload.notices, `${newer} of ${rows} rows were left alone in DynamoDB: it has them of a later run date`]
    : payload.notices;
  return { ...payload, notices, predictions: { ...predictions, written, unchanged, failed } };
});
