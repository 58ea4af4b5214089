import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';

type Columns = PipelineInput['tables'][string]['columns'];

/** What a user held, by the words of `portfolio`; the order is part of the contract. */
const PORTFOLIO = [
  'stocks_ars',
  'term_deposits_usd',
  'term_deposits_ars',
  'bonds_usd',
  'bonds_ars',
  'funds_usd',
  'funds_ars',
  'cedears_ars',
  'cedears_usd',
];

/** Types of users as the model reads them, because their numbers are no order: 0 or 1 each. */
const TYPES = ['mass', 'eminent', 'other'].map((type) => `user_type_${type}`);

/** Whole numbers all. `user_type`: 1 is mass, 2 is eminent, 3 is other; the yes-or-no ones are 0 or 1. */
const BEHAVIOUR = ['transfers', 'distinct_sections', 'visited_investments', 'conversions'];
const whole = (names: string[]): Columns => Object.fromEntries(names.map((name) => [name, 'bigint']));
const userColumns: Columns = {
  user_id: 'varchar',
  ...whole(BEHAVIOUR),
  user_type: { type: 'bigint', oneOf: [1, 2, 3] },
  ...whole(['is_investor', ...PORTFOLIO]),
};

/**
 * What is decided where the events leave room; the queries follow it and counts.sql counts it.
 *
 * - Days are calendar days in UTC. For run date D features see D-60 to D-1, training features D-67 to D-8 and labels D-7
 *   to D-1, both ends included. Events of D itself and after it are in no window.
 * - Every event counts, also one that repeats another in every column: nothing tells a second transfer from a first one.
 * - An event without a user or without a time is not read, nor is one whose user_id has control characters such as line
 *   breaks or more than 500 characters: batch transform would split it, a key of DynamoDB has 2,048 bytes.
 * - Texts are taken as they are; an empty one says nothing.
 * - The latest known attribute is that of the user's last event in the window that says anything about it; where
 *   several do at the same instant, the greatest text wins, before it is turned into a number. A user type that is
 *   neither `mass` nor `eminent` is other, an investor is who said `yes`.
 * - A portfolio of nothing but blanks is unknown and never hides an earlier one. Words that are none of the nine say
 *   nothing, so `none` holds nothing.
 * - Evaluated are the predicted users who had an event in the week: those are the users that training knows labels of,
 *   so that the figures can be laid beside those of the holdout. Users who stayed away cannot have converted; they would
 *   add true negatives and false positives only. A user is foretold to convert when `proba` is above 0.5, 0.5 excluded.
 *   A measure whose divisor is 0 is null. `f1` is 2tp / (2tp + fp + fn).
 * - A week without a conversion has labels of one class: it cannot be trained on, and its evaluation has no recall and
 *   no area under the curve.
 * - The newest event is at most three days before the run date: older data lack days that features and labels are made of.
 */
export default definePipeline({
  name: 'propensity',
  asks: 'Which users of the app will open a term deposit within the next seven days?',
  engine: 'athena',
  // The training run ends hours before the weekly one, also on a Monday that is the first of the month.
  schedule: { days: 'monday', at: '09:00', dueBy: '15:00', training: '03:00' },
  // The newest day has ended: the week to come begins the day after it.
  defaultRunDate: 'dayAfterNewest',

  /** The pair of category and action that is a conversion. */
  constants: { conversion_category: 'term_deposit', conversion_action: 'success' },

  sources: {
    events: {
      format: 'parquet',
      key: [],
      date: 'event_ts',
      lateByDays: 3,
      columns: {
        user_id: 'varchar',
        event_ts: 'timestamp',
        section: 'varchar',
        event_category: 'varchar',
        event_action: 'varchar',
        user_type: 'varchar',
        is_investor: 'varchar',
        portfolio: 'varchar',
      },
    },
  },

  counts: {
    events_without_user: { says: 'events without a user: not read' },
    events_of_odd_user: { says: 'events whose user_id is longer than 500 characters or of several lines: not read' },
    events_before_window: { says: 'events before the first day of any window: not read' },
    events_of_run_date: { says: 'events of the run date itself, with which the week to come begins: not read' },
    odd_is_investor: { says: 'events where is_investor is neither yes nor no: taken for no' },
    odd_portfolio_words: { says: 'events whose portfolio has a word that is neither none nor one of the nine' },
    conversions_of_the_week: {
      says: 'conversions in the seven days before the run date, which the labels are made of',
    },
  },

  tables: {
    features: { zone: 'curated', key: ['user_id'], columns: userColumns },
    training_features: {
      zone: 'curated',
      key: ['user_id'],
      columns: { ...userColumns, converted: { type: 'bigint', oneOf: [0, 1] } },
    },
    model_evaluation: {
      zone: 'curated',
      key: ['model', 'predicted_week'],
      columns: {
        model: 'varchar',
        predicted_week: 'date',
        f1: 'double',
        precision: 'double',
        recall: 'double',
        roc_auc: 'double',
        tn: 'bigint',
        fp: 'bigint',
        fn: 'bigint',
        tp: 'bigint',
      },
    },
  },

  quality: [
    { rule: 'uniqueKey', table: 'features' },
    { rule: 'notNull', table: 'features', column: 'user_id' },
    { rule: 'between', table: 'features', column: 'user_type', min: 1, max: 3 },
    { rule: 'between', table: 'features', column: 'visited_investments', min: 0, max: 1 },
    { rule: 'rowsAgainstPreviousRun', table: 'features', minRatio: 0.5 },
    { rule: 'uniqueKey', table: 'training_features' },
    { rule: 'notNull', table: 'training_features', column: 'converted' },
    { rule: 'uniqueKey', table: 'model_evaluation' },
    { rule: 'between', table: 'model_evaluation', column: 'roc_auc', min: 0, max: 1 },
  ],

  model: {
    kind: 'automl',
    problem: 'binary',
    objective: 'AUC',
    label: 'converted',
    classes: ['0', '1'],
    positive: '1',
    balanced: true,
    features: [...BEHAVIOUR, ...TYPES, 'is_investor', ...PORTFOLIO],
    derived: whole(TYPES),
    trainingKey: ['user_id'],
    entity: ['user_id'],
    record: ['f1', 'precision', 'recall', 'roc_auc'],
    // A month: the model of the first of the month lasts until the next one, and a month that failed is made up for.
    trainEveryDays: 31,
  },

  predictions: {
    key: ['user_id'],
    columns: { user_id: 'varchar', proba: 'double', model: 'varchar', predicted_week: 'date' },
    scored: { proba: { of: 'positive_probability' }, predicted_week: { of: 'run_date' } },
  },
});
