import { CreateModelCommand, DescribeAutoMLJobV2Command } from '@aws-sdk/client-sagemaker';
import { containersFor } from '#lambdas/create-model/containers.ts';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import type { MlPayload, ModelRef } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { tagsOf } from '#lambdas/shared/tags.ts';
import { jobName } from '#lib/names.ts';

/** Makes a model of the best candidate: the challenger, until evaluate has judged it. */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { jobs, datasets, model: choice } = payload;
  const { model } = getPipeline();
  if (!model || !datasets || !choice || !jobs.automl) throw new Error('Nothing has been trained');
  const { BestCandidate } = await sagemaker.send(new DescribeAutoMLJobV2Command({ AutoMLJobName: jobs.automl.id }));
  const id = jobName(run.environment, run.pipeline, run.execution, 'model');
  const request = new CreateModelCommand({
    ModelName: id,
    Containers: containersFor(BestCandidate?.InferenceContainers ?? [], model.problem !== 'regression'),
    ExecutionRoleArn: getSettings().sagemakerRoleArn,
    Tags: tagsOf(run),
  });
  await sagemaker.send(request).catch((error: unknown) => {
    // A retried step: the name is this execution's own.
    const there = isNamed(error, 'ValidationException', 'ResourceInUse') && /already exist/i.test(error.message);
    if (!there) throw error;
  });
  const challenger: ModelRef = {
    id,
    trainedFor: run.runDate,
    trainRows: datasets.trainRows + datasets.validationRows,
    features: model.features,
  };
  return { ...payload, model: { ...choice, challenger, use: challenger } };
});
