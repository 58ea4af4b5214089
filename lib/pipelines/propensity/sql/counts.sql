-- What is odd in the events up to the run date, and how many conversions the labels are made of. Events without a time
-- are counted with the source.
WITH portfolios AS (
  SELECT
    events.portfolio,
    COUNT(*) AS rows_with_it
  FROM events
  WHERE events.portfolio IS NOT NULL
  GROUP BY events.portfolio
),
unknown AS (
  SELECT DISTINCT portfolios.portfolio
  FROM portfolios
  CROSS JOIN UNNEST(SPLIT(portfolios.portfolio, ' ')) AS words (word)
  WHERE words.word NOT IN ('', 'none', 
    'stocks_ars', 'term_deposits_usd', 'term_deposits_ars', 'bonds_usd', 'bonds_ars',
    'funds_usd', 'funds_ars', 'cedears_ars', 'cedears_usd'
  )
),
odd AS (
  SELECT SUM(portfolios.rows_with_it) AS rows_with_unknown
  FROM portfolios
  INNER JOIN unknown ON unknown.portfolio = portfolios.portfolio
),
counted AS (
  SELECT
    SUM(CASE WHEN events.user_id <> '' THEN 0 ELSE 1 END) AS without_user,
    SUM(CASE
      WHEN LENGTH(events.user_id) > 500 OR REGEXP_LIKE(events.user_id, '\p{Cc}') THEN 1 ELSE 0
    END) AS odd_user,
    SUM(CASE
      WHEN CAST(events.event_ts AS date) < CAST(:run_date - INTERVAL '67' DAY AS date) THEN 1 ELSE 0
    END) AS before_window,
    SUM(CASE WHEN CAST(events.event_ts AS date) = :run_date THEN 1 ELSE 0 END) AS of_run_date,
    SUM(CASE WHEN events.is_investor NOT IN ('', 'yes', 'no') THEN 1 ELSE 0 END) AS odd_is_investor,
    SUM(CASE
      WHEN
        events.user_id <> ''
        AND LENGTH(events.user_id) <= 500
        AND NOT REGEXP_LIKE(events.user_id, '\p{Cc}')
        AND events.event_category = :conversion_category
        AND events.event_action = :conversion_action
        AND CAST(events.event_ts AS date) >= CAST(:run_date - INTERVAL '7' DAY AS date)
        AND CAST(events.event_ts AS date) < :run_date
      THEN 1 ELSE 0
    END) AS conversions
  FROM events
)
SELECT
  CAST(COALESCE(counted.without_user, 0) AS bigint) AS events_without_user,
  CAST(COALESCE(counted.odd_user, 0) AS bigint) AS events_of_odd_user,
  CAST(COALESCE(counted.before_window, 0) AS bigint) AS events_before_window,
  CAST(COALESCE(counted.of_run_date, 0) AS bigint) AS events_of_run_date,
  CAST(COALESCE(counted.odd_is_investor, 0) AS bigint) AS odd_is_investor,
  CAST(COALESCE(odd.rows_with_unknown, 0) AS bigint) AS odd_portfolio_words,
  CAST(COALESCE(counted.conversions, 0) AS bigint) AS conversions_of_the_week
FROM counted
CROSS JOIN odd
