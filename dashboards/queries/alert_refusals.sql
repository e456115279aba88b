-- The most that was refused to one user.
SELECT max(refused) AS value
FROM
(
    SELECT principal, countIf(verdict != 'allow') AS refused
    FROM statements FINAL
    WHERE started_at >= $__fromTime AND started_at <= $__toTime
    GROUP BY principal
)
