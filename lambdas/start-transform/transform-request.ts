import type { CreateTransformJobRequest } from '@aws-sdk/client-sagemaker';
import { ANSWERS } from '#lambdas/create-model/containers.ts';
import { scoresLocation } from '#lambdas/shared/paths.ts';
import type { Run } from '#lambdas/shared/payload.ts';
import type { Settings } from '#lambdas/shared/settings.ts';
import { tagsOf } from '#lambdas/shared/tags.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import { baselineColumns } from '#lib/sql/scored-sql.ts';

export type Dataset = 'holdout' | 'inference';

/** SageMaker's limit. */
const FILTER_LENGTH = 63;

/**
 * Which columns the model sees and which come back, by position: CSV filters know nothing else.
 *
 * A record is key columns (holdout: and the label, and what naive guessers say), then the features; the answer is joined
 * behind it. The upper end of
 * a slice means different things in different documents, so there is none, and the output is a list of positions.
 */
export function filters({ model, predictions }: Pipeline, dataset: Dataset) {
  if (!model || !predictions) throw new Error('A pipeline without a model scores nothing');
  const { trainingKey } = model;
  const keys = dataset === 'holdout' ? trainingKey.length + 1 + baselineColumns(model).length : predictions.key.length;
  const answers = model.problem === 'regression' ? 1 : ANSWERS.length;
  const first = keys + model.features.length;
  const positions = [...range(0, keys), ...range(first, first + answers)];
  const OutputFilter = `$[${positions.join()}]`;
  if (OutputFilter.length > FILTER_LENGTH)
    throw new Error(
      `The output filter ${OutputFilter} is longer than ${FILTER_LENGTH} characters: the row key has too many columns`,
    );
  return { InputFilter: `$[${keys}:]`, OutputFilter, JoinSource: 'Input' as const };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

export interface TransformSource {
  dataset: Dataset;
  location: string;
  model: string;
  name: string;
}

/** A batch transform of one data set with one model. */
export function transformRequest(
  settings: Settings,
  run: Run,
  pipeline: Pipeline,
  { dataset, location, model, name }: TransformSource,
): CreateTransformJobRequest {
  const { instanceType, instanceCount, maxConcurrent, maxPayloadMb } = settings.capacity.transform;
  if (maxConcurrent * maxPayloadMb > 100)
    throw new Error(`maxConcurrent × maxPayloadMb is ${maxConcurrent * maxPayloadMb}; SageMaker allows at most 100`);
  return {
    TransformJobName: name,
    ModelName: model,
    BatchStrategy: 'MultiRecord',
    MaxConcurrentTransforms: maxConcurrent,
    MaxPayloadInMB: maxPayloadMb,
    TransformInput: {
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: location } },
      ContentType: 'text/csv',
      CompressionType: 'None',
      SplitType: 'Line',
    },
    TransformOutput: { S3OutputPath: scoresLocation(run, dataset, model), Accept: 'text/csv', AssembleWith: 'Line' },
    TransformResources: { InstanceType: instanceType as 'ml.m5.large', InstanceCount: instanceCount },
    DataProcessing: filters(pipeline, dataset),
    Tags: tagsOf(run),
  };
}
