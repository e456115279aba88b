-- How sure it is what a column holds, and by how many values.

ALTER TABLE column_classes
    ADD COLUMN IF NOT EXISTS confidence LowCardinality(String)
    COMMENT 'How sure that is: certain (somebody said so), high, medium or low (its name says so, its values do not look like it); empty where it was not told'
    AFTER evidence,
    ADD COLUMN IF NOT EXISTS values_seen UInt32 COMMENT 'Values of the column that were seen' CODEC(ZSTD(1)) AFTER confidence,
    ADD COLUMN IF NOT EXISTS values_of_class UInt32 COMMENT 'How many of them have the form of the class' CODEC(ZSTD(1)) AFTER values_seen,
    MODIFY COLUMN evidence LowCardinality(String)
    COMMENT 'What told it: name, type, comment, values (a sample), wire (what sessions read), definition, configuration, correction by somebody, or earlier';
