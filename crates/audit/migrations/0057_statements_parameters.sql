-- What a statement's parameters were bound to.

ALTER TABLE statements
    COMMENT COLUMN values_given 'Keyed hashes of literals and parameters that are not recorded as they are, of parts of them that are known by their form, and of elements of arrays: the same value has the same hash',
    ADD COLUMN IF NOT EXISTS parameters Array(String)
    COMMENT 'What the parameters $1, $2 … were bound to: NULL, in quotes the value or a keyed hash behind a #, or how many bytes it had where nobody knows how it is written' CODEC(ZSTD(1))
    AFTER values_given;
