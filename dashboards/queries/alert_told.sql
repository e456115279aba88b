-- What else agents and proxies raised: events lost, questions about masked values, alerts that cannot be delivered.
SELECT count() AS value
FROM alerts FINAL
WHERE raised_at >= $__fromTime AND raised_at <= $__toTime AND kind != 'bypass'
