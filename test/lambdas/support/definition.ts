import { onTestFinished } from 'vitest';
import type { Settings } from '#lambdas/shared/settings.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

/** What makes the model of these tests a script model: a regression with two means besides the naive one. */
export const SCRIPT: Partial<Model> = {
  kind: 'script',
  version: 'v1',
  problem: 'regression',
  objective: 'MSE',
  label: 'cr',
  classes: undefined,
  meansBy: ['device', 'entity'],
};

/** Changes the model of the definition until the test has ended. Gives the definition. */
export function withModel(change: Partial<Model>) {
  const pipeline = getPipeline();
  const { model } = pipeline;
  if (!model) throw new Error('The pipeline of the tests has a model');
  pipeline.model = { ...model, ...change };
  onTestFinished(() => {
    pipeline.model = model;
  });
  return pipeline;
}

/** Changes settings until the test has ended. */
export function withSettings(change: Partial<Settings>): void {
  const settings = getSettings();
  const before = { ...settings };
  Object.assign(settings, change);
  onTestFinished(() => {
    for (const name of Object.keys(change)) if (!(name in before)) delete settings[name as keyof Settings];
    Object.assign(settings, before);
  });
}
