import { alignColumns } from '#lambdas/inspect-sources/raw-table.ts';
import { inspectSource } from '#lambdas/inspect-sources/source.ts';
import type { Inspection } from '#lambdas/shared/documents.ts';
import { inspectionUri } from '#lambdas/shared/paths.ts';
import type { EtlPayload } from '#lambdas/shared/payload.ts';
import { publishedPredictions } from '#lambdas/shared/published-predictions.ts';
import { writeJson } from '#lambdas/shared/s3.ts';
import { getPipeline, getSettings } from '#lambdas/shared/settings.ts';
import { count, step } from '#lambdas/shared/step.ts';
import { rawTableName } from '#lib/names.ts';

/**
 * Looks at the raw files before any query does: there, readable, with the declared columns and types.
 *
 * Problems are collected for check-sources, which tells all of them at once. Only sources without one are profiled: a
 * query over an unreadable file would fail with the engine's words about the first thing it met.
 */
export const handler = step<EtlPayload, EtlPayload>(async (payload, { run }) => {
  const pipeline = getPipeline();
  const inspection: Inspection = { problems: [], sources: {} };
  const notices: string[] = [];
  const sound: string[] = [];
  const broken: string[] = [];
  for (const [name, source] of Object.entries(pipeline.sources)) {
    const where = getSettings().sources[name];
    if (!where) throw new Error(`The function was deployed without a location for source ${name}`);
    const { findings, header, rows, objects, bytes, ...found } = await inspectSource(name, source, where);
    notices.push(...found.notices);
    inspection.problems.push(...findings.problems);
    if (findings.found) broken.push(name);
    if (!objects) continue;
    inspection.sources[name] = { format: where.format, objects, bytes, rows };
    if (findings.found) continue;
    sound.push(name);
    if (header && (await alignColumns(rawTableName(pipeline.name, name), header)))
      notices.push(`${name}: the catalogue's columns were put into the order of the files`);
  }
  count('SourceProblems', inspection.problems.length);
  inspection.predictions = await publishedPredictions();
  const uri = inspectionUri(run);
  await writeJson(uri, inspection);
  return { ...payload, inspection: { uri, sound, broken }, notices: [...payload.notices, ...notices] };
});
