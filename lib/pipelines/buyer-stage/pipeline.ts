import { definePipeline, oneOf, type PipelineInput } from '#lib/pipelines/pipeline.ts';

const STAGES = ['Dreamer', 'Casual Explorer', 'Active Searcher', 'Ready to Transact'];

/** Days that each of the five summaries looks back; the suffix of its source and of its feature columns. */
const WINDOWS = ['001', '007', '030', '060', '090'];

const COUNTS = [
  'total_ldp_page_views',
  'total_distinct_listings_viewed',
  'total_listings_viewed',
  'total_searches',
  'total_saved_listings',
  'total_shared_listings',
  'total_saved_searches',
  'total_shared_searches',
  'total_leads_submitted',
  'submitted_leads_for_rent',
  'submitted_leads_for_sale',
  'submitted_leads_not_for_sale',
];

/** LDP = listing detail page, SRP = search results page, lead = contact form; dwell times in seconds. */
const MEASURES = [
  'median_ldp_page_views',
  'average_ldp_page_views',
  'total_ldp_dwell_time_seconds',
  'average_ldp_dwell_time_seconds',
  'median_ldp_dwell_time_seconds',
  'median_listings_viewed',
  'average_listings_viewed',
  'median_searches',
  'average_searches',
  'total_srp_dwell_time_seconds',
  'average_srp_dwell_time_seconds',
  'median_srp_dwell_time_seconds',
  'total_lead_dwell_time_seconds',
  'average_lead_dwell_time_seconds',
  'median_lead_dwell_time_seconds',
];

const SEGMENTS = ['for_sale', 'not_for_sale', 'for_rent', 'no_segment'].map((s) => `ldp_dominant_segment_${s}`);

type Columns = PipelineInput['tables'][string]['columns'];
const all = (names: string[], type: 'bigint' | 'double'): Columns => Object.fromEntries(names.map((n) => [n, type]));

const summary: PipelineInput['sources'][string] = {
  format: 'parquet',
  key: ['member_id', 'snapshot_date'],
  date: 'snapshot_date',
  lateByDays: 3,
  columns: {
    member_id: 'varchar',
    snapshot_date: 'date',
    ldp_dominant_segment: 'varchar',
    ...all(COUNTS, 'bigint'),
    ...all(MEASURES, 'double'),
  },
};

const windowColumns = (days: string): Columns => ({
  ...all(
    [...SEGMENTS, ...COUNTS].map((name) => `${name}_${days}`),
    'bigint',
  ),
  ...all(
    MEASURES.map((name) => `${name}_${days}`),
    'double',
  ),
});

const calendar: Columns = { snapshot_month: 'bigint', snapshot_day_of_month: 'bigint', snapshot_day_of_week: 'bigint' };
const featureColumns = Object.assign({}, calendar, ...WINDOWS.map(windowColumns)) as Columns;

export default definePipeline({
  name: 'buyer-stage',
  asks: 'At which stage of buying a home is each active member of the portal today?',
  engine: 'emr',
  schedule: { at: '10:00', dueBy: '18:00' },

  sources: {
    ...Object.fromEntries(WINDOWS.map((days) => [`consumer_summary_t${days}`, summary])),
    survey: {
      format: 'csv',
      key: ['member_id', 'survey_date'],
      date: 'survey_date',
      columns: { member_id: 'varchar', survey_date: 'date', buyer_stage: oneOf(...STAGES) },
    },
  },

  tables: {
    features: {
      zone: 'curated',
      key: ['member_id', 'snapshot_date'],
      columns: { member_id: 'varchar', ...featureColumns },
      partitionBy: ['snapshot_date'],
      partitionTypes: { snapshot_date: 'date' },
    },
  },

  quality: [
    { rule: 'uniqueKey', table: 'features' },
    { rule: 'notNull', table: 'features', column: 'member_id' },
    { rule: 'between', table: 'features', column: 'snapshot_day_of_week', min: 1, max: 7 },
    { rule: 'between', table: 'features', column: 'median_ldp_dwell_time_seconds_090', min: 0, max: 180 },
    { rule: 'rowsAgainstPreviousRun', table: 'features', minRatio: 0.5 },
  ],

  model: {
    kind: 'automl',
    problem: 'multiclass',
    objective: 'F1macro',
    label: 'buyer_stage',
    classes: STAGES,
    features: Object.keys(featureColumns),
    trainingKey: ['member_id', 'snapshot_date'],
    entity: ['member_id'],
    trainEveryDays: 30,
  },

  predictions: {
    key: ['member_id'],
    columns: { member_id: 'varchar', buyer_stage: 'varchar', probability: 'double' },
    scored: { buyer_stage: { of: 'predicted_label' }, probability: { of: 'probability' } },
  },
});
