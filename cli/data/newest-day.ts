import { QueryFailed, runQuery } from '#cli/athena.ts';
import type { Context } from '#cli/context.ts';
import type { Target } from '#cli/target.ts';
import { rawTableName } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

const DAY = 86_400_000;

/**
 * The run date when none is named: the newest day in the sources that have a date, or the day after it where the
 * definition says so. A source that is missing or cannot be read is left out: the run itself says what is wrong with it.
 * No day at all: today in UTC, as a name only.
 */
export async function newestDay(context: Context, target: Target, pipeline: Pipeline): Promise<string> {
  const days = await Promise.all(
    Object.entries(pipeline.sources).map(async ([source, { date }]) =>
      date ? newestIn(context, target, rawTableName(pipeline.name, source), date) : undefined,
    ),
  );
  const newest = days
    .filter((day) => day !== undefined)
    .sort()
    .at(-1);
  if (!newest) return dayOf(Date.now());
  return pipeline.defaultRunDate === 'dayAfterNewest' ? dayOf(Date.parse(newest) + DAY) : newest;
}

const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);

async function newestIn(context: Context, target: Target, table: string, column: string): Promise<string | undefined> {
  // Through text, because the same column is text in CSV tables and a date or a timestamp in Parquet ones.
  const sql = `SELECT max(TRY_CAST(substr(CAST("${column}" AS varchar), 1, 10) AS date)) AS newest FROM "${table}"`;
  try {
    const { rows } = await runQuery(context, target, sql);
    return rows[0]?.[0] ?? undefined;
  } catch (error) {
    if (error instanceof QueryFailed) return undefined;
    throw error;
  }
}
