-- The predictions of the run, for those who read files.
SELECT
  predictions.entity_id,
  predictions.device,
  predictions.cr
FROM predictions
WHERE predictions.run_date = :run_date
ORDER BY predictions.entity_id ASC NULLS LAST, predictions.device ASC NULLS LAST
