import type { Column } from '#lib/pipelines/pipeline.ts';
import { code, folded, table } from './markdown.ts';

/** Longer lists of columns are folded away. */
const LONG = 20;

interface Run {
  first: string;
  last: string;
  type: string;
  values: string;
}

/**
 * Columns in their order. Columns that only count on (`att1`, `att2`, …) and agree in everything else are one line, and
 * long lists are folded.
 */
export function columnTable(columns: Record<string, Column>): string {
  const rows = runs(columns).map(({ first, last, type, values }) => [
    first === last ? code(first) : `${code(first)} … ${code(last)}`,
    type,
    values,
  ]);
  const count = Object.keys(columns).length;
  const withValues = rows.some(([, , values]) => values);
  const text = withValues
    ? table(['column', 'type', 'allowed values'], rows)
    : table(
        ['column', 'type'],
        rows.map((row) => row.slice(0, 2)),
      );
  return rows.length > LONG ? folded(`${count} columns`, text) : text;
}

/** Names in their order, with the same shortening. */
export function columnNames(names: string[]): string {
  const shown = runs(Object.fromEntries(names.map((name) => [name, { type: 'varchar' as const }]))).map(
    ({ first, last }) => (first === last ? code(first) : `${code(first)} … ${code(last)}`),
  );
  return shown.length > LONG ? folded(`${names.length} columns`, shown.join(', ')) : shown.join(', ');
}

function runs(columns: Record<string, Column>): Run[] {
  const found: Run[] = [];
  for (const [name, { type, oneOf }] of Object.entries(columns)) {
    const run = { first: name, last: name, type, values: oneOf?.map((value) => code(String(value))).join(', ') ?? '' };
    const before = found.at(-1);
    if (before && before.type === type && before.values === run.values && isNext(before.last, name)) before.last = name;
    else found.push(run);
  }
  return found;
}

/** Whether a name is the other one with its last number counted on. */
function isNext(before: string, name: string): boolean {
  const [, stem, number] = /^(.*?)(\d+)$/.exec(before) ?? [];
  return number !== undefined && name === `${stem}${Number(number) + 1}`;
}
