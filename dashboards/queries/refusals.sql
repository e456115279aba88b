-- What was refused, to whom, and by which rules, the newest first.
SELECT at, principal, application_name, client, database, environment, arrayStringConcat(rules, ' ') AS rules,
    arrayStringConcat(effects, ' ') AS effects, sqlstate, text, session_id
FROM denied
WHERE at >= $__fromTime AND at <= $__toTime
ORDER BY at DESC
LIMIT 200
