-- Every pair whose conversion rate can be learned from: at least one click, and no more conversions than clicks.
SELECT features.*
FROM features
WHERE features.clicks > 0 AND features.conversions <= features.clicks
