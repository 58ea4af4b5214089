import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { noted } from '#cli/local/running.ts';
import { accessToken, apiUrl } from '#cli/serving.ts';
import { localTarget, type Target } from '#cli/target.ts';
import { environments } from '#lib/environments.ts';
import { pipelineNames } from '#lib/names.ts';
import { clientSettings } from '#test/live/client.ts';
import type { Json } from '#test/stacks/synth.ts';

/**
 * The API as another team's service uses it: at its own address, with real tokens, and predictions of a country that no
 * run knows. Conversion-rate is not deployed, so it has no table.
 */
const token = inject('token');
const TableName = pipelineNames(environments.local, 'vouchers').predictionTable;
const dynamodb = new DynamoDBClient(clientSettings());
const COUNTRY = 'Utopia';
let target: Target;
let url: string;

beforeAll(async () => {
  const running = noted(inject('state'));
  if (!running) throw new Error('presage up does not run');
  target = localTarget(running);
  url = await apiUrl(target);
  const today = new Date().toISOString().slice(0, 10);
  await put('frequent_segment', '14-37', 2640, today, 86_400);
  await put('recency_segment', '0-30', 1500, today, 86_400);
  await put('frequent_segment', '38+', 9, today, -60);
});

const keyOf = (name: string, segment: string) => ({
  country_code: { S: COUNTRY },
  'segment_name#segment': { S: `${name}#${segment}` },
});

async function put(name: string, segment: string, amount: number, runDate: string, seconds: number) {
  const Item = {
    ...keyOf(name, segment),
    segment_name: { S: name },
    segment: { S: segment },
    voucher_amount: { N: String(amount) },
    events: { N: '12' },
    share: { N: '0.5' },
    run_date: { S: runDate },
    ttl: { N: String(Math.floor(Date.now() / 1000) + seconds) },
  };
  await dynamodb.send(new PutItemCommand({ TableName, Item }));
}

afterAll(async () => {
  for (const [name, segment] of [
    ['frequent_segment', '14-37'],
    ['recency_segment', '0-30'],
    ['frequent_segment', '38+'],
  ] as const)
    await dynamodb.send(new DeleteItemCommand({ TableName, Key: keyOf(name, segment) }));
});

async function call(
  path: string,
  { body, authorization = `Bearer ${token}` }: { body?: unknown; authorization?: string } = {},
) {
  const response = await fetch(`${url}${path}`, {
    headers: { ...(authorization ? { authorization } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) } : {}),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Json };
}

const REQUEST = {
  customer_id: 1,
  country_code: COUNTRY,
  last_order_ts: new Date(Date.now() - 3 * 86_400_000).toISOString().slice(0, 10),
  first_order_ts: '2020-01-01 00:00:00',
  total_orders: 15,
  segment_name: 'frequent_segment',
};
const ITEM = `/predictions/vouchers/${COUNTRY}/frequent_segment/14-37`;

describe('with a token', () => {
  it('a voucher is answered by either segmentation', async () => {
    expect(await call('/vouchers', { body: REQUEST })).toMatchObject({ status: 200, body: { voucher_amount: 2640.0 } });
    const { body } = await call('/vouchers', { body: { ...REQUEST, segment_name: 'recency_segment' } });
    expect(body).toEqual({ voucher_amount: 1500 });
  });

  it('a prediction is found by its key, by its country and in a batch', async () => {
    const { status, body, headers } = await call(ITEM);
    expect([status, headers.get('x-content-type-options')]).toEqual([200, 'nosniff']);
    expect(body).toMatchObject({ prediction: { voucher_amount: 2640, events: 12 }, stale: false });
    const first = await call(`/predictions/vouchers/${COUNTRY}?limit=1`);
    expect(first.body).toMatchObject({ predictions: [body], next: expect.any(String) });
    const keys = [body.key, { ...body.key, country_code: 'a/b "50%"' }];
    const batch = await call('/predictions/vouchers', { body: { keys } });
    expect(batch.body).toEqual({ pipeline: 'vouchers', predictions: [body], missing: [keys[1]] });
  });

  it('what is not there is refused in one shape', async () => {
    const asked: [number, string, unknown?][] = [
      [404, `/predictions/vouchers/${COUNTRY}/frequent_segment/38%2B`], // expired
      [404, `/predictions/vouchers/${COUNTRY}%25%22%0A/frequent_segment/0-4`],
      [400, `/predictions/vouchers/${COUNTRY}%2Ffrequent_segment`],
      [404, '/predictions/churn/1'],
      [503, '/predictions/conversion-rate/1/Tablet'], // not deployed
      [400, '/vouchers', { ...REQUEST, country_code: 'Atlantis', total_orders: '15' }],
      [400, '/vouchers', '{"customer_id":'],
      [413, '/vouchers', { ...REQUEST, more: 'x'.repeat(70_000) }],
      [404, '/nothing'],
    ];
    for (const [status, path, body] of asked) {
      const refused = await call(path, { body });
      expect([path, refused.status]).toEqual([path, status]);
      expect(typeof refused.body.message, path).toBe('string');
    }
  });
});

describe('a token', () => {
  const refused = async (authorization: string, path = ITEM) => (await call(path, { authorization })).status;

  it('is needed, and has to be one', async () => {
    const [head = '', claims = '', signature = ''] = token.split('.');
    const changed = (value: object) =>
      Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), ...value })).toString(
        'base64url',
      );
    const unsigned = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
    const bad = [
      '',
      'Bearer',
      'Bearer junk',
      `Bearer ${head}.${changed({ scope: 'presage/vouchers.read presage/more' })}.${signature}`,
      `Bearer ${head}.${changed({ exp: 4_000_000_000 })}.${signature}`,
      `Bearer ${unsigned}.${claims}.`,
    ];
    for (const authorization of bad)
      expect([authorization, await refused(authorization)]).toEqual([authorization, 401]);
  });

  it('of another pipeline passes the gateway and is refused by the handler; of no scope here, by the gateway', async () => {
    const other = `Bearer ${await accessToken(target, ['conversion-rate.read'])}`;
    expect(await refused(other)).toBe(403);
    expect(await refused(other, '/predictions/conversion-rate/1/Tablet')).toBe(503);
    expect(await refused(`Bearer ${await accessToken(target, ['conversion-rate.score'])}`)).toBe(403);
  });

  it('is not given for a scope that there is not', async () => {
    await expect(accessToken(target, ['vouchers.write'])).rejects.toThrow(/is the scope spelled right/);
  });
});

describe('without a token', () => {
  it('health and the contract are answered, with the address of the tokens', async () => {
    expect((await call('/health', { authorization: '' })).body).toEqual({ status: 'ok', environment: 'local' });
    const { status, body } = await call('/openapi.json', { authorization: '' });
    expect([status, body.openapi]).toEqual([200, '3.1.0']);
    const { tokenUrl } = body.components.securitySchemes.token.flows.clientCredentials;
    expect(tokenUrl).toBe('https://presage-local-000000000000.auth.eu-west-1.amazoncognito.com/oauth2/token');
  });
});
