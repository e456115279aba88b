-- The longest that the record of a statement took to the ledger, in seconds.
SELECT max(dateDiff('second', ifNull(finished_at, started_at), written_at)) AS value
FROM statements
WHERE written_at >= $__fromTime AND written_at <= $__toTime AND started_at >= $__fromTime - toIntervalDay(1)
