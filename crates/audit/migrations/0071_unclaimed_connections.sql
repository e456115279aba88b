-- Connections that came from a known proxy's address, and that no proxy says are its own. Asked with `day`, it reads no other days.

CREATE OR REPLACE VIEW unclaimed_connections AS
SELECT
    day, opened_at, closed_at, host, boot_id, cookie, client_address, client_port, server_address, server_port, rule,
    bytes_to_server, bytes_to_client, client_class, client_rule
FROM
(
    SELECT
        day, opened_at, closed_at, host, boot_id, cookie, client_address, client_port, server_address, server_port, rule,
        bytes_to_server, bytes_to_client, client_class, client_rule
    FROM
    (
        SELECT
            day, client_address, client_port, server_address, server_port,
            arrived.1 AS opened_at, arrived.2 AS closed_at, arrived.3 AS host, arrived.4 AS boot_id, arrived.5 AS cookie, arrived.6 AS rule,
            arrived.7 AS bytes_to_server, arrived.8 AS bytes_to_client,
            -- Clocks may differ by 5 s.
            opened_at - toIntervalSecond(5) AS since,
            -- A log-in does not last for minutes, and ports of a connection that is over are used again.
            least(ifNull(closed_at, now64(6, 'UTC')) + toIntervalSecond(5), opened_at + toIntervalMinute(5)) AS until,
            arrayFilter(left -> left.1 >= since AND left.1 <= until, lefts)[1] AS told_there,
            told_there.2 AS client_class, told_there.3 AS client_rule
        FROM
        (
            -- Ports are used again, but no two connections have the same ends at once: whose beginning is within this one's time is this one.
            SELECT
                day, client_address, client_port, server_address, server_port,
                groupArrayIf((at, closed_at, host, boot_id, cookie, rule, bytes_to_server, bytes_to_client), what = 'arrived') AS arrivals,
                groupArrayIf((at, class, rule), what = 'left') AS lefts,
                groupArrayIf(at, what = 'claimed') AS claims
            FROM
            (
                SELECT
                    toDate(connections.opened_at, 'UTC') AS day, multiIf(class = 'proxied', 'arrived', 'left') AS what,
                    connections.opened_at AS at, closed_at, host, boot_id, cookie, class, rule,
                    client_address, client_port, server_address, server_port, bytes_to_server, bytes_to_client
                FROM connections FINAL
                WHERE (class = 'proxied' AND evidence = 'address' AND opening = 'seen'
                        AND connections.opened_at < now64(6, 'UTC') - toIntervalMinute(1))
                    -- What an agent on the client's host says of it.
                    OR (class IN ('bypass', 'allowed') AND cookie = client_cookie)
                UNION ALL
                SELECT
                    toDate(began_at, 'UTC') AS day, 'claimed' AS what, began_at AS at, NULL AS closed_at, '' AS host,
                    toUUID('00000000-0000-0000-0000-000000000000') AS boot_id, 0 AS cookie, '' AS class, '' AS rule,
                    client_address, client_port, server_address, server_port, 0 AS bytes_to_server, 0 AS bytes_to_client
                FROM proxy_claims
                UNION ALL
                -- A session begins when its log-in is done, which may be behind midnight; and clocks differ.
                SELECT
                    toDate(began_at, 'UTC') - 1 AS day, 'claimed' AS what, began_at AS at, NULL AS closed_at, '' AS host,
                    toUUID('00000000-0000-0000-0000-000000000000') AS boot_id, 0 AS cookie, '' AS class, '' AS rule,
                    client_address, client_port, server_address, server_port, 0 AS bytes_to_server, 0 AS bytes_to_client
                FROM proxy_claims
                WHERE began_at < toStartOfDay(began_at, 'UTC') + toIntervalMinute(5)
                UNION ALL
                SELECT
                    toDate(began_at, 'UTC') + 1 AS day, 'claimed' AS what, began_at AS at, NULL AS closed_at, '' AS host,
                    toUUID('00000000-0000-0000-0000-000000000000') AS boot_id, 0 AS cookie, '' AS class, '' AS rule,
                    client_address, client_port, server_address, server_port, 0 AS bytes_to_server, 0 AS bytes_to_client
                FROM proxy_claims
                WHERE began_at >= toStartOfDay(began_at, 'UTC') + toIntervalSecond(86395)
            )
            GROUP BY day, client_address, client_port, server_address, server_port
            HAVING notEmpty(arrivals)
        )
        ARRAY JOIN arrivals AS arrived
        WHERE NOT arrayExists(claim -> claim >= since AND claim <= until, claims)
    )
    UNION ALL
    -- One that an agent found open had begun before, whenever that was.
    SELECT
        toDate(found.opened_at, 'UTC') AS day, found.opened_at, found.closed_at, found.host, found.boot_id, found.cookie,
        found.client_address, found.client_port, found.server_address, found.server_port, found.rule, found.bytes_to_server,
        found.bytes_to_client, '' AS client_class, '' AS client_rule
    FROM
    (
        SELECT *
        FROM connections FINAL
        WHERE class = 'proxied' AND evidence = 'address' AND opening = 'found'
            AND connections.opened_at < now64(6, 'UTC') - toIntervalMinute(1)
    ) AS found
    LEFT JOIN
    (
        SELECT *, 1 AS is_known
        FROM proxy_claims
        WHERE (client_address, client_port) IN
            (SELECT client_address, client_port FROM connections WHERE class = 'proxied' AND opening = 'found')
    ) AS claim
        ON claim.client_address = found.client_address AND claim.client_port = found.client_port
        AND claim.server_address = found.server_address AND claim.server_port = found.server_port
    GROUP BY ALL
    HAVING countIf(
        claim.is_known = 1
        AND claim.began_at <= found.opened_at + toIntervalSecond(5)
        AND ifNull(claim.ended_at, now64(6, 'UTC')) >= found.opened_at - toIntervalSecond(5)) = 0
) AS unclaimed
-- Proxies that record only sessions, or record elsewhere, have claimed nothing yet: of their connections nothing can be told.
INNER JOIN
(
    SELECT upstream_local_address, min(started_at) AS recorded_since
    FROM proxy_connections
    GROUP BY upstream_local_address
) AS proxy
    ON proxy.upstream_local_address = unclaimed.client_address
WHERE unclaimed.opened_at >= proxy.recorded_since
COMMENT 'Connections from a known proxy''s address that no proxy says are its own: one row each, a minute after it opened; with client_class, where an agent on the client''s host has told it as bypass or allowed.';
