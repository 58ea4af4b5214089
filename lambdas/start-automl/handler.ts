import { CreateAutoMLJobV2Command } from '@aws-sdk/client-sagemaker';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { attemptOf, startJob } from '#lambdas/shared/jobs.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { autoMlRequest } from '#lambdas/start-automl/automl-request.ts';
import { jobName } from '#lib/names.ts';

/**
 * Starts the AutoML job of a run.
 *
 * Idempotent by name: SageMaker refuses a second job of the same name, and the name is made of the execution, so a retry
 * after a lost answer finds the job it had started.
 */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { model } = getPipeline();
  const { datasets } = payload;
  if (!model || !datasets) throw new Error('There is no training data');
  const attempt = attemptOf(payload, 'automl');
  const name = jobName(run.environment, run.pipeline, run.execution, 'automl', attempt);
  return startJob(payload, {
    kind: 'automl',
    step: 'automl',
    attempt,
    name,
    start: async () => {
      const request = autoMlRequest(getSettings(), run, model, datasets.locations, name);
      await sagemaker.send(new CreateAutoMLJobV2Command(request)).catch((error: unknown) => {
        if (!isNamed(error, 'ResourceInUse')) throw error;
      });
      return name;
    },
  });
});
