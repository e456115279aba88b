-- Writes of some rows.

DELETE FROM orders WHERE id = 1

DELETE FROM ONLY public.orders AS o WHERE o.id IN (1, 2)

DELETE FROM orders WHERE status = 'WHERE true'

DELETE FROM orders WHERE id = 1 AND true

DELETE FROM orders WHERE 1 = 1 AND id = 5

DELETE FROM orders WHERE 1 = 0

DELETE FROM orders WHERE false OR id = 3

DELETE FROM orders WHERE placed < current_date - interval '10 years'

DELETE FROM orders WHERE placed BETWEEN '2020-01-01' AND '2020-12-31'

DELETE FROM orders WHERE deleted_at IS NOT NULL

DELETE FROM orders WHERE note LIKE 'tmp-%'

DELETE FROM orders WHERE status <> 'open' AND quantity > 100

DELETE FROM orders WHERE id = ANY ('{1,2,3}'::int[])

DELETE FROM orders WHERE tags @> ARRAY['old']

DELETE FROM orders WHERE doc ->> 'kind' = 'test'

DELETE FROM orders WHERE (user_id, product_id) IN ((1, 1), (2, 2))

-- in batches
DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE status = 'returned' ORDER BY id LIMIT 1000)

DELETE FROM orders WHERE ctid = ANY (ARRAY(SELECT ctid FROM orders WHERE status = 'returned' LIMIT 1000))

WITH old AS (SELECT id FROM orders WHERE placed < '2020-01-01' FOR UPDATE SKIP LOCKED) DELETE FROM orders USING old WHERE orders.id = old.id

WITH gone AS (DELETE FROM queue WHERE id = (SELECT id FROM queue WHERE NOT taken ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING *) SELECT * FROM gone

-- duplicates
DELETE FROM orders a USING orders b WHERE a.id > b.id AND a.user_id = b.user_id AND a.product_id = b.product_id

DELETE FROM orders o WHERE EXISTS (SELECT 1 FROM orders d WHERE d.user_id = o.user_id AND d.id < o.id AND d.status = o.status)

DELETE FROM orders o WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id)

DELETE FROM orders o USING users u WHERE u.id = o.user_id AND u.city = 'Boston'

DELETE FROM orders USING users WHERE users.id = orders.user_id AND NOT users.active

-- a batch of what a worker has done: bare names are the table's, where the rows' own names are written
DELETE FROM orders USING unnest('{1,2}'::bigint[]) n(n) WHERE id = n

WITH done AS (DELETE FROM orders AS o USING unnest(ARRAY[1, 2]) n WHERE id = n RETURNING *) UPDATE products SET stock = 1 FROM done WHERE products.id = done.product_id AND products.stock = 2

UPDATE orders SET quantity = w FROM unnest('{1,2}'::int[], '{7,8}'::int[]) WITH ORDINALITY AS d(i, w) WHERE id = i

UPDATE orders SET quantity = x.v FROM jsonb_to_recordset('[{"i":1,"v":2}]') AS x(i int, v int) WHERE id = x.i AND quantity <> v

DELETE FROM orders USING generate_series(1, 3) g WHERE id = g

DELETE FROM orders USING jsonb_array_elements_text('["1"]') WHERE id = value::int

DELETE FROM orders USING jsonb_array_elements('[{"id": 1}]') v WHERE orders.id = (v->>'id')::int

DELETE FROM orders o USING users u, LATERAL unnest(ARRAY[u.id]) n WHERE o.user_id = n AND u.city = 'Boston'

-- soft deletes
UPDATE orders SET deleted_at = now() WHERE id = 2 AND deleted_at IS NULL RETURNING id

UPDATE orders SET quantity = quantity + 1 WHERE id = 3

UPDATE orders SET status = CASE status WHEN 'open' THEN 'paid' ELSE status END WHERE id IN (1, 2, 5)

UPDATE orders AS o SET note = u.name FROM users AS u WHERE o.user_id = u.id AND u.city = 'London'

UPDATE orders SET (quantity, note) = (SELECT 2, u.name FROM users u WHERE u.id = orders.user_id) WHERE orders.id = 1

UPDATE products SET stock = stock - 1 WHERE id = 1 AND stock > 0

UPDATE products SET price = price * 1.1 WHERE id IN (SELECT product_id FROM orders WHERE status = 'open')

UPDATE orders SET status = v.status FROM (VALUES (1, 'paid'), (2, 'sent')) AS v (id, status) WHERE v.id = orders.id

UPDATE queue SET taken = true WHERE id = (SELECT id FROM queue WHERE NOT taken ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING payload

UPDATE orders SET doc = jsonb_set(doc, '{seen}', 'true') WHERE doc ? 'seen'

-- upserts
INSERT INTO queue (id, payload) VALUES (1, 'again') ON CONFLICT (id) DO UPDATE SET payload = excluded.payload

INSERT INTO queue (id, payload) VALUES (1, 'again'), (9, 'new') ON CONFLICT (id) DO UPDATE SET payload = excluded.payload WHERE queue.taken

INSERT INTO queue (id, payload) VALUES (1, 'again') ON CONFLICT DO NOTHING

INSERT INTO queue (id, payload) SELECT id, title FROM products ON CONFLICT (id) DO UPDATE SET payload = excluded.payload

INSERT INTO users (name, email, city) VALUES ('Delete', 'drop@example.com', 'Truncate') RETURNING id

INSERT INTO archive.orders SELECT * FROM orders WHERE status = 'returned'

WITH moved AS (DELETE FROM orders WHERE status = 'returned' RETURNING *) INSERT INTO archive.orders SELECT * FROM moved

MERGE INTO queue q USING (VALUES (1, 'x'), (8, 'y')) AS v (id, payload) ON q.id = v.id WHEN MATCHED THEN UPDATE SET payload = v.payload WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.payload)

MERGE INTO orders o USING users u ON o.user_id = u.id AND u.city = 'Boston' WHEN MATCHED THEN DELETE

MERGE INTO orders o USING users u ON u.id = o.user_id WHEN MATCHED AND o.status = 'returned' THEN DELETE

-- only shown
EXPLAIN DELETE FROM orders

EXPLAIN (COSTS off, VERBOSE) UPDATE orders SET quantity = 1

EXPLAIN (FORMAT json) DELETE FROM orders WHERE id = 1

EXPLAIN ANALYZE SELECT * FROM orders WHERE status = 'open'

EXPLAIN (ANALYZE, BUFFERS) UPDATE orders SET quantity = 2 WHERE id = 1

COPY audit_log (what) FROM STDIN

COPY orders TO STDOUT WITH (FORMAT csv, HEADER)

COPY (SELECT id, status FROM orders) TO STDOUT

COPY (DELETE FROM orders WHERE id = 1 RETURNING id) TO STDOUT

BEGIN; UPDATE orders SET quantity = 3 WHERE id = 1; ROLLBACK; BEGIN

-- before: DECLARE c CURSOR FOR SELECT * FROM orders WHERE status = 'open' FOR UPDATE; FETCH c
UPDATE orders SET note = 'seen' WHERE CURRENT OF c

DELETE FROM orders WHERE status = 'open' OR status = 'shipped' AND id > 3

DELETE FROM orders WHERE id IN (1, 2) OR user_id IN (3, 4)

DELETE FROM orders WHERE id < 2 OR id > 5

DELETE FROM orders WHERE status <> 'open' AND status <> 'shipped'

DELETE FROM orders WHERE status NOT IN ('open', 'shipped') OR note LIKE 'gift%'

DELETE FROM orders WHERE note LIKE 'a%' OR note LIKE 'b%'

DELETE FROM orders WHERE NOT (status = 'open' OR status = 'shipped')

DELETE FROM orders WHERE note IS NULL OR note = ''

DELETE FROM orders WHERE (user_id = 1 AND product_id = 1) OR (user_id = 2 AND product_id = 3) OR (user_id = 3 AND product_id <> 2)

DELETE FROM orders WHERE placed < '2020-01-01' OR placed >= '2030-01-01'

UPDATE users SET active = true WHERE active = false OR city = 'London'

UPDATE orders SET status = v.state FROM (VALUES (1, 'paid'), (2, 'sent')) AS v (number, state) WHERE id = v.number

DELETE FROM orders a USING orders b WHERE a.id = b.id AND b.status = 'returned'

DELETE FROM orders o USING (SELECT id FROM orders WHERE status = 'returned' LIMIT 10) s WHERE s.id = o.id

WITH s AS (SELECT id, status FROM orders) DELETE FROM orders USING s WHERE s.id = orders.id AND s.status = 'returned'

WITH s AS (SELECT id FROM orders WHERE status = 'returned') DELETE FROM orders WHERE id IN (SELECT id FROM s)

DELETE FROM orders WHERE id IN (SELECT DISTINCT ON (user_id) id FROM orders ORDER BY user_id, placed DESC)

DELETE FROM orders WHERE id NOT IN (SELECT max(id) FROM orders GROUP BY user_id)

DELETE FROM orders WHERE id = (SELECT min(id) FROM orders)

DELETE FROM orders WHERE id > (SELECT min(id) FROM orders)

DELETE FROM orders WHERE id IN (SELECT id FROM archive.orders)

DELETE FROM orders WHERE EXISTS (SELECT * FROM users u WHERE u.id = orders.user_id AND city = 'London')

DELETE FROM orders o WHERE o.quantity < (SELECT avg(quantity) FROM orders WHERE user_id = o.user_id)

INSERT INTO orders SELECT * FROM orders WHERE id = 1 ON CONFLICT (id) DO UPDATE SET quantity = excluded.quantity + 1

INSERT INTO orders SELECT * FROM archive.orders ON CONFLICT (id) DO UPDATE SET note = excluded.note

INSERT INTO orders SELECT * FROM orders ON CONFLICT (id) DO NOTHING

DO $$ DECLARE p int := 7; BEGIN DELETE FROM orders WHERE p IS NULL OR id = p; END $$

-- what only looks as if it were true of each row
DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT 1000)

DELETE FROM orders WHERE id IN (SELECT id FROM orders ORDER BY id OFFSET 5)

DELETE FROM orders WHERE status ~ '^x*$'

DELETE FROM orders WHERE status ~ 'x+' OR status ~ '^$'

DELETE FROM orders WHERE starts_with(status, 'ret')

DELETE FROM orders WHERE '{}' @> tags AND id > 4

DELETE FROM orders WHERE tags <@ '{}' AND id > 4

DELETE FROM orders WHERE left(status, 1) = 'r'

DELETE FROM orders WHERE greatest(id, 5) > 5

DELETE FROM orders WHERE id % 2 = 0

DELETE FROM orders WHERE concat(note) = ''

DELETE FROM orders WHERE coalesce(note, deleted_at::text) IS NOT NULL

DELETE FROM orders WHERE orders IS NULL

UPDATE orders SET doc = doc || '{"seen": true}' WHERE doc || '{"seen": true}' <> doc AND id = 1

DELETE FROM orders WHERE placed + interval '1 day' > now()

DELETE FROM orders o USING users u WHERE (o.user_id, o.status) = (u.id, 'returned')

-- loops that leave rows out
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders WHERE status = 'shipped' LOOP DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LIMIT 1 LOOP DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF r.quantity > 100 THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP CONTINUE WHEN r.quantity < 100; UPDATE orders SET status = 'large' WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM users LOOP UPDATE orders SET note = 'seen' WHERE user_id = r.id AND status = 'shipped'; END LOOP; END $$

DO $$ DECLARE c CURSOR FOR SELECT * FROM orders WHERE status = 'shipped'; BEGIN FOR r IN c LOOP DELETE FROM orders WHERE CURRENT OF c; END LOOP; END $$

DO $$ DECLARE ids int[]; BEGIN SELECT array_agg(id) INTO ids FROM orders WHERE status = 'shipped'; DELETE FROM orders WHERE id = ANY (ids); END $$

DO $$ DECLARE x int; BEGIN SELECT max(id) INTO x FROM orders; DELETE FROM orders WHERE id = x; END $$

DO $$ BEGIN LOOP DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE status = 'shipped' LIMIT 2); EXIT WHEN NOT FOUND; END LOOP; END $$

DO $$ BEGIN LOOP UPDATE orders SET quantity = 2 WHERE id = 3; EXIT WHEN FOUND; INSERT INTO orders (id, user_id, product_id) VALUES (3, 1, 1); EXIT; END LOOP; END $$

-- joins and samples that leave rows out
DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id AND u.city = 'Boston')

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o LEFT JOIN users u ON u.id = o.user_id WHERE u.id IS NULL)

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o LEFT JOIN users u ON u.id = o.user_id WHERE city = 'London')

DELETE FROM orders WHERE id IN (SELECT o.id FROM users u LEFT JOIN orders o ON u.id = o.user_id WHERE u.city = 'Boston')

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o, users u WHERE o.user_id = u.id AND u.city = 'Boston')

DELETE FROM orders WHERE id IN (SELECT id FROM orders TABLESAMPLE SYSTEM (1))

DELETE FROM orders WHERE id IN (SELECT max(id) FROM orders GROUP BY user_id, product_id HAVING count(*) > 1)

DELETE FROM orders WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY user_id, product_id ORDER BY id) AS n FROM orders) s WHERE n > 1)

DELETE FROM orders WHERE id IN (SELECT id FROM orders INTERSECT SELECT product_id FROM orders)

DELETE FROM orders WHERE id IN (SELECT id FROM orders UNION SELECT 1 ORDER BY 1 LIMIT 2)

-- counts that leave rows out
DELETE FROM orders WHERE (SELECT count(*) FROM orders o WHERE o.user_id = orders.user_id AND o.id < orders.id) > 0

DELETE FROM users WHERE (SELECT count(*) FROM orders o WHERE o.user_id = users.id) = 0

DELETE FROM orders o WHERE (SELECT count(*) FROM orders s WHERE s.id = o.id AND s.status = 'returned') > 0

UPDATE products SET stock = 0 WHERE (SELECT sum(o.quantity) FROM orders o WHERE o.product_id = products.id) > 100

DELETE FROM orders WHERE id = (SELECT o.id FROM orders o WHERE o.user_id = orders.user_id ORDER BY o.id LIMIT 1) AND user_id = 2

DELETE FROM orders WHERE id >= ALL (SELECT id FROM orders)

DELETE FROM orders WHERE id > ALL (ARRAY[3, 4])

DELETE FROM orders WHERE id <= ANY (SELECT id FROM orders WHERE status = 'shipped')

DELETE FROM orders WHERE quantity >= ANY (ARRAY[5, 6])

-- all of a row, and what the server keeps of it
DELETE FROM orders WHERE orders::text LIKE '%fragile%'

DELETE FROM orders WHERE to_jsonb(orders) ->> 'status' = 'returned'

DELETE FROM orders WHERE to_jsonb(orders) @> '{"status": "returned"}'

DELETE FROM orders WHERE doc ? 'id'

DELETE FROM orders WHERE jsonb_typeof(doc -> 'kind') = 'string'

DELETE FROM orders WHERE md5(status) = '40b1aab4b6a0dd5ee4fb9a6ca4c4aa61'

DELETE FROM orders WHERE length(status) = 4

UPDATE orders SET note = 'x' WHERE id = 1 AND xmin <> '0'

UPDATE orders SET note = 'x' WHERE id = 1 AND xmin = '700'

DELETE FROM orders WHERE age(xmin) > 100000

DELETE FROM orders WHERE ctid >= '(0,0)' AND ctid < '(0,3)'

DELETE FROM events WHERE tableoid = 'events_2025'::regclass

DELETE FROM events WHERE tableoid::regclass::text = 'events_2025'

-- a row after the other, but for those that a condition leaves out
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF r.status = 'open' THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF r.quantity > 1 THEN UPDATE orders SET quantity = 1 WHERE id = r.id; ELSIF r.quantity IS NULL THEN NULL; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF r.status = 'open' THEN NULL; ELSE DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP CASE r.status WHEN 'open', 'shipped' THEN NULL; ELSE DELETE FROM orders WHERE id = r.id; END CASE; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP CASE WHEN r.note IS NULL THEN DELETE FROM orders WHERE id = r.id; ELSE NULL; END CASE; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF r.id IS NOT NULL AND r.note IS NOT NULL THEN UPDATE orders SET note = 'x' WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP CONTINUE WHEN r.status <> 'open'; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF r.status <> 'open' THEN CONTINUE; END IF; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders ORDER BY id LOOP EXIT WHEN r.quantity > 5; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders ORDER BY id LOOP IF (SELECT count(*) FROM orders) > 3 THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; n int := 0; BEGIN FOR r IN SELECT * FROM orders LOOP n := n + 1; IF n % 2 = 0 THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; u users; BEGIN FOR r IN SELECT * FROM orders LOOP SELECT * INTO u FROM users WHERE id = r.user_id; IF NOT u.active THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF EXISTS (SELECT 1 FROM users u WHERE u.id = r.user_id AND NOT u.active) THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

-- the same in the condition of the write
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP DELETE FROM orders WHERE id = r.id AND r.status = 'open'; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, quantity + 1 AS more FROM orders LOOP UPDATE orders SET quantity = r.more WHERE r.more < 3 AND orders.id = r.id; END LOOP; END $$

DO $$ DECLARE i int; s text; BEGIN FOR i, s IN SELECT id, status FROM orders LOOP UPDATE orders SET note = s WHERE id = i AND s <> 'open'; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP EXECUTE 'DELETE FROM orders WHERE id = $1 AND $2 = ''open''' USING r.id, r.status; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP PERFORM 1 FROM users u WHERE u.id = r.user_id AND u.city = 'Boston'; IF FOUND THEN UPDATE orders SET note = 'near' WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM users LOOP IF r.id IS NOT NULL THEN UPDATE orders SET note = r.city WHERE user_id = r.id AND status = 'open'; END IF; END LOOP; END $$

DO $$ DECLARE c CURSOR FOR SELECT * FROM orders FOR UPDATE; r record; BEGIN OPEN c; LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; IF r.status = 'open' THEN DELETE FROM orders WHERE CURRENT OF c; END IF; END LOOP; CLOSE c; END $$

DO $$ DECLARE c CURSOR FOR SELECT * FROM orders FOR UPDATE; r record; BEGIN OPEN c; LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; CONTINUE WHEN r.status <> 'open'; DELETE FROM orders WHERE CURRENT OF c; END LOOP; CLOSE c; END $$

DELETE FROM orders WHERE NOT (status <> ALL (ARRAY['open', 'shipped']))

DELETE FROM orders WHERE (id, status) IN (SELECT 7, status)

DELETE FROM orders WHERE (id, status) IN (VALUES (1, status), (2, 'open'))
