import { GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler } from '#lambdas/api-voucher/handler.ts';
import pipeline from '#lib/pipelines/vouchers/pipeline.ts';
import { frequentSegment, momentOf, recencySegment } from '#lib/pipelines/vouchers/segments.ts';
import { ask, dynamodb, stamped, TODAY } from '#test/lambdas/support/http.ts';
import { Queries, type Row } from '#test/pipelines/support/on-duckdb.ts';

beforeEach(() => {
  dynamodb.reset();
  dynamodb.on(QueryCommand).resolves({ Count: 1 });
  vi.useFakeTimers({ now: TODAY, toFake: ['Date'] });
});
afterEach(() => vi.useRealTimers());

const REQUEST = {
  customer_id: 123,
  country_code: 'Peru',
  last_order_ts: '2026-10-31 23:59:59',
  first_order_ts: '2026-01-01 00:00:00',
  total_orders: 15,
  segment_name: 'recency_segment',
};
const send = (body: unknown, more = {}) =>
  ask(handler, {
    scope: 'presage/vouchers.read',
    type: 'application/json',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  });
const voucher = (segment_name: string, segment: string, amount = 2640) =>
  stamped({
    country_code: { S: 'Peru' },
    segment_name: { S: segment_name },
    segment: { S: segment },
    voucher_amount: { N: String(amount) },
  });
const fieldsOf = (body: { problems?: { field: string }[] }) => (body.problems ?? []).map(({ field }) => field).sort();

describe('a voucher', () => {
  it('is the amount of the customer’s segment, by recency from now or by the number of orders', async () => {
    dynamodb
      .on(GetItemCommand)
      .resolvesOnce({ Item: voucher('recency_segment', '0-30') })
      .resolvesOnce({ Item: voucher('frequent_segment', '14-37', 0) });
    expect(await send(REQUEST)).toMatchObject({ status: 200, body: { voucher_amount: 2640.0 } });
    expect((await send({ ...REQUEST, segment_name: 'frequent_segment' })).body).toEqual({ voucher_amount: 0 });
    const asked = dynamodb.commandCalls(GetItemCommand).map(({ args }) => args[0].input.Key?.['segment_name#segment']);
    expect(asked).toEqual([{ S: 'recency_segment#0-30' }, { S: 'frequent_segment#14-37' }]);
    expect(dynamodb.commandCalls(QueryCommand)).toHaveLength(0);
  });

  it('is found whichever way times and identifiers are written', async () => {
    dynamodb.on(GetItemCommand).resolves({ Item: voucher('recency_segment', '0-30') });
    for (const more of [
      { last_order_ts: '2026-11-20', first_order_ts: '2026-11-20 11:59' },
      { last_order_ts: '2026-11-20T12:00:00Z', first_order_ts: '2026-11-20T11:59:59.999999+00:00' },
      { customer_id: 'c-1', country_code: ' Peru ' },
    ])
      expect((await send({ ...REQUEST, ...more })).status).toBe(200);
  });

  it('is 404 when the segment has no data, or none that has not expired', async () => {
    const expired = { ...voucher('recency_segment', '0-30'), ttl: { N: '1' } };
    dynamodb.on(GetItemCommand).resolvesOnce({}).resolvesOnce({ Item: expired });
    expect((await send(REQUEST)).status).toBe(404);
    expect((await send(REQUEST)).status).toBe(404);
  });
});

describe('a request that is wrong', () => {
  it.each([
    ['nothing', {}, Object.keys(REQUEST)],
    ['an extra field', { ...REQUEST, voucher: 1 }, ['voucher']],
    ['nulls', { ...REQUEST, customer_id: null, last_order_ts: null }, ['customer_id', 'last_order_ts']],
    ['numbers as text', { ...REQUEST, total_orders: '15' }, ['total_orders']],
    ['negative orders', { ...REQUEST, total_orders: -1 }, ['total_orders']],
    ['a segment nobody knows', { ...REQUEST, segment_name: 'age_segment' }, ['segment_name']],
    ['no day of the calendar', { ...REQUEST, last_order_ts: '2026-02-30' }, ['last_order_ts']],
    ['a time in words', { ...REQUEST, last_order_ts: 'yesterday' }, ['last_order_ts']],
    ['half a time', { ...REQUEST, last_order_ts: '2026-11-01 9:00' }, ['last_order_ts']],
    ['another time zone', { ...REQUEST, last_order_ts: '2026-11-01T09:00:00+05:00' }, ['last_order_ts']],
    ['the future', { ...REQUEST, last_order_ts: '2026-11-20 12:00:01' }, ['last_order_ts']],
    ['tomorrow', { ...REQUEST, last_order_ts: '2026-11-21' }, ['last_order_ts']],
    ['first after last', { ...REQUEST, first_order_ts: '2026-11-01' }, ['first_order_ts']],
    ['control characters', { ...REQUEST, country_code: 'Pe\nru' }, ['country_code']],
    ['no country', { ...REQUEST, country_code: '  ' }, ['country_code']],
    ['a list', [], ['']],
    ['text', '"Peru"', ['']],
    ['null', 'null', ['']],
    ['an infinite number', JSON.stringify(REQUEST).replace('15', '1e999'), ['total_orders']],
  ])('is 400 for %s', async (_, body, fields) => {
    const refused = await send(body);
    expect(refused.status).toBe(400);
    expect([...new Set(fieldsOf(refused.body))]).toEqual([...fields].sort());
    expect(dynamodb.commandCalls(GetItemCommand)).toHaveLength(0);
  });

  it('is told everything at once, the country nobody has vouchers of included', async () => {
    dynamodb.on(QueryCommand).resolves({ Count: 0 });
    const { customer_id: _, ...rest } = REQUEST;
    const wrong = { ...rest, country_code: 'Atlantis', first_order_ts: '2026-11-02', total_orders: -3, colour: 'red' };
    const { status, body } = await send({ ...wrong, segment_name: 'x' });
    expect(status).toBe(400);
    expect(fieldsOf(body)).toEqual([
      'colour',
      'country_code',
      'customer_id',
      'first_order_ts',
      'segment_name',
      'total_orders',
    ]);
  });

  it('is a country nobody has vouchers of, when all else is right', async () => {
    dynamodb.on(QueryCommand).resolves({ Count: 0 });
    dynamodb.on(GetItemCommand).resolves({});
    const { status, body } = await send({ ...REQUEST, country_code: 'Atlantis' });
    expect([status, fieldsOf(body)]).toEqual([400, ['country_code']]);
  });

  it('is no JSON, or not said to be', async () => {
    expect((await send('{"customer_id": NaN}')).status).toBe(400);
    expect((await send('')).status).toBe(400);
    expect((await send(REQUEST, { type: 'text/plain' })).status).toBe(415);
  });
});

describe('the segments of requests', () => {
  const queries = new Queries(pipeline);
  afterAll(() => queries.close());
  const DAY = '2026-11-20';
  const daysBefore = (days: number) => new Date(Date.parse(DAY) - days * 86_400_000).toISOString().slice(0, 10);
  const ORDERS = [0, 0.5, 4, 4.5, 4.999, 5, 13, 13.5, 14, 37, 37.9, 38, 1_000];
  const DAYS = [-1, 0, 29, 30, 59, 60, 89, 90, 119, 120, 179, 180, 4_000];
  const TIMES = [
    '',
    ' 08:15',
    'T08:15:00Z',
    ' 08:15:00.123456',
    ' 08:15:00 UTC',
    'T08:15:00+00:00',
    'T24:00',
    ' 8:15',
    'Z',
  ];

  /** One event per country, so that each is alone in its segment. */
  async function segmentsOf(name: string, each: Row[]): Promise<(string | undefined)[]> {
    const events = each.map((more, i) => ({ timestamp: DAY, total_orders: '1', country_code: `c${i}`, ...more }));
    const { voucher_by_segment: rows = [] } = await queries.run({ voucher_events: events }, { runDate: DAY });
    return each.map(
      (_, i) => rows.find((row) => row.country_code === `c${i}` && row.segment_name === name)?.segment as string,
    );
  }

  it('are those of the pipeline, at every bound', async () => {
    const byOrders = await segmentsOf(
      'frequent_segment',
      ORDERS.map((total) => ({ total_orders: String(total) })),
    );
    expect(ORDERS.map(frequentSegment)).toEqual(byOrders);
    const byDays = await segmentsOf(
      'recency_segment',
      DAYS.map((days) => ({ last_order_ts: daysBefore(days) })),
    );
    expect(DAYS.map(recencySegment)).toEqual(byDays);
  });

  it('take for a time what the pipeline takes for one', async () => {
    const texts = ['2026-02-30', '0999-01-01', ...TIMES.map((time) => `2026-11-01${time}`)];
    const segments = await segmentsOf(
      'recency_segment',
      texts.map((last_order_ts) => ({ last_order_ts })),
    );
    expect(texts.map((text) => momentOf(text) !== undefined)).toEqual(segments.map((one) => one !== 'Unknown'));
  });
});
