import { getSettings } from '#lambdas/shared/settings.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

/** The package of a script model that is in use here: the environment's, else the definition's. AutoML has none. */
export const versionInUse = ({ kind, version }: Model): string | undefined =>
  kind === 'script' ? (getSettings().modelVersion ?? version) : undefined;
