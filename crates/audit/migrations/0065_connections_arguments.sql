-- Where the process runs that asked for a connection, and what it was started with.

ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS process_network_namespace Nullable(UInt32)
    COMMENT 'Inode of its network namespace, as lsns shows it' CODEC(ZSTD(1)) AFTER process_parents,
    ADD COLUMN IF NOT EXISTS process_arguments Array(String)
    COMMENT 'What the process was started with, or says that it was, where the agent keeps that; *** in the place of passwords of known forms'
    CODEC(ZSTD(1)) AFTER process_network_namespace,
    ADD COLUMN IF NOT EXISTS process_arguments_hash String
    COMMENT 'Keyed hash of what the process was started with, by the key of its agent: which are the same; empty where that was not read'
    CODEC(ZSTD(1)) AFTER process_arguments;
