-- The chance that a click converts: a model may leave [0, 1], a probability may not.
SELECT
  scored.entity_id,
  scored.device,
  CAST(
    CASE
      WHEN scored.predicted_value IS NOT NULL THEN LEAST(GREATEST(COALESCE(scored.predicted_value, 0E0), 0E0), 1E0)
    END
  AS double) AS cr
FROM scored
