-- Fills `access_days` with whatever comes into `statements`.

CREATE MATERIALIZED VIEW IF NOT EXISTS access_days_written TO access_days AS
SELECT
    object, database, principal, toDate(started_at, 'UTC') AS day,
    min(started_at) AS first_at, max(started_at) AS last_at,
    max(is_allowed AND (is_read OR NOT is_written)) AS read,
    max(is_allowed AND is_written) AS written,
    max(is_masked) AS masked,
    max(is_revealed) AS revealed,
    max(NOT is_allowed) AS refused,
    groupUniqArrayArray(effects) AS effects
FROM
(
    SELECT
        database, principal, started_at, effects,
        arrayJoin(objects) AS object,
        -- As in `who_touched`.
        verdict = 'allow' AS is_allowed,
        arrayExists(name -> name = object OR startsWith(object, concat(name, '.')), relations_read) AS is_read,
        arrayExists(name -> name = object OR startsWith(object, concat(name, '.')), relations_written) AS is_written,
        arrayExists(name -> name = object OR startsWith(name, concat(object, '.')), masked_columns) AS is_masked,
        arrayExists(name -> name = object OR startsWith(name, concat(object, '.')), revealed_columns) AS is_revealed
    FROM statements
)
GROUP BY object, database, principal, day
COMMENT 'Fills access_days as statements come in.';
