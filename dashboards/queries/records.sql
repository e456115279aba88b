-- Records that writers signed: a writer that is not heard of any more ships nothing, or what it ships is not taken.
SELECT
    writer_id,
    max(last_sequence) AS records,
    count() AS checkpoints,
    max(newest_at) AS newest_at,
    dateDiff('second', max(written_at), now()) AS seconds_ago
FROM checkpoints
GROUP BY writer_id
ORDER BY seconds_ago
LIMIT 200
