import type { Problem } from '#site/logic/values.ts';
import type { LookUp, LookUpColumn } from '#site/page-data.ts';

export type Query =
  /** One prediction. */
  | { kind: 'one'; path: string }
  /** All predictions below the first part of a key, page by page. */
  | { kind: 'list'; path: string }
  /** One prediction whose key no path can have in it. */
  | { kind: 'batch'; path: string; body: { keys: Record<string, string | number>[] } };

export const PAGE_ROWS = 20;

const isNumeric = ({ type }: LookUpColumn) => type === 'bigint' || type === 'integer';

/** What to ask the API for the key that was typed: of several parts all, or the first alone. */
export function queryOf({ pipeline, key }: LookUp, text: (name: string) => string): Query | { problems: Problem[] } {
  const parts = key.map((column) => ({ column, text: text(column.name).trim() }));
  const given = parts.filter((part) => part.text);
  const [first] = parts;
  const problems = [
    ...(first?.text ? [] : [{ field: first?.column.name ?? '', message: 'is missing' }]),
    ...given
      .filter((part) => isNumeric(part.column) && !isWhole(part.text))
      .map(({ column }) => ({
        field: column.name,
        message: 'has to be a whole number',
      })),
    ...(given.length > 1
      ? parts
          .slice(1)
          .filter((part) => !part.text)
          .map(({ column }) => ({ field: column.name, message: 'is missing' }))
      : []),
  ];
  if (problems.length) return { problems };
  const path = `/predictions/${pipeline}`;
  const whole = given.length === key.length;
  // A slash in a path is one between two parts, whether it is encoded or not; `.` and `..` the browser takes away.
  const inPath = given.every((part) => !/\/|^\.{1,2}$/.test(part.text));
  const below = `${path}/${given.map((part) => encodeURIComponent(part.text)).join('/')}`;
  if (inPath) return { kind: whole ? 'one' : 'list', path: below };
  if (!whole)
    return { problems: [{ field: first?.column.name ?? '', message: 'has a slash in it: give the other parts too' }] };
  const asked = given.map((part) => [part.column.name, isNumeric(part.column) ? Number(part.text) : part.text]);
  return { kind: 'batch', path, body: { keys: [Object.fromEntries(asked)] } };
}

const isWhole = (text: string) => /^-?(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text));
