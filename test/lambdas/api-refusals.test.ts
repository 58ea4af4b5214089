import { Logger } from '@aws-lambda-powertools/logger';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as health } from '#lambdas/api-health/handler.ts';
import { handler as get } from '#lambdas/api-prediction/handler.ts';
import { handler as batch } from '#lambdas/api-predictions-batch/handler.ts';
import { handler as voucher } from '#lambdas/api-voucher/handler.ts';
import { ask, dynamodb } from '#test/lambdas/support/http.ts';

const logged = vi.spyOn(Logger.prototype, 'info');
const failed = vi.spyOn(Logger.prototype, 'error');
beforeEach(() => {
  dynamodb.reset();
  logged.mockClear();
  failed.mockClear();
});
afterAll(() => vi.restoreAllMocks());

const member = (more = {}) =>
  ask(get, { scope: 'presage/buyer-stage.read', parameters: { pipeline: 'buyer-stage', key: 'secret-key' }, ...more });
const fault = (name: string, more = {}) =>
  Object.assign(new Error(`${name} of secret-key at arn:aws:dynamodb:table/presage`), { name, ...more });

describe('a token', () => {
  it.each([
    ['presage/reorder.read', 'of another pipeline'],
    ['presage/buyer-stage.score', 'for another action'],
    ['presage/buyer-stage', 'for no action'],
    ['presage/buyer-stage.reader xpresage/buyer-stage.read', 'for something longer'],
    ['other/buyer-stage.read', 'of another server'],
    ['', 'for nothing'],
    [undefined, 'without scopes'],
  ])('%s (%s) is refused, and says which scope it lacks', async (scope, _) => {
    const { status, body } = await member({ scope });
    expect([status, body]).toEqual([403, { message: 'The token lacks the scope presage/buyer-stage.read.' }]);
    expect(dynamodb.calls()).toHaveLength(0);
  });

  it('of several scopes is good for each of them', async () => {
    dynamodb.on(GetItemCommand).resolves({});
    expect((await member({ scope: 'presage/reorder.read presage/buyer-stage.read' })).status).toBe(404);
  });

  it('of another pipeline opens neither a batch nor the vouchers', async () => {
    const asked = { scope: 'presage/reorder.read', type: 'application/json', body: '{}' };
    expect((await ask(batch, { ...asked, parameters: { pipeline: 'vouchers' } })).status).toBe(403);
    expect((await ask(voucher, asked)).status).toBe(403);
  });

  it.each(['churn', '__proto__', 'constructor', ''])('finds no pipeline %j', async (pipeline) => {
    const { status, body } = await member({ parameters: { pipeline, key: '1' } });
    expect([status, body.message]).toEqual([404, expect.stringContaining('buyer-stage')]);
  });
});

describe('a fault', () => {
  it.each([
    ['ResourceNotFoundException', 503, '60'],
    ['ProvisionedThroughputExceededException', 503, '1'],
    ['ThrottlingException', 503, '1'],
    ['TimeoutError', 503, '1'],
    ['AccessDeniedException', 500, undefined],
    ['ValidationException', 500, undefined],
  ])('%s is %i and tells nothing of the inside', async (name, wanted, retry) => {
    dynamodb.on(GetItemCommand).rejects(fault(name));
    const { status, headers, body } = await member();
    expect([status, headers['retry-after']]).toEqual([wanted, retry]);
    expect(Object.keys(body)).toEqual(['message']);
    expect(body.message).not.toMatch(/secret-key|arn:|Exception|table/);
  });

  it('without a name of its own is told by its status or the network’s', async () => {
    for (const more of [{ $metadata: { httpStatusCode: 500 } }, { code: 'ECONNRESET' }]) {
      dynamodb.on(GetItemCommand).rejects(fault('Odd', more));
      expect((await member()).status).toBe(503);
    }
  });

  it('is in the log with its name and place, without the message, which may quote a key', async () => {
    dynamodb.on(GetItemCommand).rejects(fault('ValidationException', { $metadata: { requestId: 'abc' } }));
    await member();
    expect(failed).toHaveBeenCalledWith('failed', {
      error: 'ValidationException',
      serviceRequestId: 'abc',
      frames: expect.arrayContaining([expect.stringContaining('    at ')]),
    });
    const text = JSON.stringify([...logged.mock.calls, ...failed.mock.calls]);
    expect(text).not.toContain('secret-key');
  });
});

describe('every answer', () => {
  it('is JSON that nobody keeps, guesses at or shows in a frame', async () => {
    dynamodb.on(GetItemCommand).rejects(fault('ValidationException'));
    for (const { headers } of [await ask(health, {}), await member(), await member({ scope: '' })])
      expect(headers).toMatchObject({
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'strict-transport-security': expect.stringContaining('max-age='),
        'x-content-type-options': 'nosniff',
      });
  });

  it('leaves a line in the log: route, status, request and time', async () => {
    await ask(health, {});
    expect(logged).toHaveBeenCalledExactlyOnceWith('answered', {
      route: 'health',
      status: 200,
      requestId: 'request-1',
      milliseconds: expect.any(Number),
    });
  });

  it('of health needs no token and no table', async () => {
    expect((await ask(health, {})).body).toEqual({ status: 'ok', environment: 'local' });
    expect(dynamodb.calls()).toHaveLength(0);
  });
});
