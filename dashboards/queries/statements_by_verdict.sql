-- Executions over time, by what was decided about them.
SELECT toStartOfInterval(started_at, toIntervalSecond($__interval_s)) AS time, verdict, count() AS statements
FROM statements FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime
GROUP BY time, verdict
ORDER BY time, verdict
