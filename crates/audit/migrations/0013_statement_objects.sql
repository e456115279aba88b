-- Whoever writes a statement says what it touched: Picket works it out once for all executions. The expression is for others,
-- and for what was written before.

ALTER TABLE statements
    MODIFY COLUMN objects Array(String) DEFAULT arrayDistinct(arrayConcat(
        relations_read,
        relations_written,
        arrayMap(name -> arrayStringConcat(arrayPopBack(splitByChar('.', name)), '.'), columns),
        columns
    )) CODEC(ZSTD(1));
