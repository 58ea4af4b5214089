-- The types of users are columns of their own: their numbers are no order.
SELECT
  training_features.user_id,
  training_features.transfers,
  training_features.distinct_sections,
  training_features.visited_investments,
  training_features.conversions,
  CAST(CASE WHEN training_features.user_type = 1 THEN 1 ELSE 0 END AS bigint) AS user_type_mass,
  CAST(CASE WHEN training_features.user_type = 2 THEN 1 ELSE 0 END AS bigint) AS user_type_eminent,
  CAST(CASE WHEN training_features.user_type = 3 THEN 1 ELSE 0 END AS bigint) AS user_type_other,
  training_features.is_investor,
  training_features.stocks_ars,
  training_features.term_deposits_usd,
  training_features.term_deposits_ars,
  training_features.bonds_usd,
  training_features.bonds_ars,
  training_features.funds_usd,
  training_features.funds_ars,
  training_features.cedears_ars,
  training_features.cedears_usd,
  CAST(CASE WHEN training_features.converted = 1 THEN '1' ELSE '0' END AS varchar) AS converted
FROM training_features
