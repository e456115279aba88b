-- The agents: the newest account of each, and how old it is. One that watches gives one each heartbeat.
SELECT
    host,
    argMax(state, at) AS state,
    dateDiff('second', max(at), now()) AS seconds_ago,
    argMax(heartbeat_secs, at) AS heartbeat_secs,
    argMax(connections_open, at) AS connections_open,
    argMax(events_submitted, at) AS events,
    argMax(events_lost, at) AS events_lost,
    argMax(processes_lost, at) AS processes_lost,
    arrayStringConcat(argMax(degraded, at), ', ') AS cannot
FROM agent_health FINAL
WHERE at <= $__toTime
GROUP BY host
ORDER BY seconds_ago DESC
LIMIT 200
