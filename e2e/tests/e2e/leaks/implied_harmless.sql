INSERT INTO h1 VALUES (1, 'open'); SELECT v, upper(v) FROM h1_log

SELECT count(*) FROM visits WHERE note #~# 'x'; SELECT v, upper(v) FROM h2_log

INSERT INTO h3 (id) VALUES (1); SELECT id, v, upper(v) FROM h3

CREATE TABLE h3_b (LIKE h3 INCLUDING DEFAULTS); INSERT INTO h3_b (id) VALUES (1); SELECT id, v, upper(v) FROM h3_b

CREATE DOMAIN h3_e AS text DEFAULT 'none'; CREATE TABLE h3_c (id int, v h3_e); INSERT INTO h3_c (id) VALUES (1); SELECT id, v, upper(v) FROM h3_c

INSERT INTO h4 SELECT id, note FROM visits; SELECT id, (w).a, w FROM h4 ORDER BY id

SELECT id, upper(status) FROM h5; SELECT v, upper(v) FROM h5_log

CREATE TABLE h6_log (v text); CREATE FUNCTION h6_f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO h6_log VALUES (NEW.status); RETURN NEW; END $$; CREATE TABLE h6 (id int, status text); CREATE TRIGGER t AFTER INSERT ON h6 FOR EACH ROW EXECUTE FUNCTION h6_f(); INSERT INTO h6 VALUES (1, 'open'); SELECT v, upper(v) FROM h6_log

CREATE FUNCTION h7_f(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $2'; CREATE OPERATOR #|# (FUNCTION = h7_f, LEFTARG = text, RIGHTARG = text); SELECT note #|# '!' FROM visits; CREATE TABLE h7 AS SELECT note #|# '!' AS v FROM visits; SELECT v, upper(v) FROM h7

CREATE TABLE h8 (id int, v text); INSERT INTO h8 SELECT v.id, s.letter FROM visits v, unnest(ARRAY['a', 'b']) AS s (letter); SELECT id, upper(v) FROM h8 ORDER BY 1, 2

CREATE TABLE h9 AS SELECT id, note FROM visits; ALTER TABLE h9 RENAME note TO x; SELECT id, upper(x) FROM h9 ORDER BY id

CREATE FUNCTION h10_f() RETURNS text LANGUAGE sql AS 'SELECT max(email) FROM people'; CREATE TABLE h10 (id int, v text); INSERT INTO h10 VALUES (1, 'gold'); SELECT id, v, upper(v) FROM h10; INSERT INTO visits VALUES (3, 3, 'third'); SELECT id, upper(note) FROM visits ORDER BY id

CREATE TABLE h11 (LIKE visits INCLUDING ALL); INSERT INTO h11 TABLE visits; SELECT id, upper(note) FROM h11 ORDER BY id

INSERT INTO h12 VALUES (1, 'alice.canary@example.com'); SELECT n, v, upper(v) FROM h12_log

SELECT id, upper(title) FROM h13; SELECT n, v, upper(v) FROM h13_log

SELECT id, NOT (note =~&= 'x') FROM visits ORDER BY id; SELECT v, upper(v) FROM h14_log

SELECT id FROM people WHERE NOT (id =%%= 1) ORDER BY id; CREATE TABLE h15 AS SELECT v.id, v.note FROM visits v JOIN people p ON NOT (p.id =%%= v.id); SELECT id, upper(note) FROM h15 ORDER BY 1, 2

INSERT INTO h16 VALUES (1, h16_r('09:00', '10:00'), 'first'), (2, '[10:00,11:00)', 'second'); SELECT id, lower(during), upper(title) FROM h16 WHERE during @> '09:30'::time; CREATE TABLE h16_b AS SELECT v.id, v.note FROM visits v JOIN h16 h USING (id); SELECT id, upper(note) FROM h16_b ORDER BY 1

INSERT INTO h17 SELECT v.id, v.note || n FROM visits v, generate_series(1, 400) n; SELECT count(*), count(DISTINCT upper(v)) > 0, min(v) LIKE 'first%' FROM h17_log; SELECT min(upper(note)) FROM h17

CREATE FUNCTION h18_d(t int, u int) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT ($1 - $2)::float8'; CREATE TYPE h18_r AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = h18_d); CREATE TABLE h18 AS SELECT v.id, v.note, h18_r(v.id, v.id + 1) AS r FROM visits v JOIN people p USING (id); SELECT id, upper(note), r FROM h18 ORDER BY id
