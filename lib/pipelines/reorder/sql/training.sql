-- What every user with a `train` order had bought before it, and whether it was in that order too.
--
-- A train order that has no line (they are counted) is a purchase of nothing known: all its user's labels are '0'.
--
-- What is unknown, null in result, is -1 to the model, in training and in inference alike: no feature is that otherwise.
-- A null would be an empty text in the CSV that batch transform reads, and not every model takes that for a number.
WITH answered AS (
  SELECT DISTINCT orders.user_id
  FROM orders
  WHERE orders.eval_set = 'train'
),
bought AS (
  SELECT DISTINCT
    orders.user_id,
    order_products.product_id
  FROM orders
  INNER JOIN order_products ON order_products.order_id = orders.order_id
  WHERE orders.eval_set = 'train'
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
  CAST(COALESCE(result.up_order_rate_since_first_order, -1E0) AS double) AS up_order_rate_since_first_order,
  CAST(CASE WHEN bought.product_id IS NULL THEN '0' ELSE '1' END AS varchar) AS reordered
FROM result
INNER JOIN answered ON answered.user_id = result.user_id
LEFT JOIN bought ON bought.user_id = result.user_id AND bought.product_id = result.product_id
