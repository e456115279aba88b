-- The proxies: sessions that are open, and when each said something last.
SELECT
    host,
    countIf(isNull(ended_at)) AS sessions_open,
    uniqIf(principal, isNull(ended_at)) AS users,
    dateDiff('second', max(greatest(started_at, ifNull(ended_at, started_at))), now()) AS seconds_ago
FROM sessions FINAL
WHERE started_at >= $__fromTime - toIntervalDay(1) AND started_at <= $__toTime
GROUP BY host
ORDER BY host
LIMIT 200
