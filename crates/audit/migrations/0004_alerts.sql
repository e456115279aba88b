-- What somebody must know. An alert about a connection repeats who and where, so that it stands without the join.

CREATE TABLE IF NOT EXISTS alerts
(
    alert_id UUID COMMENT 'Version 7 UUID',
    raised_at DateTime64(6, 'UTC') COMMENT 'When it was raised' CODEC(Delta(8), ZSTD(1)),
    host LowCardinality(String) COMMENT 'Host that raised it',
    kind LowCardinality(String) COMMENT 'What kind: bypass or events_lost',
    message String COMMENT 'One sentence that names process, user and address' CODEC(ZSTD(1)),
    boot_id Nullable(UUID) COMMENT 'With cookie and opened_at: the connection it is about; NULL where there is none',
    cookie UInt64 COMMENT 'connections.cookie' CODEC(ZSTD(1)),
    opened_at Nullable(DateTime64(6, 'UTC')) COMMENT 'connections.opened_at' CODEC(ZSTD(1)),
    client_address IPv6 COMMENT 'The client''s end; IPv4 as ::ffff:a.b.c.d' CODEC(ZSTD(1)),
    client_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    server_address IPv6 COMMENT 'The database''s end' CODEC(ZSTD(1)),
    server_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    process_pid Nullable(UInt32) COMMENT 'Process id of the client; NULL where it is not known' CODEC(ZSTD(1)),
    process_command LowCardinality(String) COMMENT 'comm of that process',
    process_uid Nullable(UInt32) COMMENT 'Its real user id; NULL where it is not known' CODEC(ZSTD(1)),
    process_user LowCardinality(String) COMMENT 'Name of that user; empty where it has none',
    process_cgroup LowCardinality(String) COMMENT 'Path of its cgroup',
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(raised_at)
ORDER BY (raised_at, alert_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'What somebody must know.';
