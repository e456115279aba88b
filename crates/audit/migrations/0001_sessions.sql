-- Sessions with the proxy: one row when a client was authenticated, a later version of it when the session ended.

CREATE TABLE IF NOT EXISTS sessions
(
    session_id UUID COMMENT 'Version 7 UUID, made when the client was authenticated',
    version UInt8 COMMENT '0 at the start, 1 at the end: the highest one is the truth',
    host LowCardinality(String) COMMENT 'Host name of the proxy',
    started_at DateTime64(6, 'UTC') COMMENT 'When the client was authenticated' CODEC(Delta(8), ZSTD(1)),
    ended_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the session ended; NULL while it lives' CODEC(ZSTD(1)),
    end_reason LowCardinality(String) COMMENT 'Why it ended, a fixed word such as client_terminated; empty while it lives',
    principal LowCardinality(String) COMMENT 'Who: the authenticated user of the proxy',
    authenticated_by LowCardinality(String) COMMENT 'How the principal was authenticated, such as scram-sha-256',
    database LowCardinality(String) COMMENT 'The database that was asked for',
    database_role LowCardinality(String) COMMENT 'The role that the proxy uses at the database',
    application_name LowCardinality(String) COMMENT 'application_name as the client gave it at start',
    client_address IPv6 COMMENT 'Where the client came from; IPv4 as ::ffff:a.b.c.d' CODEC(ZSTD(1)),
    client_port UInt16 COMMENT 'The port the client came from' CODEC(ZSTD(1)),
    upstream_local_address IPv6 COMMENT 'The proxy''s own end of its connection to the database' CODEC(ZSTD(1)),
    upstream_local_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    upstream_address IPv6 COMMENT 'The database''s end of that connection' CODEC(ZSTD(1)),
    upstream_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    upstream_cookie UInt64 COMMENT 'SO_COOKIE of the proxy''s socket to the database; joins connections.client_cookie on the proxy''s host' CODEC(ZSTD(1)),
    backend_pid Int32 COMMENT 'Process id of the database''s backend, from BackendKeyData' CODEC(ZSTD(1)),
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1)),
    INDEX session_id_index session_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, session_id)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Sessions with the proxy. Read with FINAL: a session that ended has two versions.';
