-- How long records of statements took from the event to the ledger, in seconds.
SELECT
    toStartOfInterval(written_at, toIntervalSecond($__interval_s)) AS time,
    quantile(0.5)(seconds) AS median,
    max(seconds) AS longest
FROM
(
    SELECT written_at, dateDiff('millisecond', ifNull(finished_at, started_at), written_at) / 1000 AS seconds
    FROM statements
    WHERE written_at >= $__fromTime AND written_at <= $__toTime AND started_at >= $__fromTime - toIntervalDay(1)
)
GROUP BY time
ORDER BY time
