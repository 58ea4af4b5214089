import type { EtlPayload, MlPayload, Pushed } from '#lambdas/shared/payload.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';

/** What goes to DynamoDB: the predictions of the model or, in a pipeline without one, the rows of a published table. */
export function toPush({ predictions, tables = {} }: Pick<EtlPayload & MlPayload, 'predictions' | 'tables'>): Pushed {
  const { predictions: served, model } = getPipeline();
  const rows = predictions ?? (served?.table && !model ? tables[served.table] : undefined);
  if (!served || !rows) throw new Error('There is nothing to push');
  return rows;
}
