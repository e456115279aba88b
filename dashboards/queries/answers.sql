-- How many holds had which answer, and how long people took in the middle, in seconds.
SELECT answer, count() AS holds, quantile(0.5)(waited) AS median_seconds, max(waited) AS longest_seconds
FROM
(
    SELECT
        argMax(event, at) AS answer,
        dateDiff('millisecond', min(at), max(at)) / 1000 AS waited
    FROM approvals FINAL
    WHERE at >= $__fromTime AND at <= $__toTime AND event NOT IN ('granted', 'revoked')
    GROUP BY request_id
)
GROUP BY answer
ORDER BY holds DESC
