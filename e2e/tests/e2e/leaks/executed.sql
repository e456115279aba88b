DO $$ BEGIN EXECUTE 'CREATE FUNCTION x1() RETURNS refcursor LANGUAGE sql AS ''SELECT max(email)::refcursor FROM people'''; END $$
---
SELECT x1(); SELECT * FROM x1(); SELECT upper(x1()::text)

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x2() RETURNS text LANGUAGE sql AS ''SELECT max(email) FROM people'''; END $$
---
SELECT x2(); SELECT * FROM x2(); SELECT upper(x2())

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x3() RETURNS name LANGUAGE sql AS ''SELECT max(email)::name FROM people'''; END $$
---
SELECT x3(); SELECT * FROM x3(); SELECT n.x FROM x3() AS n (x)

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x4() RETURNS person LANGUAGE sql AS ''SELECT ''''a'''', email FROM people WHERE id = 1'''; END $$
---
SELECT x4(); SELECT (x4()).*; SELECT * FROM x4(); SELECT row_to_json(r) FROM x4() r

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x5() RETURNS SETOF text LANGUAGE sql AS ''SELECT email FROM people'''; END $$
---
SELECT x5(); SELECT * FROM x5(); SELECT string_agg(x, ',') FROM x5() x

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x6() RETURNS SETOF people LANGUAGE sql AS ''SELECT * FROM people'''; END $$
---
SELECT x6(); SELECT (x6()).email; SELECT * FROM x6(); SELECT upper(email) FROM x6()

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x7() RETURNS TABLE (a int, b text) LANGUAGE sql AS ''SELECT id, email FROM people'''; END $$
---
SELECT x7(); SELECT (x7()).b; SELECT b FROM x7(); SELECT upper(b) FROM x7()

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x8(OUT a int, OUT b text) LANGUAGE sql AS ''SELECT id, email FROM people WHERE id = 1'''; END $$
---
SELECT x8(); SELECT (x8()).b; SELECT b FROM x8()

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x9() RETURNS SETOF refcursor LANGUAGE plpgsql AS ''BEGIN RETURN QUERY SELECT email::refcursor FROM people; END'''; END $$
---
SELECT x9(); SELECT * FROM x9()

CREATE FUNCTION x10_made() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE FUNCTION x10() RETURNS refcursor LANGUAGE sql AS ''SELECT max(email)::refcursor FROM people'''; END $$; SELECT x10_made()
---
SELECT x10(); SELECT * FROM x10()

CREATE FUNCTION x11_made() RETURNS void LANGUAGE sql AS 'CREATE FUNCTION x11() RETURNS refcursor LANGUAGE sql AS ''SELECT max(email)::refcursor FROM people'''; SELECT x11_made()
---
SELECT x11(); SELECT * FROM x11()

CREATE FUNCTION x12_made() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE FUNCTION x12() RETURNS text LANGUAGE sql AS 'SELECT max(email) FROM people'; END $$; SELECT x12_made()
---
SELECT x12(); SELECT upper(x12())

DO $$ BEGIN EXECUTE 'CREATE PROCEDURE x20(INOUT who refcursor) LANGUAGE plpgsql AS ''BEGIN SELECT email INTO who FROM people WHERE id = 1; END'''; END $$
---
CALL x20('a')

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x21_in() RETURNS text LANGUAGE sql AS ''SELECT max(email) FROM people'''; EXECUTE 'CREATE FUNCTION x21() RETURNS refcursor LANGUAGE sql AS ''SELECT x21_in()::refcursor'''; END $$
---
SELECT x21(); SELECT x21_in()

DO $$ BEGIN EXECUTE 'CREATE VIEW x22 AS SELECT id, email AS e, email::refcursor AS r FROM people'; END $$
---
SELECT e, r FROM x22; SELECT upper(e) FROM x22; SELECT r FROM x22; SELECT x22 FROM x22

DO $$ BEGIN EXECUTE 'CREATE TABLE x23 AS SELECT id, email AS e, email::refcursor AS r FROM people'; END $$
---
SELECT e, r FROM x23; SELECT upper(e) FROM x23; SELECT r FROM x23; SELECT x23 FROM x23

DO $$ BEGIN EXECUTE 'CREATE MATERIALIZED VIEW x25 AS SELECT id, email AS e FROM people'; END $$
---
SELECT e FROM x25; SELECT upper(e) FROM x25

CREATE FUNCTION x27_made() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE VIEW x27 AS SELECT id, email AS e FROM people'; END $$; SELECT x27_made()
---
SELECT e FROM x27; SELECT upper(e) FROM x27

CREATE FUNCTION x28_made() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'CREATE TABLE x28 AS SELECT id, email AS e FROM people'; END $$; SELECT x28_made()
---
SELECT e FROM x28; SELECT upper(e) FROM x28

CREATE FUNCTION x29_made() RETURNS void LANGUAGE sql AS 'CREATE TABLE x29 AS SELECT id, email AS e FROM people'; SELECT x29_made()
---
SELECT e FROM x29; SELECT upper(e) FROM x29

DO $$ BEGIN EXECUTE 'CREATE VIEW x30_v AS SELECT id, email AS e FROM people'; END $$; ALTER VIEW x30_v RENAME TO x30; ALTER VIEW x30 RENAME COLUMN e TO z
---
SELECT z FROM x30; SELECT upper(z) FROM x30

CREATE FUNCTION x34() RETURNS refcursor LANGUAGE sql AS 'SELECT ''x''::refcursor'; SELECT x34(); DO $$ BEGIN EXECUTE 'CREATE OR REPLACE FUNCTION x34() RETURNS refcursor LANGUAGE sql AS ''SELECT max(email)::refcursor FROM people'''; END $$
---
SELECT x34(); SELECT upper(x34()::text)

CREATE VIEW x35 AS SELECT id, note AS z FROM visits; SELECT z FROM x35; DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW x35 AS SELECT id, email AS z FROM people'; END $$
---
SELECT z FROM x35; SELECT upper(z) FROM x35

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x36() RETURNS text LANGUAGE sql AS ''SELECT max(email) FROM people'''; EXECUTE 'CREATE VIEW x36_v AS SELECT x36() AS m'; EXECUTE 'CREATE TABLE x36_t AS SELECT m FROM x36_v'; END $$
---
SELECT m FROM x36_v; SELECT m FROM x36_t; SELECT upper(m) FROM x36_t

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x37_f(text, text) RETURNS text LANGUAGE sql AS ''SELECT max(email) FROM people'''; EXECUTE 'CREATE AGGREGATE x37(text) (sfunc = x37_f, stype = text)'; EXECUTE 'CREATE OPERATOR #%# (leftarg = text, rightarg = text, function = x37_f)'; END $$
---
SELECT x37(note) FROM visits; SELECT 'a'::text #%# 'b'::text

DO $$ BEGIN EXECUTE 'CREATE SCHEMA x38'; EXECUTE 'CREATE FUNCTION x38.f() RETURNS refcursor LANGUAGE sql AS ''SELECT max(email)::refcursor FROM people'''; END $$
---
SELECT x38.f(); SELECT * FROM x38.f()

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x39_made() RETURNS void LANGUAGE plpgsql AS $x$ BEGIN EXECUTE ''CREATE FUNCTION x39() RETURNS refcursor LANGUAGE sql AS ''''SELECT max(email)::refcursor FROM people''''''; END $x$'; END $$; SELECT x39_made()
---
SELECT x39(); SELECT upper(x39()::text)

DO $$ BEGIN EXECUTE 'CREATE FUNCTION x40() RETURNS refcursor LANGUAGE sql AS ''SELECT max(email)::refcursor FROM people'''; EXECUTE 'CREATE TABLE x40_t (n int, v text DEFAULT x40()::text)'; EXECUTE 'INSERT INTO x40_t (n) VALUES (1)'; END $$
---
SELECT v FROM x40_t; SELECT upper(v) FROM x40_t
