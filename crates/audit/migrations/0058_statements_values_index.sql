-- Who said a value in a year is a lookup.

ALTER TABLE statements
    ADD INDEX IF NOT EXISTS values_given_index values_given TYPE bloom_filter(0.01) GRANULARITY 4;
