-- How often a product is bought, and how often again: first and second orders are those of each user.
--
-- The time is a rank, not a row number: should a user have two orders of the same number, both are the first time and
-- there is no second, whichever order the rows come in. A purchase whose order has no number comes last.
WITH purchases AS (
  SELECT
    order_products_prior.product_id,
    order_products_prior.reordered,
    RANK() OVER (
      PARTITION BY order_products_prior.user_id, order_products_prior.product_id
      ORDER BY order_products_prior.order_number ASC NULLS LAST
    ) AS product_seq_time
  FROM order_products_prior
)
SELECT
  purchases.product_id,
  CAST(COUNT(*) AS bigint) AS prod_orders,
  CAST(SUM(purchases.reordered) AS bigint) AS prod_reorders,
  CAST(SUM(CASE WHEN purchases.product_seq_time = 1 THEN 1 ELSE 0 END) AS bigint) AS prod_first_orders,
  CAST(SUM(CASE WHEN purchases.product_seq_time = 2 THEN 1 ELSE 0 END) AS bigint) AS prod_second_orders
FROM purchases
GROUP BY purchases.product_id
