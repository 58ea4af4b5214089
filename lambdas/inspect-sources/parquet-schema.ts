import type { FileMetaData, SchemaElement } from 'hyparquet';
import { missingColumns } from '#lambdas/inspect-sources/findings.ts';
import type { Column, ColumnType } from '#lib/pipelines/pipeline.ts';

/**
 * What a Parquet file may hold for a declared type. Only widenings that Athena's and Spark's readers both do:
 * smaller integers as bigint, float as double, any precision of a timestamp.
 */
const ALLOWED: Record<ColumnType, RegExp> = {
  varchar: /^(text|bytes)$/,
  bigint: /^(int8|int16|int32|int64|uint8|uint16|uint32)$/,
  integer: /^(int8|int16|int32|uint8|uint16)$/,
  double: /^(float|double)$/,
  boolean: /^boolean$/,
  date: /^date$/,
  timestamp: /^timestamp/,
};

/** Every difference between a footer and the declared columns. Columns are matched by name, whatever their case. */
export function schemaProblems(footer: FileMetaData, declared: Record<string, Column>): string[] {
  const columns = new Map(topLevel(footer).map((element) => [element.name.toLowerCase(), element]));
  const wrong = Object.entries(declared).flatMap(([name, { type }]) => {
    const element = columns.get(name);
    const found = element && typeOf(element);
    return !found || ALLOWED[type].test(found) ? [] : [`column ${name} is ${found}, declared is ${type}`];
  });
  return [...missingColumns([...columns.keys()], Object.keys(declared)), ...wrong];
}

/** The schema is a flattened tree whose first element is the root; groups are followed by all that is in them. */
function topLevel({ schema }: FileMetaData): SchemaElement[] {
  const columns: SchemaElement[] = [];
  const skip = (at: number): number => {
    let next = at + 1;
    for (let i = 0; i < (schema[at]?.num_children ?? 0); i += 1) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = skip(at)) {
    const element = schema[at];
    if (element) columns.push(element);
  }
  return columns;
}

/** One word for the physical type and its annotation. */
export function typeOf({ type, logical_type, converted_type, num_children, repetition_type }: SchemaElement): string {
  if (num_children || repetition_type === 'REPEATED') return 'nested';
  const logical = logical_type?.type;
  if (logical === 'NULL') return 'without a type (every value null)';
  if (logical === 'DECIMAL' || converted_type === 'DECIMAL') return 'decimal';
  if (logical === 'TIMESTAMP' || converted_type?.startsWith('TIMESTAMP')) return 'timestamp';
  if (logical === 'TIME' || converted_type?.startsWith('TIME_')) return 'time';
  if (logical === 'DATE' || converted_type === 'DATE') return 'date';
  switch (type) {
    case 'BOOLEAN':
      return 'boolean';
    case 'FLOAT':
      return 'float';
    case 'DOUBLE':
      return 'double';
    case 'INT96':
      return 'timestamp';
    case 'INT32':
    case 'INT64':
      return integer(type, logical_type, converted_type);
    case 'BYTE_ARRAY':
      return logical === 'STRING' || logical === 'ENUM' || /^(UTF8|ENUM|JSON)$/.test(converted_type ?? '')
        ? 'text'
        : 'bytes';
    default:
      return (type ?? 'unknown').toLowerCase();
  }
}

function integer(type: 'INT32' | 'INT64', logical: SchemaElement['logical_type'], converted: string | undefined) {
  if (logical?.type === 'INTEGER') return `${logical.isSigned ? '' : 'u'}int${logical.bitWidth}`;
  const [, unsigned, bits] = /^(U?)INT_(\d+)$/.exec(converted ?? '') ?? [];
  return bits ? `${unsigned ? 'u' : ''}int${bits}` : type.toLowerCase();
}
