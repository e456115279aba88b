-- Arrays of plain strings: a dictionary for each array column cost an insert four times as much as all the rest.

ALTER TABLE statements
    MODIFY COLUMN effects Array(String) CODEC(ZSTD(1)),
    MODIFY COLUMN relations_read Array(String) CODEC(ZSTD(1)),
    MODIFY COLUMN relations_written Array(String) CODEC(ZSTD(1)),
    MODIFY COLUMN columns Array(String) CODEC(ZSTD(1)),
    MODIFY COLUMN masked_columns Array(String) CODEC(ZSTD(1)),
    MODIFY COLUMN objects Array(String) CODEC(ZSTD(1)),
    MODIFY COLUMN rules Array(String) CODEC(ZSTD(1));
