-- Times in which an agent saw nothing.

CREATE TABLE IF NOT EXISTS gaps
(
    host LowCardinality(String) COMMENT 'Host name of the agent',
    began_at DateTime64(6, 'UTC') COMMENT 'Until then everything was seen and recorded' CODEC(Delta(8), ZSTD(1)),
    ended_at DateTime64(6, 'UTC') COMMENT 'From then on everything is seen again' CODEC(Delta(8), ZSTD(1)),
    boot_id UUID COMMENT 'The start of the kernel on which it came back',
    reason LowCardinality(String) COMMENT 'Why: stopped, killed or rebooted',
    connections_continued UInt64 COMMENT 'Connections that were open before and still were' CODEC(T64, ZSTD(1)),
    connections_ended UInt64 COMMENT 'Connections that were open before and were no more' CODEC(T64, ZSTD(1)),
    connections_found UInt64 COMMENT 'Connections that were opened meanwhile and still open' CODEC(T64, ZSTD(1)),
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(began_at)
ORDER BY (host, began_at, ended_at)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Times in which an agent saw nothing. A connection that opened and closed within one is in no table.';
