import type { Manifest } from '#lambdas/shared/documents.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { resumeCommand } from '#lambdas/shared/message.ts';
import { holdoutFolder, manifestUri } from '#lambdas/shared/paths.ts';
import type { MlPayload } from '#lambdas/shared/payload.ts';
import { dataObjects, readJsonIfThere } from '#lambdas/shared/s3.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import type { CompiledPipeline } from '#lib/pipelines/pipeline.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';

/** Finds what the ETL has published for the day, and refuses it when its columns are not those of the definition. */
export const handler = step<MlPayload, MlPayload>(async (payload, { run }) => {
  const uri = manifestUri(run.runDate);
  const manifest = await readJsonIfThere<Manifest>(uri);
  if (!manifest) {
    const command = resumeCommand({ ...run, machine: 'etl' });
    throw stepError(
      'FeaturesMissing',
      `No tables of ${run.pipeline} are published for ${run.runDate}. Make them: ${command} --only etl`,
    );
  }
  const problems = differences(getPipeline(), manifest);
  if (problems.length)
    throw stepError(
      'FeaturesDiffer',
      `The tables published for ${run.runDate} are not those of the present definition; run the ETL again:\n${problems.join('\n')}`,
    );
  const tables = Object.fromEntries(
    Object.entries(manifest.tables).map(([name, { rows, location }]) => [name, { rows, location }]),
  );
  return {
    ...payload,
    manifest: uri,
    tables,
    presentSources: Object.keys(manifest.sources),
    ...(await holdoutTable()),
  };
});

function differences(pipeline: CompiledPipeline, manifest: Manifest): string[] {
  return Object.entries(pipeline.tables).flatMap(([name, table]) => {
    const made = manifest.tables[name];
    if (!made) return [`${name} is missing`];
    const wanted = columnTypes(table.columns);
    const missing = Object.keys(wanted).filter((column) => !made.columns[column]);
    const other = Object.keys(wanted).filter(
      (column) => made.columns[column] && made.columns[column] !== wanted[column],
    );
    const undeclared = Object.keys(made.columns).filter((column) => !wanted[column]);
    return [
      ...(missing.length ? [`${name} lacks ${missing.join(', ')}`] : []),
      ...other.map((column) => `${name}.${column} is ${made.columns[column]}, declared is ${wanted[column]}`),
      ...(undeclared.length ? [`${name} has, undeclared, ${undeclared.join(', ')}`] : []),
    ];
  });
}

async function holdoutTable(): Promise<Pick<MlPayload, 'holdoutFile'>> {
  const location = holdoutFolder();
  const objects = await dataObjects(location);
  if (!objects.length) return {};
  const csv = objects.filter(({ key }) => /\.csv(\.gz)?$/i.test(key)).length;
  if (csv && csv < objects.length)
    throw stepError('WrongInput', `The holdout at ${location} is partly CSV and partly not; use one format`);
  return { holdoutFile: { location, format: csv ? 'csv' : 'parquet' } };
}
