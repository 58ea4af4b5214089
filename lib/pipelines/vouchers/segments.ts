/**
 * The segments of a customer, by the rules of sql/voucher_by_segment.sql: what the query says of an event is said here of
 * a request. A test holds the two against each other.
 */

const DAY = '[12][0-9]{3}-[0-9]{2}-[0-9]{2}';
const TIME_OF_DAY = '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?';

/** A day, with or without a time of day, in UTC: a regular expression without its end, which engines spell differently. */
export const WRITTEN_TIME = `^${DAY}([ T]${TIME_OF_DAY}( ?UTC|Z|[+]00:00)?)?`;

export const SEGMENT_NAMES = ['frequent_segment', 'recency_segment'] as const;
export type SegmentName = (typeof SEGMENT_NAMES)[number];

/** Upper bounds, excluded; above the last one is the last segment. */
const FREQUENT: readonly [number, string][] = [
  [5, '0-4'],
  [14, '5-13'],
  [38, '14-37'],
  [Number.POSITIVE_INFINITY, '38+'],
];
const RECENCY: readonly [number, string][] = [
  [30, '0-30'],
  [60, '30-60'],
  [90, '60-90'],
  [120, '90-120'],
  [180, '120-180'],
  [Number.POSITIVE_INFINITY, '180+'],
];
const UNKNOWN = 'Unknown';

const segment = (bounds: readonly [number, string][], value: number) =>
  value < 0 ? UNKNOWN : (bounds.find(([bound]) => value < bound)?.[1] ?? UNKNOWN);

/** By the number of orders; parts of an order belong to the segment below. */
export const frequentSegment = (totalOrders: number) => segment(FREQUENT, totalOrders);

/** By calendar days since the last order. */
export const recencySegment = (days: number) => segment(RECENCY, days);

const written = new RegExp(`${WRITTEN_TIME}$`);

/** A moment as the events have it; undefined when it is written differently or no day of the calendar. */
export interface Moment {
  /** Days since 1970, in UTC. */
  day: number;
  /** Milliseconds since 1970; undefined when only the day is given. */
  at?: number;
}

export function momentOf(text: string): Moment | undefined {
  const trimmed = text.trim();
  if (!written.test(trimmed)) return undefined;
  const date = trimmed.slice(0, 10);
  const midnight = Date.parse(`${date}T00:00:00Z`);
  // JavaScript takes 30 February for 2 March.
  if (Number.isNaN(midnight) || !new Date(midnight).toISOString().startsWith(date)) return undefined;
  const day = midnight / 86_400_000;
  const [, time] = /^.{10}[ T]([\d:]+(?:\.\d{1,3})?)/.exec(trimmed) ?? [];
  return time ? { day, at: Date.parse(`${date}T${time.length === 5 ? `${time}:00` : time}Z`) } : { day };
}

/** Whether one is after the other, as far as both can tell: where one is only a day, by the day. */
export const isAfter = (one: Moment, other: Moment): boolean =>
  one.at === undefined || other.at === undefined ? one.day > other.day : one.at > other.at;

export const momentAt = (milliseconds: number): Moment => ({
  day: Math.floor(milliseconds / 86_400_000),
  at: milliseconds,
});
