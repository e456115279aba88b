-- What was refused over time, by the rules that refused it.
SELECT toStartOfInterval(at, toIntervalSecond($__interval_s)) AS time, arrayJoin(rules) AS rule, count() AS statements
FROM denied
WHERE at >= $__fromTime AND at <= $__toTime
GROUP BY time, rule
ORDER BY time, rule
