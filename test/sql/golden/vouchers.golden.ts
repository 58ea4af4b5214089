import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { candidateTableName, rawTableName } from '#lib/names.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import pipeline from '#lib/pipelines/vouchers/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { columnTypes, tableColumns, withParameters, withRunDate } from '#lib/sql/sql-text.ts';
import { type Cell, Engines, type TestTable } from './engines.ts';

const RUN_DATE = '2026-11-20';
const LONG = 'x'.repeat(10_000);

const types = columnTypes(pipeline.sources.voucher_events?.columns ?? expect.fail('no source voucher_events'));
const event = (more: Record<string, Cell>): Cell[] => {
  const clean: Record<string, Cell> = {
    timestamp: '2026-11-11 09:00:00.000001',
    country_code: 'Peru',
    last_order_ts: '2026-11-01',
    first_order_ts: '2026-01-01 00:00:00',
    total_orders: '3.0',
    voucher_amount: 500,
  };
  return Object.keys(types).map((name) => ({ ...clean, ...more })[name] ?? null);
};

// What engines like to read in ways of their own.
const TIMES = [
  ...['2026-11-11', '2026-11-11 09:00', '2026-11-11 23:59:59.123456789', '2026-11-11T09:00:00Z', ' 2026-11-11\t'],
  ...['2026-11-11 09:00:00 UTC', '2026-11-11T09:00:00+02:00', '2026-11-11 24:00:00', '20261111', '11.11.2026'],
  ...['2026-02-30', '2026-13-01', '0026-11-11', '12026-11-11', '1582-10-10', '2026-11-11\n2026-11-12', LONG, '', null],
  ...['2026-11-11\u0085', '2026-11-11\u2028', '2026-11-11\u00a0', "'; --", '\u{1F570}'],
];
const ORDERS = [
  ...['', ' ', '0.0', '4.5', '5', ' 13 ', '38', '-1.0', '-0.0', 'NaN', 'inf', '1e3', '2d', '1_000', '0x10', '1,5'],
  ...['=1+1', '٣', '3\u0085', '\u{1F381}', '999999999999999.999999999999999', '9'.repeat(10_000), null],
];
const COUNTRIES = [
  ...["Côte d'Ivoire", 'Per"u', '../../etc', '=cmd()', 'Pe\\nru', '\u{1F381}'.repeat(100), '\u{1F381}'.repeat(101)],
  ...['Pe\nru', 'Pe\u0085ru', 'Peru\n', '\u00a0Peru', ' \t', '', LONG, null],
];

const raw: Record<string, TestTable> = {
  [rawTableName('vouchers', 'voucher_events')]: {
    columns: types,
    rows: [
      ...TIMES.flatMap((time, i) => [
        event({ timestamp: time, country_code: `time ${i}` }),
        event({ last_order_ts: time, country_code: `last order ${i}` }),
      ]),
      ...ORDERS.map((total_orders, i) => event({ total_orders, country_code: `orders ${i}` })),
      ...COUNTRIES.map((country_code) => event({ country_code })),
      ...[-500, null, 1e300, -0, 0].map((voucher_amount) => event({ voucher_amount })),
      ...[900, 700].map((voucher_amount) => event({ voucher_amount, country_code: 'tie' })),
      event({}),
      event({}),
    ],
  },
};

let engines: Engines;
let compiled: CompiledPipeline;
beforeAll(async () => {
  [engines, compiled] = await Promise.all([Engines.start(), compilePipeline(pipeline)]);
});
afterAll(() => engines?.close());

const question = (name: string, country: string) => {
  const { athena = '', spark = '' } = compiled.queries[name] ?? {};
  const text = (sql: string) => withRunDate(withParameters(sql, pipeline, { country }), RUN_DATE);
  return { athena: text(athena), spark: text(spark) };
};

describe('hostile events', () => {
  test('give the same table, counts and files on Trino, DuckDB and Spark', async () => {
    const answers = await engines.ask(raw, {
      table: question('voucher_by_segment', ''),
      counts: question('counts', ''),
    });
    const { table, counts } = answers;
    expect(counts?.columns).toEqual(Object.keys(pipeline.counts));
    expect(table?.rows.filter(([country]) => country === 'tie').map((row) => row[3])).toEqual([700, 700]);

    const columns = tableColumns(pipeline.tables.voucher_by_segment ?? expect.fail('no table voucher_by_segment'));
    const candidate = {
      columns: { ...columns, run_date: 'date' },
      rows: (table?.rows ?? []).map((row) => [...row, RUN_DATE]),
    };
    const files = await engines.ask(
      { [candidateTableName('vouchers', 'voucher_by_segment')]: candidate },
      { files: question('customer_segment_data', '') },
    );
    expect(files.files?.rows).toHaveLength(candidate.rows.length);
  });

  test.each([
    ["Côte d'Ivoire", 2],
    ["x' OR '1' = '1", 0],
    ['\\', 0],
  ])('of the country %s alone are %d rows everywhere', async (country, rows) => {
    const { table } = await engines.ask(raw, { table: question('voucher_by_segment', country) });
    expect(table?.rows).toHaveLength(rows);
  });
});
