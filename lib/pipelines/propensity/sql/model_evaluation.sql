-- How right last week's predictions were: those of the week that ended yesterday, of the users who had an event in it.
--
-- Without predictions there is no row. Of predictions of whom nobody came, or who all did the same, the measures that
-- cannot be computed are null.
WITH week AS (
  SELECT
    events.user_id,
    MAX(CASE
      WHEN events.event_category = :conversion_category AND events.event_action = :conversion_action THEN 1 ELSE 0
    END) AS converted
  FROM events
  WHERE
    CAST(events.event_ts AS date) >= CAST(:run_date - INTERVAL '7' DAY AS date)
    AND CAST(events.event_ts AS date) <= CAST(:run_date - INTERVAL '1' DAY AS date)
  GROUP BY events.user_id
),
by_score AS (
  SELECT
    predictions.model,
    predictions.predicted_week,
    predictions.proba,
    SUM(CASE WHEN week.converted = 1 THEN 1 ELSE 0 END) AS positives,
    SUM(CASE WHEN week.converted = 0 THEN 1 ELSE 0 END) AS negatives
  FROM predictions
  LEFT JOIN week ON week.user_id = predictions.user_id
  WHERE predictions.run_date = CAST(:run_date - INTERVAL '7' DAY AS date)
  GROUP BY predictions.model, predictions.predicted_week, predictions.proba
),
passed AS (
  SELECT
    by_score.*,
    SUM(by_score.negatives) OVER (
      PARTITION BY by_score.model, by_score.predicted_week
      ORDER BY by_score.proba ASC NULLS LAST
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS negatives_up_to
  FROM by_score
),
outcome AS (
  SELECT
    passed.model,
    passed.predicted_week,
    SUM(CASE WHEN passed.proba > 5E-1 THEN 0 ELSE passed.negatives END) AS tn,
    SUM(CASE WHEN passed.proba > 5E-1 THEN passed.negatives ELSE 0 END) AS fp,
    SUM(CASE WHEN passed.proba > 5E-1 THEN 0 ELSE passed.positives END) AS fn,
    SUM(CASE WHEN passed.proba > 5E-1 THEN passed.positives ELSE 0 END) AS tp,
    -- Pairs of a converted and another user in which the converted one has the higher score; equal scores are half a win.
    SUM(CAST(passed.positives AS double) * (CAST(passed.negatives_up_to AS double) - 5E-1 * CAST(passed.negatives AS double))) AS wins
  FROM passed
  GROUP BY passed.model, passed.predicted_week
)
SELECT
  outcome.model,
  outcome.predicted_week,
  CAST(CAST(2 * outcome.tp AS double) / NULLIF(2 * outcome.tp + outcome.fp + outcome.fn, 0) AS double) AS f1,
  CAST(CAST(outcome.tp AS double) / NULLIF(outcome.tp + outcome.fp, 0) AS double) AS precision,
  CAST(CAST(outcome.tp AS double) / NULLIF(outcome.tp + outcome.fn, 0) AS double) AS recall,
  CAST(
    CAST(outcome.wins AS double)
    / NULLIF(CAST(outcome.tp + outcome.fn AS double) * CAST(outcome.tn + outcome.fp AS double), 0) AS double
  ) AS roc_auc,
  CAST(outcome.tn AS bigint) AS tn,
  CAST(outcome.fp AS bigint) AS fp,
  CAST(outcome.fn AS bigint) AS fn,
  CAST(outcome.tp AS bigint) AS tp
FROM outcome
