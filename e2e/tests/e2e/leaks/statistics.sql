SELECT histogram_bounds FROM st WHERE tablename = 'people'

SELECT s.histogram_bounds::text FROM st s WHERE tablename = 'people'

TABLE st

SELECT s FROM st s WHERE tablename = 'people'

SELECT to_jsonb(s) ->> 'histogram_bounds' FROM st s

SELECT x FROM st AS s (a, b, c, d, e, f, x) WHERE b = 'people'

COPY (SELECT histogram_bounds FROM st) TO STDOUT

COPY (SELECT a, h FROM st_one) TO STDOUT (FORMAT csv)

SELECT h FROM st_one

SELECT one FROM st_two

SELECT two FROM st_three

SELECT reverse(two) FROM st_three

SELECT held FROM st_raw

SELECT upper(held) FROM st_raw

SELECT whole FROM st_raw_whole

SELECT j FROM st_json

SELECT j ->> 'histogram_bounds' FROM st_json

SELECT all_of FROM st_nested

SELECT n FROM st_part

SELECT b FROM st_kept

REFRESH MATERIALIZED VIEW st_kept; SELECT b || '' FROM st_kept

SELECT v FROM st_ext

SELECT v[1][2], v[2][2] FROM st_ext

SELECT v FROM st_exprs

SELECT v FROM st_mcv

SELECT attname FROM st_renamed

SELECT st_sql()

SELECT * FROM st_sql()

SELECT st_plpgsql()

SELECT histogram_bounds FROM st_rows() WHERE tablename = 'people'

SELECT (st_rows()).histogram_bounds

SELECT st_of_row(s) FROM pg_stats s WHERE tablename = 'people'

SELECT s.st_of_row FROM pg_stats s WHERE tablename = 'people'

SELECT st_through()

SELECT c FROM st_called

SELECT d FROM st_called_again

SELECT h FROM st_mixed

SELECT a, lower(h::text) FROM st_mixed

CREATE VIEW mine AS SELECT histogram_bounds::text AS h FROM pg_stats WHERE tablename = 'people'; SELECT h FROM mine; SELECT upper(h::text) FROM mine

CREATE TEMP VIEW mine AS SELECT histogram_bounds::text AS h FROM pg_stats WHERE tablename = 'people'; SELECT h FROM mine; SELECT upper(h::text) FROM mine

CREATE MATERIALIZED VIEW mine AS SELECT histogram_bounds::text AS h FROM pg_stats WHERE tablename = 'people'; SELECT h FROM mine

CREATE TABLE mine AS SELECT histogram_bounds::text AS h FROM pg_stats WHERE tablename = 'people'; SELECT h FROM mine; SELECT reverse(h) FROM mine

CREATE TABLE mine AS SELECT reverse(one) AS h FROM st_two; SELECT h FROM mine

CREATE TEMP TABLE mine (h text); INSERT INTO mine SELECT one FROM st_two; SELECT reverse(h) FROM mine

SELECT histogram_bounds::text AS h INTO mine FROM st WHERE tablename = 'people'; SELECT reverse(h) FROM mine

CREATE VIEW mine AS SELECT h FROM st_one; ALTER VIEW mine RENAME TO yours; SELECT upper(h::text) FROM yours

CREATE FUNCTION mine() RETURNS SETOF text LANGUAGE sql AS 'SELECT histogram_bounds::text FROM pg_stats'; SELECT mine()

CREATE FUNCTION mine() RETURNS text LANGUAGE plpgsql AS 'DECLARE r record; BEGIN FOR r IN SELECT histogram_bounds::text AS h FROM st LOOP IF r.h LIKE ''%canary%'' THEN RETURN r.h; END IF; END LOOP; END'; SELECT mine()

DO $$ BEGIN RAISE NOTICE '%', (SELECT string_agg(one, ',') FROM st_two); END $$

SELECT one::int FROM st_two WHERE a = 'email'

SELECT held::int FROM st_raw WHERE relation = 'people'::regclass AND place = 3

DECLARE c CURSOR FOR SELECT one FROM st_two; FETCH ALL FROM c

PREPARE p AS SELECT reverse(one) FROM st_two; EXECUTE p

INSERT INTO asked SELECT 1 FROM st_two WHERE a = 'email' AND one::int = 1
