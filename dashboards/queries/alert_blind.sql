-- Times in which the kernel's account has holes, but for what a host never lets its agent do.
SELECT count() AS value
FROM witness_gaps
WHERE kind != 'degraded' AND began_at <= $__toTime AND ifNull(ended_at, now64(6)) >= $__fromTime
