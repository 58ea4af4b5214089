-- What a user's history holds. In a first order nothing can be a reorder, so the ratio is of the lines after it; a user
-- with a first order only has no such line, and the ratio is null: nothing is known about the habit.
SELECT
  order_products_prior.user_id,
  CAST(COUNT(*) AS bigint) AS user_total_products,
  CAST(COUNT(DISTINCT order_products_prior.product_id) AS bigint) AS user_distinct_products,
  CAST(
    CAST(SUM(CASE WHEN order_products_prior.reordered = 1 THEN 1 ELSE 0 END) AS double)
    / NULLIF(SUM(CASE WHEN order_products_prior.order_number > 1 THEN 1 ELSE 0 END), 0)
    AS double
  ) AS user_reorder_ratio
FROM order_products_prior
GROUP BY order_products_prior.user_id
