-- The columns that are sensitive now: of each the newest word, whichever proxy said it.

CREATE VIEW IF NOT EXISTS classified_columns AS
SELECT database, object, newest.1 AS class, newest.2 AS evidence, since, newest.3 AS host
FROM
(
    SELECT database, object, argMax((class, evidence, host), at) AS newest, max(at) AS since
    FROM column_classes
    GROUP BY database, object
)
WHERE newest.1 != ''
COMMENT 'The columns that are sensitive now: of each the newest word, whichever proxy said it.';
