import { afterAll, beforeAll, expect, test } from 'vitest';
import { rawTableName, scoresTableName } from '#lib/names.ts';
import { definePipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';
import { metricsQuery, readMetrics } from '#lib/sql/metrics-sql.ts';
import { baselineColumns, predictionsQuery, scoredRelation } from '#lib/sql/scored-sql.ts';
import { withRunDate } from '#lib/sql/sql-text.ts';
import { compileQueries, visits } from '../fixture.ts';
import { type Answer, type Cell, Engines, type TestTable } from './engines.ts';

/** The functions that `lib/sql/portable.py` lets through, on values on which engines like to differ. */
const EXPRESSIONS: Record<string, [type: 'bigint' | 'double' | 'varchar' | 'date', sql: string, expected: Cell[]]> = {
  // Rows: 1 ordinary, 2 awkward, 3 null.
  ratio: ['double', 'CAST(user_id AS double) / NULLIF(visit_id, 0)', [7, -3.5, null]],
  by_zero: ['double', 'CAST(user_id AS double) / NULLIF(visit_id - visit_id, 0)', [null, null, null]],
  remainder: ['bigint', 'MOD(user_id, 4)', [3, -3, null]],
  whole: ['bigint', 'ROUND(seconds)', [3, -3, null]],
  below: ['bigint', 'FLOOR(seconds)', [2, -3, null]],
  above: ['bigint', 'CEIL(seconds)', [3, -2, null]],
  sign_of: ['bigint', 'SIGN(user_id)', [1, -1, null]],
  size: ['double', 'ABS(seconds)', [2.5, 2.5, null]],
  squared: ['double', 'POWER(seconds, 2)', [6.25, 6.25, null]],
  root: ['double', 'SQRT(ABS(seconds))', [Math.sqrt(2.5), Math.sqrt(2.5), null]],
  logarithm: ['double', 'LN(ABS(seconds))', [Math.log(2.5), Math.log(2.5), null]],
  exponential: ['double', 'EXP(seconds)', [Math.exp(2.5), Math.exp(-2.5), null]],
  capped: ['double', 'LEAST(GREATEST(COALESCE(seconds, 0E0), 0E0), 1E0)', [1, 0, 0]],
  trimmed: ['varchar', 'TRIM(page)', ['a/b', "Ä 'ö'", null]],
  lower_case: ['varchar', 'LOWER(TRIM(page))', ['a/b', "ä 'ö'", null]],
  upper_case: ['varchar', 'UPPER(TRIM(page))', ['A/B', "Ä 'Ö'", null]],
  letters: ['bigint', 'LENGTH(page)', [3, 7, null]],
  part: ['varchar', "ELEMENT_AT(SPLIT(page, '/'), 2)", ['b', null, null]],
  piece: ['varchar', 'SUBSTR(TRIM(page), 2, 2)', ['/b', " '", null]],
  replaced: ['varchar', "REPLACE(TRIM(page), '/', '.')", ['a.b', "Ä 'ö'", null]],
  joined: ['varchar', "CONCAT(TRIM(page), '!')", ['a/b!', "Ä 'ö'!", null]],
  piped: ['varchar', "TRIM(page) || '!'", ['a/b!', "Ä 'ö'!", null]],
  matches: ['bigint', "CASE WHEN REGEXP_LIKE(page, '^[a-z]/') THEN 1 ELSE 0 END", [1, 0, 0]],
  starts: ['bigint', "CASE WHEN page LIKE 'a%' THEN 1 ELSE 0 END", [1, 0, 0]],
  words: ['bigint', "CARDINALITY(SPLIT(TRIM(page), ' '))", [1, 2, null]],
  has: ['bigint', "CASE WHEN CONTAINS(SPLIT(page, '/'), 'b') THEN 1 ELSE 0 END", [1, 0, 0]],
  parsed: ['double', "TRY_CAST(REPLACE(page, 'a/b', '1.5') AS double)", [1.5, null, null]],
  month_of: ['bigint', 'MONTH(day)', [2, 12, 1]],
  day_of: ['bigint', 'EXTRACT(DAY FROM day)', [29, 31, 1]],
  year_of: ['bigint', 'YEAR(day)', [2020, 1969, 2020]],
  weekday: ['bigint', "MOD(DATE_DIFF('day', DATE '1900-01-07', day), 7) + 1", [7, 4, 4]],
  since: ['bigint', "DATE_DIFF('day', day, :run_date)", [1, 18323, 60]],
  next_month: ['date', "CAST(DATE_ADD('month', 1, day) AS date)", ['2020-03-29', '1970-01-31', '2020-02-01']],
  week_before: ['date', "CAST(day - INTERVAL '7' DAY AS date)", ['2020-02-22', '1969-12-24', '2019-12-25']],
  first_of_month: ['date', "CAST(DATE_TRUNC('month', day) AS date)", ['2020-02-01', '1969-12-01', '2020-01-01']],
  monday: ['date', "CAST(DATE_TRUNC('week', day) AS date)", ['2020-02-24', '1969-12-29', '2019-12-30']],
  hour_later: ['date', "CAST(moment + INTERVAL '1' HOUR AS date)", ['2020-03-01', '1969-12-31', null]],
  place: ['bigint', 'ROW_NUMBER() OVER (ORDER BY seconds DESC NULLS LAST, visit_id ASC NULLS LAST)', [1, 2, 3]],
  before: ['bigint', 'LAG(visit_id) OVER (ORDER BY seconds ASC NULLS FIRST, visit_id ASC NULLS LAST)', [2, 3, null]],
  running: [
    'double',
    'SUM(seconds) OVER (ORDER BY visit_id ASC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)',
    [2.5, 0, 0],
  ],
  after: ['bigint', 'LEAD(visit_id) OVER (ORDER BY seconds DESC NULLS LAST, visit_id ASC NULLS LAST)', [2, 3, null]],
  standing: ['bigint', 'RANK() OVER (ORDER BY ABS(seconds) DESC NULLS LAST)', [1, 1, 3]],
  standing_close: ['bigint', 'DENSE_RANK() OVER (ORDER BY ABS(seconds) DESC NULLS LAST)', [1, 1, 2]],
  half: ['bigint', 'NTILE(2) OVER (ORDER BY visit_id ASC NULLS LAST)', [1, 1, 2]],
  first_seen: ['bigint', 'FIRST_VALUE(visit_id) OVER (ORDER BY seconds ASC NULLS LAST)', [2, 2, 2]],
  last_seen: [
    'bigint',
    `LAST_VALUE(visit_id) OVER (
      ORDER BY visit_id ASC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )`,
    [3, 3, 3],
  ],
  begins: ['bigint', "CASE WHEN STARTS_WITH(page, 'a/') THEN 1 ELSE 0 END", [1, 0, 0]],
  leaf: [
    'varchar',
    `JSON_EXTRACT_SCALAR(CONCAT('{"a": {"b": "', REPLACE(TRIM(page), '/', '.'), '"}}'), '$.a.b')`,
    ['a.b', "Ä 'ö'", null],
  ],
  bought_days: ['bigint', '(SELECT COUNT_IF(other.bought) FROM visit AS other)', [1, 1, 1]],
  distinct_days: ['bigint', '(SELECT COUNT(DISTINCT other.day) FROM visit AS other)', [3, 3, 3]],
  mean: ['double', '(SELECT AVG(other.visit_id) FROM visit AS other)', [2, 2, 2]],
};

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
afterAll(() => engines?.close());

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
