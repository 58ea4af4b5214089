-- Every user with features. Their types are columns of their own, as in training.sql.
SELECT
  features.*,
  CAST(CASE WHEN features.user_type = 1 THEN 1 ELSE 0 END AS bigint) AS user_type_mass,
  CAST(CASE WHEN features.user_type = 2 THEN 1 ELSE 0 END AS bigint) AS user_type_eminent,
  CAST(CASE WHEN features.user_type = 3 THEN 1 ELSE 0 END AS bigint) AS user_type_other
FROM features
