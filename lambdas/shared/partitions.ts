import { type Pointer, replacePartitions } from '#lambdas/shared/catalog.ts';
import { dataObjects, parseUri } from '#lambdas/shared/s3.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';

/**
 * Points the run date's partitions of a catalogue table at what a run has written, and removes those of the run date
 * that it has not: a re-run may have fewer of them. Gives the number of data files.
 */
export async function pointRunDate(name: string, table: string, runDate: string, location: string): Promise<number> {
  const partitionBy = getPipeline().tables[table]?.partitionBy ?? [];
  const objects = await dataObjects(location);
  const { Key: base } = parseUri(location);
  const pointers = new Map<string, Pointer>();
  if (!partitionBy.length) pointers.set('', { values: [runDate], location });
  for (const { key } of partitionBy.length ? objects : []) {
    const folder = key.slice(base.length, key.lastIndexOf('/') + 1);
    if (!pointers.has(folder))
      pointers.set(folder, { values: [runDate, ...valuesIn(folder, partitionBy)], location: `${location}${folder}` });
  }
  await replacePartitions(name, runDate, [...pointers.values()]);
  return objects.length;
}

/** `snapshot_date=2020-02-07/` → `['2020-02-07']`; Spark and Athena escape what a path cannot hold. */
function valuesIn(folder: string, partitionBy: string[]): string[] {
  const values = new Map(
    folder.split('/').map((part) => {
      const at = part.indexOf('=');
      return [part.slice(0, at), decodeURIComponent(part.slice(at + 1))] as const;
    }),
  );
  return partitionBy.map((name) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`${folder} is no partition by ${partitionBy.join(', ')}`);
    return value;
  });
}
