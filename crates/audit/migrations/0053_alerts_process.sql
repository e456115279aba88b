-- What /proc and the cgroup tell of the process that an alert is about.

ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS process_executable LowCardinality(String)
    COMMENT 'connections.process_executable' AFTER process_cgroup,
    ADD COLUMN IF NOT EXISTS process_started_at Nullable(DateTime64(6, 'UTC'))
    COMMENT 'connections.process_started_at' CODEC(ZSTD(1)) AFTER process_executable,
    ADD COLUMN IF NOT EXISTS process_login_uid Nullable(UInt32)
    COMMENT 'connections.process_login_uid' CODEC(ZSTD(1)) AFTER process_started_at,
    ADD COLUMN IF NOT EXISTS process_login_user LowCardinality(String)
    COMMENT 'connections.process_login_user' AFTER process_login_uid,
    ADD COLUMN IF NOT EXISTS process_unit LowCardinality(String)
    COMMENT 'connections.process_unit' AFTER process_login_user,
    ADD COLUMN IF NOT EXISTS process_container String
    COMMENT 'connections.process_container' CODEC(ZSTD(1)) AFTER process_unit,
    ADD COLUMN IF NOT EXISTS process_pod String
    COMMENT 'connections.process_pod' CODEC(ZSTD(1)) AFTER process_container,
    ADD COLUMN IF NOT EXISTS process_parents Array(String)
    COMMENT 'connections.process_parents' CODEC(ZSTD(1)) AFTER process_pod;
