-- What a session makes for itself, it may treat as it likes.

CREATE TEMPORARY TABLE own (id int, what text)

CREATE TEMP TABLE own AS SELECT id, status FROM orders; DELETE FROM own; DROP TABLE own

SELECT id INTO TEMP own FROM orders; UPDATE own SET id = 0; TRUNCATE own

CREATE TEMPORARY TABLE own (id int) ON COMMIT DROP; INSERT INTO own VALUES (1); DELETE FROM own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
DELETE FROM own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
UPDATE own SET quantity = 9

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
TRUNCATE own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
TRUNCATE pg_temp.own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
DROP TABLE own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
DROP TABLE IF EXISTS own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
DROP TABLE pg_temp.own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
WITH gone AS (DELETE FROM own RETURNING *) SELECT count(*) FROM gone

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
ALTER TABLE own DROP COLUMN note

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
EXPLAIN ANALYZE DELETE FROM own

-- before: CREATE TEMPORARY TABLE own AS SELECT * FROM orders
CREATE INDEX ON own (id); ANALYZE own; DELETE FROM own

-- before: CREATE TEMPORARY TABLE orders (id int)
DELETE FROM pg_temp.orders

-- before: CREATE TEMPORARY VIEW own AS SELECT 1
DROP VIEW pg_temp.own

-- alone
DISCARD TEMP

-- before: CREATE TEMPORARY TABLE own (id int CONSTRAINT positive CHECK (id > 0))
ALTER TABLE own DROP CONSTRAINT positive

-- before: CREATE TEMPORARY TABLE own (id int, what text)
ALTER TABLE own ALTER what TYPE int USING 1

-- before: CREATE TEMPORARY TABLE own (id int GENERATED ALWAYS AS IDENTITY, what text)
ALTER TABLE own ALTER id DROP IDENTITY
