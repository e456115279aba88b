-- Where the kernel's account has holes: also what an agent cannot tell of connections over UNIX sockets.

CREATE OR REPLACE VIEW witness_gaps AS
SELECT
    began_at, toNullable(ended_at) AS ended_at, 'away' AS kind, host, toUUID('00000000-0000-0000-0000-000000000000') AS session_id,
    concat('the agent was ', reason, '; ', toString(connections_found), ' connections opened meanwhile and ',
        toString(connections_ended), ' ended') AS message
FROM gaps FINAL
UNION ALL
SELECT
    -- The account before this one was the last without the loss.
    ifNull(previous_at, at) AS began_at, toNullable(at) AS ended_at, kind, host,
    toUUID('00000000-0000-0000-0000-000000000000') AS session_id,
    concat(toString(lost - previous_lost), what) AS message
FROM
(
    SELECT
        host, at, count.1 AS kind, count.2 AS lost, count.3 AS what,
        lagInFrame(toNullable(at)) OVER account AS previous_at,
        lagInFrame(count.2, 1, toUInt64(0)) OVER account AS previous_counted,
        -- The count begins anew when the programs are loaded.
        if(previous_counted <= count.2 AND state != 'started', previous_counted, 0) AS previous_lost
    FROM
    (
        SELECT
            host, boot_id, at, state,
            arrayJoin([
                ('events_lost', events_lost, ' events of the kernel were lost'),
                ('processes_lost', processes_lost, ' connections were told without their process'),
                ('ends_unseen', ends_unseen, ' connections are open whose ends only looks find')]) AS count
        FROM agent_health FINAL
    )
    WINDOW account AS (PARTITION BY host, boot_id, count.1 ORDER BY at, count.2 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
WHERE lost > previous_lost
UNION ALL
SELECT
    min(at) AS began_at,
    -- It lasts while the newest account of a host that is watched says so.
    if(max(at) = any(newest_at) AND argMax(state, at) != 'stopped', NULL, toNullable(max(at))) AS ended_at,
    'degraded' AS kind, host, toUUID('00000000-0000-0000-0000-000000000000') AS session_id,
    transform(name,
        ['netns_cookies', 'startup_messages', 'unix_sockets', 'unix_bytes', 'unix_ends', 'unix_refusals', 'remote_refusals', 'process_facts', 'process_arguments', 'looks', 'listeners'],
        ['of two connections with the same addresses in two network namespaces the ends may be mixed up',
            'role, database, application and encryption of who goes around are not told',
            'connections over UNIX sockets are known only where a look finds them open',
            'bytes over UNIX sockets are not counted',
            'ends of connections over UNIX sockets are found by looks, some seconds later',
            'connections over UNIX sockets are told and not refused',
            'clients on other hosts are not refused in some network namespace',
            'of a process that ends at once neither its start, its arguments nor who started it is told',
            'arguments of some processes were not read',
            'not all connections from before the agent can be found, or whose they are',
            'databases that listen on other ports may be missed'],
        name) AS message
FROM
(
    SELECT host, boot_id, at, state, CAST(name, 'String') AS name, newest_at
    FROM (SELECT host, boot_id, at, state, degraded, max(at) OVER (PARTITION BY host) AS newest_at FROM agent_health FINAL)
    ARRAY JOIN degraded AS name
)
GROUP BY host, boot_id, name
UNION ALL
SELECT
    session.started_at AS began_at, session.ended_at AS ended_at, 'unseen_session' AS kind, session.host AS host,
    session.session_id AS session_id,
    concat('no agent saw the connection of a session of ', session.principal, ' on ', session.database) AS message
FROM
(
    SELECT
        *,
        IPv6NumToString(upstream_address) = '::1' OR startsWith(IPv6NumToString(upstream_address), '::ffff:127.') AS is_loopback
    FROM sessions FINAL
    -- What an agent has seen takes seconds to the ledger.
    WHERE started_at < now64(6, 'UTC') - toIntervalMinute(1)
) AS session
-- A database that no agent watched yet has no witness that could be blind.
INNER JOIN
(
    SELECT server_address, server_port, min(opened_at) AS since
    FROM connections
    WHERE class != 'outgoing' AND cookie != client_cookie
    GROUP BY server_address, server_port
) AS watched
    ON watched.server_address = session.upstream_address AND watched.server_port = session.upstream_port
LEFT JOIN
(
    SELECT
        client_address, client_port, server_address, server_port, host, opened_at, closed_at, opening, 1 AS is_known
    FROM connections FINAL
    WHERE class != 'outgoing' AND cookie != client_cookie
) AS connection
    ON connection.client_address = session.upstream_local_address AND connection.client_port = session.upstream_local_port
    AND connection.server_address = session.upstream_address AND connection.server_port = session.upstream_port
WHERE session.started_at >= watched.since
GROUP BY session.session_id, session.started_at, session.ended_at, session.host, session.principal, session.database
-- Ports are used again: the times must overlap, with 5 s for clocks that differ. What an agent found open was opened earlier.
-- Every host has the same loopback addresses.
HAVING countIf(
    connection.is_known = 1
    AND (connection.host = session.host OR NOT session.is_loopback)
    AND (connection.opening = 'found'
        OR connection.opened_at <= ifNull(session.ended_at, now64(6, 'UTC')) + toIntervalSecond(5))
    AND (isNull(connection.closed_at) OR assumeNotNull(connection.closed_at) >= session.started_at - toIntervalSecond(5))) = 0
COMMENT 'Where the kernel''s account has holes: an agent was away, lost events or was not told all of them, cannot do something on its host, or a session was seen by no agent.';
