INSERT INTO routed SELECT id, email FROM people; SELECT DISTINCT tableoid::regclass FROM routed

INSERT INTO routed (k, n) SELECT email, id FROM people; SELECT DISTINCT tableoid::regclass::text FROM routed

INSERT INTO routed VALUES (1, ''); UPDATE routed SET k = email FROM people WHERE people.id = 1 AND n = 1; SELECT DISTINCT tableoid::regclass FROM routed

INSERT INTO over SELECT id, email FROM people; SELECT DISTINCT tableoid::regclass FROM routed

INSERT INTO by_letter SELECT id, email FROM people; SELECT DISTINCT tableoid::regclass FROM by_letter

INSERT INTO tree SELECT id, email FROM people; SELECT DISTINCT tableoid::regclass FROM tree

DO $$ BEGIN INSERT INTO routed SELECT id, email FROM people; END $$; SELECT DISTINCT tableoid::regclass FROM routed

CREATE FUNCTION puts() RETURNS int LANGUAGE plpgsql AS $$ BEGIN INSERT INTO routed SELECT id, email FROM people; RETURN 1; END $$; SELECT puts(); SELECT DISTINCT tableoid::regclass FROM routed

SELECT id, tableoid::regclass FROM sorted

SELECT s.tableoid::regclass::text || '' FROM sorted s

SELECT *, tableoid::regclass FROM sorted

SELECT c.relname FROM sorted s JOIN pg_class c ON c.oid = s.tableoid

SELECT place FROM sorted_where

CREATE TEMP TABLE seen AS SELECT id, tableoid::regclass AS place FROM sorted; SELECT place FROM seen

SELECT pg_get_expr(c.relpartbound, c.oid) FROM pg_class c WHERE c.relispartition

SELECT relkind, upper(pg_get_expr(relpartbound, oid)) FROM pg_catalog.pg_class WHERE relispartition

SELECT pg_get_partition_constraintdef(oid) FROM pg_class WHERE relispartition

EXPLAIN (ANALYZE, COSTS OFF) SELECT * FROM sorted WHERE id = 1
