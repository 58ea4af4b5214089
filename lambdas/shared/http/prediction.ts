import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type Key, keyColumn } from '#lambdas/shared/http/keys.ts';
import type { ServedColumn, ServedPipeline } from '#lambdas/shared/http/serving.ts';

export type Item = Record<string, AttributeValue>;
type Value = string | number | boolean | null;

export interface Prediction {
  pipeline: string;
  key: Key;
  prediction: Record<string, Value>;
  model: string | null;
  runDate: string;
  ageDays: number;
  stale: boolean;
}

const DAY_MS = 86_400_000;

function columnSchema({ type }: ServedColumn): z.ZodType<Value> {
  if (type === 'double') return z.number().nullable();
  if (type === 'bigint' || type === 'integer') return z.int().nullable();
  if (type === 'boolean') return z.boolean().nullable();
  return z.string().nullable();
}

/** What an answer about a pipeline looks like: for the contract, and for tests that hold answers against it. */
export const predictionSchema = ({ name, key, columns }: ServedPipeline) =>
  z.strictObject({
    pipeline: z.literal(name),
    key: z.strictObject(Object.fromEntries(key.map((column) => [column.name, keyColumn(column)]))),
    prediction: z.strictObject(Object.fromEntries(columns.map((column) => [column.name, columnSchema(column)]))),
    model: z.string().nullable().describe('The model that predicted it; null where counting is enough.'),
    runDate: z.iso.date().describe('The day the prediction was made for.'),
    ageDays: z.int().min(0).describe('Days since then, by the calendar in UTC.'),
    stale: z.boolean().describe('Whether it is older than predictions of this pipeline should be.'),
  });

/** An item of the table as an answer; undefined once it has expired, which DynamoDB takes days to act on. */
export function predictionOf(pipeline: ServedPipeline, item: Item | undefined, now: number): Prediction | undefined {
  if (!item || Number(item.ttl?.N ?? 0) * 1000 <= now) return undefined;
  const pick = (columns: ServedColumn[]) => Object.fromEntries(columns.map(({ name }) => [name, plain(item[name])]));
  const runDate = item.run_date?.S ?? '';
  const ageDays = Math.max(0, Math.floor(now / DAY_MS) - Math.floor(Date.parse(runDate) / DAY_MS));
  return {
    pipeline: pipeline.name,
    key: pick(pipeline.key) as Key,
    prediction: pick(pipeline.columns),
    model: item.model?.S ?? null,
    runDate,
    ageDays,
    stale: ageDays > pipeline.freshDays,
  };
}

function plain(value: AttributeValue | undefined): Value {
  if (value?.N !== undefined) return Number(value.N);
  return value?.S ?? value?.BOOL ?? null;
}
