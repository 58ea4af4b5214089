import { CopyObjectCommand } from '@aws-sdk/client-s3';
import { CreateTrainingJobCommand } from '@aws-sdk/client-sagemaker';
import { s3 } from '#lambdas/shared/clients/s3.ts';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { attemptOf, startJob } from '#lambdas/shared/jobs.ts';
import { versionInUse } from '#lambdas/shared/model-version.ts';
import { modelCodeUri } from '#lambdas/shared/paths.ts';
import type { MlPayload, Run } from '#lambdas/shared/payload.ts';
import { parseUri } from '#lambdas/shared/s3.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { trainingRequest } from '#lambdas/start-training-job/training-request.ts';
import { jobName } from '#lib/names.ts';

/** Starts the training of a script model. Idempotent by name, as start-automl. */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { model } = getPipeline();
  const { datasets } = payload;
  const version = model && versionInUse(model);
  if (!model || !datasets || !version) throw new Error('There is no script model or no training data');
  const attempt = attemptOf(payload, 'training');
  const name = jobName(run.environment, run.pipeline, run.execution, 'training', attempt);
  return startJob(payload, {
    kind: 'training',
    step: 'training',
    attempt,
    name,
    start: async () => {
      const code = await keepCode(run);
      const request = trainingRequest(getSettings(), run, model, {
        name,
        version,
        code,
        locations: datasets.locations,
      });
      await sagemaker.send(new CreateTrainingJobCommand(request)).catch((error: unknown) => {
        if (!isNamed(error, 'ResourceInUse')) throw error;
      });
      return name;
    },
  });
});

/**
 * Puts the deployed code beside the run's data: the model made of it must be served with it for as long as it is in use,
 * while deployed assets come and go with deployments.
 */
async function keepCode(run: Run): Promise<string> {
  const { modelCode } = getSettings();
  if (!modelCode) throw new Error(`${run.pipeline} was deployed without the code of its model`);
  const uri = modelCodeUri(run);
  const { Bucket, Key } = parseUri(modelCode);
  const CopySource = `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
  await s3.send(new CopyObjectCommand({ ...parseUri(uri), CopySource }));
  return uri;
}
