-- features.sql as it was a week before the run date, and who has converted since: the users with an event in the sixty
-- days and in the week after them. Nothing of that week is in the features.
WITH seen AS (
  SELECT
    events.user_id,
    events.event_ts,
    events.section,
    events.event_category,
    events.event_action,
    events.user_type,
    events.is_investor,
    events.portfolio,
    -- When each attribute was last known.
    MAX(CASE WHEN events.user_type <> '' THEN events.event_ts END) OVER (PARTITION BY events.user_id) AS user_type_at,
    MAX(CASE WHEN events.is_investor <> '' THEN events.event_ts END) OVER (PARTITION BY events.user_id) AS is_investor_at,
    MAX(CASE WHEN REPLACE(events.portfolio, ' ', '') <> '' THEN events.event_ts END)
      OVER (PARTITION BY events.user_id) AS portfolio_at
  FROM events
  WHERE
    events.user_id <> ''
    AND LENGTH(events.user_id) <= 500
    AND NOT REGEXP_LIKE(events.user_id, '\p{Cc}')
    AND CAST(events.event_ts AS date) >= CAST(:run_date - INTERVAL '67' DAY AS date)
    AND CAST(events.event_ts AS date) <= CAST(:run_date - INTERVAL '8' DAY AS date)
),
users AS (
  SELECT
    seen.user_id,
    SUM(CASE WHEN seen.event_category = 'transfer' AND seen.event_action = 'success' THEN 1 ELSE 0 END) AS transfers,
    COUNT(DISTINCT NULLIF(seen.section, '')) AS distinct_sections,
    MAX(CASE WHEN seen.section = 'investments' THEN 1 ELSE 0 END) AS visited_investments,
    SUM(CASE
      WHEN seen.event_category = :conversion_category AND seen.event_action = :conversion_action THEN 1 ELSE 0
    END) AS conversions,
    MAX(CASE WHEN seen.event_ts = seen.user_type_at THEN seen.user_type END) AS user_type,
    MAX(CASE WHEN seen.event_ts = seen.is_investor_at THEN seen.is_investor END) AS is_investor,
    SPLIT(MAX(CASE WHEN seen.event_ts = seen.portfolio_at THEN seen.portfolio END), ' ') AS holds
  FROM seen
  GROUP BY seen.user_id
),
week AS (
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
)
SELECT
  users.user_id,
  CAST(users.transfers AS bigint) AS transfers,
  CAST(users.distinct_sections AS bigint) AS distinct_sections,
  CAST(users.visited_investments AS bigint) AS visited_investments,
  CAST(users.conversions AS bigint) AS conversions,
  CAST(CASE users.user_type WHEN 'mass' THEN 1 WHEN 'eminent' THEN 2 ELSE 3 END AS bigint) AS user_type,
  CAST(CASE users.is_investor WHEN 'yes' THEN 1 ELSE 0 END AS bigint) AS is_investor,
  CAST(CASE WHEN CONTAINS(users.holds, 'stocks_ars') THEN 1 ELSE 0 END AS bigint) AS stocks_ars,
  CAST(CASE WHEN CONTAINS(users.holds, 'term_deposits_usd') THEN 1 ELSE 0 END AS bigint) AS term_deposits_usd,
  CAST(CASE WHEN CONTAINS(users.holds, 'term_deposits_ars') THEN 1 ELSE 0 END AS bigint) AS term_deposits_ars,
  CAST(CASE WHEN CONTAINS(users.holds, 'bonds_usd') THEN 1 ELSE 0 END AS bigint) AS bonds_usd,
  CAST(CASE WHEN CONTAINS(users.holds, 'bonds_ars') THEN 1 ELSE 0 END AS bigint) AS bonds_ars,
  CAST(CASE WHEN CONTAINS(users.holds, 'funds_usd') THEN 1 ELSE 0 END AS bigint) AS funds_usd,
  CAST(CASE WHEN CONTAINS(users.holds, 'funds_ars') THEN 1 ELSE 0 END AS bigint) AS funds_ars,
  CAST(CASE WHEN CONTAINS(users.holds, 'cedears_ars') THEN 1 ELSE 0 END AS bigint) AS cedears_ars,
  CAST(CASE WHEN CONTAINS(users.holds, 'cedears_usd') THEN 1 ELSE 0 END AS bigint) AS cedears_usd,
  CAST(week.converted AS bigint) AS converted
FROM users
INNER JOIN week ON week.user_id = users.user_id
