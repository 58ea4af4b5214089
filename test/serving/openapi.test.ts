import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ROUTES } from '#lambdas/shared/http/routes.ts';
import { bundleHandlers } from '#lib/build/bundle.ts';
import { environments } from '#lib/environments.ts';
import { loadPipelines } from '#lib/pipelines/index.ts';
import { servingOf } from '#lib/serving/definition.ts';
import { openapi } from '#lib/serving/openapi.ts';
import { ask } from '#test/lambdas/support/http.ts';
import type { Json } from '#test/stacks/synth.ts';

const pipelines = Object.values(await loadPipelines());
const contract: Json = openapi(servingOf(environments.dev, pipelines));
const without: Json = openapi(servingOf(environments.prod, pipelines));
const operations: [string, Json][] = Object.entries<Json>(contract.paths).flatMap(([path, methods]) =>
  Object.entries<Json>(methods).map(
    ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as [string, Json],
  ),
);

describe('the contract', () => {
  it('has the paths of every pipeline, with the keys of each', () => {
    expect(operations.map(([name]) => name).sort()).toEqual([
      'GET /health',
      'GET /openapi.json',
      'GET /predictions/buyer-stage/{member_id}',
      'GET /predictions/conversion-rate/{entity_id}',
      'GET /predictions/conversion-rate/{entity_id}/{device}',
      'GET /predictions/propensity/{user_id}',
      'GET /predictions/reorder/{user_id}',
      'GET /predictions/reorder/{user_id}/{product_id}',
      'GET /predictions/vouchers/{country_code}',
      'GET /predictions/vouchers/{country_code}/{segment_name}/{segment}',
      'POST /buyer-stage/score',
      'POST /conversion-rate/score',
      'POST /page/reorder/score',
      'POST /page/vouchers',
      'POST /predictions/buyer-stage',
      'POST /predictions/conversion-rate',
      'POST /predictions/propensity',
      'POST /predictions/reorder',
      'POST /predictions/vouchers',
      'POST /propensity/score',
      'POST /reorder/score',
      'POST /vouchers',
    ]);
  });

  it('has no path that no route answers', () => {
    const patterns = ROUTES.map(({ method, path, endpoint, page }) => {
      const pattern = path
        .replace(/^/, endpoint || page ? '(/page)?' : '')
        .replace('{pipeline}', '[^/]+')
        .replace('{key+}', '.+')
        .replace('.json', '[.]json');
      return new RegExp(`^${method} ${pattern}$`);
    });
    for (const [name] of operations)
      expect(
        patterns.some((one) => one.test(name)),
        name,
      ).toBe(true);
  });

  it('names every answer, those of the gateway too', () => {
    for (const [name, { responses, requestBody, security }] of operations) {
      const open = security.length === 0;
      const wanted = [
        '200',
        ...(open ? [] : ['401', '403']),
        ...(open && !requestBody ? [] : ['400', '404']),
        ...(requestBody ? ['413', '415'] : []),
      ];
      expect([name, Object.keys(responses).sort()]).toEqual([name, [...wanted, '429', '431', '500', '503'].sort()]);
    }
  });

  it('wants the scope of the pipeline of each path', () => {
    for (const [name, { security }] of operations) {
      const [, pipeline] =
        /(?:predictions\/)?(buyer-stage|conversion-rate|propensity|reorder|vouchers)/.exec(name) ?? [];
      const action = name.endsWith('/score') ? 'score' : 'read';
      const wanted = pipeline && !name.includes('/page/') ? [{ token: [`presage/${pipeline}.${action}`] }] : [];
      expect([name, security]).toEqual([name, wanted]);
    }
  });

  it('says what requests and answers look like: types, limits, no further fields', () => {
    const voucher = contract.paths['/vouchers'].post.requestBody.content['application/json'].schema;
    expect(voucher).toMatchObject({
      required: expect.arrayContaining(['customer_id', 'segment_name']),
      additionalProperties: false,
      properties: { segment_name: { enum: ['frequent_segment', 'recency_segment'] }, total_orders: { minimum: 0 } },
    });
    const keys =
      contract.paths['/predictions/reorder'].post.requestBody.content['application/json'].schema.properties.keys;
    expect(keys).toMatchObject({ minItems: 1, maxItems: 100, items: { required: ['user_id', 'product_id'] } });
    const prediction = contract.components.schemas.ReorderPrediction.properties.prediction;
    expect(Object.keys(prediction.properties)).toEqual(['probability', 'will_reorder']);
  });

  it('says what a row is: each feature by name, or one line, and what it is answered with', () => {
    const { requestBody, responses } = contract.paths['/reorder/score'].post;
    const { schema } = requestBody.content['application/json'];
    expect(Object.keys(schema.properties)).toHaveLength(18);
    expect(schema).toMatchObject({ additionalProperties: false, properties: { up_orders: { type: 'integer' } } });
    expect(schema.required).toHaveLength(18);
    expect(requestBody.content['text/csv'].schema).toMatchObject({
      type: 'string',
      description: expect.stringContaining('18 values: up_orders,user_mean_days_since_prior,'),
    });
    const answer = responses['200'].content['application/json'].schema;
    expect(answer).toMatchObject({
      required: ['pipeline', 'model', 'prediction', 'threshold'],
      additionalProperties: false,
    });
    expect(answer.properties.prediction.properties).toEqual({
      probability: { type: 'number' },
      will_reorder: { type: 'boolean' },
    });
    const rate = contract.paths['/conversion-rate/score'].post.responses['200'].content['application/json'].schema;
    expect(rate.required).toEqual(['pipeline', 'model', 'prediction']);
  });

  it('has no paths of a page where the environment has none', () => {
    expect(Object.keys(without.paths).filter((path) => path.startsWith('/page'))).toEqual([]);
  });

  it('has no reference that leads nowhere', () => {
    const references = JSON.stringify(contract).match(/"#\/[^"]+"/g) ?? [];
    expect(references.length).toBeGreaterThan(50);
    for (const reference of new Set(references)) {
      const path = JSON.parse(reference).slice(2).split('/');
      expect(
        path.reduce((at: Json, name: string) => at?.[name], contract),
        reference,
      ).toBeDefined();
    }
  });

  it('is served with the address of the environment’s tokens', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'presage-openapi-'));
    try {
      writeFileSync(join(folder, 'openapi.json'), JSON.stringify(contract));
      vi.stubEnv('OPENAPI_FILE', join(folder, 'openapi.json'));
      vi.stubEnv('TOKEN_URL', 'https://tokens.example.com/oauth2/token');
      const { handler } = await import('#lambdas/api-openapi/handler.ts');
      const { status, body } = await ask(handler, {});
      expect(status).toBe(200);
      expect(body.paths).toEqual(contract.paths);
      expect(body.components.securitySchemes.token.flows.clientCredentials.tokenUrl).toBe(
        'https://tokens.example.com/oauth2/token',
      );
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

it('a handler of the API has at most 350 KB', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'presage-bundles-'));
  try {
    const names = [...new Set(ROUTES.map((route) => route.folder))];
    for (const name of await bundleHandlers(folder, names)) {
      const size = statSync(join(folder, name, 'handler.mjs')).size;
      expect(size, name).toBeLessThanOrEqual(350 * 1024);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
