-- What every user with a `train` order had bought before it, and whether it was in that order too.
--
-- A train order that has no line (they are counted) is a purchase of nothing known: all its user's labels are '0'.
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
  result.*,
  CAST(CASE WHEN bought.product_id IS NULL THEN '0' ELSE '1' END AS varchar) AS reordered
FROM result
INNER JOIN answered ON answered.user_id = result.user_id
LEFT JOIN bought ON bought.user_id = result.user_id AND bought.product_id = result.product_id
