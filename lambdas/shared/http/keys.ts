import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { type FieldProblem, Refusal } from '#lambdas/shared/http/answer.ts';
import { badRequest, problemsOf } from '#lambdas/shared/http/body.ts';
import { oncePerPipeline, type ServedColumn, type ServedPipeline } from '#lambdas/shared/http/serving.ts';

/** The values of the key columns of one prediction, by name. */
export type Key = Record<string, string | number>;

/** Bytes DynamoDB allows in the two parts of a key. */
const PARTITION_BYTES = 2048;
const SORT_BYTES = 1024;

export const isNumeric = ({ type }: ServedColumn) => type === 'bigint' || type === 'integer' || type === 'double';

/** One key column as JSON. Whole numbers are those that JSON's readers hold exactly: up to 2^53 - 1. */
export function keyColumn(column: ServedColumn): z.ZodType<string | number> {
  if (column.type === 'double') return z.number();
  return isNumeric(column) ? z.int() : z.string().min(1).max(PARTITION_BYTES);
}

function schemaOf(key: ServedColumn[]) {
  return z
    .strictObject(Object.fromEntries(key.map((column) => [column.name, keyColumn(column)])))
    .superRefine((value, context) => {
      for (const { field, message } of tooLong(key, value))
        context.addIssue({ code: 'custom', path: [field], message });
    });
}

/** The key of one prediction as JSON: every column, and nothing else. */
export const keySchema = oncePerPipeline(({ key }) => schemaOf(key));
/** Its first column alone. */
const partitionSchema = oncePerPipeline(({ key }) => schemaOf(key.slice(0, 1)));

/** A key is two strings of limited bytes to DynamoDB, and the sort key may be several columns. */
function tooLong([partition, ...sort]: ServedColumn[], value: Key): FieldProblem[] {
  const parts = [
    { columns: partition ? [partition] : [], limit: PARTITION_BYTES },
    { columns: sort, limit: SORT_BYTES },
  ];
  return parts.flatMap(({ columns, limit }) => {
    const bytes = Buffer.byteLength(columns.map(({ name }) => value[name] ?? '').join('#'));
    return bytes > limit ? [{ field: columns.at(-1)?.name ?? '', message: `has more than ${limit} bytes` }] : [];
  });
}

/** Key columns as text, in the order of the definition: all of them, or the first alone for all rows below it. */
export function keyOf(pipeline: ServedPipeline, parts: string[]): { key: Key; whole: boolean } {
  const { key: columns } = pipeline;
  const whole = parts.length === columns.length;
  if (!whole && parts.length !== 1) {
    const names = columns.map(({ name }) => `{${name}}`).join('/');
    throw new Refusal(400, `The key of ${pipeline.name} is ${names}: ${parts.length} parts are none.`);
  }
  const asked = columns.slice(0, parts.length);
  const values = Object.fromEntries(asked.map((column, i) => [column.name, written(column, parts[i] ?? '')]));
  const parsed = (whole ? keySchema : partitionSchema)(pipeline).safeParse(values);
  if (!parsed.success) throw badRequest(problemsOf(parsed.error));
  return { key: parsed.data, whole };
}

/** The same of a path. A key with a slash in it cannot be told from two parts, and is asked for in a body. */
export function keyOfPath(pipeline: ServedPipeline, path: string): { key: Key; whole: boolean } {
  // The gateway decodes a path once, except for the percent sign itself.
  return keyOf(
    pipeline,
    path.split('/').map((part) => part.replaceAll('%25', '%')),
  );
}

/** Numbers as people write them; anything else stays text, which the schema then refuses for a number. */
const written = (column: ServedColumn, text: string): string | number =>
  isNumeric(column) && /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : text;

/** Name of the sort key attribute: the second column or, of several, one attribute `b#c` with the value `x#y`. */
export const sortName = ({ key }: ServedPipeline): string | undefined =>
  key.length > 1
    ? key
        .slice(1)
        .map(({ name }) => name)
        .join('#')
    : undefined;

export function partitionAttribute({ key: [column] }: ServedPipeline, key: Key): Record<string, AttributeValue> {
  return column ? { [column.name]: attribute(column, key[column.name] ?? '') } : {};
}

/** The key of the item in the pipeline's table. */
export function tableKey(pipeline: ServedPipeline, key: Key): Record<string, AttributeValue> {
  const [, ...others] = pipeline.key;
  const [second] = others;
  const name = sortName(pipeline);
  if (!second || !name) return partitionAttribute(pipeline, key);
  const sort =
    others.length > 1
      ? { S: others.map((column) => key[column.name]).join('#') }
      : attribute(second, key[second.name] ?? '');
  return { ...partitionAttribute(pipeline, key), [name]: sort };
}

const attribute = (column: ServedColumn, value: string | number): AttributeValue =>
  isNumeric(column) ? { N: String(value) } : { S: String(value) };
