import type { Action } from '#lambdas/shared/http/routes.ts';
import type { Scoring, ServedPipeline, Serving } from '#lambdas/shared/http/serving.ts';
import type { Environment } from '#lib/environments.ts';
import { pipelineNames } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { columnTypes } from '#lib/sql/scored-sql.ts';

/** Two runs: one may fail before anybody is told that predictions are old. */
const FRESH_DAYS = { daily: 2, monday: 8 };

/** What the API of an environment serves, of the definitions of its pipelines. */
export function servingOf(environment: Environment, pipelines: readonly Pipeline[]): Serving {
  const served = pipelines.flatMap((pipeline) => servedPipeline(environment, pipeline) ?? []);
  return {
    environment: environment.name,
    ...(environment.serving?.page ? { page: true } : {}),
    pipelines: Object.fromEntries(served.map((pipeline) => [pipeline.name, pipeline])),
  };
}

function servedPipeline(environment: Environment, pipeline: Pipeline): ServedPipeline | undefined {
  const override = environment.pipelines[pipeline.name];
  const { name, predictions, schedule } = pipeline;
  if (!override || !predictions) return undefined;
  const columns = Object.entries(predictions.columns).map(([column, { type }]) => ({ name: column, type }));
  return {
    name,
    table: pipelineNames(environment, name).predictionTable,
    key: predictions.key.flatMap((column) => columns.find((one) => one.name === column) ?? []),
    // Every answer names its model.
    columns: columns.filter((column) => !predictions.key.includes(column.name) && column.name !== 'model'),
    freshDays: override.freshDays ?? FRESH_DAYS[schedule.days],
    ...(override.endpoint ? { score: scoringOf(environment, pipeline) } : {}),
  };
}

function scoringOf(environment: Environment, pipeline: Pipeline): Scoring {
  const { name, model, predictions } = pipeline;
  if (!model || !predictions?.scored) throw new Error(`${name} has an endpoint and nothing that it answers with`);
  const { problem, classes, positive, threshold, features } = model;
  const types = columnTypes(pipeline, features);
  return {
    endpoint: pipelineNames(environment, name).endpoint,
    features: features.map((feature) => ({ name: feature, type: types[feature] ?? 'varchar' })),
    problem,
    ...(classes ? { classes } : {}),
    ...(positive === undefined ? {} : { positive }),
    ...(threshold === undefined ? {} : { threshold }),
    columns: predictions.scored,
  };
}

/** What tokens can allow: to read the predictions of a pipeline, and to have rows scored by its model. */
export const scopesOf = (pipelines: readonly Pipeline[]): { pipeline: string; action: Action; says: string }[] =>
  pipelines
    .filter(({ predictions }) => predictions)
    .flatMap(({ name, model }) => [
      { pipeline: name, action: 'read' as const, says: `Read the predictions of ${name}` },
      ...(model ? [{ pipeline: name, action: 'score' as const, says: `Score rows with the model of ${name}` }] : []),
    ]);
