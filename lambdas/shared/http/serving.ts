import { readFileSync } from 'node:fs';
import type { ColumnType, Model, Pipeline } from '#lib/pipelines/pipeline.ts';

export interface ServedColumn {
  name: string;
  type: ColumnType;
}

/** What the handlers know of a pipeline whose predictions they serve; made of its definition at build time. */
export interface ServedPipeline {
  name: string;
  /** DynamoDB table. */
  table: string;
  /** Columns that identify a prediction: the partition key, and the parts of the sort key. */
  key: ServedColumn[];
  /** What is predicted. The name of the model is not among them: every answer has it. */
  columns: ServedColumn[];
  /** Days after its run date from which on a prediction is flagged as stale. */
  freshDays: number;
  /** Of a pipeline with an endpoint. */
  score?: Scoring;
}

/** How a row is scored by the endpoint of a pipeline's model. */
export interface Scoring extends Pick<Model, 'problem' | 'classes' | 'positive' | 'threshold'> {
  /** SageMaker endpoint. */
  endpoint: string;
  /** Columns of a row, in the model's order. */
  features: ServedColumn[];
  /** What each predicted column is made of. */
  columns: NonNullable<NonNullable<Pipeline['predictions']>['scored']>;
}

/** `serving.json` beside each handler: all pipelines of an environment that serve predictions. */
export interface Serving {
  environment: string;
  /** Whether there are routes for a page, without tokens. */
  page?: boolean;
  pipelines: Record<string, ServedPipeline>;
}

let serving: Serving | undefined;

export function getServing(): Serving {
  serving ??= JSON.parse(
    readFileSync(new URL(process.env.SERVING_FILE ?? 'serving.json', import.meta.url), 'utf8'),
  ) as Serving;
  return serving;
}

/** Makes something once for each pipeline: a schema costs more to build than to use. */
export function oncePerPipeline<T>(make: (pipeline: ServedPipeline) => T): (pipeline: ServedPipeline) => T {
  const made = new WeakMap<ServedPipeline, T>();
  return (pipeline) => {
    const known = made.get(pipeline) ?? make(pipeline);
    made.set(pipeline, known);
    return known;
  };
}
