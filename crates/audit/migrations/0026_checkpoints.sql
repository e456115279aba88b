-- What is shipped together, and the signature on it and on everything that its writer shipped before.

CREATE TABLE IF NOT EXISTS checkpoints
(
    writer_id UUID COMMENT 'Whose chain: the spool of one proxy or agent' CODEC(ZSTD(1)),
    first_sequence UInt64 COMMENT 'Place of its first record in the chain, from 1' CODEC(Delta(8), ZSTD(1)),
    last_sequence UInt64 COMMENT 'Place of its last record' CODEC(Delta(8), ZSTD(1)),
    previous_newest_at DateTime64(6, 'UTC') COMMENT 'newest_at of the checkpoint before' CODEC(Delta(8), ZSTD(1)),
    newest_at DateTime64(6, 'UTC') COMMENT 'The newest moment of all records up to here' CODEC(Delta(8), ZSTD(1)),
    previous_hash String COMMENT 'Hash of the checkpoint before, in base64; of zeros where there is none' CODEC(ZSTD(1)),
    hash String COMMENT 'SHA-256 of everything else here but key and signature, in base64' CODEC(ZSTD(1)),
    public_key String COMMENT 'The Ed25519 key that the signature is checked with, in base64' CODEC(ZSTD(1)),
    signature String COMMENT 'Signature on the hash, in base64' CODEC(ZSTD(1)),
    tables Array(Enum8('sessions' = 1, 'statements' = 2, 'connections' = 3, 'alerts' = 4, 'agent_health' = 5, 'column_classes' = 6, 'gaps' = 7, 'approvals' = 8)) COMMENT 'Of each record: the table that it is in' CODEC(ZSTD(1)),
    moments Array(DateTime64(6, 'UTC')) COMMENT 'Of each record: when what it is about began' CODEC(Delta(8), ZSTD(1)),
    leaves Array(UInt128) COMMENT 'Of each record: half of the SHA-256 of its columns' CODEC(NONE),
    begun Array(UInt128) COMMENT 'Of each record: hash of what it is about, where a later record completes it and takes its place; else 0' CODEC(ZSTD(1)),
    written_at DateTime64(6, 'UTC') MATERIALIZED now64(6, 'UTC') COMMENT 'When ClickHouse received the row' CODEC(Delta(8), ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(newest_at)
ORDER BY (writer_id, first_sequence)
SETTINGS non_replicated_deduplication_window = 10000
COMMENT 'What was shipped together, and the signature on it and on everything before: `picket verify` reads them.';
