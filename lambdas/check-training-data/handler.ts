import { trainingProblems } from '#lambdas/check-training-data/judgement.ts';
import type { DatasetsReport } from '#lambdas/shared/documents.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { datasetLocation } from '#lambdas/shared/paths.ts';
import type { Datasets, MlPayload, ModelChoice } from '#lambdas/shared/payload.ts';
import { readJson } from '#lambdas/shared/s3.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { count, step } from '#lambdas/shared/step.ts';

/**
 * Judges the data sets. With a model to fall back on, training data that is not good enough is a notice and the run
 * predicts; without one, it is the end of the run.
 */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { jobs, start, model: choice, holdoutFile } = payload;
  const { model } = getPipeline();
  if (!model || !choice || !jobs.datasets?.output) throw new Error('The data sets have not been made');
  const { notices: told = [], ...report } = await readJson<DatasetsReport>(`${jobs.datasets.output}report.json`);
  const at = (dataset: string) => datasetLocation(run, dataset);
  const locations = {
    train: at('train'),
    validation: at('validation'),
    holdout: at('holdout'),
    inference: at('inference'),
  };
  const datasets: Datasets = { ...report, locations };
  const notices = [...told];
  if (holdoutFile && datasets.holdoutUnmatched)
    notices.push(`${datasets.holdoutUnmatched} row(s) of the holdout file match no labelled row`);
  count('InferenceRows', datasets.inferenceRows);

  if (!datasets.inferenceRows && start.predict !== false)
    throw stepError('NothingToPredict', `No row of ${run.pipeline} is to be predicted for ${run.runDate}`);
  let chosen: ModelChoice = choice;
  const problems = choice.decision === 'train' ? trainingProblems(model, datasets) : [];
  if (problems.length) {
    const { current } = choice;
    if (!current || current.features.join() !== model.features.join())
      throw stepError(
        'TrainingDataRejected',
        `No model of ${run.pipeline} can be trained, and there is none to predict with: ${problems.join('; ')}`,
      );
    const reason = `no new model can be trained (${problems.join('; ')})`;
    notices.push(`Predicting with ${current.id}: ${reason}`);
    chosen = { ...choice, decision: 'predict', reason, use: current };
  }
  return { ...payload, datasets, model: chosen, notices: [...payload.notices, ...notices] };
});
