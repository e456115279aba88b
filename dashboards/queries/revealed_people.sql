-- Who saw which class of sensitive values as it is, and rows of how many results.
SELECT principal, class, count() AS results, uniq(object) AS columns, sum(rows) AS rows, max(at) AS last_at
FROM revealed_access
WHERE at >= $__fromTime AND at <= $__toTime
GROUP BY principal, class
ORDER BY rows DESC
LIMIT 100
