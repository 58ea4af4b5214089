import * as z from 'zod';
import { batchSchema } from '#lambdas/api-predictions-batch/request.ts';
import { voucherSchema } from '#lambdas/api-voucher/request.ts';
import { keyColumn } from '#lambdas/shared/http/keys.ts';
import { predictionSchema } from '#lambdas/shared/http/prediction.ts';
import type { ServedColumn, ServedPipeline, Serving } from '#lambdas/shared/http/serving.ts';
import { pageQuerySchema } from '#lambdas/shared/http/table.ts';
import { scopeName } from '#lib/names.ts';
import {
  answers,
  body,
  type Json,
  jsonSchema,
  OPEN,
  problem,
  READ,
  RESPONSES,
  ref,
  SENT,
  secured,
  title,
} from '#lib/serving/openapi-parts.ts';
import { pagePaths, scorePath } from '#lib/serving/openapi-score.ts';

const pathParameter = (column: ServedColumn) => ({
  name: column.name,
  in: 'path',
  required: true,
  schema: jsonSchema(keyColumn(column)),
});

const pageParameters = Object.entries(jsonSchema(pageQuerySchema).properties as Record<string, Json>).map(
  ([name, { description, ...schema }]) => ({ name, in: 'query', required: false, description, schema }),
);

function pathsOf(pipeline: ServedPipeline): Record<string, Json> {
  const { name, key } = pipeline;
  const base = `/predictions/${name}`;
  const prediction = ref('schemas', `${title(name)}Prediction`);
  const common = { tags: [name], ...secured(name) };
  const [first] = key;
  const below: Json =
    key.length > 1 && first
      ? {
          [`${base}/{${first.name}}`]: {
            get: {
              ...common,
              operationId: `list${title(name)}`,
              summary: `All predictions of ${name} below a ${first.name}, page by page`,
              parameters: [pathParameter(first), ...pageParameters],
              responses: answers('A page of them.', pageOf(name, prediction), ...READ),
            },
          },
        }
      : {};
  return {
    [base]: {
      post: {
        ...common,
        operationId: `batch${title(name)}`,
        summary: `The newest predictions of ${name} for up to 100 keys`,
        requestBody: { required: true, ...body(jsonSchema(batchSchema(pipeline))) },
        responses: answers('Those there are, and the keys without one.', batchOf(pipeline, prediction), ...SENT),
      },
    },
    ...(below as Record<string, Json>),
    [`${base}/${key.map((column) => `{${column.name}}`).join('/')}`]: {
      get: {
        ...common,
        operationId: `get${title(name)}`,
        summary: `The newest prediction of ${name} for a key`,
        parameters: key.map(pathParameter),
        responses: answers('The prediction.', prediction, ...READ),
      },
    },
  };
}

const pageOf = (name: string, prediction: Json) => ({
  type: 'object',
  properties: {
    pipeline: { const: name },
    predictions: { type: 'array', items: prediction },
    next: { type: 'string', description: 'Give it as `after` to get the page after this one; absent on the last one.' },
  },
  required: ['pipeline', 'predictions'],
  additionalProperties: false,
});

const batchOf = (pipeline: ServedPipeline, prediction: Json) => {
  const { keys } = jsonSchema(batchSchema(pipeline)).properties as Record<string, { items: Json }>;
  return {
    type: 'object',
    properties: {
      pipeline: { const: pipeline.name },
      predictions: { type: 'array', items: prediction },
      missing: { type: 'array', items: keys?.items ?? {} },
    },
    required: ['pipeline', 'predictions', 'missing'],
    additionalProperties: false,
  };
};

const vouchers = {
  '/vouchers': {
    post: {
      tags: ['vouchers'],
      ...secured('vouchers'),
      operationId: 'voucher',
      summary: 'The voucher value that the segment of a customer uses most',
      requestBody: { required: true, ...body(jsonSchema(voucherSchema(0))) },
      responses: answers(
        'The value.',
        jsonSchema(z.strictObject({ voucher_amount: z.number().min(0).describe('0: most use no voucher.') })),
        ...SENT,
      ),
    },
  },
};

const open = {
  '/health': {
    get: {
      tags: ['api'],
      security: [],
      operationId: 'health',
      summary: 'Whether the API answers',
      responses: answers(
        'It does.',
        jsonSchema(z.strictObject({ status: z.literal('ok'), environment: z.string() })),
        ...OPEN,
      ),
    },
  },
  '/openapi.json': {
    get: {
      tags: ['api'],
      security: [],
      operationId: 'openapi',
      summary: 'This contract',
      responses: answers('It.', { type: 'object' }, ...OPEN),
    },
  },
};

/**
 * The contract of the API, OpenAPI 3.1, made from the schemas that requests are validated with. The paths are those of
 * each pipeline, so that a generated client knows the keys and the predictions of each.
 *
 * API Gateway answers by itself too (no token, wrong scope, unknown path, too large, too many): those answers have the
 * same top-level `message`, so one schema is enough for both.
 */
export function openapi({ environment, page, pipelines }: Serving) {
  const served = Object.values(pipelines);
  const scored = served.filter(({ score }) => score);
  const scopes = [
    ...served.map(({ name }) => [scopeName(name, 'read'), `Read the predictions of ${name}`]),
    ...scored.map(({ name }) => [scopeName(name, 'score'), `Score rows with the model of ${name}`]),
  ];
  const asked = {
    ...Object.assign({}, ...scored.map(scorePath)),
    ...(Object.hasOwn(pipelines, 'vouchers') ? vouchers : {}),
  };
  return {
    openapi: '3.1.0',
    info: {
      title: `Presage ${environment}`,
      version: '1.0.0',
      description: 'Newest predictions about customers. Every refusal has a top-level `message`.',
    },
    servers: [{ url: '/' }],
    paths: {
      ...Object.assign({}, ...served.map(pathsOf)),
      ...asked,
      ...(page ? pagePaths(asked) : {}),
      ...open,
    },
    components: {
      schemas: {
        Problem: jsonSchema(problem),
        ...Object.fromEntries(
          served.map((pipeline) => [`${title(pipeline.name)}Prediction`, jsonSchema(predictionSchema(pipeline))]),
        ),
      },
      responses: Object.fromEntries(Object.entries(RESPONSES).map(([status, made]) => [`Status${status}`, made])),
      securitySchemes: {
        token: {
          type: 'oauth2',
          description: 'A token of the client-credentials grant, as `Authorization: Bearer …`.',
          // The address is the account's: filled in where the contract is served.
          flows: { clientCredentials: { tokenUrl: '/oauth2/token', scopes: Object.fromEntries(scopes) } },
        },
      },
    },
  };
}
