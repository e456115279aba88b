-- Who acted for a session's principal, and what the principal was.

ALTER TABLE sessions
    ADD COLUMN IF NOT EXISTS actor LowCardinality(String)
    COMMENT 'who acted for the principal, as the identity provider names it (claim act); empty where nobody did'
    AFTER authenticated_by,
    ADD COLUMN IF NOT EXISTS kind LowCardinality(String)
    COMMENT 'human, agent, or empty where nobody said'
    AFTER actor,
    ADD COLUMN IF NOT EXISTS groups Array(LowCardinality(String))
    COMMENT 'groups of the principal when the session began'
    AFTER kind;
