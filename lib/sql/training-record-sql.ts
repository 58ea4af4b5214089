import type { Metrics, ModelRef } from '#lambdas/shared/payload.ts';
import type { ColumnType, Model } from '#lib/pipelines/pipeline.ts';
import { dateLiteral, doubleLiteral, literal } from './sql-text.ts';

/** The columns of `model_training_metadata`: what was trained, and the metrics that the definition keeps. */
export const recordColumns = (model: Model): Record<string, ColumnType> => ({
  training_date: 'date',
  model: 'varchar',
  model_artifact: 'varchar',
  ...Object.fromEntries(model.record.map((metric) => [columnOf(metric), 'double' as const])),
});

/**
 * One row of literals about a model that was trained and judged; a metric that is undefined is null.
 *
 * `training_date` is the run date of the training, not the day of the clock: the row is the same when a run of the past
 * is repeated.
 */
export function recordQuery(model: Model, trained: ModelRef, metrics: Metrics): string {
  const values = [
    `${dateLiteral(trained.trainedFor)} AS training_date`,
    `CAST(${literal(trained.id)} AS varchar) AS model`,
    `CAST(${trained.artifact ? literal(trained.artifact) : 'NULL'} AS varchar) AS model_artifact`,
    ...model.record.map((metric) => {
      const value = metrics[metric];
      return `CAST(${value == null ? 'NULL' : doubleLiteral(value)} AS double) AS ${columnOf(metric)}`;
    }),
  ];
  return `SELECT ${values.join(', ')}`;
}

/** `recall.Active Searcher` → `recall_active_searcher` */
const columnOf = (metric: string) =>
  metric
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/_$/, '');
