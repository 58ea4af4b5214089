import { DescribeModelCommand, SageMakerClient } from '@aws-sdk/client-sagemaker';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as checkFeatures } from '#lambdas/check-features/handler.ts';
import { handler as checkTraining } from '#lambdas/check-training-data/handler.ts';
import { handler as chooseModel } from '#lambdas/choose-model/handler.ts';
import type { MlPayload, ModelChoice, StartInput } from '#lambdas/shared/payload.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { eventOf, finished, mlPayload } from '#test/lambdas/support/world.ts';

let s3: ReturnType<typeof fakeS3>;
let table: ReturnType<typeof fakeRunTable>;
const sagemaker = mockClient(SageMakerClient);

beforeEach(() => {
  s3 = fakeS3();
  table = fakeRunTable();
  sagemaker.reset();
  sagemaker.on(DescribeModelCommand).resolves({});
});

describe('check-features', () => {
  const MANIFEST = 's3://curated/homes/manifests/2020-02-07.json';
  const features = {
    rows: 9,
    location: 's3://f/',
    columns: { member_id: 'varchar', views: 'bigint', seconds: 'double' } as Record<string, string>,
    partitionBy: ['snapshot_date'],
  };
  const summary = { rows: 2, location: 's3://s/', columns: { stage: 'varchar', members: 'bigint' }, partitionBy: [] };
  const check = () => checkFeatures(eventOf(mlPayload()));

  it('finds locations and sources in the manifest of the day', async () => {
    s3.putJson(MANIFEST, { tables: { features, summary }, sources: { visits: {}, survey: {} } });
    expect(await check()).toMatchObject({
      manifest: MANIFEST,
      tables: { features: { rows: 9, location: 's3://f/' } },
      presentSources: ['visits', 'survey'],
    });
  });

  it('says how to make the tables when there are none for the day', async () => {
    s3.putJson('s3://curated/homes/manifests/2020-02-06.json', {});
    await expect(check()).rejects.toMatchObject({
      name: 'FeaturesMissing',
      message:
        'No tables of homes are published for 2020-02-07. Make them: npx presage run homes --env test --date 2020-02-07 --only etl',
    });
  });

  it('refuses tables of another definition, with all that differs', async () => {
    const columns = { member_id: 'varchar', views: 'double', colour: 'varchar' };
    s3.putJson(MANIFEST, { tables: { features: { ...features, columns } }, sources: {} });
    await expect(check()).rejects.toMatchObject({
      name: 'FeaturesDiffer',
      message: expect.stringContaining(
        'features lacks seconds\nfeatures.views is double, declared is bigint\nfeatures has, undeclared, colour\nsummary is missing',
      ),
    });
  });

  it('finds a holdout that somebody has chosen', async () => {
    s3.putJson(MANIFEST, { tables: { features, summary }, sources: {} });
    s3.put('s3://raw/homes/holdout/rows.csv.gz', 'x');
    expect((await check()).holdoutFile).toEqual({ location: 's3://raw/homes/holdout/', format: 'csv' });
    s3.put('s3://raw/homes/holdout/more.parquet', 'x');
    await expect(check()).rejects.toMatchObject({ name: 'WrongInput' });
  });
});

describe('choose-model', () => {
  const model = (id: string, trainedFor: string, more = {}) =>
    table.put({
      pk: 'pipeline#homes',
      sk: `model#${trainedFor}#t#${id}`,
      id,
      trainedFor,
      trainRows: 900,
      features: ['views', 'seconds'],
      aboveBaseline: true,
      ...more,
    });
  const choose = async (train?: StartInput['train']) => {
    const { model: choice, notices } = await chooseModel(
      eventOf(mlPayload({ start: { runDate: '2020-02-07', ...(train ? { train } : {}) } })),
    );
    return { ...choice, notices };
  };

  it('trains when there is no model', async () => {
    expect(await choose()).toMatchObject({
      decision: 'train',
      reason: 'there is no model yet that beat the naive baseline',
    });
  });

  it('predicts with the newest model that is good, not of the future and young enough', async () => {
    model('older', '2020-01-20');
    model('newer', '2020-01-25');
    model('bad', '2020-02-01', { aboveBaseline: false });
    model('future', '2020-02-08');
    expect(await choose()).toMatchObject({
      decision: 'predict',
      reason: 'newer is 13 days old, at most 30 are allowed',
      use: { id: 'newer' },
      current: { id: 'newer' },
    });
  });

  it('trains anew when the model is too old, and keeps it to fall back on', async () => {
    model('old', '2020-01-07');
    expect(await choose()).toMatchObject({
      decision: 'train',
      reason: 'old is 31 days old, more than 30',
      current: { id: 'old' },
    });
    expect(await choose()).not.toHaveProperty('use');
  });

  it('trains anew when the definition has other features, or the same in another order', async () => {
    model('m', '2020-02-01', { features: ['seconds', 'views'] });
    expect(await choose()).toMatchObject({
      decision: 'train',
      reason: "the definition's features are no longer those of m",
    });
    await expect(choose('never')).rejects.toMatchObject({ name: 'ModelColumnsDiffer' });
  });

  it('does what it is told', async () => {
    model('m', '2020-02-01');
    expect(await choose('always')).toMatchObject({ decision: 'train' });
    expect(await choose('never')).toMatchObject({ decision: 'predict', use: { id: 'm' } });
  });

  it('cannot predict without a model when training is forbidden', async () => {
    await expect(choose('never')).rejects.toMatchObject({ name: 'NoModel' });
  });

  it('passes over a model that somebody has deleted', async () => {
    model('kept', '2020-01-25');
    model('deleted', '2020-02-01');
    sagemaker
      .on(DescribeModelCommand, { ModelName: 'deleted' })
      .rejects(Object.assign(new Error('Could not find model'), { name: 'ValidationException' }));
    expect(await choose()).toMatchObject({
      use: { id: 'kept' },
      notices: ['The model deleted, trained for 2020-02-01, is no longer there'],
    });
  });
});

describe('check-training-data', () => {
  const REPORT = 's3://sandbox/homes/runs/run-1/report-datasets-1/';
  const report = {
    trainRows: 600,
    validationRows: 150,
    holdoutRows: 180,
    inferenceRows: 50,
    classes: { Dreamer: 500, Buyer: 250, Seller: 0 },
    holdoutUnmatched: 0,
    notices: ['told'],
  };
  const current = { id: 'old', trainedFor: '2020-01-01', trainRows: 900, features: ['views', 'seconds'] };
  const train: ModelChoice = { decision: 'train', reason: 'none yet' };
  const check = (found: object, more: Partial<MlPayload> = {}) => {
    s3.putJson(`${REPORT}report.json`, { ...report, ...found });
    return checkTraining(eventOf(mlPayload({ model: train, jobs: { datasets: finished('glue', REPORT) }, ...more })));
  };

  it('passes data on that is good enough, with where it is', async () => {
    const { datasets, model, notices } = await check({});
    expect(datasets).toMatchObject({
      trainRows: 600,
      locations: { holdout: 's3://curated/homes/ml/run_date=2020-02-07/run=run-1/datasets/holdout/' },
    });
    expect(datasets).not.toHaveProperty('notices');
    expect(model).toEqual(train);
    expect(notices).toEqual(['told']);
  });

  it.each([
    [
      'no rows',
      { trainRows: 0, validationRows: 0, holdoutRows: 0, classes: {} },
      /0 training rows are left.*the holdout has no row/,
    ],
    [
      'one row too few',
      { trainRows: 399, validationRows: 100 },
      /499 training rows are left after a holdout of 180; at least 500/,
    ],
    ['one class', { classes: { Dreamer: 750, Buyer: 0 } }, /all training rows have the same stage: Dreamer/],
    ['no holdout', { holdoutRows: 0 }, /the holdout has no row/],
    ['no validation', { validationRows: 0 }, /no training row is left for the validation/],
  ])('with %s, ends the run when there is no model', async (_, found, message) => {
    await expect(check(found)).rejects.toMatchObject({
      name: 'TrainingDataRejected',
      message: expect.stringMatching(message),
    });
  });

  it('with too few rows, predicts with the current model when there is one, and says so', async () => {
    const { model, notices } = await check({ trainRows: 10, validationRows: 2 }, { model: { ...train, current } });
    expect(model).toMatchObject({ decision: 'predict', use: current });
    expect(notices[1]).toMatch(/^Predicting with old: no new model can be trained \(12 training rows/);
  });

  it('does not fall back on a model with other columns', async () => {
    const other = { ...current, features: ['views'] };
    await expect(check({ trainRows: 10 }, { model: { ...train, current: other } })).rejects.toMatchObject({
      name: 'TrainingDataRejected',
    });
  });

  it('does not ask for training rows when nothing is to be trained', async () => {
    const { model } = await check(
      { trainRows: 0, validationRows: 0, holdoutRows: 0 },
      { model: { decision: 'predict', reason: '', use: current, current } },
    );
    expect(model?.decision).toBe('predict');
  });

  it('ends when there is nothing to predict', async () => {
    await expect(check({ inferenceRows: 0 })).rejects.toMatchObject({ name: 'NothingToPredict' });
  });

  it('counts rows of a holdout file that match nothing', async () => {
    const { notices } = await check({ holdoutUnmatched: 3 }, { holdoutFile: { location: 's3://h/', format: 'csv' } });
    expect(notices).toContain('3 row(s) of the holdout file match no labelled row');
  });
});
