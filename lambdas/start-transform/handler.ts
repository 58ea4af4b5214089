import { CreateTransformJobCommand } from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed, stepError } from '#lambdas/shared/errors.ts';
import { attemptOf, startJob } from '#lambdas/shared/jobs.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { type Dataset, transformRequest } from '#lambdas/start-transform/transform-request.ts';
import { jobName } from '#lib/names.ts';

/**
 * Starts the batch transform of a data set with the model in use.
 *
 * The model sees positions, not names: rows in another order of columns would be scored without a word. So the order
 * kept with the model is compared first. Idempotent by name, as start-automl.
 */
export const handler = step<MlPayload, MlPayload, { dataset: Dataset }>(async (payload, { args: { dataset }, run }) => {
  const pipeline = getPipeline();
  const model = payload.model?.use;
  const location = payload.datasets?.locations[dataset];
  if (!model || !location) throw new Error('There is no model or no data set to transform');
  const wanted = pipeline.model?.features ?? [];
  if (model.features.join() !== wanted.join()) {
    const at = wanted.findIndex((name, i) => model.features[i] !== name);
    throw stepError(
      'ModelColumnsDiffer',
      `The model ${model.id} was trained on ${model.features.length} columns, the definition has ${wanted.length}; they differ from number ${at + 1} on (${model.features[at] ?? 'none'}, ${wanted[at] ?? 'none'}). Run with training.`,
    );
  }
  const label = `transform-${dataset}`;
  const attempt = attemptOf(payload, label);
  const key = `${label}-${model.id}`;
  const name = jobName(run.environment, run.pipeline, run.execution, key, attempt);
  return startJob(payload, {
    kind: 'transform',
    step: label,
    key,
    attempt,
    name,
    start: async () => {
      const request = transformRequest(getSettings(), run, pipeline, { dataset, location, model: model.id, name });
      await sagemaker.send(new CreateTransformJobCommand(request)).catch((error: unknown) => {
        if (!isNamed(error, 'ResourceInUse')) throw error;
      });
      return name;
    },
  });
});
