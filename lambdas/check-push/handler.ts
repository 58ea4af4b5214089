import { stepError } from '#lambdas/shared/errors.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { readJson } from '#lambdas/shared/s3.ts';
import { count, step } from '#lambdas/shared/step.ts';

interface PushReport {
  rows: number;
  written: number;
  unchanged: number;
  failed: number;
}

/** Counts what the push says it did: every prediction is in the table, or the run is red. */
export const handler = step<MlPayload, MlPayload>(async (payload) => {
  const { jobs, predictions } = payload;
  if (!jobs.push?.output || !predictions) throw new Error('Nothing has been pushed');
  const { rows, written, unchanged, failed } = await readJson<PushReport>(`${jobs.push.output}report.json`);
  if (failed || rows !== predictions.rows || written + unchanged !== rows)
    throw stepError(
      'PushIncomplete',
      `Of ${predictions.rows} predictions the push read ${rows}, wrote ${written}, left ${unchanged} as they were and failed at ${failed}. Running it again completes it.`,
    );
  count('Pushed', written);
  return { ...payload, predictions: { ...predictions, written, unchanged, failed } };
});
