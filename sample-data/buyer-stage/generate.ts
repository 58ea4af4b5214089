import pipeline from '#lib/pipelines/buyer-stage/pipeline.ts';
import { Random } from '../library/random.ts';
import type { SampleSet } from '../library/sample-set.ts';
import { bayes, bestMacroF1, type Drawn, majority, type Scores } from '../library/score.ts';
import { type Columns, type Row, type TableWriter, table } from '../library/tables.ts';
import { delivered } from './dirt.ts';
import { STAGES, stageProbabilities } from './stage.ts';
import { summary } from './summary.ts';
import { type Visit, visitsOf } from './visits.ts';

/**
 * Members of a property portal, seen on twelve days that end on 2026-11-20.
 *
 * Every member's days are simulated first; the five window tables are exact sums over the same days, so that they
 * agree with each other. A snapshot holds who visited within the last three days, and a few who only opened a mail and
 * may be in the long windows alone. A survey answer is drawn from `stageProbabilities` of what the tables show on that
 * day, which is why the best possible score is known.
 */
const MEMBERS = 2_000;
const NEWEST = '2026-11-20';
const SNAPSHOTS = 12;
const WINDOWS = [1, 7, 30, 60, 90];
const DAYS = Math.max(...WINDOWS) + SNAPSHOTS - 1;
const ACTIVE_DAYS = 3;
/** Labelled rows kept to compute the best score of a large set. */
const SCORED_ROWS = 50_000;

interface Survey {
  day: number;
  stage: number;
  probabilities: number[];
}

const set: SampleSet = {
  about: `members with five window tables on ${SNAPSHOTS} days up to ${NEWEST}, and a survey`,
  generate(folder, scale) {
    const open = (name: string) => {
      const { format, columns } = pipeline.sources[name] ?? { format: 'parquet', columns: {} };
      return counted(table(folder, name, format, columns as Columns, scale > 1));
    };
    const windows = WINDOWS.map((days) => open(`consumer_summary_t${String(days).padStart(3, '0')}`));
    const survey = open('survey');
    const labelled: Drawn[] = [];
    let labelledRows = 0;
    for (let i = 0; i < MEMBERS * scale; i++) {
      const random = new Random(`buyer-stage/member/${i}`);
      const id = `m${String(i).padStart(8, '0')}`;
      const visits = visitsOf(random, DAYS);
      const present = snapshotDays(random, visits);
      for (const day of present) writeWindows(random, id, day, visits, windows);
      const answers = surveysOf(random, visits);
      for (const answer of answers) writeAnswer(random, id, answer, survey);
      for (const day of present) {
        const drawn = nearest(answers, day);
        if (drawn) labelledRows++;
        if (drawn && labelled.length < SCORED_ROWS)
          labelled.push({ probabilities: drawn.probabilities, label: drawn.stage });
      }
    }
    writeStrangers(survey, scale);
    for (const each of [...windows, survey]) each.close();
    return [
      `rows: ${WINDOWS.map((days, i) => `${days} days ${windows[i]?.rows}`).join(', ')}, survey ${survey.rows}`,
      `labelled rows: ${labelledRows} (${STAGES.map((stage, k) => `${stage} ${share(labelled, k)}`).join(', ')})`,
      `majority class:          ${shown(majority(labelled, STAGES.length))}`,
      `likeliest true class:    ${shown(bayes(labelled, STAGES.length))}`,
      `best possible macro-F1:  ${shown(bestMacroF1(labelled, STAGES.length))}`,
    ];
  },
};
export default set;

/** Day numbers of the snapshots the member is in. */
function snapshotDays(random: Random, visits: readonly Visit[]): number[] {
  const opensMails = random.chance(0.04);
  const days = [];
  for (let day = DAYS - SNAPSHOTS; day < DAYS; day++) {
    const active = visits.some((visit) => visit.day <= day && visit.day > day - ACTIVE_DAYS);
    const known = within(visits, day, Math.max(...WINDOWS)).length > 0;
    if (known && (active || (opensMails && random.chance(0.3)))) days.push(day);
  }
  return days;
}

const within = (visits: readonly Visit[], day: number, window: number) =>
  visits.filter((visit) => visit.day <= day && visit.day > day - window);

function writeWindows(random: Random, id: string, day: number, visits: Visit[], tables: TableWriter[]) {
  // Deliveries are made separately: now and then a member has reached only the youngest table.
  const late = random.chance(0.006) && within(visits, day, 1).length > 0;
  WINDOWS.forEach((window, i) => {
    const seen = within(visits, day, window);
    if (!seen.length || (late && window > 1)) return;
    const row: Row = { member_id: id, snapshot_date: dateOf(day), ...summary(seen) };
    for (const each of delivered(random, row)) tables[i]?.write(each);
  });
}

/** Most members who are asked answer once, on a day they visit; some answer again, and may have changed their mind. */
function surveysOf(random: Random, visits: readonly Visit[]): Survey[] {
  const asked = within(visits, DAYS - 1, SNAPSHOTS + 2);
  if (!asked.length || !random.chance(0.55)) return [];
  const days = [asked[random.int(0, asked.length - 1)]?.day ?? 0];
  if (random.chance(0.06)) days.push((days[0] ?? 0) + random.int(1, 3));
  return days
    .filter((day) => day < DAYS)
    .map((day) => {
      const [last7, last30, last90] = [7, 30, 90].map((window) => summary(within(visits, day, window)));
      const probabilities = stageProbabilities(last7, last30 ?? {}, last90 ?? {});
      return { day, probabilities, stage: random.weighted(probabilities) };
    });
}

function writeAnswer(random: Random, id: string, { day, stage }: Survey, survey: TableWriter) {
  const row: Row = { member_id: id, survey_date: dateOf(day), buyer_stage: STAGES[stage] ?? null };
  survey.write(row);
  if (random.chance(0.01)) survey.write(row);
  if (random.chance(0.005)) survey.write({ ...row, member_id: null });
  if (random.chance(0.005)) survey.write({ ...row, survey_date: null });
}

/** Answers of people whom no table knows, and answers far older than every snapshot. */
function writeStrangers(survey: TableWriter, scale: number) {
  const random = new Random('buyer-stage/strangers');
  for (let i = 0; i < 40 * scale; i++) {
    const known = i % 2;
    survey.write({
      member_id: known
        ? `m${String(random.int(0, MEMBERS * scale - 1)).padStart(8, '0')}`
        : `x${String(i).padStart(8, '0')}`,
      survey_date: dateOf(known ? random.int(0, DAYS - SNAPSHOTS - 5) : random.int(DAYS - SNAPSHOTS, DAYS - 1)),
      buyer_stage: random.pick(STAGES),
    });
  }
}

/** As the training query chooses: at most two days away, the nearest, then the earlier. */
function nearest(answers: readonly Survey[], day: number): Survey | undefined {
  const distance = (answer: Survey) => Math.abs(answer.day - day) + (answer.day > day ? 0.5 : 0);
  return answers.filter((answer) => Math.abs(answer.day - day) <= 2).sort((a, b) => distance(a) - distance(b))[0];
}

const dateOf = (day: number) =>
  new Date(Date.parse(`${NEWEST}T00:00:00Z`) + (day - DAYS + 1) * 86_400_000).toISOString().slice(0, 10);

function counted(writer: TableWriter): TableWriter & { rows: number } {
  return {
    rows: 0,
    write(row) {
      this.rows++;
      writer.write(row);
    },
    close: () => writer.close(),
  };
}

const share = (rows: readonly Drawn[], label: number) =>
  `${Math.round((100 * rows.filter((row) => row.label === label).length) / rows.length)} %`;

const shown = ({ accuracy, macroF1 }: Scores) => `accuracy ${accuracy.toFixed(3)}, macro-F1 ${macroF1.toFixed(3)}`;
