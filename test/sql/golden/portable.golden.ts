import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawTableName, scoresTableName } from '#lib/names.ts';
import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';
import { metricsQuery, readMetrics } from '#lib/sql/metrics-sql.ts';
import { profileQuery } from '#lib/sql/profile-sql.ts';
import { baselineColumns, predictionsQuery, scoredRelation } from '#lib/sql/scored-sql.ts';
import { withParameters, withRunDate } from '#lib/sql/sql-text.ts';
import { compileQueries, endTranslator, visits } from '../fixture.ts';
import { type Answer, type Cell, Engines, type TestTable } from './engines.ts';
import { EXPRESSIONS } from './portable-cases.ts';

const raw: Record<string, TestTable> = {
  [rawTableName('visits', 'visit')]: {
    columns: Object.fromEntries(
      ['visit_id', 'user_id', 'day', 'seconds', 'page', 'bought', 'moment'].map((name) => [name, 'varchar']),
    ),
    rows: [
      ['1', '7', '2020-02-29', '2.5', 'a/b', 'true', '2020-02-29 23:30:00'],
      ['2', '-7', '1969-12-31', '-2.5', "\tÄ 'ö'\n", 'FALSE', '1969-12-31 01:00:00.123'],
      ['3', '', '2020-01-01', '', '', '', ''],
      ['4', '1', '2020-03-02', '1', 'later', 'true', '2020-03-02 00:00:00'],
    ],
  },
};

let engines: Engines;
beforeAll(async () => {
  engines = await Engines.start();
});
afterAll(() => Promise.all([engines?.close(), endTranslator()]));

test('every portable function gives the expected value on Trino, DuckDB and Spark', async () => {
  const pipeline = visits({
    values: {
      visit_id: 'bigint',
      ...Object.fromEntries(Object.entries(EXPRESSIONS).map(([name, [type]]) => [name, type])),
    },
  });
  const columns = Object.entries(EXPRESSIONS).map(([name, [type, sql]]) => `CAST(${sql} AS ${type}) AS ${name}`);
  const { queries } = await compileQueries(pipeline, { values: `SELECT visit_id, ${columns.join(',\n')} FROM visit` });
  const { athena = '', spark = '' } = queries.values ?? {};
  const date = '2020-03-01';
  await engines.load(raw);
  await engines.validate(withRunDate(athena, date));
  const question = { athena: withRunDate(athena, date), spark: withRunDate(spark, date) };
  const answer: Answer = (await engines.ask(raw, { values: question })).values ?? expect.fail('no answer');
  for (const [name, [, , expected]] of Object.entries(EXPRESSIONS)) {
    const at = answer.columns.indexOf(name);
    const found = answer.rows.map((row) => row[at]);
    const wanted = expected.map((value) => (typeof value === 'number' ? expect.closeTo(value, 9) : value));
    expect(found, name).toEqual(wanted);
  }
});

test('words of a text become rows', async () => {
  const pipeline = visits({ words: { visit_id: 'bigint', word: 'varchar' } });
  const { queries } = await compileQueries(pipeline, {
    words: `SELECT visit.visit_id, CAST(spoken.word AS varchar) AS word
            FROM visit CROSS JOIN UNNEST(SPLIT(TRIM(visit.page), ' ')) AS spoken (word)`,
  });
  const { athena = '', spark = '' } = queries.words ?? {};
  const question = { athena: withRunDate(athena, '2020-03-01'), spark: withRunDate(spark, '2020-03-01') };
  expect((await engines.ask(raw, { words: question })).words?.rows).toEqual([
    [1, 'a/b'],
    [2, "'ö'"],
    [2, 'Ä'],
  ]);
});

test('a parameter is the text that was given, whatever is in it', async () => {
  const pipeline = visits(
    { given: { visit_id: 'bigint', text: 'varchar' } },
    { parameters: { text: { says: 'a text' } } },
  );
  const { queries } = await compileQueries(pipeline, {
    given: 'SELECT visit_id, CAST(:text AS varchar) AS text FROM visit WHERE visit_id = 1',
  });
  const { athena = '', spark = '' } = queries.given ?? {};
  const texts = [
    'Côte d’Ivoire',
    "it's '",
    '\\',
    "\\' OR 1 = 1 --",
    '$' + '{env:PATH}',
    ':run_date :text',
    'a\nb\tc',
    '"`%_',
    '',
  ];
  const fill = (sql: string, text: string) => withRunDate(withParameters(sql, pipeline, { text }), '2020-03-01');
  const questions = texts.map((text, i) => [`text_${i}`, { athena: fill(athena, text), spark: fill(spark, text) }]);
  const answers = await engines.ask(raw, Object.fromEntries(questions));
  expect(texts.map((_, i) => answers[`text_${i}`]?.rows)).toEqual(texts.map((text) => [[1, text]]));
});

test('repeated rows of a source without a key count once where it is distinct, and its columns may be called timestamp', async () => {
  const columns: PipelineInput['sources'][string]['columns'] = {
    timestamp: 'varchar',
    week: 'integer',
    amount: 'double',
  };
  const source = { format: 'parquet' as const, key: [], columns };
  const pipeline = visits(
    { weeks: { timestamp: 'varchar', week: 'integer', once: 'bigint', repeated: 'bigint' } },
    { sources: { event: { ...source, distinct: true }, repeat: source } },
  );
  const count = (from: string, here: 0 | 1) =>
    `SELECT timestamp, week, CAST(${here} AS bigint) AS once, CAST(${1 - here} AS bigint) AS repeated FROM ${from}`;
  const { queries } = await compileQueries(pipeline, {
    weeks: `WITH every AS (${count('event', 1)} UNION ALL ${count('repeat', 0)})
      SELECT timestamp, week, CAST(SUM(once) AS bigint) AS once, CAST(SUM(repeated) AS bigint) AS repeated
      FROM every GROUP BY timestamp, week`,
  });
  const { athena = '', spark = '' } = queries.weeks ?? {};
  const rows = [
    ['t1', 1, 0.5],
    ['t1', 1, 0.5],
    ['t1', 1, null],
    ['t1', 1, null],
    [null, null, null],
    [null, null, null],
  ];
  const types = { timestamp: 'varchar', week: 'integer', amount: 'double' };
  const tables = Object.fromEntries(
    ['event', 'repeat'].map((name) => [rawTableName('visits', name), { columns: types, rows }]),
  );
  const profile = profileQuery(pipeline, {}, '2020-03-01', ['event', 'repeat']);
  const answers = await engines.ask(tables, { weeks: { athena, spark }, profile: { athena: profile } });
  expect(answers.weeks?.rows).toEqual([
    ['t1', 1, 2, 4],
    [null, null, 1, 2],
  ]);
  expect(answers.profile?.rows.map((row) => row.slice(0, 3))).toEqual([
    ['event', 6, 3],
    ['repeat', 6, 0],
  ]);
});

/** A model whose classes are numbers in text, as a binary one has them. */
const model = (problem: 'binary' | 'regression'): PipelineInput => ({
  name: 'visits',
  asks: 'Will the visitor buy something?',
  engine: 'athena',
  schedule: { at: '01:00', dueBy: '02:00' },
  sources: { person: { format: 'parquet', key: ['user_id'], columns: { user_id: 'bigint', age: 'bigint' } } },
  tables: { ages: { zone: 'curated', key: ['user_id'], columns: { user_id: 'bigint', age: 'bigint' } } },
  quality: [],
  model: {
    kind: 'automl',
    problem,
    objective: problem === 'binary' ? 'AUC' : 'MSE',
    label: 'bought',
    ...(problem === 'binary' ? { classes: ['0', '1'], positive: '1', threshold: 0.2 } : { meansBy: ['age'] }),
    features: ['age'],
    trainingKey: ['user_id'],
    entity: ['user_id'],
    trainEveryDays: 30,
  },
  predictions: { key: ['user_id'], columns: { user_id: 'bigint', value: 'double' } },
});
const which = { execution: 'r1', scored: "it's m1" };
const scored = (dataset: 'holdout' | 'inference', label: string[], rows: Cell[][]): Record<string, TestTable> => ({
  [scoresTableName('visits', dataset)]: {
    columns: Object.fromEntries(
      ['user_id', ...label, 'predicted_label', 'probabilities', 'labels', 'run', 'scored'].map((n) => [n, 'varchar']),
    ),
    rows: rows.map((row) => [...row, which.execution, which.scored]),
  },
});

async function metrics(problem: 'binary' | 'regression', rows: Cell[][]) {
  const pipeline = definePipeline(model(problem));
  const sql = metricsQuery(pipeline, which);
  const tables = scored('holdout', ['label', ...(pipeline.model ? baselineColumns(pipeline.model) : [])], rows);
  await engines.load(tables);
  await engines.validate(sql);
  const answer = (await engines.ask(tables, { metrics: { athena: sql } })).metrics ?? expect.fail('no answer');
  const named = answer.rows.map((row) =>
    Object.fromEntries(row.map((cell, i) => [answer.columns[i], cell === null ? null : String(cell)])),
  );
  return readMetrics(named);
}

test('two classes: areas with ties, labels as 1, 1.0 and in any order', async () => {
  const { metrics: found, baseline } = await metrics('binary', [
    ['1', '1', '1.0', '[0.9, 0.1]', '[1.0, 0.0]'],
    ['2', '1.0', '0', '[0.6, 0.4]', "['0', '1']"],
    ['3', '0', '0', '[0.6, 0.4]', '["0", "1"]'],
    ['4', '0.0', '1', '[0.3,0.7]', '[0,1]'],
    ['5', '0', '0.0', '[0.8, 0.2]', "['0', '1']"],
  ]);
  const close = (value: number) => expect.closeTo(value, 9);
  // Scores of 1: 0.9 (1), 0.7 (0), 0.4 (1), 0.4 (0), 0.2 (0). Pairs won: 3 + (1 + a half) of 6.
  expect(found).toEqual({
    accuracy: close(3 / 5),
    log_loss: close(-(Math.log(0.9) + Math.log(0.4) + Math.log(0.6) + Math.log(0.3) + Math.log(0.8)) / 5),
    roc_auc: close(4.5 / 6),
    pr_auc: close(0.5 * 1 + 0.5 * (2 / 4)),
    f1: close(2 / 4),
    precision: close(1 / 2),
    recall: close(1 / 2),
    brier: close((0.01 + 0.36 + 0.16 + 0.49 + 0.04) / 5),
  });
  expect(baseline).toEqual({
    accuracy: close(3 / 5),
    log_loss: close(-(2 * Math.log(0.4) + 3 * Math.log(0.6)) / 5),
    roc_auc: close(0.5),
    pr_auc: close(2 / 5),
    f1: 0,
    precision: null,
    recall: 0,
    brier: close(0.24),
  });
});

test('one class only: what cannot be measured is undefined', async () => {
  const { metrics: found } = await metrics('binary', [['1', '0', '0', '[0.9, 0.1]', "['0', '1']"]]);
  expect(found).toMatchObject({ accuracy: 1, roc_auc: null, pr_auc: null, precision: null, recall: null, f1: null });
});

test('regression: squared and absolute error beside zero, the mean and the means by a column', async () => {
  // label, the mean of the training rows, the mean of those of the age, what the model says
  const { metrics: found, baseline } = await metrics('regression', [
    ['1', '1', '2', '1.25', '1.5', null, null],
    ['2', '2.0', '2', '2', '2', null, null],
    ['3', '6', '2.0', '5e-1', '4.0E0', null, null],
  ]);
  const close = (value: number) => expect.closeTo(value, 9);
  expect(found).toEqual({ mse: close(4.25 / 3), mae: close(2.5 / 3) });
  expect(baseline).toEqual({
    mse: close((1 + 0 + 16) / 3),
    mae: close((1 + 0 + 4) / 3),
    'mse.zero': close((1 + 4 + 36) / 3),
    'mse.mean_by_age': close((0.0625 + 0 + 30.25) / 3),
  });
});

test('regression: a row without an answer leaves the measures of the model undefined', async () => {
  const { metrics: found, baseline } = await metrics('regression', [
    ['1', '0.5', '1', '0.5', '0.0123', null, null],
    ['2', '0.5', '1', '0.5', '', null, null],
  ]);
  expect(found).toEqual({ mse: null, mae: null });
  expect(baseline).toMatchObject({ mse: 0.25, 'mse.mean_by_age': 0 });
});

test('scored rows carry typed keys, the probability of the positive class and both lists', async () => {
  const pipeline = definePipeline(model('binary'));
  const tables = scored('inference', [], [['12', '0.0', '[0.75, 0.25]', "['1.0', '0.0']"]]);
  await engines.load(tables);
  const answer = await engines.ask(tables, { scored: { athena: scoredRelation(pipeline, 'inference', which) } });
  expect(answer.scored?.columns).toEqual([
    'user_id',
    'predicted_label',
    'probability',
    'positive_probability',
    'above_threshold',
    'labels',
    'probabilities',
  ]);
  expect(answer.scored?.rows).toEqual([[12, '0', 0.25, 0.75, true, ['1', '0'], [0.75, 0.25]]]);
});

test('predictions.sql can compute from the probability of the positive class', async () => {
  const pipeline = definePipeline(model('binary'));
  const compiled = await compileQueries(pipeline, {
    ages: 'SELECT user_id, age FROM person',
    training: 'SELECT user_id, age, CAST(1 AS bigint) AS bought FROM ages',
    inference: 'SELECT user_id, age FROM ages',
    predictions: `WITH sure AS (SELECT user_id, positive_probability FROM scored WHERE above_threshold)
                  SELECT user_id, CAST(positive_probability AS double) AS value FROM sure`,
  });
  const tables = scored(
    'inference',
    [],
    [
      ['1', '1', '[0.75, 0.25]', "['1', '0']"],
      ['2', '0', '[0.1, 0.9]', "['1', '0']"],
    ],
  );
  const answer = await engines.ask(tables, { p: { athena: predictionsQuery(compiled, which, '2020-03-01') } });
  expect(answer.p?.rows).toEqual([[1, 0.75]]);
});
