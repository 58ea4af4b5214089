-- Every product that a user with a `test` order, the one to be predicted, has bought before.
WITH asked AS (
  SELECT DISTINCT orders.user_id
  FROM orders
  WHERE orders.eval_set = 'test'
)
SELECT result.*
FROM result
INNER JOIN asked ON asked.user_id = result.user_id
