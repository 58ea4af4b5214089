import type { Execution } from '#cli/run/follow.ts';
import type { Failure } from '#cli/run/history.ts';
import type {
  EtlPayload,
  Evaluation,
  Machine,
  Metrics,
  MlPayload,
  Served,
  SourceCounts,
} from '#lambdas/shared/payload.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';

/** `run.json`: what a run did, for programs. Its layout is a contract. */
export interface RunJson {
  pipeline: string;
  env: string;
  runDate: string;
  status: 'SUCCEEDED' | 'FAILED';
  etl: {
    execution: string;
    seconds: number;
    tables: Record<string, { rows: number }>;
    sources: Record<string, SourceCounts>;
    /** What the pipeline itself counts in its sources. */
    counts: Record<string, number>;
  } | null;
  ml: { execution: string; seconds: number } | null;
  /** The model that made the predictions; `metrics` and `baseline` are always of this run's holdout. */
  model: {
    /** null when no model was good enough to predict with. */
    id: string | null;
    trained: boolean;
    decision: 'promoted' | 'kept' | 'rejected' | null;
    reason: string;
    trainRows: number | null;
    holdoutRows: number | null;
    metrics: Metrics | null;
    baseline: Metrics | null;
    challenger: { id: string; reason: string; metrics: Metrics } | null;
  } | null;
  /** What went to DynamoDB; null when nothing did. */
  predictions: { rows: number; written: number; unchanged: number; failed: number } | null;
  /** The model that rows are scored with which come one at a time; null without an endpoint, or if that failed. */
  endpoint: Served | null;
  /** `s3://…` of the files of each output. */
  outputs: Record<string, string[]>;
  steps: { machine: Machine; name: string; status: string; seconds: number; attempts: number }[];
  failure: Failure | null;
}

/** What a run left behind, whole or broken off. */
export interface RunRecord {
  pipeline: string;
  env: string;
  runDate: string;
  etl?: Execution;
  ml?: Execution;
  /** What ended the run outside its state machines, for example a local cloud that died. */
  failure?: Failure;
  /** The judged model of a run that failed because of it; a failed step leaves no payload. */
  evaluation?: Evaluation;
}

/** Works for runs that failed too: every part that was reached is there, the others are null. */
export function composeRunJson(record: RunRecord): RunJson {
  const { pipeline, env, runDate, etl, ml } = record;
  const failure = record.failure ?? ml?.failure ?? etl?.failure ?? null;
  return {
    pipeline,
    env,
    runDate,
    status: failure ? 'FAILED' : 'SUCCEEDED',
    etl: etl ? etlPart(etl) : null,
    ml: ml ? { execution: ml.name, seconds: rounded(ml.seconds) } : null,
    model: ml ? modelPart(ml, record.evaluation) : null,
    predictions: predictionsPart(ml ?? etl),
    endpoint: (ml?.output as MlResult | undefined)?.endpoint ?? null,
    outputs: { ...outputsPart(etl), ...outputsPart(ml) },
    steps: [...(etl?.steps ?? []), ...(ml?.steps ?? [])].map((step) => ({
      machine: step.machine,
      name: step.name,
      status: step.status,
      seconds: rounded(((step.endedAt ?? Date.now()) - step.startedAt) / 1000),
      attempts: step.attempts,
    })),
    failure,
  };
}

function etlPart(etl: Execution): RunJson['etl'] {
  const known = (etl.output ?? etl.payload) as Partial<EtlResult> & Partial<EtlPayload>;
  const tables = Object.entries(known.tables ?? {}).map(([name, { rows }]) => [name, { rows }] as const);
  return {
    execution: etl.name,
    seconds: rounded(etl.seconds),
    tables: Object.fromEntries(tables),
    sources: known.sources ?? {},
    counts: known.counts ?? {},
  };
}

function modelPart(ml: Execution, judged: Evaluation | undefined): RunJson['model'] {
  const result = ml.output as MlResult | undefined;
  if (result) return result.model;
  const { model, datasets } = ml.payload as Partial<MlPayload>;
  if (!model) return null;
  const evaluation = judged ?? model.evaluation ?? model.rejected;
  const challenger = model.challenger;
  const rejected = challenger && evaluation?.model === challenger.id && !evaluation.aboveBaseline;
  const used = rejected ? model.current : (model.use ?? model.current);
  const reason = ml.failure?.cause ?? model.reason;
  return {
    id: used?.id ?? null,
    trained: challenger !== undefined,
    decision: rejected ? 'rejected' : null,
    reason: rejected ? reason : model.reason,
    trainRows: (challenger ?? used)?.trainRows ?? datasets?.trainRows ?? null,
    holdoutRows: evaluation?.holdoutRows ?? datasets?.holdoutRows ?? null,
    metrics: evaluation?.metrics ?? null,
    baseline: evaluation?.baseline ?? null,
    challenger: rejected ? { id: challenger.id, reason, metrics: evaluation.metrics } : null,
  };
}

/** Made by the ML or, in a pipeline without a model, by the ETL. */
function predictionsPart(execution: Execution | undefined): RunJson['predictions'] {
  const known = (execution?.output ?? execution?.payload ?? {}) as Partial<MlPayload>;
  if (!known.predictions) return null;
  const { rows, written = 0, unchanged = 0, failed = 0 } = known.predictions;
  return { rows, written, unchanged, failed };
}

const outputsPart = (execution: Execution | undefined) =>
  ((execution?.output ?? execution?.payload ?? {}) as { outputs?: RunJson['outputs'] }).outputs ?? {};

const rounded = (seconds: number) => Math.round(seconds * 10) / 10;
