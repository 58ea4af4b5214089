-- How likely the product is in the next order, and whether that is likely enough to say so: the threshold is in the
-- definition.
SELECT
  scored.user_id,
  scored.product_id,
  scored.positive_probability AS probability,
  scored.above_threshold AS will_reorder
FROM scored
