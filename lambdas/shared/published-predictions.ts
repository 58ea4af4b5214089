import { partitionsOf } from '#lambdas/shared/catalog.ts';
import type { PublishedPredictions } from '#lambdas/shared/documents.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { predictionsTableName } from '#lib/names.ts';

/**
 * Where the catalogue says that predictions are, for Spark, which has no catalogue; nothing when no query reads them.
 *
 * Kept in the inspection and in the manifest, for the steps that start Spark: these would otherwise carry Glue's client.
 */
export async function publishedPredictions(): Promise<PublishedPredictions | undefined> {
  const { name, queries } = getPipeline();
  if (!Object.values(queries).some(({ predictions }) => predictions)) return undefined;
  const partitions = await partitionsOf(predictionsTableName(name));
  return partitions.map(({ values: [runDate = ''], location }) => ({ runDate, location }));
}
