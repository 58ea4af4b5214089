-- Every product a user has bought, with all that is known about the two: one row per (user, product).
--
-- The joins are inner, and lose nothing: a line of the history has a user and a product, and its user has orders.
-- A ratio whose denominator is zero or unknown is null, never zero: the model is told that it is unknown.
SELECT
  up_features.user_id,
  up_features.product_id,
  up_features.up_orders,
  up_features.up_first_order,
  up_features.up_last_order,
  up_features.up_average_cart_position,
  prd_features.prod_orders,
  prd_features.prod_reorders,
  prd_features.prod_first_orders,
  prd_features.prod_second_orders,
  user_features_1.user_orders,
  user_features_1.user_period,
  user_features_1.user_mean_days_since_prior,
  user_features_2.user_total_products,
  user_features_2.user_distinct_products,
  user_features_2.user_reorder_ratio,
  CAST(CAST(prd_features.prod_second_orders AS double) / NULLIF(prd_features.prod_first_orders, 0) AS double)
    AS prod_reorder_probability,
  CAST(1E0 + CAST(prd_features.prod_reorders AS double) / NULLIF(prd_features.prod_first_orders, 0) AS double)
    AS prod_reorder_times,
  CAST(CAST(prd_features.prod_reorders AS double) / NULLIF(prd_features.prod_orders, 0) AS double)
    AS prod_reorder_ratio,
  CAST(CAST(user_features_2.user_total_products AS double) / NULLIF(user_features_1.user_orders, 0) AS double)
    AS user_average_basket,
  CAST(CAST(up_features.up_orders AS double) / NULLIF(user_features_1.user_orders, 0) AS double) AS up_order_rate,
  CAST(user_features_1.user_orders - up_features.up_last_order AS bigint) AS up_orders_since_last_order,
  CAST(
    CAST(up_features.up_orders AS double) / NULLIF(user_features_1.user_orders - up_features.up_first_order + 1, 0)
    AS double
  ) AS up_order_rate_since_first_order
FROM up_features
INNER JOIN prd_features ON prd_features.product_id = up_features.product_id
INNER JOIN user_features_1 ON user_features_1.user_id = up_features.user_id
INNER JOIN user_features_2 ON user_features_2.user_id = up_features.user_id
