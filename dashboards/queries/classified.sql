-- Columns that are sensitive now, and what told it; those that were found last come first. The time range does not matter.
SELECT database, object, class, evidence, confidence, values_of_class, values_seen, since
FROM classified_columns
ORDER BY since DESC
LIMIT 500
