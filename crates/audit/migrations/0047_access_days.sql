-- Who touched what on which day: one row for each object, database, principal and day, so that a year of it is a lookup.
-- Whatever it has of a row of `statements` may come twice: only what stays the same then is kept here, and no counts.

CREATE TABLE IF NOT EXISTS access_days
(
    object LowCardinality(String) COMMENT 'What was touched: schema.relation or schema.relation.column',
    database LowCardinality(String) COMMENT 'Where it is',
    principal LowCardinality(String) COMMENT 'Who touched it, or tried to',
    day Date COMMENT 'The day, in UTC' CODEC(Delta(2), ZSTD(1)),
    first_at SimpleAggregateFunction(min, DateTime64(6, 'UTC')) COMMENT 'The first time on that day' CODEC(ZSTD(1)),
    last_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')) COMMENT 'The last time on that day' CODEC(ZSTD(1)),
    read SimpleAggregateFunction(max, UInt8) COMMENT '1 where it was read by something that was allowed',
    written SimpleAggregateFunction(max, UInt8) COMMENT '1 where it was written by something that was allowed',
    masked SimpleAggregateFunction(max, UInt8) COMMENT '1 where it, or a column of it, was masked in a result',
    revealed SimpleAggregateFunction(max, UInt8) COMMENT '1 where it, or a column of it, is sensitive and was shown as it is',
    refused SimpleAggregateFunction(max, UInt8) COMMENT '1 where something was refused that would have touched it',
    effects SimpleAggregateFunction(groupUniqArrayArray, Array(String))
        COMMENT 'What the statements do that touched it, or would have'
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(day)
ORDER BY (object, database, principal, day)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'Who touched what on which day. It is made of statements, which have the evidence; read it with GROUP BY.';
