import type { Series } from './measure.ts';

/** A figure that is compared with what we aim at. */
export interface Verdict {
  what: string;
  value: number;
  aim: { atLeast: number } | { atMost: number };
  unit?: string;
}

export const isMet = ({ value, aim }: Verdict) => ('atLeast' in aim ? value >= aim.atLeast : value <= aim.atMost);

/** `push, rows per second: 14.2 (aim: at least 10) ok` */
export function verdictLine(verdict: Verdict): string {
  const { what, value, aim, unit = '' } = verdict;
  const wanted = 'atLeast' in aim ? `at least ${aim.atLeast}` : `at most ${aim.atMost}`;
  return `${what}: ${figure(value)}${unit} (aim: ${wanted}${unit}) ${isMet(verdict) ? 'ok' : 'missed'}`;
}

/** Three digits that count, never an exponent. */
export function figure(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toFixed(Math.min(digits, 3));
}

/** Columns under a head, the first to the left, the others, figures, to the right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const lines = [head, ...rows].map((row) => row.map((cell) => (typeof cell === 'number' ? figure(cell) : cell)));
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`)
    .join('\n');
}

export const seriesRow = (what: string, { median, min, max }: Series): (string | number)[] => [what, median, min, max];
