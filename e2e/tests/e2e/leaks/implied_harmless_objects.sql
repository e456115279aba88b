CREATE TABLE h1_log (v text);
CREATE FUNCTION h1_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h1_log VALUES (t); RETURN true; END $$;
CREATE TABLE h1 (id int, status text CHECK (h1_f(status)));

CREATE TABLE h2_log (v text);
CREATE FUNCTION h2_f(t text, u text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h2_log VALUES (t); RETURN true; END $$;
CREATE OPERATOR #~# (FUNCTION = h2_f, LEFTARG = text, RIGHTARG = text);

CREATE FUNCTION h3_f() RETURNS text LANGUAGE sql AS 'SELECT ''draft''::text';
CREATE DOMAIN h3_d AS text DEFAULT h3_f();
CREATE TABLE h3 (id int, v h3_d);

CREATE TYPE h4_c AS (a text);
CREATE FUNCTION h4_f(t text) RETURNS h4_c LANGUAGE sql AS 'SELECT ROW(t)::h4_c';
CREATE CAST (text AS h4_c) WITH FUNCTION h4_f(text) AS ASSIGNMENT;
CREATE TABLE h4 (id int, w h4_c);

CREATE TABLE h5_log (v text);
CREATE FUNCTION h5_f(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h5_log VALUES (t); RETURN true; END $$;
CREATE TABLE h5 (id int, status text);
INSERT INTO h5 VALUES (1, 'open');
ALTER TABLE h5 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON h5 USING (h5_f(status));

CREATE TABLE h12_log (n int, v text);
CREATE FUNCTION h12_f(n int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h12_log VALUES (n, 'number ' || n); RETURN true; END $$;
CREATE TABLE h12 (id int CHECK (h12_f(id)), email text);

CREATE TABLE h13_log (n int, v text);
CREATE FUNCTION h13_f(n int) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h13_log VALUES (n, 'number ' || n); RETURN true; END $$;
CREATE TABLE h13 (id int, email text, title text);
INSERT INTO h13 VALUES (1, 'alice.canary@example.com', 'boss');
ALTER TABLE h13 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON h13 USING (h13_f(id) AND title <> 'none');

CREATE TABLE h14_log (v text);
CREATE FUNCTION h14_f(t text, u text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h14_log VALUES (t); RETURN true; END $$;
CREATE OPERATOR =~&= (FUNCTION = texteq, LEFTARG = text, RIGHTARG = text, NEGATOR = <~&>);
CREATE OPERATOR <~&> (FUNCTION = h14_f, LEFTARG = text, RIGHTARG = text, NEGATOR = =~&=);
CREATE OPERATOR =%%= (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int, NEGATOR = <%%>, COMMUTATOR = =%%=);
CREATE OPERATOR <%%> (FUNCTION = int4ne, LEFTARG = int, RIGHTARG = int, NEGATOR = =%%=, COMMUTATOR = <%%>);

CREATE FUNCTION h16_d(t time, u time) RETURNS float8 LANGUAGE sql STRICT IMMUTABLE AS 'SELECT EXTRACT(EPOCH FROM ($1 - $2))';
CREATE TYPE h16_r AS RANGE (SUBTYPE = time, SUBTYPE_DIFF = h16_d);
CREATE TABLE h16 (id int, during h16_r, title text, EXCLUDE USING gist (during WITH &&));
CREATE TABLE h17_log (v text);
CREATE FUNCTION h17_f(t text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h17_log VALUES (t); END $$;
CREATE FUNCTION h17_d(t text, u text) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN PERFORM h17_f(t); RETURN 1; END $$;
CREATE TYPE h17_r AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = h17_d);
CREATE TABLE h17 (id int, note text);
CREATE INDEX ON h17 USING gist (h17_r(note, NULL));
