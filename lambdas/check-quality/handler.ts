import { stepError } from '#lambdas/shared/errors.ts';
import { NO_JOB } from '#lambdas/shared/jobs.ts';
import type { EtlPayload } from '#lambdas/shared/payload.ts';
import { queryRows } from '#lambdas/shared/query-results.ts';
import { getPipeline } from '#lambdas/shared/settings.ts';
import { step } from '#lambdas/shared/step.ts';
import { type RuleResult, readQuality } from '#lib/sql/quality-sql.ts';

/** Judges the candidates by the pipeline's rules. Nothing is published when one is broken; all that are broken are told. */
export const handler = step<EtlPayload, EtlPayload>(async (payload) => {
  const { jobs, previousRows = {} } = payload;
  if (!jobs.quality) throw new Error('The quality query has not run');
  if (jobs.quality.id === NO_JOB) return payload;
  const pipeline = getPipeline();
  const results = readQuality(pipeline, await queryRows(jobs.quality.id));
  if (results.length < pipeline.quality.length)
    throw new Error(`The quality query answered for ${results.length} of ${pipeline.quality.length} rules`);
  const broken = results.filter(({ violations }) => violations > 0).map(describe);
  if (broken.length)
    throw stepError(
      'QualityRejected',
      `${broken.length} quality rule(s) of ${pipeline.name} broken, nothing was published:\n${broken.join('\n')}`,
    );
  const unknown = pipeline.quality.filter(
    ({ rule, table }) => rule === 'rowsAgainstPreviousRun' && previousRows[table] === undefined,
  );
  const notices = unknown.map(({ table }) => `${table}: no earlier day to compare the number of rows with`);
  return { ...payload, notices: [...payload.notices, ...notices] };
});

function describe({ rule, violations, example, lowest, highest }: RuleResult): string {
  const such = example ? `, for example ${example}` : '';
  switch (rule.rule) {
    case 'notNull':
      return `${rule.table}.${rule.column} is null in ${violations} row(s)${such}`;
    case 'between':
      return `${rule.table}.${rule.column} is not between ${rule.min} and ${rule.max} in ${violations} row(s): ${lowest} to ${highest}${such}`;
    case 'uniqueKey':
      return `${rule.table} has ${violations} key(s) more than once, at most ${highest} times${such}`;
    case 'rowsAgainstPreviousRun':
      return `${rule.table} has ${lowest} rows, the previous run had ${highest}; at least ${rule.minRatio * 100} % are asked for`;
  }
}
