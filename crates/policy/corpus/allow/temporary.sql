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

-- before: CREATE FUNCTION pg_temp.helper(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 1'
DROP FUNCTION pg_temp.helper(int)

-- before: CREATE FUNCTION pg_temp.helper(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 1'
DROP ROUTINE IF EXISTS pg_temp.helper

-- before: CREATE PROCEDURE pg_temp.act() LANGUAGE sql AS 'SELECT 1'
DROP PROCEDURE "pg_temp".act()

-- before: CREATE TEMPORARY SEQUENCE numbers
DROP SEQUENCE pg_temp.numbers

-- before: CREATE TYPE pg_temp.pair AS (a int, b int)
DROP TYPE pg_temp.pair

-- before: CREATE TEMPORARY TABLE own (id int); CREATE INDEX own_ids ON own (id)
DROP INDEX pg_temp.own_ids

-- before: CREATE TEMPORARY TABLE own (id int)
CREATE INDEX own_ids ON own (id); DROP INDEX own_ids

CREATE TEMPORARY TABLE own (id int); CREATE UNIQUE INDEX IF NOT EXISTS own_ids ON own (id); DROP INDEX IF EXISTS own_ids; DROP TABLE own

CREATE TEMPORARY VIEW own AS SELECT * FROM orders; SELECT count(*) FROM own; DROP VIEW own

CREATE TEMPORARY TABLE own (id int); CREATE VIEW own_view AS SELECT * FROM own; DROP VIEW IF EXISTS own_view

CREATE TEMPORARY SEQUENCE numbers; SELECT nextval('numbers'); DROP SEQUENCE numbers

CREATE TEMPORARY TABLE own (id int); CREATE TRIGGER note AFTER INSERT ON own FOR EACH STATEMENT EXECUTE FUNCTION note_change(); DROP TRIGGER note ON own

-- within bodies
CREATE FUNCTION report() RETURNS bigint LANGUAGE plpgsql AS $$ DECLARE n bigint; BEGIN DROP TABLE IF EXISTS scratch; CREATE TEMP TABLE scratch AS SELECT * FROM orders; SELECT count(*) INTO n FROM scratch; DROP TABLE scratch; RETURN n; END $$

CREATE FUNCTION report() RETURNS bigint LANGUAGE sql AS 'CREATE TEMP TABLE scratch (n bigint); TRUNCATE scratch; DROP TABLE scratch; SELECT 1::bigint'

DO $$ BEGIN CREATE TEMP TABLE scratch AS SELECT * FROM orders WHERE status = 'open'; INSERT INTO audit_log (what) SELECT status FROM scratch; DROP TABLE scratch; END $$

-- before: CREATE PROCEDURE report() LANGUAGE plpgsql AS 'BEGIN CREATE TEMPORARY TABLE IF NOT EXISTS scratch (n int); TRUNCATE scratch; INSERT INTO scratch SELECT count(*) FROM orders; DROP TABLE scratch; END'
CALL report()
