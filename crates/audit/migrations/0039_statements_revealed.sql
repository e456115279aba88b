-- What a result showed as it is although it is sensitive: whoever asked may see it.

ALTER TABLE statements
    ADD COLUMN IF NOT EXISTS revealed_columns Array(String)
    COMMENT 'Sensitive columns whose values the result showed as they are, as schema.relation.column; what is computed from such values has its label in parentheses' CODEC(ZSTD(1))
    AFTER masked_columns,
    ADD COLUMN IF NOT EXISTS revealed_classes Array(String)
    COMMENT 'What each of revealed_columns holds, in their order, such as email' CODEC(ZSTD(1))
    AFTER revealed_columns;
