-- Who said which value, without the values: a text has hashes instead of what may be sensitive.

ALTER TABLE statements
    COMMENT COLUMN text 'The statement as the client wrote it, but that literals which may be values of sensitive columns are keyed hashes (in hexadecimal digits behind a #, or 0x for numbers), and comments are left out where they may have some, unless the configuration says otherwise ([record])',
    ADD COLUMN IF NOT EXISTS values_given Array(UInt64)
    COMMENT 'Keyed hashes of literals that text does not show as they are, of parts of them that are known by their form, and of elements of arrays: the same value has the same hash' CODEC(ZSTD(1))
    AFTER text;
