INSERT INTO n1 SELECT v.id, p.email, v.note FROM visits v JOIN people p ON p.id = v.person; SELECT id, upper(note) FROM n1 ORDER BY id; SELECT id, upper(note) FROM n1 WHERE note = 'first'

INSERT INTO n2 SELECT v.id, v.note || n FROM visits v, generate_series(1, 20) n; SELECT count(*) > 0, min(upper(v)) FROM n2_log; SELECT min(upper(note)) FROM n2

CREATE TABLE n3 (id int, title text); CREATE INDEX ON n3 (title n1_ops); INSERT INTO n3 SELECT id, note FROM visits; SELECT id, upper(title) FROM n3 ORDER BY id

CREATE TABLE n4 (id int, note text, EXCLUDE USING gist (id WITH =)); CREATE INDEX ON n4 USING gist (note gist_trgm_ops); INSERT INTO n4 SELECT id, note FROM visits; SELECT id, upper(note) FROM n4 ORDER BY id

CREATE INDEX ON people USING gin (email gin_trgm_ops); CREATE INDEX ON people (email text_pattern_ops); CREATE TABLE n5 AS SELECT id, note FROM visits; SELECT id, upper(note) FROM n5 ORDER BY id
