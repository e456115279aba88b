-- What a session called itself after its start.

ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS application_names Array(LowCardinality(String))
    COMMENT 'application_name as it was set after the start: each once, in order, the first 16; complete when the session has ended'
    AFTER application_name;
