-- What is odd in the sources, of rows that have a key, each counted once.
--
-- An order of the test set is still to come: that it has no lines is no oddity.
WITH lines AS (
  SELECT
    COUNT(*) AS all_lines,
    COUNT(orders.order_id) AS with_order,
    COUNT(products.product_id) AS with_product
  FROM order_products
  LEFT JOIN orders ON orders.order_id = order_products.order_id
  LEFT JOIN products ON products.product_id = order_products.product_id
),
filled AS (
  SELECT DISTINCT order_products.order_id
  FROM order_products
),
heads AS (
  SELECT
    SUM(CASE WHEN orders.user_id IS NULL THEN 1 ELSE 0 END) AS without_user,
    SUM(CASE WHEN filled.order_id IS NULL AND orders.eval_set <> 'test' THEN 1 ELSE 0 END) AS without_lines
  FROM orders
  LEFT JOIN filled ON filled.order_id = orders.order_id
)
SELECT
  CAST(COALESCE(heads.without_user, 0) AS bigint) AS orders_without_user,
  CAST(COALESCE(heads.without_lines, 0) AS bigint) AS orders_without_lines,
  CAST(lines.all_lines - lines.with_order AS bigint) AS lines_without_order,
  CAST(lines.all_lines - lines.with_product AS bigint) AS lines_of_unknown_products
FROM heads
CROSS JOIN lines
