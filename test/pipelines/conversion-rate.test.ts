import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { predictionsTableName, scoresTableName } from '#lib/names.ts';
import pipeline from '#lib/pipelines/conversion-rate/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { profileQuery, readProfile } from '#lib/sql/profile-sql.ts';
import { predictionsQuery } from '#lib/sql/scored-sql.ts';
import { withRunDate } from '#lib/sql/sql-text.ts';
import type { TestTable } from '../sql/golden/engines.ts';
import { Queries, type Row } from './support/on-duckdb.ts';

const DAY = '2026-11-20';
const NO_ATTRIBUTES = Object.fromEntries(Array.from({ length: 160 }, (_, i) => [`att${i + 1}`, 0]));

/** 0 everywhere but for the attributes named. */
const having = (...numbers: number[]): Row => ({
  ...NO_ATTRIBUTES,
  ...Object.fromEntries(numbers.map((number) => [`att${number}`, 1])),
});

const seen = (
  entity_id: number | null,
  device: string | null,
  clicks: number,
  conversions: number,
  more: Row = {},
) => ({
  ...having(1),
  entity_id,
  device,
  week: 31,
  clicks,
  conversions,
  ...more,
});

const queries = new Queries(pipeline);
afterAll(() => queries.close());

/** What queries, by name, make of rows. */
const asked = (only: string[], keyword_stats: Row[], requests: Row[] = []) =>
  queries.run({ keyword_stats, requests }, { only });
const pairs = (rows: Row[] = []) => rows.map((row) => `${row.entity_id} ${row.device}`).sort();
const of = (rows: Row[] | undefined, entity_id: number, device: string): Row =>
  rows?.find((row) => row.entity_id === entity_id && row.device === device) ??
  expect.fail(`no row of ${entity_id} ${device}`);

describe('the features of an entity on a device', () => {
  let features: Row[] | undefined;
  let counts: Row;

  beforeAll(async () => {
    const made = await asked(
      ['features', 'counts'],
      [
        seen(1, 'Computer', 8, 1, { week: 30, ...having(1, 3, 5) }),
        seen(1, 'Computer', 2, 1, { ...having(1, 3, 5) }),
        seen(1, 'Tablet', 4, 0, { ...having(1, 3, 5) }),
        seen(2, 'Smartphone', 1, 1, having(142, 160)),
        seen(3, 'Computer', 1, 0, having()),
        seen(4, 'Computer', 1, 0, having(...Array.from({ length: 160 }, (_, i) => i + 1))),
      ],
    );
    features = made.features;
    counts = made.counts?.[0] ?? {};
  });

  test('are its clicks and conversions of all weeks, and their ratio', () => {
    expect(of(features, 1, 'Computer')).toMatchObject({ clicks: 10, conversions: 2, cr: 0.2 });
    expect(of(features, 1, 'Tablet')).toMatchObject({ clicks: 4, conversions: 0, cr: 0 });
    expect(pairs(features)).toEqual(['1 Computer', '1 Tablet', '2 Smartphone', '3 Computer', '4 Computer']);
  });

  test('are the columns of the contract in their order', () => {
    expect(Object.keys(features?.[0] ?? {})).toEqual(
      'entity_id device clicks conversions cr attrs_scale computer smartphone att5 att27 att2 att34 att29 att30 att9 att7 att142 att11'.split(
        ' ',
      ),
    );
  });

  test('pack all attributes into a fraction, the first as its half', () => {
    expect(of(features, 1, 'Computer').attrs_scale).toBe(1 / 2 + 1 / 8 + 1 / 32);
    expect(of(features, 2, 'Smartphone').attrs_scale).toBe(2 ** -142 + 2 ** -160);
    expect(of(features, 3, 'Computer').attrs_scale).toBe(0);
    expect(of(features, 4, 'Computer').attrs_scale).toBe(1);
  });

  test('say the device with two flags and ten attributes one by one', () => {
    expect(of(features, 1, 'Computer')).toMatchObject({ computer: 1, smartphone: 0, att5: 1, att27: 0, att142: 0 });
    expect(of(features, 1, 'Tablet')).toMatchObject({ computer: 0, smartphone: 0, att5: 1 });
    expect(of(features, 2, 'Smartphone')).toMatchObject({ computer: 0, smartphone: 1, att5: 0, att142: 1 });
  });

  test('are made of sound sources without a word', () => {
    expect(Object.values(counts).map(Number)).toEqual(Object.keys(pipeline.counts).map(() => 0));
  });
});

describe('rows that should not be', () => {
  let made: Record<string, Row[]>;
  // Entities from 20 on differ in the first or last attribute of one of the three numbers that counts.sql compares.
  beforeAll(async () => {
    made = await asked(
      ['features', 'counts'],
      [
        seen(1, 'Computer', 5, 1),
        seen(1, 'Computer', 5, 1),
        seen(2, 'Computer', 7, 1),
        seen(2, 'Computer', 6, 2),
        seen(null, 'Computer', 1, 0),
        seen(3, null, 1, 0),
        seen(4, '', 1, 0),
        seen(5, 'Tablet', 1, 0, { week: null }),
        seen(6, 'Computer', 1, 0, { week: 30 }),
        seen(6, 'computer', 50, 50, having(2)),
        seen(7, 'Console', 1, 0),
        seen(8, ' Tablet', 1, 0),
        seen(9, "'; DROP TABLE features; --", 1, 0),
        seen(10, 'Computer', 1, 0, { week: 30, ...having(2) }),
        seen(10, 'Computer', 1, 0, { week: 29, ...having(1, 5) }),
        seen(10, 'Tablet', 1, 0, { week: 29, ...having(1) }),
        seen(11, 'Tablet', 9, 0, having(1)),
        seen(11, 'Computer', 1, 0, having(2)),
        seen(11, 'Smartphone', 5, 0, having(3)),
        ...[1, 54, 55, 108, 109, 160].flatMap((number, i) => [
          seen(20 + i, 'Computer', 1, 0, having()),
          seen(20 + i, 'Tablet', 1, 0, having(number)),
        ]),
      ],
    );
  });

  test('count once where a key is repeated: the fewer clicks, where the copies differ', () => {
    expect(of(made.features, 1, 'Computer')).toMatchObject({ clicks: 5, conversions: 1 });
    expect(of(made.features, 2, 'Computer')).toMatchObject({ clicks: 6, conversions: 2 });
  });

  test('are dropped without entity, device or week', () => {
    const entities = new Set(made.features?.map((row) => row.entity_id));
    expect([null, 3, 4, 5].filter((entity) => entities.has(entity))).toEqual([]);
  });

  test('of an unknown device are dropped and counted, also where it is only written in another way', () => {
    const entities = new Set(made.features?.map((row) => row.entity_id));
    expect([7, 8, 9].filter((entity) => entities.has(entity))).toEqual([]);
    expect(made.counts?.[0]).toMatchObject({ unknown_devices: 4 });
    expect(pipeline.counts.unknown_devices?.atMost).toEqual({ share: 0.01, of: 'keyword_stats' });
  });

  test('of an unknown device have no say in clicks and attributes', () => {
    expect(of(made.features, 6, 'Computer')).toMatchObject({ clicks: 1, conversions: 0, attrs_scale: 1 / 2 });
  });

  test('that differ in attributes leave those of the newest week, on every device', () => {
    expect(of(made.features, 10, 'Computer')).toMatchObject({ attrs_scale: 1 / 4, att2: 1, att5: 0 });
    expect(of(made.features, 10, 'Tablet')).toMatchObject({ attrs_scale: 1 / 4, att2: 1 });
  });

  test('that differ within the newest week leave those of the first device by name', () => {
    const rows = made.features?.filter((row) => row.entity_id === 11) ?? [];
    expect(rows.map((row) => row.attrs_scale)).toEqual([1 / 4, 1 / 4, 1 / 4]);
  });

  test('are counted by entities with conflicts, in whichever attribute', () => {
    expect(made.counts?.[0]).toMatchObject({ conflicting_entities: 2 + 6 });
  });
});

describe('values that stop a run', () => {
  test('are empty attributes, attributes that are no number, and negative numbers: all are counted', async () => {
    const { queries } = await compilePipeline(pipeline);
    const sql = withRunDate(queries.counts?.athena ?? '', DAY);
    const keyword_stats = texts('keyword_stats', [
      seen(1, 'Computer', 1, 0, { att77: null }),
      seen(2, 'Computer', 1, 0, { att160: 'x' }),
      seen(3, 'Computer', -1, 0),
      seen(4, 'Computer', 1, -1),
      seen(5, 'Computer', 1, 1),
    ]);
    const requests = texts('requests', [
      { ...having(2), entity_id: 1, device: 'Computer', att3: '' },
      { ...having(2), entity_id: 2, device: 'Computer' },
    ]);
    const raw = { conversion_rate_raw_keyword_stats: keyword_stats, conversion_rate_raw_requests: requests };
    const [counts] = await onDuckDb(sql, raw);
    expect(counts).toMatchObject({ missing_attributes: 2, negative_numbers: 2, requests_missing_attributes: 1 });
    for (const name of ['missing_attributes', 'negative_numbers', 'requests_missing_attributes'])
      expect(pipeline.counts[name]?.atMost?.share, name).toBe(0);
  });

  test('are attributes that are neither 0 nor 1, found in the profile', async () => {
    const sql = profileQuery(pipeline, {}, DAY, ['keyword_stats']);
    const rows = [
      seen(1, 'Computer', 1, 0, { att7: 2 }),
      seen(2, 'Computer', 1, 0, { att7: -1 }),
      seen(3, 'Tablet', 1, 1),
    ];
    const raw = { conversion_rate_raw_keyword_stats: texts('keyword_stats', rows) };
    const profile = readProfile(await onDuckDb(sql, raw));
    expect(profile.keyword_stats).toMatchObject({ rows: 3, unknown: { att7: { count: 2, example: '-1' } } });
  });

  test('are looked for in one query that Athena takes, with requests or without', () => {
    const sql = profileQuery(pipeline, {}, DAY, Object.keys(pipeline.sources));
    expect(Buffer.byteLength(sql)).toBeLessThan(262_144);
  });
});

describe('what is trained on', () => {
  const stats = [
    seen(1, 'Computer', 4, 1),
    seen(2, 'Computer', 3, 3),
    seen(3, 'Computer', 3, 4),
    seen(4, 'Computer', 0, 0),
    seen(5, 'Computer', 0, 2),
    // More conversions than clicks in one week, not in both together.
    seen(6, 'Computer', 1, 2, { week: 30 }),
    seen(6, 'Computer', 5, 0),
    seen(7, 'Tablet', 2, 0, { clicks: null, conversions: null }),
  ];
  let made: Record<string, Row[]>;
  beforeAll(async () => {
    made = await asked(['features', 'counts', 'training', 'inference'], stats);
  });

  test('are pairs with a click and no more conversions than clicks, after summing', () => {
    expect(pairs(made.training)).toEqual(['1 Computer', '2 Computer', '6 Computer']);
    expect(made.training?.map((row) => [row.entity_id, row.cr]).sort()).toEqual([
      [1, 0.25],
      [2, 1],
      [6, 2 / 6],
    ]);
  });

  test('has the key, the features in order and the label', () => {
    expect(Object.keys(made.training?.[0] ?? {})).toEqual([
      'entity_id',
      'device',
      ...(pipeline.model?.features ?? []),
      'cr',
    ]);
    expect(pipeline.model?.features).toHaveLength(13);
  });

  test('leaves out pairs that are counted, and predicted for all the same', () => {
    expect(made.counts?.[0]).toMatchObject({ pairs_above_one: 1, pairs_without_click: 3 });
    expect(of(made.features, 3, 'Computer').cr).toBe(4 / 3);
    expect(of(made.features, 4, 'Computer').cr).toBeNull();
    expect(of(made.features, 7, 'Tablet')).toMatchObject({ clicks: 0, conversions: 0, cr: null });
    expect(pairs(made.inference)).toEqual(pairs(made.features));
    expect(made.inference).toHaveLength(7);
  });
});

describe('requests', () => {
  const stats = [seen(1, 'Computer', 4, 1), seen(2, 'Tablet', 4, 1)];
  const request = (entity_id: number | null, device: string, attributes: Row = having(2)) => ({
    ...attributes,
    entity_id,
    device,
  });

  test('are what is predicted for, by their own attributes, once each', async () => {
    const { inference, features } = await asked(['inference', 'features'], stats, [
      request(1, 'Computer', having(2, 9)),
      request(1, 'Smartphone'),
      request(1, 'Smartphone'),
      request(77, 'Tablet', having(5)),
      request(null, 'Tablet'),
    ]);
    expect(pairs(inference)).toEqual(['1 Computer', '1 Smartphone', '77 Tablet']);
    expect(of(inference, 1, 'Computer')).toMatchObject({ attrs_scale: 1 / 4 + 1 / 512, computer: 1, att9: 1, att2: 1 });
    expect(of(inference, 77, 'Tablet')).toMatchObject({ attrs_scale: 1 / 32, computer: 0, smartphone: 0, att5: 1 });
    expect(of(features, 1, 'Computer').attrs_scale).toBe(1 / 2);
  });

  test('of an unknown device are counted and never answered with everything there is', async () => {
    const { inference, counts } = await asked(['inference', 'counts'], stats, [request(1, 'Console')]);
    expect(inference).toEqual([]);
    expect(counts?.[0]).toMatchObject({ requests_of_unknown_devices: 1 });
  });
});

describe('predictions', () => {
  test('are clipped to a probability; no answer stays none', async () => {
    const compiled = await compilePipeline(pipeline);
    const scores = table(
      ['entity_id', 'device', 'predicted_label', 'probabilities', 'labels', 'run', 'scored'],
      [
        ['1', 'Computer', '0.25'],
        ['2', 'Computer', '-0.01'],
        ['3', 'Tablet', '1.5'],
        ['4', 'Tablet', '1E-3'],
        ['5', 'Tablet', ''],
      ].map((row) => [...row, null, null, 'run-1', 'model-1']),
    );
    const sql = predictionsQuery(compiled, { execution: 'run-1', scored: 'model-1' }, DAY);
    const rows = await onDuckDb(sql, { [scoresTableName(pipeline.name, 'inference')]: scores });
    expect(rows.map((row) => [Number(row.entity_id), row.device, row.cr]).sort()).toEqual([
      [1, 'Computer', 0.25],
      [2, 'Computer', 0],
      [3, 'Tablet', 1],
      [4, 'Tablet', 0.001],
      [5, 'Tablet', null],
    ]);
  });

  test('of the run date, in order, are what conversion_rate.csv.gz holds', async () => {
    const { queries } = await compilePipeline(pipeline);
    const predictions: TestTable = {
      columns: { entity_id: 'bigint', device: 'varchar', cr: 'double', run_date: 'date' },
      rows: [
        [10, 'Tablet', 0.5, DAY],
        [9, 'Tablet', 0.25, DAY],
        [9, 'Computer', 0.125, DAY],
        [9, 'Computer', 0.75, '2026-11-13'],
      ],
    };
    const sql = withRunDate(queries.conversion_rate?.athena ?? '', DAY);
    const rows = await onDuckDb(sql, { [predictionsTableName(pipeline.name)]: predictions });
    expect(rows).toEqual([
      { entity_id: 9, device: 'Computer', cr: 0.125 },
      { entity_id: 9, device: 'Tablet', cr: 0.25 },
      { entity_id: 10, device: 'Tablet', cr: 0.5 },
    ]);
    expect(pipeline.outputs.conversion_rate?.file).toBe('conversion_rate.csv.gz');
  });
});

const table = (columns: string[], rows: TestTable['rows']): TestTable => ({
  columns: Object.fromEntries(columns.map((name) => [name, 'varchar'])),
  rows,
});

/** Rows of a CSV source as the catalogue has them. */
function texts(source: string, rows: Row[]): TestTable {
  const columns = Object.keys(pipeline.sources[source]?.columns ?? {});
  const cell = (value: Row[string] | undefined) => (value == null ? '' : String(value));
  return table(
    columns,
    rows.map((row) => columns.map((name) => cell(row[name]))),
  );
}

async function onDuckDb(sql: string, tables: Record<string, TestTable>): Promise<Record<string, never>[]> {
  const { query } = await queries.python.ask('duckdb', tables, { query: sql });
  if (!query || 'error' in query) throw new Error(query?.error ?? 'no answer');
  return query.rows.map((row) => Object.fromEntries(query.columns.map((name, i) => [name, row[i] as never])));
}
