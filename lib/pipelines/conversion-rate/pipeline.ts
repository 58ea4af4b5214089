import { definePipeline, oneOf, type PipelineInput } from '#lib/pipelines/pipeline.ts';

type Columns = PipelineInput['tables'][string]['columns'];

/** att1 … att160: what is known of a keyword entity, each yes or no. */
const ATTRIBUTES: Columns = Object.fromEntries(
  Array.from({ length: 160 }, (_, i) => [`att${i + 1}`, { type: 'bigint' as const, oneOf: [0, 1] }]),
);

/** The attributes that the model reads one by one; all of them together are in `attrs_scale`. */
const CHOSEN = ['att5', 'att27', 'att2', 'att34', 'att29', 'att30', 'att9', 'att7', 'att142', 'att11'];

const DEVICES = oneOf('Computer', 'Smartphone', 'Tablet');

const FEATURES: Columns = {
  attrs_scale: 'double',
  computer: 'bigint',
  smartphone: 'bigint',
  ...Object.fromEntries(CHOSEN.map((name) => [name, 'bigint' as const])),
};

export default definePipeline({
  name: 'conversion-rate',
  asks: 'How likely is a click on each keyword entity and device to convert?',
  engine: 'athena',
  schedule: { days: 'monday', at: '06:00', dueBy: '12:00' },

  sources: {
    keyword_stats: {
      format: 'csv',
      key: ['entity_id', 'device', 'week'],
      columns: {
        entity_id: 'bigint',
        ...ATTRIBUTES,
        // Not `oneOf`: a device nobody knows is dropped and counted, and stops the run only when it is not rare.
        device: 'varchar',
        week: 'bigint',
        clicks: 'bigint',
        conversions: 'bigint',
      },
    },
    requests: {
      format: 'csv',
      key: ['entity_id', 'device'],
      optional: true,
      columns: { entity_id: 'bigint', device: 'varchar', ...ATTRIBUTES },
    },
  },

  tables: {
    features: {
      zone: 'curated',
      key: ['entity_id', 'device'],
      columns: {
        entity_id: 'bigint',
        device: DEVICES,
        clicks: 'bigint',
        conversions: 'bigint',
        cr: 'double',
        ...FEATURES,
      },
    },
  },

  counts: {
    unknown_devices: {
      says: 'rows of keyword_stats of an unknown device, which are dropped',
      atMost: { share: 0.01, of: 'keyword_stats' },
    },
    conflicting_entities: { says: 'entities whose attributes differ between rows; their newest week is taken' },
    pairs_above_one: { says: 'pairs of entity and device with more conversions than clicks; not trained on' },
    pairs_without_click: { says: 'pairs of entity and device without a click; not trained on' },
    missing_attributes: {
      says: 'rows of keyword_stats with an attribute that is empty or no number',
      atMost: { share: 0, of: 'keyword_stats' },
    },
    negative_numbers: {
      says: 'rows of keyword_stats with fewer than no clicks or conversions',
      atMost: { share: 0, of: 'keyword_stats' },
    },
    requests_of_unknown_devices: {
      says: 'rows of requests of an unknown device, which are dropped',
      atMost: { share: 0.01, of: 'requests' },
    },
    requests_missing_attributes: {
      says: 'rows of requests with an attribute that is empty or no number',
      atMost: { share: 0, of: 'requests' },
    },
  },

  quality: [
    { rule: 'uniqueKey', table: 'features' },
    { rule: 'notNull', table: 'features', column: 'attrs_scale' },
    { rule: 'between', table: 'features', column: 'attrs_scale', min: 0, max: 1 },
    { rule: 'between', table: 'features', column: 'computer', min: 0, max: 1 },
    { rule: 'between', table: 'features', column: 'smartphone', min: 0, max: 1 },
    { rule: 'notNull', table: 'features', column: 'clicks' },
    { rule: 'rowsAgainstPreviousRun', table: 'features', minRatio: 0.5 },
  ],

  model: {
    kind: 'script',
    version: 'v2',
    problem: 'regression',
    objective: 'MSE',
    label: 'cr',
    features: Object.keys(FEATURES),
    trainingKey: ['entity_id', 'device'],
    entity: ['entity_id'],
    holdoutKey: ['entity_id', 'device'],
    meansBy: ['device', 'entity_id'],
    // Every run of a weekly schedule trains: a model of last Monday is seven days old.
    trainEveryDays: 6,
  },

  predictions: {
    key: ['entity_id', 'device'],
    columns: { entity_id: 'bigint', device: 'varchar', cr: 'double' },
    scored: { cr: { of: 'predicted_value', min: 0, max: 1 } },
  },

  outputs: { conversion_rate: { file: 'conversion_rate.csv.gz' } },
  announce: true,
});
