SELECT tableoid::regclass, id FROM by_day

SELECT id, count(*) FROM sorted GROUP BY id ORDER BY id

INSERT INTO by_day SELECT id, email FROM people WHERE id < 3; SELECT tableoid::regclass, id FROM by_day

INSERT INTO routed VALUES (1, 'a word'); SELECT n, k, upper(k) FROM routed

INSERT INTO routed SELECT id, name FROM people WHERE id = 1; SELECT n, k, tableoid::regclass FROM routed

UPDATE by_day SET id = 2 WHERE id = 1; SELECT id, upper(what) FROM by_day_log

SELECT c.relname, c.relkind, c.relispartition FROM pg_class c WHERE c.relname LIKE 'by_day%' ORDER BY 1

EXPLAIN (COSTS OFF) SELECT * FROM by_day WHERE id = 1
