import type { Random } from '../library/random.ts';
import type { Row } from '../library/tables.ts';
import type { Truth } from './answers.ts';

/** A row as delivered, and what can still be known of its event; no truth is an event that has to be left out. */
export interface Delivered {
  row: Row;
  truth: Truth | undefined;
}

/** What real deliveries look like: one kind of dirt a row. Every kind is in the committed set, which a test checks. */
const KINDS: [share: number, spoil: (random: Random, clean: Row, truth: Truth) => Delivered][] = [
  [0.08, (_, row, truth) => ({ row: { ...row, total_orders: '' }, truth: { ...truth, orders: 0 } })],
  [0.002, (_, row, truth) => ({ row: { ...row, total_orders: null }, truth: { ...truth, orders: 0 } })],
  [
    0.004,
    (random, row, truth) => ({
      row: { ...row, total_orders: `-${random.int(1, 30)}.0` },
      truth: { ...truth, orders: null },
    }),
  ],
  [
    0.004,
    (random, row, truth) => ({
      row: { ...row, total_orders: random.pick(NO_NUMBERS) },
      truth: { ...truth, orders: null },
    }),
  ],
  // A device whose clock was moved years back.
  [
    0.05,
    (_, row, truth) => ({ row: { ...row, timestamp: yearsBack(row.timestamp) }, truth: { ...truth, days: null } }),
  ],
  // A last order of tomorrow: the order was written before the event.
  [
    0.006,
    (_, row, truth) => ({ row: { ...row, last_order_ts: dayAfter(row.timestamp) }, truth: { ...truth, days: null } }),
  ],
  [
    0.004,
    (random, row, truth) => ({ row: { ...row, timestamp: random.pick(NO_TIMES) }, truth: { ...truth, days: null } }),
  ],
  [
    0.004,
    (random, row, truth) => ({
      row: { ...row, last_order_ts: random.pick(NO_TIMES) },
      truth: { ...truth, days: null },
    }),
  ],
  [
    0.004,
    (random, row, truth) => ({
      row: { ...row, last_order_ts: random.pick(['', null]) },
      truth: { ...truth, days: null },
    }),
  ],
  [0.01, (_, row, truth) => ({ row: { ...row, timestamp: `${row.timestamp}`.replace(/ (.{8}).*/, 'T$1Z') }, truth })],
  [0.01, (_, row, truth) => ({ row: { ...row, timestamp: `${row.timestamp}`.slice(0, 10) }, truth })],
  [0.005, (_, row, truth) => ({ row: { ...row, country_code: ` ${row.country_code}\t` }, truth })],
  [0.002, (random, row) => ({ row: { ...row, country_code: random.pick(NO_COUNTRIES) }, truth: undefined })],
  [0.002, (_, row, truth) => ({ row: { ...row, voucher_amount: -5 }, truth: { ...truth, amount: 0 } })],
  [0.005, (_, row, truth) => ({ row: { ...row, first_order_ts: null }, truth })],
];

const NO_NUMBERS = ['many', 'NaN', 'inf', '1e3', '=1+1', '2,0', '\u{1F381}', '"4.0"', 'x'.repeat(10_000)] as const;
const NO_TIMES = [
  'yesterday',
  '2026-02-30',
  '20.11.2026',
  '2026-11-20 25:00:00',
  "'; --",
  '\u{1F570}',
  '1763628300',
] as const;
const NO_COUNTRIES = [null, '', '  ', 'Pe\nru', `Per${'u'.repeat(10_000)}`] as const;

/** The row itself, mostly, or spoilt in one way. */
export function delivered(random: Random, row: Row, truth: Truth): Delivered {
  let left = random.uniform();
  for (const [share, spoil] of KINDS) {
    left -= share;
    if (left < 0) return spoil(random, row, truth);
  }
  return { row, truth };
}

const yearsBack = (time: unknown) => `${time}`.replace(/^\d+/, (year) => String(Number(year) - 3));

const dayAfter = (time: unknown) =>
  new Date(Date.parse(`${`${time}`.slice(0, 10)}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
