-- Columns that were masked most, and for how many users.
SELECT object, count() AS results, uniq(principal) AS users, sum(rows) AS rows
FROM masked_access
WHERE at >= $__fromTime AND at <= $__toTime
GROUP BY object
ORDER BY results DESC
LIMIT 50
