import pipeline from '#lib/pipelines/reorder/pipeline.ts';
import { rocAuc } from '../library/auc.ts';
import { Random } from '../library/random.ts';
import type { SampleSet } from '../library/sample-set.ts';
import { type Columns, type Row, type TableWriter, table } from '../library/tables.ts';
import { deliveredLine, deliveredOrder } from './dirt.ts';
import { writeShelves } from './shelves.ts';
import { History, habitsOf, type Line, type Shop, shopOf } from './shop.ts';

/**
 * Users of a grocery shop: all their orders, and what was in those of the past.
 *
 * Each user's orders are simulated one after the other. Whether a product is bought again is drawn from
 * `History.probability` of what the orders before show, in the history and in the order to be predicted alike, which is
 * why the best possible score is known. Users come one by one and are written at once: a large set needs no more
 * memory.
 */
const USERS = 260;
const PRODUCTS = 500;
/** Labelled pairs kept to compute the best score of a large set. */
const SCORED_PAIRS = 200_000;

/** Shares of users. The others have a test order, which is still to come. */
const WITH_TRAIN = 0.6;
const WITH_ONE_ORDER = 0.02;
const WITH_SHORT_HISTORY = 0.03;
/** Shares of orders of the past. */
const WITHOUT_LINES = 0.008;
const WITHOUT_USER = 0.003;
/** Of train orders: what was in them is not delivered. */
const TRAIN_WITHOUT_LINES = 0.02;

interface Pairs {
  probabilities: number[];
  labels: boolean[];
  all: number;
}

const set: SampleSet = {
  about: 'users of a grocery shop with all their orders, and the lines of those of the past',
  generate(folder, scale) {
    const open = (name: string) => {
      const { format, columns } = pipeline.sources[name] ?? { format: 'csv', columns: {} };
      return table(folder, name, format, columns as Columns, scale > 1);
    };
    const shop = shopOf(Math.round(PRODUCTS * Math.sqrt(scale)));
    const shelves = { products: open('products'), aisles: open('aisles'), departments: open('departments') };
    writeShelves(shop, shelves);
    const till = new Till(open('orders'), open('order_products'));
    const pairs: Pairs = { probabilities: [], labels: [], all: 0 };
    for (let user = 1; user <= USERS * scale; user++) shopping(user, shop, till, pairs);
    for (const writer of [till.orders, till.lines, ...Object.values(shelves)]) writer.close();
    const bought = pairs.labels.filter(Boolean).length / pairs.labels.length;
    return [
      `rows: orders ${till.orderRows}, order_products ${till.lineRows}, products ${shop.products}`,
      `labelled pairs: ${pairs.all} (${(100 * bought).toFixed(1)} % bought again)`,
      `best possible AUC: ${rocAuc(pairs.probabilities, pairs.labels).toFixed(3)}`,
    ];
  },
};
export default set;

/** Gives orders their ids and writes what is delivered of them. */
class Till {
  orderRows = 0;
  lineRows = 0;
  #lastId = 0;
  readonly orders: TableWriter;
  readonly lines: TableWriter;

  constructor(orders: TableWriter, lines: TableWriter) {
    this.orders = orders;
    this.lines = lines;
  }

  ring(random: Random, order: Row, lines: readonly Line[]): void {
    const order_id = ++this.#lastId;
    for (const row of deliveredOrder(random, { ...order, order_id })) {
      this.orders.write(row);
      this.orderRows++;
    }
    for (const { product, position, reordered } of lines)
      for (const row of deliveredLine(random, {
        order_id,
        product_id: product,
        add_to_cart_order: position,
        reordered,
      })) {
        this.lines.write(row);
        this.lineRows++;
      }
  }
}

function shopping(user: number, shop: Shop, till: Till, pairs: Pairs): void {
  const random = new Random(`reorder/user/${user}`);
  const habits = habitsOf(random);
  const history = new History(shop, habits);
  const kind = random.uniform();
  const few = kind < WITH_ONE_ORDER + WITH_SHORT_HISTORY;
  const past = few ? 1 : 3 + random.poisson(Math.exp(random.normal(1.8, 0.5)));
  const order = (eval_set: string, number: number): Row => ({
    user_id: user,
    eval_set,
    order_number: number,
    order_dow: random.int(0, 6),
    order_hour_of_day: Math.min(23, Math.max(0, Math.round(random.normal(13, 4)))),
    days_since_prior_order:
      number === 1 ? null : Math.min(30, Math.max(0, Math.round(random.normal(habits.daysBetween, 3)))),
  });
  for (let number = 1; number <= past; number++) {
    const lines = random.chance(WITHOUT_LINES) ? [] : history.draw(random, number);
    till.ring(random, order('prior', number), lines);
    history.remember(lines, number);
    if (random.chance(WITHOUT_USER)) till.ring(random, { ...order('prior', number), user_id: null }, lines);
  }
  if (kind < WITH_ONE_ORDER) return;
  const next = past + 1;
  if (!random.chance(WITH_TRAIN)) {
    till.ring(random, order('test', next), []);
    return;
  }
  const lines = history.draw(random, next);
  const lost = random.chance(TRAIN_WITHOUT_LINES);
  till.ring(random, order('train', next), lost ? [] : lines);
  pairs.all += history.bought.size;
  if (lost || pairs.labels.length > SCORED_PAIRS) return;
  const inNext = new Set(lines.map(({ product }) => product));
  for (const product of history.bought.keys()) {
    pairs.probabilities.push(history.probability(product, next));
    pairs.labels.push(inNext.has(product));
  }
}
