import { describe, expect, it } from 'vitest';
import { environments } from '#lib/environments.ts';
import { jobName, pipelineNames } from '#lib/names.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { definePipeline, oneOf, type PipelineInput } from '#lib/pipelines/pipeline.ts';

const sound = (): PipelineInput => ({
  name: 'churn',
  asks: 'Who will leave in the next month?',
  engine: 'athena',
  schedule: { at: '03:00', dueBy: '06:00' },
  sources: {
    visits: {
      format: 'csv',
      key: ['user_id', 'day'],
      date: 'day',
      lateByDays: 1,
      columns: { user_id: 'bigint', day: 'date', kind: oneOf('web', 'app') },
    },
  },
  tables: { features: { zone: 'curated', key: ['user_id'], columns: { user_id: 'bigint', visits: 'bigint' } } },
  quality: [{ rule: 'notNull', table: 'features', column: 'visits' }],
  model: {
    kind: 'automl',
    problem: 'binary',
    objective: 'AUC',
    label: 'left',
    classes: ['0', '1'],
    positive: '1',
    features: ['visits'],
    trainingKey: ['user_id'],
    entity: ['user_id'],
    trainEveryDays: 30,
  },
  predictions: { key: ['user_id'], columns: { user_id: 'bigint', probability: 'double' } },
});

const refusal = (change: (definition: PipelineInput) => void): string => {
  const definition = sound();
  change(definition);
  try {
    definePipeline(definition);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('a definition', () => {
  it('is accepted when it is sound, and its defaults are filled in', () => {
    const pipeline = definePipeline(sound());
    expect(pipeline.model?.mode).toBe('ENSEMBLING');
    expect(pipeline.sources.visits?.columns.day).toEqual({ type: 'date' });
    expect(pipeline.schedule.days).toBe('daily');
  });

  it('is refused with the path of the field, and a name that is close', () => {
    const message = refusal((d) => {
      d.quality = [{ rule: 'notNull', table: 'features', column: 'visit' }];
    });
    expect(message).toContain("churn: quality[0].column: 'visit' is no column of features (did you mean visits?)");
  });

  it('is refused with all its problems at once', () => {
    const message = refusal((d) => {
      d.schedule.at = '25:00';
      (d.sources.visits as { engine?: string; format: string }).format = 'xml';
    });
    expect(message).toContain('has 2 problem(s)');
    expect(message).toContain('churn: schedule.at: use HH:MM');
    expect(message).toContain('churn: sources.visits.format:');
  });

  it.each<[string, (d: PipelineInput) => void, string]>([
    ['a key that is no column', (d) => d.sources.visits?.key.push('hour'), "'hour' is no column of visits"],
    ['lateness without a date', (d) => delete d.sources.visits?.date, 'needs `date`'],
    [
      'a date that is none',
      (d) => Object.assign(d.sources.visits ?? {}, { date: 'user_id' }),
      "'user_id' is bigint, use a date",
    ],
    [
      'an objective that does not fit',
      (d) => Object.assign(d.model ?? {}, { objective: 'MSE' }),
      'does not fit binary',
    ],
    ['no classes', (d) => delete d.model?.classes, 'lists its classes'],
    ['a strange positive class', (d) => Object.assign(d.model ?? {}, { positive: 'yes' }), 'one of `classes`'],
    ['a feature twice', (d) => d.model?.features.push('visits'), 'named twice: visits'],
    ['a model without predictions', (d) => delete d.predictions, 'says what its predictions are'],
    [
      'a table named like a source',
      (d) => Object.assign(d.tables, { visits: d.tables.features }),
      'a source has this name too',
    ],
  ])('is refused for %s', (_, change, text) => {
    expect(refusal(change)).toContain(text);
  });
});

describe('every pipeline in every environment', () => {
  it('has job names that SageMaker takes: at most 32 characters, and not two alike', async () => {
    const names = Object.keys(await loadPipelines()).flatMap((pipeline) =>
      Object.keys(environments).flatMap((environment) =>
        ['automl', 'transform-holdout', 'transform-inference'].map((step) =>
          jobName(environment, pipeline, '2026-11-20-20261121T110430Z-k3f9', step, 9),
        ),
      ),
    );
    expect(Math.max(...names.map((name) => name.length))).toBeLessThanOrEqual(32);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
  });

  it('has names of machines and functions that AWS takes', async () => {
    for (const pipeline of Object.keys(await loadPipelines()))
      for (const environment of Object.keys(environments)) {
        const { etlMachine, mlMachine } = pipelineNames({ name: environment }, pipeline);
        expect(`${etlMachine}-check-training-data`.length).toBeLessThanOrEqual(64);
        expect(mlMachine.length).toBeLessThanOrEqual(80);
      }
  });
});
