INSERT INTO c1 SELECT id, email FROM people; SELECT v FROM c1_log

INSERT INTO c2 SELECT id, email FROM people; SELECT v FROM c2_log

SELECT count(*) FROM c3; SELECT v FROM c3_log

SELECT id FROM c4_v; SELECT v FROM c4_log

INSERT INTO c5 SELECT id, email FROM people; SELECT v FROM c5_log

SELECT count(*) FROM people WHERE email #%# 'x'; SELECT v FROM c6_log

INSERT INTO c7_log SELECT 'x' FROM people WHERE email #&# 'x'; SELECT v FROM c7_log

INSERT INTO c8_log SELECT 'x' FROM people WHERE c8_f(email); SELECT v FROM c8_log

INSERT INTO c9 SELECT id, email FROM people; SELECT v FROM c9_log

INSERT INTO c9 SELECT id, email FROM people; SELECT (w).a, w FROM c9

SELECT count(email::c9_c) FROM people; SELECT v FROM c9_log

INSERT INTO c10 VALUES (1, 'x'::text); SELECT (w).a, w FROM c10

INSERT INTO c11 SELECT id, email FROM people; SELECT v FROM c11_log

INSERT INTO c12 (id, email) SELECT id, email FROM people; SELECT v FROM c12_log

INSERT INTO c13 SELECT id, email FROM people; SELECT v FROM c13_log

SELECT count(email::c14_d) FROM people; SELECT v FROM c14_log

INSERT INTO c14 SELECT id, email FROM people; SELECT v FROM c14_log

SELECT id FROM c15_v WHERE ok; SELECT v FROM c15_log

INSERT INTO c16 SELECT 1 #=# 1; SELECT v FROM c16

CREATE TABLE c16_b AS SELECT 1 #=# 1 AS m; SELECT m FROM c16_b

UPDATE visits SET note = 1 #=# 1 WHERE id = 1; SELECT note FROM visits

INSERT INTO c17 SELECT id, email FROM people; SELECT v FROM c17_log

SELECT id FROM c18_v WHERE id = 1 AND ok <> ''; SHOW my.x

INSERT INTO c19 SELECT id, email FROM people; SELECT v FROM c19_log

SELECT id FROM c20; SELECT v FROM c20_log

INSERT INTO c21 SELECT id, email FROM people; SELECT v FROM c21_log

SELECT id, NOT (email =&&= 'x') FROM people; SELECT v FROM c22_log

SELECT count(*) FROM people WHERE NOT (email =&&= ANY (ARRAY['x'])); SELECT v FROM c22_log

SELECT count(*) FROM people WHERE NOT (email =&&= ALL (ARRAY['x', 'y'])); SELECT v FROM c22_log

SELECT count(*) FROM people p JOIN visits v USING (id) WHERE NOT (p.email =&&= v.note); SELECT v FROM c22_log

INSERT INTO c22_log SELECT 'x' FROM people WHERE NOT (email =&&= 'x'); SELECT v FROM c22_log

CREATE TABLE c23_log (v text); CREATE FUNCTION c23_f(t text, u text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c23_log VALUES (t); RETURN true; END $$; CREATE OPERATOR <&> (FUNCTION = c23_f, LEFTARG = text, RIGHTARG = text, NEGATOR = =&=); SELECT id, NOT (email =&= 'x') FROM people; SELECT v FROM c23_log

CREATE TABLE c23_log (v text); CREATE FUNCTION c23_f(t text, u text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c23_log VALUES (t); RETURN true; END $$; CREATE OPERATOR <&> (FUNCTION = c23_f, LEFTARG = text, RIGHTARG = text, NEGATOR = =&=); SELECT count(*) FROM people WHERE NOT (email =&= ANY (ARRAY['x'])); SELECT v FROM c23_log

INSERT INTO c24 SELECT p.id, p.email FROM people p, generate_series(1, 400); SELECT v FROM c24_log

INSERT INTO c24_c SELECT p.id, p.email FROM people p, generate_series(1, 400); CREATE INDEX ON c24_c USING gist (c24_r(email, NULL)); SELECT v FROM c24_log

INSERT INTO c24_b SELECT p.id, c24_r(p.email, NULL) FROM people p, generate_series(1, 400); SELECT v FROM c24_log

INSERT INTO c24_b SELECT p.id, ('[' || p.email || ',)')::c24_r FROM people p, generate_series(1, 400); SELECT v FROM c24_log

CREATE TABLE c24_e AS SELECT c24_r(p.email, NULL) AS r FROM people p, generate_series(1, 400); CREATE INDEX ON c24_e USING gist (r); SELECT v FROM c24_log

CREATE TYPE c25_r AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = c24_d); INSERT INTO c24_c SELECT p.id, p.email FROM people p, generate_series(1, 400); CREATE INDEX ON c24_c USING gist (c25_r(email, NULL)); SELECT v FROM c24_log

CREATE TYPE c25_r AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = c24_d); CREATE TABLE c25 (id int, r c25_r); CREATE INDEX ON c25 USING gist (r); INSERT INTO c25 SELECT p.id, c25_r(p.email, NULL) FROM people p, generate_series(1, 400); SELECT v FROM c24_log

CREATE TABLE c26_log (v text); CREATE FUNCTION c26_f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c26_log VALUES (t); END $$; CREATE FUNCTION c26_d(t text, u text) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM c26_f(t); RETURN 1; END $$; CREATE TYPE c26_r AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = c26_d); INSERT INTO c24_c SELECT p.id, p.email FROM people p, generate_series(1, 400); CREATE INDEX ON c24_c USING gist (c26_r(email, NULL)); SELECT v FROM c26_log
