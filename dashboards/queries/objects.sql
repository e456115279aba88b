-- Relations that were touched most, and by how many users.
SELECT object, count() AS statements, uniq(principal) AS users, countIf(verdict != 'allow') AS refused
FROM
(
    SELECT arrayJoin(arrayDistinct(arrayConcat(relations_read, relations_written))) AS object, principal, verdict
    FROM statements FINAL
    WHERE started_at >= $__fromTime AND started_at <= $__toTime
)
GROUP BY object
ORDER BY statements DESC
LIMIT 50
