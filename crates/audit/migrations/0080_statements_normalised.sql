-- What statements have in common that differ in literals only, to be read.

ALTER TABLE statements
    ADD COLUMN IF NOT EXISTS normalised LowCardinality(String)
    COMMENT 'The statement with $1, $2 … in place of its literals, behind parameters of its own, in one line and without comments; empty where it could not be read' AFTER fingerprint;
