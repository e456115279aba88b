SELECT x FROM far

SELECT reverse(x), upper(x) FROM far

SELECT to_jsonb(f) FROM far f

SELECT f FROM far f

SELECT y FROM near

SELECT fetched()

COPY (SELECT reverse(x) FROM far) TO STDOUT

COPY (SELECT x FROM far) TO STDOUT (FORMAT csv)

SELECT x::int FROM far

SELECT encode(x::bytea, 'hex') FROM far

WITH w AS (SELECT x AS z FROM far) SELECT substr(z, 1, 12) FROM w

CREATE TABLE mine AS SELECT reverse(x) AS r FROM far; SELECT r FROM mine

ALTER FOREIGN TABLE far RENAME COLUMN x TO y; SELECT reverse(y) FROM far

ALTER FOREIGN TABLE far ALTER COLUMN n OPTIONS (SET column_name 'email'); SELECT reverse(n) FROM far

ALTER FOREIGN TABLE far ADD COLUMN z text OPTIONS (column_name 'email'); SELECT reverse(z) FROM far

ALTER FOREIGN TABLE far_plain OPTIONS (SET table_name 'people'), ALTER COLUMN x OPTIONS (SET column_name 'email'); SELECT reverse(x) FROM far_plain

CREATE FOREIGN TABLE mine (x text OPTIONS (column_name 'email')) SERVER far OPTIONS (table_name 'people'); SELECT reverse(x) FROM mine

CREATE FOREIGN TABLE mine (email text) SERVER far OPTIONS (table_name 'people'); SELECT reverse(email) FROM mine

CREATE SCHEMA imported; IMPORT FOREIGN SCHEMA public LIMIT TO (people) FROM SERVER far INTO imported; SELECT reverse(email) FROM imported.people

DO $$ BEGIN RAISE NOTICE '%', (SELECT max(x) FROM far); END $$
