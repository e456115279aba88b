-- The agents' own accounts: what they could and could not see.

CREATE TABLE IF NOT EXISTS agent_health
(
    host LowCardinality(String) COMMENT 'Host name of the agent',
    boot_id UUID COMMENT 'The start of the kernel that it watched',
    at DateTime64(6, 'UTC') COMMENT 'When the account was taken' CODEC(Delta(8), ZSTD(1)),
    state LowCardinality(String) COMMENT 'started, watching, events_lost or stopped',
    events_submitted UInt64 COMMENT 'Events that the kernel programs submitted since they were loaded' CODEC(T64, ZSTD(1)),
    events_lost UInt64 COMMENT 'Events that found the ring buffer full since the programs were loaded' CODEC(T64, ZSTD(1)),
    connections_open UInt64 COMMENT 'Connections open at the moment' CODEC(T64, ZSTD(1)),
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (host, at, boot_id, state)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'The agents'' own accounts, at start, every minute, whenever events were lost, and at the end.';
