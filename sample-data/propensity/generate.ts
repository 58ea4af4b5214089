import pipeline from '#lib/pipelines/propensity/pipeline.ts';
import { rocAuc } from '../library/auc.ts';
import type { SampleSet } from '../library/sample-set.ts';
import { type Columns, table } from '../library/tables.ts';
import { dayOf, type Judged, NEWEST, user, WEEKS } from './user.ts';

/**
 * Events of a bank's app over fifteen weeks that end on a Sunday.
 *
 * Whether a user who comes in a week converts is drawn from a probability that depends on nothing but what the sixty
 * days before the week show, so the best area under the curve of any model is known. Nothing is dated after the last
 * day: a run without a date is about the day after the newest event. For the runs of earlier Mondays the weeks after
 * them are the future, and the first weeks are before every window of the later ones.
 */
const USERS = 2_800;
/** Users kept to compute the best score of a large set. */
const SCORED_USERS = 20_000;

const set: SampleSet = {
  about: `events of a bank's app in the ${WEEKS} weeks up to ${NEWEST}, with the users who open term deposits`,
  generate(folder, scale) {
    const columns = pipeline.sources.events?.columns as Columns;
    const writer = table(folder, 'events', 'parquet', columns, scale > 1);
    const judged: Judged[] = [];
    let rows = 0;
    for (let i = 0; i < USERS * scale; i++) {
      const made = user(i);
      for (const row of [...made.events, ...made.lost]) writer.write(row);
      rows += made.events.length + made.lost.length;
      if (i < SCORED_USERS) judged.push(...made.judged);
    }
    writer.close();
    return [`events: ${rows}`, ...[WEEKS - 2, WEEKS - 1].map((week) => bestOf(judged, week))];
  },
};
export default set;

/** What the labels of a week let a model reach; the run that trains on them is that of the Monday after. */
function bestOf(judged: readonly Judged[], week: number): string {
  const rows = judged.filter((row) => row.week === week);
  const converted = rows.map((row) => row.converted);
  const share = (100 * converted.filter(Boolean).length) / rows.length;
  const best = rocAuc(
    rows.map((row) => row.probability),
    converted,
  );
  return `run date ${dayOf(7 * week + 7)}: ${rows.length} training rows, ${share.toFixed(1)} % converted, best possible ROC AUC ${best.toFixed(3)}`;
}
