import { countProblems, profileProblems } from '#lambdas/check-sources/problems.ts';
import { joined } from '#lambdas/shared/branches.ts';
import type { Inspection } from '#lambdas/shared/documents.ts';
import { stepError } from '#lambdas/shared/errors.ts';
import { NO_JOB } from '#lambdas/shared/jobs.ts';
import type { EtlPayload, FinishedJob, SourceCounts } from '#lambdas/shared/payload.ts';
import { queryRows } from '#lambdas/shared/query-results.ts';
import { readJson } from '#lambdas/shared/s3.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { count, step } from '#lambdas/shared/step.ts';
import { readProfile } from '#lib/sql/profile-sql.ts';

/** Step Functions keeps 32 KB of a cause; a schema that changed as a whole is told by its first hundred columns. */
const MOST_LINES = 100;

/** Judges the sources: everything wrong with any of them, in their files and in their rows, is one message. */
export const handler = step<EtlPayload, EtlPayload>(async (input, { run }) => {
  const payload = joined(input);
  const { inspection, jobs } = payload;
  const profile = jobs.profile;
  if (!inspection || !profile) throw new Error('The sources were neither inspected nor profiled');
  const pipeline = getPipeline();
  const { problems } = await readJson<Inspection>(inspection.uri);
  const profiles = profile.id === NO_JOB ? {} : readProfile(await queryRows(profile.id));
  const counts = await counted(jobs.counts, Object.keys(pipeline.counts));
  const lines = [
    ...problems.map(({ message }) => message),
    ...Object.values(profiles).flatMap((found) => profileProblems(pipeline, found, run.runDate)),
    ...(counts ? countProblems(pipeline, counts, profiles, payload.start.parameters) : []),
  ];
  if (lines.length) {
    const head = lines.length === 1 ? '1 problem' : `${lines.length} problems`;
    const more = lines.length > MOST_LINES ? `\n… and ${lines.length - MOST_LINES} more` : '';
    const shown = lines.slice(0, MOST_LINES).join('\n');
    throw stepError('SourcesRejected', `${head} with the sources of ${pipeline.name}:\n${shown}${more}`);
  }
  const sources: Record<string, SourceCounts> = {};
  for (const [name, { rows, duplicates, withoutKey, afterRunDate }] of Object.entries(profiles)) {
    sources[name] = { rows, duplicates, withoutKey, afterRunDate };
    count('SourceRows', rows);
  }
  return { ...payload, sources, ...(counts ? { counts } : {}) };
});

/** The one row of the pipeline's own query. Nothing when it could not be asked, because a source is broken. */
async function counted(job: FinishedJob | undefined, names: string[]): Promise<Record<string, number> | undefined> {
  if (!names.length || job?.id === NO_JOB) return undefined;
  if (!job) throw new Error('The counts of the sources were not asked for');
  const [row] = await queryRows(job.id);
  if (!row) throw new Error('The query of the counts gave no row');
  return Object.fromEntries(names.map((name) => [name, Number(row[name] ?? 0)]));
}
