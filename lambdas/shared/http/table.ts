import {
  BatchGetItemCommand,
  type BatchGetItemCommandOutput,
  type DynamoDBClient,
  GetItemCommand,
  type KeysAndAttributes,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { Refusal } from '#lambdas/shared/http/answer.ts';
import { badRequest } from '#lambdas/shared/http/body.ts';
import { type Key, partitionAttribute, sortName, tableKey } from '#lambdas/shared/http/keys.ts';
import { type Item, type Prediction, predictionOf } from '#lambdas/shared/http/prediction.ts';
import type { ServedPipeline } from '#lambdas/shared/http/serving.ts';

/** Rows that a page may have, and has unless asked otherwise. */
export const MOST_ROWS = 100;
const BATCH_TRIES = 4;
const FIRST_WAIT_MS = 25;

/** The prediction of a key; undefined when there is none, or none any more. */
export async function readPrediction(
  client: DynamoDBClient,
  pipeline: ServedPipeline,
  key: Key,
  now: number,
): Promise<Prediction | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName: pipeline.table, Key: tableKey(pipeline, key) }));
  return isOf(pipeline, key, predictionOf(pipeline, Item, now));
}

/** Parts of a sort key are joined by `#`, which they may contain: `a#b`, `c` is found where `a`, `b#c` was asked for. */
function isOf({ key: columns }: ServedPipeline, key: Key, found: Prediction | undefined): Prediction | undefined {
  return found && columns.every(({ name }) => found.key[name] === key[name]) ? found : undefined;
}

/** The predictions of several keys, in the order asked for; a key that is asked for twice is answered once. */
export async function readPredictions(
  client: DynamoDBClient,
  pipeline: ServedPipeline,
  keys: Key[],
  now: number,
): Promise<{ predictions: Prediction[]; missing: Key[] }> {
  const text = (item: Item) => JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
  const named = (item: Item) =>
    text(Object.fromEntries(names.flatMap((name) => (item[name] ? [[name, item[name]]] : []))));
  const asked = new Map(keys.map((key) => [text(tableKey(pipeline, key)), key]));
  const names = Object.keys(tableKey(pipeline, keys[0] ?? {}));
  const items = await batch(
    client,
    pipeline.table,
    [...asked.values()].map((key) => tableKey(pipeline, key)),
  );
  const found = new Map(items.map((item) => [named(item), item]));
  const results = [...asked].map(([id, key]) => ({
    key,
    prediction: isOf(pipeline, key, predictionOf(pipeline, found.get(id), now)),
  }));
  return {
    predictions: results.flatMap(({ prediction }) => prediction ?? []),
    missing: results.flatMap(({ key, prediction }) => (prediction ? [] : [key])),
  };
}

/** DynamoDB hands back what it had no time for; a half answer would look like keys without a prediction. */
async function batch(client: DynamoDBClient, table: string, keys: Item[]): Promise<Item[]> {
  const items: Item[] = [];
  let left: Record<string, KeysAndAttributes> | undefined = { [table]: { Keys: keys } };
  for (let attempt = 0; attempt < BATCH_TRIES; attempt++) {
    const answered: BatchGetItemCommandOutput = await client.send(new BatchGetItemCommand({ RequestItems: left }));
    items.push(...(answered.Responses?.[table] ?? []));
    left = answered.UnprocessedKeys;
    if (!left?.[table]?.Keys?.length) return items;
    await new Promise((resolve) => setTimeout(resolve, FIRST_WAIT_MS * 2 ** attempt));
  }
  throw new Refusal(503, 'The predictions cannot be read at the moment: try again.', [], { 'retry-after': '1' });
}

export interface Page {
  predictions: Prediction[];
  /** Opaque: asks for the rows after these. Absent when there are none. */
  next?: string;
}

/** What may follow a `?` where one row is asked for. */
export const noQuerySchema = z.strictObject({});

/** What may follow a `?` where rows are listed. */
export const pageQuerySchema = z.strictObject({
  limit: z
    .string()
    .regex(/^([1-9]\d?|100)$/, 'is a whole number from 1 to 100')
    .optional()
    .describe('Rows to look at for a page, 1 to 100; without it 100.'),
  after: z.string().min(1).max(4096).optional().describe('The `next` of the page before.'),
});

const marker = z.union([
  z.strictObject({ S: z.string().min(1) }),
  z.strictObject({ N: z.string().regex(/^-?[\d.]+$/) }),
]);

/** All rows of a partition, page by page. Expired rows are left out, so that a page may have fewer than it could. */
export async function readPartition(
  client: DynamoDBClient,
  pipeline: ServedPipeline,
  key: Key,
  { limit, after }: { limit?: string | undefined; after?: string | undefined },
  now: number,
): Promise<Page> {
  const partition = partitionAttribute(pipeline, key);
  const sort = sortName(pipeline) ?? '';
  const [name = ''] = Object.keys(partition);
  const { Items = [], LastEvaluatedKey } = await client.send(
    new QueryCommand({
      TableName: pipeline.table,
      KeyConditionExpression: '#partition = :partition',
      FilterExpression: '#ttl > :now',
      ExpressionAttributeNames: { '#partition': name, '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':partition': partition[name] ?? { S: '' },
        ':now': { N: String(Math.floor(now / 1000)) },
      },
      Limit: limit ? Number(limit) : MOST_ROWS,
      // The partition is that of the path: a token made by hand leads to no other.
      ...(after ? { ExclusiveStartKey: { ...partition, [sort]: startOf(after) } } : {}),
    }),
  );
  const last = LastEvaluatedKey?.[sort];
  return {
    predictions: Items.flatMap((item) => predictionOf(pipeline, item, now) ?? []),
    ...(last ? { next: Buffer.from(JSON.stringify(last)).toString('base64url') } : {}),
  };
}

function startOf(after: string): { S: string } | { N: string } {
  try {
    return marker.parse(JSON.parse(Buffer.from(after, 'base64url').toString('utf8')));
  } catch {
    throw badRequest([{ field: 'after', message: 'is no token of a page' }]);
  }
}

/** Whether a table has anything below a partition key, expired or not. */
export async function knowsPartition(client: DynamoDBClient, pipeline: ServedPipeline, key: Key): Promise<boolean> {
  const partition = partitionAttribute(pipeline, key);
  const [name = ''] = Object.keys(partition);
  const { Count } = await client.send(
    new QueryCommand({
      TableName: pipeline.table,
      KeyConditionExpression: '#partition = :partition',
      ExpressionAttributeNames: { '#partition': name },
      ExpressionAttributeValues: { ':partition': partition[name] ?? { S: '' } },
      Limit: 1,
      Select: 'COUNT',
    }),
  );
  return (Count ?? 0) > 0;
}
