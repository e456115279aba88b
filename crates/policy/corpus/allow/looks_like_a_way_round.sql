-- What only looks like a way round: each is allowed, and runs.

CREATE TEMP TABLE own_log (LIKE audit_log); INSERT INTO own_log (at, what) SELECT at, what FROM audit_log; DELETE FROM own_log

CREATE TEMP TABLE IF NOT EXISTS report (n int); TRUNCATE pg_temp.report

CREATE TEMP TABLE moved ON COMMIT DROP AS SELECT * FROM orders WHERE status = 'open'; UPDATE moved SET quantity = 1; SELECT count(*) FROM moved

CREATE TEMPORARY VIEW recent AS SELECT * FROM orders WHERE placed > '2025-01-01'; SELECT count(*) FROM recent

WITH old AS (SELECT id FROM orders WHERE status = 'returned') DELETE FROM orders USING old WHERE orders.id = old.id

WITH moved AS (DELETE FROM queue WHERE taken RETURNING payload) INSERT INTO audit_log (what) SELECT payload FROM moved

UPDATE queue SET taken = true WHERE id = (SELECT id FROM queue WHERE NOT taken ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING payload

DELETE FROM orders WHERE id % 2 = 0

DELETE FROM orders WHERE (id, user_id) < (3, 1)

DELETE FROM orders WHERE extract(year FROM placed) < 2020

DELETE FROM orders WHERE placed <@ daterange('2020-01-01', '2021-01-01')

DELETE FROM orders WHERE num_nulls(note, deleted_at) = 2

DELETE FROM orders WHERE nullif(note, '') IS NULL

DELETE FROM orders WHERE nullif(id, 5) IS NULL

DELETE FROM orders WHERE (id > 5)::int > 0

DELETE FROM orders WHERE CASE WHEN status = 'open' THEN 1 END > 0

DELETE FROM orders WHERE CASE WHEN status = 'open' THEN 1 ELSE quantity END > 0

DELETE FROM orders WHERE LEAST(id, 5) < 5

DELETE FROM orders WHERE id % 10 < 9

DELETE FROM orders WHERE extract(dow FROM placed) BETWEEN 1 AND 6

DELETE FROM orders WHERE reverse(status) = status

DELETE FROM orders WHERE id IN (VALUES (1), (2))

DELETE FROM orders WHERE id IN (VALUES (quantity))

DELETE FROM orders WHERE id <@ int4range(5, NULL)

DELETE FROM orders WHERE id <@ '[,3)'::int4range

DELETE FROM orders WHERE CASE WHEN status = 'open' THEN quantity > 3 ELSE false END

DELETE FROM orders WHERE id IN (VALUES (1), (2))

DELETE FROM orders WHERE tags && ARRAY['old', 'gone']

DELETE FROM orders WHERE doc @? '$.old'

UPDATE orders SET note = CASE id WHEN 1 THEN 'a' WHEN 2 THEN 'b' END WHERE id IN (1, 2)

UPDATE products AS p SET stock = v.stock FROM (VALUES (1, 3), (2, 5)) AS v (id, stock) WHERE v.id = p.id

MERGE INTO products p USING (VALUES (1, 7)) AS v (id, stock) ON p.id = v.id WHEN MATCHED THEN UPDATE SET stock = v.stock WHEN NOT MATCHED THEN DO NOTHING

-- since: 17
MERGE INTO products p USING (VALUES (1, 7), (2, 7), (3, 7)) AS v (id, stock) ON p.id = v.id WHEN NOT MATCHED BY SOURCE THEN DELETE

DELETE FROM orders o WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id)

DELETE FROM orders WHERE id = NULL

DELETE FROM orders WHERE id NOT IN (SELECT id FROM orders WHERE status = 'open' LIMIT 100)

UPDATE orders SET note = 'x' WHERE coalesce(NULL, note = 'gone')

INSERT INTO users (id, name, email, city) VALUES (1, 'Ada', 'ada@example.com', 'Paris') ON CONFLICT (id) DO UPDATE SET city = excluded.city WHERE users.city <> excluded.city

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := coalesce(NEW.note, ''); RETURN NEW; END $$; CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()

CREATE FUNCTION only_odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.quantity % 2 = 0 THEN RAISE EXCEPTION 'even'; END IF; RETURN NEW; END $$

CREATE FUNCTION by_status(s text) RETURNS SETOF orders LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN RETURN QUERY SELECT * FROM orders WHERE status = s; END $$

CREATE FUNCTION close_one(n int) RETURNS text LANGUAGE plpgsql AS $$ DECLARE s text; BEGIN UPDATE orders SET status = 'closed' WHERE id = n RETURNING status INTO s; RETURN CASE WHEN s IS NULL THEN 'none' ELSE CASE WHEN n > 0 THEN 'done' END END; END $$

DO $$ DECLARE n int := 0; BEGIN <<each>> WHILE n < 3 LOOP n := n + 1; CONTINUE each WHEN n = 2; INSERT INTO audit_log (what) VALUES (n); END LOOP each; END $$

DO $$ BEGIN IF EXISTS (SELECT 1 FROM orders WHERE status = 'open') THEN UPDATE orders SET note = 'seen' WHERE status = 'open'; ELSE INSERT INTO audit_log (what) VALUES ('none'); END IF; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT user_id, count(*) AS n FROM orders GROUP BY user_id LOOP UPDATE users SET active = r.n > 0 WHERE id = r.user_id AND city = 'London'; END LOOP; END $$

DO $$ BEGIN CREATE TYPE size AS ENUM ('s', 'm'); EXCEPTION WHEN duplicate_object THEN NULL; END $$

DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_name = 'orders' AND column_name = 'extra') THEN ALTER TABLE orders ADD COLUMN extra int; END IF; END $$

CREATE OR REPLACE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open' AND deleted_at IS NULL

CREATE VIEW guarded WITH (security_barrier, security_invoker) AS SELECT id FROM orders WHERE user_id = 1 WITH CHECK OPTION

ALTER TABLE orders ADD CONSTRAINT small CHECK (quantity < 1000) NOT VALID; ALTER TABLE orders VALIDATE CONSTRAINT small

ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'new', ADD COLUMN truncated boolean NOT NULL DEFAULT false

COMMENT ON TABLE orders IS 'DROP TABLE orders; GRANT ALL ON orders TO PUBLIC'

SELECT 'ALTER SYSTEM SET x', $$ DELETE FROM orders $$, E'\'; TRUNCATE orders; --' AS "DROP TABLE"

SELECT grantee, privilege_type AS "grant" FROM information_schema.role_table_grants WHERE table_name = 'orders'

SELECT rolname, rolsuper FROM pg_roles WHERE pg_has_role(oid, 'member')

SELECT pg_get_functiondef('close_order'::regproc), pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'note_change'

EXPLAIN (VERBOSE, COSTS off) DELETE FROM orders

EXPLAIN (ANALYZE off) DELETE FROM orders

EXPLAIN (COSTS off, ANALYZE false) UPDATE orders SET status = 'closed'

explain (analyze 'OFF', format json) delete from orders

EXPLAIN (ANALYZE 0) DELETE FROM orders WHERE true

SET search_path = archive, public; SELECT count(*) FROM orders; RESET search_path

SET LOCAL statement_timeout = '5s'; SET LOCAL lock_timeout = '1s'; SELECT 1

CREATE RULE old_ones AS ON INSERT TO audit_log DO ALSO DELETE FROM audit_log WHERE at < now() - interval '30 days'

CREATE RULE taken AS ON INSERT TO audit_log DO ALSO DELETE FROM queue WHERE payload = NEW.what

DELETE FROM orders WHERE id & 1 = 0

DELETE FROM orders WHERE id # 1 = 0

DELETE FROM orders WHERE (id + user_id) - id > 3

DELETE FROM orders WHERE lower(status) = status AND id = 3

DELETE FROM orders WHERE NOT id = ANY ('{1,2,3}')

DELETE FROM orders WHERE greatest(id, quantity) <> id

DELETE FROM orders WHERE greatest(id, quantity) > quantity

DELETE FROM orders WHERE (quantity > 1) > false

DELETE FROM orders WHERE (id > 3) <= false

DELETE FROM orders WHERE (ARRAY[id, user_id])[2] = id

DELETE FROM orders WHERE ctid > '(0,3)'::tid

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = orders.id HAVING count(*) > 1)

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = orders.user_id AND o.id < orders.id HAVING count(*) > 0)

DELETE FROM orders WHERE id IN (SELECT id FROM orders EXCEPT SELECT id FROM orders WHERE status = 'open')

DELETE FROM orders WHERE CASE WHEN status = 'open' THEN id ELSE user_id END = id

SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id AND twice(o.id) > 4

SELECT user_id FROM orders GROUP BY user_id HAVING twice(user_id) > 2

INSERT INTO audit_log (what) SELECT status FROM orders RETURNING upper(what)
