import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scoresTableName } from '#lib/names.ts';
import pipeline from '#lib/pipelines/buyer-stage/pipeline.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { metricsQuery, readMetrics } from '#lib/sql/metrics-sql.ts';
import { profileQuery, readProfile } from '#lib/sql/profile-sql.ts';
import { qualityQuery, readQuality } from '#lib/sql/quality-sql.ts';
import { predictionsQuery } from '#lib/sql/scored-sql.ts';
import { tableColumns, withRunDate } from '#lib/sql/sql-text.ts';
import { readValidation, validateQuery } from '#lib/sql/validate-sql.ts';
import { candidate, RUN_DATE, rawTables, scoredTable, unreadable } from './buyer-stage-data.ts';
import { type Answer, Engines, type TestTable } from './engines.ts';

let engines: Engines;
let compiled: CompiledPipeline;
let features: Answer;
let made: Record<string, TestTable>;
const types = tableColumns(pipeline.tables.features ?? expect.fail('no table features'));

beforeAll(async () => {
  [engines, compiled] = await Promise.all([Engines.start(), compilePipeline(pipeline)]);
  features = await ask('features', rawTables);
  made = { ...rawTables, ...candidate('features', types, features) };
});
afterAll(() => engines?.close());

/** A compiled query on all three engines. */
async function ask(query: string, tables: Record<string, TestTable>): Promise<Answer> {
  const { athena = '', spark = '' } = compiled.queries[query] ?? {};
  const dated = { athena: withRunDate(athena, RUN_DATE), spark: withRunDate(spark, RUN_DATE) };
  const answers = await engines.ask(tables, { [query]: dated });
  return answers[query] ?? expect.fail(`no answer to ${query}`);
}

/** A generated query, which only Athena runs, on Trino and the local Athena. */
async function onAthena(athena: string, tables: Record<string, TestTable>) {
  const answer = (await engines.ask(tables, { query: { athena } })).query ?? expect.fail('no answer');
  return objects(answer).map((row) =>
    Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell === null ? null : String(cell)])),
  );
}

const objects = (answer: Answer) =>
  answer.rows.map((row) => Object.fromEntries(answer.columns.map((name, i) => [name, row[i] ?? null])));
const find = (answer: Answer, values: Record<string, unknown>) =>
  objects(answer).filter((row) => Object.entries(values).every(([name, value]) => row[name] === value));

describe('features', () => {
  test('are 159 columns of the declared types, and the snapshot date as the partition', () => {
    expect(features.columns).toEqual(Object.keys(types));
    expect(features.columns).toHaveLength(160);
    expect(features.types.map((type) => type.replace(/\(.*/, ''))).toEqual(Object.values(types));
  });

  test('have one row per member and snapshot, wherever the member is, and none without a key or after the run date', () => {
    expect(objects(features).map((row) => `${row.member_id} ${row.snapshot_date}`)).toEqual([
      "O'Brien, Zoë 2020-02-02",
      'copied 2020-02-07',
      'everywhere 2020-02-06',
      'everywhere 2020-02-07',
      'first-and-third 2020-02-05',
      'last-only 2020-02-07',
      'nulls 2020-02-04',
      'third-only 2020-02-04',
      'twice 2020-02-07',
    ]);
  });

  test('put a member of the first and third summary into one row, the others zero', () => {
    expect(find(features, { member_id: 'first-and-third' })).toMatchObject([
      {
        ldp_dominant_segment_for_rent_001: 1,
        total_searches_001: 3,
        average_searches_001: 2.5,
        ldp_dominant_segment_for_rent_007: 0,
        total_searches_007: 0,
        average_searches_007: 0,
        // `for lease` is none of the four
        ldp_dominant_segment_for_sale_030: 0,
        ldp_dominant_segment_not_for_sale_030: 0,
        ldp_dominant_segment_for_rent_030: 0,
        ldp_dominant_segment_no_segment_030: 0,
        total_searches_030: 3,
        median_srp_dwell_time_seconds_030: 179.75,
      },
    ]);
  });

  test('trim the segment of every white space and compare it exactly', () => {
    expect(find(features, { member_id: "O'Brien, Zoë" })).toMatchObject([{ ldp_dominant_segment_for_rent_030: 1 }]);
    expect(find(features, { member_id: 'third-only' })).toMatchObject([{ ldp_dominant_segment_for_sale_030: 0 }]);
    expect(find(features, { member_id: 'everywhere', snapshot_date: '2020-02-06' })).toMatchObject([
      {
        ldp_dominant_segment_for_sale_001: 1,
        ldp_dominant_segment_not_for_sale_001: 0,
        ldp_dominant_segment_not_for_sale_007: 1,
        ldp_dominant_segment_for_sale_007: 0,
        ldp_dominant_segment_no_segment_030: 1,
      },
    ]);
  });

  test('turn nulls into zeros and cap the dwell times, and only them, at 180', () => {
    const [row = {}] = find(features, { member_id: 'everywhere', snapshot_date: '2020-02-06' });
    expect(row).toMatchObject({
      total_ldp_dwell_time_seconds_001: 180,
      median_srp_dwell_time_seconds_030: 180,
      average_searches_030: 0,
      total_searches_001: 7,
      total_searches_090: 4_000_000_000,
    });
    const [nulls = {}] = find(features, { member_id: 'nulls' });
    const values = Object.entries(nulls).filter(([name]) => /_\d{3}$/.test(name));
    expect(values).toHaveLength(155);
    expect(values.filter(([, value]) => value !== 0)).toEqual([]);
  });

  test('keep of a repeated key the first row by its other columns, nulls last', () => {
    expect(find(features, { member_id: 'twice' })).toMatchObject([
      { ldp_dominant_segment_for_rent_007: 1, total_searches_007: 30 },
    ]);
  });

  test('number the days of the week from Sunday = 1', () => {
    const calendar = (member_id: string, snapshot_date: string) =>
      find(features, { member_id, snapshot_date }).map((row) => [
        row.snapshot_month,
        row.snapshot_day_of_month,
        row.snapshot_day_of_week,
      ]);
    expect(calendar("O'Brien, Zoë", '2020-02-02')).toEqual([[2, 2, 1]]); // a Sunday
    expect(calendar('everywhere', '2020-02-06')).toEqual([[2, 6, 5]]); // a Thursday
    expect(calendar('everywhere', '2020-02-07')).toEqual([[2, 7, 6]]);
  });
});

describe('training and inference', () => {
  test('label a snapshot with the nearest survey within two days, then the earlier', async () => {
    const training = await ask('training', made);
    expect(training.columns).toEqual([
      ...(pipeline.model?.trainingKey ?? []),
      ...(pipeline.model?.features ?? []),
      'buyer_stage',
    ]);
    expect(objects(training).map((row) => [row.member_id, row.snapshot_date, row.buyer_stage])).toEqual([
      ['everywhere', '2020-02-06', 'Casual Explorer'],
      ['everywhere', '2020-02-07', 'Active Searcher'],
      ['first-and-third', '2020-02-05', 'Ready to Transact'],
      ['nulls', '2020-02-04', 'Dreamer'],
    ]);
  });

  test('predict for the members of the newest snapshot', async () => {
    const inference = await ask('inference', made);
    expect(inference.columns).toEqual(['member_id', ...(pipeline.model?.features ?? [])]);
    expect(objects(inference).map((row) => row.member_id)).toEqual(['copied', 'everywhere', 'last-only', 'twice']);
  });
});

test('the profile counts what is wrong with the sources and what is read', async () => {
  const sql = profileQuery(pipeline, {}, RUN_DATE, Object.keys(pipeline.sources));
  await engines.validate(sql);
  const profile = readProfile(await onAthena(sql, unreadable));
  const sound = { duplicates: 0, withoutKey: 0, afterRunDate: 0, unreadable: 0, unreadableExample: null, unknown: {} };
  expect(profile.consumer_summary_t001).toEqual({
    ...sound,
    source: 'consumer_summary_t001',
    rows: 3,
    afterRunDate: 1,
    newest: '2020-02-06',
  });
  expect(profile.consumer_summary_t007).toMatchObject({ rows: 6, duplicates: 3, withoutKey: 3, newest: '2020-02-07' });
  expect(profile.consumer_summary_t090).toMatchObject({ ...sound, rows: 2, newest: '2020-02-07' });
  expect(profile.survey).toEqual({
    source: 'survey',
    rows: 9,
    duplicates: 1,
    withoutKey: 2,
    afterRunDate: 1,
    newest: '2020-02-07',
    unreadable: 1,
    unreadableExample: 'survey_date=2020-02-30',
    unknown: { buyer_stage: { count: 1, example: "Don't know" } },
  });
});

test('an empty source has a row of zeros in the profile', async () => {
  const empty = Object.fromEntries(Object.entries(rawTables).map(([name, table]) => [name, { ...table, rows: [] }]));
  const sql = profileQuery(pipeline, {}, RUN_DATE, ['survey', 'consumer_summary_t030']);
  const profile = readProfile(await onAthena(sql, empty));
  expect(profile.survey).toMatchObject({ rows: 0, withoutKey: 0, newest: null, unknown: {} });
  expect(profile.consumer_summary_t030).toMatchObject({ rows: 0, newest: null });
});

test('the quality query counts the violations of every rule and names one', async () => {
  const columns = features.columns;
  const spoilt = features.rows.map((row) => [...row]);
  const set = (at: number, column: string, value: string | number | null) => {
    const row = spoilt[at];
    if (row) row[columns.indexOf(column)] = value;
  };
  set(0, 'median_ldp_dwell_time_seconds_090', 181.5);
  set(1, 'median_ldp_dwell_time_seconds_090', -3);
  set(2, 'snapshot_day_of_week', null);
  set(3, 'member_id', null);
  spoilt.push([...(spoilt[4] ?? [])]);
  const tables = candidate('features', types, { ...features, rows: spoilt });
  const sql = qualityQuery(pipeline, ['features'], RUN_DATE, { features: 100 }) ?? expect.fail('no rules');
  await engines.validate(sql);
  expect(readQuality(pipeline, await onAthena(sql, tables))).toMatchObject([
    {
      rule: { rule: 'uniqueKey' },
      violations: 1,
      example: 'member_id=first-and-third, snapshot_date=2020-02-05',
      highest: 2,
    },
    { rule: { rule: 'notNull' }, violations: 1, example: 'member_id=null, snapshot_date=2020-02-07' },
    { rule: { rule: 'between', column: 'snapshot_day_of_week' }, violations: 0, example: null, lowest: null },
    { violations: 2, example: "member_id=O'Brien, Zoë, snapshot_date=2020-02-02", lowest: -3, highest: 181.5 },
    { rule: { rule: 'rowsAgainstPreviousRun' }, violations: 1, lowest: 10, highest: 100 },
  ]);
  const first = qualityQuery(pipeline, ['features'], RUN_DATE, {}) ?? expect.fail('no rules');
  expect(readQuality(pipeline, await onAthena(first, candidate('features', types, features)))).toMatchObject([
    { violations: 0, example: null },
    { violations: 0 },
    { violations: 0 },
    { violations: 0 },
    { violations: 0, lowest: 9, highest: null },
  ]);
});

test('the validation finds an equal table equal and every kind of difference', async () => {
  const sql = validateQuery(compiled, 'features', RUN_DATE);
  await engines.validate(sql);
  expect(readValidation(await onAthena(sql, made))).toEqual({
    rowsInQuery: 9,
    rowsInTable: 9,
    sampledRows: 9,
    onlyInQuery: 0,
    onlyInTable: 0,
    different: 0,
  });
  const other = features.rows.slice(1).map((row) => [...row]);
  const at = (column: string) => features.columns.indexOf(column);
  if (other[0]) other[0][at('total_searches_007')] = 4;
  if (other[1]) other[1][at('average_searches_001')] = null;
  other.push([...(other[2] ?? [])].map((cell, i) => (i === at('member_id') ? 'made up' : cell)));
  const tables = { ...rawTables, ...candidate('features', types, { ...features, rows: other }) };
  expect(readValidation(await onAthena(sql, tables))).toMatchObject({
    rowsInQuery: 9,
    rowsInTable: 9,
    onlyInQuery: 1,
    onlyInTable: 1,
    different: 2,
  });
});

describe('scored rows', () => {
  const which = { execution: 'r1', scored: 'm1' };
  const lists = (...p: number[]) => [
    `[${p.join(', ')}]`,
    "['Active Searcher', 'Dreamer', 'Ready to Transact', 'Casual Explorer']",
  ];

  test('become predictions: the label and the probability of that label, whatever order the labels come in', async () => {
    const tables = scoredTable(
      pipeline.name,
      'inference',
      ['member_id'],
      [
        ['m1', 'Dreamer', ...lists(0.1, 0.6, 0.2, 0.1)],
        [
          'm2',
          'Casual Explorer',
          '[0.25,0.125,0.125,0.5]',
          '["Dreamer","Active Searcher","Ready to Transact","Casual Explorer"]',
        ],
        ["O'Brien, Zoë", 'Dreamer', '[1e-05, 9.9999e-01]', "['Active Searcher', 'Dreamer']"],
        ['m4', '', '', ''],
      ],
    );
    const sql = predictionsQuery(compiled, which, RUN_DATE);
    await engines.load(tables);
    await engines.validate(sql);
    const answer = (await engines.ask(tables, { predictions: { athena: sql } })).predictions ?? expect.fail('none');
    expect(answer.columns).toEqual(['member_id', 'buyer_stage', 'probability']);
    expect(answer.rows).toEqual([
      ["O'Brien, Zoë", 'Dreamer', 0.99999],
      ['m1', 'Dreamer', 0.6],
      ['m2', 'Casual Explorer', 0.5],
      ['m4', null, null],
    ]);
  });

  test('are judged beside the majority', async () => {
    const rows = [
      ['m1', '2020-02-06', 'Dreamer', 'Dreamer', ...lists(0.1, 0.6, 0.2, 0.1)],
      ['m2', '2020-02-06', 'Dreamer', 'Active Searcher', ...lists(0.5, 0.3, 0.1, 0.1)],
      ['m3', '2020-02-06', 'Dreamer', 'Dreamer', ...lists(0.1, 0.8, 0.1, 0)],
      ['m4', '2020-02-06', 'Active Searcher', 'Active Searcher', ...lists(0.4, 0.3, 0.2, 0.1)],
      ['m5', '2020-02-06', 'Casual Explorer', 'Dreamer', ...lists(0.2, 0.7, 0.1, 0)],
    ];
    const tables = scoredTable(pipeline.name, 'holdout', ['member_id', 'snapshot_date', 'label'], rows);
    const sql = metricsQuery(pipeline, which);
    await engines.load(tables);
    await engines.validate(sql);
    const { metrics, baseline, rows: judged } = readMetrics(await onAthena(sql, tables));
    expect(judged).toBe(5);
    // By hand: Dreamer 2 of 3 right, 1 wrong; Active Searcher 1 right, 1 wrong; Casual Explorer missed.
    expect(metrics).toEqual({
      accuracy: expect.closeTo(3 / 5, 9),
      log_loss: expect.closeTo(
        -(Math.log(0.6) + Math.log(0.3) + Math.log(0.8) + Math.log(0.4) + Math.log(1e-15)) / 5,
        9,
      ),
      f1_macro: expect.closeTo((4 / 6 + 2 / 3 + 0) / 3, 9),
      'precision.Dreamer': expect.closeTo(2 / 3, 9),
      'recall.Dreamer': expect.closeTo(2 / 3, 9),
      'precision.Active Searcher': expect.closeTo(1 / 2, 9),
      'recall.Active Searcher': expect.closeTo(1, 9),
      'precision.Casual Explorer': null,
      'recall.Casual Explorer': 0,
      'precision.Ready to Transact': null,
      'recall.Ready to Transact': null,
    });
    expect(baseline).toMatchObject({
      accuracy: expect.closeTo(3 / 5, 9),
      f1_macro: expect.closeTo((6 / 8 + 0 + 0) / 3, 9),
      log_loss: expect.closeTo(-(3 * Math.log(0.6) + 2 * Math.log(0.2)) / 5, 9),
      'precision.Dreamer': expect.closeTo(3 / 5, 9),
      'recall.Dreamer': 1,
      'recall.Active Searcher': 0,
    });
  });

  test('that are not there leave every measure undefined', async () => {
    const tables = scoredTable(pipeline.name, 'holdout', ['member_id', 'snapshot_date', 'label'], []);
    expect(Object.keys(tables)).toEqual([scoresTableName(pipeline.name, 'holdout')]);
    const { metrics, rows } = readMetrics(await onAthena(metricsQuery(pipeline, which), tables));
    expect(rows).toBe(0);
    expect(Object.values(metrics).filter((value) => value !== null)).toEqual([]);
  });
});
