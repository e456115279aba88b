INSERT INTO triggered VALUES (1)

INSERT INTO triggered (note) SELECT note FROM visits

COPY triggered FROM STDIN;
1	x
\.

UPDATE triggered SET n = 2 WHERE n = 0

DELETE FROM triggered WHERE n = 0

TRUNCATE triggered

WITH w AS (INSERT INTO triggered VALUES (1) RETURNING n) SELECT n FROM w

MERGE INTO triggered t USING visits v ON t.n = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id)

INSERT INTO triggering VALUES (1, 'a')

INSERT INTO conditioned VALUES (1)

EXPLAIN ANALYZE INSERT INTO triggered VALUES (1)

PREPARE p AS INSERT INTO triggered VALUES (1); EXECUTE p

PREPARE p (int) AS INSERT INTO triggered VALUES ($1); EXECUTE p (3)

DO $$ BEGIN INSERT INTO triggered VALUES (1); END $$

SAVEPOINT s; INSERT INTO triggered VALUES (1); ROLLBACK TO s

BEGIN; INSERT INTO later VALUES (1); COMMIT

BEGIN; INSERT INTO later VALUES (1); END

BEGIN; INSERT INTO later VALUES (1); COMMIT AND CHAIN; COMMIT

BEGIN; INSERT INTO later VALUES (1); PREPARE TRANSACTION 'x'

BEGIN; INSERT INTO later VALUES (1); SELECT 1; SAVEPOINT s; SELECT 2; RELEASE s; COMMIT

BEGIN; INSERT INTO later VALUES (1); SET CONSTRAINTS ALL IMMEDIATE; COMMIT

BEGIN; INSERT INTO later VALUES (1); SET CONSTRAINTS later IMMEDIATE; COMMIT

BEGIN; INSERT INTO later VALUES (1); SELECT settles(); COMMIT

BEGIN; INSERT INTO later VALUES (1); DO 'BEGIN SET CONSTRAINTS ALL IMMEDIATE; END'; COMMIT

BEGIN; INSERT INTO later VALUES (1); PREPARE p AS SELECT settles(); EXECUTE p; COMMIT

BEGIN; PREPARE p AS INSERT INTO later VALUES (1); EXECUTE p; COMMIT

BEGIN; DO 'BEGIN INSERT INTO later VALUES (1); END'; COMMIT

BEGIN; WITH w AS (INSERT INTO later VALUES (1) RETURNING n) SELECT n FROM w; COMMIT

BEGIN; SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO later VALUES (1); COMMIT

CALL writes()

BEGIN; INSERT INTO numbered SELECT 3, phone FROM numbered WHERE id = 1; COMMIT

BEGIN; INSERT INTO numbered SELECT 3, phone FROM numbered WHERE id = 1; SET CONSTRAINTS ALL IMMEDIATE; COMMIT

BEGIN; UPDATE numbered SET phone = (SELECT n.phone FROM numbered n WHERE n.id = 1) WHERE id > 0; COMMIT

BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT email::int FROM people; COMMIT

BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT id FROM people WHERE email::int = 1; COMMIT

BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT whispered('a') || id FROM visits; COMMIT

SELECT 'a'::asking

SELECT note::asking FROM visits

INSERT INTO asked VALUES (1, 'a')

SELECT '{a}'::asking[]

INSERT INTO checked VALUES (1)

UPDATE checked SET n = 2 WHERE n = 0; INSERT INTO checked SELECT id FROM visits

INSERT INTO defaulted (n) VALUES (1)

INSERT INTO defaulted DEFAULT VALUES

INSERT INTO generated VALUES (1, 'a')

INSERT INTO indexed VALUES (1, 'a')

INSERT INTO indexed VALUES (1, 'a'); REINDEX TABLE indexed

INSERT INTO indexed VALUES (1, 'a'); ANALYZE indexed

SELECT n FROM guarded

UPDATE guarded SET n = 2 WHERE note <> ''

SELECT id FROM visits WHERE note <~~> 'a'

SELECT 1::odd

INSERT INTO odds VALUES (1::odd, 1)

SELECT n::odd FROM checked; SELECT id::odd FROM visits

SELECT id FROM seen

SELECT count(*) FROM seen

SELECT id FROM visits WHERE told_of('a')

UPDATE ruled SET n = 2 WHERE n = 1

DELETE FROM ruled WHERE n = 1

DELETE FROM owners WHERE id = 1

INSERT INTO pieces VALUES (1, 'a')

INSERT INTO first VALUES (1)

CREATE TABLE fresh (n int); CREATE TRIGGER t BEFORE INSERT ON fresh FOR EACH ROW EXECUTE FUNCTION tells(); INSERT INTO fresh VALUES (1)

CREATE TABLE fresh (n int); CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''of %'', (SELECT email FROM people WHERE id = 1); END'; CREATE TRIGGER t BEFORE INSERT ON fresh FOR EACH ROW EXECUTE FUNCTION tf(); INSERT INTO fresh VALUES (1)

CREATE OR REPLACE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''of %'', (SELECT email FROM people WHERE id = 1); END'; INSERT INTO logged VALUES (1, 'a')

CREATE DOMAIN fresh AS text CHECK (told_of(VALUE)); SELECT 'a'::fresh

CREATE DOMAIN fresh AS text CHECK (told_of(VALUE)); CREATE TABLE holds_fresh (f fresh); INSERT INTO holds_fresh VALUES ('a')

CREATE TABLE fresh (n int CHECK (told_of(n::text))); INSERT INTO fresh VALUES (1)

ALTER TABLE visits ADD CHECK (told_of(note)) NOT VALID; INSERT INTO visits VALUES (9, 9, 'a')

ALTER TABLE visits ALTER person SET DEFAULT length(told()); INSERT INTO visits (id) VALUES (9)

CREATE INDEX ON visits (whispered(note)); INSERT INTO visits VALUES (9, 9, 'a')

CREATE OPERATOR ~~~~> (leftarg = text, rightarg = text, function = over); SELECT id FROM visits WHERE note ~~~~> 'a'

CREATE TYPE strange AS (n int); CREATE FUNCTION strange(int) RETURNS strange LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''of %'', (SELECT email FROM people WHERE id = 1); END'; CREATE CAST (int AS strange) WITH FUNCTION strange(int); SELECT 1::strange

CREATE RULE r AS ON INSERT TO visits DO ALSO SELECT told(); INSERT INTO visits VALUES (9, 9, 'a')

CREATE POLICY p ON visits USING (told_of(note)); ALTER TABLE visits ENABLE ROW LEVEL SECURITY; ALTER TABLE visits FORCE ROW LEVEL SECURITY; SELECT id FROM visits

CREATE TABLE fresh (LIKE defaulted INCLUDING ALL); INSERT INTO fresh (n) VALUES (1)

CREATE TABLE fresh (LIKE checked INCLUDING ALL); INSERT INTO fresh (n) VALUES (1)

CREATE TABLE fresh () INHERITS (checked); INSERT INTO fresh (n) VALUES (1)

CREATE TABLE fresh () INHERITS (checked); INSERT INTO checked (n) VALUES (1)

CREATE TABLE fresh (n int); ALTER TABLE fresh INHERIT ruled; CREATE TRIGGER t BEFORE UPDATE ON fresh FOR EACH ROW EXECUTE FUNCTION tells(); INSERT INTO fresh VALUES (1); UPDATE fresh SET n = 2 WHERE n = 1

BEGIN; CREATE TABLE fresh (n int); CREATE CONSTRAINT TRIGGER t AFTER INSERT ON fresh DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tells(); INSERT INTO fresh VALUES (1); COMMIT

BEGIN; ALTER TABLE people ADD UNIQUE (name) DEFERRABLE INITIALLY DEFERRED; INSERT INTO people (id, name, email) SELECT 90, name, email FROM people WHERE id = 1; COMMIT

ALTER TABLE triggered RENAME TO renamed; INSERT INTO renamed VALUES (1)

ALTER TABLE checked RENAME TO renamed; INSERT INTO renamed VALUES (1)

CREATE SCHEMA elsewhere; ALTER TABLE triggered SET SCHEMA elsewhere; INSERT INTO elsewhere.triggered VALUES (1)

SELECT '{a}'::numbering[]

SELECT '(x)'::numbered_one

INSERT INTO of_numbered VALUES ('(x)')

PREPARE of_these (numbering[]) AS SELECT $1; EXECUTE of_these ('{a}')

CREATE DOMAIN classing AS text CHECK (mail(1)::regclass IS NOT NULL); SELECT '{a}'::classing[]

CREATE DOMAIN searching AS text CHECK (to_tsquery('simple', mail(1) || ' & ') IS NOT NULL); SELECT '{a}'::searching[]

CREATE FUNCTION said(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'of %', t; RETURN true; END $$; CREATE DOMAIN saying AS text; CREATE TABLE of_saying (a saying); INSERT INTO of_saying SELECT email FROM people; ALTER DOMAIN saying ADD CHECK (said(VALUE))
