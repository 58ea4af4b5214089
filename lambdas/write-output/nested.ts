import { stepError } from '#lambdas/shared/errors.ts';
import type { ResultRow } from '#lambdas/write-output/athena-csv.ts';

/** Objects of objects. A Map keeps the order of its keys and takes any name, `__proto__` and `12` too. */
export type Nested = Map<string, Nested | string>;

/**
 * Puts a row into its place: each column a key one level deeper, the last one the value. OutputRejected when a key is
 * missing or the place is taken.
 */
export function place(root: Nested, row: ResultRow, columns: string[], type: string, file: string): void {
  const keys = row.slice(0, -1).map((key, i) => {
    if (key === null) throw stepError('OutputRejected', `${file}: a row has no ${columns[i]}`);
    return key;
  });
  const last = keys.pop();
  if (last === undefined) throw stepError('OutputRejected', `${file}: a nested output has a key and a value at least`);
  let at = root;
  for (const key of keys) {
    const next = at.get(key) ?? new Map();
    at.set(key, next);
    at = next as Nested;
  }
  if (at.has(last)) throw stepError('OutputRejected', `${file}: two rows have the keys ${[...keys, last].join(', ')}`);
  at.set(last, jsonValue(row.at(-1) ?? null, type));
}

/** A value of Athena's as JSON text: numbers and booleans as such, without going through a number that loses digits. */
function jsonValue(value: string | null, type: string): string {
  if (value === null) return 'null';
  if (/^(tinyint|smallint|integer|bigint|float|real|double|decimal)/.test(type)) {
    const plain = value.replace(/^\+/, '');
    return /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(plain) ? plain : 'null'; // JSON has no NaN and no Infinity
  }
  return type === 'boolean' ? value : JSON.stringify(value);
}

/** Indented by two, as JSON.stringify would. */
export function jsonText(value: Nested | string, indent = ''): string {
  if (typeof value === 'string') return value;
  if (!value.size) return '{}';
  const inner = `${indent}  `;
  const lines = [...value].map(([key, one]) => `${inner}${JSON.stringify(key)}: ${jsonText(one, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}
