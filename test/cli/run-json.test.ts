import { describe, expect, it } from 'vitest';
import type { Execution } from '#cli/run/follow.ts';
import { composeRunJson } from '#cli/run/run-json.ts';
import type { Machine } from '#lambdas/shared/payload.ts';

const execution = (machine: Machine, more: Partial<Execution> = {}): Execution => ({
  machine,
  name: `${machine}-1`,
  arn: 'arn',
  status: 'SUCCEEDED',
  seconds: 12.345,
  steps: [{ machine, name: 'publish', status: 'SUCCEEDED', startedAt: 0, endedAt: 1_540, attempts: 1 }],
  payload: {},
  ...more,
});

const sources = { survey: { rows: 10, duplicates: 1, withoutKey: 2, afterRunDate: 0 } };
const etl = execution('etl', {
  output: {
    tables: { features: { rows: 5, location: 's3://b/k/' } },
    sources,
    counts: { odd: 2 },
    outputs: { best: ['s3://b/best.json'] },
    notices: [],
    jobs: {},
  },
});
const model = {
  id: 'm1',
  trained: true,
  decision: 'promoted',
  reason: 'the first',
  trainRows: 80,
  holdoutRows: 20,
  metrics: { accuracy: 0.5, f1_macro: 0.4 },
  baseline: { accuracy: 0.3, f1_macro: 0.1 },
  challenger: null,
};
const ml = execution('ml', {
  output: {
    model,
    predictions: { rows: 3, written: 3, unchanged: 0, failed: 0, location: 's3://b/p/' },
    outputs: { rates: ['s3://b/rates.csv.gz'] },
    endpoint: { endpoint: 'presage-local-reorder', model: 'm1', decision: 'updated' },
  },
});
const of = { pipeline: 'buyer-stage', env: 'local', runDate: '2026-11-20' };

describe('run.json', () => {
  it('of a green run has every part of the contract', () => {
    expect(composeRunJson({ ...of, etl, ml })).toEqual({
      ...of,
      status: 'SUCCEEDED',
      etl: { execution: 'etl-1', seconds: 12.3, tables: { features: { rows: 5 } }, sources, counts: { odd: 2 } },
      ml: { execution: 'ml-1', seconds: 12.3 },
      model,
      predictions: { rows: 3, written: 3, unchanged: 0, failed: 0 },
      endpoint: { endpoint: 'presage-local-reorder', model: 'm1', decision: 'updated' },
      outputs: { best: ['s3://b/best.json'], rates: ['s3://b/rates.csv.gz'] },
      steps: [
        { machine: 'etl', name: 'publish', status: 'SUCCEEDED', seconds: 1.5, attempts: 1 },
        { machine: 'ml', name: 'publish', status: 'SUCCEEDED', seconds: 1.5, attempts: 1 },
      ],
      failure: null,
    });
  });

  it('of a pipeline without a model, or of --only etl, has no ml, model and predictions', () => {
    expect(composeRunJson({ ...of, etl })).toMatchObject({ ml: null, model: null, predictions: null, failure: null });
  });

  it('of a pipeline without a model tells what the ETL has pushed', () => {
    const pushed = { rows: 7, written: 6, unchanged: 1, failed: 0 };
    const served = execution('etl', { output: { tables: {}, predictions: { ...pushed, location: 's3://b/t/' } } });
    expect(composeRunJson({ ...of, etl: served })).toMatchObject({ ml: null, model: null, predictions: pushed });
  });

  it('of a run that only trained has a model and no predictions', () => {
    const trained = execution('ml', { output: { model, predictions: null, outputs: {} } });
    expect(composeRunJson({ ...of, etl, ml: trained })).toMatchObject({ model, predictions: null, endpoint: null });
  });

  it('of a red ETL keeps what was known when it failed', () => {
    const failure = { step: 'check-quality', error: 'QualityProblem', cause: 'member_id is null' };
    const payload = { sources, tables: { features: { rows: 4, location: 's3://b/k/' } } };
    const red = execution('etl', { status: 'FAILED', payload, failure });
    expect(composeRunJson({ ...of, etl: red })).toMatchObject({
      status: 'FAILED',
      etl: { tables: { features: { rows: 4 } }, sources },
      ml: null,
      failure,
    });
  });

  it('of a model that is not above the baseline shows its figures and no predictions', () => {
    const failure = { step: 'evaluate', error: 'NotAboveBaseline', cause: 'f1_macro 0.1 is not above 0.1' };
    const challenger = { id: 'm2', trainedFor: '2026-11-20', trainRows: 80, features: [] };
    const payload = {
      model: { decision: 'train', reason: 'there is no model', challenger, use: challenger },
      datasets: { trainRows: 80, holdoutRows: 20 },
    };
    const evaluation = {
      model: 'm2',
      holdoutRows: 20,
      metrics: { f1_macro: 0.1 },
      baseline: { f1_macro: 0.1 },
      aboveBaseline: false,
    };
    const red = execution('ml', { status: 'FAILED', payload, failure });
    expect(composeRunJson({ ...of, etl, ml: red, evaluation })).toMatchObject({
      status: 'FAILED',
      model: {
        id: null,
        trained: true,
        decision: 'rejected',
        trainRows: 80,
        holdoutRows: 20,
        metrics: { f1_macro: 0.1 },
        baseline: { f1_macro: 0.1 },
        challenger: { id: 'm2', reason: failure.cause, metrics: { f1_macro: 0.1 } },
      },
      predictions: null,
      failure,
    });
  });

  it('of a run that was broken off says so, with the steps so far', () => {
    const failure = { step: 'features', error: 'Problem', cause: 'The local cloud ended in the middle of the run' };
    const running = execution('etl', { status: 'RUNNING', payload: {} });
    expect(composeRunJson({ ...of, etl: running, failure })).toMatchObject({ status: 'FAILED', failure, steps: [{}] });
  });
});
