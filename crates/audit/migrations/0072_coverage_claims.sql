-- Coverage, where what only came from a proxy's address, and no proxy says is its own, went around it.

CREATE OR REPLACE VIEW coverage AS
SELECT
    day, host, server, connections, proxied, bypassed, allowed, allowed_by, unknown, bytes, bytes_proxied,
    proxied / connections AS share,
    -- Of nothing, all is covered as far as anybody can tell: no number.
    if(bytes = 0, NULL, bytes_proxied / bytes) AS bytes_share
FROM
(
    SELECT
        day, host, server,
        sum(arrived) AS connections,
        toUInt64(sum(of_proxy)) AS proxied,
        toUInt64(sum(around)) AS bypassed,
        toUInt64(sum(by_rule)) AS allowed,
        arraySort(groupUniqArrayArray(1000)(rules)) AS allowed_by,
        sum(of_nobody) AS unknown,
        sum(all_bytes) AS bytes,
        toUInt64(sum(bytes_of_proxy)) AS bytes_proxied
    FROM
    (
        SELECT
            toDate(opened_at, 'UTC') AS day,
            host,
            if(socket_path != '', socket_path, concat(
                if(startsWith(IPv6NumToString(server_address), '::ffff:'),
                    substring(IPv6NumToString(server_address), 8),
                    concat('[', IPv6NumToString(server_address), ']')),
                ':', toString(server_port))) AS server,
            count() AS arrived,
            toInt64(countIf(class = 'proxied')) AS of_proxy,
            toInt64(countIf(class = 'bypass')) AS around,
            toInt64(countIf(class = 'allowed')) AS by_rule,
            groupUniqArrayIf(1000)(toString(rule), class = 'allowed') AS rules,
            countIf(class NOT IN ('proxied', 'bypass', 'allowed')) AS of_nobody,
            sum(bytes_to_server + bytes_to_client) AS all_bytes,
            toInt64(sumIf(bytes_to_server + bytes_to_client, class = 'proxied')) AS bytes_of_proxy
        FROM connections FINAL
        -- What leaves a host arrives on another one, and is counted there.
        WHERE class != 'outgoing' AND (cookie != client_cookie OR socket_path != '')
        GROUP BY day, host, server
        UNION ALL
        SELECT
            day,
            host,
            concat(
                if(startsWith(IPv6NumToString(server_address), '::ffff:'),
                    substring(IPv6NumToString(server_address), 8),
                    concat('[', IPv6NumToString(server_address), ']')),
                ':', toString(server_port)) AS server,
            toUInt64(0) AS arrived,
            -toInt64(count()) AS of_proxy,
            toInt64(countIf(allowing_rule = '')) AS around,
            toInt64(countIf(allowing_rule != '')) AS by_rule,
            groupUniqArrayIf(1000)(allowing_rule, allowing_rule != '') AS rules,
            toUInt64(0) AS of_nobody,
            toUInt64(0) AS all_bytes,
            -toInt64(sum(bytes_to_server + bytes_to_client)) AS bytes_of_proxy
        FROM
        (
            SELECT *, if(client_class = '', rule, client_rule) AS allowing_rule
            FROM unclaimed_connections
        )
        GROUP BY day, host, server
    )
    GROUP BY day, host, server
)
COMMENT 'How much of what reached a database came through the proxy: one row per day of opening, host and server.';
