-- Who asked for a value: one row per execution that was given some that may be somebody's, and who ran it from where.

CREATE VIEW IF NOT EXISTS who_saw AS
SELECT
    statement.started_at AS at,
    statement.principal AS principal,
    session.application_name AS application_name,
    session.client AS client,
    statement.database AS database,
    session.environment AS environment,
    statement.values_given AS values_given,
    statement.effects AS effects,
    statement.objects AS objects,
    statement.verdict AS verdict,
    statement.rules AS rules,
    statement.outcome AS outcome,
    statement.rows AS rows,
    statement.sqlstate AS sqlstate,
    statement.text AS text,
    statement.parameters AS parameters,
    statement.session_id AS session_id,
    statement.sequence AS sequence
FROM
(
    SELECT
        started_at, principal, database, values_given, effects, objects, verdict, rules, outcome, rows, sqlstate, text, parameters,
        session_id, sequence
    FROM statements FINAL
    WHERE notEmpty(values_given)
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
COMMENT 'Who asked for a value: one row per execution that was given some as literals or parameters that are recorded as keyed hashes. Ask with has(values_given, HASH).';
