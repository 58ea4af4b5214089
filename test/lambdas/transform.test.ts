import {
  CreateTransformJobCommand,
  DescribeTransformJobCommand,
  StopTransformJobCommand,
} from '@aws-sdk/client-sagemaker';
import { describe, expect, it } from 'vitest';
import { handler as checkTransform } from '#lambdas/check-transform/handler.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { handler as startTransform } from '#lambdas/start-transform/handler.ts';
import { filters, transformRequest } from '#lambdas/start-transform/transform-request.ts';
import buyerStage from '#lib/pipelines/buyer-stage/pipeline.ts';
import { datasets, fakeSageMaker, inUseByAws } from '#test/lambdas/support/sagemaker.ts';
import { eventOf, mlPayload, runningJob, runOf, settings } from '#test/lambdas/support/world.ts';

const sagemaker = fakeSageMaker();
const model = { id: 'model-1', trainedFor: '2020-02-07', trainRows: 750, features: ['views', 'seconds'] };
const inUse = { decision: 'train' as const, reason: '', use: model };

describe('a batch transform', () => {
  it('hides key and label from the model and gives both back beside the answer', () => {
    expect(filters(buyerStage, 'holdout')).toEqual({
      InputFilter: '$[3:]',
      OutputFilter: '$[0,1,2,161,162,163]',
      JoinSource: 'Input',
    });
    expect(filters(buyerStage, 'inference')).toEqual({
      InputFilter: '$[1:]',
      OutputFilter: '$[0,159,160,161]',
      JoinSource: 'Input',
    });
  });

  it('reads one answer of a regression', () => {
    const pipeline = getPipeline();
    const regression = { ...pipeline, model: { ...pipeline.model, problem: 'regression' } } as typeof pipeline;
    expect(filters(regression, 'inference').OutputFilter).toBe('$[0,3]');
  });

  it('refuses filters that SageMaker would cut, and more at once than it takes', () => {
    const pipeline = getPipeline();
    const wide = {
      ...pipeline,
      predictions: { ...pipeline.predictions, key: Array.from({ length: 30 }, (_, i) => `k${i}`) },
    } as typeof pipeline;
    expect(() => filters(wide, 'inference')).toThrow('longer than 63 characters');
    const transform = { ...settings.capacity.transform, maxConcurrent: 20 };
    const greedy = { ...settings, capacity: { ...settings.capacity, transform } };
    expect(() =>
      transformRequest(greedy, runOf('ml'), pipeline, { dataset: 'holdout', location: '', model: '', name: '' }),
    ).toThrow('at most 100');
  });

  const begin = (choice: MlPayload['model']) =>
    startTransform(
      eventOf(mlPayload({ datasets, ...(choice ? { model: choice } : {}) }), { dataset: 'holdout' as const }),
    );

  it('is asked for by line, with the places of this data set and model', async () => {
    const { job } = await begin(inUse);
    expect(sagemaker.commandCalls(CreateTransformJobCommand)[0]?.args[0].input).toMatchObject({
      ModelName: 'model-1',
      BatchStrategy: 'MultiRecord',
      MaxConcurrentTransforms: 5,
      MaxPayloadInMB: 10,
      TransformInput: {
        ContentType: 'text/csv',
        SplitType: 'Line',
        CompressionType: 'None',
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://d/holdout/' } },
      },
      TransformOutput: {
        S3OutputPath: 's3://curated/homes/ml/run_date=2020-02-07/run=run-1/scores/holdout-model-1/',
        Accept: 'text/csv',
        AssembleWith: 'Line',
      },
      TransformResources: { InstanceType: 'ml.m5.large', InstanceCount: 2 },
    });
    expect(job).toMatchObject({ step: 'transform-holdout', key: 'transform-holdout-model-1' });
  });

  it('has another name for another model of the same run', async () => {
    const first = await begin(inUse);
    const second = await begin({ ...inUse, use: { ...model, id: 'model-0' } });
    expect(second.job?.id).not.toBe(first.job?.id);
  });

  it('is refused when the model was trained on other columns, or the same in another order', async () => {
    await expect(begin({ ...inUse, use: { ...model, features: ['seconds', 'views'] } })).rejects.toMatchObject({
      name: 'ModelColumnsDiffer',
      message: expect.stringContaining('they differ from number 1 on (seconds, views)'),
    });
    expect(sagemaker.commandCalls(CreateTransformJobCommand)).toHaveLength(0);
  });

  it('is found again when a retry is refused for its name', async () => {
    sagemaker.on(CreateTransformJobCommand).rejects(inUseByAws());
    expect((await begin(inUse)).job?.id).toMatch(/^pr/);
  });

  const look = (answer: object, job = {}) => {
    sagemaker.on(DescribeTransformJobCommand).resolves(answer);
    return checkTransform(
      eventOf(mlPayload({ job: runningJob('transform', 'transform-holdout', job) }), {
        dataset: 'holdout' as const,
        atMostSeconds: 600,
      }),
    );
  };

  it('has its output where it was asked to write', async () => {
    const { jobs } = await look({
      TransformJobStatus: 'Completed',
      TransformOutput: { S3OutputPath: 's3://scores/x' },
    });
    expect(jobs['transform-holdout']?.output).toBe('s3://scores/x/');
  });

  it('fails with SageMaker’s reason, and when somebody stopped it', async () => {
    await expect(look({ TransformJobStatus: 'Failed', FailureReason: 'ClientError: bad row' })).rejects.toMatchObject({
      name: 'TransformFailed',
      message: expect.stringContaining('ClientError: bad row'),
    });
    await expect(look({ TransformJobStatus: 'Stopped' })).rejects.toMatchObject({ name: 'TransformFailed' });
  });

  it('is tried again when there were no instances, but not for ever', async () => {
    const lacking = { TransformJobStatus: 'Failed', FailureReason: 'CapacityError: Unable to provision' };
    expect((await look(lacking)).job?.state).toBe('RETRY');
    await expect(look(lacking, { attempt: 3 })).rejects.toMatchObject({ name: 'TransformFailed' });
  });

  it('is stopped past its time', async () => {
    await expect(look({ TransformJobStatus: 'InProgress' }, { secondsAgo: 601 })).rejects.toMatchObject({
      name: 'JobTimedOut',
    });
    expect(sagemaker.commandCalls(StopTransformJobCommand)).toHaveLength(1);
  });
});
