-- Agents that have not said for three minutes that they watch, and did not say that they stop.
SELECT count() AS value
FROM
(
    SELECT host, max(at) AS newest_at, argMax(state, at) AS newest_state
    FROM agent_health FINAL
    GROUP BY host
)
WHERE newest_state != 'stopped' AND newest_at < now() - toIntervalMinute(3)
