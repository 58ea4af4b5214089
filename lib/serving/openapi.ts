import * as z from 'zod';
import { batchSchema } from '#lambdas/api-predictions-batch/request.ts';
import { scoreSchema } from '#lambdas/api-score/answer.ts';
import { rowSchema, scoringOf } from '#lambdas/api-score/request.ts';
import { voucherSchema } from '#lambdas/api-voucher/request.ts';
import { BODY_BYTES } from '#lambdas/shared/http/body.ts';
import { keyColumn } from '#lambdas/shared/http/keys.ts';
import { predictionSchema } from '#lambdas/shared/http/prediction.ts';
import { type Action, PAGE } from '#lambdas/shared/http/routes.ts';
import type { ServedColumn, ServedPipeline, Serving } from '#lambdas/shared/http/serving.ts';
import { pageQuerySchema } from '#lambdas/shared/http/table.ts';
import { scopeName } from '#lib/names.ts';

/**
 * The contract of the API, OpenAPI 3.1, made from the schemas that requests are validated with. The paths are those of
 * each pipeline, so that a generated client knows the keys and the predictions of each.
 *
 * API Gateway answers by itself too (no token, wrong scope, unknown path, too large, too many): those answers have the
 * same top-level `message`, so one schema is enough for both.
 */
type Json = Record<string, unknown>;

/** JSON Schema 2020-12, which OpenAPI 3.1 takes as it is. */
function jsonSchema(schema: z.ZodType): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return rest;
}

const problem = z.object({
  message: z.string().describe('What is wrong, for people.'),
  problems: z
    .array(z.strictObject({ field: z.string(), message: z.string() }))
    .optional()
    .describe('Everything that is wrong with a request, field by field. Never in answers of the gateway itself.'),
});

const body = (schema: Json) => ({ content: { 'application/json': { schema } } });
const ref = (kind: 'schemas' | 'responses', name: string) => ({ $ref: `#/components/${kind}/${name}` });
const refused = (description: string, headers?: Json) => ({
  description,
  ...(headers ? { headers } : {}),
  ...body(ref('schemas', 'Problem')),
});

const RESPONSES = {
  '400': refused(
    'The request is not valid: every problem is listed. Of the gateway, when it is no HTTP request it reads.',
  ),
  '401': refused('Of the gateway: there is no token, or it is expired, not signed by this environment or not for it.'),
  '403': refused('The token lacks the scope of this pipeline; of the gateway, when it has no scope of any pipeline.'),
  '404': refused('There is no such thing, or it has expired. Of the gateway, for a path that is none of these.'),
  '413': refused(`The body has more than ${BODY_BYTES} bytes; of the gateway above 10 MB.`),
  '415': refused('The body is not said to be of a content type that is read here.'),
  '429': refused('Of the gateway: too many requests. Wait, then try again.'),
  '500': refused('A fault of ours, or of the gateway.'),
  '503': refused('Not at the moment; of the gateway, when a handler cannot be reached.', {
    'Retry-After': { description: 'Seconds to wait.', schema: { type: 'string' } },
  }),
};
type Status = keyof typeof RESPONSES;

const answers = (description: string, schema: Json, ...others: Status[]) => ({
  '200': { description, ...body(schema) },
  ...Object.fromEntries(others.map((status) => [status, ref('responses', `Status${status}`)])),
});

const OPEN: Status[] = ['429', '500', '503'];
const READ: Status[] = ['400', '401', '403', '404', ...OPEN];
const SENT: Status[] = ['400', '401', '403', '404', '413', '415', ...OPEN];

const secured = (pipeline: string, action: Action = 'read') => ({
  security: [{ token: [scopeName(pipeline, action)] }],
});

const pathParameter = (column: ServedColumn) => ({
  name: column.name,
  in: 'path',
  required: true,
  schema: jsonSchema(keyColumn(column)),
});

const pageParameters = Object.entries(jsonSchema(pageQuerySchema).properties as Record<string, Json>).map(
  ([name, { description, ...schema }]) => ({ name, in: 'query', required: false, description, schema }),
);

/** `buyer-stage` → `BuyerStage`. */
const title = (name: string) => name.replaceAll(/(^|-)(.)/g, (_, _dash, letter: string) => letter.toUpperCase());

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

/** What one row is answered with, where there is an endpoint. */
function scorePath(pipeline: ServedPipeline): Record<string, Json> {
  const { name } = pipeline;
  const { features } = scoringOf(pipeline);
  const line = `One line without a header, ${features.length} values: ${features.map((one) => one.name).join(',')}`;
  return {
    [`/${name}/score`]: {
      post: {
        tags: [name],
        ...secured(name, 'score'),
        operationId: `score${title(name)}`,
        summary: `What the current model of ${name} says of a row`,
        requestBody: {
          required: true,
          content: {
            ...body(jsonSchema(rowSchema(pipeline))).content,
            'text/csv': { schema: { type: 'string', description: line } },
          },
        },
        responses: answers('What it says.', jsonSchema(scoreSchema(pipeline)), ...SENT),
      },
    },
  };
}

/** The same paths for the page: without a token, so nothing is refused for one. */
const pagePaths = (paths: Record<string, Json>): Record<string, Json> =>
  Object.fromEntries(
    Object.entries(paths).map(([path, methods]) => {
      const { post } = methods as { post: Json & { operationId: string; responses: Json } };
      const { '401': _, '403': __, ...responses } = post.responses;
      const operationId = `page${post.operationId.replace(/^./, (letter) => letter.toUpperCase())}`;
      return [`${PAGE}${path}`, { post: { ...post, security: [], tags: ['page'], operationId, responses } }];
    }),
  );

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
