import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeleteRolePolicyCommand, IAMClient, ListRolesCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { describe, expect, inject, it } from 'vitest';
import conversionRate from '#lib/pipelines/conversion-rate/pipeline.ts';
import { presage } from '#test/e2e/presage.ts';
import { type Answered, ask, clientSettings } from '#test/live/client.ts';
import { reorderRow } from '#test/live/rows.ts';
import type { Json } from '#test/stacks/synth.ts';

const token = inject('token');
const state = inject('state');

/** Words that only somebody inside would use. */
const INSIDE = /arn:|\bat \S+\.(m?js|ts):|dynamodb|sagemaker|lambda|stack|presage-local/i;

function expectRefusal({ status, text, headers }: Answered, ...wanted: number[]): Json {
  expect(wanted, text).toContain(status);
  const body = JSON.parse(text);
  expect(body.message).toEqual(expect.any(String));
  expect(text).not.toMatch(INSIDE);
  // What the gateway says itself has none of our headers.
  if (!['Unauthorized', 'Forbidden', 'Not Found', 'Too Many Requests'].includes(body.message))
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  return body;
}

describe('a token that the pool itself could have signed', () => {
  const [head = '', claims = ''] = token.split('.');
  const said = JSON.parse(Buffer.from(claims, 'base64url').toString());
  const pool = String(said.iss).split('/').at(-1);
  const key = readFileSync(join(state, `ministack/cognito-pool-keys/${pool}-access.pem`), 'utf8');
  const signed = (more: object, by: string | KeyObject = key) => {
    const text = `${head}.${Buffer.from(JSON.stringify({ ...said, ...more })).toString('base64url')}`;
    return `Bearer ${text}.${createSign('RSA-SHA256').update(text).sign(by, 'base64url')}`;
  };
  const status = async (authorization: string) =>
    (await ask('/predictions/vouchers/Nowhere/x/y', { authorization })).status;
  const now = () => Math.floor(Date.now() / 1000);

  it('is taken when it says what the pool says', async () => {
    expect(await status(signed({}))).toBe(404);
  });

  it('is refused when its time is over', async () => {
    expect(await status(signed({ iat: now() - 7_200, auth_time: now() - 7_200, exp: now() - 3_600 }))).toBe(401);
  });

  it('is refused when it is of another pool, of another client, or of no client', async () => {
    const iss = String(said.iss);
    expect(await status(signed({ iss: `${iss}x` }))).toBe(401);
    expect(await status(signed({ iss: iss.replace('eu-west-1', 'us-east-1') }))).toBe(401);
    // As of another environment of the same account, whose pool is another one and whose client is not known here.
    expect(await status(signed({ client_id: 'of-another-environment' }))).toBe(401);
    expect(await status(signed({ client_id: undefined }))).toBe(401);
  });

  it('is refused when somebody else has signed it', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(await status(signed({}, privateKey))).toBe(401);
  });
});

describe('a key that means no good', () => {
  const keys = {
    'a slash': '7/9/11',
    'an encoded slash': '7%2F9',
    'a percent sign': '100%25',
    'a broken percent sign': '%',
    quotes: `"' OR 1=1 --`,
    'a line end': '7%0A9',
    'a null': '7%00',
    'a way out': '..%2F..%2Fhealth',
    'a formula': '=HYPERLINK("x")',
    'ten kilobytes': 'x'.repeat(10_240),
  };
  it.each(Object.entries(keys))('is refused or not found: %s', async (_, key) => {
    const path = key === '%' ? key : key.includes('%') ? key : encodeURIComponent(key).replaceAll('%2F', '/');
    expectRefusal(await ask(`/predictions/reorder/${path}`), 400, 404, 414);
  });

  it('is not found in a pipeline that there is not', async () => {
    for (const name of ['nothing', 'constructor', '__proto__', 'REORDER', 'reorder%20'])
      expectRefusal(await ask(`/predictions/${name}/7/9`), 403, 404);
  });
});

describe('a row to score that is none', () => {
  const path = '/reorder/score';
  const { row, line } = reorderRow();
  const values = line.split(',');

  it.each<[string, unknown, string, number]>([
    ['17 values', values.slice(1).join(), 'text/csv', 400],
    ['19 values', `${line},1`, 'text/csv', 400],
    ['two lines', `${line}\n${line}`, 'text/csv', 400],
    ['a header', Object.keys(row).join(), 'text/csv', 400],
    ['no number', ['NaN', ...values.slice(1)].join(), 'text/csv', 400],
    ['infinity', ['Infinity', ...values.slice(1)].join(), 'text/csv', 400],
    ['an empty value', ['', ...values.slice(1)].join(), 'text/csv', 400],
    ['nothing', '', 'text/csv', 400],
    [
      'numbers as text',
      Object.fromEntries(Object.entries(row).map(([k, v]) => [k, String(v)])),
      'application/json',
      400,
    ],
    ['one that is missing', Object.fromEntries(Object.entries(row).slice(1)), 'application/json', 400],
    ['one too many', { ...row, more: 1 }, 'application/json', 400],
    ['a list', [row], 'application/json', 400],
    ['half of a JSON', '{"a":', 'application/json', 400],
    ['NaN in JSON', '{"user_orders": NaN}', 'application/json', 400],
    ['another type', line, 'text/plain', 415],
    ['too much of it', 'x'.repeat(70_000), 'text/csv', 413],
  ])('is refused: %s', async (_, body, type, status) => {
    expectRefusal(await ask(path, { body, type }), status);
  });

  it('of a pipeline that has no model yet is asked to come back', async () => {
    const features = conversionRate.model?.features ?? [];
    const answer = await ask('/conversion-rate/score', {
      body: Object.fromEntries(features.map((name) => [name, 1])),
    });
    expectRefusal(answer, 503);
    expect(answer.headers.get('retry-after')).toBe('60');
  });

  it('is refused by the pipeline that it is no row of, before anybody asks a model', async () => {
    expectRefusal(await ask('/conversion-rate/score', { body: line, type: 'text/csv' }), 400);
  });

  it('has to come with a token that may', async () => {
    expectRefusal(await ask(path, { body: row, authorization: '' }), 401);
    const read = await presage('token', '--state', state, '--scope', 'reorder.read');
    expectRefusal(await ask(path, { body: row, authorization: `Bearer ${read.output.trim()}` }), 403);
  });
});

describe('a handler that is denied by its role', () => {
  it('says that it is our fault and nothing else', async () => {
    const iam = new IAMClient(clientSettings());
    const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
    const role = Roles.find(({ Description }) => Description?.startsWith('GET /predictions/'));
    const policy = { RoleName: role?.RoleName, PolicyName: 'denied' };
    const PolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Deny', Action: 'dynamodb:*', Resource: '*' }],
    });
    await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument }));
    try {
      expectRefusal(await ask('/predictions/vouchers/Peru/frequent_segment/14-37'), 500);
    } finally {
      await iam.send(new DeleteRolePolicyCommand(policy));
    }
  });
});

describe('a burst', () => {
  it('above the throttle of the page’s route is refused, and other routes go on', async () => {
    const burst = await Promise.all(
      Array.from({ length: 40 }, () => ask('/page/vouchers', { body: {}, authorization: '' })),
    );
    const refused = burst.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(10);
    for (const answer of burst) expectRefusal(answer, 400, 429);
    expectRefusal(await ask('/vouchers', { body: {} }), 400);
  });
});

describe('afterwards', () => {
  it('no token, key or body is in any log', () => {
    const log = readFileSync(join(state, 'cloud.log'), 'utf8');
    for (const secret of [token, 'HYPERLINK', 'of-another-environment', 'OR 1=1']) expect(log).not.toContain(secret);
  });
});
