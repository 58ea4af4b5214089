import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import reorder from '#lib/pipelines/reorder/pipeline.ts';
import { Queries, type Row } from './support/on-duckdb.ts';

/** Lines of a CSV file without quotes, whose columns are the source's. */
function rows(source: string, text: string): Row[] {
  const columns = Object.keys(reorder.sources[source]?.columns ?? {});
  const cells = (line: string) => line.trim().split(',');
  const lines = text.trim().split('\n').filter(Boolean);
  return lines.map((line) => Object.fromEntries(cells(line).map((cell, i) => [columns[i] ?? line, cell])));
}

// Products: 1 milk, 2 bread, 3 eggs, 4 tea. User 1 has a train order, 2 a single order, 3 a test order.
const ORDERS = `
  10,1,prior,1,0,8,
  11,1,prior,2,1,9,5.0
  12,1,prior,3,2,10,
  13,1,train,4,3,11,10.0
  20,2,prior,1,4,12,
  30,3,prior,1,5,13,
  31,3,prior,2,6,14,7.0
  32,3,test,3,0,15,7.0`;
const LINES = `
  10,1,1,0
  10,2,2,0
  11,3,1,0
  11,1,2,1
  12,1,1,1
  12,2,3,1
  13,1,1,1
  13,4,2,0
  20,1,3,0
  31,2,1,0`;
const PRODUCTS = `
  1,milk,1,1
  2,bread,1,1
  3,eggs,1,1
  4,tea,1,1`;

const queries = new Queries(reorder);
afterAll(() => queries.close());

/** What the queries make of this shop, with more rows, or of those rows only. */
const asked = (more: { orders?: string; lines?: string; only?: boolean } = {}) =>
  queries.run({
    orders: rows('orders', `${more.only ? '' : ORDERS}${more.orders ?? ''}`),
    order_products: rows('order_products', `${more.only ? '' : LINES}${more.lines ?? ''}`),
    products: rows('products', PRODUCTS),
  });

let shop: Record<string, Row[]>;
beforeAll(async () => {
  shop = await asked();
});

/** The one row with these values, without them. */
function row(table: Row[] | undefined, key: Row): Row | undefined {
  const fits = (table ?? []).filter((one) => Object.entries(key).every(([name, value]) => one[name] === value));
  expect(fits.length, `rows with ${JSON.stringify(key)}`).toBeLessThan(2);
  const [first] = fits;
  return first && Object.fromEntries(Object.entries(first).filter(([name]) => !(name in key)));
}

/** Rows of a query come in any order. */
const sorted = (table: Row[] | undefined) => table?.map((one) => JSON.stringify(one)).sort();

const pairs = (table: Row[] | undefined) =>
  (table ?? []).map(({ user_id, product_id }) => `${user_id}/${product_id}`).sort();

describe('a small shop, worked out by hand', () => {
  test('has the lines of its past orders in the history, each with its order', () => {
    expect(shop.order_products_prior).toHaveLength(8);
    expect(row(shop.order_products_prior, { order_id: 11, product_id: 1 })).toEqual({
      user_id: 1,
      eval_set: 'prior',
      order_number: 2,
      order_dow: 1,
      order_hour_of_day: 9,
      days_since_prior_order: 5,
      add_to_cart_order: 2,
      reordered: 1,
    });
  });

  test('knows of every user how often they order, the order to be predicted included', () => {
    expect(shop.user_features_1).toHaveLength(3);
    // Days 5 and 10; those of the third order were not recorded.
    expect(row(shop.user_features_1, { user_id: 1 })).toEqual({
      user_orders: 4,
      user_period: 15,
      user_mean_days_since_prior: 7.5,
    });
    expect(row(shop.user_features_1, { user_id: 3 })).toEqual({
      user_orders: 3,
      user_period: 14,
      user_mean_days_since_prior: 7,
    });
  });

  test('knows of every user what is bought, and how much of it again', () => {
    // 3 reordered lines of 4 after the first order.
    expect(row(shop.user_features_2, { user_id: 1 })).toEqual({
      user_total_products: 6,
      user_distinct_products: 3,
      user_reorder_ratio: 0.75,
    });
    expect(row(shop.user_features_2, { user_id: 3 })).toMatchObject({ user_reorder_ratio: 0 });
  });

  test('knows of every user and product how often, when and how early in the cart, unrounded', () => {
    expect(pairs(shop.up_features)).toEqual(['1/1', '1/2', '1/3', '2/1', '3/2']);
    expect(row(shop.up_features, { user_id: 1, product_id: 1 })).toEqual({
      up_orders: 3,
      up_first_order: 1,
      up_last_order: 3,
      up_average_cart_position: 4 / 3,
    });
  });

  test('knows of every product how often it is bought for the first and for the second time', () => {
    expect(shop.prd_features).toHaveLength(3);
    const product = (product_id: number) => Object.values(row(shop.prd_features, { product_id }) ?? {});
    expect(product(1)).toEqual([4, 2, 2, 1]);
    expect(product(2)).toEqual([3, 1, 2, 1]);
    expect(product(3)).toEqual([1, 0, 1, 0]);
  });

  test.each([
    // probability, times, ratio, basket, order rate, orders since, rate since
    [1, 1, [1 / 2, 1 + 2 / 2, 2 / 4, 6 / 4, 3 / 4, 4 - 3, 3 / 4]],
    [1, 2, [1 / 2, 1 + 1 / 2, 1 / 3, 6 / 4, 2 / 4, 4 - 3, 2 / 4]],
    [1, 3, [0 / 1, 1 + 0 / 1, 0 / 1, 6 / 4, 1 / 4, 4 - 2, 1 / 3]],
    [2, 1, [1 / 2, 1 + 2 / 2, 2 / 4, 1 / 1, 1 / 1, 1 - 1, 1 / 1]],
    [3, 2, [1 / 2, 1 + 1 / 2, 1 / 3, 1 / 3, 1 / 3, 3 - 2, 1 / 2]],
  ])('says of user %i and product %i what only the four tables together know', (user_id, product_id, expected) => {
    const derived = Object.values(row(shop.result, { user_id, product_id }) ?? {}).slice(-7);
    expect(derived).toEqual(expected);
  });

  test('joins the four without losing or doubling a pair, columns in the declared order', () => {
    expect(pairs(shop.result)).toEqual(pairs(shop.up_features));
    expect(Object.keys(shop.result?.[0] ?? {})).toEqual(Object.keys(reorder.tables.result?.columns ?? {}));
    expect(row(shop.result, { user_id: 1, product_id: 3 })).toMatchObject({
      ...row(shop.up_features, { user_id: 1, product_id: 3 }),
      ...row(shop.prd_features, { product_id: 3 }),
      ...row(shop.user_features_1, { user_id: 1 }),
      ...row(shop.user_features_2, { user_id: 1 }),
    });
  });

  test('labels what users with a train order had bought before by that order', () => {
    expect(pairs(shop.training)).toEqual(['1/1', '1/2', '1/3']);
    expect(shop.training?.map(({ product_id, reordered }) => `${product_id}: ${reordered}`).sort()).toEqual([
      '1: 1',
      '2: 0',
      '3: 0',
    ]);
  });

  test('asks about what users with a test order have bought before', () => {
    expect(pairs(shop.inference)).toEqual(['3/2']);
    const { user_id, product_id, ...features } = shop.inference?.[0] ?? {};
    expect(row(shop.result, { user_id: 3, product_id: 2 })).toMatchObject(features);
  });

  test('counts nothing odd but the order of the past without lines', () => {
    expect(shop.counts).toEqual([
      { orders_without_user: 0, orders_without_lines: 1, lines_without_order: 0, lines_of_unknown_products: 0 },
    ]);
  });

  test('has of a user with a single order no period, no mean and no reorder ratio: null, as nothing is known', () => {
    expect(row(shop.result, { user_id: 2, product_id: 1 })).toMatchObject({
      user_orders: 1,
      user_period: null,
      user_mean_days_since_prior: null,
      user_reorder_ratio: null,
    });
  });
});

describe('rows that must change nothing', () => {
  let found: typeof shop;
  beforeAll(async () => {
    found = await asked({
      orders: `
        ,1,prior,9,0,8,3.0
        11,1,prior,2,1,9,6.0
        11,1,prior,2,1,9,5.0
        90,,prior,1,0,8,`,
      lines: `
        99,1,1,0
        98,2,1,1
        10,,1,0
        ,1,1,0
        10,1,4,0
        10,1,1,1
        10,1,1,0
        90,1,1,0
        90,4,2,0`,
    });
  });

  test.each(Object.keys(reorder.tables))('leave %s as it is', (table) => {
    expect(sorted(found[table])).toEqual(sorted(shop[table]));
  });

  test('leave the training set and the pairs asked about as they are', () => {
    expect(sorted(found.training)).toEqual(sorted(shop.training));
    expect(sorted(found.inference)).toEqual(sorted(shop.inference));
  });

  test('are counted: lines of no order, and orders that are nobody’s', () => {
    expect(found.counts?.[0]).toMatchObject({ lines_without_order: 2, orders_without_user: 1 });
  });
});

// Every oddity has users and products of its own, so that none can hide another.
describe('odd orders and lines', () => {
  let found: typeof shop;
  beforeAll(async () => {
    found = await asked({
      only: true,
      orders: `
        400,40,prior,1,0,8,
        401,40,prior,2,0,8,3.0
        410,41,prior,1,0,8,
        411,41,train,2,0,8,3.0
        420,42,prior,1,0,8,
        421,42,prior,1,0,9,
        430,43,prior,1,0,8,
        431,43,,2,0,8,1.0
        440,44,prior,1,0,8,
        441,44,prior,2,0,9,4.0
        450,45,prior,,0,8,
        451,46,prior,0,0,9,`,
      lines: `
        400,900,1,0
        410,910,1,0
        420,920,1,0
        421,920,1,0
        430,930,1,0
        431,931,1,0
        440,940,,
        441,940,6,1
        450,950,1,0
        451,950,1,0`,
    });
  });

  test('an order without lines counts as an order of its user, in which nothing was bought', () => {
    expect(row(found.user_features_1, { user_id: 40 })).toMatchObject({ user_orders: 2, user_period: 3 });
    expect(row(found.user_features_2, { user_id: 40 })).toMatchObject({ user_total_products: 1 });
  });

  test('a train order without lines labels all that its user has bought with 0', () => {
    expect(row(found.training, { user_id: 41, product_id: 910 })).toMatchObject({ reordered: '0' });
  });

  test('orders of the past without lines are counted, train orders too', () => {
    expect(found.counts?.[0]).toMatchObject({ orders_without_lines: 2 });
  });

  test('two orders of the same number are both the first time, and there is no second', () => {
    const product = row(found.prd_features, { product_id: 920 });
    expect(product).toMatchObject({ prod_first_orders: 2, prod_second_orders: 0 });
  });

  test('an order that is in no set is an order of its user, and its lines are in no history', () => {
    expect(row(found.user_features_1, { user_id: 43 })).toMatchObject({ user_orders: 2 });
    expect(pairs(found.result).filter((pair) => pair.startsWith('43/'))).toEqual(['43/930']);
  });

  test('what is missing in a line is left out of means and sums', () => {
    expect(row(found.result, { user_id: 44, product_id: 940 })).toMatchObject({
      up_orders: 2,
      up_average_cart_position: 6,
      prod_reorders: 1,
      user_reorder_ratio: 1,
    });
  });

  test('an order without a number, and one numbered zero, make rates null and drop nothing', () => {
    const unknown = { user_average_basket: null, up_order_rate: null };
    expect(row(found.result, { user_id: 45, product_id: 950 })).toMatchObject({
      ...unknown,
      up_orders_since_last_order: null,
      up_order_rate_since_first_order: null,
    });
    expect(row(found.result, { user_id: 46, product_id: 950 })).toMatchObject({
      ...unknown,
      up_orders_since_last_order: 0,
      up_order_rate_since_first_order: 1,
    });
  });

  test('products that are in no list are used like all others, and their lines are counted', () => {
    expect(found.prd_features).toHaveLength(6);
    expect(found.counts?.[0]).toMatchObject({ lines_of_unknown_products: 10 });
  });

  test('what is unknown is null in the result and -1 to the model', () => {
    const key = { user_id: 41, product_id: 910 };
    expect(row(found.result, key)).toMatchObject({ user_reorder_ratio: null, user_period: 3 });
    expect(row(found.training, key)).toMatchObject({ user_reorder_ratio: -1, user_period: 3 });
    expect((found.training ?? []).flatMap((one) => Object.values(one))).not.toContain(null);
  });

  test('no test order leaves nothing to predict', () => {
    expect(found.inference).toEqual([]);
  });
});

test('the model reads the 18 columns of its contract, in their order', () => {
  expect(reorder.model?.features.join(' ')).toBe(
    'up_orders user_mean_days_since_prior user_period user_distinct_products user_reorder_ratio user_total_products ' +
      'up_average_cart_position up_first_order user_orders up_last_order prod_orders prod_reorder_probability ' +
      'prod_reorder_times prod_reorder_ratio user_average_basket up_order_rate up_orders_since_last_order ' +
      'up_order_rate_since_first_order',
  );
});
