-- Executions of statements: one row before a statement is forwarded, a later version of it when it ended.

CREATE TABLE IF NOT EXISTS statements
(
    session_id UUID COMMENT 'The session that ran it',
    sequence UInt64 COMMENT 'Counts the executions of a session from 1' CODEC(Delta(8), ZSTD(1)),
    version UInt8 COMMENT '0 before it was forwarded, 1 when it ended: the highest one is the truth',
    started_at DateTime64(6, 'UTC') COMMENT 'When it was judged' CODEC(Delta(8), ZSTD(1)),
    finished_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When its last reply came; NULL until then' CODEC(ZSTD(1)),
    principal LowCardinality(String) COMMENT 'Who ran it',
    database LowCardinality(String) COMMENT 'Where it ran',
    text String COMMENT 'The statement as the client wrote it' CODEC(ZSTD(3)),
    fingerprint UInt64 COMMENT 'libpg_query''s fingerprint; 0 where the statement could not be read' CODEC(ZSTD(1)),
    effects Array(LowCardinality(String)) COMMENT 'What it does, in the order of the text: select, update, drop_table',
    relations_read Array(LowCardinality(String)) COMMENT 'Relations read, as schema.relation',
    relations_written Array(LowCardinality(String)) COMMENT 'Relations written, as schema.relation',
    columns Array(LowCardinality(String)) COMMENT 'Columns named by the statement or returned by it, as schema.relation.column',
    masked_columns Array(LowCardinality(String)) COMMENT 'Columns whose values were masked in the result, as schema.relation.column',
    objects Array(LowCardinality(String)) MATERIALIZED arrayDistinct(arrayConcat(
        relations_read,
        relations_written,
        arrayMap(name -> arrayStringConcat(arrayPopBack(splitByChar('.', name)), '.'), columns),
        columns)) COMMENT 'Everything it touched: relations, columns, and the relations of those columns',
    verdict LowCardinality(String) COMMENT 'allow or refuse',
    rules Array(LowCardinality(String)) COMMENT 'Names of the rules that made the verdict',
    readers_disagree String COMMENT 'What the second reader understood differently; empty where both agree' CODEC(ZSTD(1)),
    outcome LowCardinality(String) COMMENT 'completed, failed, skipped (never run, because an earlier one in its string or pipeline failed) or lost (the connection ended first); empty until it ended',
    rows UInt64 COMMENT 'Rows returned or changed, from the command tag' CODEC(T64, ZSTD(1)),
    bytes UInt64 COMMENT 'Bytes of rows that the database sent' CODEC(T64, ZSTD(1)),
    sqlstate LowCardinality(String) COMMENT 'Five letters of the error that ended it; empty where it succeeded',
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1)),
    INDEX objects_index objects TYPE bloom_filter(0.01) GRANULARITY 4,
    INDEX session_id_index session_id TYPE bloom_filter(0.01) GRANULARITY 4
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYYYYMM(started_at)
ORDER BY (started_at, session_id, sequence)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Executions of statements through the proxy. Read with FINAL: a finished statement has two versions.';
