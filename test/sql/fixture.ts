import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { definePipeline, type Pipeline, type PipelineInput } from '#lib/pipelines/pipeline.ts';
import { type Answer, type CompileOptions, compilePipeline } from '#lib/sql/compile.ts';
import { PythonLines } from './python-lines.ts';

type Columns = PipelineInput['tables'][string]['columns'];

/** A small pipeline about visits of users; `tables` maps a table to its columns. */
export function visits(tables: Record<string, Columns>, more: Partial<PipelineInput> = {}): Pipeline {
  return definePipeline({
    name: 'visits',
    asks: 'What do the visits of users tell?',
    engine: 'athena',
    schedule: { at: '01:00', dueBy: '02:00' },
    sources: {
      visit: {
        format: 'csv',
        key: ['visit_id'],
        date: 'day',
        columns: {
          visit_id: 'bigint',
          user_id: 'bigint',
          day: 'date',
          seconds: 'double',
          page: 'varchar',
          bought: 'boolean',
          moment: 'timestamp',
        },
      },
      person: { format: 'parquet', key: ['user_id'], columns: { user_id: 'bigint', name: 'varchar' } },
      country: { format: 'parquet', key: ['user_id'], columns: { user_id: 'bigint', code: 'varchar' } },
    },
    tables: Object.fromEntries(
      Object.entries(tables).map(([name, columns]) => [
        name,
        { zone: 'curated', key: [Object.keys(columns)[0] ?? ''], columns },
      ]),
    ),
    quality: [],
    ...more,
  });
}

/** A folder of its own for query files and cached translations, gone with `remove`. */
export function workFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'presage-sql-'));
  const options: CompileOptions = { folder: path.join(folder, 'sql'), cache: path.join(folder, 'cache') };
  mkdirSync(path.join(folder, 'sql'));
  return {
    folder,
    options,
    write(queries: Record<string, string>) {
      for (const [name, sql] of Object.entries(queries)) writeFileSync(path.join(folder, 'sql', `${name}.sql`), sql);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

let lines: PythonLines | undefined;
/** One Python for all tests of a file: its start takes longer than a hundred translations. */
const translate = (request: string) => {
  lines ??= new PythonLines(path.join(import.meta.dirname, 'translator.py'));
  return lines.ask<Answer>(request);
};

/** For `afterAll` of every file that compiles. */
export async function endTranslator(): Promise<void> {
  await lines?.close();
  lines = undefined;
}

/** Compiles queries written for the occasion. */
export async function compileQueries(pipeline: Pipeline, queries: Record<string, string>) {
  const work = workFolder();
  try {
    work.write(queries);
    return await compilePipeline(pipeline, {}, { ...work.options, translate });
  } finally {
    work.remove();
  }
}

/** The message a promise is rejected with. */
export const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );
