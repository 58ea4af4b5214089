import { afterEach } from 'vitest';
import '#test/lambdas/support/world.ts';
import { getPipeline, getSettings, type Settings } from '#lambdas/shared/settings.ts';
import type { Model, Pipeline } from '#lib/pipelines/pipeline.ts';

const before = { model: structuredClone(getPipeline().model), settings: structuredClone(getSettings()) };

afterEach(() => {
  Object.assign(getPipeline(), { model: structuredClone(before.model) });
  const settings = getSettings() as unknown as Record<string, unknown>;
  for (const name of Object.keys(settings)) delete settings[name];
  Object.assign(settings, structuredClone(before.settings));
});

/** Changes the model of the definition that handlers read, until the end of the test. */
export function withModel(changes: Partial<Model>): Pipeline {
  const pipeline = getPipeline();
  pipeline.model = { ...(pipeline.model as Model), ...changes };
  return pipeline;
}

/** Changes the settings that handlers read, until the end of the test. */
export const withSettings = (changes: Partial<Settings>) => Object.assign(getSettings(), changes);

export const SCRIPT = {
  kind: 'script',
  version: 'v1',
  problem: 'regression',
  objective: 'MSE',
  label: 'cr',
  classes: undefined,
  meansBy: ['device', 'entity'],
} satisfies Partial<Model>;
