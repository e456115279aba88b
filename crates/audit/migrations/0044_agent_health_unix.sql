-- Whether an agent sees UNIX sockets.

ALTER TABLE agent_health
    ADD COLUMN IF NOT EXISTS unix_problem String
    COMMENT 'Why connections over UNIX sockets are not seen but by looks; empty where they are' CODEC(ZSTD(1));
