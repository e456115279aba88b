-- Results in which sensitive columns were masked, and in which they were shown as they are.
SELECT
    toStartOfInterval(started_at, toIntervalSecond($__interval_s)) AS time,
    countIf(notEmpty(masked_columns)) AS masked,
    countIf(notEmpty(revealed_columns)) AS revealed
FROM statements FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime
GROUP BY time
ORDER BY time
