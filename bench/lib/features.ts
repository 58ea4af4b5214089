import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { candidateTableName, rawTableName } from '#lib/names.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';

/**
 * Writes what emr-steps/run_queries.py is asked to do for all tables of a pipeline, on files of this machine, and gives
 * the file's path. `data` has a folder for each source that a query reads, tables go to `<out>/<table>/`.
 */
export function featuresRequest(
  pipeline: CompiledPipeline,
  dialect: 'athena' | 'spark',
  data: string,
  out: string,
): string {
  const at = (...path: string[]) => pathToFileURL(join(...path)).href;
  const request = {
    runDate: '2026-11-20',
    views: Object.entries(pipeline.sources)
      .filter(([source]) => existsSync(join(data, source)))
      .map(([source, { format, columns }]) => ({
        name: rawTableName(pipeline.name, source),
        format,
        columns: columnTypes(columns),
        location: { uri: `${at(data, source)}/` },
      })),
    queries: inOrder(pipeline).map((name) => ({
      table: name,
      view: candidateTableName(pipeline.name, name),
      sql: pipeline.queries[name]?.[dialect],
      columns: columnTypes(pipeline.tables[name]?.columns ?? {}),
      partitionBy: pipeline.tables[name]?.partitionBy ?? [],
      partitionTypes: columnTypes(pipeline.tables[name]?.partitionTypes ?? {}),
      location: { uri: `${at(out, name)}/` },
    })),
    report: { uri: `${at(out, 'report')}/` },
  };
  const file = join(out, `request-${dialect}.json`);
  writeFileSync(file, JSON.stringify(request));
  return file;
}

/** Tables, each after those it reads. */
function inOrder({ tables, queries }: CompiledPipeline): string[] {
  const done: string[] = [];
  const waiting = new Set(Object.keys(tables));
  while (waiting.size)
    for (const name of waiting)
      if (!queries[name]?.tables.some((needed) => waiting.has(needed))) {
        waiting.delete(name);
        done.push(name);
      }
  return done;
}
