-- What the client of a connection around the proxy said first.

ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS encryption LowCardinality(String)
    COMMENT 'Whether it is encrypted: tls, gss, none, or refused where the client asked and the server has none; empty where nothing tells, and of the proxy''s'
    AFTER process_parents,
    ADD COLUMN IF NOT EXISTS database_role LowCardinality(String)
    COMMENT 'Role that the client asked to log in as, where that was not encrypted; empty where it is not known, and of the proxy''s' AFTER encryption,
    ADD COLUMN IF NOT EXISTS database LowCardinality(String)
    COMMENT 'Database that it asked for' AFTER database_role,
    ADD COLUMN IF NOT EXISTS application_name LowCardinality(String)
    COMMENT 'What it called itself' AFTER database;
