-- Who touched what, with the environment of the database.

CREATE OR REPLACE VIEW who_touched AS
SELECT
    statement.started_at AS at,
    statement.principal AS principal,
    session.application_name AS application_name,
    session.client AS client,
    statement.database AS database,
    session.environment AS environment,
    object,
    multiIf(
        is_read AND is_written, 'read+write',
        is_written, 'write',
        'read') AS access,
    statement.effects AS effects,
    statement.verdict AS verdict,
    statement.rules AS rules,
    arrayExists(name -> name = object OR startsWith(name, concat(object, '.')), statement.masked_columns) AS masked,
    statement.finished_at AS finished_at,
    statement.outcome AS outcome,
    statement.rows AS rows,
    statement.bytes AS bytes,
    statement.sqlstate AS sqlstate,
    statement.text AS text,
    statement.session_id AS session_id,
    statement.sequence AS sequence
FROM
(
    SELECT
        *,
        arrayJoin(objects) AS object,
        -- A column is read or written as its relation is; what no list names came back in a result, so it was read.
        arrayExists(name -> name = object OR startsWith(object, concat(name, '.')), relations_read) AS is_read,
        arrayExists(name -> name = object OR startsWith(object, concat(name, '.')), relations_written) AS is_written
    FROM
    (
        SELECT
            started_at, principal, database, effects, verdict, rules, masked_columns, finished_at, outcome, rows, bytes, sqlstate,
            text, session_id, sequence, objects, relations_read, relations_written
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
COMMENT 'Who touched what, when, from where: one row per execution and object (schema.relation or schema.relation.column), refused ones too.';
