-- The place of each row in the chain of its writer.

ALTER TABLE connections
    ADD COLUMN IF NOT EXISTS writer_id UUID
    COMMENT 'Whose chain it is in; zeros where it was written before there were chains' CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS writer_sequence UInt64
    COMMENT 'Its place in that chain, from 1' CODEC(Delta(8), ZSTD(1));
