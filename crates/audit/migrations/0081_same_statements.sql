-- What somebody runs again and again: one row for all executions of statements that differ in literals only.

CREATE VIEW IF NOT EXISTS same_statements AS
SELECT
    max(started_at) AS last_at,
    min(started_at) AS first_at,
    principal,
    database,
    fingerprint,
    argMax(normalised, started_at) AS normalised,
    count() AS executions,
    countIf(verdict != 'allow') AS refused,
    countIf(outcome = 'failed' AND verdict = 'allow') AS failed,
    sum(rows) AS rows,
    sum(bytes) AS bytes,
    sum(if(isNull(finished_at), 0, toUnixTimestamp64Micro(assumeNotNull(finished_at)) - toUnixTimestamp64Micro(started_at))) / 1000000 AS seconds
FROM
(
    SELECT started_at, finished_at, principal, database, fingerprint, normalised, verdict, outcome, rows, bytes
    FROM statements FINAL
    WHERE fingerprint != 0 AND outcome NOT IN ('skipped', 'prepared')
)
GROUP BY principal, database, fingerprint
COMMENT 'What a principal ran on a database: one row for all statements that differ in literals only, with how often and how long.';
