import { candidateTableName, predictionsTableName, rawTableName } from '#lib/names.ts';
import type { CompiledPipeline, Pipeline } from '#lib/pipelines/pipeline.ts';
import { compilePipeline } from '#lib/sql/compile.ts';
import { columnTypes, tableColumns, withParameters, withRunDate } from '#lib/sql/sql-text.ts';
import { type Answer, type Cell, PythonEngines, type TestTable } from '../../sql/golden/engines.ts';

export type Row = Record<string, Cell>;

export interface Given {
  runDate?: string;
  parameters?: Record<string, string>;
  /** Published predictions, with the `run_date` of each. */
  predictions?: Row[];
  /** Names of what is wanted, when not everything is: only that and the tables it is made of are computed. */
  only?: string[];
}

/** Rows of a source, or a Parquet file that has them. */
export type SourceRows = Row[] | { file: string };

/** Runs the queries of a pipeline on DuckDB as the local Athena uses it. One process until `close`. */
export class Queries {
  private readonly pipeline: Pipeline;
  readonly python = new PythonEngines();

  constructor(pipeline: Pipeline) {
    this.pipeline = pipeline;
  }

  close(): Promise<void> {
    return this.python.close();
  }

  /**
   * What the compiled queries make of the sources: the rows of every table, of `counts`, `training` and `inference`, and
   * of every output that is made of tables, by name. Columns that a row of a source leaves out are null; sources that
   * are left out are empty.
   */
  async run(
    sources: Record<string, SourceRows>,
    { runDate = '2026-11-20', parameters = {}, predictions = [], only }: Given = {},
  ): Promise<Record<string, Row[]>> {
    const { pipeline } = this;
    const compiled = await compilePipeline(pipeline);
    const database = { ...rawTables(pipeline, sources), ...publishedPredictions(pipeline, predictions) };
    const made: Record<string, Row[]> = {};
    const text = (name: string) =>
      withRunDate(withParameters(compiled.queries[name]?.athena ?? '', pipeline, parameters), runDate);
    const ask = async (names: string[]) => {
      const answers = await this.ask(database, Object.fromEntries(names.map((name) => [name, text(name)])));
      for (const [name, answer] of Object.entries(answers)) made[name] = objects(answer);
      return answers;
    };
    const wanted = only && needed(compiled, only);
    const those = (names: string[]) => names.filter((name) => compiled.queries[name] && (!wanted || wanted.has(name)));
    for (const level of levels(compiled)
      .map(those)
      .filter((names) => names.length))
      for (const [name, answer] of Object.entries(await ask(level))) {
        const types = tableColumns(pipeline.tables[name] ?? noTable(name));
        database[candidateTableName(pipeline.name, name)] = {
          columns: { ...types, run_date: 'date' },
          rows: answer.rows.map((row) => [...row, runDate]),
        };
      }
    const others = [...Object.keys(pipeline.outputs), 'counts', 'training', 'inference'];
    const last = those(others).filter((name) => !compiled.queries[name]?.predictions);
    if (last.length) await ask(last);
    return made;
  }

  private async ask(tables: Record<string, TestTable>, sql: Record<string, string>): Promise<Record<string, Answer>> {
    const answers = await this.python.ask('duckdb', tables, sql);
    for (const [name, answer] of Object.entries(answers))
      if ('error' in answer) throw new Error(`${name}: ${answer.error}\n${sql[name]?.slice(-2000)}`);
    return answers as Record<string, Answer>;
  }
}

function rawTables(pipeline: Pipeline, sources: Record<string, SourceRows>): Record<string, TestTable> {
  return Object.fromEntries(
    Object.entries(pipeline.sources).map(([name, source]) => {
      const declared = columnTypes(source.columns);
      const text = source.format === 'csv';
      const columns = text ? Object.fromEntries(Object.keys(declared).map((column) => [column, 'varchar'])) : declared;
      const cell = (value: Cell | undefined): Cell => (text && value != null ? String(value) : (value ?? null));
      const given = sources[name] ?? [];
      const table = Array.isArray(given)
        ? { columns, rows: given.map((row) => Object.keys(columns).map((column) => cell(row[column]))) }
        : { columns, rows: [], file: given.file };
      return [rawTableName(pipeline.name, name), table];
    }),
  );
}

function publishedPredictions({ name, model, predictions }: Pipeline, rows: Row[]): Record<string, TestTable> {
  if (!model || !predictions) return {};
  const columns: Record<string, string> = { ...columnTypes(predictions.columns), run_date: 'date' };
  const cells = rows.map((row) => Object.keys(columns).map((column) => row[column] ?? null));
  return { [predictionsTableName(name)]: { columns, rows: cells } };
}

/** The names of queries and of the tables that they are made of. */
function needed({ queries }: CompiledPipeline, names: string[]): Set<string> {
  const found = new Set<string>();
  for (const left = [...names]; left.length; ) {
    const name = left.pop() as string;
    if (!queries[name]) throw new Error(`${name} is no query`);
    if (!found.has(name)) left.push(...queries[name].tables);
    found.add(name);
  }
  return found;
}

/** Names of tables in the order in which they can be made. */
function levels({ tables, queries }: CompiledPipeline): string[][] {
  const left = new Set(Object.keys(tables));
  const found: string[][] = [];
  while (left.size) {
    const level = [...left].filter((name) => !queries[name]?.tables.some((needed) => left.has(needed)));
    for (const name of level) left.delete(name);
    found.push(level);
  }
  return found;
}

const objects = ({ columns, rows }: Answer): Row[] =>
  rows.map((row) => Object.fromEntries(columns.map((column, i) => [column, row[i] ?? null])));

function noTable(name: string): never {
  throw new Error(`${name} is no table`);
}
