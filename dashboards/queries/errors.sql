-- Errors that clients were told, by SQLSTATE: 42501 are mostly Picket's own refusals.
SELECT sqlstate, count() AS statements, uniq(principal) AS users, any(effects) AS for_example
FROM statements FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime AND sqlstate != ''
GROUP BY sqlstate
ORDER BY statements DESC
LIMIT 20
