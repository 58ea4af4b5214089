import type { FinishedJob, Metrics, Pushed, Run, Served, SourceCounts, TableResult } from '#lambdas/shared/payload.ts';

/** The output of a green execution: small, for the screen and `run.json`. */
export interface EtlResult {
  run: Run;
  tables: Record<string, TableResult>;
  sources: Record<string, SourceCounts>;
  counts: Record<string, number>;
  manifest: string;
  mlExecution?: string;
  /** Of a pipeline without a model; otherwise null. */
  predictions: Required<Pushed> | null;
  outputs: Record<string, string[]>;
  notices: string[];
  jobs: Record<string, FinishedJob>;
}

export interface MlResult {
  run: Run;
  model: {
    id: string;
    trained: boolean;
    decision: 'promoted' | 'kept';
    reason: string;
    trainRows: number;
    holdoutRows: number;
    metrics: Metrics;
    baseline: Metrics;
    challenger: { id: string; reason: string; metrics: Metrics } | null;
  } | null;
  /** null when the run only trained. */
  predictions: Required<Pushed> | null;
  /** null where the environment has none. */
  endpoint: Served | null;
  outputs: Record<string, string[]>;
  notices: string[];
  jobs: Record<string, FinishedJob>;
}
