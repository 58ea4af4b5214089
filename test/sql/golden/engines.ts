import path from 'node:path';
import { PythonLines } from '../python-lines.ts';
import { Trino } from './trino.ts';

export type Cell = string | number | boolean | null | Cell[];

export interface TestTable {
  columns: Record<string, string>;
  rows: Cell[][];
  /** A Parquet file with the rows, for DuckDB alone, where they are many. */
  file?: string;
}

export interface Answer {
  columns: string[];
  types: string[];
  rows: Cell[][];
}

export interface Question {
  athena: string;
  /** Left out for what only Athena runs. */
  spark?: string;
}

/** The three engines. Every question is put to each, and their answers have to be the same. */
export class Engines {
  private readonly trino: Trino;
  private readonly python: PythonEngines;

  private constructor(trino: Trino, python: PythonEngines) {
    this.trino = trino;
    this.python = python;
  }

  static async start(): Promise<Engines> {
    return new Engines(await Trino.start(), new PythonEngines());
  }

  async close(): Promise<void> {
    await Promise.all([this.trino.close(), this.python.close()]);
  }

  /** Trino's own word on a text: throws if it would refuse it. */
  async validate(sql: string): Promise<void> {
    await this.trino.query(`EXPLAIN (TYPE VALIDATE) ${sql}`);
  }

  async load(tables: Record<string, TestTable>): Promise<void> {
    for (const [name, table] of Object.entries(tables)) await this.trino.load(name, table);
  }

  /** The answers of every engine by question: all have been checked to have the same rows, whatever their order. */
  async ask(tables: Record<string, TestTable>, questions: Record<string, Question>): Promise<Record<string, Answer>> {
    await this.load(tables);
    const athena = Object.fromEntries(Object.entries(questions).map(([name, { athena }]) => [name, athena]));
    const spark = Object.fromEntries(
      Object.entries(questions).flatMap(([name, { spark }]) => (spark ? [[name, spark]] : [])),
    );
    const others = {
      duckdb: await this.python.ask('duckdb', tables, athena),
      spark: Object.keys(spark).length ? await this.python.ask('spark', tables, spark) : {},
    };
    const answers: Record<string, Answer> = {};
    for (const [name, sql] of Object.entries(athena)) {
      const answer = await this.trino.query(sql).catch((error: Error) => {
        throw new Error(`${name} on trino: ${error.message}\n${sql.slice(-2000)}`);
      });
      for (const [engine, given] of Object.entries(others)) {
        const other = given[name];
        if (!other) continue;
        if ('error' in other)
          throw new Error(
            `${name} on ${engine}: ${other.error}\n${(engine === 'spark' ? (spark[name] ?? '') : sql).slice(-2000)}`,
          );
        const difference = compare(answer, other);
        if (difference) throw new Error(`${name}: trino and ${engine} differ: ${difference}`);
      }
      answers[name] = { ...answer, rows: sorted(answer.rows) };
    }
    return answers;
  }
}

type PythonAnswer = Answer | { error: string };

/** DuckDB and Spark live in one Python process. */
export class PythonEngines {
  private readonly lines = new PythonLines(path.join(import.meta.dirname, 'engines.py'));

  ask(engine: string, tables: Record<string, TestTable>, sql: Record<string, string>) {
    return this.lines.ask<Record<string, PythonAnswer>>(JSON.stringify({ engine, tables, sql }));
  }

  close(): Promise<void> {
    return this.lines.close();
  }
}

/** What differs first, or nothing. Doubles are equal within one part in 10⁹. */
function compare(a: Answer, b: Answer): string | undefined {
  if (a.columns.join() !== b.columns.join()) return `columns ${a.columns.join()} and ${b.columns.join()}`;
  if (a.rows.length !== b.rows.length) return `${a.rows.length} and ${b.rows.length} rows`;
  const [left, right] = [sorted(a.rows), sorted(b.rows)];
  for (const [i, row] of left.entries())
    for (const [j, cell] of row.entries())
      if (!same(cell, right[i]?.[j] ?? null))
        return `row ${i} column ${a.columns[j]}: ${JSON.stringify(cell)} and ${JSON.stringify(right[i]?.[j])} in ${JSON.stringify(row).slice(0, 300)}`;
  return undefined;
}

function same(a: Cell, b: Cell): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((cell, i) => same(cell, b[i] ?? null));
  if (typeof a === 'number' && typeof b === 'number')
    return a === b || Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b));
  return a === b;
}

/** By content, numbers shortened so that the last digit of a sum does not move a row. */
function sorted(rows: Cell[][]): Cell[][] {
  const text = (row: Cell[]) =>
    JSON.stringify(row, (_, value) => (typeof value === 'number' ? value.toPrecision(8) : value));
  return rows
    .map((row) => ({ row, text: text(row) }))
    .sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
    .map(({ row }) => row);
}
