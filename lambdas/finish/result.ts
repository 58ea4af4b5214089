import type { EtlPayload, EtlResult, MlPayload, MlResult } from '#lambdas/shared/payload.ts';

/** What a green ETL execution ends with. */
export function etlResult({
  run,
  tables = {},
  sources = {},
  manifest = '',
  mlExecution,
  notices,
  jobs,
}: EtlPayload): EtlResult {
  return { run, tables, sources, manifest, ...(mlExecution ? { mlExecution } : {}), notices, jobs };
}

/** What a green ML execution ends with: the model that made the predictions, and one that was not good enough. */
export function mlResult({ run, model, datasets, predictions, notices, jobs }: MlPayload): MlResult {
  const { use, evaluation, rejected, challenger } = model ?? {};
  if (!model || !use || !predictions) throw new Error('The run ends without a model or without predictions');
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
    predictions: {
      rows: predictions.rows,
      written: predictions.written ?? 0,
      unchanged: predictions.unchanged ?? 0,
      failed: predictions.failed ?? 0,
      location: predictions.location,
    },
    notices,
    jobs,
  };
}
