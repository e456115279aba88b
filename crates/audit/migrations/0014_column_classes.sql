-- Which columns hold what must not be seen, each time that something about one became known.

CREATE TABLE IF NOT EXISTS column_classes
(
    at DateTime64(6, 'UTC') COMMENT 'When it became known' CODEC(Delta(8), ZSTD(1)),
    host LowCardinality(String) COMMENT 'Host name of the proxy',
    database LowCardinality(String) COMMENT 'The database',
    object String COMMENT 'schema.relation.column' CODEC(ZSTD(1)),
    class LowCardinality(String) COMMENT 'What it holds, such as email; empty where it is gone, or is not sensitive any more',
    evidence LowCardinality(String) COMMENT 'What told it: name, comment, values, definition, configuration or earlier',
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (database, object, at, host)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Which columns hold what must not be seen, each time that something about one became known.';
