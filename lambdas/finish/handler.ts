import { etlResult, mlResult } from '#lambdas/finish/result.ts';
import { resultUri } from '#lambdas/shared/paths.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';
import { markGreen, releaseLock } from '#lambdas/shared/run-table.ts';
import { writeJson } from '#lambdas/shared/s3.ts';
import { step } from '#lambdas/shared/step.ts';

/** Ends a run: keeps its result, says that the day is green, and gives the pipeline back, in this order. */
export const handler = step<EtlPayload & MlPayload, EtlResult | MlResult>(async (payload, { run }) => {
  const result = run.machine === 'etl' ? etlResult(payload) : mlResult(payload);
  await writeJson(resultUri(run), result);
  // A run that only trains says nothing of the day's predictions.
  await markGreen(run, run.machine === 'ml' && payload.start.predict === false ? 'training' : run.machine);
  await releaseLock(run.executionArn);
  return result;
});
