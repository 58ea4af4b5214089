import type { Channel, CreateTrainingJobRequest } from '@aws-sdk/client-sagemaker';
import { trainingLocation } from '#lambdas/shared/paths.ts';
import type { Datasets, Run } from '#lambdas/shared/payload.ts';
import type { Settings } from '#lambdas/shared/settings.ts';
import { tagsOf } from '#lambdas/shared/tags.ts';
import { sklearnImage } from '#lib/models/sklearn-images.ts';
import type { Model } from '#lib/pipelines/pipeline.ts';

/** SageMaker's limit. */
const PARAMETER_LENGTH = 2_500;

export interface ScriptTraining {
  name: string;
  /** `v1`, `v2`, …: the package to train. */
  version: string;
  /** `s3://…/sourcedir.tar.gz` */
  code: string;
  locations: Pick<Datasets['locations'], 'train' | 'validation'>;
}

/**
 * A training job that runs a pipeline's own `model/train.py` in AWS's scikit-learn container (script mode).
 *
 * What the folder `lib/pipelines/<name>/model/` must hold, and what it is given; the local cloud gives the same:
 *
 * - The archive has the folder's files at its root (tests and caches left out), so that `train.py` and `inference.py`
 *   import `package` and `v1`, `v2`, … by these names. The working folder is the archive's. No `requirements.txt` at
 *   the root: the container would install it from the internet; a version's own list is in its folder and documents
 *   what of the container it uses. Python 3.9, scikit-learn 1.2.1, numpy 1.24, pyarrow 14: code and saved models must
 *   work with these and with the newer ones of the local environment.
 * - `python train.py --features … --label … …`: the command line repeats the hyper-parameters as text, so read them from
 *   `SM_HPS` instead, one JSON object: `version` ("v2"), `label`, `features` (names in the order of the model),
 *   `problem` ("regression"), `objective` ("MSE").
 * - `SM_CHANNEL_TRAIN` and `SM_CHANNEL_VALIDATION`: folders of Parquet files with exactly the features, in that order,
 *   then the label; no entity is in both. The holdout is never there: it is scored by batch transform afterwards.
 * - What is written to `SM_MODEL_DIR` becomes model.tar.gz, what to `SM_OUTPUT_DATA_DIR` output.tar.gz beside it. The
 *   model must say itself which version it is (a file of its own): serving passes none.
 * - A line of JSON with `"validation_mse": <number>` in its output is shown to people as a metric of the job.
 * - A failure is an exit code other than 0; the last lines of its output, or the text in `SM_OUTPUT_DIR`/failure,
 *   become the reason people read, of at most 1,024 characters.
 * - `inference.py`: `model_fn(model_dir)`; `input_fn(body, content_type)`, where body is the text (or its bytes) of
 *   text/csv without header, exactly the features in their order, one record a line; `predict_fn(data, model)`;
 *   `output_fn(prediction, accept)` → `(text, 'text/csv')` with exactly one number a record, in the same order. An
 *   exception fails the transform. There is no default that suits: the container's own input_fn reads numbers of single
 *   precision.
 *
 * The image's own hyper-parameters name program and archive; each value is JSON, as the SageMaker SDK writes them.
 */
export function trainingRequest(
  settings: Settings,
  run: Run,
  model: Model,
  { name, version, code, locations }: ScriptTraining,
): CreateTrainingJobRequest {
  const { instanceType, maxRuntimeSeconds } = settings.capacity.training;
  const { label, features, problem, objective } = model;
  const told = { version, label, features, problem, objective };
  return {
    TrainingJobName: name,
    AlgorithmSpecification: {
      TrainingImage: sklearnImage(settings.region),
      TrainingInputMode: 'File',
      MetricDefinitions: [{ Name: 'validation_mse', Regex: '"validation_mse": ([0-9.eE+-]+)' }],
    },
    HyperParameters: parameters({
      sagemaker_program: 'train.py',
      sagemaker_submit_directory: code,
      sagemaker_region: settings.region,
      ...told,
    }),
    InputDataConfig: [channel('train', locations.train), channel('validation', locations.validation)],
    OutputDataConfig: { S3OutputPath: trainingLocation(run) },
    ResourceConfig: { InstanceType: instanceType as 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 30 },
    StoppingCondition: { MaxRuntimeInSeconds: maxRuntimeSeconds },
    RoleArn: settings.sagemakerRoleArn,
    Tags: tagsOf(run),
  };
}

function parameters(values: Record<string, unknown>): Record<string, string> {
  const entries = Object.entries(values).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const long = entries.find(([, text]) => text.length > PARAMETER_LENGTH);
  if (long)
    throw new Error(
      `The hyper-parameter ${long[0]} has ${long[1].length} characters; SageMaker allows ${PARAMETER_LENGTH}. Use fewer or shorter names.`,
    );
  return Object.fromEntries(entries);
}

const channel = (ChannelName: string, S3Uri: string): Channel => ({
  ChannelName,
  ContentType: 'application/x-parquet',
  CompressionType: 'None',
  InputMode: 'File',
  DataSource: {
    S3DataSource: { S3DataType: 'S3Prefix', S3Uri, S3DataDistributionType: 'FullyReplicated' },
  },
});
