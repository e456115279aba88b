-- What has been applied to this database. Applied before every other one, each time.

CREATE TABLE IF NOT EXISTS migrations
(
    number UInt32 COMMENT 'Number of the migration, from 1',
    name String COMMENT 'Name of its file without the ending',
    checksum UInt32 COMMENT 'CRC-32 of its text: an applied migration is never edited',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6, 'UTC') COMMENT 'When it was applied',
    applied_by String COMMENT 'Version of the Picket that applied it'
)
ENGINE = ReplacingMergeTree
ORDER BY (number, checksum)
COMMENT 'Migrations of the ledger that have been applied.';
