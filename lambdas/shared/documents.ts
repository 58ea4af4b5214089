import type { Datasets, SourceCounts, TableResult } from '#lambdas/shared/payload.ts';

/** What steps and scripts leave in S3 for others to read, as JSON. */

/** `s3://<curated>/<pipeline>/manifests/<run date>.json`, written last: what ML and serving read locations from. */
export interface Manifest {
  pipeline: string;
  runDate: string;
  execution: string;
  publishedAt: string;
  tables: Record<string, TableResult & { columns: Record<string, string>; partitionBy: string[] }>;
  sources: Record<string, SourceCounts>;
  predictions?: PublishedPredictions;
}

/** Where the published predictions of earlier run dates are; known when a query of the pipeline reads them. */
export type PublishedPredictions = { runDate: string; location: string }[];

/** `report.json` of make_datasets.py; `notices` go to the run's. */
export interface DatasetsReport extends Datasets {
  notices?: string[];
}

/** What `inspect-sources` found, as kept in S3. */
export interface Inspection {
  problems: SourceProblem[];
  /** Sources that are there. */
  sources: Record<string, { format: 'parquet' | 'csv'; objects: number; bytes: number; rows: number }>;
  predictions?: PublishedPredictions;
}

export interface SourceProblem {
  source: string;
  /** Complete in itself and in one line, for example `survey: column buyer_stage is missing`. */
  message: string;
}
