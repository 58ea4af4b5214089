import type { Column } from '#lib/pipelines/columns.ts';

export interface BrokenReference {
  /** Of the field in the definition. */
  path: PropertyKey[];
  message: string;
}

/** Values of `oneOf` are of the column's type: texts, or whole numbers. */
export function* closed(columns: Record<string, Column>, path: PropertyKey[]): Generator<BrokenReference> {
  for (const [name, { type, oneOf }] of Object.entries(columns)) {
    if (!oneOf) continue;
    const kind = { varchar: 'string', bigint: 'number', integer: 'number' }[type as string];
    const other = oneOf.find((value) => typeof value !== kind);
    if (!kind) yield { path: [...path, name, 'oneOf'], message: `not of a ${type}; use varchar, bigint or integer` };
    else if (other !== undefined) {
      const message = `${JSON.stringify(other)} is no ${type}; use ${kind === 'number' ? 'whole numbers' : 'texts'}`;
      yield { path: [...path, name, 'oneOf', oneOf.indexOf(other)], message };
    }
  }
}

export function* withoutRunDate(columns: string[], path: PropertyKey[]): Generator<BrokenReference> {
  if (columns.includes('run_date'))
    yield { path, message: 'run_date is a partition that every table has; use another name for the column' };
}

export function* allIn(
  names: string[],
  known: string[],
  what: string,
  path: PropertyKey[],
): Generator<BrokenReference> {
  for (const [i, name] of names.entries()) yield* mustBeIn(name, known, what, [...path, i]);
}

export function* mustBeIn(
  name: string,
  known: string[],
  what: string,
  path: PropertyKey[],
): Generator<BrokenReference> {
  if (!known.includes(name)) yield { path, message: `'${name}' is no ${what} (${suggestion(name, known)})` };
}

/** "did you mean x?" when one known name is close, the list otherwise. */
export function suggestion(name: string, known: string[]): string {
  const near = known.map((k) => [distance(name, k), k] as const).sort((a, b) => a[0] - b[0])[0];
  return near && near[0] <= Math.max(2, name.length / 4) ? `did you mean ${near[1]}?` : `known: ${known.join(', ')}`;
}

/** Levenshtein's distance: one row of the table at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, x] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, y] of [...b].entries())
      next.push(Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (x === y ? 0 : 1)));
    row = next;
  }
  return row[b.length] ?? 0;
}
