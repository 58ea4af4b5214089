import { stepError } from '#lambdas/shared/errors.ts';
import type { Evaluation, Metrics, ModelChoice } from '#lambdas/shared/payload.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

/** The objective as AutoML calls it → its name among the metrics, and whether less is better. */
const OBJECTIVES: Record<Model['objective'], { metric: string; less: boolean }> = {
  F1macro: { metric: 'f1_macro', less: false },
  AUC: { metric: 'roc_auc', less: false },
  MSE: { metric: 'mse', less: true },
};

interface Scored {
  rows: number;
  metrics: Metrics;
  baseline: Metrics;
}

/** The model against the naive baseline, on the objective alone. An undefined objective is not above anything. */
export function judge(model: string, objective: Model['objective'], { rows, metrics, baseline }: Scored): Evaluation {
  const { metric, less } = OBJECTIVES[objective];
  const [own, naive] = [metrics[metric] ?? null, baseline[metric] ?? null];
  const aboveBaseline = own !== null && (naive === null || (less ? own < naive : own > naive));
  return { model, holdoutRows: rows, metrics, baseline, aboveBaseline };
}

/** `f1_macro 0.27, the naive baseline 0.21, on 900 holdout rows` */
export function compared({ metrics, baseline, holdoutRows }: Evaluation, objective: Model['objective']): string {
  const { metric } = OBJECTIVES[objective];
  const text = (value: number | null | undefined) => (value == null ? 'undefined' : rounded(value));
  return `${metric} ${text(metrics[metric])}, the naive baseline ${text(baseline[metric])}, on ${holdoutRows} holdout rows`;
}

/** Errors of small numbers are small numbers themselves. */
const rounded = (value: number) => (Math.abs(value) < 0.01 ? value.toPrecision(4) : value.toFixed(4));

/**
 * What follows from an evaluation. A challenger above the baseline is promoted. One that is not gives way to the current
 * model, which is then scored on the same holdout; with no current model the run ends.
 */
export function decide(choice: ModelChoice, evaluation: Evaluation, objective: Model['objective']): ModelChoice {
  const judged = choice.use?.id === choice.challenger?.id;
  if (!judged || evaluation.aboveBaseline) return { ...choice, evaluation, rescore: false };
  const numbers = compared(evaluation, objective);
  if (!choice.current)
    throw stepError(
      'ModelNotAboveBaseline',
      `The new model is not above the naive baseline: ${numbers}. There is no earlier model to predict with, so nothing was pushed; the features stay published.`,
    );
  const reason = `not above the naive baseline: ${numbers}`;
  return { ...choice, rejected: { ...evaluation, reason }, use: choice.current, rescore: true };
}
