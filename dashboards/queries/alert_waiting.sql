-- The longest that somebody has waited for an approval that nobody has given, in seconds.
SELECT max(if(answered, 0, dateDiff('second', asked_at, now()))) AS value
FROM
(
    SELECT request_id, min(at) AS asked_at, countIf(event IN ('approved', 'denied', 'expired', 'cancelled')) > 0 AS answered
    FROM approvals FINAL
    WHERE at >= $__fromTime AND at <= $__toTime
    GROUP BY request_id
)
