import { boundPipeline } from '#lambdas/shared/bound.ts';
import { FEATURES, type GlueWork } from '#lambdas/shared/glue-jobs.ts';
import { datasetLocation, reportFolder } from '#lambdas/shared/paths.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { predictionViews, queriesRequest, rawViews, read, tableViews, write } from '#lambdas/shared/spark-requests.ts';
import { toPush } from '#lambdas/shared/to-push.ts';
import { WEIGHT_COLUMN } from '#lib/models/weights.ts';
import { baselineColumns } from '#lib/sql/scored-sql.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';

export interface GlueArgs {
  job: GlueWork;
  /** Name of the loop, where the feature queries have several. */
  step?: string;
  /** Tables to make, of those the pipeline has. */
  tables?: string[];
}

/** Share of entities that are kept from training to judge the model; see make_datasets.py. */
const HOLDOUT_PERCENT = 20;
const DATASETS = ['train', 'validation', 'holdout', 'inference'];

/** What a script is asked for, as it is written to S3. */
export async function glueRequest(
  { job, step = FEATURES, tables }: GlueArgs,
  payload: EtlPayload & MlPayload,
  attempt: number,
): Promise<object> {
  switch (job) {
    case 'queries':
      return queriesRequest(payload, step, attempt, tables);
    case 'datasets':
      return datasetsRequest(payload, attempt);
    case 'push':
      return pushRequest(payload, attempt);
  }
}

/** The training set, split, and the rows to predict, as batch transform wants them. */
async function datasetsRequest(payload: MlPayload, attempt: number) {
  const { run, start, manifest, tables = {}, presentSources = [], holdoutFile } = payload;
  const { model, predictions, queries } = boundPipeline(start);
  if (!model || !predictions) throw new Error('A pipeline without a model has no data sets');
  const reads = ['training', 'inference'];
  return {
    runDate: run.runDate,
    views: [
      ...rawViews(reads, presentSources),
      ...tableViews(reads, tables),
      ...(await predictionViews(reads, manifest)),
    ],
    training: { sql: queries.training?.spark },
    // A run that only trains makes no rows to predict.
    ...(start.predict === false ? {} : { inference: { sql: queries.inference?.spark } }),
    trainingKey: model.trainingKey,
    holdoutKey: model.holdoutKey ?? model.trainingKey,
    key: predictions.key,
    entity: model.entity,
    features: model.features,
    label: model.label,
    classes: model.classes ?? null,
    ...(model.balanced ? { weight: WEIGHT_COLUMN } : {}),
    baselines: baselineColumns(model).map((name, i) => ({ name, by: i ? model.meansBy[i - 1] : null })),
    holdout: { percent: HOLDOUT_PERCENT },
    ...(holdoutFile ? { holdoutFile: { format: holdoutFile.format, location: read(holdoutFile.location) } } : {}),
    datasets: Object.fromEntries(DATASETS.map((name) => [name, write(datasetLocation(run, name))])),
    // Beside the sets, never below one of them: SageMaker takes all that is below a set for data.
    scratch: write(datasetLocation(run, 'scratch')),
    report: write(reportFolder(run, `datasets-${attempt}`)),
  };
}

function pushRequest(payload: EtlPayload & MlPayload, attempt: number) {
  const { run, model } = payload;
  const { predictions, model: definition } = getPipeline();
  const { predictionTable, region, timeToLiveDays } = getSettings();
  const made = toPush(payload);
  if (!predictions || (definition && !model?.use)) throw new Error('There are no predictions to push');
  return {
    runDate: run.runDate,
    model: model?.use?.id ?? null,
    table: predictionTable,
    region,
    key: predictions.key,
    columns: columnTypes(predictions.columns),
    predictions: read(made.location),
    expiresAt: expiry(timeToLiveDays),
    report: write(reportFolder(run, `push-${attempt}`)),
  };
}

/**
 * Epoch seconds. Counted from the push, the one place where a run looks at the clock: predictions made for a day long
 * ago must be readable too.
 */
const expiry = (days: number) => Math.floor(Date.now() / 1000) + days * 86_400;
