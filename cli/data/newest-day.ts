import { QueryFailed, runQuery } from '#cli/athena.ts';
import type { Context } from '#cli/context.ts';
import type { Target } from '#cli/target.ts';
import { rawTableName } from '#lib/names.ts';
import type { Pipeline } from '#lib/pipelines/pipeline.ts';

/**
 * The run date when none is named: the newest day in the sources that have a date. A source that is missing or
 * cannot be read is left out: the run itself says what is wrong with it. No day at all: today in UTC, as a name only.
 */
export async function newestDay(context: Context, target: Target, pipeline: Pipeline): Promise<string> {
  const days = await Promise.all(
    Object.entries(pipeline.sources).map(async ([source, { date }]) =>
      date ? newestIn(context, target, rawTableName(pipeline.name, source), date) : undefined,
    ),
  );
  const found = days.filter((day) => day !== undefined).sort();
  return found.at(-1) ?? new Date().toISOString().slice(0, 10);
}

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
