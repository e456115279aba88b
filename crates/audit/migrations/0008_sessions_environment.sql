-- What kind of place a session's database is, such as production.

ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS environment LowCardinality(String)
    COMMENT 'environment of the [[upstream]], such as production; empty where the configuration has none'
    AFTER database_role;
