-- How many values of a statement's result were masked.

CREATE OR REPLACE VIEW session_timeline AS
SELECT
    session_id, started_at AS at, 'start' AS event, toUInt64(0) AS sequence, principal, database,
    [] :: Array(String) AS effects, [] :: Array(String) AS objects, '' AS verdict, [] :: Array(String) AS rules,
    [] :: Array(String) AS masked_columns, CAST(NULL AS Nullable(DateTime64(6, 'UTC'))) AS finished_at,
    CAST(NULL AS Nullable(Float64)) AS duration_seconds, '' AS outcome, toUInt64(0) AS rows, toUInt64(0) AS bytes, '' AS sqlstate,
    concat(
        authenticated_by, ' from ',
        if(startsWith(IPv6NumToString(client_address), '::ffff:'),
            substring(IPv6NumToString(client_address), 8),
            concat('[', IPv6NumToString(client_address), ']')),
        ':', toString(client_port),
        if(application_name = '', '', concat(' as ', application_name)),
        if(environment = '', '', concat(' in ', environment))) AS text,
    [] :: Array(String) AS parameters, toUInt64(0) AS masked_values
FROM sessions FINAL
UNION ALL
SELECT
    session_id, started_at AS at, 'statement' AS event, sequence, principal, database,
    effects, objects, verdict, rules,
    masked_columns, finished_at,
    if(isNull(finished_at), NULL,
        (toUnixTimestamp64Micro(assumeNotNull(finished_at)) - toUnixTimestamp64Micro(started_at)) / 1000000) AS duration_seconds,
    outcome, rows, bytes, sqlstate,
    text, parameters, masked_values
FROM statements FINAL
UNION ALL
SELECT
    session_id, assumeNotNull(ended_at) AS at, 'end' AS event, toUInt64(0) AS sequence, principal, database,
    [] :: Array(String) AS effects, [] :: Array(String) AS objects, '' AS verdict, [] :: Array(String) AS rules,
    [] :: Array(String) AS masked_columns, CAST(NULL AS Nullable(DateTime64(6, 'UTC'))) AS finished_at,
    (toUnixTimestamp64Micro(assumeNotNull(ended_at)) - toUnixTimestamp64Micro(started_at)) / 1000000 AS duration_seconds,
    '' AS outcome, toUInt64(0) AS rows, toUInt64(0) AS bytes, '' AS sqlstate,
    end_reason AS text, [] :: Array(String) AS parameters, toUInt64(0) AS masked_values
FROM sessions FINAL
WHERE isNotNull(ended_at)
COMMENT 'What happened in a session: its start, each execution of a statement, its end. Ask for one session_id.';
