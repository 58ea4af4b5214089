import type { Row } from '../library/tables.ts';

/** What was held, as the words of `portfolio`. */
export const WORDS = [
  'stocks_ars',
  'term_deposits_usd',
  'term_deposits_ars',
  'bonds_usd',
  'bonds_ars',
  'funds_usd',
  'funds_ars',
  'cedears_ars',
  'cedears_usd',
] as const;

/** An event as delivered; `event_ts` is `YYYY-MM-DD HH:MM:SS`. */
export type Event = Row & { event_ts: string };

export interface Features {
  transfers: number;
  sections: number;
  visited: boolean;
  conversions: number;
  userType: 'mass' | 'eminent' | 'other';
  investor: boolean;
  holds: ReadonlySet<string>;
}

/**
 * What can be seen of one user in some events: the same as the pipeline's query finds, in other words.
 *
 * The sample data need it to know how likely a conversion was, and a test holds the query against it.
 */
export function featuresOf(events: readonly Event[]): Features {
  const count = (category: string) =>
    events.filter((event) => event.event_category === category && event.event_action === 'success').length;
  const userType = latest(events, 'user_type');
  return {
    transfers: count('transfer'),
    sections: new Set(events.map((event) => event.section || null)).size - (events.some((e) => !e.section) ? 1 : 0),
    visited: events.some((event) => event.section === 'investments'),
    conversions: count('term_deposit'),
    userType: userType === 'mass' || userType === 'eminent' ? userType : 'other',
    investor: latest(events, 'is_investor') === 'yes',
    holds: new Set(latest(events, 'portfolio').split(' ')),
  };
}

/** The last text that says anything; the greatest of those at the same instant; empty when nothing was ever said. */
function latest(events: readonly Event[], column: 'user_type' | 'is_investor' | 'portfolio'): string {
  let [at, text] = ['', ''];
  for (const event of events) {
    const said = String(event[column] ?? '');
    if (!said.trim() || event.event_ts < at || (event.event_ts === at && said < text)) continue;
    [at, text] = [event.event_ts, said];
  }
  return text;
}
