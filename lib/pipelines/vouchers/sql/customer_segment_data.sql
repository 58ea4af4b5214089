-- One object per country: segment name → segment → amount. Segments by their lower bound, Unknown last.
SELECT
  voucher_by_segment.country_code,
  voucher_by_segment.segment_name,
  voucher_by_segment.segment,
  voucher_by_segment.voucher_amount
FROM voucher_by_segment
ORDER BY
  voucher_by_segment.country_code ASC NULLS LAST,
  voucher_by_segment.segment_name ASC NULLS LAST,
  TRY_CAST(ELEMENT_AT(SPLIT(REPLACE(voucher_by_segment.segment, '+', '-'), '-'), 1) AS double) ASC NULLS LAST
