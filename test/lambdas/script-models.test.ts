import { CopyObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  CreateModelCommand,
  CreateTrainingJobCommand,
  DescribeModelCommand,
  DescribeTrainingJobCommand,
  SageMakerClient,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as checkTraining } from '#lambdas/check-training-job/handler.ts';
import { handler as chooseModel } from '#lambdas/choose-model/handler.ts';
import { handler as createModel } from '#lambdas/create-model/handler.ts';
import type { MlPayload, StartInput } from '#lambdas/shared/payload.ts';
import { stopOpenJobs } from '#lambdas/shared/stop-open-jobs.ts';
import { handler as startTraining } from '#lambdas/start-training-job/handler.ts';
import { filters } from '#lambdas/start-transform/transform-request.ts';
import { sklearnImage } from '#lib/models/sklearn-images.ts';
import { jobName } from '#lib/names.ts';
import { SCRIPT, withModel, withSettings } from '#test/lambdas/support/definition.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { eventOf, executionOf, finished, mlPayload, runningJob, settings } from '#test/lambdas/support/world.ts';

const sagemaker = mockClient(SageMakerClient);
const s3 = mockClient(S3Client);
let table: ReturnType<typeof fakeRunTable>;
const IMAGE = '141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3';
const RUN = 's3://curated/homes/ml/run_date=2020-02-07/run=run-1/';
const datasets = {
  trainRows: 60,
  validationRows: 15,
  holdoutRows: 18,
  inferenceRows: 5,
  classes: {},
  holdoutUnmatched: 0,
  locations: { train: 's3://d/train/', validation: 's3://d/validation/', holdout: 's3://d/h/', inference: 's3://d/i/' },
};

beforeEach(() => {
  sagemaker.reset();
  sagemaker.onAnyCommand().resolves({});
  s3.reset();
  s3.onAnyCommand().resolves({});
  table = fakeRunTable();
  withModel(SCRIPT);
  withSettings({ modelCode: 's3://assets/abc/code 1.tar.gz' });
});

describe('start-training-job', () => {
  const begin = () => startTraining(eventOf(mlPayload({ datasets })));
  const asked = () => sagemaker.commandCalls(CreateTrainingJobCommand)[0]?.args[0].input;

  it('runs train.py of the version in use in AWS’s container, on our own channels, within a time', async () => {
    const { job } = await begin();
    const name = jobName('test', 'homes', 'run-1', 'training');
    expect(job).toMatchObject({ kind: 'training', step: 'training', id: name });
    const channel = (ChannelName: string, S3Uri: string) => ({
      ChannelName,
      InputMode: 'File',
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri } },
    });
    expect(asked()).toMatchObject({
      TrainingJobName: name,
      AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
      InputDataConfig: [channel('train', 's3://d/train/'), channel('validation', 's3://d/validation/')],
      OutputDataConfig: { S3OutputPath: `${RUN}training/` },
      ResourceConfig: { InstanceType: 'ml.m5.xlarge', InstanceCount: 1 },
      StoppingCondition: { MaxRuntimeInSeconds: 900 },
      RoleArn: settings.sagemakerRoleArn,
      Tags: expect.arrayContaining([{ Key: 'presage:execution', Value: 'run-1' }]),
    });
  });

  it('tells the script what it is to learn, each hyper-parameter as JSON', async () => {
    await begin();
    expect(asked()?.HyperParameters).toEqual({
      sagemaker_program: '"train.py"',
      sagemaker_submit_directory: `"${RUN}code/sourcedir.tar.gz"`,
      sagemaker_region: '"eu-west-1"',
      version: '"v1"',
      label: '"cr"',
      features: '["views","seconds"]',
      problem: '"regression"',
      objective: '"MSE"',
    });
  });

  it('keeps the deployed code beside the data of the run, for as long as there is a model of it', async () => {
    await begin();
    expect(s3.commandCalls(CopyObjectCommand)[0]?.args[0].input).toEqual({
      Bucket: 'curated',
      Key: 'homes/ml/run_date=2020-02-07/run=run-1/code/sourcedir.tar.gz',
      CopySource: 'assets/abc/code%201.tar.gz',
    });
  });

  it('trains the version the environment has in use, whatever the definition says', async () => {
    withSettings({ modelVersion: 'v3' });
    await begin();
    expect(asked()?.HyperParameters?.version).toBe('"v3"');
  });

  it('finds the job it had started when a retry is refused for its name', async () => {
    const refused = Object.assign(new Error('already exists'), { name: 'ResourceInUse' });
    sagemaker.on(CreateTrainingJobCommand).rejects(refused);
    expect((await begin()).job?.id).toBe(jobName('test', 'homes', 'run-1', 'training'));
  });

  it('refuses feature names that do not fit into a hyper-parameter', async () => {
    withModel({ features: Array.from({ length: 300 }, (_, i) => `feature_${i}`) });
    await expect(begin()).rejects.toThrow(/^The hyper-parameter features has \d+ characters; SageMaker allows 2500/);
  });

  it('can be stopped when the execution ends', async () => {
    const { job } = await begin();
    expect(await stopOpenJobs(executionOf('ml').executionArn)).toEqual(['training training']);
    expect(sagemaker.commandCalls(StopTrainingJobCommand)[0]?.args[0].input).toEqual({ TrainingJobName: job?.id });
  });
});

describe('the container of a region', () => {
  it('has the address of the region’s own registry', () => {
    expect(sklearnImage('eu-west-1')).toBe(IMAGE);
    expect(sklearnImage('cn-north-1')).toMatch(/^450853457545\.dkr\.ecr\.cn-north-1\.amazonaws\.com\.cn\//);
  });

  it('is refused where there is none, with where there is one', () => {
    expect(() => sklearnImage('moon-1')).toThrow(/^AWS has no scikit-learn image in moon-1; it has in af-south-1, /);
  });
});

describe('check-training-job', () => {
  const look = (answer: object, job = {}) => {
    sagemaker.on(DescribeTrainingJobCommand).resolves(answer);
    return checkTraining(eventOf(mlPayload({ job: runningJob('training', 'training', job) }), { atMostSeconds: 600 }));
  };

  it('shows what the job is at and what the script has measured', async () => {
    const FinalMetricDataList = [{ MetricName: 'validation_mse', Value: 0.00123456 }];
    const { job } = await look({ TrainingJobStatus: 'InProgress', SecondaryStatus: 'Training', FinalMetricDataList });
    expect(job?.progress).toBe('Training, validation_mse 0.001235');
  });

  it('keeps where the model is', async () => {
    const { jobs } = await look({
      TrainingJobStatus: 'Completed',
      ModelArtifacts: { S3ModelArtifacts: 's3://m/model.tar.gz' },
    });
    expect(jobs.training).toMatchObject({ kind: 'training', output: 's3://m/model.tar.gz' });
  });

  it.each([
    [{ TrainingJobStatus: 'Failed', FailureReason: 'MissingData: no rows' }, 'failed: MissingData: no rows'],
    [{ TrainingJobStatus: 'Stopped', SecondaryStatus: 'Stopped' }, 'was stopped by somebody else'],
    [
      {
        TrainingJobStatus: 'Stopped',
        SecondaryStatus: 'MaxRuntimeExceeded',
        StoppingCondition: { MaxRuntimeInSeconds: 900 },
      },
      'was not done after 900 s, its limit in lib/environments.ts',
    ],
  ])('fails with the reason: %j', async (answer, said) => {
    await expect(look(answer)).rejects.toMatchObject({
      name: 'TrainingFailed',
      message: `Training job training-id ${said}`,
    });
  });

  it('tries again when there was no instance, but not for ever', async () => {
    const lacking = { TrainingJobStatus: 'Failed', FailureReason: 'CapacityError: Unable to provision' };
    expect((await look(lacking)).job?.state).toBe('RETRY');
    await expect(look(lacking, { attempt: 3 })).rejects.toMatchObject({ name: 'TrainingFailed' });
  });

  it('stops a job that does not end itself', async () => {
    await expect(look({ TrainingJobStatus: 'InProgress' }, { secondsAgo: 601 })).rejects.toMatchObject({
      name: 'JobTimedOut',
    });
    expect(sagemaker.commandCalls(StopTrainingJobCommand)).toHaveLength(1);
  });
});

describe('create-model of a script', () => {
  const create = (trained: object) => {
    sagemaker.on(DescribeTrainingJobCommand).resolves(trained);
    const model = { decision: 'train' as const, reason: '' };
    return createModel(eventOf(mlPayload({ datasets, model, jobs: { training: finished('training') } })));
  };
  const trained = {
    ModelArtifacts: { S3ModelArtifacts: 's3://m/model.tar.gz' },
    HyperParameters: { sagemaker_submit_directory: '"s3://code/sourcedir.tar.gz"' },
  };

  it('serves it with inference.py of the code it was trained with', async () => {
    await create(trained);
    expect(sagemaker.commandCalls(CreateModelCommand)[0]?.args[0].input.Containers).toEqual([
      {
        Image: IMAGE,
        ModelDataUrl: 's3://m/model.tar.gz',
        Environment: {
          SAGEMAKER_PROGRAM: 'inference.py',
          SAGEMAKER_SUBMIT_DIRECTORY: 's3://code/sourcedir.tar.gz',
          SAGEMAKER_REGION: 'eu-west-1',
          SAGEMAKER_CONTAINER_LOG_LEVEL: '20',
        },
      },
    ]);
  });

  it('remembers which version it is and where its file is', async () => {
    expect((await create(trained)).model?.challenger).toMatchObject({
      trainRows: 75,
      version: 'v1',
      artifact: 's3://m/model.tar.gz',
    });
  });

  it('refuses a training that left no model', async () => {
    await expect(create({ ...trained, ModelArtifacts: undefined })).rejects.toMatchObject({ name: 'ModelUnusable' });
  });
});

describe('choose-model of a script', () => {
  const model = (id: string, trainedFor: string, version: string) =>
    table.put({
      ...{ pk: 'pipeline#homes', sk: `model#${trainedFor}#t#${id}` },
      ...{ id, trainedFor, version, trainRows: 900, features: ['views', 'seconds'], aboveBaseline: true },
    });
  const choose = (start: StartInput = {}) => {
    sagemaker.on(DescribeModelCommand).resolves({});
    return chooseModel(eventOf(mlPayload({ start: { runDate: '2020-02-07', ...start } })));
  };
  const choiceOf = async (start?: StartInput): Promise<MlPayload['model']> => (await choose(start)).model;

  it('takes models of the version in use only, however new the others are', async () => {
    model('first', '2020-02-01', 'v1');
    model('second', '2020-02-05', 'v2');
    expect((await choiceOf())?.use).toMatchObject({ id: 'first', version: 'v1' });
    withSettings({ modelVersion: 'v2' });
    expect((await choiceOf())?.use).toMatchObject({ id: 'second', version: 'v2' });
  });

  it('trains when another version has come into use', async () => {
    model('first', '2020-02-01', 'v1');
    withSettings({ modelVersion: 'v2' });
    expect(await choiceOf()).toEqual({
      decision: 'train',
      reason: 'there is no model v2 yet that beat the naive baseline',
    });
    await expect(choose({ train: 'never' })).rejects.toThrow('There is no model v2 of homes for 2020-02-07');
  });
});

describe('the holdout of a regression', () => {
  it('keeps the naive guesses from the model and gives them back beside label and answer', () => {
    expect(filters(withModel({}), 'holdout')).toEqual({
      InputFilter: '$[6:]',
      OutputFilter: '$[0,1,2,3,4,5,8]',
      JoinSource: 'Input',
    });
    expect(filters(withModel({}), 'inference').OutputFilter).toBe('$[0,3]');
  });
});
