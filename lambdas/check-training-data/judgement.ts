import type { Datasets } from '#lambdas/shared/payload.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

/** AutoML itself refuses fewer; a script is its own judge. Counted after the holdout, validation included. */
export const LEAST_TRAINING_ROWS = { automl: 500, script: 1 } as const;

/** Why no model can be trained, or judged, on these rows. */
export function trainingProblems(model: Model, datasets: Datasets): string[] {
  const { trainRows, validationRows, holdoutRows, classes } = datasets;
  const problems: string[] = [];
  const rows = trainRows + validationRows;
  const least = LEAST_TRAINING_ROWS[model.kind];
  if (rows < least)
    problems.push(`${rows} training rows are left after a holdout of ${holdoutRows}; at least ${least} are needed`);
  // Both are channels of the training job, and SageMaker fails on one without files.
  else if (!trainRows) problems.push('all training rows are needed for the validation, so none is left to train on');
  else if (!validationRows) problems.push('no training row is left for the validation');
  if (!holdoutRows) problems.push('the holdout has no row, so a new model could not be judged');
  const present = Object.entries(classes).filter(([, count]) => count > 0);
  if (model.problem !== 'regression' && rows && present.length < 2)
    problems.push(`all training rows have the same ${model.label}: ${present[0]?.[0] ?? 'none'}`);
  return problems;
}
