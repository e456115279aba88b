-- Who was there: what each user did, the busiest first.
SELECT
    principal,
    uniq(session_id) AS sessions,
    count() AS statements,
    countIf(verdict != 'allow') AS refused,
    countIf(notEmpty(masked_columns)) AS masked,
    countIf(notEmpty(revealed_columns)) AS revealed,
    sum(rows) AS rows,
    max(started_at) AS last_at
FROM statements FINAL
WHERE started_at >= $__fromTime AND started_at <= $__toTime
GROUP BY principal
ORDER BY statements DESC
LIMIT 50
