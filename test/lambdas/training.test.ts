import {
  type AutoMLCandidate,
  CreateAutoMLJobV2Command,
  CreateModelCommand,
  DescribeAutoMLJobV2Command,
  ListCandidatesForAutoMLJobCommand,
  StopAutoMLJobCommand,
} from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';
import { handler as checkAutoMl } from '#lambdas/check-automl/handler.ts';
import { containersFor } from '#lambdas/create-model/containers.ts';
import { handler as createModel } from '#lambdas/create-model/handler.ts';
import { handler as startAutoMl } from '#lambdas/start-automl/handler.ts';
import { environments } from '#lib/environments.ts';
import { jobName } from '#lib/names.ts';
import { datasets, fakeSageMaker, inUseByAws } from '#test/lambdas/support/sagemaker.ts';
import { eventOf, finished, mlPayload, runningJob, settings } from '#test/lambdas/support/world.ts';

const sagemaker = fakeSageMaker();

describe('start-automl', () => {
  const begin = () => startAutoMl(eventOf(mlPayload({ datasets })));

  it('asks for exactly features and label, a validation channel of ours, an explicit mode, and problem with objective', async () => {
    await begin();
    const input = sagemaker.commandCalls(CreateAutoMLJobV2Command)[0]?.args[0].input;
    const channel = (ChannelType: string, S3Uri: string) => ({
      ChannelType,
      ContentType: 'x-application/vnd.amazon+parquet',
      CompressionType: 'None',
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri } },
    });
    expect(input).toMatchObject({
      AutoMLJobInputDataConfig: [channel('training', 's3://d/train/'), channel('validation', 's3://d/validation/')],
      OutputDataConfig: { S3OutputPath: 's3://curated/homes/ml/run_date=2020-02-07/run=run-1/automl/' },
      AutoMLProblemTypeConfig: {
        TabularJobConfig: {
          TargetAttributeName: 'stage',
          ProblemType: 'MulticlassClassification',
          Mode: 'ENSEMBLING',
          CompletionCriteria: {
            MaxCandidates: 10,
            MaxAutoMLJobRuntimeInSeconds: 600,
            MaxRuntimePerTrainingJobInSeconds: 60,
          },
        },
      },
      AutoMLJobObjective: { MetricName: 'F1macro' },
      RoleArn: settings.sagemakerRoleArn,
      Tags: expect.arrayContaining([{ Key: 'presage:execution', Value: 'run-1' }]),
    });
    expect(input?.AutoMLJobName?.length).toBeLessThanOrEqual(32);
  });

  it('finds the job it had started when a retry is refused for its name', async () => {
    sagemaker.on(CreateAutoMLJobV2Command).rejects(inUseByAws());
    const { job } = await begin();
    expect(job?.id).toBe(jobName('test', 'homes', 'run-1', 'automl'));
  });
});

describe('check-automl', () => {
  const best = {
    CandidateName: 'c',
    InferenceContainers: [{ Image: 'i', ModelDataUrl: 's3://m' }],
  } as unknown as AutoMLCandidate;
  const look = (answer: object, job = {}) => {
    sagemaker.on(DescribeAutoMLJobV2Command).resolves(answer);
    return checkAutoMl(eventOf(mlPayload({ job: runningJob('automl', 'automl', job) }), { atMostSeconds: 600 }));
  };
  const running = { AutoMLJobStatus: 'InProgress', AutoMLJobSecondaryStatus: 'TrainingModels' };

  it('shows what the job is at and how good its best candidate is', async () => {
    const Candidates = [0.41, 0.38].map((Value) => ({
      FinalAutoMLJobObjectiveMetric: { MetricName: 'F1macro', Value },
    })) as AutoMLCandidate[];
    sagemaker.on(ListCandidatesForAutoMLJobCommand).resolves({ Candidates });
    expect((await look(running)).job?.progress).toBe('TrainingModels: 2 candidate(s), best F1macro 0.410');
  });

  it('shows the least error as the best', async () => {
    const Candidates = [5, 2].map((Value) => ({
      FinalAutoMLJobObjectiveMetric: { MetricName: 'MSE', Value },
    })) as AutoMLCandidate[];
    sagemaker.on(ListCandidatesForAutoMLJobCommand).resolves({ Candidates });
    expect((await look(running)).job?.progress).toContain('best MSE 2.000');
  });

  it('does not fail for want of something to show', async () => {
    sagemaker.on(ListCandidatesForAutoMLJobCommand).rejects(new Error('denied'));
    expect((await look(running)).job?.progress).toBe('TrainingModels');
  });

  it.each([
    ['Completed', 'Completed', 0],
    ['Completed', 'ExplainabilityError', 0],
    ['Stopped', 'MaxAutoMLJobRuntimeReached', 1],
    ['Failed', 'ModelInsightsError', 1],
  ])(
    'goes by the best candidate, not by the status %s (%s)',
    async (AutoMLJobStatus, AutoMLJobSecondaryStatus, told) => {
      const { job, notices } = await look({ AutoMLJobStatus, AutoMLJobSecondaryStatus, BestCandidate: best });
      expect(job?.state).toBe('SUCCEEDED');
      expect(notices).toHaveLength(told);
    },
  );

  it.each([
    ['Failed', 'Failed', 'at least 500 rows'],
    ['Stopped', 'Stopped', undefined],
    ['Completed', 'Completed', undefined],
  ])(
    'fails when it ended as %s without a candidate',
    async (AutoMLJobStatus, AutoMLJobSecondaryStatus, FailureReason) => {
      await expect(look({ AutoMLJobStatus, AutoMLJobSecondaryStatus, FailureReason })).rejects.toMatchObject({
        name: 'AutoMlFailed',
        message: `AutoML job automl-id ended as ${AutoMLJobStatus} (${AutoMLJobSecondaryStatus}) without a candidate: ${FailureReason ?? 'SageMaker gives no reason'}`,
      });
    },
  );

  it('stops a job that does not end itself', async () => {
    await expect(look(running, { secondsAgo: 601 })).rejects.toMatchObject({ name: 'JobTimedOut' });
    expect(sagemaker.commandCalls(StopAutoMLJobCommand)[0]?.args[0].input).toEqual({ AutoMLJobName: 'automl-id' });
  });
});

describe('the containers of a model', () => {
  const supported = 'predicted_label,probability,probabilities,labels';
  const container = (SAGEMAKER_INFERENCE_SUPPORTED?: string) => ({
    Image: 'image',
    ModelDataUrl: 's3://model',
    Environment: { KEPT: 'yes', ...(SAGEMAKER_INFERENCE_SUPPORTED ? { SAGEMAKER_INFERENCE_SUPPORTED } : {}) },
  });
  const asked = (containers: ReturnType<typeof container>[], classification = true) =>
    containersFor(containers, classification).map(({ Environment }) => [
      Environment?.SAGEMAKER_INFERENCE_INPUT,
      Environment?.SAGEMAKER_INFERENCE_OUTPUT,
    ]);
  const all = 'predicted_label,probabilities,labels';

  it('are asked for the label and for the probabilities beside their labels: one container', () => {
    expect(asked([container(supported)])).toEqual([[undefined, all]]);
    expect(containersFor([container(supported)], true)[0]).toMatchObject({
      Image: 'image',
      ModelDataUrl: 's3://model',
      Environment: { KEPT: 'yes' },
    });
  });

  it('are asked in a chain: the second and third of three', () => {
    expect(asked([container(), container(supported), container(supported)])).toEqual([
      [undefined, undefined],
      [undefined, all],
      [all, all],
    ]);
  });

  it('are asked nothing for a regression', () => {
    expect(asked([container()], false)).toEqual([[undefined, undefined]]);
  });

  it('are refused when predictions could not be read from their answer', () => {
    expect(() => asked([container('predicted_label,probability')])).toThrow(
      expect.objectContaining({ name: 'ModelUnusable' }),
    );
    expect(() => asked([])).toThrow(expect.objectContaining({ name: 'ModelUnusable' }));
  });
});

describe('create-model', () => {
  const Environment = { SAGEMAKER_INFERENCE_SUPPORTED: 'predicted_label,probability,probabilities,labels' };
  const create = () => {
    const BestCandidate = {
      InferenceContainers: [{ Image: 'i', ModelDataUrl: 's3://m', Environment }],
    } as unknown as AutoMLCandidate;
    sagemaker.on(DescribeAutoMLJobV2Command).resolves({ BestCandidate });
    return createModel(
      eventOf(mlPayload({ datasets, model: { decision: 'train', reason: '' }, jobs: { automl: finished('automl') } })),
    );
  };

  it('makes a challenger of the best candidate, with the order of its columns', async () => {
    const { model: choice } = await create();
    const id = jobName('test', 'homes', 'run-1', 'model');
    expect(choice).toMatchObject({
      challenger: { id, trainedFor: '2020-02-07', trainRows: 750, features: ['views', 'seconds'] },
      use: { id },
    });
  });

  it('takes a model that a first try has made', async () => {
    sagemaker
      .on(CreateModelCommand)
      .rejects(Object.assign(new Error('Cannot create already existing model "x".'), { name: 'ValidationException' }));
    await expect(create()).resolves.toBeDefined();
  });

  it('does not swallow another refusal', async () => {
    sagemaker
      .on(CreateModelCommand)
      .rejects(Object.assign(new Error('role cannot be assumed'), { name: 'ValidationException' }));
    await expect(create()).rejects.toThrow('role cannot be assumed');
  });
});

it('names of jobs fit into 32 characters and differ, for every environment, pipeline and step', () => {
  const pipelines = ['buyer-stage', 'reorder', 'conversion-rate', 'propensity', 'vouchers'];
  const names = Object.keys(environments).flatMap((environment) =>
    pipelines.flatMap((pipeline) =>
      ['automl', 'model', 'transform-holdout-x'].map((step) => jobName(environment, pipeline, 'a'.repeat(80), step, 3)),
    ),
  );
  expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(32);
  expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
});
