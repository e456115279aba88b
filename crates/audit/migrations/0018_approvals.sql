-- What happens to statements that wait for somebody's approval.

CREATE TABLE IF NOT EXISTS approvals
(
    at DateTime64(6, 'UTC') COMMENT 'When it happened' CODEC(Delta(8), ZSTD(1)),
    host LowCardinality(String) COMMENT 'Host name of the proxy',
    request_id UUID COMMENT 'The same for all that happens to one statement that waits',
    event LowCardinality(String) COMMENT 'asked, approved or denied (by one person), expired (nobody has answered in time) or cancelled (whoever waited has given it up)',
    session_id UUID COMMENT 'The session that waits',
    sequence UInt64 COMMENT 'Number of the execution in the session, as in statements' CODEC(ZSTD(1)),
    principal LowCardinality(String) COMMENT 'Who waits',
    database LowCardinality(String) COMMENT 'The database that it is for',
    text String COMMENT 'The statement' CODEC(ZSTD(3)),
    rules Array(String) COMMENT 'Names of the rules that ask for an approval' CODEC(ZSTD(1)),
    groups Array(String) COMMENT 'Of each of these groups somebody must approve' CODEC(ZSTD(1)),
    by LowCardinality(String) COMMENT 'Who approved or denied; empty where nobody did',
    reason String COMMENT 'The reason that was given' CODEC(ZSTD(1)),
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(at)
ORDER BY (at, request_id, event, by)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'What happens to statements that wait for somebody''s approval.';
