-- What proxies say is theirs: each connection to a database that is a session's, or that a proxy made for itself.

CREATE OR REPLACE VIEW proxy_claims AS
SELECT
    started_at AS began_at,
    ended_at,
    upstream_local_address AS client_address,
    upstream_local_port AS client_port,
    upstream_address AS server_address,
    upstream_port AS server_port
FROM sessions FINAL
UNION ALL
SELECT
    started_at AS began_at,
    -- No proxy has one of these for longer.
    toNullable(started_at + toIntervalHour(1)) AS ended_at,
    upstream_local_address AS client_address,
    upstream_local_port AS client_port,
    upstream_address AS server_address,
    upstream_port AS server_port
FROM proxy_connections FINAL
COMMENT 'What proxies say is theirs: when a session, or a connection that a proxy made for itself, began and had ended at the latest, and its ends.';
