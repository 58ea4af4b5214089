import type { Failed, StartInput } from '#lambdas/shared/payload.ts';
import { releaseLock } from '#lambdas/shared/run-table.ts';
import { logger, step } from '#lambdas/shared/step.ts';
import { stopOpenJobs } from '#lambdas/shared/stop-open-jobs.ts';

/**
 * After a failure: stops what this execution started and gives the pipeline back, so that the next run can begin. The
 * lock goes back even when a job could not be stopped: attempts write to places of their own.
 */
export const handler = step<StartInput & Failed, { stopped: string[] }>(async (_, { context }) => {
  try {
    const stopped = await stopOpenJobs(context.executionArn);
    logger.info('stopped', { stopped });
    return { stopped };
  } finally {
    await releaseLock(context.executionArn);
  }
});
