import type { Random } from '../library/random.ts';
import type { Event } from './window.ts';

/** What real deliveries look like. Shares are of events; every kind is in the committed set, which a test checks. */
const SHARE = {
  withoutAttributes: 0.1,
  emptyPortfolio: 0.04,
  oddText: 0.004,
  repeated: 0.008,
  sameInstant: 0.006,
  withoutUser: 0.004,
  withoutTime: 0.001,
  atMidnight: 0.01,
};

const ODD: readonly [Partial<Event>, ...Partial<Event>[]] = [
  { portfolio: 'stocks_ars  crypto ' },
  { portfolio: 'STOCKS_ARS,bonds_ars' },
  { portfolio: 'none bonds_usd' },
  { portfolio: '   ' },
  { user_type: 'pyme' },
  { user_type: 'Mass' },
  { is_investor: 'maybe' },
  { section: '=HYPERLINK("x"), \'y\' 🎁' },
  { section: 'x'.repeat(10_000) },
  { section: '' },
  { section: null },
];

export interface Delivered {
  /** What counts: of the user, at its time. */
  read: Event[];
  /** What nobody can count. */
  lost: Record<string, string | null>[];
}

/** The events that a delivery has in the place of one clean one: mostly that one, now and then spoilt or repeated. */
export function delivered(random: Random, clean: Event): Delivered {
  const event: Event = { ...clean };
  if (random.chance(SHARE.atMidnight))
    event.event_ts = `${event.event_ts.slice(0, 10)} ${random.pick(['00:00:00', '23:59:59'])}`;
  if (random.chance(SHARE.withoutAttributes))
    Object.assign(event, { user_type: random.pick(['', null]), is_investor: null, portfolio: null });
  else if (random.chance(SHARE.emptyPortfolio)) event.portfolio = '';
  else if (random.chance(SHARE.oddText)) Object.assign(event, random.pick(ODD));
  const read = [event];
  if (random.chance(SHARE.repeated)) read.push({ ...event });
  if (random.chance(SHARE.sameInstant))
    read.push({ ...event, section: 'profile', event_category: 'page', event_action: 'view', ...random.pick(TWICE) });
  const lost = [];
  if (random.chance(SHARE.withoutUser)) lost.push({ ...clean, user_id: random.pick(['', null, 'of two\nlines']) });
  if (random.chance(SHARE.withoutTime)) lost.push({ ...clean, event_ts: null });
  return { read, lost };
}

/** What a second event of the same instant says of the user. */
const TWICE: readonly [Partial<Event>, ...Partial<Event>[]] = [
  { user_type: 'mass' },
  { user_type: 'eminent' },
  { is_investor: 'yes' },
  { is_investor: 'no' },
  { portfolio: 'none' },
  { portfolio: 'bonds_ars funds_usd' },
];
