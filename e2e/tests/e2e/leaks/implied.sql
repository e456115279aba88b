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
