-- What somebody must know, the newest first.
SELECT raised_at, host, kind, message
FROM alerts FINAL
WHERE raised_at >= $__fromTime AND raised_at <= $__toTime
ORDER BY raised_at DESC
LIMIT 200
