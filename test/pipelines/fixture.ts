import { definePipeline, oneOf, type PipelineInput } from '#lib/pipelines/pipeline.ts';

/** A small definition without a fault. */
export const sound = (): PipelineInput => ({
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

/** What a change of it is refused with. */
export const refusal = (change: (definition: PipelineInput) => void): string => {
  const definition = sound();
  change(definition);
  try {
    definePipeline(definition);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};
