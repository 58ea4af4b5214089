-- How likely a conversion is in the week that begins with the run date, and which model says so.
SELECT
  scored.user_id,
  scored.positive_probability AS proba,
  scored.model,
  CAST(:run_date AS date) AS predicted_week
FROM scored
