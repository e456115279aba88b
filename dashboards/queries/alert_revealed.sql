-- The most rows of sensitive values that one user was shown as they are.
SELECT max(shown) AS value
FROM
(
    SELECT principal, sumIf(rows, notEmpty(revealed_columns)) AS shown
    FROM statements FINAL
    WHERE started_at >= $__fromTime AND started_at <= $__toTime
    GROUP BY principal
)
