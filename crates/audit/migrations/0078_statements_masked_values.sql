-- How many values of a result were masked.

ALTER TABLE statements
    ADD COLUMN IF NOT EXISTS masked_values UInt64
    COMMENT 'Values of the result that were masked: those of masked columns that were not NULL, each of what is computed of such, and others in which something was found' CODEC(T64, ZSTD(1))
    AFTER revealed_classes;
