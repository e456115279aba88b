-- What was refused: one row per execution that no permit was made for, and who tried it from where.

CREATE VIEW IF NOT EXISTS denied AS
SELECT
    statement.started_at AS at,
    statement.principal AS principal,
    session.application_name AS application_name,
    session.client AS client,
    statement.database AS database,
    session.environment AS environment,
    statement.rules AS rules,
    statement.effects AS effects,
    statement.objects AS objects,
    statement.outcome AS outcome,
    statement.sqlstate AS sqlstate,
    statement.text AS text,
    statement.session_id AS session_id,
    statement.sequence AS sequence
FROM
(
    SELECT started_at, principal, database, rules, effects, objects, outcome, sqlstate, text, session_id, sequence
    FROM statements FINAL
    -- Whatever is no permit.
    WHERE verdict != 'allow'
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
COMMENT 'What was refused: one row per execution that was not allowed, and who tried it from where.';
