import { candidateTableName, rawTableName, scoresTableName } from '#lib/names.ts';
import pipeline from '#lib/pipelines/buyer-stage/pipeline.ts';
import { columnTypes } from '#lib/sql/sql-text.ts';
import type { Answer, Cell, TestTable } from './engines.ts';

export const RUN_DATE = '2020-02-07';
const WINDOWS = ['001', '007', '030', '060', '090'];
const summaryColumns = columnTypes(pipeline.sources.consumer_summary_t001?.columns ?? {});
const COUNTS = Object.keys(summaryColumns).filter((name) => summaryColumns[name] === 'bigint');
const MEASURES = Object.keys(summaryColumns).filter((name) => summaryColumns[name] === 'double');

/** A summary row: every count is 3 and every measure 2.5 unless said otherwise. */
const row = (member: Cell, day: Cell, segment: Cell, values: Record<string, Cell> = {}): Cell[] => [
  member,
  day,
  segment,
  ...COUNTS.map((name) => (name in values ? (values[name] ?? null) : 3)),
  ...MEASURES.map((name) => (name in values ? (values[name] ?? null) : 2.5)),
];
const blank = Object.fromEntries([...COUNTS, ...MEASURES].map((name) => [name, null]));

/** Every kind of dirt, each with a member named after it. */
const summaries: Record<string, Cell[][]> = {
  '001': [
    row('everywhere', '2020-02-06', 'for sale', { total_ldp_dwell_time_seconds: 999.25, total_searches: 7 }),
    row('first-and-third', '2020-02-05', 'for rent'),
    row('nulls', '2020-02-04', null, blank),
    row('tomorrow', '2020-02-08', 'for sale'),
  ],
  '007': [
    row('everywhere', '2020-02-06', ' not for sale  '),
    // The same key three times: the first by the other columns stays, nulls last.
    row('twice', '2020-02-07', null, { total_searches: 1 }),
    row('twice', '2020-02-07', 'for sale', { total_searches: 20 }),
    row('twice', '2020-02-07', 'for rent', { total_searches: 30 }),
    // The same row twice, in everything.
    row('copied', '2020-02-07', 'for sale'),
    row('copied', '2020-02-07', 'for sale'),
    row(null, '2020-02-07', 'for sale'),
    row('', '2020-02-07', 'for sale'),
    row('undated', null, 'for sale'),
  ],
  '030': [
    row('everywhere', '2020-02-06', 'no_segment', { median_srp_dwell_time_seconds: 180, average_searches: null }),
    row('first-and-third', '2020-02-05', 'for lease', { median_srp_dwell_time_seconds: 179.75 }),
    row('third-only', '2020-02-04', 'For Sale'),
    row("O'Brien, Zoë", '2020-02-02', '\tfor rent\n', { average_lead_dwell_time_seconds: -1 }),
  ],
  '060': [row('everywhere', '2020-02-06', 'for rent'), row('everywhere', '2020-02-07', 'for rent')],
  '090': [
    row('everywhere', '2020-02-06', 'for sale', { total_searches: 4_000_000_000 }),
    row('last-only', '2020-02-07', 'no_segment'),
  ],
};

const surveys: Cell[][] = [
  // A tie of one day before and one day after: the earlier wins, and both beat two days before.
  ['everywhere', '2020-02-04', 'Dreamer'],
  ['everywhere', '2020-02-05', 'Casual Explorer'],
  ['everywhere', '2020-02-07', 'Active Searcher'],
  // Two days after.
  ['first-and-third', '2020-02-07', 'Ready to Transact'],
  // Three days after: too late; of the two answers of one day the first by name is read.
  ['third-only', '2020-02-07', 'Dreamer'],
  ['nulls', '2020-02-02', 'Ready to Transact'],
  ['nulls', '2020-02-02', 'Dreamer'],
  // After the run date: never read, though it is one day from the snapshot.
  ['last-only', '2020-02-08', 'Dreamer'],
  // No answer, and one that does not exist: the profile counts it.
  ['copied', '2020-02-07', ''],
  ["O'Brien, Zoë", '2020-01-20', "Don't know"],
  ['', '2020-02-07', 'Dreamer'],
];

const surveyColumns = { member_id: 'varchar', survey_date: 'varchar', buyer_stage: 'varchar' };

/** The raw tables as the catalogue has them: Parquet as declared, CSV all text. */
export const rawTables: Record<string, TestTable> = {
  ...Object.fromEntries(
    WINDOWS.map((days) => [
      rawTableName(pipeline.name, `consumer_summary_t${days}`),
      { columns: summaryColumns, rows: summaries[days] ?? [] },
    ]),
  ),
  [rawTableName(pipeline.name, 'survey')]: {
    columns: surveyColumns,
    rows: surveys,
  },
};

/** The survey with a value that is no date: a run is stopped by its profile, before anything is computed of it. */
export const unreadable: Record<string, TestTable> = {
  ...rawTables,
  [rawTableName(pipeline.name, 'survey')]: {
    columns: surveyColumns,
    rows: [...surveys, ['nobody', '2020-02-30', 'Dreamer']],
  },
};

/** What a query gave, as the candidate table of the run. */
export const candidate = (table: string, types: Record<string, string>, answer: Answer): Record<string, TestTable> => ({
  [candidateTableName(pipeline.name, table)]: {
    columns: { ...types, run_date: 'date' },
    rows: [
      ...answer.rows.map((cells) => [...cells, RUN_DATE]),
      // Another day's rows are in the table too and are nobody's business.
      ...answer.rows.slice(0, 2).map((cells) => [...cells, '2020-02-06']),
    ],
  },
});

const scoreColumns = (keys: string[]) =>
  Object.fromEntries(
    [...keys, 'predicted_label', 'probabilities', 'labels', 'run', 'scored'].map((n) => [n, 'varchar']),
  );

/** A table of transform output: rows are without run and scored, which are `r1` and `m1`. */
export const scoredTable = (name: string, dataset: 'holdout' | 'inference', keys: string[], rows: Cell[][]) => ({
  [scoresTableName(name, dataset)]: {
    columns: scoreColumns(keys),
    rows: [...rows.map((cells) => [...cells, 'r1', 'm1']), ...rows.slice(0, 1).map((cells) => [...cells, 'r0', 'm1'])],
  },
});
