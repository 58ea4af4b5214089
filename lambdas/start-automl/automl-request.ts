import type { AutoMLJobChannel, CreateAutoMLJobV2Request } from '@aws-sdk/client-sagemaker';
import { autoMlLocation } from '#lambdas/shared/paths.ts';
import type { Datasets, Run } from '#lambdas/shared/payload.ts';
import type { Settings } from '#lambdas/shared/settings.ts';
import { tagsOf } from '#lambdas/shared/tags.ts';
import { WEIGHT_COLUMN } from '#lib/models/weights.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

const PROBLEMS = {
  binary: 'BinaryClassification',
  multiclass: 'MulticlassClassification',
  regression: 'Regression',
} as const;

/**
 * An AutoML V2 job on the training set.
 *
 * The mode is explicit: AUTO would turn from one container to three at 100 MB. The validation channel is ours, because
 * AutoML's own split is by row and would put one entity on both sides. Problem type and objective come together. Weights of
 * rows are known to ENSEMBLING only; the definition says so.
 */
export function autoMlRequest(
  settings: Settings,
  run: Run,
  model: Model,
  { train, validation }: Datasets['locations'],
  name: string,
): CreateAutoMLJobV2Request {
  const { maxCandidates, maxRuntimeSeconds, maxRuntimePerTrainingJobSeconds } = settings.capacity.automl;
  return {
    AutoMLJobName: name,
    AutoMLJobInputDataConfig: [channel('training', train), channel('validation', validation)],
    OutputDataConfig: { S3OutputPath: autoMlLocation(run) },
    AutoMLProblemTypeConfig: {
      TabularJobConfig: {
        TargetAttributeName: model.label,
        ProblemType: PROBLEMS[model.problem],
        ...(model.balanced ? { SampleWeightAttributeName: WEIGHT_COLUMN } : {}),
        Mode: model.mode,
        CompletionCriteria: {
          MaxCandidates: maxCandidates,
          MaxAutoMLJobRuntimeInSeconds: maxRuntimeSeconds,
          MaxRuntimePerTrainingJobInSeconds: maxRuntimePerTrainingJobSeconds,
        },
      },
    },
    AutoMLJobObjective: { MetricName: model.objective },
    RoleArn: settings.sagemakerRoleArn,
    Tags: tagsOf(run),
  };
}

const channel = (ChannelType: 'training' | 'validation', S3Uri: string): AutoMLJobChannel => ({
  ChannelType,
  ContentType: 'x-application/vnd.amazon+parquet',
  CompressionType: 'None',
  DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri } },
});
