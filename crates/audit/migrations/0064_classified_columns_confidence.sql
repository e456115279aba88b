-- The columns that are sensitive now, with how sure that is.

CREATE OR REPLACE VIEW classified_columns AS
SELECT
    database,
    object,
    newest.1 AS class,
    newest.2 AS evidence,
    newest.3 AS confidence,
    newest.4 AS values_seen,
    newest.5 AS values_of_class,
    since,
    newest.6 AS host
FROM
(
    SELECT
        database,
        object,
        argMax((class, evidence, confidence, values_seen, values_of_class, host), at) AS newest,
        max(at) AS since
    FROM column_classes
    GROUP BY database, object
)
WHERE newest.1 != ''
COMMENT 'The columns that are sensitive now: of each the newest word, whichever proxy said it.';
