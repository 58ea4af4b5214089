import { DescribeExecutionCommand, SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { handler as finish } from '#lambdas/finish/handler.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { handler as startMl } from '#lambdas/start-ml/handler.ts';
import { fakeRunTable } from '#test/lambdas/support/fake-run-table.ts';
import { fakeS3 } from '#test/lambdas/support/fake-s3.ts';
import { etlPayload, eventOf, finished, mlPayload, runOf } from '#test/lambdas/support/world.ts';

const sfn = mockClient(SFNClient);
let s3: ReturnType<typeof fakeS3>;
let table: ReturnType<typeof fakeRunTable>;
const lockBy = (machine: 'etl' | 'ml') =>
  table.put({ pk: 'pipeline#homes', sk: 'lock', executionArn: runOf(machine).executionArn });
const lock = () => table.get('pipeline#homes', 'lock');

beforeEach(() => {
  sfn.reset();
  sfn.on(DescribeExecutionCommand).rejects(new Error('not asked for'));
  s3 = fakeS3();
  table = fakeRunTable();
});

describe('start-ml', () => {
  const asked = etlPayload({ start: { runDate: '2020-02-07', then: 'ml', train: 'never' } });

  it('gives the pipeline back, then starts the ML machine for the same day', async () => {
    lockBy('etl');
    sfn.on(StartExecutionCommand).callsFake(() => {
      expect(lock()).toBeUndefined();
      return {};
    });
    const { mlExecution } = await startMl(eventOf(asked));
    const input = sfn.commandCalls(StartExecutionCommand)[0]?.args[0].input;
    expect(input?.stateMachineArn).toContain('presage-test-homes-ml');
    expect(JSON.parse(input?.input ?? '')).toEqual({ runDate: '2020-02-07', train: 'never' });
    expect(mlExecution).toBe(`arn:aws:states:eu-west-1:111122223333:execution:presage-test-homes-ml:${input?.name}`);
  });

  it('hands on what the ML machine has to know of the start', async () => {
    const start = {
      runDate: '2020-02-07',
      then: 'ml',
      train: 'always',
      predict: false,
      parameters: { a: 'b' },
    } as const;
    await startMl(eventOf(etlPayload({ start })));
    const input = sfn.commandCalls(StartExecutionCommand)[0]?.args[0].input.input;
    expect(JSON.parse(input ?? '')).toEqual({
      runDate: '2020-02-07',
      train: 'always',
      predict: false,
      parameters: { a: 'b' },
    });
  });

  it('uses one name however often it is retried, and takes "exists already" for started', async () => {
    sfn
      .on(StartExecutionCommand)
      .resolvesOnce({})
      .rejects(Object.assign(new Error('there'), { name: 'ExecutionAlreadyExists' }));
    const first = await startMl(eventOf(asked));
    expect((await startMl(eventOf(asked))).mlExecution).toBe(first.mlExecution);
  });

  it('starts nothing unless it was asked to', async () => {
    lockBy('etl');
    expect(await startMl(eventOf(etlPayload()))).not.toHaveProperty('mlExecution');
    expect(sfn.commandCalls(StartExecutionCommand)).toHaveLength(0);
    expect(lock()).toBeDefined();
  });
});

describe('finish', () => {
  const end = (payload: EtlPayload | MlPayload) => finish(eventOf(payload as EtlPayload & MlPayload));

  it('keeps the result, says the day is green and gives the pipeline back', async () => {
    lockBy('etl');
    const tables = { features: { rows: 1, location: 's3://x/' } };
    const result = await end(
      etlPayload({ tables, sources: {}, manifest: 's3://m', jobs: { features: finished('emr') } }),
    );
    expect(result).toMatchObject({ tables, manifest: 's3://m' });
    expect(s3.json('s3://sandbox/homes/runs/run-1/result.json')).toMatchObject({ tables });
    expect(table.get('pipeline#homes', 'green#etl#2020-02-07')).toMatchObject({ execution: 'run-1' });
    expect(lock()).toBeUndefined();
  });

  it('leaves the pipeline to the ML machine that has taken it', async () => {
    lockBy('ml');
    await end(etlPayload());
    expect(lock()).toBeDefined();
  });

  const ref = (id: string) => ({ id, trainedFor: '2020-02-07', trainRows: 900, features: ['views', 'seconds'] });
  const evaluation = (model: string, f1_macro: number) => ({
    model,
    holdoutRows: 200,
    metrics: { f1_macro },
    baseline: { f1_macro: 0.2 },
    aboveBaseline: f1_macro > 0.2,
  });
  const predictions = { rows: 5, written: 4, unchanged: 1, failed: 0, location: 's3://p/' };

  it('describes the model that was trained and promoted', async () => {
    const model = {
      decision: 'train' as const,
      reason: 'none yet',
      challenger: ref('new'),
      use: ref('new'),
      evaluation: evaluation('new', 0.4),
    };
    expect(await end(mlPayload({ model, predictions }))).toMatchObject({
      model: {
        id: 'new',
        trained: true,
        decision: 'promoted',
        reason: 'none yet',
        trainRows: 900,
        holdoutRows: 200,
        metrics: { f1_macro: 0.4 },
        baseline: { f1_macro: 0.2 },
        challenger: null,
      },
      predictions,
    });
  });

  it('of a run that only trains says nothing of the day’s predictions', async () => {
    const model = { decision: 'train' as const, reason: 'asked', challenger: ref('new'), use: ref('new') };
    const result = await end(mlPayload({ start: { predict: false }, model }));
    expect(result).toMatchObject({ predictions: null, model: { id: 'new' } });
    expect(table.get('pipeline#homes', 'green#ml#2020-02-07')).toBeUndefined();
    expect(table.get('pipeline#homes', 'green#training#2020-02-07')).toBeDefined();
  });

  it('names the model that the endpoint serves, where there is one', async () => {
    const model = { decision: 'train' as const, reason: 'asked', challenger: ref('new'), use: ref('new') };
    const endpoint = { endpoint: 'presage-test-homes', model: 'new', decision: 'updated' as const };
    expect(await end(mlPayload({ model, predictions, endpoint }))).toMatchObject({ endpoint });
    expect(await end(mlPayload({ model, predictions }))).toMatchObject({ endpoint: null });
  });

  it('tells what the ETL has counted, made and served', async () => {
    const counts = { odd: 1 };
    const outputs = { best: ['s3://o/best.json'] };
    expect(await end(etlPayload({ counts, outputs, predictions }))).toMatchObject({ counts, outputs, predictions });
    expect(await end(etlPayload())).toMatchObject({ counts: {}, outputs: {}, predictions: null });
  });

  it('describes the model that was kept, and the one that was rejected beside it', async () => {
    const rejected = { ...evaluation('new', 0.1), reason: 'not above the naive baseline' };
    const model = {
      decision: 'train' as const,
      reason: 'too old',
      current: ref('old'),
      challenger: ref('new'),
      use: ref('old'),
      evaluation: evaluation('old', 0.3),
      rejected,
    };
    expect(await end(mlPayload({ model, predictions }))).toMatchObject({
      model: {
        id: 'old',
        trained: false,
        decision: 'kept',
        metrics: { f1_macro: 0.3 },
        challenger: { id: 'new', reason: 'not above the naive baseline', metrics: { f1_macro: 0.1 } },
      },
    });
  });
});
