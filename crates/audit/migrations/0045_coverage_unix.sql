-- Coverage, with connections over UNIX sockets.

CREATE OR REPLACE VIEW coverage AS
SELECT
    day, host, server, connections, proxied, bypassed, allowed, allowed_by, unknown, bytes, bytes_proxied,
    proxied / connections AS share,
    -- Of nothing, all is covered as far as anybody can tell: no number.
    if(bytes = 0, NULL, bytes_proxied / bytes) AS bytes_share
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
        count() AS connections,
        countIf(class = 'proxied') AS proxied,
        countIf(class = 'bypass') AS bypassed,
        countIf(class = 'allowed') AS allowed,
        arraySort(groupUniqArrayIf(1000)(rule, class = 'allowed')) AS allowed_by,
        countIf(class NOT IN ('proxied', 'bypass', 'allowed')) AS unknown,
        sum(bytes_to_server + bytes_to_client) AS bytes,
        sumIf(bytes_to_server + bytes_to_client, class = 'proxied') AS bytes_proxied
    FROM connections FINAL
    -- What leaves a host arrives on another one, and is counted there.
    WHERE class != 'outgoing'
    GROUP BY day, host, server
)
COMMENT 'How much of what reached a database came through the proxy: one row per day of opening, host and server.';
