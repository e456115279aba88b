-- What the kernel did not tell an agent, though no event was lost.

ALTER TABLE agent_health
    ADD COLUMN IF NOT EXISTS processes_lost UInt64
    COMMENT 'Connections of its host that the kernel programs told without their process, since they were loaded' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS ends_unseen UInt64
    COMMENT 'Connections of whose end the kernel refused to tell, since they were loaded' CODEC(T64, ZSTD(1)),
    COMMENT COLUMN IF EXISTS state 'started, watching, events_lost, processes_lost, ends_unseen or stopped';
