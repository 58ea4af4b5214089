import * as z from 'zod';
import { badRequest, parsedJson, textBody, valid } from '#lambdas/shared/http/body.ts';
import { isNumeric } from '#lambdas/shared/http/keys.ts';
import type { HttpEvent } from '#lambdas/shared/http/route.ts';
import { oncePerPipeline, type Scoring, type ServedColumn, type ServedPipeline } from '#lambdas/shared/http/serving.ts';
import { NO_CONTROL_CHARACTERS } from '#lambdas/shared/http/text.ts';
import { fieldsOf, lineOf } from '#lib/csv.ts';

export type Row = Record<string, string | number | boolean>;

/** Far above what is counted or measured here; models reckon with fewer digits than JSON has. */
const LARGEST = 1e15;
const LONGEST = 500;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function valueSchema(column: ServedColumn): z.ZodType<string | number | boolean> {
  if (column.type === 'double') return z.number().min(-LARGEST).max(LARGEST);
  if (isNumeric(column)) return z.int().min(-LARGEST).max(LARGEST);
  if (column.type === 'boolean') return z.boolean();
  // A line is a row to the model, so a value has no line ends.
  return z.string().min(1).max(LONGEST).regex(NO_CONTROL_CHARACTERS, 'has control characters');
}

/** A row as JSON: every feature, and nothing else. */
export const rowSchema = oncePerPipeline((pipeline) =>
  z.strictObject(Object.fromEntries(scoringOf(pipeline).features.map((column) => [column.name, valueSchema(column)]))),
);

/** Of a pipeline that the route is made for, which is one with an endpoint. */
export function scoringOf({ name, score }: ServedPipeline): Scoring {
  if (!score) throw new Error(`${name} has no endpoint`);
  return score;
}

/** The row of a request, in either form. Refuses with everything that is wrong with it. */
export function rowOf(event: HttpEvent, pipeline: ServedPipeline): Row {
  const { type, text } = textBody(event, ['application/json', 'text/csv']);
  const row = type === 'text/csv' ? csvRow(text, scoringOf(pipeline).features) : parsedJson(text);
  return valid(rowSchema(pipeline), row) as Row;
}

/** One line by the names of the features. What is no value of its column stays as it is, for the schema to refuse. */
function csvRow(text: string, features: ServedColumn[]): Record<string, unknown> {
  const lines = text.replace(/(\r\n|\n|\r)$/, '').split(/\r\n|\n|\r/);
  const fields = fieldsOf(lines[0] ?? '');
  const names = features.map(({ name }) => name);
  const wrong = [
    ...(lines.length > 1 ? [`has ${lines.length} lines: one row is scored at a time`] : []),
    ...(fields ? [] : ['has a quote that is not closed']),
    ...(fields?.some((field) => names.includes(field.trim())) ? ['begins with a header: send the values alone'] : []),
  ];
  if (fields && !wrong.length && fields.length !== names.length)
    wrong.push(`has ${fields.length} values, and the model reads ${names.length}: ${names[0]} to ${names.at(-1)}`);
  if (wrong.length || !fields) throw badRequest(wrong.map((message) => ({ field: '', message })));
  return Object.fromEntries(features.map((column, i) => [column.name, readAs(column, fields[i] ?? '')]));
}

function readAs(column: ServedColumn, field: string): unknown {
  if (column.type === 'varchar') return field === '' ? undefined : field;
  const text = field.trim();
  if (text === '') return undefined;
  if (column.type === 'boolean') return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : text;
  return NUMBER.test(text) ? Number(text) : Number.NaN;
}

/** A row as the model reads it, and as batch transform gives it to it: values in the model's order. */
export const recordOf = (row: Row, { features }: Scoring): string =>
  lineOf(features.map(({ name }) => String(row[name])));
