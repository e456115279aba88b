-- How often an agent gives an account, and what it cannot do on its host.

ALTER TABLE agent_health
    ADD COLUMN IF NOT EXISTS heartbeat_secs UInt32
    COMMENT 'Seconds between two accounts of an agent that watches; 0 where an older agent told' CODEC(T64, ZSTD(1)),
    ADD COLUMN IF NOT EXISTS degraded Array(LowCardinality(String))
    COMMENT 'What it cannot do on its host, by name: witness_gaps says of each what is not seen';
