-- The first time that somebody touched something. What was refused, or never ran, touched nothing.

CREATE VIEW IF NOT EXISTS new_access AS
SELECT
    at, principal, database, object, last_at, executions,
    first.1 AS effects, first.2 AS text, first.3 AS session_id, first.4 AS sequence
FROM
(
    SELECT
        min(started_at) AS at, principal, database, object, max(started_at) AS last_at, count() AS executions,
        argMin((effects, text, session_id, sequence), started_at) AS first
    FROM
    (
        SELECT started_at, principal, database, arrayJoin(objects) AS object, effects, text, session_id, sequence
        FROM
        (
            SELECT started_at, principal, database, objects, effects, text, session_id, sequence
            FROM statements FINAL
            WHERE verdict = 'allow' AND outcome NOT IN ('skipped', 'prepared')
        )
    )
    GROUP BY principal, database, object
)
COMMENT 'The first time that a principal touched an object (schema.relation or schema.relation.column) of a database: one row for each.';
