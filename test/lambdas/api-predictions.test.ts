import { BatchGetItemCommand, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as get } from '#lambdas/api-prediction/handler.ts';
import { handler as batch } from '#lambdas/api-predictions-batch/handler.ts';
import { predictionSchema } from '#lambdas/shared/http/prediction.ts';
import { getServing, type ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { servingOf } from '#lib/serving/definition.ts';
import { ask, dynamodb, stamped, TODAY } from '#test/lambdas/support/http.ts';

beforeEach(() => {
  dynamodb.reset();
  vi.useFakeTimers({ now: TODAY, toFake: ['Date'] });
});
afterEach(() => vi.useRealTimers());

const MEMBER = stamped({
  member_id: { S: 'm-1' },
  buyer_stage: { S: 'Dreamer' },
  probability: { N: '0.61' },
  model: { S: 'model-1' },
});
const pair = (user: number, product: number, more = {}) =>
  stamped(
    {
      user_id: { N: String(user) },
      product_id: { N: String(product) },
      probability: { N: '0.25' },
      will_reorder: { BOOL: true },
      model: { S: 'model-2' },
    },
    more,
  );

const of = (pipeline: string, key: string, more = {}) =>
  ask(get, { scope: `presage/${pipeline}.read`, parameters: { pipeline, key }, ...more });
const member = (key = 'm-1', more = {}) => of('buyer-stage', key, more);

it('the pipelines of these tests are those of the definitions', async () => {
  expect(getServing()).toEqual(servingOf(environments.local, Object.values(await loadPipelines())));
});

describe('the newest prediction of a key', () => {
  it('is answered with its model, its day and its age', async () => {
    dynamodb.on(GetItemCommand).resolves({ Item: MEMBER });
    const { status, body } = await member();
    expect(status).toBe(200);
    expect(body).toEqual({
      pipeline: 'buyer-stage',
      key: { member_id: 'm-1' },
      prediction: { buyer_stage: 'Dreamer', probability: 0.61 },
      model: 'model-1',
      runDate: '2026-11-20',
      ageDays: 0,
      stale: false,
    });
    predictionSchema(getServing().pipelines['buyer-stage'] as ServedPipeline).parse(body);
    expect(dynamodb).toHaveReceivedCommandExactlyOnceWith(GetItemCommand, {
      TableName: 'presage-local-buyer-stage-predictions',
      Key: { member_id: { S: 'm-1' } },
    });
  });

  it.each([
    ['2026-11-18', 2, false],
    ['2026-11-17', 3, true],
  ])('made for %s is %i days old, stale: %s', async (runDate, ageDays, stale) => {
    dynamodb.on(GetItemCommand).resolves({ Item: { ...MEMBER, run_date: { S: runDate } } });
    expect((await member()).body).toMatchObject({ runDate, ageDays, stale });
  });

  it('of a weekly pipeline is not stale after a week', async () => {
    const item = { user_id: { S: 'u' }, proba: { N: '0.5' }, predicted_week: { S: '2026-11-12' } };
    dynamodb.on(GetItemCommand).resolves({ Item: stamped(item, { runDate: '2026-11-12' }) });
    expect((await of('propensity', 'u')).body).toMatchObject({ ageDays: 8, stale: false, model: null });
  });

  it('is 404 when there is none, and when it has expired though the table still has it', async () => {
    dynamodb
      .on(GetItemCommand)
      .resolvesOnce({})
      .resolves({ Item: stamped(MEMBER, { expiresIn: -0.001 }) });
    for (const _ of [1, 2]) {
      const { status, body } = await member();
      expect([status, body.message]).toEqual([404, expect.stringContaining('expired')]);
    }
  });

  it('of a composite key has its parts in the path', async () => {
    dynamodb.on(GetItemCommand).resolves({ Item: pair(7, 9) });
    const { body } = await of('reorder', '7/9');
    expect(body).toMatchObject({ key: { user_id: 7, product_id: 9 }, prediction: { will_reorder: true } });
    expect(dynamodb).toHaveReceivedCommandWith(GetItemCommand, {
      Key: { user_id: { N: '7' }, product_id: { N: '9' } },
    });
  });

  it('of three parts is asked for by the joined sort key, and is not another that joins to the same', async () => {
    const item = {
      country_code: { S: 'Peru' },
      segment_name: { S: 'a#b' },
      segment: { S: 'c' },
      voucher_amount: { N: '1' },
    };
    dynamodb.on(GetItemCommand).resolves({ Item: stamped(item) });
    expect((await of('vouchers', 'Peru/a#b/c')).status).toBe(200);
    expect((await of('vouchers', 'Peru/a/b#c')).status).toBe(404);
    expect(dynamodb).toHaveReceivedNthCommandWith(GetItemCommand, 2, {
      Key: { country_code: { S: 'Peru' }, 'segment_name#segment': { S: 'a#b#c' } },
    });
  });

  it('is nobody else’s guess: quotes, line breaks and percent signs are parts of a key like any other', async () => {
    dynamodb.on(GetItemCommand).resolves({});
    for (const [path, key] of [
      ['a"b', 'a"b'],
      ["'; --", "'; --"],
      ['a\nb', 'a\nb'],
      ['50%25', '50%'],
      ['..', '..'],
    ]) {
      expect((await member(path)).status).toBe(404);
      expect(dynamodb).toHaveReceivedLastCommandWith(GetItemCommand, { Key: { member_id: { S: key ?? '' } } });
    }
  });
});

describe('a key that cannot be one', () => {
  it.each([
    ['buyer-stage', 'a/b', /is \{member_id\}/],
    ['vouchers', 'Peru/frequent_segment', /is \{country_code\}\/\{segment_name\}\/\{segment\}/],
  ])('of %s: %s is told how it is asked for', async (pipeline, key, message) => {
    const { status, body } = await of(pipeline, key);
    expect([status, body.message]).toEqual([400, expect.stringMatching(message)]);
  });

  it('is told with every part that is wrong', async () => {
    const { status, body } = await of('reorder', 'x/1.5');
    expect(status).toBe(400);
    expect(body.problems.map(({ field }: { field: string }) => field)).toEqual(['user_id', 'product_id']);
  });

  it.each(['9007199254740993', '1e3', '0x10', ' 1', '01', 'NaN', '', '१'])(
    '%j is no number of a user',
    async (user) => {
      expect((await of('reorder', `${user}/1`)).status).toBe(400);
    },
  );

  it('of ten kilobytes is refused before the table is asked', async () => {
    expect((await member('x'.repeat(10_000))).status).toBe(400);
    expect((await member('ü'.repeat(1_500))).body.problems[0].message).toBe('has more than 2048 bytes');
    expect(dynamodb.calls()).toHaveLength(0);
  });

  it('is not helped by a query', async () => {
    const { status, body } = await member('m-1', { query: { limit: '5', as: 'csv' } });
    expect([status, body.problems.map((one: { field: string }) => one.field)]).toEqual([400, ['limit', 'as']]);
  });
});

describe('all predictions of a user', () => {
  it('come page by page, without those that have expired', async () => {
    dynamodb.on(QueryCommand).resolves({
      Items: [pair(7, 1), pair(7, 2, { expiresIn: -1 }), pair(7, 3)],
      LastEvaluatedKey: { user_id: { N: '7' }, product_id: { N: '3' } },
    });
    const { body } = await of('reorder', '7', { query: { limit: '3' } });
    expect(body.predictions.map(({ key }: { key: object }) => key)).toEqual([
      { user_id: 7, product_id: 1 },
      { user_id: 7, product_id: 3 },
    ]);
    await of('reorder', '7', { query: { after: body.next } });
    expect(dynamodb).toHaveReceivedNthCommandWith(QueryCommand, 1, {
      Limit: 3,
      ExpressionAttributeValues: { ':partition': { N: '7' }, ':now': { N: String(TODAY.getTime() / 1000) } },
    });
    expect(dynamodb).toHaveReceivedNthCommandWith(QueryCommand, 2, {
      Limit: 100,
      ExclusiveStartKey: { user_id: { N: '7' }, product_id: { N: '3' } },
    });
  });

  it('are 404 when there are none, but the page after the last is only empty', async () => {
    dynamodb.on(QueryCommand).resolves({ Items: [] });
    expect((await of('reorder', '7')).status).toBe(404);
    const after = Buffer.from('{"N":"3"}').toString('base64url');
    expect((await of('reorder', '7', { query: { after } })).body).toEqual({ pipeline: 'reorder', predictions: [] });
  });

  it.each([
    { after: 'not-a-token' },
    { after: Buffer.from('{"N":"3","user_id":"8"}').toString('base64url') },
    { after: Buffer.from('{"S":""}').toString('base64url') },
    { limit: '0' },
    { limit: '101' },
    { limit: 'ten' },
    { limit: '1,2' },
    { start: '3' },
  ])('are refused with the query %j', async (query) => {
    expect((await of('reorder', '7', { query })).status).toBe(400);
    expect(dynamodb.calls()).toHaveLength(0);
  });
});

describe('predictions of several keys', () => {
  const type = 'application/json; charset=utf-8';
  const send = (body: unknown, more = {}) =>
    ask(batch, {
      scope: 'presage/reorder.read',
      parameters: { pipeline: 'reorder' },
      type,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...more,
    });
  const key = (user_id: unknown, product_id: unknown) => ({ user_id, product_id });
  const TABLE = 'presage-local-reorder-predictions';

  it('come in the order asked for, with the keys that have none; what was handed back is asked for again', async () => {
    const again = { [TABLE]: { Keys: [{ product_id: { N: '1' }, user_id: { N: '1' } }] } };
    dynamodb
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { [TABLE]: [pair(2, 1)] }, UnprocessedKeys: again })
      .resolves({ Responses: { [TABLE]: [pair(1, 1), pair(3, 1, { expiresIn: -1 })] } });
    const { status, body } = await send({ keys: [key(1, 1), key(2, 1), key(3, 1), key(1, 1), key(4, 1)] });
    expect(status).toBe(200);
    expect(body.predictions.map((one: { key: object }) => one.key)).toEqual([key(1, 1), key(2, 1)]);
    expect(body.missing).toEqual([key(3, 1), key(4, 1)]);
    expect(dynamodb.commandCalls(BatchGetItemCommand)[0]?.args[0].input.RequestItems?.[TABLE]?.Keys).toHaveLength(4);
    expect(dynamodb).toHaveReceivedNthCommandWith(BatchGetItemCommand, 2, { RequestItems: again });
  });

  it('are 503 when DynamoDB keeps handing them back: a half answer would look like missing keys', async () => {
    dynamodb.on(BatchGetItemCommand).resolves({ UnprocessedKeys: { [TABLE]: { Keys: [{ user_id: { N: '1' } }] } } });
    const { status, headers } = await send({ keys: [key(1, 1)] });
    expect([status, headers['retry-after']]).toEqual([503, '1']);
  });

  it.each([
    ['no JSON', '{"keys":[', []],
    ['NaN', '{"keys":[{"user_id":NaN,"product_id":1}]}', []],
    ['a list', [], ['']],
    ['null', null, ['']],
    ['no keys', { keys: [] }, ['keys']],
    ['101 keys', { keys: Array.from({ length: 101 }, (_, i) => key(i, 1)) }, ['keys']],
    ['an infinite number', '{"keys":[{"user_id":1e999,"product_id":1}]}', ['keys.0.user_id']],
    ['a number as text and one too large', { keys: [key('1', 2 ** 53)] }, ['keys.0.user_id', 'keys.0.product_id']],
    ['a missing and an extra field', { keys: [{ user_id: 1, item: 2 }] }, ['keys.0.product_id', 'keys.0.item']],
    ['more than keys', { keys: [key(1, 1)], table: 'other' }, ['table']],
    ['a prototype', '{"keys":[{"user_id":1,"product_id":1}],"__proto__":{}}', ['__proto__']],
  ])('are refused with every problem: %s', async (_, body, fields) => {
    const refused = await send(body);
    expect(refused.status).toBe(400);
    expect((refused.body.problems ?? []).map(({ field }: { field: string }) => field)).toEqual(fields);
    expect(dynamodb.calls()).toHaveLength(0);
  });

  it('are refused as another type, as none, and above 64 KB, whatever is in them', async () => {
    for (const type of ['text/csv', 'application/x-www-form-urlencoded', undefined])
      expect((await send({ keys: [key(1, 1)] }, { type })).status).toBe(415);
    const large = JSON.stringify({ keys: [], padding: 'x'.repeat(65_536) });
    expect((await send(large)).status).toBe(413);
    expect((await send(Buffer.from(large).toString('base64'), { base64: true })).status).toBe(413);
  });

  it('are read from a body that came as bytes', async () => {
    dynamodb.on(BatchGetItemCommand).resolves({ Responses: {} });
    const body = Buffer.from(JSON.stringify({ keys: [key(1, 1)] })).toString('base64');
    expect((await send(body, { base64: true })).body.missing).toEqual([key(1, 1)]);
  });

  it('are refused with at most fifty problems', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}`, 1]));
    expect((await send({ keys: [key(1, 1)], ...many })).body.problems).toHaveLength(50);
  });
});
