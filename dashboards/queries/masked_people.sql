-- Whose results had values masked, the most first.
SELECT principal, sum(masked_values) AS values, count() AS results, uniq(fingerprint) AS statements, max(started_at) AS last_at
FROM statements FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime AND notEmpty(masked_columns)
GROUP BY principal
ORDER BY values DESC
LIMIT 50
