CREATE INDEX ON people (email k1_ops); SELECT v FROM k1_log

CREATE INDEX ON people USING hash (email k1_hash); SELECT v FROM k1_log

CREATE UNIQUE INDEX ON people (email public.k1_ops); SELECT v FROM k1_log

ALTER TABLE people ADD EXCLUDE USING btree (email k1_ops WITH =); SELECT v FROM k1_log

INSERT INTO k1 SELECT id, email FROM people; SELECT v FROM k1_log

WITH i AS (INSERT INTO k1 SELECT id, email FROM people RETURNING id) SELECT count(*) FROM i; SELECT v FROM k1_log

INSERT INTO k1_n SELECT id, email FROM people; SELECT v FROM k1_log

INSERT INTO k1_p SELECT id, email FROM people; SELECT v FROM k1_log

SELECT count(k1_r(email, email || 'x')) FROM people; SELECT v FROM k1_log

SELECT count(('[' || email || ',' || email || 'x)')::k1_r) FROM people; SELECT v FROM k1_log

CREATE TYPE k3_r AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = k1_ops); SELECT count(k3_r(email, email || 'x')) FROM people; SELECT v FROM k1_log

CREATE TABLE k3 (id int, email text) PARTITION BY RANGE (email k1_ops); CREATE TABLE k3_1 PARTITION OF k3 FOR VALUES FROM ('a') TO ('m'); CREATE TABLE k3_2 PARTITION OF k3 FOR VALUES FROM ('m') TO ('z'); INSERT INTO k3 SELECT id, email FROM people; SELECT v FROM k1_log

SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SELECT count(*) FROM people p JOIN k1_n n ON n.note = p.email; SELECT v FROM k1_log WHERE v LIKE '%canary%'

SELECT p.id, (SELECT max(q.id) FROM k1_q q WHERE q.note = p.email) FROM people p; SELECT v FROM k1_log

SELECT count(*) FROM (SELECT DISTINCT to_json(email) FROM people) q; SELECT v FROM k2_log

SELECT id FROM people ORDER BY to_json(email); SELECT v FROM k2_log
