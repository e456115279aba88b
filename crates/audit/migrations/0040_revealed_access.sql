-- Who saw sensitive values as they are: one row per execution and column that it showed.

CREATE VIEW IF NOT EXISTS revealed_access AS
SELECT
    statement.started_at AS at,
    statement.principal AS principal,
    session.application_name AS application_name,
    session.client AS client,
    statement.database AS database,
    session.environment AS environment,
    statement.revealed.1 AS object,
    statement.revealed.2 AS class,
    statement.outcome AS outcome,
    statement.rows AS rows,
    statement.text AS text,
    statement.session_id AS session_id,
    statement.sequence AS sequence
FROM
(
    SELECT started_at, principal, database, arrayJoin(revealed) AS revealed, outcome, rows, text, session_id, sequence
    FROM
    (
        -- With FINAL first: it is known when the result is described, and the last version has it.
        SELECT
            started_at, principal, database, arrayZip(revealed_columns, revealed_classes) AS revealed, outcome, rows, text,
            session_id, sequence
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
COMMENT 'Who saw sensitive values as they are: one row per execution and column (schema.relation.column, or the label of what is computed, in parentheses).';
