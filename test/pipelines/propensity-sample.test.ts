import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import pipeline from '#lib/pipelines/propensity/pipeline.ts';
import set from '../../sample-data/propensity/generate.ts';
import { dayOf, type User, user, WEEKS } from '../../sample-data/propensity/user.ts';
import { featuresOf, WORDS } from '../../sample-data/propensity/window.ts';
import { Queries, type Row } from './support/on-duckdb.ts';

const committed = fileURLToPath(new URL('../../sample-data/propensity/events.parquet', import.meta.url));
/** The Mondays of two runs, one week apart: day 0 is the first Monday of the set. */
const MONDAYS = [7 * (WEEKS - 1), 7 * WEEKS];

const queries = new Queries(pipeline);
const made: Record<string, Row[]>[] = [];
let again: string;
let printed: string[];
let users: User[];

beforeAll(async () => {
  again = mkdtempSync(join(tmpdir(), 'presage-propensity-'));
  printed = set.generate(again, 1);
  users = Array.from({ length: 2_800 }, (_, i) => user(i));
  for (const monday of MONDAYS)
    made.push(
      await queries.run(
        { events: { file: committed } },
        { runDate: dayOf(monday), only: ['features', 'training', 'counts'] },
      ),
    );
});
afterAll(async () => {
  await queries.close();
  rmSync(again, { recursive: true, force: true });
});

/** What the generator knows of every user with an event in some days, the last one excluded, as rows of the table. */
function known(first: number, end: number): Map<string, Row> {
  const [from, to] = [dayOf(first), dayOf(end)];
  const rows = users.flatMap(({ events }) => {
    const seen = events.filter(({ event_ts }) => event_ts >= from && event_ts < to);
    if (!seen.length) return [];
    const found = featuresOf(seen);
    const row: Row = {
      user_id: String(seen[0]?.user_id),
      transfers: found.transfers,
      distinct_sections: found.sections,
      visited_investments: Number(found.visited),
      conversions: found.conversions,
      user_type: { mass: 1, eminent: 2, other: 3 }[found.userType],
      is_investor: Number(found.investor),
      ...Object.fromEntries(WORDS.map((word) => [word, Number(found.holds.has(word))])),
    };
    return [[String(row.user_id), row] as const];
  });
  return new Map(rows);
}

const byUser = (rows: Row[] = []) => new Map(rows.map((row) => [String(row.user_id), row]));

describe('the committed propensity set', () => {
  test('is what the generator makes, byte for byte, and small', () => {
    expect(readFileSync(join(again, 'events.parquet')).equals(readFileSync(committed))).toBe(true);
    expect(statSync(committed).size).toBeLessThan(900_000);
  });

  test.each([0, 1])('has the features that its generator knows, for the runs of two weeks (%d)', (run) => {
    const monday = MONDAYS[run] ?? 0;
    expect(byUser(made[run]?.features)).toEqual(known(monday - 60, monday));
  });

  test.each([0, 1])('has the labels that its generator drew (%d)', (run) => {
    const monday = MONDAYS[run] ?? 0;
    const drawn = users.flatMap(({ events, judged }) =>
      judged
        .filter(({ week }) => 7 * (week + 1) === monday)
        .map(({ converted }): [string, number] => [String(events[0]?.user_id), Number(converted)]),
    );
    const labels = made[run]?.training_features?.map((row) => [row.user_id, row.converted]) ?? [];
    expect(new Map(labels as [string, number][])).toEqual(new Map(drawn));
  });

  test('has rows enough to train on when a fifth of them is the holdout', () => {
    for (const { training = [] } of made) {
      expect(0.8 * training.length).toBeGreaterThan(1_000);
      const share = training.filter((row) => row.converted === '1').length / training.length;
      expect(share).toBeGreaterThan(0.1);
      expect(share).toBeLessThan(0.25);
    }
  });

  test('has a signal that is neither weak nor certain', () => {
    const best = printed.flatMap((line) => [...line.matchAll(/ROC AUC (0\.\d+)/g)].map(([, auc]) => Number(auc)));
    expect(best).toHaveLength(2);
    for (const auc of best) {
      expect(auc).toBeGreaterThan(0.8);
      expect(auc).toBeLessThan(0.9);
    }
  });

  test('has every kind of dirt that its pipeline counts, and a future for the run of the week before', () => {
    expect(made[0]?.counts?.[0]).toMatchObject({ events_before_window: expect.toSatisfy((n) => Number(n) > 1_000) });
    for (const name of [
      'events_without_user',
      'events_of_odd_user',
      'odd_is_investor',
      'odd_portfolio_words',
      'conversions_of_the_week',
    ])
      expect(Number(made[1]?.counts?.[0]?.[name]), name).toBeGreaterThan(5);
    expect(users.flatMap(({ events }) => events).some(({ event_ts }) => event_ts > dayOf(MONDAYS[0] ?? 0))).toBe(true);
  });

  test('has users of whom two things are said at the same instant, and portfolios of every kind', () => {
    const events = users.flatMap((each) => each.events);
    const times = events.map(({ user_id, event_ts }) => `${user_id} ${event_ts}`);
    expect(times.length - new Set(times).size).toBeGreaterThan(100);
    expect(new Set(events.map(({ portfolio }) => portfolio))).toEqual(
      expect.toSatisfy(hasAll('', '   ', null, 'none')),
    );
    expect(users.some(({ lost }) => lost.some((row) => row.event_ts === null))).toBe(true);
  });

  test('is larger when asked for, as a folder of files', () => {
    const large = join(again, 'large');
    expect(set.generate(large, 2).join()).toContain('best possible');
    expect(readdirSync(join(large, 'events'))).toEqual(['part-00000.parquet']);
  });
});

const hasAll =
  (...values: unknown[]) =>
  (set: Set<unknown>) =>
    values.every((value) => set.has(value));
