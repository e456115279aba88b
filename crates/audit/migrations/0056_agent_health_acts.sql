-- What an agent does about connections around the proxy, and how many it refused.

ALTER TABLE agent_health
    ADD COLUMN IF NOT EXISTS acts LowCardinality(String)
    COMMENT 'What is done about processes of its host that connect around the proxy: observe, alert (what would be refused is told) or deny; empty where an older agent told',
    ADD COLUMN IF NOT EXISTS denied UInt64
    COMMENT 'Connections that were refused, or in alert would have been, since the kernel programs were loaded' CODEC(T64, ZSTD(1)),
    COMMENT COLUMN IF EXISTS state 'started, watching, events_lost, processes_lost, ends_unseen, unjudged or stopped';
