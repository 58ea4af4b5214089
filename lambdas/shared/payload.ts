/**
 * What travels through the state machines. The constructs that wire the machines and the handlers share these types.
 *
 * The payload carries keys, counts and decisions; rows stay in S3. A handler takes the payload and gives back the
 * whole next payload, so that a state machine needs no reshaping and an execution's history reads as a log.
 */

export type Machine = 'etl' | 'ml';

/** The input of both machines. A schedule gives `scheduledTime`; a person or another machine gives `runDate`. */
export interface StartInput {
  /** YYYY-MM-DD: the day the run is about. */
  runDate?: string;
  /** ISO time of the schedule; its day, in UTC, is the run date. */
  scheduledTime?: string;
  /** ETL: what to start when the tables are published. */
  then?: 'ml' | 'none';
  /** ML: `auto` lets the age of the model decide. */
  train?: 'auto' | 'always' | 'never';
  /** ETL: also compare the published tables with the same queries on Athena's engine. */
  validate?: boolean;
  /** ML: `false` ends the run when the model is trained and judged. */
  predict?: boolean;
  /** Values of the pipeline's own parameters, such as `country`. */
  parameters?: Record<string, string>;
}

/** The event of every step: the constructs build it, `step` takes it apart. */
export interface StepEvent<Input, Args = Record<string, never>> {
  input: Input;
  /** Constants of the state, such as which query to start. */
  args: Args;
  /** From the context object: `$$.Execution.Id`, `.Name`, `.StartTime` and `$$.State.Name`. */
  context: { executionArn: string; execution: string; startedAt: string; state: string };
}

export interface Run {
  environment: string;
  pipeline: string;
  machine: Machine;
  execution: string;
  executionArn: string;
  runDate: string;
  /** ISO time. */
  startedAt: string;
}

export type JobKind = 'athena' | 'emr' | 'glue' | 'automl' | 'training' | 'transform' | 'endpoint';

/** The job a loop is waiting for. */
export interface Job {
  kind: JobKind;
  /** Name in `jobs` when it has ended, for example `profile`, `features`, `automl`, `transform-holdout`. */
  step: string;
  /** Name in the run table; longer than `step` where a loop runs for several models in one execution. */
  key?: string;
  attempt: number;
  id: string;
  /** ISO time of the start. */
  startedAt: string;
  /** Seconds to wait before the next look; read by the Wait state. */
  wait: number;
  /** `RETRY`: this attempt failed for a reason a new attempt can cure; the loop goes back to the start step. */
  state: 'RUNNING' | 'SUCCEEDED' | 'RETRY';
  /** For people, for example `Training: 4 candidates, best F1macro 0.41`. */
  progress?: string;
}

/** A job that ended well. */
export interface FinishedJob {
  kind: JobKind;
  id: string;
  seconds: number;
  attempts: number;
  /** Where it wrote: query result, report or transform output. */
  output?: string;
}

export interface SourceCounts {
  rows: number;
  duplicates: number;
  withoutKey: number;
  afterRunDate: number;
}

export interface TableResult {
  rows: number;
  /** `s3://…/<table>/run_date=D/run=<execution>/attempt=<n>/` */
  location: string;
}

/** Present from `resolve-run` on. */
export interface Resolved {
  start: StartInput;
  run: Run;
  /** Of the present loop; between loops the last one's, as it ended. */
  job?: Job;
  jobs: Record<string, FinishedJob>;
  /** For people; shown on the screen and kept in the result. */
  notices: string[];
}

export interface EtlPayload extends Resolved {
  /**
   * From `inspect-sources`: problems and format details are in the JSON object. `sound` sources can be queried, `broken`
   * ones cannot; an optional one that is absent is neither.
   */
  inspection?: { uri: string; sound: string[]; broken?: string[] };
  /** From `check-sources`. */
  sources?: Record<string, SourceCounts>;
  /** From `check-sources`: what the pipeline's own query counts in the sources. */
  counts?: Record<string, number>;
  /** From `stage-tables`: written, not yet accepted; after `publish`, what the manifest names. */
  tables?: Record<string, TableResult>;
  /** From `stage-tables`: rows per table in the newest manifest of an earlier day. */
  previousRows?: Record<string, number>;
  /** From `publish`. */
  manifest?: string;
  /** From `start-ml`: the execution it started. */
  mlExecution?: string;
  /** Of a pipeline without a model, from `check-push`: the rows of the table that is served. */
  predictions?: Pushed;
  /** From `write-output`: the `s3://…` files of each output. */
  outputs?: Record<string, string[]>;
  /** The payloads of queries that ran side by side, until `stage-tables` has taken what they found. */
  branches?: EtlPayload[];
}

export interface ModelRef {
  /** SageMaker model name. */
  id: string;
  /** Run date of the training. */
  trainedFor: string;
  trainRows: number;
  /** In the model's own order. */
  features: string[];
  /** Of a script model: the package it was trained with. */
  version?: string;
  /** `s3://…/model.tar.gz` */
  artifact?: string;
}

export interface Metrics {
  [name: string]: number | null;
}

/** One scored holdout. */
export interface Evaluation {
  model: string;
  holdoutRows: number;
  metrics: Metrics;
  baseline: Metrics;
  aboveBaseline: boolean;
}

export interface Datasets {
  trainRows: number;
  validationRows: number;
  holdoutRows: number;
  inferenceRows: number;
  /** Rows per class, training and validation together. */
  classes: Record<string, number>;
  /** Rows of a `holdout` file that match no labelled row. */
  holdoutUnmatched: number;
  /** A holdout file put one entity on both sides, so the validation channel is split by row as well. */
  holdoutByRow?: boolean;
  /** `s3://…/` of train, validation, holdout and inference. */
  locations: Record<'train' | 'validation' | 'holdout' | 'inference', string>;
}

export interface ModelChoice {
  /** `predict` uses `current`. */
  decision: 'train' | 'predict';
  reason: string;
  /** The newest model that beat the naive baseline, trained for a day not after the run date. */
  current?: ModelRef;
  /** Set by `create-model`: trained in this run and not yet judged or judged good. */
  challenger?: ModelRef;
  /** The model that the next transform uses. */
  use?: ModelRef;
  evaluation?: Evaluation;
  /** A challenger that was not good enough while `current` is there to predict with. */
  rejected?: Evaluation & { reason: string };
  /** `evaluate` sends the machine back to score the holdout with `current`. */
  rescore?: boolean;
}

export interface MlPayload extends Resolved {
  manifest?: string;
  tables?: Record<string, TableResult>;
  /** From `check-features`: the sources that the run of the manifest has found. */
  presentSources?: string[];
  /** From `check-features`: the `holdout` table in the raw zone, when there is one. */
  holdoutFile?: { location: string; format: 'csv' | 'parquet' };
  model?: ModelChoice;
  datasets?: Datasets;
  predictions?: Pushed;
  /** From `write-output`: the `s3://…` files of each output. */
  outputs?: Record<string, string[]>;
  /** From `update-endpoint`; true of the endpoint when `check-endpoint` has let the run go on. */
  endpoint?: Served;
}

/** What rows are scored with that come one at a time. */
export interface Served {
  endpoint: string;
  /** SageMaker model name. */
  model: string;
  /** `kept` serves this model already; `left` serves one of a later day, which this run does not replace. */
  decision: 'created' | 'updated' | 'kept' | 'left';
}

/** Rows for DynamoDB; the counts are there when they have been pushed. */
export interface Pushed {
  rows: number;
  location: string;
  written?: number;
  unchanged?: number;
  failed?: number;
}

/** What the failure path of a machine carries on top of the payload: put there by Catch and a Pass state. */
export interface Failed {
  failure: { step: string; Error: string; Cause: string };
}
