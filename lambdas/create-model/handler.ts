import {
  type ContainerDefinition,
  CreateModelCommand,
  DescribeAutoMLJobV2Command,
  DescribeTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { containersFor } from '#lambdas/create-model/containers.ts';
import { scriptContainer } from '#lambdas/create-model/script-container.ts';
import { sagemaker } from '#lambdas/shared/clients/sagemaker.ts';
import { isNamed } from '#lambdas/shared/errors.ts';
import { versionInUse } from '#lambdas/shared/model-version.ts';
import type { MlPayload, ModelRef } from '#lambdas/shared/payload.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { tagsOf } from '#lambdas/shared/tags.ts';
import { jobName } from '#lib/names.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

/** Makes a model of what was trained: the challenger, until evaluate has judged it. */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const { jobs, datasets, model: choice } = payload;
  const { model } = getPipeline();
  const trained = model?.kind === 'script' ? jobs.training : jobs.automl;
  if (!model || !datasets || !choice || !trained) throw new Error('Nothing has been trained');
  const id = jobName(run.environment, run.pipeline, run.execution, 'model');
  const Containers = await containersOf(model, trained.id);
  const request = new CreateModelCommand({
    ModelName: id,
    Containers,
    ExecutionRoleArn: getSettings().sagemakerRoleArn,
    Tags: tagsOf(run),
  });
  await sagemaker.send(request).catch((error: unknown) => {
    // A retried step: the name is this execution's own.
    const there = isNamed(error, 'ValidationException', 'ResourceInUse') && /already exist/i.test(error.message);
    if (!there) throw error;
  });
  const version = versionInUse(model);
  // Of three containers the second holds the model; the others prepare rows and name classes.
  const artifact = (Containers[1] ?? Containers[0])?.ModelDataUrl;
  const challenger: ModelRef = {
    id,
    trainedFor: run.runDate,
    trainRows: datasets.trainRows + datasets.validationRows,
    features: model.features,
    ...(version ? { version } : {}),
    ...(artifact ? { artifact } : {}),
  };
  return { ...payload, model: { ...choice, challenger, use: challenger } };
});

async function containersOf(model: Model, job: string): Promise<ContainerDefinition[]> {
  if (model.kind === 'script') {
    const trained = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: job }));
    return [scriptContainer(trained, getSettings().region)];
  }
  const { BestCandidate } = await sagemaker.send(new DescribeAutoMLJobV2Command({ AutoMLJobName: job }));
  return containersFor(BestCandidate?.InferenceContainers ?? [], model.problem !== 'regression');
}
