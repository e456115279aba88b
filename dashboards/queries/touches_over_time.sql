-- Executions that touched this object, by user.
SELECT toStartOfInterval(started_at, toIntervalSecond($__interval_s)) AS time, principal, count() AS statements
FROM statements FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime AND has(objects, ${object:sqlstring})
GROUP BY time, principal
ORDER BY time, principal
