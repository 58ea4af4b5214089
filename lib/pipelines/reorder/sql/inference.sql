-- Every product that a user with a `test` order, the one to be predicted, has bought before. What is unknown is
-- -1, as in training.
WITH asked AS (
  SELECT DISTINCT orders.user_id
  FROM orders
  WHERE orders.eval_set = 'test'
)
SELECT
  result.user_id,
  result.product_id,
  result.up_orders,
  CAST(COALESCE(result.user_mean_days_since_prior, -1E0) AS double) AS user_mean_days_since_prior,
  CAST(COALESCE(result.user_period, -1E0) AS double) AS user_period,
  result.user_distinct_products,
  CAST(COALESCE(result.user_reorder_ratio, -1E0) AS double) AS user_reorder_ratio,
  result.user_total_products,
  CAST(COALESCE(result.up_average_cart_position, -1E0) AS double) AS up_average_cart_position,
  CAST(COALESCE(result.up_first_order, -1) AS bigint) AS up_first_order,
  CAST(COALESCE(result.user_orders, -1) AS bigint) AS user_orders,
  CAST(COALESCE(result.up_last_order, -1) AS bigint) AS up_last_order,
  result.prod_orders,
  CAST(COALESCE(result.prod_reorder_probability, -1E0) AS double) AS prod_reorder_probability,
  CAST(COALESCE(result.prod_reorder_times, -1E0) AS double) AS prod_reorder_times,
  CAST(COALESCE(result.prod_reorder_ratio, -1E0) AS double) AS prod_reorder_ratio,
  CAST(COALESCE(result.user_average_basket, -1E0) AS double) AS user_average_basket,
  CAST(COALESCE(result.up_order_rate, -1E0) AS double) AS up_order_rate,
  CAST(COALESCE(result.up_orders_since_last_order, -1) AS bigint) AS up_orders_since_last_order,
  CAST(COALESCE(result.up_order_rate_since_first_order, -1E0) AS double) AS up_order_rate_since_first_order
FROM result
INNER JOIN asked ON asked.user_id = result.user_id
