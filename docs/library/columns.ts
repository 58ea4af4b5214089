import type { Column } from '#lib/pipelines/pipeline.ts';
import { code, codes, folded, table } from './markdown.ts';

/** Longer lists of columns are folded away. */
const LONG = 20;

interface Run {
  names: string[];
  type: string;
  values: string;
}

/**
 * Columns in their order. Columns that only count on (`att1`, `att2`, …) and agree in everything else are one line, and
 * long lists are folded.
 */
export function columnTable(columns: Record<string, Column>): string {
  const rows = runs(columns).map(({ names, type, values }) => [shortened(names), type, values]);
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
  const columns = Object.fromEntries(names.map((name) => [name, { type: 'varchar' as const }]));
  const shown = runs(columns).map((run) => shortened(run.names));
  return shown.length > LONG ? folded(`${names.length} columns`, shown.join(', ')) : shown.join(', ');
}

const shortened = (names: string[]) =>
  names.length > 2 ? `${code(names[0] ?? '')} … ${code(names.at(-1) ?? '')}` : codes(names);

function runs(columns: Record<string, Column>): Run[] {
  const found: Run[] = [];
  for (const [name, { type, oneOf }] of Object.entries(columns)) {
    const values = oneOf?.map((value) => code(String(value))).join(', ') ?? '';
    const run = found.at(-1);
    if (run && run.type === type && run.values === values && isNext(run.names.at(-1) ?? '', name)) run.names.push(name);
    else found.push({ names: [name], type, values });
  }
  return found;
}

/** Whether a name is the other one with its last number counted on. */
function isNext(before: string, name: string): boolean {
  const [, stem, number] = /^(.*?)(\d+)$/.exec(before) ?? [];
  return number !== undefined && name === `${stem}${Number(number) + 1}`;
}
