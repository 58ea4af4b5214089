-- One row per member and snapshot date: what the member did in the last 1, 7, 30, 60 and 90 days.
--
-- The order of the columns is part of the contract: it is the order in which the model reads them.
SELECT
  CAST(COALESCE(t001.member_id, t007.member_id, t030.member_id, t060.member_id, t090.member_id) AS varchar) AS member_id,
  CAST(MONTH(
    COALESCE(t001.snapshot_date, t007.snapshot_date, t030.snapshot_date, t060.snapshot_date, t090.snapshot_date)
  ) AS bigint) AS snapshot_month,
  CAST(DAY(
    COALESCE(t001.snapshot_date, t007.snapshot_date, t030.snapshot_date, t060.snapshot_date, t090.snapshot_date)
  ) AS bigint) AS snapshot_day_of_month,
  -- Sunday = 1. Engines number the days of the week differently; days since a known Sunday are the same everywhere.
  CAST(MOD(DATE_DIFF('day', DATE '1900-01-07',
    COALESCE(t001.snapshot_date, t007.snapshot_date, t030.snapshot_date, t060.snapshot_date, t090.snapshot_date)
  ), 7) + 1 AS bigint) AS snapshot_day_of_week,

  -- Last 1 day. A segment outside the four, and none at all, gives four zeros. No activity is zero activity; dwell times
  -- are capped at three minutes, after that: a page left open says nothing about interest.
  CAST(CASE WHEN TRIM(t001.ldp_dominant_segment) = 'for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_sale_001,
  CAST(CASE WHEN TRIM(t001.ldp_dominant_segment) = 'not for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_not_for_sale_001,
  CAST(CASE WHEN TRIM(t001.ldp_dominant_segment) = 'for rent' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_rent_001,
  CAST(CASE WHEN TRIM(t001.ldp_dominant_segment) = 'no_segment' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_no_segment_001,
  CAST(COALESCE(t001.total_ldp_page_views, 0) AS bigint) AS total_ldp_page_views_001,
  CAST(COALESCE(t001.total_distinct_listings_viewed, 0) AS bigint) AS total_distinct_listings_viewed_001,
  CAST(COALESCE(t001.total_listings_viewed, 0) AS bigint) AS total_listings_viewed_001,
  CAST(COALESCE(t001.total_searches, 0) AS bigint) AS total_searches_001,
  CAST(COALESCE(t001.total_saved_listings, 0) AS bigint) AS total_saved_listings_001,
  CAST(COALESCE(t001.total_shared_listings, 0) AS bigint) AS total_shared_listings_001,
  CAST(COALESCE(t001.total_saved_searches, 0) AS bigint) AS total_saved_searches_001,
  CAST(COALESCE(t001.total_shared_searches, 0) AS bigint) AS total_shared_searches_001,
  CAST(COALESCE(t001.total_leads_submitted, 0) AS bigint) AS total_leads_submitted_001,
  CAST(COALESCE(t001.submitted_leads_for_rent, 0) AS bigint) AS submitted_leads_for_rent_001,
  CAST(COALESCE(t001.submitted_leads_for_sale, 0) AS bigint) AS submitted_leads_for_sale_001,
  CAST(COALESCE(t001.submitted_leads_not_for_sale, 0) AS bigint) AS submitted_leads_not_for_sale_001,
  CAST(COALESCE(t001.median_ldp_page_views, 0E0) AS double) AS median_ldp_page_views_001,
  CAST(COALESCE(t001.average_ldp_page_views, 0E0) AS double) AS average_ldp_page_views_001,
  CAST(LEAST(COALESCE(t001.total_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_ldp_dwell_time_seconds_001,
  CAST(LEAST(COALESCE(t001.average_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_ldp_dwell_time_seconds_001,
  CAST(LEAST(COALESCE(t001.median_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_ldp_dwell_time_seconds_001,
  CAST(COALESCE(t001.median_listings_viewed, 0E0) AS double) AS median_listings_viewed_001,
  CAST(COALESCE(t001.average_listings_viewed, 0E0) AS double) AS average_listings_viewed_001,
  CAST(COALESCE(t001.median_searches, 0E0) AS double) AS median_searches_001,
  CAST(COALESCE(t001.average_searches, 0E0) AS double) AS average_searches_001,
  CAST(LEAST(COALESCE(t001.total_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_srp_dwell_time_seconds_001,
  CAST(LEAST(COALESCE(t001.average_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_srp_dwell_time_seconds_001,
  CAST(LEAST(COALESCE(t001.median_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_srp_dwell_time_seconds_001,
  CAST(LEAST(COALESCE(t001.total_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS total_lead_dwell_time_seconds_001,
  CAST(LEAST(COALESCE(t001.average_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS average_lead_dwell_time_seconds_001,
  CAST(LEAST(COALESCE(t001.median_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS median_lead_dwell_time_seconds_001,

  -- Last 7 days.
  CAST(CASE WHEN TRIM(t007.ldp_dominant_segment) = 'for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_sale_007,
  CAST(CASE WHEN TRIM(t007.ldp_dominant_segment) = 'not for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_not_for_sale_007,
  CAST(CASE WHEN TRIM(t007.ldp_dominant_segment) = 'for rent' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_rent_007,
  CAST(CASE WHEN TRIM(t007.ldp_dominant_segment) = 'no_segment' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_no_segment_007,
  CAST(COALESCE(t007.total_ldp_page_views, 0) AS bigint) AS total_ldp_page_views_007,
  CAST(COALESCE(t007.total_distinct_listings_viewed, 0) AS bigint) AS total_distinct_listings_viewed_007,
  CAST(COALESCE(t007.total_listings_viewed, 0) AS bigint) AS total_listings_viewed_007,
  CAST(COALESCE(t007.total_searches, 0) AS bigint) AS total_searches_007,
  CAST(COALESCE(t007.total_saved_listings, 0) AS bigint) AS total_saved_listings_007,
  CAST(COALESCE(t007.total_shared_listings, 0) AS bigint) AS total_shared_listings_007,
  CAST(COALESCE(t007.total_saved_searches, 0) AS bigint) AS total_saved_searches_007,
  CAST(COALESCE(t007.total_shared_searches, 0) AS bigint) AS total_shared_searches_007,
  CAST(COALESCE(t007.total_leads_submitted, 0) AS bigint) AS total_leads_submitted_007,
  CAST(COALESCE(t007.submitted_leads_for_rent, 0) AS bigint) AS submitted_leads_for_rent_007,
  CAST(COALESCE(t007.submitted_leads_for_sale, 0) AS bigint) AS submitted_leads_for_sale_007,
  CAST(COALESCE(t007.submitted_leads_not_for_sale, 0) AS bigint) AS submitted_leads_not_for_sale_007,
  CAST(COALESCE(t007.median_ldp_page_views, 0E0) AS double) AS median_ldp_page_views_007,
  CAST(COALESCE(t007.average_ldp_page_views, 0E0) AS double) AS average_ldp_page_views_007,
  CAST(LEAST(COALESCE(t007.total_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_ldp_dwell_time_seconds_007,
  CAST(LEAST(COALESCE(t007.average_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_ldp_dwell_time_seconds_007,
  CAST(LEAST(COALESCE(t007.median_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_ldp_dwell_time_seconds_007,
  CAST(COALESCE(t007.median_listings_viewed, 0E0) AS double) AS median_listings_viewed_007,
  CAST(COALESCE(t007.average_listings_viewed, 0E0) AS double) AS average_listings_viewed_007,
  CAST(COALESCE(t007.median_searches, 0E0) AS double) AS median_searches_007,
  CAST(COALESCE(t007.average_searches, 0E0) AS double) AS average_searches_007,
  CAST(LEAST(COALESCE(t007.total_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_srp_dwell_time_seconds_007,
  CAST(LEAST(COALESCE(t007.average_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_srp_dwell_time_seconds_007,
  CAST(LEAST(COALESCE(t007.median_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_srp_dwell_time_seconds_007,
  CAST(LEAST(COALESCE(t007.total_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS total_lead_dwell_time_seconds_007,
  CAST(LEAST(COALESCE(t007.average_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS average_lead_dwell_time_seconds_007,
  CAST(LEAST(COALESCE(t007.median_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS median_lead_dwell_time_seconds_007,

  -- Last 30 days.
  CAST(CASE WHEN TRIM(t030.ldp_dominant_segment) = 'for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_sale_030,
  CAST(CASE WHEN TRIM(t030.ldp_dominant_segment) = 'not for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_not_for_sale_030,
  CAST(CASE WHEN TRIM(t030.ldp_dominant_segment) = 'for rent' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_rent_030,
  CAST(CASE WHEN TRIM(t030.ldp_dominant_segment) = 'no_segment' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_no_segment_030,
  CAST(COALESCE(t030.total_ldp_page_views, 0) AS bigint) AS total_ldp_page_views_030,
  CAST(COALESCE(t030.total_distinct_listings_viewed, 0) AS bigint) AS total_distinct_listings_viewed_030,
  CAST(COALESCE(t030.total_listings_viewed, 0) AS bigint) AS total_listings_viewed_030,
  CAST(COALESCE(t030.total_searches, 0) AS bigint) AS total_searches_030,
  CAST(COALESCE(t030.total_saved_listings, 0) AS bigint) AS total_saved_listings_030,
  CAST(COALESCE(t030.total_shared_listings, 0) AS bigint) AS total_shared_listings_030,
  CAST(COALESCE(t030.total_saved_searches, 0) AS bigint) AS total_saved_searches_030,
  CAST(COALESCE(t030.total_shared_searches, 0) AS bigint) AS total_shared_searches_030,
  CAST(COALESCE(t030.total_leads_submitted, 0) AS bigint) AS total_leads_submitted_030,
  CAST(COALESCE(t030.submitted_leads_for_rent, 0) AS bigint) AS submitted_leads_for_rent_030,
  CAST(COALESCE(t030.submitted_leads_for_sale, 0) AS bigint) AS submitted_leads_for_sale_030,
  CAST(COALESCE(t030.submitted_leads_not_for_sale, 0) AS bigint) AS submitted_leads_not_for_sale_030,
  CAST(COALESCE(t030.median_ldp_page_views, 0E0) AS double) AS median_ldp_page_views_030,
  CAST(COALESCE(t030.average_ldp_page_views, 0E0) AS double) AS average_ldp_page_views_030,
  CAST(LEAST(COALESCE(t030.total_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_ldp_dwell_time_seconds_030,
  CAST(LEAST(COALESCE(t030.average_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_ldp_dwell_time_seconds_030,
  CAST(LEAST(COALESCE(t030.median_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_ldp_dwell_time_seconds_030,
  CAST(COALESCE(t030.median_listings_viewed, 0E0) AS double) AS median_listings_viewed_030,
  CAST(COALESCE(t030.average_listings_viewed, 0E0) AS double) AS average_listings_viewed_030,
  CAST(COALESCE(t030.median_searches, 0E0) AS double) AS median_searches_030,
  CAST(COALESCE(t030.average_searches, 0E0) AS double) AS average_searches_030,
  CAST(LEAST(COALESCE(t030.total_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_srp_dwell_time_seconds_030,
  CAST(LEAST(COALESCE(t030.average_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_srp_dwell_time_seconds_030,
  CAST(LEAST(COALESCE(t030.median_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_srp_dwell_time_seconds_030,
  CAST(LEAST(COALESCE(t030.total_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS total_lead_dwell_time_seconds_030,
  CAST(LEAST(COALESCE(t030.average_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS average_lead_dwell_time_seconds_030,
  CAST(LEAST(COALESCE(t030.median_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS median_lead_dwell_time_seconds_030,

  -- Last 60 days.
  CAST(CASE WHEN TRIM(t060.ldp_dominant_segment) = 'for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_sale_060,
  CAST(CASE WHEN TRIM(t060.ldp_dominant_segment) = 'not for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_not_for_sale_060,
  CAST(CASE WHEN TRIM(t060.ldp_dominant_segment) = 'for rent' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_rent_060,
  CAST(CASE WHEN TRIM(t060.ldp_dominant_segment) = 'no_segment' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_no_segment_060,
  CAST(COALESCE(t060.total_ldp_page_views, 0) AS bigint) AS total_ldp_page_views_060,
  CAST(COALESCE(t060.total_distinct_listings_viewed, 0) AS bigint) AS total_distinct_listings_viewed_060,
  CAST(COALESCE(t060.total_listings_viewed, 0) AS bigint) AS total_listings_viewed_060,
  CAST(COALESCE(t060.total_searches, 0) AS bigint) AS total_searches_060,
  CAST(COALESCE(t060.total_saved_listings, 0) AS bigint) AS total_saved_listings_060,
  CAST(COALESCE(t060.total_shared_listings, 0) AS bigint) AS total_shared_listings_060,
  CAST(COALESCE(t060.total_saved_searches, 0) AS bigint) AS total_saved_searches_060,
  CAST(COALESCE(t060.total_shared_searches, 0) AS bigint) AS total_shared_searches_060,
  CAST(COALESCE(t060.total_leads_submitted, 0) AS bigint) AS total_leads_submitted_060,
  CAST(COALESCE(t060.submitted_leads_for_rent, 0) AS bigint) AS submitted_leads_for_rent_060,
  CAST(COALESCE(t060.submitted_leads_for_sale, 0) AS bigint) AS submitted_leads_for_sale_060,
  CAST(COALESCE(t060.submitted_leads_not_for_sale, 0) AS bigint) AS submitted_leads_not_for_sale_060,
  CAST(COALESCE(t060.median_ldp_page_views, 0E0) AS double) AS median_ldp_page_views_060,
  CAST(COALESCE(t060.average_ldp_page_views, 0E0) AS double) AS average_ldp_page_views_060,
  CAST(LEAST(COALESCE(t060.total_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_ldp_dwell_time_seconds_060,
  CAST(LEAST(COALESCE(t060.average_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_ldp_dwell_time_seconds_060,
  CAST(LEAST(COALESCE(t060.median_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_ldp_dwell_time_seconds_060,
  CAST(COALESCE(t060.median_listings_viewed, 0E0) AS double) AS median_listings_viewed_060,
  CAST(COALESCE(t060.average_listings_viewed, 0E0) AS double) AS average_listings_viewed_060,
  CAST(COALESCE(t060.median_searches, 0E0) AS double) AS median_searches_060,
  CAST(COALESCE(t060.average_searches, 0E0) AS double) AS average_searches_060,
  CAST(LEAST(COALESCE(t060.total_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_srp_dwell_time_seconds_060,
  CAST(LEAST(COALESCE(t060.average_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_srp_dwell_time_seconds_060,
  CAST(LEAST(COALESCE(t060.median_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_srp_dwell_time_seconds_060,
  CAST(LEAST(COALESCE(t060.total_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS total_lead_dwell_time_seconds_060,
  CAST(LEAST(COALESCE(t060.average_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS average_lead_dwell_time_seconds_060,
  CAST(LEAST(COALESCE(t060.median_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS median_lead_dwell_time_seconds_060,

  -- Last 90 days.
  CAST(CASE WHEN TRIM(t090.ldp_dominant_segment) = 'for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_sale_090,
  CAST(CASE WHEN TRIM(t090.ldp_dominant_segment) = 'not for sale' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_not_for_sale_090,
  CAST(CASE WHEN TRIM(t090.ldp_dominant_segment) = 'for rent' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_for_rent_090,
  CAST(CASE WHEN TRIM(t090.ldp_dominant_segment) = 'no_segment' THEN 1 ELSE 0 END AS bigint) AS ldp_dominant_segment_no_segment_090,
  CAST(COALESCE(t090.total_ldp_page_views, 0) AS bigint) AS total_ldp_page_views_090,
  CAST(COALESCE(t090.total_distinct_listings_viewed, 0) AS bigint) AS total_distinct_listings_viewed_090,
  CAST(COALESCE(t090.total_listings_viewed, 0) AS bigint) AS total_listings_viewed_090,
  CAST(COALESCE(t090.total_searches, 0) AS bigint) AS total_searches_090,
  CAST(COALESCE(t090.total_saved_listings, 0) AS bigint) AS total_saved_listings_090,
  CAST(COALESCE(t090.total_shared_listings, 0) AS bigint) AS total_shared_listings_090,
  CAST(COALESCE(t090.total_saved_searches, 0) AS bigint) AS total_saved_searches_090,
  CAST(COALESCE(t090.total_shared_searches, 0) AS bigint) AS total_shared_searches_090,
  CAST(COALESCE(t090.total_leads_submitted, 0) AS bigint) AS total_leads_submitted_090,
  CAST(COALESCE(t090.submitted_leads_for_rent, 0) AS bigint) AS submitted_leads_for_rent_090,
  CAST(COALESCE(t090.submitted_leads_for_sale, 0) AS bigint) AS submitted_leads_for_sale_090,
  CAST(COALESCE(t090.submitted_leads_not_for_sale, 0) AS bigint) AS submitted_leads_not_for_sale_090,
  CAST(COALESCE(t090.median_ldp_page_views, 0E0) AS double) AS median_ldp_page_views_090,
  CAST(COALESCE(t090.average_ldp_page_views, 0E0) AS double) AS average_ldp_page_views_090,
  CAST(LEAST(COALESCE(t090.total_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_ldp_dwell_time_seconds_090,
  CAST(LEAST(COALESCE(t090.average_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_ldp_dwell_time_seconds_090,
  CAST(LEAST(COALESCE(t090.median_ldp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_ldp_dwell_time_seconds_090,
  CAST(COALESCE(t090.median_listings_viewed, 0E0) AS double) AS median_listings_viewed_090,
  CAST(COALESCE(t090.average_listings_viewed, 0E0) AS double) AS average_listings_viewed_090,
  CAST(COALESCE(t090.median_searches, 0E0) AS double) AS median_searches_090,
  CAST(COALESCE(t090.average_searches, 0E0) AS double) AS average_searches_090,
  CAST(LEAST(COALESCE(t090.total_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS total_srp_dwell_time_seconds_090,
  CAST(LEAST(COALESCE(t090.average_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS average_srp_dwell_time_seconds_090,
  CAST(LEAST(COALESCE(t090.median_srp_dwell_time_seconds, 0E0), 180E0) AS double) AS median_srp_dwell_time_seconds_090,
  CAST(LEAST(COALESCE(t090.total_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS total_lead_dwell_time_seconds_090,
  CAST(LEAST(COALESCE(t090.average_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS average_lead_dwell_time_seconds_090,
  CAST(LEAST(COALESCE(t090.median_lead_dwell_time_seconds, 0E0), 180E0) AS double) AS median_lead_dwell_time_seconds_090,

  -- The partition, not a feature.
  CAST(
    COALESCE(t001.snapshot_date, t007.snapshot_date, t030.snapshot_date, t060.snapshot_date, t090.snapshot_date)
  AS date) AS snapshot_date
-- A member may be missing from any of the five summaries (somebody who was away today is not in the one-day summary),
-- so they are joined fully outer. Each join goes by the key found so far: joined to one neighbour's key only, a member
-- who is in the first and the third summary but not in the second would come out as two rows.
FROM consumer_summary_t001 AS t001
FULL OUTER JOIN consumer_summary_t007 AS t007
  ON t007.member_id = t001.member_id
  AND t007.snapshot_date = t001.snapshot_date
FULL OUTER JOIN consumer_summary_t030 AS t030
  ON t030.member_id = COALESCE(t001.member_id, t007.member_id)
  AND t030.snapshot_date = COALESCE(t001.snapshot_date, t007.snapshot_date)
FULL OUTER JOIN consumer_summary_t060 AS t060
  ON t060.member_id = COALESCE(t001.member_id, t007.member_id, t030.member_id)
  AND t060.snapshot_date = COALESCE(t001.snapshot_date, t007.snapshot_date, t030.snapshot_date)
FULL OUTER JOIN consumer_summary_t090 AS t090
  ON t090.member_id = COALESCE(t001.member_id, t007.member_id, t030.member_id, t060.member_id)
  AND t090.snapshot_date = COALESCE(t001.snapshot_date, t007.snapshot_date, t030.snapshot_date, t060.snapshot_date)
