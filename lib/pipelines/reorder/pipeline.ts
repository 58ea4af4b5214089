import { definePipeline, oneOf, type PipelineInput } from '#lib/pipelines/pipeline.ts';

type Columns = PipelineInput['tables'][string]['columns'];

const orderColumns: Columns = {
  order_id: 'bigint',
  user_id: 'bigint',
  eval_set: oneOf('prior', 'train', 'test'),
  order_number: 'bigint',
  order_dow: 'bigint',
  order_hour_of_day: 'bigint',
  days_since_prior_order: 'double',
};

/** 1 when the user had bought the product in an earlier order; a ratio of anything else would mean nothing. */
const reordered = { type: 'bigint' as const, oneOf: [0, 1] };

const userFeatures1: Columns = {
  user_orders: 'bigint',
  user_period: 'double',
  user_mean_days_since_prior: 'double',
};

const userFeatures2: Columns = {
  user_total_products: 'bigint',
  user_distinct_products: 'bigint',
  user_reorder_ratio: 'double',
};

const upFeatures: Columns = {
  up_orders: 'bigint',
  up_first_order: 'bigint',
  up_last_order: 'bigint',
  up_average_cart_position: 'double',
};

const prdFeatures: Columns = {
  prod_orders: 'bigint',
  prod_reorders: 'bigint',
  prod_first_orders: 'bigint',
  prod_second_orders: 'bigint',
};

/** What only the join of the four tables can say. */
const together: Columns = {
  prod_reorder_probability: 'double',
  prod_reorder_times: 'double',
  prod_reorder_ratio: 'double',
  user_average_basket: 'double',
  up_order_rate: 'double',
  up_orders_since_last_order: 'bigint',
  up_order_rate_since_first_order: 'double',
};

/** The order is part of the contract: it is the order in which the model reads them. */
const FEATURES = [
  'up_orders',
  'user_mean_days_since_prior',
  'user_period',
  'user_distinct_products',
  'user_reorder_ratio',
  'user_total_products',
  'up_average_cart_position',
  'up_first_order',
  'user_orders',
  'up_last_order',
  'prod_orders',
  'prod_reorder_probability',
  'prod_reorder_times',
  'prod_reorder_ratio',
  'user_average_basket',
  'up_order_rate',
  'up_orders_since_last_order',
  'up_order_rate_since_first_order',
];

export default definePipeline({
  name: 'reorder',
  asks: 'Which of the products a customer has bought before will be in the next order?',
  engine: 'athena',
  schedule: { at: '03:00', dueBy: '09:00' },

  sources: {
    orders: { format: 'csv', key: ['order_id'], columns: orderColumns },
    order_products: {
      format: 'csv',
      key: ['order_id', 'product_id'],
      columns: { order_id: 'bigint', product_id: 'bigint', add_to_cart_order: 'bigint', reordered },
    },
    products: {
      format: 'csv',
      key: ['product_id'],
      columns: { product_id: 'bigint', product_name: 'varchar', aisle_id: 'bigint', department_id: 'bigint' },
    },
    aisles: { format: 'csv', key: ['aisle_id'], columns: { aisle_id: 'bigint', aisle: 'varchar' } },
    departments: { format: 'csv', key: ['department_id'], columns: { department_id: 'bigint', department: 'varchar' } },
  },

  tables: {
    order_products_prior: {
      zone: 'curated',
      key: ['order_id', 'product_id'],
      columns: { ...orderColumns, product_id: 'bigint', add_to_cart_order: 'bigint', reordered },
    },
    user_features_1: { zone: 'curated', key: ['user_id'], columns: { user_id: 'bigint', ...userFeatures1 } },
    user_features_2: { zone: 'curated', key: ['user_id'], columns: { user_id: 'bigint', ...userFeatures2 } },
    up_features: {
      zone: 'curated',
      key: ['user_id', 'product_id'],
      columns: { user_id: 'bigint', product_id: 'bigint', ...upFeatures },
    },
    prd_features: { zone: 'curated', key: ['product_id'], columns: { product_id: 'bigint', ...prdFeatures } },
    result: {
      zone: 'sandbox',
      engine: 'glue',
      announce: true,
      key: ['user_id', 'product_id'],
      columns: {
        user_id: 'bigint',
        product_id: 'bigint',
        ...upFeatures,
        ...prdFeatures,
        ...userFeatures1,
        ...userFeatures2,
        ...together,
      },
    },
  },

  counts: {
    orders_without_user: { says: 'orders without a user, which are in no table' },
    orders_without_lines: { says: 'orders of the past without a line: they count as orders, with nothing bought' },
    lines_without_order: { says: 'order lines of no known order, which are in no table' },
    lines_of_unknown_products: { says: 'order lines whose product is not in products: used like all others' },
  },

  quality: [
    { rule: 'uniqueKey', table: 'result' },
    { rule: 'notNull', table: 'result', column: 'up_orders' },
    { rule: 'notNull', table: 'result', column: 'prod_orders' },
    { rule: 'between', table: 'result', column: 'prod_reorder_ratio', min: 0, max: 1 },
    { rule: 'rowsAgainstPreviousRun', table: 'result', minRatio: 0.5 },
  ],

  model: {
    kind: 'automl',
    problem: 'binary',
    objective: 'AUC',
    label: 'reordered',
    classes: ['0', '1'],
    positive: '1',
    threshold: 0.2,
    features: FEATURES,
    trainingKey: ['user_id', 'product_id'],
    entity: ['user_id'],
    holdoutKey: ['user_id'],
    trainEveryDays: 30,
  },

  predictions: {
    key: ['user_id', 'product_id'],
    columns: { user_id: 'bigint', product_id: 'bigint', probability: 'double', will_reorder: 'boolean' },
    scored: { probability: { of: 'positive_probability' }, will_reorder: { of: 'above_threshold' } },
  },
});
