-- Who touched something for the first time.
SELECT at, principal, database, object, arrayStringConcat(effects, ' ') AS effects, executions, text
FROM new_access
WHERE at >= $__fromTime AND at <= $__toTime
ORDER BY at DESC
LIMIT 200
