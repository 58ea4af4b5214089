import type { ContainerDefinition, DescribeTrainingJobResponse } from '@aws-sdk/client-sagemaker';
import { stepError } from '#lambdas/shared/errors.ts';
import { sklearnImage } from '#lib/models/sklearn-images.ts';

/**
 * The container of a trained script model: it is served by the code it was trained with. What `inference.py` must have
 * is written at `trainingRequest`.
 */
export function scriptContainer(job: DescribeTrainingJobResponse, region: string): ContainerDefinition {
  const { ModelArtifacts, HyperParameters = {} } = job;
  const code = HyperParameters.sagemaker_submit_directory;
  if (!ModelArtifacts?.S3ModelArtifacts || !code)
    throw stepError('ModelUnusable', `Training job ${job.TrainingJobName} left no model or names no code`);
  return {
    Image: sklearnImage(region),
    ModelDataUrl: ModelArtifacts.S3ModelArtifacts,
    Environment: {
      SAGEMAKER_PROGRAM: 'inference.py',
      SAGEMAKER_SUBMIT_DIRECTORY: JSON.parse(code) as string,
      SAGEMAKER_REGION: region,
      SAGEMAKER_CONTAINER_LOG_LEVEL: '20',
    },
  };
}
