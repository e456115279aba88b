-- Where the process runs that an alert is about, and what it was started with.

ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS process_network_namespace Nullable(UInt32)
    COMMENT 'connections.process_network_namespace' CODEC(ZSTD(1)) AFTER process_parents,
    ADD COLUMN IF NOT EXISTS process_arguments Array(String)
    COMMENT 'connections.process_arguments' CODEC(ZSTD(1)) AFTER process_network_namespace,
    ADD COLUMN IF NOT EXISTS process_arguments_hash String
    COMMENT 'connections.process_arguments_hash' CODEC(ZSTD(1)) AFTER process_arguments;
