import { joined } from '#lambdas/shared/branches.ts';
import type { Manifest } from '#lambdas/shared/documents.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { countRows } from '#lambdas/shared/parquet.ts';
import { pointRunDate } from '#lambdas/shared/partitions.ts';
import { manifestFolder, tableLocation } from '#lambdas/shared/paths.ts';
import type { EtlPayload, FinishedJob, Run, TableResult } from '#lambdas/shared/payload.ts';
import { listObjects, readJson, uriOf } from '#lambdas/shared/s3.ts';
import { getSettings } from '#lambdas/shared/settings.ts';
import { count, step } from '#lambdas/shared/step.ts';
import { candidateTableName } from '#lib/names.ts';

/**
 * Makes what the feature queries wrote readable as candidates: for the next queries, and for the quality checks.
 * `tables` says which job has made each: a query of its own on Athena, or a Spark job that reports on several.
 */
export const handler = step<EtlPayload, EtlPayload, { tables: Record<string, string> }>(
  async (input, { args, run }) => {
    const payload = joined(input);
    const { pipeline } = getSettings();
    const tables: Record<string, TableResult> = { ...payload.tables };
    for (const [table, by] of Object.entries(args.tables)) {
      const job = payload.jobs[by];
      if (!job) throw new Error(`No job of this run has made ${table}`);
      const location = tableLocation(run, table, job.attempts);
      const rows = job.kind === 'athena' ? (await countRows(location)).rows : (await report(job))[table]?.rows;
      if (rows === undefined) throw stepError('OutputMissing', `The report of ${job.kind} says nothing about ${table}`);
      const files = await pointRunDate(candidateTableName(pipeline, table), table, run.runDate, location);
      if (rows && !files)
        throw stepError('OutputMissing', `${table} is said to have ${rows} rows, but nothing is at ${location}`);
      tables[table] = { rows, location };
      count('TableRows', rows);
    }
    return { ...payload, tables, previousRows: await previousRows(run) };
  },
);

async function report({ output }: FinishedJob): Promise<Record<string, { rows: number }>> {
  if (!output) throw new Error('The feature job has not said where its report is');
  return (await readJson<{ tables: Record<string, { rows: number }> }>(`${output}report.json`)).tables;
}

/** Of the newest manifest of an earlier day: a re-run of a day is not compared with itself. */
async function previousRows({ runDate }: Run): Promise<Record<string, number>> {
  let newest: string | undefined;
  // Manifests are named by their day, and S3 lists in the order of names.
  for await (const object of listObjects(manifestFolder())) {
    const day = object.key.slice(object.key.lastIndexOf('/') + 1).replace('.json', '');
    if (day < runDate) newest = uriOf(object);
  }
  if (!newest) return {};
  const { tables } = await readJson<Manifest>(newest);
  return Object.fromEntries(Object.entries(tables).map(([table, { rows }]) => [table, rows]));
}
