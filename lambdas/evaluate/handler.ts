import { compared, decide, judge } from '#lambdas/evaluate/judgement.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { queryRows } from '#lambdas/shared/query-results.ts';
import { recordModel } from '#lambdas/shared/run-table.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { readMetrics } from '#lib/sql/metrics-sql.ts';

/** Judges the model in use on the holdout it never saw, and keeps the judgement of a new one in the run table. */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { jobs, datasets, model: choice } = payload;
  const { model } = getPipeline();
  if (!model || !datasets || !choice?.use || !jobs.metrics) throw new Error('No holdout has been scored');
  const scored = readMetrics(await queryRows(jobs.metrics.id));
  if (scored.rows !== datasets.holdoutRows)
    throw stepError(
      'TransformIncomplete',
      `The holdout has ${datasets.holdoutRows} rows, and ${scored.rows} came back scored`,
    );

  const evaluation = judge(choice.use.id, model.objective, scored);
  const isNew = choice.use.id === choice.challenger?.id;
  // Kept before anything is decided: a rejected model is worth knowing of too.
  if (isNew) await recordModel(run, choice.use, evaluation);
  const decided = decide(choice, evaluation, model.objective);
  const notices: string[] = [];
  const numbers = compared(evaluation, model.objective);
  if (decided.rescore) notices.push(`The new model ${evaluation.model} was rejected, ${decided.rejected?.reason}`);
  else if (!isNew && !evaluation.aboveBaseline)
    notices.push(
      `The model in use, ${evaluation.model}, is not above the naive baseline on this run's holdout: ${numbers}`,
    );
  return { ...payload, model: decided, notices: [...payload.notices, ...notices] };
});
