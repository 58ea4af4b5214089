-- The stage the model thinks most likely, and how sure it is of it.
SELECT
  scored.member_id,
  scored.predicted_label AS buyer_stage,
  scored.probability
FROM scored
