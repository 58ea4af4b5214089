import { GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { handler } from '#lambdas/api-prediction/handler.ts';
import { client } from '#lambdas/shared/http/client.ts';
import type { HttpEvent } from '#lambdas/shared/http/route.ts';
import { getServing } from '#lambdas/shared/http/serving.ts';
import { alternate } from '../lib/measure.ts';

/**
 * Prints what a warm look-up of a prediction takes, and a bare GetItem of the same item by the same client, as
 * `{"handler": [milliseconds], "getItem": [milliseconds]}`. Needs `SERVING_FILE` and the table of reorder.
 */
const { table } = getServing().pipelines.reorder ?? { table: '' };
const Key = { user_id: { N: '7' }, product_id: { N: '9' } };
const today = new Date().toISOString().slice(0, 10);
const Item = {
  ...Key,
  probability: { N: '0.25' },
  will_reorder: { BOOL: true },
  model: { S: 'a-model' },
  run_date: { S: today },
  ttl: { N: String(Math.floor(Date.now() / 1000) + 3600) },
};
await client.send(new PutItemCommand({ TableName: table, Item }));

const event = {
  version: '2.0',
  routeKey: 'GET /predictions/{pipeline}/{key+}',
  headers: {},
  pathParameters: { pipeline: 'reorder', key: '7/9' },
  isBase64Encoded: false,
  requestContext: {
    requestId: 'request',
    authorizer: { jwt: { claims: { scope: 'presage/reorder.read', client_id: 'service' }, scopes: null } },
  },
} as unknown as HttpEvent;

const lookUp = async () => {
  const started = performance.now();
  const { statusCode, body } = await handler(event);
  const milliseconds = performance.now() - started;
  if (statusCode !== 200) throw new Error(body);
  return milliseconds;
};
const getItem = async () => {
  const started = performance.now();
  await client.send(new GetItemCommand({ TableName: table, Key }));
  return performance.now() - started;
};

const rounds = Number(process.argv[2]);
await alternate(Math.ceil(rounds / 4), lookUp, getItem); // warm
const [ours, theirs] = await alternate(rounds, lookUp, getItem);
console.log(JSON.stringify({ handler: ours, getItem: theirs }));
