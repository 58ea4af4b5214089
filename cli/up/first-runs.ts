import { join } from 'node:path';
import type { Context } from '#cli/context.ts';
import { readDataFolder } from '#cli/data/folder.ts';
import { newestDay } from '#cli/data/newest-day.ts';
import { uploadSources } from '#cli/data/upload.ts';
import { root } from '#cli/setup.mjs';
import type { Target } from '#cli/target.ts';
import type { Watch } from '#cli/up/watch.ts';
import { onPage } from '#lambdas/shared/http/routes.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/**
 * The order in which pipelines are run: counting is done soon, a model of our own sooner than a search for the best one. Of
 * two that cost the same, first the one whose model the page asks.
 */
export function inOrder(pipelines: readonly Pipeline[]): Pipeline[] {
  const kinds = [undefined, 'script', 'automl'];
  const place = ({ name, model }: Pipeline) => 2 * kinds.indexOf(model?.kind) + (onPage(`/${name}/score`) ? 0 : 1);
  return [...pipelines].sort((a, b) => place(a) - place(b));
}

/** One run of a pipeline on its sample data, for the day `presage run` would take. What comes of it the watch tells. */
export async function runOnSampleData(
  context: Context,
  target: Target,
  watch: Watch,
  pipeline: Pipeline,
  progress: (text: string) => void,
): Promise<boolean> {
  const { name } = pipeline;
  progress('its source tables are laid down');
  const { sources } = readDataFolder(join(root, 'sample-data', name), pipeline);
  await uploadSources(context, target, name, sources, () => {});
  const runDate = await newestDay(context, target, pipeline);
  const etl = await watch.start(name, 'etl', { runDate, then: 'none' });
  if (etl.status !== 'SUCCEEDED' || !pipeline.model) return etl.status === 'SUCCEEDED';
  const ml = await watch.start(name, 'ml', { runDate, train: 'auto' });
  return ml.status === 'SUCCEEDED';
}
