import type { Random } from '../library/random.ts';
import type { Row } from '../library/tables.ts';

/** What real deliveries look like. Shares are of rows; every kind is in the committed set, which a test checks. */
const SHARE = {
  unknownDays: 0.006,
  repeated: 0.004,
  contradicted: 0.003,
  withoutKey: 0.001,
  withoutOrder: 0.001,
};

/** Ids from here on are of orders that were never delivered. */
const LOST_ORDERS = 900_000_000;

/** The rows delivered in the place of one order. Nothing here changes what was bought when. */
export function deliveredOrder(random: Random, clean: Row): Row[] {
  const row = { ...clean };
  if (random.chance(SHARE.unknownDays)) row.days_since_prior_order = null;
  const rows = [row];
  if (random.chance(SHARE.repeated)) rows.push({ ...row });
  if (random.chance(SHARE.contradicted))
    rows.push({ ...row, order_hour_of_day: Number(row.order_hour_of_day ?? 0) + 1 });
  if (random.chance(SHARE.withoutKey)) rows.push({ ...row, order_id: null });
  return rows;
}

/** The rows delivered in the place of one line. Of rows that contradict each other the first by position stays. */
export function deliveredLine(random: Random, clean: Row): Row[] {
  const rows = [clean];
  if (random.chance(SHARE.repeated)) rows.push({ ...clean });
  if (random.chance(SHARE.contradicted))
    rows.push({ ...clean, add_to_cart_order: Number(clean.add_to_cart_order ?? 0) + 1 });
  if (random.chance(SHARE.withoutKey)) rows.push({ ...clean, ...random.pick(LOST_KEYS) });
  if (random.chance(SHARE.withoutOrder)) rows.push({ ...clean, order_id: LOST_ORDERS + random.int(1, 99_999) });
  return rows;
}

const LOST_KEYS: readonly [Row, ...Row[]] = [{ order_id: null }, { product_id: null }];

/** Names that break what does not expect them. A line of a CSV file is a row, so none has a newline. */
export const HOSTILE_NAMES: readonly string[] = [
  'Crème brûlée "Grand-mère", 4 × 100 g',
  '"',
  '""quoted twice""',
  ',,,',
  "Levi's Best; DROP TABLE orders --",
  '=HYPERLINK("http://example.com","cheap")',
  '+49 30 Currywurst',
  '-2+3 Light Yoghurt',
  '@SUM(A1:A9)',
  '🍌🥑 Smoothie 👩🏽‍🌾',
  'مياه معدنية',
  '豆腐 一丁',
  ' blanks around ',
  '\ttab first',
  'NULL',
  'null',
  'NaN',
  "{'$gt': ''}",
  '<script>alert(1)</script>',
  '%s %d %n {{7*7}} $(id)',
  `Very long noodles ${'o'.repeat(10_240)}`,
];
