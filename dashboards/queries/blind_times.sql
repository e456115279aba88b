-- When the kernel's account has holes.
SELECT began_at, ended_at, kind, host, message
FROM witness_gaps
WHERE began_at <= $__toTime AND ifNull(ended_at, now64(6)) >= $__fromTime
ORDER BY began_at DESC
LIMIT 200
