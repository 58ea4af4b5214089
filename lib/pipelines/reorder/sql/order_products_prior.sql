-- Every line of the order history, with its order.
--
-- A line of no known order says nothing about anybody and is left out, and so is an order without a user: both are
-- counted. An order without lines has no row here; it still counts as an order of its user (user_features_1).
SELECT
  orders.order_id,
  orders.user_id,
  orders.eval_set,
  orders.order_number,
  orders.order_dow,
  orders.order_hour_of_day,
  orders.days_since_prior_order,
  order_products.product_id,
  order_products.add_to_cart_order,
  order_products.reordered
FROM orders
INNER JOIN order_products ON order_products.order_id = orders.order_id
WHERE orders.eval_set = 'prior' AND orders.user_id IS NOT NULL
