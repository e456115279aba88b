SELECT tableoid::regclass, id FROM by_day

SELECT id, count(*) FROM sorted GROUP BY id ORDER BY id

INSERT INTO by_day SELECT id, email FROM people WHERE id < 3; SELECT tableoid::regclass, id FROM by_day

INSERT INTO routed VALUES (1, 'a word'); SELECT n, k, upper(k) FROM routed

INSERT INTO routed SELECT id, name FROM people WHERE id = 1; SELECT n, k, tableoid::regclass FROM routed
