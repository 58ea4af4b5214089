-- Every (member, snapshot) with a survey at most two days before or after it, and what the member answered.
WITH answers AS (
  SELECT
    features.member_id,
    features.snapshot_date,
    survey.buyer_stage,
    -- The nearest survey wins, then the earlier one. A member answers once a day at most, so the order is total.
    ROW_NUMBER() OVER (
      PARTITION BY features.member_id, features.snapshot_date
      ORDER BY
        ABS(DATE_DIFF('day', survey.survey_date, features.snapshot_date)) ASC NULLS LAST,
        survey.survey_date ASC NULLS LAST
    ) AS preference
  FROM features
  INNER JOIN survey ON survey.member_id = features.member_id
  WHERE
    ABS(DATE_DIFF('day', survey.survey_date, features.snapshot_date)) <= 2
    AND survey.buyer_stage IS NOT NULL
)
SELECT
  features.*,
  answers.buyer_stage
FROM features
INNER JOIN answers
  ON answers.member_id = features.member_id AND answers.snapshot_date = features.snapshot_date
WHERE answers.preference = 1
