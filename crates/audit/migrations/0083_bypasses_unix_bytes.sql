-- Who went around the proxy; bytes are NULL where nobody counted them: over some UNIX sockets, and while those are open. Asked with `day`, it reads no other days.

CREATE OR REPLACE VIEW bypasses AS
SELECT
    toDate(alert.raised_at, 'UTC') AS day,
    alert.raised_at AS at,
    alert.host AS host,
    alert.process_command AS process_command,
    alert.process_pid AS process_pid,
    alert.process_user AS user,
    alert.process_uid AS uid,
    alert.process_cgroup AS process_cgroup,
    alert.process_executable AS process_executable,
    alert.process_started_at AS process_started_at,
    alert.process_login_uid AS login_uid,
    alert.process_login_user AS login_user,
    alert.process_unit AS process_unit,
    alert.process_container AS process_container,
    alert.process_pod AS process_pod,
    alert.process_parents AS process_parents,
    alert.process_network_namespace AS process_network_namespace,
    alert.process_arguments AS process_arguments,
    alert.process_arguments_hash AS process_arguments_hash,
    alert.client AS client,
    alert.server AS server,
    ifNull(connection.encryption, '') AS encryption,
    ifNull(connection.database_role, '') AS database_role,
    ifNull(connection.database, '') AS database,
    ifNull(connection.application_name, '') AS application_name,
    multiIf(ifNull(connection.known, 0) = 0, 'unknown', isNull(connection.closed_at), 'open', 'closed') AS state,
    alert.opened_at AS opened_at,
    connection.closed_at AS closed_at,
    if(isNull(connection.closed_at) OR isNull(alert.opened_at), NULL,
        (toUnixTimestamp64Micro(assumeNotNull(connection.closed_at))
            - toUnixTimestamp64Micro(assumeNotNull(alert.opened_at))) / 1000000) AS duration_seconds,
    if((alert.socket_path != '' AND connection.bytes_to_server + connection.bytes_to_client = 0) OR ifNull(connection.known, 0) = 0,
        NULL, ifNull(connection.bytes_to_server, 0)) AS bytes_to_server,
    if((alert.socket_path != '' AND connection.bytes_to_server + connection.bytes_to_client = 0) OR ifNull(connection.known, 0) = 0,
        NULL, ifNull(connection.bytes_to_client, 0)) AS bytes_to_client,
    alert.message AS message,
    alert.alert_id AS alert_id,
    '' AS rule
FROM
(
    SELECT
        *,
        if(socket_path != '', 'local', concat(
            if(startsWith(IPv6NumToString(client_address), '::ffff:'),
                substring(IPv6NumToString(client_address), 8),
                concat('[', IPv6NumToString(client_address), ']')),
            ':', toString(client_port))) AS client,
        if(socket_path != '', socket_path, concat(
            if(startsWith(IPv6NumToString(server_address), '::ffff:'),
                substring(IPv6NumToString(server_address), 8),
                concat('[', IPv6NumToString(server_address), ']')),
            ':', toString(server_port))) AS server
    FROM alerts FINAL
    WHERE kind = 'bypass'
) AS alert
LEFT ANY JOIN
(
    SELECT
        1 AS known, toNullable(boot_id) AS boot_id, cookie, toNullable(connections.opened_at) AS opened_at,
        closed_at, bytes_to_server, bytes_to_client, encryption, database_role, database, application_name
    FROM connections FINAL
) AS connection
    ON connection.boot_id = alert.boot_id AND connection.cookie = alert.cookie AND connection.opened_at = alert.opened_at
UNION ALL
SELECT
    toDate(connections.opened_at, 'UTC') AS day,
    connections.opened_at AS at,
    host,
    process_command,
    process_pid,
    process_user AS user,
    process_uid AS uid,
    process_cgroup,
    process_executable,
    process_started_at,
    process_login_uid AS login_uid,
    process_login_user AS login_user,
    process_unit,
    process_container,
    process_pod,
    process_parents,
    process_network_namespace,
    process_arguments,
    process_arguments_hash,
    if(socket_path != '', 'local', concat(
        if(startsWith(IPv6NumToString(client_address), '::ffff:'),
            substring(IPv6NumToString(client_address), 8),
            concat('[', IPv6NumToString(client_address), ']')),
        ':', toString(client_port))) AS client,
    if(socket_path != '', socket_path, concat(
        if(startsWith(IPv6NumToString(server_address), '::ffff:'),
            substring(IPv6NumToString(server_address), 8),
            concat('[', IPv6NumToString(server_address), ']')),
        ':', toString(server_port))) AS server,
    encryption,
    database_role,
    database,
    application_name,
    if(isNull(closed_at), 'open', 'closed') AS state,
    toNullable(connections.opened_at) AS opened_at,
    closed_at,
    if(isNull(closed_at), NULL,
        (toUnixTimestamp64Micro(assumeNotNull(closed_at)) - toUnixTimestamp64Micro(connections.opened_at)) / 1000000)
        AS duration_seconds,
    if(socket_path != '' AND connections.bytes_to_server + connections.bytes_to_client = 0, NULL, connections.bytes_to_server) AS bytes_to_server,
    if(socket_path != '' AND connections.bytes_to_server + connections.bytes_to_client = 0, NULL, connections.bytes_to_client) AS bytes_to_client,
    concat('rule ', rule, ' allows it') AS message,
    toUUID('00000000-0000-0000-0000-000000000000') AS alert_id,
    rule
FROM connections FINAL
WHERE class = 'allowed'
UNION ALL
SELECT
    day,
    unclaimed_connections.opened_at AS at,
    host,
    '' AS process_command,
    NULL AS process_pid,
    '' AS user,
    NULL AS uid,
    '' AS process_cgroup,
    '' AS process_executable,
    NULL AS process_started_at,
    NULL AS login_uid,
    '' AS login_user,
    '' AS process_unit,
    '' AS process_container,
    '' AS process_pod,
    [] AS process_parents,
    NULL AS process_network_namespace,
    [] AS process_arguments,
    '' AS process_arguments_hash,
    concat(
        if(startsWith(IPv6NumToString(client_address), '::ffff:'),
            substring(IPv6NumToString(client_address), 8),
            concat('[', IPv6NumToString(client_address), ']')),
        ':', toString(client_port)) AS client,
    concat(
        if(startsWith(IPv6NumToString(server_address), '::ffff:'),
            substring(IPv6NumToString(server_address), 8),
            concat('[', IPv6NumToString(server_address), ']')),
        ':', toString(server_port)) AS server,
    '' AS encryption,
    '' AS database_role,
    '' AS database,
    '' AS application_name,
    if(isNull(closed_at), 'open', 'closed') AS state,
    toNullable(unclaimed_connections.opened_at) AS opened_at,
    closed_at,
    if(isNull(closed_at), NULL,
        (toUnixTimestamp64Micro(assumeNotNull(closed_at)) - toUnixTimestamp64Micro(unclaimed_connections.opened_at)) / 1000000)
        AS duration_seconds,
    bytes_to_server,
    bytes_to_client,
    concat(client, ' connected to ', server, ' from the address of a proxy, and no proxy says that it is its own',
        if(rule = '', '', concat('; rule ', rule, ' allows it'))) AS message,
    toUUID('00000000-0000-0000-0000-000000000000') AS alert_id,
    rule
FROM unclaimed_connections
-- Else the agent on its own host has told it, with the process.
WHERE client_class = ''
COMMENT 'Who went around the proxy: one row per bypass alert, with what its connection has become since, one per connection that a rule allows, and one per connection from a proxy''s address that no proxy says is its own.';
