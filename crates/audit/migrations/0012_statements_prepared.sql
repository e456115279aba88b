-- Another outcome: a statement that the server read or planned, by which code may run, and that nothing executed.

ALTER TABLE statements
    MODIFY COLUMN outcome LowCardinality(String) COMMENT 'completed, failed, skipped (never run, because an earlier one in its string or pipeline failed), lost (the connection ended first) or prepared (read or planned by the database, and never executed); empty until it ended';
