import pipeline from '#lib/pipelines/vouchers/pipeline.ts';
import { Random } from '../library/random.ts';
import type { SampleSet } from '../library/sample-set.ts';
import { type Columns, type Row, table } from '../library/tables.ts';
import { Answers, FREQUENCY_SEGMENTS, frequencySegment, type Truth } from './answers.ts';
import { delivered } from './dirt.ts';

/**
 * Events of four countries, each with its vouchers and, by frequency segment, one that is used more than others. Customers
 * who order often use small ones, customers who were away use large ones.
 */
const COUNTRIES = [
  { name: 'Peru', weight: 34, amounts: [1760, 2640, 3520, 4400] },
  { name: 'Chile', weight: 30, amounts: [2000, 3000, 5000, 8000] },
  { name: 'Colombia', weight: 28, amounts: [5000, 10_000, 15_000, 20_000] },
  // An accent, a blank and an apostrophe: all belong into names of files and keys.
  { name: "Côte d'Ivoire", weight: 8, amounts: [500, 1000, 1500, 2500] },
];
const EVENTS = 20_000;
const NEWEST = Date.parse('2026-11-20T23:59:59Z');
const DAY = 86_400_000;

export interface VoucherSet extends SampleSet {
  /** The same, and what the pipeline has to find. */
  answers(folder: string, scale: number): Answers;
}

const set: VoucherSet = {
  about: `voucher events of ${COUNTRIES.length} countries up to 2026-11-20, and what the pipeline has to find in them`,
  generate(folder, scale) {
    const answers = this.answers(folder, scale);
    const rate = (name: string) => answers.hitRate(name).toFixed(3);
    return [
      `${answers.rows().length} segments of ${new Set(answers.rows().map(([country]) => country)).size} countries`,
      `events with the amount that their segment uses most: by frequency ${rate('frequent_segment')}, by recency ${rate('recency_segment')}`,
    ];
  },
  answers(folder, scale) {
    const columns = pipeline.sources.voucher_events?.columns as Columns;
    const events = table(folder, 'voucher_events', 'parquet', columns, scale > 1);
    const answers = new Answers();
    for (let i = 0; i < EVENTS * scale; i++) {
      const random = new Random(`vouchers/event/${i}`);
      const { row, truth } = event(random, i);
      const each = delivered(random, row, truth);
      events.write(each.row);
      if (each.truth) answers.add(each.truth);
      if (random.chance(0.004)) events.write(each.row); // delivered twice, used once
    }
    for (const { row, truth } of oddCountries()) {
      events.write(row);
      answers.add(truth);
    }
    events.close();
    return answers;
  },
};
export default set;

function event(random: Random, i: number): { row: Row; truth: Truth } {
  const country = COUNTRIES[random.weighted(COUNTRIES.map(({ weight }) => weight))] ?? COUNTRIES[0];
  if (!country) throw new Error('there are no countries');
  const orders = Math.floor(Math.exp(random.normal(1.7, 1.3)));
  const days = random.chance(0.15) ? random.int(90, 400) : Math.floor(Math.exp(random.normal(3.2, 0.9)));
  const amount = random.chance(0.04) ? 0 : (country.amounts[amountOf(random, country.amounts, orders, days)] ?? 0);
  // Microseconds make every event another one; the day of the event is all that the segments see.
  const time = NEWEST - random.int(0, 60) * DAY - random.int(0, DAY / 1000 - 1) * 1000;
  const micros = String(i % 1_000_000).padStart(6, '0');
  const row = {
    timestamp: `${text(time).slice(0, 19)}.${micros}`,
    country_code: country.name,
    last_order_ts: text(time - days * DAY).slice(0, 10),
    first_order_ts: text(time - (days + random.int(0, 700)) * DAY)
      .slice(0, 10)
      .concat(' 00:00:00'),
    total_orders: `${orders}.0`,
    voucher_amount: amount || null,
  };
  return { row, truth: { country: country.name, orders, days, amount } };
}

/** Which of a country's amounts: the favourite of the frequency segment more often than the others. */
function amountOf(random: Random, amounts: readonly number[], orders: number, days: number): number {
  const favourite = amounts.length - 1 - FREQUENCY_SEGMENTS.indexOf(frequencySegment(orders));
  return random.weighted(amounts.map((_, k) => (k === favourite ? 4 : 1) + (days >= 90 && k === 3 ? 1.5 : 0)));
}

/** A country where two amounts are used equally often, one that uses no vouchers, and one with a hostile name. */
function* oddCountries(): Generator<{ row: Row; truth: Truth }> {
  const events: [country: string, amounts: number[]][] = [
    ['Uruguay', [900, 300, 900, 300, 300, 900, 0]],
    ['Paraguay', [0, 0, 400]],
    [`Per"u', 1/2 🎁`, [700, 700]],
  ];
  for (const [country, amounts] of events)
    for (const [i, amount] of amounts.entries())
      yield {
        row: {
          timestamp: `2026-11-0${i + 1} 12:00:00.000000`,
          country_code: country,
          last_order_ts: '2026-11-01',
          first_order_ts: '2026-10-01 00:00:00',
          total_orders: '3.0',
          voucher_amount: amount || null,
        },
        truth: { country, orders: 3, days: i, amount },
      };
}

const text = (time: number) => new Date(time).toISOString().replace('T', ' ');
