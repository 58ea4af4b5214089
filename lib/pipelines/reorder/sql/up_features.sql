-- What a user has done with one product. A product bought once has the same first and last order.
SELECT
  order_products_prior.user_id,
  order_products_prior.product_id,
  CAST(COUNT(*) AS bigint) AS up_orders,
  CAST(MIN(order_products_prior.order_number) AS bigint) AS up_first_order,
  CAST(MAX(order_products_prior.order_number) AS bigint) AS up_last_order,
  CAST(AVG(CAST(order_products_prior.add_to_cart_order AS double)) AS double) AS up_average_cart_position
FROM order_products_prior
GROUP BY order_products_prior.user_id, order_products_prior.product_id
