import type { Run } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { TRAINING_RECORD } from '#lib/names.ts';

/**
 * Where everything of a run is. Each result has a prefix of its own execution and attempt, so that nothing is ever
 * overwritten while somebody reads it and what an unfinished attempt left behind is never taken for a result.
 */

const sandbox = () => `s3://${getSettings().sandboxBucket}/${getSettings().pipeline}`;
const curated = () => `s3://${getSettings().curatedBucket}/${getSettings().pipeline}`;

/** Requests, reports, inspection and result of a run. */
export const runFolder = (run: Run) => `${sandbox()}/runs/${run.execution}/`;
export const inspectionUri = (run: Run) => `${runFolder(run)}inspection.json`;
export const resultUri = (run: Run) => `${runFolder(run)}result.json`;
export const requestUri = (run: Run, key: string) => `${runFolder(run)}request-${key}.json`;
/** A folder: Spark scripts write `report.json` into it. */
export const reportFolder = (run: Run, key: string) => `${runFolder(run)}report-${key}/`;

export const manifestFolder = () => `${curated()}/manifests/`;
export const manifestUri = (runDate: string) => `${manifestFolder()}${runDate}.json`;

/** Where one attempt of a run writes a table. */
export function tableLocation(run: Run, table: string, attempt: number): string {
  const zone = getPipeline().tables[table]?.zone === 'sandbox' ? sandbox() : curated();
  return `${zone}/${table}/run_date=${run.runDate}/run=${run.execution}/attempt=${attempt}/`;
}

const mlFolder = (run: Run) => `${curated()}/ml/run_date=${run.runDate}/run=${run.execution}/`;
export const datasetLocation = (run: Run, dataset: string) => `${mlFolder(run)}datasets/${dataset}/`;
export const autoMlLocation = (run: Run) => `${mlFolder(run)}automl/`;
export const trainingLocation = (run: Run) => `${mlFolder(run)}training/`;
/** The code of a script model, kept with the run that trained it. */
export const modelCodeUri = (run: Run) => `${mlFolder(run)}code/sourcedir.tar.gz`;
/** The record of the models that an execution has trained, one query attempt each. */
export const recordLocation = (run: Run, attempt: number) =>
  `${curated()}/${TRAINING_RECORD}/run_date=${run.runDate}/run=${run.execution}/attempt=${attempt}/`;
export const scoresLocation = (run: Run, dataset: string, model: string) =>
  `${mlFolder(run)}scores/${dataset}-${model}/`;
export const predictionsLocation = (run: Run, attempt: number) =>
  `${sandbox()}/predictions/run_date=${run.runDate}/run=${run.execution}/attempt=${attempt}/`;
/** Rows that somebody chose as the holdout. */
export const holdoutFolder = () => `s3://${getSettings().rawBucket}/${getSettings().pipeline}/holdout/`;
/** Files of the definition's outputs, under their own names. */
export const outputFolder = (run: Run) => `${sandbox()}/outputs/run_date=${run.runDate}/run=${run.execution}/`;
