-- Who was shown masks instead of values: one row per execution and column that was masked.

CREATE VIEW IF NOT EXISTS masked_access AS
SELECT
    statement.started_at AS at,
    statement.principal AS principal,
    session.application_name AS application_name,
    session.client AS client,
    statement.database AS database,
    session.environment AS environment,
    statement.object AS object,
    statement.outcome AS outcome,
    statement.rows AS rows,
    statement.text AS text,
    statement.session_id AS session_id,
    statement.sequence AS sequence
FROM
(
    SELECT started_at, principal, database, arrayJoin(masked_columns) AS object, outcome, rows, text, session_id, sequence
    FROM
    (
        -- With FINAL first: columns are masked when the result is described, and the last version has them.
        SELECT started_at, principal, database, masked_columns, outcome, rows, text, session_id, sequence
        FROM statements FINAL
    )
) AS statement
LEFT ANY JOIN
(
    -- Without FINAL: these columns are the same in every version of a session.
    SELECT
        session_id,
        application_name,
        environment,
        concat(
            if(startsWith(IPv6NumToString(client_address), '::ffff:'),
                substring(IPv6NumToString(client_address), 8),
                concat('[', IPv6NumToString(client_address), ']')),
            ':', toString(client_port)) AS client
    FROM sessions
) AS session ON session.session_id = statement.session_id
COMMENT 'Who was shown masks instead of values: one row per execution and masked column (schema.relation.column).';
