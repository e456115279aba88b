-- Connections that were opened, by how they came.
SELECT toStartOfInterval(opened_at, toIntervalSecond($__interval_s)) AS time, class, count() AS connections
FROM connections FINAL
WHERE opened_at >= $__fromTime AND opened_at <= $__toTime
GROUP BY time, class
ORDER BY time, class
