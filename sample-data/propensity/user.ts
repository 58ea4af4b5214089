import { Random } from '../library/random.ts';
import type { Row } from '../library/tables.ts';
import { delivered } from './dirt.ts';
import { type Event, type Features, featuresOf, WORDS } from './window.ts';

/** The last day of the set, a Sunday: the run of the Monday after it is about the week to come. */
export const NEWEST = '2026-11-22';
/** Whole weeks, Monday to Sunday, up to it: six of the Mondays have all the days that a run looks back. */
export const WEEKS = 15;
export const WINDOW_DAYS = 60;
const DAY = 86_400_000;

/** One week of a user who was there before and came: what could be known, and what happened. */
export interface Judged {
  /** Counted from 0, the oldest. */
  week: number;
  probability: number;
  converted: boolean;
}

export interface User {
  events: Event[];
  /** Rows without the user's id or without a time. */
  lost: Row[];
  judged: Judged[];
}

/** How sharply behaviour tells who converts: 0 would make it pure noise, much more would make it certain. */
const SHARPNESS = 1.25;

/** How likely a user who comes converts within the week, of what the sixty days before it show: what a model can learn. */
export function probability({
  transfers,
  sections,
  visited,
  conversions,
  userType,
  investor,
  holds,
}: Features): number {
  const logit =
    -3.5 +
    0.4 * Math.log(1 + transfers) +
    0.08 * sections +
    (visited ? 0.6 : -0.4) +
    0.55 * Math.log(1 + conversions) +
    { mass: 0, eminent: 1.1, other: -0.8 }[userType] +
    (investor ? 0.4 : 0) +
    (holds.has('term_deposits_ars') ? 0.4 : 0) +
    (holds.has('term_deposits_usd') ? 0.3 : 0) -
    (holds.has('stocks_ars') || holds.has('cedears_ars') ? 0.6 : 0);
  return 1 / (1 + Math.exp(-SHARPNESS * logit));
}

/** A user's weeks, one after the other: whether a week has a conversion is drawn from what the weeks before it show. */
export function user(i: number): User {
  const random = new Random(`propensity/user/${i}`);
  const id = ODD_IDS[i] ?? `u${String(i).padStart(8, '0')}`;
  const engagement = random.normal();
  const appetite = random.normal();
  const known = {
    user_type: ['mass', 'eminent', 'other'][random.weighted([66, 24, 10])] ?? 'mass',
    is_investor: random.chance(1 / (1 + Math.exp(0.8 - appetite))) ? 'yes' : 'no',
  };
  const holds = new Set(WORDS.filter((_, k) => random.chance(SHARES[k] ?? 0) && appetite > -0.6));
  const events: Event[] = [];
  const lost: Row[] = [];
  const judged: Judged[] = [];
  for (let week = 0; week < WEEKS; week++) {
    if (!random.chance(1 / (1 + Math.exp(-0.4 - 0.9 * engagement)))) continue;
    const begin = dayOf(7 * week - WINDOW_DAYS);
    const before = events.filter(({ event_ts }) => event_ts >= begin);
    const chance = probability(featuresOf(before));
    const converted = random.chance(chance);
    if (before.length) judged.push({ week, probability: chance, converted });
    const kinds = Array.from({ length: 1 + random.poisson(Math.exp(0.1 + 0.4 * engagement)) }, () =>
      kind(random, appetite),
    );
    if (converted) kinds.push(CONVERSION, ...(random.chance(0.15) ? [CONVERSION] : []));
    for (const [section, event_category, event_action] of kinds) {
      const moment = `${dayOf(7 * week + random.int(0, 6))} ${clock(random.int(0, 86_399))}`;
      const portfolio = [...holds].join(' ') || 'none';
      const made = delivered(random, {
        user_id: id,
        event_ts: moment,
        section,
        event_category,
        event_action,
        ...known,
        portfolio,
      });
      events.push(...made.read);
      lost.push(...made.lost);
    }
    if (converted) holds.add('term_deposits_ars');
    else if (random.chance(0.1)) holds.delete('term_deposits_ars');
    if (random.chance(0.01)) known.user_type = 'eminent';
  }
  return { events, lost, judged };
}

/** Shares of users who hold what the words say, in their order. */
const SHARES = [0.15, 0.1, 0.2, 0.08, 0.12, 0.1, 0.25, 0.12, 0.08];

/** Ids as they come from elsewhere: nothing in them may be taken for more than text. */
const ODD_IDS = ["o'brien, zoë", '=1+1', '"quoted"', '🎁', '../..', '%_; --'];

const CONVERSION = ['term_deposits', 'term_deposit', 'success'] as const;
const KINDS: [weight: number, taste: number, kind: readonly [string, string, string]][] = [
  [34, 0, ['home', 'page', 'view']],
  [18, 0, ['transfers', 'transfer', 'success']],
  [4, 0, ['transfers', 'transfer', 'error']],
  [10, 0, ['cards', 'page', 'view']],
  [6, 0, ['payments', 'payment', 'success']],
  [4, 0, ['loans', 'page', 'view']],
  [3, 0, ['insurance', 'page', 'view']],
  [6, 0, ['profile', 'page', 'view']],
  [5, 1, ['investments', 'page', 'view']],
  [2, 1, ['term_deposits', 'term_deposit', 'start']],
  [1, 0.5, ['term_deposits', 'term_deposit', 'error']],
];

const kind = (random: Random, appetite: number) => {
  const weights = KINDS.map(([weight, taste]) => weight * Math.exp(taste * appetite));
  return KINDS[random.weighted(weights)]?.[2] ?? CONVERSION;
};

/** Day 0 is the first Monday of the set. */
export const dayOf = (day: number) =>
  new Date(Date.parse(`${NEWEST}T00:00:00Z`) + (day - 7 * WEEKS + 1) * DAY).toISOString().slice(0, 10);

const clock = (second: number) => new Date(second * 1000).toISOString().slice(11, 19);
