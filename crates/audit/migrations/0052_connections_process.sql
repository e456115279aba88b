-- What /proc and the cgroup tell of the process that asked for a connection.

ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS process_executable LowCardinality(String)
    COMMENT 'File that the process runs; empty where it was gone before that could be read' AFTER process_cgroup,
    ADD COLUMN IF NOT EXISTS process_started_at Nullable(DateTime64(6, 'UTC'))
    COMMENT 'When it started, in hundredths of a second: with process_pid it names the process' CODEC(ZSTD(1)) AFTER process_executable,
    ADD COLUMN IF NOT EXISTS process_login_uid Nullable(UInt32)
    COMMENT 'User who logged in, whoever the process acts as since; NULL where nobody did' CODEC(ZSTD(1)) AFTER process_started_at,
    ADD COLUMN IF NOT EXISTS process_login_user LowCardinality(String)
    COMMENT 'Name of that user on the host of the agent' AFTER process_login_uid,
    ADD COLUMN IF NOT EXISTS process_unit LowCardinality(String)
    COMMENT 'Unit of systemd, by the path of the cgroup' AFTER process_login_user,
    ADD COLUMN IF NOT EXISTS process_container String
    COMMENT 'Id of the container, by the path of the cgroup' CODEC(ZSTD(1)) AFTER process_unit,
    ADD COLUMN IF NOT EXISTS process_pod String
    COMMENT 'Uid of the pod of Kubernetes, by the path of the cgroup' CODEC(ZSTD(1)) AFTER process_container,
    ADD COLUMN IF NOT EXISTS process_parents Array(String)
    COMMENT 'Who started it, who started that one, and so on, as command[pid]; at most eight' CODEC(ZSTD(1)) AFTER process_pod,
    COMMENT COLUMN IF EXISTS class 'How it came: proxied, bypass, allowed, outgoing, or unknown where nothing tells whose it is',
    COMMENT COLUMN IF EXISTS evidence 'What the class rests on: kernel, holder, address or none';
