-- Values in the place of which something else was sent.
SELECT toStartOfInterval(started_at, toIntervalSecond($__interval_s)) AS time, sum(masked_values) AS values
FROM statements FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime
GROUP BY time
ORDER BY time
