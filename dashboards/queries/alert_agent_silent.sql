-- Agents that have given no account for three of their heartbeats, and three minutes at least, and did not say that they stop.
SELECT count() AS value
FROM
(
    SELECT host, max(at) AS newest_at, argMax(state, at) AS newest_state, argMax(heartbeat_secs, at) AS heartbeat
    FROM agent_health FINAL
    GROUP BY host
)
WHERE newest_state != 'stopped' AND newest_at < now() - toIntervalSecond(greatest(180, 3 * heartbeat))
