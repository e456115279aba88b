CREATE TABLE c1_log (v text);
CREATE FUNCTION c1_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c1_log VALUES (t); RETURN true; END $$;
CREATE TABLE c1 (id int, email text CHECK (c1_f(email)));

CREATE TABLE c2_log (v text);
CREATE FUNCTION c2_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c2_log VALUES (t); RETURN true; END $$;
CREATE TABLE c2 (id int, v text CHECK (c2_f(v)));

CREATE TABLE c3_log (v text);
CREATE FUNCTION c3_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c3_log VALUES (t); RETURN true; END $$;
CREATE TABLE c3 (id int, email text);
INSERT INTO c3 SELECT id, email FROM people;
ALTER TABLE c3 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON c3 USING (c3_f(email));
CREATE VIEW c3_v AS SELECT id FROM c3;

CREATE TABLE c4_log (v text);
CREATE FUNCTION c4_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c4_log VALUES (t); RETURN true; END $$;
CREATE TABLE c4 (id int, email text);
INSERT INTO c4 SELECT id, email FROM people;
ALTER TABLE c4 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON c4 USING (c4_f(email));
CREATE VIEW c4_v AS SELECT id FROM c4;

CREATE TABLE c5_log (v text);
CREATE FUNCTION c5_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c5_log VALUES (t); RETURN true; END $$;
CREATE TABLE c5 (id int, email text);
ALTER TABLE c5 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON c5 FOR INSERT WITH CHECK (c5_f(email));

CREATE TABLE c6_log (v text);
CREATE FUNCTION c6_f(t text, u text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c6_log VALUES (t); RETURN true; END $$;
CREATE OPERATOR #%# (FUNCTION = c6_f, LEFTARG = text, RIGHTARG = text);

CREATE TABLE c7_log (v text);
CREATE FUNCTION c7_f(t text, u text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c7_log VALUES (t); RETURN true; END $$;
CREATE OPERATOR #&# (FUNCTION = c7_f, LEFTARG = text, RIGHTARG = text);

CREATE TABLE c8_log (v text);
CREATE FUNCTION c8_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c8_log VALUES (t); RETURN true; END $$;

CREATE TABLE c9_log (v text);
CREATE TYPE c9_c AS (a text);
CREATE FUNCTION c9_f(t text) RETURNS c9_c LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c9_log VALUES (t); RETURN ROW(t)::c9_c; END $$;
CREATE CAST (text AS c9_c) WITH FUNCTION c9_f(text) AS ASSIGNMENT;
CREATE TABLE c9 (id int, w c9_c);

CREATE TYPE c10_c AS (a text);
CREATE FUNCTION c10_f(t text) RETURNS c10_c LANGUAGE plpgsql AS $$ BEGIN RETURN ROW((SELECT max(email) FROM people))::c10_c; END $$;
CREATE CAST (text AS c10_c) WITH FUNCTION c10_f(text) AS ASSIGNMENT;
CREATE TABLE c10 (id int, w c10_c);

CREATE TABLE c11_log (v text);
CREATE FUNCTION c11_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c11_log VALUES (t); RETURN true; END $$;
CREATE FUNCTION c11_g(t text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN c11_f(t); END $$;
CREATE TABLE c11 (id int, email text);
CREATE INDEX ON c11 (c11_g(email));

CREATE TABLE c12_log (v text);
CREATE FUNCTION c12_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c12_log VALUES (t); RETURN true; END $$;
CREATE FUNCTION c12_g(t text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN c12_f(t); END $$;
CREATE TABLE c12 (id int, email text, g bool GENERATED ALWAYS AS (c12_g(email)) STORED);

CREATE TABLE c13_log (v text);
CREATE FUNCTION c13_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c13_log VALUES (t); RETURN true; END $$;
CREATE FUNCTION c13_g(t text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN c13_f(t); END $$;
CREATE TABLE c13 (id int, email text) PARTITION BY LIST (c13_g(email));
CREATE TABLE c13_all PARTITION OF c13 DEFAULT;

CREATE TABLE c14_log (v text);
CREATE FUNCTION c14_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c14_log VALUES (t); RETURN true; END $$;
CREATE DOMAIN c14_d AS text CHECK (c14_f(VALUE));
CREATE TABLE c14 (id int, v c14_d);

CREATE TABLE c15_log (v text);
CREATE FUNCTION c15_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c15_log VALUES (t); RETURN true; END $$;
CREATE VIEW c15_v AS SELECT id, c15_f(email) AS ok FROM people;

CREATE FUNCTION c16_f(int, int) RETURNS text LANGUAGE sql AS 'SELECT email FROM people WHERE id = $1';
CREATE OPERATOR #=# (FUNCTION = c16_f, LEFTARG = int, RIGHTARG = int);
CREATE TABLE c16 (v text);

CREATE TABLE c17_log (v text);
CREATE FUNCTION c17_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c17_log VALUES (t); RETURN true; END $$;
CREATE TABLE c17 (id int, email text);
CREATE FUNCTION c17_t() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER t BEFORE INSERT ON c17 FOR EACH ROW WHEN (c17_f(NEW.email)) EXECUTE FUNCTION c17_t();

CREATE FUNCTION c18_f(a text, b text) RETURNS text LANGUAGE sql AS 'SELECT set_config(''my.x'', b, true)';
CREATE VIEW c18_v AS SELECT id, c18_f('', email) AS ok FROM people;

CREATE TABLE c19_log (v text);
CREATE TABLE c19 (id int, email text);
CREATE FUNCTION c19_f(c c19) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c19_log VALUES (c.email); RETURN true; END $$;
ALTER TABLE c19 ADD CHECK (id > 0 AND c19_f(c19));

CREATE TABLE c20_log (v text);
CREATE TABLE c20 (id int, email text);
INSERT INTO c20 VALUES (1, 'alice.canary@example.com');
CREATE FUNCTION c20_f(n int, c text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c20_log VALUES (c); RETURN true; END $$;
ALTER TABLE c20 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON c20 USING (c20_f(id, (SELECT email FROM (VALUES (1)) AS x)));

CREATE TABLE c21_log (v text);
CREATE FUNCTION c21_f(n int, c text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c21_log VALUES (c); RETURN true; END $$;
CREATE TABLE c21 (id int CHECK (c21_f(id, 'none')), email text, CHECK (c21_f(0, email)));

CREATE TABLE c22_log (v text);
CREATE FUNCTION c22_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c22_log VALUES (t); RETURN true; END $$;
CREATE FUNCTION c22_g(t text, u text) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM c22_f(t); RETURN true; END $$;
CREATE OPERATOR =&&= (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text, NEGATOR = <&&>);
CREATE OPERATOR <&&> (FUNCTION = c22_g, LEFTARG = text, RIGHTARG = text, NEGATOR = =&&=);

CREATE OPERATOR =&= (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text, NEGATOR = <&>);

CREATE TABLE c24_log (v text);
CREATE FUNCTION c24_f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO c24_log VALUES (t); END $$;
CREATE FUNCTION c24_d(t text, u text) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM c24_f(t); RETURN 1; END $$;
CREATE TYPE c24_r AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = c24_d);
CREATE TABLE c24 (id int, email text);
CREATE INDEX ON c24 USING gist (c24_r(email, NULL));
CREATE TABLE c24_b (id int, r c24_r);
CREATE INDEX ON c24_b USING gist (r);
CREATE TABLE c24_c (id int, email text);
