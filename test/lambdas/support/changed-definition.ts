import { afterEach, beforeEach } from 'vitest';
import { getPipeline } from '#lambdas/shared/settings.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';

/** Changes the definition of these tests for one `describe`; `undefined` takes a field away. */
export function withDefinition(change: Partial<CompiledPipeline>): void {
  const before = { ...getPipeline() };
  beforeEach(() => void Object.assign(getPipeline(), change));
  afterEach(() => void Object.assign(getPipeline(), before));
}

/** A query as the compiler gives it. */
export const query = (athena: string, more: Partial<CompiledPipeline['queries'][string]> = {}) => ({
  athena,
  spark: `/* spark */ ${athena}`,
  sources: [],
  tables: [],
  predictions: false,
  ...more,
});
