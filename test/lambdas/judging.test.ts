import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { CreatePartitionCommand, GetTableCommand, GlueClient } from '@aws-sdk/client-glue';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as checkPredictions } from '#lambdas/check-predictions/handler.ts';
import { handler as checkPush } from '#lambdas/check-push/handler.ts';
import { handler as evaluate } from '#lambdas/evaluate/handler.ts';
import { judge } from '#lambdas/evaluate/judgement.ts';
import type { ModelChoice } from '#lambdas/shared/payload.ts';
import { resultOf } from '#test/lambdas/support/athena.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { parquetOf } from '#test/lambdas/support/parquet.ts';
import { datasets as reported } from '#test/lambdas/support/sagemaker.ts';
import { eventOf, finished, mlPayload } from '#test/lambdas/support/world.ts';

const athena = mockClient(AthenaClient);
const glue = mockClient(GlueClient);
let table: ReturnType<typeof fakeRunTable>;
let s3: ReturnType<typeof fakeS3>;

beforeEach(() => {
  athena.reset();
  glue.reset();
  table = fakeRunTable();
  s3 = fakeS3();
});

const datasets = { ...reported, inferenceRows: 2 };
const ref = (id: string) => ({ id, trainedFor: '2020-02-07', trainRows: 750, features: ['views', 'seconds'] });

describe('evaluate', () => {
  const challenged: ModelChoice = { decision: 'train', reason: 'none yet', challenger: ref('new'), use: ref('new') };
  const score = (f1: number | null, choice: ModelChoice, rows = 180, naive: number | null = 0.2) => {
    athena.on(GetQueryResultsCommand).resolves(
      resultOf([
        { metric: 'rows', model_value: rows, baseline_value: rows },
        { metric: 'accuracy', model_value: 0.5, baseline_value: 0.6 },
        { metric: 'f1_macro', model_value: f1, baseline_value: naive },
      ]),
    );
    return evaluate(eventOf(mlPayload({ datasets, model: choice, jobs: { metrics: finished('athena') } })));
  };
  const recorded = (id: string) => table.get('pipeline#homes', `model#2020-02-07#2020-02-07T10:00:00.000Z#${id}`);

  it('promotes a model above the naive baseline on the objective, whatever the accuracy says', async () => {
    const { model } = await score(0.25, challenged);
    expect(model).toMatchObject({
      use: { id: 'new' },
      rescore: false,
      evaluation: {
        model: 'new',
        holdoutRows: 180,
        metrics: { accuracy: 0.5, f1_macro: 0.25 },
        baseline: { accuracy: 0.6, f1_macro: 0.2 },
        aboveBaseline: true,
      },
    });
    expect(recorded('new')).toMatchObject({ id: 'new', aboveBaseline: true, features: ['views', 'seconds'] });
  });

  it('ends the run when the first model is not above it, with both numbers and what is left', async () => {
    await expect(score(0.2, challenged)).rejects.toMatchObject({
      name: 'ModelNotAboveBaseline',
      message:
        'The new model is not above the naive baseline: f1_macro 0.2000, the naive baseline 0.2000, on 180 holdout rows. There is no earlier model to predict with, so nothing was pushed; the features stay published.',
    });
    expect(recorded('new')).toMatchObject({ aboveBaseline: false });
  });

  it('gives way to the current model, which is scored on the same holdout', async () => {
    const { model, notices } = await score(0.1, { ...challenged, current: ref('old') });
    expect(model).toMatchObject({
      use: { id: 'old' },
      rescore: true,
      rejected: { model: 'new', reason: expect.stringContaining('f1_macro 0.1000') },
    });
    expect(notices[0]).toContain('The new model new was rejected');
  });

  it('then goes on with the current model and asks for no third round', async () => {
    const rejected = await score(0.1, { ...challenged, current: ref('old') });
    const { model } = await score(0.3, rejected.model as ModelChoice);
    expect(model).toMatchObject({
      use: { id: 'old' },
      rescore: false,
      evaluation: { model: 'old', metrics: { f1_macro: 0.3 } },
      rejected: { model: 'new' },
    });
    expect(recorded('old')).toBeUndefined();
  });

  it('says that the current model has become worse than the naive baseline, and predicts with it', async () => {
    const { model, notices } = await score(0.1, {
      decision: 'predict',
      reason: '',
      current: ref('old'),
      use: ref('old'),
    });
    expect(model?.rescore).toBe(false);
    expect(notices).toEqual([
      "The model in use, old, is not above the naive baseline on this run's holdout: f1_macro 0.1000, the naive baseline 0.2000, on 180 holdout rows",
    ]);
  });

  it('does not judge by a part of the holdout', async () => {
    await expect(score(0.9, challenged, 179)).rejects.toMatchObject({
      name: 'TransformIncomplete',
      message: 'The holdout has 180 rows, and 179 came back scored',
    });
    expect(recorded('new')).toBeUndefined();
  });

  it('takes an undefined objective for not above anything', () => {
    expect(judge('m', 'AUC', { rows: 1, metrics: { roc_auc: null }, baseline: { roc_auc: 0.5 } }).aboveBaseline).toBe(
      false,
    );
  });

  it('wants less of an error', () => {
    expect(judge('m', 'MSE', { rows: 1, metrics: { mse: 1 }, baseline: { mse: 2 } }).aboveBaseline).toBe(true);
    expect(judge('m', 'MSE', { rows: 1, metrics: { mse: 2 }, baseline: { mse: 2 } }).aboveBaseline).toBe(false);
  });
});

describe('check-predictions', () => {
  const PLACE = 's3://sandbox/homes/predictions/run_date=2020-02-07/run=run-1/attempt=1/';
  const write = (stages: (string | null)[]) =>
    s3.put(
      `${PLACE}part-0`,
      parquetOf({
        member_id: ['STRING', stages.map((_, i) => `m${i}`)],
        stage: ['STRING', stages],
        probability: ['DOUBLE', stages.map(() => 0.5)],
      }),
    );
  const check = (labels: Record<string, string | number | null>[]) => {
    athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'q' });
    athena
      .on(GetQueryExecutionCommand)
      .resolvesOnce({ QueryExecution: { Status: { State: 'RUNNING' } } })
      .resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } });
    athena.on(GetQueryResultsCommand).resolves(resultOf(labels));
    const model = { decision: 'predict' as const, reason: '', use: ref('m') };
    return checkPredictions(eventOf(mlPayload({ datasets, model, jobs: { predictions: finished('athena') } })));
  };
  const fine = [{ label: 'Buyer', rows: 2, without_probability: 0 }];

  it('accepts predictions when every row has one, and shows them to nobody yet', async () => {
    write(['Buyer', 'Buyer']);
    const { predictions } = await check(fine);
    expect(predictions).toEqual({ rows: 2, location: PLACE });
    expect(glue.commandCalls(CreatePartitionCommand)).toHaveLength(0);
  });

  it('refuses fewer predictions than rows', async () => {
    write(['Buyer']);
    await expect(check(fine)).rejects.toMatchObject({
      name: 'PredictionsRejected',
      message: expect.stringContaining('2 rows were to be predicted, 1 predictions came out'),
    });
    expect(glue.commandCalls(CreatePartitionCommand)).toHaveLength(0);
  });

  it('refuses when the transform wrote nothing at all', async () => {
    await expect(check([])).rejects.toThrow('2 rows were to be predicted, 0 predictions came out');
  });

  it('refuses missing values, unknown classes and answers that are none', async () => {
    write(['Buyer', null]);
    const error = await check([
      { label: 'Buyer', rows: 1, without_probability: 1 },
      { label: 'Casual', rows: 4, without_probability: 0 },
      { label: null, rows: 3, without_probability: 3 },
    ]).catch((thrown: Error) => thrown);
    expect((error as Error).message.split('\n').slice(1)).toEqual([
      'stage is missing in 1 prediction(s)',
      '1 row(s) of class Buyer have no probability',
      '4 row(s) were given the unknown class "Casual" (known: Dreamer, Buyer, Seller)',
      '3 row(s) came back without a label',
    ]);
  });
});

describe('check-push', () => {
  const REPORT = 's3://sandbox/homes/runs/run-1/report-push-1/';
  const check = (report: object) => {
    s3.putJson(`${REPORT}report.json`, report);
    glue.on(GetTableCommand).resolves({ Table: { Name: 'homes_predictions', StorageDescriptor: {} } });
    const predictions = { rows: 5, location: 's3://p/' };
    return checkPush(eventOf(mlPayload({ predictions, jobs: { push: finished('glue', REPORT) } })));
  };

  it('passes on how many were written and how many were there already', async () => {
    expect((await check({ rows: 5, written: 3, unchanged: 2, failed: 0 })).predictions).toEqual({
      rows: 5,
      location: 's3://p/',
      written: 3,
      unchanged: 2,
      failed: 0,
    });
    expect(glue.commandCalls(CreatePartitionCommand)[0]?.args[0].input).toMatchObject({
      TableName: 'homes_predictions',
      PartitionInput: { Values: ['2020-02-07'], StorageDescriptor: { Location: 's3://p/' } },
    });
  });

  it.each([
    [{ rows: 5, written: 4, unchanged: 0, failed: 1 }],
    [{ rows: 4, written: 4, unchanged: 0, failed: 0 }],
    [{ rows: 5, written: 3, unchanged: 1, failed: 0 }],
  ])('fails when the count is off: %j', async (report) => {
    await expect(check(report)).rejects.toMatchObject({ name: 'PushIncomplete' });
    expect(glue.commandCalls(CreatePartitionCommand)).toHaveLength(0);
  });
});
