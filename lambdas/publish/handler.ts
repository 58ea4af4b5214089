import type { Manifest } from '#lambdas/shared/documents.ts';
import { pointRunDate } from '#lambdas/shared/partitions.ts';
import { manifestUri } from '#lambdas/shared/paths.ts';
import type { EtlPayload } from '#lambdas/shared/payload.ts';
import { publishedPredictions } from '#lambdas/shared/published-predictions.ts';
import { writeJson } from '#lambdas/shared/s3.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { tableName } from '#lib/names.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';

/**
 * Makes the accepted tables the published ones.
 *
 * Pointing partitions is one call per table, so readers of the catalogue may for a moment see a mixture. The manifest is
 * one object, written last: ML and serving read locations from it, and see the old result or the new one.
 */
export const handler = step<EtlPayload, EtlPayload>(async (payload, { run }) => {
  const pipeline = getPipeline();
  const { tables = {}, sources = {} } = payload;
  const manifest: Manifest = {
    pipeline: pipeline.name,
    runDate: run.runDate,
    execution: run.execution,
    publishedAt: new Date().toISOString(),
    tables: {},
    sources,
    predictions: await publishedPredictions(),
  };
  for (const [name, table] of Object.entries(pipeline.tables)) {
    const made = tables[name];
    if (!made) throw new Error(`Table ${name} was not made in this run`);
    await pointRunDate(tableName(pipeline.name, name), name, run.runDate, made.location);
    const { columns, partitionBy } = table;
    manifest.tables[name] = { ...made, columns: columnTypes(columns), partitionBy };
  }
  const uri = manifestUri(run.runDate);
  await writeJson(uri, manifest);
  return { ...payload, manifest: uri };
});
