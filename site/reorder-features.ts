/**
 * What people are told about the values that reorder's model reads. Names, order and types are the definition's; that
 * nothing is missing or left over is checked when the page is built, and that "unknown" is said of the right ones by a
 * test against sql/inference.sql.
 */
export interface FeatureWords {
  group: Group;
  label: string;
  meaning: string;
  unit: string;
  /** Usual values, both ends included. Dirty data has others: they are asked about, and scored. */
  usual: readonly [number, number];
  /** Whether -1 stands for "not known". */
  mayBeUnknown: boolean;
  /** Of a product that is bought all the time, and of one that was tried once. */
  examples: readonly [often: number, once: number];
}

export const GROUPS = {
  pair: { title: 'The customer and this product', says: 'How this product has been in this customer’s orders.' },
  customer: { title: 'The customer', says: 'All orders of the customer, whatever was in them.' },
  product: { title: 'The product', says: 'Everybody’s orders of this product.' },
} as const;
export type Group = keyof typeof GROUPS;

/** What the two examples are called. */
export const EXAMPLES = ['A favourite', 'Tried once'] as const;

const ORDERS = 'orders';
const DAYS = 'days';
const SHARE = 'share';

export const REORDER_FEATURES: Record<string, FeatureWords> = {
  up_orders: {
    group: 'pair',
    label: 'Orders with the product',
    meaning: 'How many of the customer’s orders had it.',
    unit: ORDERS,
    usual: [1, 100],
    mayBeUnknown: false,
    examples: [20, 1],
  },
  up_first_order: {
    group: 'pair',
    label: 'First bought in order no.',
    meaning: 'The customer’s first order is 1.',
    unit: 'order no.',
    usual: [1, 100],
    mayBeUnknown: true,
    examples: [2, 3],
  },
  up_last_order: {
    group: 'pair',
    label: 'Last bought in order no.',
    meaning: 'The same as the first for a product bought once.',
    unit: 'order no.',
    usual: [1, 100],
    mayBeUnknown: true,
    examples: [21, 3],
  },
  up_orders_since_last_order: {
    group: 'pair',
    label: 'Orders since then',
    meaning: 'Number of the next order less that of the last one with the product.',
    unit: ORDERS,
    usual: [0, 100],
    mayBeUnknown: true,
    examples: [1, 2],
  },
  up_average_cart_position: {
    group: 'pair',
    label: 'Place in the basket',
    meaning: 'Mean place at which it was put in: 1 is first.',
    unit: 'place',
    usual: [1, 100],
    mayBeUnknown: true,
    examples: [4.1, 9],
  },
  up_order_rate: {
    group: 'pair',
    label: 'Share of all orders',
    meaning: 'Orders with the product by all orders of the customer.',
    unit: SHARE,
    usual: [0, 1],
    mayBeUnknown: true,
    examples: [0.9091, 0.2],
  },
  up_order_rate_since_first_order: {
    group: 'pair',
    label: 'Share of orders since the first',
    meaning: 'The same, counted from the order it was first in.',
    unit: SHARE,
    usual: [0, 1],
    mayBeUnknown: true,
    examples: [0.9524, 0.3333],
  },
  user_orders: {
    group: 'customer',
    label: 'Orders of the customer',
    meaning: 'Number of the next order: the one asked about counts.',
    unit: ORDERS,
    usual: [1, 100],
    mayBeUnknown: true,
    examples: [22, 5],
  },
  user_period: {
    group: 'customer',
    label: 'Days as a customer',
    meaning: 'From the first order to the next one.',
    unit: DAYS,
    usual: [0, 3000],
    mayBeUnknown: true,
    examples: [127, 43],
  },
  user_mean_days_since_prior: {
    group: 'customer',
    label: 'Days between orders',
    meaning: 'Mean time from one order to the next.',
    unit: DAYS,
    usual: [0, 365],
    mayBeUnknown: true,
    examples: [6.0476, 10.75],
  },
  user_total_products: {
    group: 'customer',
    label: 'Products bought',
    meaning: 'Lines of all past orders together.',
    unit: 'products',
    usual: [1, 10_000],
    mayBeUnknown: false,
    examples: [186, 27],
  },
  user_distinct_products: {
    group: 'customer',
    label: 'Different products',
    meaning: 'Each product counted once.',
    unit: 'products',
    usual: [1, 5000],
    mayBeUnknown: false,
    examples: [53, 14],
  },
  user_average_basket: {
    group: 'customer',
    label: 'Products an order',
    meaning: 'Products bought by orders.',
    unit: 'products',
    usual: [0, 150],
    mayBeUnknown: true,
    examples: [8.4545, 5.4],
  },
  user_reorder_ratio: {
    group: 'customer',
    label: 'Share bought again',
    meaning: 'Of the lines after the first order, those with a product bought before.',
    unit: SHARE,
    usual: [0, 1],
    mayBeUnknown: true,
    examples: [0.7268, 0.5652],
  },
  prod_orders: {
    group: 'product',
    label: 'Orders of everybody',
    meaning: 'How many orders of all customers had the product.',
    unit: ORDERS,
    usual: [1, 10_000_000],
    mayBeUnknown: false,
    examples: [57, 18],
  },
  prod_reorder_probability: {
    group: 'product',
    label: 'Second purchases',
    meaning: 'Share of its buyers who bought it a second time.',
    unit: SHARE,
    usual: [0, 1],
    mayBeUnknown: true,
    examples: [0.5625, 0.25],
  },
  prod_reorder_times: {
    group: 'product',
    label: 'Purchases a buyer',
    meaning: 'How often those who buy it do so, on average.',
    unit: 'times',
    usual: [1, 100],
    mayBeUnknown: true,
    examples: [3.5625, 2.25],
  },
  prod_reorder_ratio: {
    group: 'product',
    label: 'Share of reorders',
    meaning: 'Of its purchases, those by somebody who had bought it before.',
    unit: SHARE,
    usual: [0, 1],
    mayBeUnknown: true,
    examples: [0.7193, 0.5556],
  },
};
