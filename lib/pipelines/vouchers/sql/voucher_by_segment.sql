-- One row per country and segment: the voucher amount that most of the segment's events carry.
--
-- What is decided about bad events is told in the definition; counts.sql counts it by the same first two steps.
WITH texts AS (
  SELECT
    TRIM(COALESCE(voucher_events.country_code, '')) AS country_code,
    TRIM(COALESCE(voucher_events.total_orders, '')) AS orders_text,
    TRIM(COALESCE(voucher_events.timestamp, '')) AS event_text,
    TRIM(COALESCE(voucher_events.last_order_ts, '')) AS last_order_text,
    voucher_events.voucher_amount
  FROM voucher_events
),
parsed AS (
  SELECT
    texts.country_code,
    CASE
      WHEN texts.orders_text = '' THEN 0E0
      WHEN REGEXP_LIKE(texts.orders_text, :written_number) THEN TRY_CAST(texts.orders_text AS double)
    END AS total_orders,
    -- Recency goes by calendar days: the time of day has to be one, and is not needed.
    CASE
      WHEN REGEXP_LIKE(texts.event_text, :written_time) THEN TRY_CAST(SUBSTR(texts.event_text, 1, 10) AS date)
    END AS event_day,
    CASE
      WHEN REGEXP_LIKE(texts.last_order_text, :written_time) THEN TRY_CAST(SUBSTR(texts.last_order_text, 1, 10) AS date)
    END AS last_order_day,
    -- "Not a number" is greater than all numbers for some engines and for none for others: neither bound lets it in.
    CASE WHEN texts.voucher_amount > 0E0 AND texts.voucher_amount <= 1E15 THEN texts.voucher_amount ELSE 0E0 END AS voucher_amount
  FROM texts
  WHERE
    texts.country_code <> ''
    AND LENGTH(texts.country_code) <= 100
    AND NOT REGEXP_LIKE(texts.country_code, '\p{Cc}')
    AND (:country = '' OR texts.country_code = :country)
),
days AS (
  SELECT
    parsed.country_code,
    parsed.total_orders,
    DATE_DIFF('day', parsed.last_order_day, parsed.event_day) AS days,
    parsed.voucher_amount
  FROM parsed
  WHERE parsed.event_day IS NULL OR parsed.event_day <= :run_date
),
segments AS (
  SELECT
    days.country_code,
    kinds.segment_name,
    CASE
      WHEN kinds.segment_name = 'frequent_segment' THEN
        CASE
          WHEN days.total_orders IS NULL OR days.total_orders < 0E0 THEN 'Unknown'
          WHEN days.total_orders < 5E0 THEN '0-4'
          WHEN days.total_orders < 14E0 THEN '5-13'
          WHEN days.total_orders < 38E0 THEN '14-37'
          ELSE '38+'
        END
      ELSE
        CASE
          WHEN days.days IS NULL OR days.days < 0 THEN 'Unknown'
          WHEN days.days < 30 THEN '0-30'
          WHEN days.days < 60 THEN '30-60'
          WHEN days.days < 90 THEN '60-90'
          WHEN days.days < 120 THEN '90-120'
          WHEN days.days < 180 THEN '120-180'
          ELSE '180+'
        END
    END AS segment,
    days.voucher_amount
  FROM days
  -- Every event is in one segment of each kind; so the events are read once.
  CROSS JOIN (SELECT 'frequent_segment' AS segment_name UNION ALL SELECT 'recency_segment' AS segment_name) AS kinds
),
amounts AS (
  SELECT
    segments.country_code,
    segments.segment_name,
    segments.segment,
    segments.voucher_amount,
    COUNT(*) AS events
  FROM segments
  GROUP BY segments.country_code, segments.segment_name, segments.segment, segments.voucher_amount
),
ranked AS (
  SELECT
    amounts.country_code,
    amounts.segment_name,
    amounts.segment,
    amounts.voucher_amount,
    amounts.events,
    SUM(amounts.events) OVER (PARTITION BY amounts.country_code, amounts.segment_name, amounts.segment) AS segment_events,
    -- A tie goes to the smaller amount. An amount is there once, so the order is total.
    ROW_NUMBER() OVER (
      PARTITION BY amounts.country_code, amounts.segment_name, amounts.segment
      ORDER BY amounts.events DESC NULLS LAST, amounts.voucher_amount ASC NULLS LAST
    ) AS place
  FROM amounts
)
SELECT
  CAST(ranked.country_code AS varchar) AS country_code,
  CAST(ranked.segment_name AS varchar) AS segment_name,
  CAST(ranked.segment AS varchar) AS segment,
  CAST(ranked.voucher_amount AS double) AS voucher_amount,
  CAST(ranked.events AS bigint) AS events,
  CAST(CAST(ranked.events AS double) / NULLIF(ranked.segment_events, 0) AS double) AS share
FROM ranked
WHERE ranked.place = 1
