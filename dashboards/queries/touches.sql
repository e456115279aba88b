-- Who touched this object, refused attempts too, the newest first.
SELECT at, principal, application_name, client, database, access, arrayStringConcat(effects, ' ') AS effects, verdict, masked, outcome,
    rows, text, session_id
FROM who_touched
WHERE at >= $__fromTime AND at <= $__toTime AND object = ${object:sqlstring}
ORDER BY at DESC
LIMIT 500
