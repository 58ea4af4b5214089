import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { CreatePartitionCommand, GetTableCommand, GlueClient, StartJobRunCommand } from '@aws-sdk/client-glue';
import { CreateAutoMLJobV2Command, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as checkPredictions } from '#lambdas/check-predictions/handler.ts';
import { handler as checkTrainingData } from '#lambdas/check-training-data/handler.ts';
import { handler as evaluate } from '#lambdas/evaluate/handler.ts';
import type { Evaluation, ModelChoice, StartInput } from '#lambdas/shared/payload.ts';
import { handler as startAutoMl } from '#lambdas/start-automl/handler.ts';
import { handler as startGlue } from '#lambdas/start-glue/handler.ts';
import { handler as startQuery } from '#lambdas/start-query/handler.ts';
import { resultOf } from '#test/lambdas/support/athena.ts';
import { SCRIPT, withModel } from '#test/lambdas/support/definition.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { parquetOf } from '#test/lambdas/support/parquet.ts';
import { eventOf, finished, mlPayload } from '#test/lambdas/support/world.ts';

const athena = mockClient(AthenaClient);
const glue = mockClient(GlueClient);
const sagemaker = mockClient(SageMakerClient);
let s3: ReturnType<typeof fakeS3>;
const locations = { train: 's3://d/t/', validation: 's3://d/v/', holdout: 's3://d/h/', inference: 's3://d/i/' };
const datasets = {
  ...{ trainRows: 60, validationRows: 15, holdoutRows: 18, inferenceRows: 2 },
  ...{ classes: {}, holdoutUnmatched: 0, locations },
};
const ref = (id: string) => ({ id, trainedFor: '2020-02-07', trainRows: 75, features: ['views', 'seconds'] });
const judged = (model: string, metrics = {}): Evaluation => ({
  ...{ model, metrics, holdoutRows: 18, baseline: {}, aboveBaseline: true },
});

beforeEach(() => {
  s3 = fakeS3();
  fakeRunTable();
  athena.reset();
  glue.reset();
  sagemaker.reset();
  glue.onAnyCommand().resolves({});
  sagemaker.onAnyCommand().resolves({});
  athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'query-1' });
  athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } });
});

describe('balanced classes', () => {
  const config = () =>
    sagemaker.commandCalls(CreateAutoMLJobV2Command)[0]?.args[0].input.AutoMLProblemTypeConfig?.TabularJobConfig;

  it('are told to AutoML as a column of weights', async () => {
    withModel({ balanced: true });
    await startAutoMl(eventOf(mlPayload({ datasets })));
    expect(config()).toMatchObject({ SampleWeightAttributeName: 'sample_weight', Mode: 'ENSEMBLING' });
  });

  it('are nothing AutoML hears of otherwise', async () => {
    await startAutoMl(eventOf(mlPayload({ datasets })));
    expect(config()).not.toHaveProperty('SampleWeightAttributeName');
  });
});

describe('the request for data sets', () => {
  const requested = async (start: StartInput = {}) => {
    glue.on(StartJobRunCommand).resolves({ JobRunId: 'jr-1' });
    const tables = { features: { rows: 9, location: 's3://f/' } };
    const payload = mlPayload({ start: { runDate: '2020-02-07', ...start }, tables, presentSources: ['survey'] });
    await startGlue(eventOf(payload, { job: 'datasets' as const }) as Parameters<typeof startGlue>[0]);
    const [uri = ''] = [...s3.objects.keys()].filter((key) => key.includes('request-'));
    return s3.json<Record<string, unknown>>(uri);
  };

  it('names the naive guessers of a regression and by which column they guess', async () => {
    withModel(SCRIPT);
    expect(await requested()).toMatchObject({
      baselines: [
        { name: 'baseline_mean', by: null },
        { name: 'baseline_mean_by_device', by: 'device' },
        { name: 'baseline_mean_by_entity', by: 'entity' },
      ],
    });
  });

  it('names the weights of balanced classes, and how a holdout names rows', async () => {
    withModel({ balanced: true, holdoutKey: ['member_id'] });
    expect(await requested()).toMatchObject({ weight: 'sample_weight', holdoutKey: ['member_id'], baselines: [] });
  });

  it('names rows by the training key unless the definition says otherwise', async () => {
    const request = await requested();
    expect(request).toMatchObject({ holdoutKey: ['member_id', 'snapshot_date'] });
    expect(request).not.toHaveProperty('weight');
  });

  it('asks for no rows to predict when the run only trains', async () => {
    expect(await requested({ predict: false })).not.toHaveProperty('inference');
  });
});

describe('check-training-data', () => {
  const check = (report: object, start: StartInput = {}) => {
    s3.putJson('s3://sandbox/r/report.json', { ...datasets, ...report });
    const model: ModelChoice = { decision: 'train', reason: '' };
    const jobs = { datasets: finished('glue', 's3://sandbox/r/') };
    return checkTrainingData(eventOf(mlPayload({ start: { runDate: '2020-02-07', ...start }, model, jobs })));
  };

  it('takes few rows for a script, which is its own judge', async () => {
    withModel(SCRIPT);
    expect((await check({})).model?.decision).toBe('train');
  });

  it.each([
    [{ trainRows: 0, validationRows: 0 }, '0 training rows are left after a holdout of 18; at least 1 are needed'],
    [{ validationRows: 0 }, 'no training row is left for the validation'],
    [{ trainRows: 0 }, 'all training rows are needed for the validation, so none is left to train on'],
  ])('does not start a script with an empty channel: %j', async (report, said) => {
    withModel(SCRIPT);
    await expect(check(report)).rejects.toThrow(said);
  });

  it('wants nothing to predict of a run that only trains', async () => {
    withModel(SCRIPT);
    await expect(check({ inferenceRows: 0 }, { predict: false })).resolves.toBeDefined();
    await expect(check({ inferenceRows: 0 })).rejects.toMatchObject({ name: 'NothingToPredict' });
  });
});

describe('a regression', () => {
  const judge = (model: number, mean: number) => {
    withModel(SCRIPT);
    const metric = (name: string, model_value: number | null, baseline_value: number | null) => ({
      ...{ metric: name, model_value, baseline_value },
    });
    const rows = [metric('rows', 18, 18), metric('mse', model, mean), metric('mse.zero', null, 0.04)];
    athena.on(GetQueryResultsCommand).resolves(resultOf(rows));
    const choice = { decision: 'train' as const, reason: '', challenger: ref('new'), use: ref('new') };
    return evaluate(eventOf(mlPayload({ datasets, model: choice, jobs: { metrics: finished('athena') } })));
  };

  it('is good when its error is less than that of the mean, whatever the other naive guesses are', async () => {
    const { model } = await judge(0.0021, 0.0025);
    expect(model?.evaluation).toMatchObject({ aboveBaseline: true, metrics: { mse: 0.0021 } });
    expect(model?.evaluation?.baseline).toMatchObject({ mse: 0.0025, 'mse.zero': 0.04 });
  });

  it('ends the run otherwise, with both errors in full', async () => {
    await expect(judge(0.0031234, 0.0025)).rejects.toMatchObject({
      name: 'ModelNotAboveBaseline',
      message: expect.stringContaining('mse 0.003123, the naive baseline 0.002500, on 18 holdout rows'),
    });
  });

  it('is not pushed with an answer that is no number', async () => {
    withModel(SCRIPT);
    s3.put(
      's3://sandbox/homes/predictions/run_date=2020-02-07/run=run-1/attempt=1/part-0',
      parquetOf({
        member_id: ['STRING', ['a', 'b']],
        stage: ['STRING', ['x', 'y']],
        probability: ['DOUBLE', [0.1, Number.NaN]],
      }),
    );
    athena.on(GetQueryResultsCommand).resolves(resultOf([{ no_numbers: 1 }]));
    const model = { decision: 'predict' as const, reason: '', use: ref('m') };
    const payload = mlPayload({ datasets, model, jobs: { predictions: finished('athena') } });
    await expect(checkPredictions(eventOf(payload))).rejects.toThrow(
      '1 row(s) were answered with something that is no finite number',
    );
  });
});

describe('the training record', () => {
  const record = async (model: Partial<ModelChoice>) => {
    withModel({ record: ['f1_macro', 'recall.Buyer'] });
    glue.on(GetTableCommand).resolves({ Table: { Name: 'homes_model_training_metadata', StorageDescriptor: {} } });
    const challenger = { ...ref('new'), artifact: "s3://m/it's.tar.gz" };
    const payload = mlPayload({ model: { decision: 'train', reason: '', challenger, use: challenger, ...model } });
    await startQuery(eventOf(payload, { query: 'training-record' as const }) as Parameters<typeof startQuery>[0]);
    const sql = athena.commandCalls(StartQueryExecutionCommand)[0]?.args[0].input.QueryString;
    return { sql: sql?.replaceAll(/\s+/g, ' ') };
  };
  const PLACE = 's3://curated/homes/model_training_metadata/run_date=2020-02-07/run=run-1/attempt=1/';

  it('gets one row of what was trained and how good it was', async () => {
    const { sql } = await record({ evaluation: judged('new', { f1_macro: 0.25, 'recall.Buyer': null }) });
    expect(sql).toBe(
      `UNLOAD ( SELECT DATE '2020-02-07' AS training_date, CAST('new' AS varchar) AS model, CAST('s3://m/it''s.tar.gz' AS varchar) AS model_artifact, CAST(2.5E-1 AS double) AS f1_macro, CAST(NULL AS double) AS recall_buyer ) TO '${PLACE}' WITH (format = 'PARQUET', compression = 'SNAPPY')`,
    );
  });

  it('has a partition of the run, so that two trainings of a day are two rows and a repeated step one', async () => {
    await record({ evaluation: judged('new') });
    expect(glue.commandCalls(CreatePartitionCommand)[0]?.args[0].input).toMatchObject({
      TableName: 'homes_model_training_metadata',
      PartitionInput: { Values: ['2020-02-07', 'run-1'], StorageDescriptor: { Location: PLACE } },
    });
  });

  it('keeps a model that was not good enough, too', async () => {
    const rejected = { ...judged('new', { f1_macro: 0.1 }), reason: 'not above' };
    const { sql } = await record({ rejected, use: ref('old'), rescore: true });
    expect(sql).toContain("CAST('new' AS varchar) AS model");
    expect(sql).toContain('CAST(1E-1 AS double) AS f1_macro');
  });
});
