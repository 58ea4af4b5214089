import { countLabels, countNoNumbers } from '#lambdas/check-predictions/labels.ts';
import { predictionProblems } from '#lambdas/check-predictions/problems.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { countRows } from '#lambdas/shared/parquet.ts';
import { predictionsLocation } from '#lambdas/shared/paths.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { count, step } from '#lambdas/shared/step.ts';

/** Judges the predictions before anybody sees them. */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { jobs, datasets, model } = payload;
  const pipeline = getPipeline();
  if (!jobs.predictions || !datasets || !model?.use) throw new Error('No predictions have been made');
  const location = predictionsLocation(run, jobs.predictions.attempts);
  const written = await countRows(location);
  const answers =
    pipeline.model?.problem === 'regression'
      ? { labels: [], noNumbers: await countNoNumbers(run, model.use.id) }
      : { labels: await countLabels(run, model.use.id), noNumbers: 0 };
  const problems = predictionProblems(pipeline, datasets.inferenceRows, written, answers);
  if (problems.length)
    throw stepError(
      'PredictionsRejected',
      `The predictions of ${run.pipeline} are not pushed:\n${problems.join('\n')}`,
    );
  count('Predictions', written.rows);
  return { ...payload, predictions: { rows: written.rows, location } };
});
