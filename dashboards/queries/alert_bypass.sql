-- Connections that went around the proxy.
SELECT count() AS value
FROM alerts FINAL
WHERE raised_at >= $__fromTime AND raised_at <= $__toTime AND kind = 'bypass'
