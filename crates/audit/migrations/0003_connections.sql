-- Connections that the kernel saw: one row when a connection was established, a later version of it when it closed.

CREATE TABLE IF NOT EXISTS connections
(
    boot_id UUID COMMENT 'Socket cookies restart with the kernel: this names the start',
    cookie UInt64 COMMENT 'Kernel cookie of the server''s socket, or of the client''s where the server is elsewhere' CODEC(ZSTD(1)),
    opened_at DateTime64(6, 'UTC') COMMENT 'When the connection was established' CODEC(Delta(8), ZSTD(1)),
    version UInt8 COMMENT '0 while it is open, 1 when it closed: the highest one is the truth',
    host LowCardinality(String) COMMENT 'Host name of the agent',
    client_cookie UInt64 COMMENT 'Kernel cookie of the client''s socket where the client is on this host, else 0' CODEC(ZSTD(1)),
    closed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it closed; NULL while it is open' CODEC(ZSTD(1)),
    client_address IPv6 COMMENT 'The client''s end; IPv4 as ::ffff:a.b.c.d' CODEC(ZSTD(1)),
    client_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    server_address IPv6 COMMENT 'The database''s end' CODEC(ZSTD(1)),
    server_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    class LowCardinality(String) COMMENT 'How it came: proxied, bypass or outgoing',
    evidence LowCardinality(String) COMMENT 'What the class rests on: kernel, address or none',
    process_pid Nullable(UInt32) COMMENT 'Process id of the client in the initial namespace; NULL where it runs elsewhere' CODEC(ZSTD(1)),
    process_command LowCardinality(String) COMMENT 'comm of that process, at most 15 bytes',
    process_uid Nullable(UInt32) COMMENT 'Its real user id; NULL where it runs elsewhere' CODEC(ZSTD(1)),
    process_user LowCardinality(String) COMMENT 'Name of that user on the agent''s host; empty where it has none',
    process_cgroup_id UInt64 COMMENT 'cgroup v2 id of that process; 0 where it runs elsewhere' CODEC(ZSTD(1)),
    process_cgroup LowCardinality(String) COMMENT 'Path of that cgroup below its mount; empty where it is gone',
    bytes_to_server UInt64 COMMENT 'Bytes that the database''s end received' CODEC(T64, ZSTD(1)),
    bytes_to_client UInt64 COMMENT 'Bytes that the database''s end sent' CODEC(T64, ZSTD(1)),
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(opened_at)
ORDER BY (opened_at, boot_id, cookie)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Socket connections that the kernel saw. Read with FINAL: a closed connection has two versions.';
