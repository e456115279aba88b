-- Connections to databases that proxies make and that are no session's: whose they are must be known where each connection must have somebody.

CREATE TABLE IF NOT EXISTS proxy_connections
(
    started_at DateTime64(6, 'UTC') COMMENT 'When it was made' CODEC(Delta(8), ZSTD(1)),
    host LowCardinality(String) COMMENT 'Host name of the proxy',
    purpose LowCardinality(String) COMMENT 'What for: catalog (to read it), cancel (a client''s request), plan (of a statement that waits for an approval) or log_in (of a session that did not begin)',
    database LowCardinality(String) COMMENT 'The database, as clients of the proxy call it',
    upstream_local_address IPv6 COMMENT 'The proxy''s own end; IPv4 as ::ffff:a.b.c.d' CODEC(ZSTD(1)),
    upstream_local_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    upstream_address IPv6 COMMENT 'The database''s end' CODEC(ZSTD(1)),
    upstream_port UInt16 COMMENT 'The port of that end' CODEC(ZSTD(1)),
    upstream_cookie UInt64 COMMENT 'Kernel cookie of the proxy''s socket' CODEC(ZSTD(1)),
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1)),
    writer_id UUID COMMENT 'Whose chain it is in' CODEC(ZSTD(1)),
    writer_sequence UInt64 COMMENT 'Its place in that chain, from 1' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, host, upstream_local_address, upstream_local_port, upstream_address, upstream_port, upstream_cookie)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Connections to databases that proxies made and that are no session''s.';
