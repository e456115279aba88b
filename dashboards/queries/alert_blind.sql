-- Times in which the kernel's account has holes.
SELECT count() AS value
FROM witness_gaps
WHERE began_at <= $__toTime AND ifNull(ended_at, now64(6)) >= $__fromTime
