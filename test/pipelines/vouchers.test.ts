import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { countProblems } from '#lambdas/check-sources/problems.ts';
import pipeline from '#lib/pipelines/vouchers/pipeline.ts';
import type { Answers } from '../../sample-data/vouchers/answers.ts';
import set from '../../sample-data/vouchers/generate.ts';
import { type Given, Queries, type Row, type SourceRows } from './support/on-duckdb.ts';

const queries = new Queries(pipeline);
afterAll(() => queries.close());

/** An event of a customer of Peru with 3 orders, ten days after the last one, with a voucher of 500. */
const event = (more: Row = {}): Row => ({
  timestamp: '2026-11-11 09:00:00.000001',
  country_code: 'Peru',
  last_order_ts: '2026-11-01',
  first_order_ts: '2026-01-01 00:00:00',
  total_orders: '3.0',
  voucher_amount: 500,
  ...more,
});

/** Events that differ in nothing that matters, so that none is a repetition of another. */
const events = (count: number, more: Row = {}): Row[] =>
  Array.from({ length: count }, (_, i) =>
    event({ timestamp: `2026-11-11 09:00:00.1${String(i).padStart(5, '0')}`, ...more }),
  );

async function answersOf(voucher_events: SourceRows, given?: Given) {
  const made = await queries.run({ voucher_events }, { only: ['voucher_by_segment', 'counts'], ...given });
  const table = (made.voucher_by_segment ?? []).map(Object.values);
  return { made, table: table.sort(), counts: made.counts?.[0] ?? {} };
}

const tableOf = (voucher_events: SourceRows) => answersOf(voucher_events, { only: ['voucher_by_segment'] });
const countsOf = (voucher_events: SourceRows) => answersOf(voucher_events, { only: ['counts'] });

/** The segments that events are in, one event for each value, by what is asked of them. */
async function segmentsOf(name: 'frequent_segment' | 'recency_segment', each: Row[]): Promise<(string | undefined)[]> {
  const rows = each.map((more, i) => event({ voucher_amount: 1000 + i, ...more, country_code: `Country ${i}` }));
  const { table } = await tableOf(rows);
  return each.map(
    (_, i) => table.find(([country, kind]) => country === `Country ${i}` && kind === name)?.[2] as string,
  );
}

describe('the answer of a segment', () => {
  test('is the amount with most events, beside their number and their share of all events', async () => {
    const { table } = await tableOf([
      ...events(3, { voucher_amount: 500 }),
      ...events(2, { voucher_amount: 900 }),
      ...events(1, { voucher_amount: null }),
    ]);
    expect(table).toEqual([
      ['Peru', 'frequent_segment', '0-4', 500, 3, 0.5],
      ['Peru', 'recency_segment', '0-30', 500, 3, 0.5],
    ]);
  });

  test('is the smaller amount of a tie', async () => {
    const { table } = await tableOf([...events(2, { voucher_amount: 900 }), ...events(2, { voucher_amount: 500 })]);
    expect(table.map((row) => row[3])).toEqual([500, 500]);
  });

  test('is 0 where most events have no voucher', async () => {
    const { table } = await tableOf([...events(2, { voucher_amount: null }), event({ voucher_amount: 900 })]);
    expect(table[0]).toEqual(['Peru', 'frequent_segment', '0-4', 0, 2, 2 / 3]);
  });

  test('is found for each country by itself', async () => {
    const { table } = await tableOf([event(), event({ country_code: 'Chile', voucher_amount: 700 })]);
    expect(table.map(([country, , , amount]) => [country, amount])).toEqual([
      ['Chile', 700],
      ['Chile', 700],
      ['Peru', 500],
      ['Peru', 500],
    ]);
  });

  test('counts an event that was delivered twice once, and events that agree in nearly everything each time', async () => {
    const { table } = await tableOf([event(), event(), event({ first_order_ts: '2026-01-02 00:00:00' })]);
    expect(table[0]).toEqual(['Peru', 'frequent_segment', '0-4', 500, 2, 1]);
  });
});

test('frequency goes by the number of orders: none is 0, what is no number or negative is Unknown', async () => {
  const orders = {
    '': '0-4',
    ' ': '0-4',
    '0.0': '0-4',
    '4.0': '0-4',
    '4.5': '0-4',
    '5.0': '5-13',
    ' 13 ': '5-13',
    '14.0': '14-37',
    '37.0': '14-37',
    '38.0': '38+',
    '100000': '38+',
    '-1.0': 'Unknown',
    many: 'Unknown',
    NaN: 'Unknown',
    inf: 'Unknown',
    '1e3': 'Unknown',
    '2d': 'Unknown',
    '1_000': 'Unknown',
    '0x10': 'Unknown',
    '1,5': 'Unknown',
    '=1+1': 'Unknown',
    '"3"': 'Unknown',
    '\u{1F381}': 'Unknown',
    ['9'.repeat(10_000)]: 'Unknown',
  };
  const found = await segmentsOf(
    'frequent_segment',
    [...Object.keys(orders), null].map((total_orders) => ({ total_orders })),
  );
  expect(Object.fromEntries(Object.keys(orders).map((text, i) => [text, found[i]]))).toEqual(orders);
  expect(found.at(-1)).toBe('0-4');
});

describe('an event of a day after the run date', () => {
  test('is not read, and counted; one whose day cannot be read is', async () => {
    const { table, counts } = await answersOf(
      [
        ...events(2, { voucher_amount: 500 }),
        ...events(5, { voucher_amount: 900, timestamp: '2026-11-12 00:00:01' }).map((row, i) => ({
          ...row,
          total_orders: `${i}`,
        })),
        event({ timestamp: 'noon' }),
      ],
      { runDate: '2026-11-11' },
    );
    expect(table).toEqual([
      ['Peru', 'frequent_segment', '0-4', 500, 3, 1],
      ['Peru', 'recency_segment', '0-30', 500, 2, 1],
      ['Peru', 'recency_segment', 'Unknown', 500, 1, 1],
    ]);
    expect(counts).toMatchObject({ events: 3, after_run_date: 5 });
  });
});

describe('recency', () => {
  test('goes by calendar days, the lower bound in and the upper one out', async () => {
    const days = { 0: '0-30', 29: '0-30', 30: '30-60', 59: '30-60', 60: '60-90', 90: '90-120', 119: '90-120' };
    const more = { 120: '120-180', 179: '120-180', 180: '180+', 4000: '180+', [-1]: 'Unknown', [-1000]: 'Unknown' };
    const expected: Record<string, string> = { ...days, ...more };
    const dayOf = (n: number) => new Date(Date.parse('2026-11-11') - n * 86_400_000).toISOString().slice(0, 10);
    const found = await segmentsOf(
      'recency_segment',
      Object.keys(expected).map((n) => ({ last_order_ts: dayOf(Number(n)) })),
    );
    expect(Object.fromEntries(Object.keys(expected).map((n, i) => [n, found[i]]))).toEqual(expected);
  });

  test('is of the same day when the order was later on it, and of the next one a minute after midnight', async () => {
    expect(
      await segmentsOf('recency_segment', [
        { timestamp: '2026-11-11 08:00:00', last_order_ts: '2026-11-11 20:00:00' },
        { timestamp: '2026-11-19 00:01:00', last_order_ts: '2026-10-20 23:59:00' },
      ]),
    ).toEqual(['0-30', '30-60']);
  });

  test('is known of every way to write a time in UTC', async () => {
    const times = [
      '2026-11-11',
      '2026-11-11 09:00',
      '2026-11-11 09:00:00',
      '2026-11-11 09:00:00.5',
      '2026-11-11 23:59:59.123456789',
      '2026-11-11T09:00:00Z',
      '2026-11-11T09:00:00.000+00:00',
      '2026-11-11 09:00:00 UTC',
      ' 2026-11-11\t',
    ];
    const found = await segmentsOf(
      'recency_segment',
      times.map((timestamp) => ({ timestamp })),
    );
    expect(found).toEqual(times.map(() => '0-30'));
  });

  test('is Unknown of a time that does not parse or is not there', async () => {
    const times = [
      ...['yesterday', '2026-02-30', '2026-13-01', '2026-11-11 24:00:00', '2026-11-11 09:60', '11.11.2026', '20261111'],
      ...[
        '2026-11-11T09:00:00+02:00',
        '2026-11-11 nine',
        '0026-11-11',
        '12026-11-11',
        '1762851600',
        "'; --",
        '\u{1F570}',
      ],
      ...['2026-11-11\n2026-11-12', 'x'.repeat(10_000), '', null],
    ];
    const found = await segmentsOf(
      'recency_segment',
      times.flatMap((time): Row[] => [{ timestamp: time }, { last_order_ts: time }]),
    );
    expect(new Set(found)).toEqual(new Set(['Unknown']));
  });
});

describe('a country', () => {
  test('is any name that somebody could ask for, without the blanks around it', async () => {
    const names = ["Côte d'Ivoire", 'Per"u', '../../etc', '=cmd()', 'Peru, 1', '\u{1F1F5}\u{1F1EA}', 'x'.repeat(100)];
    const { table } = await tableOf(
      [...names, ' Peru\n', 'Peru'].map((country_code, i) => event({ country_code, voucher_amount: 500 + i })),
    );
    expect(new Set(table.map(([country]) => country))).toEqual(new Set([...names, 'Peru']));
  });

  test('is neither missing, nor long, nor of several lines: such events are left out and counted', async () => {
    const names = [null, '', ' \t', 'Pe\nru', 'Pe\u0000ru', 'Pe\u0085ru', 'x'.repeat(101), 'x'.repeat(10_000)];
    const { table, counts } = await answersOf([...names.map((country_code) => event({ country_code })), event()]);
    expect(table.map(([country]) => country)).toEqual(['Peru', 'Peru']);
    expect(counts).toMatchObject({ events: 1, without_country: names.length });
  });

  test('can be the only one asked for', async () => {
    const rows = [event(), event({ country_code: ' Chile' }), event({ country_code: "Côte d'Ivoire" })];
    const asked = async (country: string) => {
      const { table, counts } = await answersOf(rows, { parameters: { country } });
      return [[...new Set(table.map(([name]) => name))], counts.events];
    };
    expect(await asked('Chile')).toEqual([['Chile'], 1]);
    expect(await asked("Côte d'Ivoire")).toEqual([["Côte d'Ivoire"], 1]);
    expect(await asked("' OR '1' = '1")).toEqual([[], 0]);
    expect(await asked('')).toEqual([['Chile', "Côte d'Ivoire", 'Peru'], 3]);
  });

  test('without an event stops the run, which says what was asked for', () => {
    expect(countProblems(pipeline, { events: 0 }, {}, { country: 'Atlantis' })).toEqual([
      expect.stringMatching(/^events of the country.*: 0; at least 1 are needed for country "Atlantis"$/),
    ]);
  });
});

test('odd amounts are none: the event counts in the share, without a voucher', async () => {
  const odd = [-500, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 1e300].map((amount) =>
    event({ voucher_amount: String(amount) }),
  );
  const { table, counts } = await answersOf([...odd, ...events(6)]);
  expect(table[0]).toEqual(['Peru', 'frequent_segment', '0-4', 500, 6, 6 / 11]);
  expect(counts).toMatchObject({ odd_amounts: 5, without_voucher: 0 });
});

test('what is odd is counted before anything is computed, repeated events once', async () => {
  const { counts } = await countsOf([
    event(),
    event({ timestamp: 'yesterday' }),
    event({ timestamp: 'yesterday' }),
    event({ last_order_ts: 'yesterday', timestamp: '2026-02-30' }),
    event({ last_order_ts: '' }),
    event({ timestamp: '2019-11-11 09:00:00' }),
    event({ total_orders: '-2.0' }),
    event({ total_orders: 'two' }),
    event({ total_orders: '' }),
    event({ voucher_amount: null }),
  ]);
  expect(counts).toEqual({
    events: 9,
    after_run_date: 0,
    without_country: 0,
    unreadable_times: 2,
    without_times: 1,
    clocks_moved: 1,
    odd_total_orders: 2,
    odd_amounts: 0,
    without_voucher: 1,
  });
});

test('the file of a country is made of its rows, segments in their order', async () => {
  const { made } = await answersOf(
    ['38.0', '5.0', '-1', '14.0', '2.0'].map((total_orders, i) =>
      event({ total_orders, voucher_amount: 100 * (i + 1) }),
    ),
    { only: ['customer_segment_data'] },
  );
  expect(made.customer_segment_data?.map(Object.values)).toEqual([
    ['Peru', 'frequent_segment', '0-4', 500],
    ['Peru', 'frequent_segment', '5-13', 200],
    ['Peru', 'frequent_segment', '14-37', 400],
    ['Peru', 'frequent_segment', '38+', 100],
    ['Peru', 'frequent_segment', 'Unknown', 300],
    ['Peru', 'recency_segment', '0-30', 100],
  ]);
});

describe('the committed set', () => {
  const committed = fileURLToPath(new URL('../../sample-data/vouchers/', import.meta.url));
  const file = 'voucher_events.parquet';
  let again: string;
  let known: Answers;

  beforeAll(async () => {
    again = mkdtempSync(join(tmpdir(), 'presage-vouchers-'));
    known = set.answers(again, 1);
  });
  afterAll(() => rmSync(again, { recursive: true, force: true }));

  test('is what the generator makes, byte for byte, and small', () => {
    expect(readFileSync(join(again, file)).equals(readFileSync(join(committed, file)))).toBe(true);
    expect(statSync(join(committed, file)).size).toBeLessThan(800_000);
  });

  test('has the answers that its generator knows', async () => {
    const { table } = await tableOf({ file: join(committed, file) });
    const expected = known.rows().map(([...row]) => [...row.slice(0, 5), row[4] / row[5]]);
    expect(table).toEqual(expected.sort());
  });

  test('has every kind of dirt, within the limits', async () => {
    const { counts } = await countsOf({ file: join(committed, file) });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(committed, file)) });
    for (const [name, { atMost }] of Object.entries(pipeline.counts)) {
      if (name === 'after_run_date') continue; // of the day of the run, not of the events
      expect(counts[name], name).toBeGreaterThan(5);
      if (atMost) expect(Number(counts[name]) / rows.length, name).toBeLessThan(atMost.share);
    }
    const texts = rows.map((row) => JSON.stringify(row));
    expect(texts.length - new Set(texts).size).toBeGreaterThan(20);
  });

  test('has a signal: segments use their amount more often than chance', () => {
    expect(known.hitRate('frequent_segment')).toBeGreaterThan(0.35);
    expect(known.hitRate('frequent_segment')).toBeLessThan(0.6);
  });

  test('is larger when asked for, as a folder of files', () => {
    const large = join(again, 'large');
    expect(set.generate(large, 2).join()).toContain('segments of');
    expect(readdirSync(join(large, 'voucher_events'))).toEqual(['part-00000.parquet']);
  });
});
