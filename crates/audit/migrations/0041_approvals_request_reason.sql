-- Why whoever waits for an approval says that the statement should run.

ALTER TABLE approvals
    ADD COLUMN IF NOT EXISTS request_reason String
    COMMENT 'Why whoever waits says that it should run (picket.reason, or a comment in front of it); empty where nothing was said' CODEC(ZSTD(1))
    AFTER reason;
