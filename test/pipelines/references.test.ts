import { describe, expect, it } from 'vitest';
import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';
import { refusal, sound } from './fixture.ts';

type Change = (definition: PipelineInput) => void;
type Refused = [what: string, change: Change, message: string];

const inModel =
  (values: object): Change =>
  (d) =>
    Object.assign(d.model ?? {}, values);
const inVisits =
  (values: object): Change =>
  (d) =>
    Object.assign(d.sources.visits ?? {}, values);
const regression = { problem: 'regression', objective: 'MSE', classes: undefined, positive: undefined };
const withoutModel =
  (predictions: object): Change =>
  (d) => {
    delete d.model;
    d.predictions = { key: ['user_id'], columns: { user_id: 'bigint' }, ...predictions };
  };

const REFUSED: Record<string, Refused[]> = {
  'a source': [
    ['a key that is no column', (d) => d.sources.visits?.key.push('hour'), "'hour' is no column of visits"],
    ['lateness without a date', inVisits({ date: undefined }), 'needs `date`'],
    ['a date that is none', inVisits({ date: 'user_id' }), "'user_id' is bigint, use a date"],
    ['distinct rows beside a key', inVisits({ distinct: true }), 'sources.visits.distinct: rows with a `key` are'],
    [
      'numbers as allowed texts',
      inVisits({ columns: { user_id: 'bigint', day: 'date', kind: { type: 'varchar', oneOf: ['a', 1] } } }),
      'sources.visits.columns.kind.oneOf[1]: 1 is no varchar; use texts',
    ],
    [
      'texts as allowed numbers',
      inVisits({ columns: { user_id: { type: 'bigint', oneOf: ['1'] }, day: 'date' } }),
      'sources.visits.columns.user_id.oneOf[0]: "1" is no bigint; use whole numbers',
    ],
    [
      'allowed dates',
      inVisits({ columns: { user_id: 'bigint', day: { type: 'date', oneOf: ['2020-01-01'] } } }),
      'not of a date; use varchar, bigint or integer',
    ],
    [
      'the name of a relation that is generated',
      (d) => Object.assign(d.sources, { scored: d.sources.visits }),
      'sources.scored: the name is taken: sql/predictions.sql',
    ],
  ],
  'a table': [
    [
      'the name of a source',
      (d) => Object.assign(d.tables, { visits: d.tables.features }),
      'a source has this name too',
    ],
    [
      'the name of another query',
      (d) => Object.assign(d.tables, { training: d.tables.features }),
      'tables.training: the name is taken: sql/training.sql',
    ],
    [
      'a name that the catalogue has',
      (d) => Object.assign(d.tables, { raw_visits: d.tables.features }),
      'tables.raw_visits: the catalogue has another table of this name',
    ],
    [
      'a column that every table has',
      (d) => Object.assign(d.tables.features?.columns ?? {}, { run_date: 'date' }),
      'tables.features: run_date is a partition that every table has',
    ],
    [
      'a partition that is a column',
      (d) => Object.assign(d.tables.features ?? {}, { partitionBy: ['visits'], partitionTypes: { visits: 'bigint' } }),
      "'visits' is among the columns too",
    ],
  ],
  'the rest': [
    [
      'counts against something that is no source',
      (d) => Object.assign(d, { counts: { odd: { says: 'odd visits', atMost: { share: 0.1, of: 'visit' } } } }),
      "counts.odd.atMost.of: 'visit' is no source (did you mean visits?)",
    ],
    [
      'a parameter that every run has',
      (d) => Object.assign(d, { parameters: { run_date: { says: 'the day' } } }),
      'parameters.run_date: every run has a run date',
    ],
    [
      'a constant that a run is given',
      (d) => Object.assign(d, { parameters: { home: { says: 'the home page' } }, constants: { home: '/' } }),
      'constants.home: :home is what a run is given',
    ],
    [
      'a training without a model',
      (d) => {
        withoutModel({ table: 'features' })(d);
        d.schedule.training = '01:00';
      },
      'schedule.training: there is no `model` to train',
    ],
    [
      'the day after no day',
      (d) => {
        inVisits({ date: undefined, lateByDays: undefined })(d);
        d.defaultRunDate = 'dayAfterNewest';
      },
      'defaultRunDate: no source has a `date`',
    ],
  ],
  'a model': [
    ['an objective that does not fit', inModel({ objective: 'MSE' }), 'does not fit binary (use AUC)'],
    ['no classes', inModel({ classes: undefined }), 'lists its classes'],
    ['three classes of two', inModel({ classes: ['0', '1', '2'] }), 'a binary model has two, these are 3'],
    ['a strange positive class', inModel({ positive: 'yes' }), 'one of `classes`'],
    ['a feature twice', (d) => d.model?.features.push('visits'), 'named twice: visits'],
    ['a feature of no table', inModel({ features: ['visit'] }), 'model.features: no table has visit: say their types'],
    [
      'a derived column that no model reads',
      inModel({ derived: { visit: 'bigint' } }),
      "model.derived.visit: 'visit' is no feature (did you mean visits?)",
    ],
    ['a feature that is a key', (d) => d.model?.features.push('user_id'), 'user_id: neither a key nor the label'],
    ['no predictions', (d) => delete d.predictions, 'says what its predictions are'],
    ['an entity nobody gives', inModel({ entity: ['user'] }), "model.entity[0]: 'user' is no column of trainingKey"],
    ['a holdout key nobody gives', inModel({ holdoutKey: ['day'] }), "model.holdoutKey[0]: 'day' is no column of"],
    ['a script without a version', inModel({ kind: 'script' }), 'model.version: a script model names the version'],
    ['a version of no script', inModel({ version: 'v1' }), 'only a model of kind script has versions, this is automl'],
    [
      'a threshold of several classes',
      inModel({ problem: 'multiclass', objective: 'F1macro', positive: undefined, threshold: 0.5 }),
      'model.threshold: only a binary model has a threshold, this is multiclass',
    ],
    [
      'a positive class among several',
      inModel({ problem: 'multiclass', objective: 'F1macro' }),
      'model.positive: only a binary model',
    ],
    ['classes of a regression', inModel({ ...regression, classes: ['0', '1'] }), 'a regression has none'],
    ['a balanced regression', inModel({ ...regression, balanced: true }), 'only an automl classification is balanced'],
    [
      'a balanced script',
      inModel({ kind: 'script', version: 'v1', balanced: true }),
      'only an automl classification is balanced, this is script binary',
    ],
    ['means of a classification', inModel({ meansBy: ['visits'] }), 'only a regression has means for baselines'],
    [
      'means by a column nobody gives',
      inModel({ ...regression, meansBy: ['kind'] }),
      "model.meansBy[0]: 'kind' is no column of trainingKey or features (known: user_id, visits)",
    ],
    [
      'a metric it does not have',
      inModel({ record: ['f1', 'auc'] }),
      "model.record[1]: 'auc' is no metric of a binary model (known: accuracy",
    ],
  ],
  predictions: [
    [
      'a table beside a model',
      (d) => Object.assign(d.predictions ?? {}, { table: 'features' }),
      'predictions.table: predictions of a model are made by sql/predictions.sql',
    ],
    [
      'a scored column that is none, and one that is missing',
      (d) => Object.assign(d.predictions ?? {}, { scored: { chance: { of: 'positive_probability' } } }),
      "predictions.scored.chance: 'chance' is no column of predictions besides the key (known: probability)",
    ],
    [
      'a column that is not scored',
      (d) => Object.assign(d.predictions ?? {}, { scored: {} }),
      'predictions.scored.probability: is missing: say what it is made of',
    ],
    [
      'an answer that a model of its kind does not give',
      (d) => Object.assign(d.predictions ?? {}, { scored: { probability: { of: 'predicted_value' } } }),
      "predictions.scored.probability.of: 'predicted_value' is no column that a binary model answers with",
    ],
    [
      'scored rows without a model',
      withoutModel({ table: 'features', scored: { visits: { of: 'predicted_label' } } }),
      'predictions.scored: there is no `model` to score a row',
    ],
    ['neither table nor model', withoutModel({}), 'predictions.table: without a model, name the table'],
    ['a table that is none', withoutModel({ table: 'feature' }), "'feature' is no table (did you mean features?)"],
    [
      'a column the table does not have',
      withoutModel({ table: 'features', columns: { user_id: 'bigint', share: 'double' } }),
      "predictions.columns.share: 'share' is no column of features",
    ],
    [
      'a column of another type',
      withoutModel({ table: 'features', columns: { user_id: 'varchar' } }),
      'predictions.columns.user_id: is bigint in features, not varchar',
    ],
    [
      'a key that is not in front',
      withoutModel({ table: 'features', columns: { visits: 'bigint', user_id: 'bigint' } }),
      'predictions.columns: the key comes first: user_id',
    ],
  ],
  'an output': [
    [
      'the name of a table',
      (d) => Object.assign(d, { outputs: { features: { file: 'a.json' } } }),
      'outputs.features: a table has this name too',
    ],
    [
      'a file name with half a column',
      (d) => Object.assign(d, { outputs: { all: { file: 'a<b.json' } } }),
      "outputs.all.file: 'a<b.json': write <column>",
    ],
    [
      'a file that another one makes',
      (d) => Object.assign(d, { outputs: { all: { file: 'a.json' }, more: { file: 'a.json' } } }),
      'outputs.more.file: another output makes a.json too',
    ],
  ],
};

describe.each(Object.entries(REFUSED))('%s is refused for', (_, cases) => {
  it.each(cases)('%s', (_, change, message) => {
    expect(refusal(change)).toContain(message);
  });
});

describe('a definition is accepted', () => {
  it.each<[string, Change]>([
    ['with everything a binary model can have', inModel({ threshold: 0.2, balanced: true, record: ['f1', 'roc_auc'] })],
    ['with a regression of a script', inModel({ ...regression, kind: 'script', version: 'v2', meansBy: ['user_id'] })],
    ['with a served table and no model', withoutModel({ table: 'features' })],
    ['with distinct rows and no key', inVisits({ key: [], distinct: true })],
    ['with outputs by column', (d) => Object.assign(d, { outputs: { all: { file: '<kind>_of_<day>.json' } } })],
  ])('%s', (_, change) => {
    const definition = sound();
    change(definition);
    expect(() => definePipeline(definition)).not.toThrow();
  });
});
