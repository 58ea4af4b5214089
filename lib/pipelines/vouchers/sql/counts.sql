-- Events that are not as they should be, repeated ones counted once. What becomes of them is told in the definition.
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
    texts.orders_text,
    texts.event_text,
    texts.last_order_text,
    texts.voucher_amount,
    CASE
      WHEN
        texts.country_code <> ''
        AND LENGTH(texts.country_code) <= 100
        AND NOT REGEXP_LIKE(texts.country_code, '\p{Cc}')
        THEN 1
      ELSE 0
    END AS has_country
  FROM texts
)
SELECT
  CAST(COALESCE(SUM(CASE WHEN parsed.has_country = 1 AND (parsed.event_day IS NULL OR parsed.event_day <= :run_date) AND (:country = '' OR parsed.country_code = :country) THEN 1 ELSE 0 END), 0) AS bigint) AS events,
  CAST(COALESCE(SUM(CASE WHEN parsed.has_country = 0 THEN 1 ELSE 0 END), 0) AS bigint) AS without_country,
  CAST(COALESCE(SUM(CASE WHEN parsed.event_day > :run_date THEN 1 ELSE 0 END), 0) AS bigint) AS after_run_date,
  CAST(COALESCE(SUM(CASE WHEN (parsed.event_text <> '' AND parsed.event_day IS NULL) OR (parsed.last_order_text <> '' AND parsed.last_order_day IS NULL) THEN 1 ELSE 0 END), 0) AS bigint) AS unreadable_times,
  CAST(COALESCE(SUM(CASE WHEN parsed.event_text = '' OR parsed.last_order_text = '' THEN 1 ELSE 0 END), 0) AS bigint) AS without_times,
  CAST(COALESCE(SUM(CASE WHEN DATE_DIFF('day', parsed.last_order_day, parsed.event_day) < 0 THEN 1 ELSE 0 END), 0) AS bigint) AS clocks_moved,
  CAST(COALESCE(SUM(CASE WHEN parsed.total_orders IS NULL OR parsed.total_orders < 0E0 THEN 1 ELSE 0 END), 0) AS bigint) AS odd_total_orders,
  CAST(COALESCE(SUM(CASE WHEN NOT (parsed.voucher_amount >= 0E0 AND parsed.voucher_amount <= 1E15) THEN 1 ELSE 0 END), 0) AS bigint) AS odd_amounts,
  CAST(COALESCE(SUM(CASE WHEN parsed.voucher_amount IS NULL THEN 1 ELSE 0 END), 0) AS bigint) AS without_voucher
FROM parsed
