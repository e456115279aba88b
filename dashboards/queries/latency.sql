-- How long statements took from the verdict to their last reply, in seconds; what waited for an approval is not counted.
SELECT
    toStartOfInterval(started_at, toIntervalSecond($__interval_s)) AS time,
    quantile(0.5)(seconds) AS median,
    quantile(0.99)(seconds) AS `99th percentile`
FROM
(
    SELECT started_at, dateDiff('microsecond', started_at, assumeNotNull(finished_at)) / 1e6 AS seconds
    FROM statements FINAL
    WHERE started_at >= $__fromTime AND started_at <= $__toTime AND isNotNull(finished_at) AND outcome = 'completed'
        AND (session_id, sequence) NOT IN (
            SELECT session_id, sequence FROM approvals FINAL WHERE at >= $__fromTime - toIntervalDay(1))
)
GROUP BY time
ORDER BY time
