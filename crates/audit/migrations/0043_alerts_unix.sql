-- Alerts about connections over UNIX sockets.

ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS socket_path LowCardinality(String)
    COMMENT 'connections.socket_path'
    AFTER server_port;
