import type { EtlPayload, MlPayload, Pushed } from '#lambdas/shared/payload.ts';
import type { EtlResult, MlResult } from '#lambdas/shared/results.ts';

/** What a green ETL execution ends with. */
export function etlResult({
  run,
  tables = {},
  sources = {},
  counts = {},
  manifest = '',
  mlExecution,
  predictions,
  outputs = {},
  notices,
  jobs,
}: EtlPayload): EtlResult {
  return {
    run,
    tables,
    sources,
    counts,
    manifest,
    ...(mlExecution ? { mlExecution } : {}),
    predictions: predictions ? pushed(predictions) : null,
    outputs,
    notices,
    jobs,
  };
}

const pushed = ({ rows, location, written = 0, unchanged = 0, failed = 0 }: Pushed): Required<Pushed> => ({
  ...{ rows, written, unchanged, failed, location },
});

/**
 * What a green ML execution ends with: the model that made the predictions, and one that was not good enough. A run that
 * only trains has no predictions.
 */
export function mlResult(payload: MlPayload): MlResult {
  const { start, run, model, datasets, predictions, endpoint, outputs = {}, notices, jobs } = payload;
  const { use, evaluation, rejected, challenger } = model ?? {};
  if (!model || !use || (!predictions && start.predict !== false))
    throw new Error('The run ends without a model or without predictions');
  const trained = use.id === challenger?.id;
  return {
    run,
    model: {
      id: use.id,
      trained,
      decision: trained ? 'promoted' : 'kept',
      reason: rejected?.reason ?? model.reason,
      trainRows: use.trainRows,
      holdoutRows: evaluation?.holdoutRows ?? datasets?.holdoutRows ?? 0,
      metrics: evaluation?.metrics ?? {},
      baseline: evaluation?.baseline ?? {},
      challenger: rejected ? { id: rejected.model, reason: rejected.reason, metrics: rejected.metrics } : null,
    },
    predictions: predictions ? pushed(predictions) : null,
    endpoint: endpoint ?? null,
    outputs,
    notices,
    jobs,
  };
}
