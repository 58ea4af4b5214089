import type { Pipeline } from '#lib/pipelines/pipeline.ts';
import type { SourceProfile } from '#lib/sql/profile-sql.ts';

const DAY = 86_400_000;

/** Whole days from one day to a later one, both YYYY-MM-DD. */
export const daysBetween = (from: string, to: string) => Math.round((Date.parse(to) - Date.parse(from)) / DAY);

/** What is wrong with the content of a source that can be read. One line each. */
export function profileProblems(pipeline: Pipeline, profile: SourceProfile, runDate: string): string[] {
  const { source: name, rows, withoutKey, afterRunDate, newest, unreadable, unknown } = profile;
  const source = pipeline.sources[name];
  if (!source) throw new Error(`${pipeline.name} has no source ${name}`);
  const problems: string[] = [];
  if (unreadable)
    problems.push(`${unreadable} value(s) do not parse as their type, for example ${profile.unreadableExample}`);
  if (!rows) {
    const why = [
      afterRunDate ? `${afterRunDate} row(s) are dated after the run date ${runDate}` : '',
      withoutKey
        ? `${withoutKey} row(s) have no ${[...new Set([...source.key, ...(source.date ? [source.date] : [])])].join(', ')}`
        : '',
    ].filter(Boolean);
    problems.push(`is empty: no row to read${why.length ? ` (${why.join('; ')})` : ''}`);
  } else if (source.date && source.lateByDays !== undefined) {
    const late = newest ? daysBetween(newest, runDate) : Number.POSITIVE_INFINITY;
    if (late > source.lateByDays)
      problems.push(
        `is too old: its newest ${source.date} is ${newest ?? 'none'}, ${late} days before the run date ${runDate}, and at most ${source.lateByDays} days are allowed`,
      );
  }
  for (const [column, { count, example }] of Object.entries(unknown)) {
    const allowed = source.columns[column]?.oneOf?.join(', ');
    problems.push(
      `column ${column}: ${count} row(s) with an unknown value, for example ${JSON.stringify(example)} (allowed: ${allowed})`,
    );
  }
  return problems.map((problem) => `${name}: ${problem}`);
}

/** Which of the pipeline's own counts are more or less than its definition allows. One line each. */
export function countProblems(
  { counts }: Pick<Pipeline, 'counts'>,
  found: Record<string, number>,
  profiles: Record<string, Pick<SourceProfile, 'rows'>>,
  parameters: Record<string, string> = {},
): string[] {
  const given = Object.entries(parameters).map(([name, text]) => ` for ${name} ${JSON.stringify(text.slice(0, 100))}`);
  return Object.entries(counts).flatMap(([name, { says, atMost, atLeast }]) => {
    const value = found[name] ?? 0;
    const problems: string[] = [];
    if (atMost) {
      // The profile's rows, before repeated ones are reduced to one. A source without rows is a problem of its own.
      const rows = profiles[atMost.of]?.rows ?? 0;
      if (rows && value > atMost.share * rows)
        problems.push(
          `${percent(value / rows)} of the ${rows} rows of ${atMost.of}, at most ${percent(atMost.share)} are allowed`,
        );
    }
    if (atLeast !== undefined && value < atLeast) problems.push(`at least ${atLeast} are needed${given.join('')}`);
    return problems.map((problem) => `${says} (${name}): ${value}; ${problem}`);
  });
}

const percent = (share: number) => `${Number((share * 100).toPrecision(3))} %`;
