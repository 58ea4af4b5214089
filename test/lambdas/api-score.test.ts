import { Logger } from '@aws-lambda-powertools/logger';
import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scoreSchema } from '#lambdas/api-score/answer.ts';
import { handler } from '#lambdas/api-score/handler.ts';
import { getServing, type ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { ask, endpoints } from '#test/lambdas/support/http.ts';

const SCOPE = 'presage/reorder.score';
const reorder = getServing().pipelines.reorder as ServedPipeline;
const features = reorder.score?.features.map(({ name }) => name) ?? [];
/** 18 values by name, whole numbers where the column is one. */
const ROW = Object.fromEntries(
  (reorder.score?.features ?? []).map(({ name, type }, i) => [name, type === 'double' ? i + 0.5 : i]),
);
const LINE = Object.values(ROW).join();

const says = (line: string, model: string | undefined = 'model-1') =>
  endpoints.on(InvokeEndpointCommand).resolves({
    Body: Buffer.from(line),
    InvokedProductionVariant: model,
  } as object);
beforeEach(() => {
  endpoints.reset();
  says(`1,"[0.75, 0.25]","['1', '0']"\n`);
});
afterEach(() => vi.restoreAllMocks());

const json = (body: unknown, more = {}) =>
  ask(handler, {
    scope: SCOPE,
    route: 'POST /reorder/score',
    type: 'application/json',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...more,
  });
const csv = (body: string, more = {}) => json(body, { type: 'text/csv', ...more });
const sent = () => endpoints.commandCalls(InvokeEndpointCommand).map((call) => call.args[0].input);
/** `field: message` of every problem of a refused request. */
const problems = async (asked: ReturnType<typeof json>): Promise<string[]> => {
  const { status, body } = await asked;
  expect([status, sent()]).toEqual([400, []]);
  return (body.problems ?? []).map(({ field, message }: { field: string; message: string }) => `${field}: ${message}`);
};

describe('a row', () => {
  it('is given to the endpoint in the model’s order, however its fields are ordered', async () => {
    const { status, body } = await json(Object.fromEntries(Object.entries(ROW).reverse()));
    expect([status, body]).toEqual([
      200,
      {
        pipeline: 'reorder',
        model: 'model-1',
        prediction: { probability: 0.75, will_reorder: true },
        threshold: 0.2,
      },
    ]);
    scoreSchema(reorder).parse(body);
    expect(sent()).toMatchObject([
      { EndpointName: 'presage-local-reorder', ContentType: 'text/csv', Accept: 'text/csv' },
    ]);
    expect(String(sent()[0]?.Body)).toBe(`${LINE}\n`);
  });

  it.each([
    ['as it is', LINE],
    ['with a line end', `${LINE}\r\n`],
    [
      'with blanks and quotes around numbers',
      Object.values(ROW)
        .map((value) => ` "${value}"`)
        .join()
        .replaceAll(' "', '"'),
    ],
    ['with other spellings of the same numbers', LINE.replace(/^0,1.5/, '-0.0,15e-1')],
  ])('as a line of CSV, %s, is the same', async (_, line) => {
    expect((await csv(line)).status).toBe(200);
    expect(String(sent()[0]?.Body)).toBe(`${LINE}\n`);
  });

  it('that the gateway has encoded is read', async () => {
    expect((await csv(Buffer.from(LINE).toString('base64'), { base64: true })).status).toBe(200);
  });

  it('below the threshold is a no, and so is one that is just at it', async () => {
    for (const [probability, verdict] of [
      [0.1, false],
      [0.2, false],
      [0.2001, true],
    ] as const) {
      says(`0,"[${1 - probability}, ${probability}]","[0.0, 1.0]"`);
      expect((await json(ROW)).body.prediction).toEqual({ probability, will_reorder: verdict });
    }
  });
});

describe('a row of a script model', () => {
  const rate = Object.fromEntries(
    (getServing().pipelines['conversion-rate']?.score?.features ?? []).map(({ name }) => [name, 1]),
  );
  const score = () => json(rate, { scope: 'presage/conversion-rate.score', route: 'POST /conversion-rate/score' });

  it.each([
    ['0.0421\n', 0.0421],
    ['1.7', 1],
    ['-0.2\n', 0],
  ])('is answered with a number, %j, held within what a rate can be', async (line, cr) => {
    says(line, 'model-2');
    expect((await score()).body).toEqual({ pipeline: 'conversion-rate', model: 'model-2', prediction: { cr } });
  });
});

describe('a row of a model with several classes', () => {
  it('is answered with the likeliest class', async () => {
    says(`Dreamer,"[0.75, 0.25]","['Dreamer', 'Active Searcher']"`, 'model-3');
    const features = getServing().pipelines['buyer-stage']?.score?.features ?? [];
    const row = Object.fromEntries(features.map(({ name }) => [name, 1]));
    const { body } = await json(row, { scope: 'presage/buyer-stage.score', route: 'POST /buyer-stage/score' });
    const prediction = { buyer_stage: 'Dreamer', probability: 0.75 };
    expect(body).toEqual({ pipeline: 'buyer-stage', model: 'model-3', prediction });
  });
});

describe('a row of a model that foretells a week', () => {
  it('is answered with the week that begins today, as a batch says its run date', async () => {
    says(`0,"[0.25, 0.75]","['1', '0']"`);
    vi.useFakeTimers({ now: new Date('2026-03-01T00:30:00+01:00'), toFake: ['Date'] });
    try {
      const features = getServing().pipelines.propensity?.score?.features ?? [];
      const row = Object.fromEntries(features.map(({ name }) => [name, 0]));
      const { body } = await json(row, { scope: 'presage/propensity.score', route: 'POST /propensity/score' });
      expect(body.prediction).toEqual({ proba: 0.25, predicted_week: '2026-02-28' });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a request is refused, with everything that is wrong with it,', () => {
  it('for fields that are missing and others that there are not', async () => {
    const { up_orders: _, ...seventeen } = ROW;
    expect(await problems(json({ ...seventeen, up_order: 1, more: 2 }))).toEqual([
      'up_orders: is missing',
      'up_order: is not a field of this request',
      'more: is not a field of this request',
    ]);
  });

  it('for numbers as text, parts of what is counted, nothing and far too much', async () => {
    const wrong = {
      up_orders: '3',
      user_period: null,
      prod_orders: 2.5,
      user_average_basket: 1e16,
      up_order_rate: true,
    };
    expect(await problems(json({ ...ROW, ...wrong }))).toEqual([
      'up_orders: expected number, received string',
      'user_period: expected number, received null',
      expect.stringMatching(/^prod_orders: expected int/),
      expect.stringMatching(/^user_average_basket: Too big/),
      'up_order_rate: expected number, received boolean',
    ]);
  });

  it('for numbers that JSON cannot hold, and for JSON that is none', async () => {
    expect(await problems(json(JSON.stringify(ROW).replace('"up_orders":0', '"up_orders":1e999')))).toEqual([
      'up_orders: expected number, received Infinity',
    ]);
    expect(await problems(json('{"up_orders": NaN}'))).toEqual([]);
    for (const body of ['[1, 2]', 'null', '"a"', '3']) expect(await problems(json(body))).toHaveLength(1);
    expect((await problems(json('{}'))).length).toBe(features.length);
  });

  it('for a property that only looks like one', async () => {
    expect(await problems(json(`{"__proto__": {"up_orders": 1}, ${JSON.stringify(ROW).slice(1)}`))).toEqual([
      '__proto__: is not a field of this request',
    ]);
  });

  it.each([
    [17, LINE.replace(/,[^,]+$/, '')],
    [19, `${LINE},1`],
    [1, ''],
  ])('for %i values in a line', async (count, line) => {
    expect(await problems(csv(line))).toEqual([
      `: has ${count} values, and the model reads 18: up_orders to up_order_rate_since_first_order`,
    ]);
  });

  it('for several lines, a header and a quote that stays open', async () => {
    expect(await problems(csv(`${features.join()}\n${LINE}\n`))).toEqual([
      ': has 2 lines: one row is scored at a time',
      ': begins with a header: send the values alone',
    ]);
    expect(await problems(csv(`"${LINE}`))).toEqual([': has a quote that is not closed']);
    expect(await problems(csv(`${LINE}\n\n`))).toEqual([': has 2 lines: one row is scored at a time']);
  });

  it('for values in a line that are empty, no numbers or none that a model can take', async () => {
    const [, , , , ...others] = LINE.split(',');
    expect(await problems(csv(['', 'NaN', 'Infinity', 'many', ...others].join()))).toEqual([
      'up_orders: is missing',
      'user_mean_days_since_prior: expected number, received NaN',
      'user_period: expected number, received NaN',
      'user_distinct_products: expected number, received NaN',
    ]);
    for (const odd of ['0x10', '1_000', '1e999', '--1', '1 2'])
      expect(await problems(csv([odd, ...LINE.split(',').slice(1)].join())), odd).toHaveLength(1);
  });

  it('with 415 for a content type that is neither, 413 for a body above 64 KB', async () => {
    for (const type of ['text/plain', 'application/xml', '', undefined]) {
      const { status, body } = await json(ROW, { type });
      expect([status, body.message]).toEqual([415, expect.stringContaining('text/csv')]);
    }
    expect((await csv('1'.repeat(64 * 1024 + 1))).status).toBe(413);
    expect((await csv('1'.repeat(64 * 1024))).status).toBe(400);
    expect(sent()).toEqual([]);
  });
});

describe('a token', () => {
  it.each([['presage/reorder.read'], ['presage/conversion-rate.score'], [''], [undefined]])(
    '%s is refused',
    async (scope) => {
      const { status, body } = await json(ROW, { scope });
      expect([status, body.message]).toEqual([403, 'The token lacks the scope presage/reorder.score.']);
      expect(sent()).toEqual([]);
    },
  );

  it('is not needed below /page, which is another route of the gateway', async () => {
    expect((await json(ROW, { scope: undefined, route: 'POST /page/reorder/score' })).status).toBe(200);
  });

  it('finds no pipeline by another route', async () => {
    for (const route of ['POST /churn/score', 'POST /page/__proto__/score', 'POST /page/reorder/score/x', '$default'])
      expect((await json(ROW, { route })).status, route).toBe(404);
  });
});

describe('an endpoint', () => {
  const fault = (name: string, message = 'of presage-local-reorder', more = {}) =>
    endpoints.on(InvokeEndpointCommand).rejects(Object.assign(new Error(message), { name, ...more }));

  it.each([
    ['ModelNotReadyException', '', 503, '10'],
    ['AbortError', 'Request aborted', 503, '10'],
    ['ModelError', 'Your invocation timed out while waiting for a response from container primary.', 503, '10'],
    ['ValidationError', 'Endpoint presage-local-reorder of account 000000000000 not found.', 503, '60'],
    ['ThrottlingException', 'Rate exceeded', 503, '1'],
    ['ServiceUnavailable', '', 503, '1'],
    ['ModelError', 'Received server error (500) from primary with message "secret"', 500, undefined],
    ['AccessDeniedException', 'User arn:aws:sts is not authorized', 500, undefined],
  ])('that answers %s (%s) is %i', async (name, message, wanted, retry) => {
    fault(name, message);
    const { status, headers, body } = await json(ROW);
    expect([status, headers['retry-after'], Object.keys(body)]).toEqual([wanted, retry, ['message']]);
    expect(body.message).not.toMatch(/secret|arn:|presage-local|Exception|primary/);
  });

  it('that does not answer is not waited for as long as the gateway would', async () => {
    const patience = vi.spyOn(AbortSignal, 'timeout');
    await json(ROW);
    expect(patience).toHaveBeenCalledWith(20_000);
  });

  it.each([
    ['a class that there is not', '2,"[1.0]","[2]"'],
    ['no probability of the positive class', `0,"[1.0]","['0']"`],
    ['nothing', ''],
    ['words', 'the model is ill'],
    ['no numbers', `1,"[a, b]","['1', '0']"`],
  ])('that answers with %s is a fault of ours, and nothing is made up', async (_, line) => {
    says(line);
    const { status, body } = await json(ROW);
    expect([status, body]).toEqual([500, { message: 'Something went wrong on our side.' }]);
  });

  it('that does not say which model answered is one too', async () => {
    says(`1,"[0.75, 0.25]","['1', '0']"`, '');
    endpoints.on(InvokeEndpointCommand).resolves({ Body: Buffer.from('1,"[1.0]","[1]"') } as object);
    expect((await json(ROW)).status).toBe(500);
  });

  it('leaves nothing of the row in the log', async () => {
    const logged = [vi.spyOn(Logger.prototype, 'info'), vi.spyOn(Logger.prototype, 'error')];
    says('secret-answer');
    await json({ ...ROW, user_period: 987654.25 });
    const text = JSON.stringify(logged.flatMap((one) => one.mock.calls));
    expect(text).toContain('"status":500');
    expect(text).not.toMatch(/987654|secret-answer/);
  });
});
