import { boundPipeline } from '#lambdas/shared/bound.ts';
import { predictionsLocation, recordLocation, tableLocation } from '#lambdas/shared/paths.ts';
import type { EtlPayload, MlPayload } from '#lambdas/shared/payload.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import type { SourceFormat } from '#lib/pipelines/pipeline.ts';
import { metricsQuery } from '#lib/sql/metrics-sql.ts';
import { profileQuery } from '#lib/sql/profile-sql.ts';
import { qualityQuery } from '#lib/sql/quality-sql.ts';
import { predictionsQuery } from '#lib/sql/scored-sql.ts';
import { literal, withRunDate } from '#lib/sql/sql-text.ts';
import { recordQuery } from '#lib/sql/training-record-sql.ts';
import { validateQuery } from '#lib/sql/validate-sql.ts';

export type QueryArgs =
  | { query: 'profile' | 'counts' | 'quality' | 'validate' | 'metrics' | 'training-record' | 'predictions' }
  | { query: 'table'; table: string }
  | { query: 'output'; output: string };

/** The name in `jobs` of a query. */
export const queryStep = (args: QueryArgs): string =>
  args.query === 'table' ? `table-${args.table}` : args.query === 'output' ? `output-${args.output}` : args.query;

/** The text of a query, or nothing when there is nothing to ask. */
export function sqlOf(args: QueryArgs, payload: EtlPayload & MlPayload, attempt: number): string | undefined {
  const pipeline = boundPipeline(payload.start);
  const { run, inspection, tables = {}, previousRows = {}, model } = payload;
  const which = { execution: run.execution, scored: model?.use?.id ?? '' };
  switch (args.query) {
    case 'profile': {
      const sound = inspection?.sound ?? [];
      return sound.length ? profileQuery(pipeline, { formats: formats() }, run.runDate, sound) : undefined;
    }
    case 'counts': {
      const { athena = '', sources = [] } = pipeline.queries.counts ?? {};
      // What cannot be queried is told by check-sources; an optional source that is absent is a table without rows.
      if (sources.some((source) => inspection?.broken?.includes(source))) return undefined;
      return withRunDate(athena, run.runDate);
    }
    case 'output': {
      const sql = pipeline.queries[args.output]?.athena;
      if (!sql) throw new Error(`${pipeline.name} has no output ${args.output}`);
      return withRunDate(sql, run.runDate);
    }
    case 'table': {
      const sql = pipeline.queries[args.table]?.athena;
      if (!sql) throw new Error(`${pipeline.name} has no table ${args.table}`);
      const location = tableLocation(run, args.table, attempt);
      return unload(withRunDate(sql, run.runDate), location, pipeline.tables[args.table]?.partitionBy);
    }
    case 'quality':
      return qualityQuery(pipeline, Object.keys(tables), run.runDate, previousRows);
    case 'validate':
      return Object.keys(tables)
        .map(
          (table) =>
            `SELECT ${literal(table)} AS table_name, compared.* FROM (${validateQuery(pipeline, table, run.runDate)}) AS compared`,
        )
        .join('\nUNION ALL\n');
    case 'metrics':
      return metricsQuery(pipeline, which);
    case 'training-record': {
      const { challenger, evaluation, rejected } = model ?? {};
      const judged = [evaluation, rejected].find((one) => one?.model === challenger?.id);
      if (!pipeline.model || !challenger || !judged) throw new Error('No model has been trained and judged');
      return unload(recordQuery(pipeline.model, challenger, judged.metrics), recordLocation(run, attempt));
    }
    case 'predictions':
      return unload(predictionsQuery(pipeline, which, run.runDate), predictionsLocation(run, attempt));
  }
}

/** UNLOAD writes Parquet in several files; its target must be empty, which is why each attempt has its own. */
export function unload(select: string, location: string, partitionBy: string[] = []): string {
  const properties = ["format = 'PARQUET'", "compression = 'SNAPPY'"];
  if (partitionBy.length) properties.push(`partitioned_by = ARRAY[${partitionBy.map(literal).join(', ')}]`);
  return `UNLOAD (\n${select}\n)\nTO ${literal(location)}\nWITH (${properties.join(', ')})`;
}

const formats = (): Record<string, SourceFormat> =>
  Object.fromEntries(Object.entries(getSettings().sources).map(([name, { format }]) => [name, format]));
