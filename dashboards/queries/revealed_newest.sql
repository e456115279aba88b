-- Sensitive values that were shown as they are, the newest first.
SELECT at, principal, application_name, client, database, object, class, rows, text, session_id
FROM revealed_access
WHERE at >= $__fromTime AND at <= $__toTime
ORDER BY at DESC
LIMIT 200
