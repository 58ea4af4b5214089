import type { Run } from '#lambdas/shared/payload.ts';

/** The readable names that job names have no room for; roles are limited by the pipeline's. */
export const tagsOf = (run: Run) =>
  Object.entries({
    'presage:environment': run.environment,
    'presage:pipeline': run.pipeline,
    'presage:run-date': run.runDate,
    'presage:execution': run.execution,
  }).map(([Key, Value]) => ({ Key, Value }));
