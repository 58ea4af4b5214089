import { boundPipeline } from '#lambdas/shared/bound.ts';
import type { PublishedPredictions } from '#lambdas/shared/documents.ts';
import { reportFolder, tableLocation } from '#lambdas/shared/paths.ts';
import type { EtlPayload, TableResult } from '#lambdas/shared/payload.ts';
import { readJson } from '#lambdas/shared/s3.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { candidateTableName, predictionsTableName, rawTableName } from '#lib/names.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';

/** A place in S3 that a script may touch; what is not marked like this in a request, it does not know of. */
export interface DataLocation {
  uri: string;
  access: 'read' | 'write';
}

export const read = (uri: string): DataLocation => ({ uri, access: 'read' });
export const write = (uri: string): DataLocation => ({ uri, access: 'write' });

/** The raw sources that some queries read, under the names of the catalogue. One that is absent has no location. */
export function rawViews(queries: string[], present: string[]) {
  const pipeline = getPipeline();
  const names = [...new Set(queries.flatMap((query) => pipeline.queries[query]?.sources ?? []))];
  return names.map((name) => {
    const where = getSettings().sources[name];
    const source = pipeline.sources[name];
    if (!where || !source) throw new Error(`${pipeline.name} reads ${name}, which is no source of it`);
    return {
      name: rawTableName(pipeline.name, name),
      format: where.format,
      columns: columnTypes(source.columns),
      location: present.includes(name) ? read(where.location) : null,
    };
  });
}

/** Tables there are already and some queries read, under the names the queries know them by. */
export function tableViews(queries: string[], published: Record<string, TableResult>) {
  const pipeline = getPipeline();
  const named = [...new Set(queries.flatMap((query) => pipeline.queries[query]?.tables ?? []))];
  // What the same queries make they read without being told where it is.
  const names = named.filter((name) => !queries.includes(name));
  return names.map((name) => {
    const table = pipeline.tables[name];
    const found = published[name];
    if (!table || !found) throw new Error(`${pipeline.name} reads ${name}, which this run has not published`);
    return {
      name: candidateTableName(pipeline.name, name),
      format: 'parquet' as const,
      columns: columnTypes(table.columns),
      partitionTypes: columnTypes(table.partitionTypes),
      runDate: true,
      location: read(found.location),
    };
  });
}

/** The published predictions of all run dates, when some query reads them. `known` is a JSON object that says where. */
export async function predictionViews(queries: string[], known: string | undefined) {
  const pipeline = getPipeline();
  if (!pipeline.predictions || !queries.some((query) => pipeline.queries[query]?.predictions)) return [];
  if (!known) throw new Error('Nobody has said where the predictions of earlier run dates are');
  const { predictions = [] } = await readJson<{ predictions?: PublishedPredictions }>(known);
  return [
    {
      name: predictionsTableName(pipeline.name),
      format: 'parquet' as const,
      columns: columnTypes(pipeline.predictions.columns),
      runDates: predictions.map(({ runDate, location }) => ({ runDate, location: read(location) })),
    },
  ];
}

/** What run_queries.py is asked for: these tables of the pipeline (all, unless named), each after those it reads. */
export async function queriesRequest(payload: EtlPayload, step: string, attempt: number, only?: string[]) {
  const { run, start, inspection, tables = {} } = payload;
  const pipeline = boundPipeline(start);
  const order = dependencyOrder(pipeline).filter((table) => !only || only.includes(table));
  return {
    runDate: run.runDate,
    views: [
      ...rawViews(order, inspection?.sound ?? []),
      ...tableViews(order, tables),
      ...(await predictionViews(order, inspection?.uri)),
    ],
    queries: order.map((table) => {
      const { columns, partitionBy, partitionTypes } = tableOf(pipeline, table);
      return {
        table,
        view: candidateTableName(pipeline.name, table),
        sql: pipeline.queries[table]?.spark ?? '',
        columns: columnTypes(columns),
        partitionBy,
        partitionTypes: columnTypes(partitionTypes),
        location: write(tableLocation(run, table, attempt)),
      };
    }),
    report: write(reportFolder(run, `${step}-${attempt}`)),
  };
}

function tableOf(pipeline: CompiledPipeline, name: string) {
  const table = pipeline.tables[name];
  if (!table || !pipeline.queries[name]) throw new Error(`${pipeline.name} has no query for ${name}`);
  return table;
}

/** Tables, each after the ones it reads. */
export function dependencyOrder(pipeline: CompiledPipeline): string[] {
  const done: string[] = [];
  const visit = (table: string, path: string[]) => {
    if (done.includes(table)) return;
    if (path.includes(table)) throw new Error(`${pipeline.name}: ${[...path, table].join(' reads ')}`);
    for (const other of pipeline.queries[table]?.tables ?? []) visit(other, [...path, table]);
    done.push(table);
  };
  for (const table of Object.keys(pipeline.tables)) visit(table, []);
  return done;
}
