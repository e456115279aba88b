-- Sessions that began, by how the user was authenticated.
SELECT toStartOfInterval(started_at, toIntervalSecond($__interval_s)) AS time, authenticated_by, count() AS sessions
FROM sessions FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime
GROUP BY time, authenticated_by
ORDER BY time, authenticated_by
