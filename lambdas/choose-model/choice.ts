import { stepError } from '#lambdas/shared/errors.ts';
import type { ModelChoice, ModelRef, Run, StartInput } from '#lambdas/shared/payload.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

const DAY = 86_400_000;

export interface Known {
  /** The newest model of the version in use that beat the naive baseline and still exists. */
  current?: ModelRef;
  /** Of a script model: the version in use. */
  version?: string;
}

/**
 * Train or predict, and why. A run that must not train ends without a model to predict with: it was told so by somebody
 * who has another run for that.
 */
export function choose(
  run: Run,
  { train = 'auto' }: StartInput,
  model: Model,
  { current, version }: Known = {},
): ModelChoice {
  const good = `model${version ? ` ${version}` : ''}`;
  const choice = (decision: ModelChoice['decision'], reason: string): ModelChoice => ({
    decision,
    reason,
    ...(current ? { current } : {}),
    ...(decision === 'predict' && current ? { use: current } : {}),
  });
  const changed = current && current.features.join() !== model.features.join();
  if (train === 'always') return choice('train', 'training was asked for');
  if (train === 'never') {
    if (!current)
      throw stepError(
        'NoModel',
        `There is no ${good} of ${run.pipeline} for ${run.runDate} that beat the naive baseline; run with training`,
      );
    if (changed)
      throw stepError(
        'ModelColumnsDiffer',
        `The model ${current.id} was trained on other columns than the definition has now; run with training`,
      );
    return choice('predict', 'training was asked not to be done');
  }
  if (!current) return choice('train', `there is no ${good} yet that beat the naive baseline`);
  if (changed) return choice('train', `the definition's features are no longer those of ${current.id}`);
  const age = Math.round((Date.parse(run.runDate) - Date.parse(current.trainedFor)) / DAY);
  const limit = model.trainEveryDays;
  if (age > limit) return choice('train', `${current.id} is ${age} days old, more than ${limit}`);
  return choice('predict', `${current.id} is ${age} days old, at most ${limit} are allowed`);
}
