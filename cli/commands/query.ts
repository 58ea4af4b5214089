import { type QueryResult, runQuery } from '#cli/athena.ts';
import { openTarget } from '#cli/commands/local-environment.ts';
import type { Context } from '#cli/context.ts';
import { lineOf } from '#lib/csv.ts';

export interface QueryOptions {
  env: string;
  state?: string;
  format: 'table' | 'csv' | 'json';
}

/** `presage query SQL`: through the environment's Athena, as any client would ask it. */
export async function query(context: Context, sql: string, options: QueryOptions): Promise<number> {
  const target = await openTarget(context, options);
  const result = await runQuery(context, target, sql);
  process.stdout.write(formatted(result, options.format));
  return 0;
}

export function formatted(result: QueryResult, format: QueryOptions['format']): string {
  if (format === 'json') return `${JSON.stringify(objects(result), null, 2)}\n`;
  if (format === 'csv') {
    const lines = [result.columns.map(({ name }) => name), ...result.rows];
    return lines.map((line) => `${lineOf(line)}\n`).join('');
  }
  return table(result);
}

const objects = ({ columns, rows }: QueryResult) =>
  rows.map((row) => Object.fromEntries(columns.map(({ name, type }, i) => [name, typed(row[i] ?? null, type)])));

/** Numbers that JavaScript holds exactly, and booleans; everything else stays text. */
function typed(value: string | null, type: string): string | number | boolean | null {
  if (value === null) return null;
  if (type === 'boolean') return value === 'true';
  if (!/^(tinyint|smallint|integer|bigint|float|real|double)$/.test(type)) return value;
  const number = Number(value);
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : value;
}

/** Columns as wide as their widest value, numbers to the right. */
function table({ columns, rows }: QueryResult): string {
  const cells = rows.map((row) => row.map((value) => value ?? 'NULL'));
  const widths = columns.map(({ name }, i) => Math.max(name.length, ...cells.map((row) => (row[i] ?? '').length)));
  const isNumber = columns.map(({ type }) => /^(tinyint|smallint|integer|bigint|float|real|double|decimal)/.test(type));
  const line = (values: string[]) =>
    values
      .map((value, i) => (isNumber[i] ? value.padStart(widths[i] ?? 0) : value.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  const head = [line(columns.map(({ name }) => name)), line(widths.map((width) => '-'.repeat(width)))];
  const foot = `(${rows.length} row${rows.length === 1 ? '' : 's'})`;
  return `${[...(columns.length ? head : []), ...cells.map(line), foot].join('\n')}\n`;
}
