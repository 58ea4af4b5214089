import type { StartInput } from '#lambdas/shared/payload.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { withParameters } from '#lib/sql/sql-text.ts';

/** The definition with the run's parameters in the place of their names, in every query; `:run_date` stays. */
export function boundPipeline({ parameters = {} }: StartInput): CompiledPipeline {
  const pipeline = getPipeline();
  const bind = (sql: string) => withParameters(sql, pipeline, parameters);
  const queries = Object.entries(pipeline.queries).map(([name, query]) => [
    name,
    { ...query, athena: bind(query.athena), spark: bind(query.spark) },
  ]);
  return { ...pipeline, queries: Object.fromEntries(queries) };
}
