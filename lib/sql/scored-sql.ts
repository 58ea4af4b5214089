import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { columnTypes } from './sql-text.ts';

/** The columns of the relation `scored`, which `predictions.sql` reads. */
export function scoredColumns(pipeline: Pipeline): Record<string, string> {
  const { predictions } = pipeline;
  if (!predictions) return {};
  const types = columnTypes(predictions.columns);
  return {
    ...Object.fromEntries(predictions.key.map((name) => [name, types[name] ?? 'varchar'])),
    predicted_label: 'varchar',
    probability: 'double',
    positive_probability: 'double',
    labels: 'array(varchar)',
    probabilities: 'array(double)',
  };
}
