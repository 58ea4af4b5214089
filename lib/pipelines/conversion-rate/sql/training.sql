-- Every pair whose conversion rate can be learned from: at least one click, and no more conversions than clicks.
SELECT
  features.entity_id,
  features.device,
  features.attrs_scale,
  features.computer,
  features.smartphone,
  features.att5,
  features.att27,
  features.att2,
  features.att34,
  features.att29,
  features.att30,
  features.att9,
  features.att7,
  features.att142,
  features.att11,
  features.cr
FROM features
WHERE features.clicks > 0 AND features.conversions <= features.clicks
