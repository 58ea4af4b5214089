-- How often a user orders: of all orders, the one to be predicted too, whose number and date are known by then.
--
-- days_since_prior_order is null for a first order. Null later on means that it was not recorded: that order adds
-- nothing to the period and is not in the mean. A user with one order has neither, and both are null, not zero.
SELECT
  orders.user_id,
  CAST(MAX(orders.order_number) AS bigint) AS user_orders,
  CAST(SUM(orders.days_since_prior_order) AS double) AS user_period,
  CAST(AVG(orders.days_since_prior_order) AS double) AS user_mean_days_since_prior
FROM orders
WHERE orders.user_id IS NOT NULL
GROUP BY orders.user_id
