-- refuse: no-unfiltered-write
-- An UPDATE, DELETE or MERGE that leaves no row of a table as it was.
-- shows: SELECT least((SELECT count(*) FROM orders WHERE ctid <= '(0,6)'), (SELECT count(*) FROM users WHERE ctid <= '(0,4)'), (SELECT count(*) FROM products WHERE ctid <= '(0,3)')) => 0

-- the forgotten WHERE
DELETE FROM orders

UPDATE users SET active = false

-- the condition is within a comment
DELETE FROM orders -- WHERE id = 7

DELETE FROM orders /* WHERE id = 7 */

-- an inner comment ends before the outer one
UPDATE orders SET quantity = 9 /* /* */ WHERE id = 7 */

-- the condition is a string
UPDATE orders SET note = 'WHERE id = 7'

UPDATE orders SET note = $$ WHERE id = 7 $$

UPDATE orders SET note = $a$ $b$ ' $a$ RETURNING id

-- letters, spaces and ends
dElEtE/**/FrOm/**/"orders";;;

delete
	from
	public . "orders" *

DELETE FROM U&"\006frders"

DELETE FROM U&"!006frders" UESCAPE '!'

UPDATE U&"\006F\0072ders" AS o SET "quantity" = 4

-- constants that are true
DELETE FROM orders WHERE true

DELETE FROM orders WHERE NOT false

DELETE FROM orders WHERE 1 = 1

DELETE FROM orders WHERE '1' = 1

DELETE FROM orders WHERE 't'

DELETE FROM orders WHERE 'yes'::bool

DELETE FROM orders WHERE CAST('on' AS boolean)

DELETE FROM orders WHERE bool 'tru'

DELETE FROM orders WHERE 1::boolean

DELETE FROM orders WHERE 3 BETWEEN 1 AND 7

DELETE FROM orders WHERE 2 IN (1, 2, 3)

DELETE FROM orders WHERE NOT 2 IN (1, 3)

DELETE FROM orders WHERE 'a' || 'b' = 'ab'

DELETE FROM orders WHERE (SELECT true)

DELETE FROM orders WHERE (SELECT 1) = 1

DELETE FROM orders WHERE coalesce(NULL, true)

DELETE FROM orders WHERE CASE WHEN id = 7 THEN true ELSE true END

DELETE FROM orders WHERE EXISTS (SELECT)

DELETE FROM orders WHERE EXISTS (SELECT 1)

DELETE FROM orders WHERE EXISTS (VALUES (false))

DELETE FROM orders WHERE EXISTS (SELECT count(*) FROM users WHERE false)

DELETE FROM orders WHERE NOT EXISTS (SELECT 1 WHERE false)

-- a part that is true beside one that is not
DELETE FROM orders WHERE id = 7 OR true

DELETE FROM orders WHERE id = 7 OR 1 = 1 --'

DELETE FROM orders WHERE id = 7 OR NOT (id = 7 AND false)

DELETE FROM orders WHERE (id = 7 OR 'x' = 'x') AND (status = 'open' OR 2 > 1)

-- what is true of each row whatever is in it
DELETE FROM orders WHERE id = id

DELETE FROM orders o WHERE o.id = id

DELETE FROM orders WHERE id >= id

DELETE FROM orders WHERE id IN (7, id)

DELETE FROM orders WHERE id = ANY (ARRAY[id])

DELETE FROM orders WHERE id BETWEEN id AND id

DELETE FROM orders WHERE lower(status) = lower(status)

DELETE FROM orders WHERE status IS NOT DISTINCT FROM status

DELETE FROM orders WHERE NOT (id <> id)

DELETE FROM orders WHERE (id = id) IS TRUE

DELETE FROM orders WHERE (id = id) IS NOT FALSE

DELETE FROM orders WHERE status LIKE '%'

DELETE FROM orders WHERE status ~ ''

DELETE FROM orders WHERE ctid IS NOT NULL

-- arithmetic that changes nothing
DELETE FROM orders WHERE id = id + 0

DELETE FROM orders WHERE COALESCE(id, 0) = id

DELETE FROM orders WHERE id - id = 0

DELETE FROM orders WHERE length(status) >= 0

DELETE FROM orders WHERE random() < 2

DELETE FROM orders WHERE note IS NULL OR note IS NOT NULL

DELETE FROM orders WHERE id < 7 OR id >= 7

DELETE FROM orders WHERE id = 7 OR id <> 7

DELETE FROM orders WHERE (id IS NULL) IS NOT NULL

-- a sub-select that finds each row
DELETE FROM orders WHERE id IN (SELECT id FROM orders)

DELETE FROM orders WHERE id = ANY (SELECT id FROM orders)

-- a condition on something else than the table
DELETE FROM orders WHERE EXISTS (SELECT 1 FROM users)

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM users u WHERE u.id = 1)

DELETE FROM orders USING users u WHERE u.id = 1

UPDATE orders SET quantity = 9 FROM users u WHERE u.city = 'London' AND u.id = u.id

-- the alias is another table's name
DELETE FROM orders o USING users AS orders WHERE orders.id = 1

DELETE FROM orders WHERE current_user IS NOT NULL

DELETE FROM orders WHERE now() > '2000-01-01'

DELETE FROM orders WHERE current_date > '2000-01-01'

-- within another statement
WITH gone AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM gone

WITH a AS (SELECT 1), gone AS (UPDATE orders SET quantity = 9 RETURNING id) UPDATE users SET active = false WHERE id = 1

WITH RECURSIVE gone AS (DELETE FROM orders RETURNING id) INSERT INTO audit_log (what) SELECT 'x' FROM gone

EXPLAIN ANALYZE DELETE FROM orders

EXPLAIN (ANALYZE, VERBOSE, BUFFERS) UPDATE orders SET quantity = 9

EXPLAIN (FORMAT json, ANALYZE 1) DELETE FROM orders

EXPLAIN (ANALYZE ON, COSTS off) DELETE FROM orders

EXPLAIN (ANALYZE off, ANALYZE) DELETE FROM orders

COPY (DELETE FROM orders RETURNING id) TO STDOUT

COPY (UPDATE orders SET quantity = 9 RETURNING id, quantity) TO STDOUT WITH (FORMAT csv)

-- within a text of several
SELECT 1; DELETE FROM orders; SELECT 2

UPDATE orders SET quantity = 2 WHERE id = 1; UPDATE orders SET quantity = 9;

-- to be run later
-- then: EXECUTE gone
PREPARE gone AS DELETE FROM orders

-- then: EXECUTE gone(1)
PREPARE gone (int) AS UPDATE orders SET quantity = 9 WHERE $1 = $1

-- then: INSERT INTO audit_log (what) VALUES ('x')
CREATE RULE later AS ON INSERT TO audit_log DO ALSO DELETE FROM orders

-- then: INSERT INTO audit_log (what) VALUES ('x')
CREATE OR REPLACE RULE later AS ON INSERT TO public.audit_log DO INSTEAD (SELECT 1; UPDATE users SET active = false)

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void BEGIN ATOMIC DELETE FROM orders; END

-- then: CALL later()
CREATE PROCEDURE later() BEGIN ATOMIC SELECT 1; UPDATE orders SET quantity = 9; END

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'

-- then: SELECT later()
CREATE OR REPLACE FUNCTION later() RETURNS void AS $_$ delete/**/from orders $_$ LANGUAGE SQL

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN IF true THEN DELETE FROM orders; END IF; END $$

-- then: SELECT later()
CREATE FUNCTION later() RETURNS int LANGUAGE plpgsql AS 'DECLARE r record; BEGIN FOR r IN UPDATE orders SET quantity = 9 RETURNING * LOOP END LOOP; RETURN 1; END'

-- then: SELECT later()
CREATE FUNCTION later() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY WITH g AS (DELETE FROM orders RETURNING id) SELECT id FROM g; END $$

-- then: CALL later()
CREATE PROCEDURE later() LANGUAGE sql AS $x$ SELECT 1; DELETE FROM orders WHERE id = id $x$

-- then: UPDATE users SET active = false WHERE id = 1
CREATE FUNCTION later() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders; RETURN NULL; END'; CREATE TRIGGER later AFTER UPDATE ON users EXECUTE FUNCTION later()

-- MERGE
MERGE INTO orders o USING users u ON true WHEN MATCHED AND u.id = 1 THEN DELETE

MERGE INTO orders o USING (SELECT 1) u ON o.id = o.id WHEN MATCHED THEN UPDATE SET quantity = 9

MERGE INTO orders o USING users u ON u.id = 1 WHEN MATCHED AND 1 = 1 THEN UPDATE SET quantity = 9

-- since: 17
MERGE INTO orders o USING users u ON false WHEN NOT MATCHED BY SOURCE THEN DELETE

-- NULL is not true, and nothing matches no row
-- since: 17
MERGE INTO orders o USING (SELECT 1 AS k) s ON o.id = NULL WHEN NOT MATCHED BY SOURCE THEN DELETE

-- since: 17
MERGE INTO orders o USING (SELECT 1 AS k WHERE false) s ON o.id = s.k WHEN NOT MATCHED BY SOURCE THEN DELETE

-- since: 17
MERGE INTO orders o USING (SELECT id FROM orders WHERE false) s ON o.id = s.id WHEN NOT MATCHED BY SOURCE THEN UPDATE SET quantity = 9

-- since: 17
WITH s AS (SELECT id FROM users LIMIT 0) MERGE INTO orders o USING s ON o.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE

DELETE FROM orders o WHERE NOT EXISTS (SELECT 1 FROM (SELECT 1 AS k WHERE false) s WHERE s.k = o.id)

DELETE FROM orders o WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id LIMIT 0)

DELETE FROM orders o WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.id = o.user_id AND o.id = NULL)

DELETE FROM orders WHERE id NOT IN (SELECT k FROM (SELECT 1 AS k WHERE NULL) s)

DELETE FROM orders WHERE (id = NULL) IS NOT TRUE

DELETE FROM orders WHERE (id = NULL) IS NULL

DELETE FROM orders WHERE coalesce(id = NULL, true)

DELETE FROM orders WHERE (id IN (NULL, NULL)) IS UNKNOWN

DELETE FROM orders WHERE CASE WHEN id = NULL THEN false ELSE true END

-- through a view that shows every row
DELETE FROM all_orders

UPDATE all_orders SET quantity = 9 WHERE true

-- no table that a session made
-- before: CREATE TEMPORARY VIEW own AS SELECT * FROM public.orders
DELETE FROM own

-- before: CREATE TEMPORARY VIEW own AS SELECT * FROM public.orders
DELETE FROM pg_temp.own

-- before: SET search_path = public, pg_temp; CREATE TEMPORARY TABLE orders (id int)
DELETE FROM orders

-- each value is computed anew
-- shows: SELECT count(*) FROM archive.orders WHERE note IS NULL => 6
ALTER TABLE archive.orders ALTER COLUMN deleted_at TYPE date USING NULL, ALTER note TYPE varchar USING NULL

-- shows: SELECT count(*) FROM users WHERE NOT active => 4
ALTER TABLE users ALTER active TYPE boolean USING false

-- shows: SELECT max(length(note)) FROM archive.orders => 1
alter/**/table only archive.orders alter note set data type text using left(note, 1)

-- shows: SELECT max(length(note)) FROM archive.orders => 2
ALTER TABLE archive.orders ALTER note TYPE text USING note::varchar(2)

-- shows: SELECT count(*) FROM archive.orders WHERE quantity <> product_id => 0
ALTER TABLE archive.orders ALTER quantity TYPE bigint USING product_id

DO $$ BEGIN DELETE FROM orders; END $$

-- a variable is the same for each row
DO $$ DECLARE x int := 3; BEGIN DELETE FROM orders WHERE x = 3; END $$

DO $$ BEGIN FOR i IN 1..3 LOOP UPDATE orders SET note = 'x' WHERE i > 2; END LOOP; END $$

-- then: SELECT later(3)
CREATE FUNCTION later(x int) RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM orders WHERE x IN (1, 3); END $$

DO LANGUAGE plpgsql $x$ DECLARE n int; BEGIN UPDATE orders SET note = 'x' WHERE id = id; GET DIAGNOSTICS n = ROW_COUNT; END $x$

-- a column of another relation, which is named without it
DELETE FROM orders USING users WHERE name = 'Ada'

UPDATE orders SET quantity = 9 FROM users u WHERE city = 'London' AND u.id = 1

DELETE FROM orders USING users, products WHERE users.id = 1 AND title = 'Cup'

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM users WHERE city = 'London')

DELETE FROM orders WHERE EXISTS (SELECT * FROM users)

DELETE FROM orders WHERE EXISTS (SELECT users.* FROM users WHERE active)

DELETE FROM orders WHERE 4 = (SELECT count(*) FROM users WHERE active)

-- the sub-select's own relation is called like the table
DELETE FROM orders WHERE EXISTS (SELECT 1 FROM users orders WHERE orders.city = 'London')

DELETE FROM orders o WHERE EXISTS (SELECT 1 FROM users o WHERE o.id = 1)

MERGE INTO orders o USING users u ON city = 'London' WHEN MATCHED AND u.id = 1 THEN DELETE

-- an OR with something that does not look at the row
DELETE FROM orders WHERE id = 1 OR EXISTS (SELECT 1 FROM users)

DELETE FROM orders USING users u WHERE orders.id = 1 OR u.id = 1

DELETE FROM orders WHERE id = 1 OR current_user IS NOT NULL

DELETE FROM orders WHERE id = 1 OR now() > '2000-01-01'

DELETE FROM orders USING users u WHERE NOT (orders.id <> 1 AND u.id <> 1)

DELETE FROM orders WHERE clock_timestamp() > '2000-01-01'

DELETE FROM orders WHERE CASE WHEN id = 1 THEN true WHEN current_user IS NOT NULL THEN true ELSE false END

-- an OR without a gap
DELETE FROM orders WHERE status LIKE 'a%' OR status NOT LIKE 'a%'

DELETE FROM orders WHERE status ILIKE 'a%' OR NOT status ILIKE 'a%'

DELETE FROM orders WHERE status ~ '^a' OR status !~ '^a'

DELETE FROM orders WHERE status SIMILAR TO 'a' OR status NOT SIMILAR TO 'a'

DELETE FROM orders WHERE id IN (1, 2) OR id NOT IN (1, 2)

DELETE FROM orders WHERE id IN (1, 2) OR id <> 1

DELETE FROM orders WHERE id NOT IN (1) OR id NOT IN (2)

DELETE FROM orders WHERE status <> 'open' OR status <> 'shipped'

DELETE FROM orders WHERE id < 5 OR id > 4

DELETE FROM orders WHERE id <= 3 OR id >= 4

DELETE FROM orders WHERE id > 3 OR (id < 2 OR (id = 2 OR id = 3))

DELETE FROM orders WHERE id BETWEEN 2 AND 4 OR id NOT BETWEEN 2 AND 4

DELETE FROM orders WHERE id < 2 OR id BETWEEN 1 AND 3 OR id > 2

DELETE FROM orders WHERE (id = 5) IS TRUE OR (id = 5) IS NOT TRUE

DELETE FROM orders WHERE (id = 5) IS FALSE OR id = 5

DELETE FROM orders WHERE id = 5 OR (id <> 5 AND status = 'open') OR (id <> 5 AND status <> 'open')

DELETE FROM orders WHERE NOT (id = 5 AND id = 6)

DELETE FROM orders WHERE NOT (id > 5 AND status = 'x' AND id < 3)

DELETE FROM orders WHERE (id = 5) = (id = 5)

DELETE FROM orders WHERE (id = 5) <> (id <> 5)

DELETE FROM orders WHERE (id = 5) IN (true, false)

DELETE FROM orders WHERE greatest(id = 5, true)

DELETE FROM orders WHERE id < user_id OR id >= user_id

DELETE FROM orders WHERE user_id < id OR user_id = id OR id < user_id

DELETE FROM orders WHERE placed < '2020-01-01' OR placed >= '2020-01-01'

DELETE FROM orders WHERE placed <= '2026-02-01' OR placed > '2020-01-01'

UPDATE users SET active = true WHERE active OR NOT active

UPDATE users SET active = true WHERE active = true OR active = false

UPDATE users SET active = true WHERE active IN (true, false)

UPDATE users SET active = true WHERE active IS TRUE OR active IS NOT TRUE

DELETE FROM orders WHERE CASE WHEN id = 5 THEN id = 5 ELSE id <> 5 END

DELETE FROM orders WHERE date_trunc('day', placed) = date_trunc('day', placed)

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM users u WHERE u.id = orders.id) OR NOT EXISTS (SELECT 1 FROM users u WHERE u.id = orders.id)

DELETE FROM orders WHERE (id = 5) IS NOT NULL

DELETE FROM orders WHERE (id = 5) IS NOT UNKNOWN

DELETE FROM orders WHERE (id = 5 OR true)::boolean

DELETE FROM orders WHERE id <> ALL ('{}')

DELETE FROM orders WHERE id <> ALL (ARRAY[]::int[])

DELETE FROM orders WHERE id = (SELECT id)

-- each row meets itself
DELETE FROM orders USING orders s WHERE orders.id = s.id

UPDATE orders o SET quantity = 9 FROM orders s WHERE s.id = o.id AND s.status = o.status

DELETE FROM orders o USING public.orders s WHERE o.user_id = s.user_id

DELETE FROM orders o USING (SELECT id FROM orders) s WHERE s.id = o.id

UPDATE orders o SET quantity = 9 FROM (SELECT id AS number FROM orders) s WHERE s.number = o.id

WITH s AS (SELECT id FROM orders) DELETE FROM orders USING s WHERE s.id = orders.id

WITH s AS (SELECT * FROM orders WHERE true) DELETE FROM orders WHERE id IN (SELECT id FROM s)

WITH s AS (SELECT id FROM orders), gone AS (DELETE FROM orders WHERE id IN (TABLE s) RETURNING 1) SELECT count(*) FROM gone, s

MERGE INTO orders o USING orders s ON o.id = s.id WHEN MATCHED THEN UPDATE SET quantity = 9

DELETE FROM orders o WHERE EXISTS (SELECT 1 FROM orders s WHERE s.id = o.id)

DELETE FROM orders o WHERE EXISTS (SELECT 1 FROM orders s WHERE s.id = o.id LIMIT 1)

DELETE FROM orders WHERE id IN (SELECT id FROM public.orders)

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o WHERE 1 = 1 ORDER BY 1)

DELETE FROM orders WHERE id IN (SELECT DISTINCT id FROM orders)

DELETE FROM orders WHERE id IN (SELECT id FROM orders GROUP BY id)

DELETE FROM orders WHERE id IN (SELECT id FROM users UNION ALL SELECT id FROM orders)

DELETE FROM orders WHERE id IN (SELECT x.id FROM (SELECT id FROM orders) x)

DELETE FROM orders WHERE id = ANY (ARRAY(SELECT id FROM orders))

DELETE FROM orders WHERE (id, user_id) IN (SELECT id, user_id FROM orders)

DELETE FROM orders WHERE id NOT IN (SELECT id FROM orders WHERE false)

DELETE FROM orders WHERE id >= (SELECT min(id) FROM orders)

DELETE FROM orders WHERE (SELECT max(o.id) FROM orders o) >= id

-- an INSERT of the rows that are there
INSERT INTO orders SELECT * FROM orders ON CONFLICT (id) DO UPDATE SET quantity = 9

INSERT INTO orders (id, user_id, product_id) SELECT id, user_id, product_id FROM public.orders o ON CONFLICT (id) DO UPDATE SET quantity = 9

INSERT INTO orders AS o TABLE orders ON CONFLICT (id) DO UPDATE SET quantity = 9 WHERE o.id = excluded.id

WITH s AS (SELECT * FROM orders) INSERT INTO orders SELECT * FROM s ON CONFLICT (id) DO UPDATE SET quantity = 9

INSERT INTO orders SELECT * FROM orders WHERE false UNION ALL SELECT * FROM orders ON CONFLICT (id) DO UPDATE SET quantity = 9

-- not run: PostgreSQL takes no DELETE for a cursor
-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ DECLARE c refcursor; n int; BEGIN OPEN c FOR EXECUTE 'DELETE FROM orders RETURNING id'; FETCH c INTO n; CLOSE c; END $$

do/**/$$ begin perform set_config('session_replication_role', 'replica', true); delete from orders; end $$

-- only a part of each value stays
-- shows: SELECT max(length(note::text)) FROM archive.orders => 1
ALTER TABLE archive.orders ALTER note TYPE "char"

-- shows: SELECT max(length(note)) FROM archive.orders => 1
ALTER TABLE archive.orders ALTER note TYPE text USING note::"char"::text

-- shows: SELECT count(DISTINCT quantity) FROM archive.orders => 1
ALTER TABLE archive.orders ALTER quantity TYPE int USING quantity::boolean::int

-- shows: SELECT count(*) FROM prices WHERE price <> trunc(price) => 0
-- before: CREATE TABLE prices AS SELECT price / 100.0 AS price FROM products
ALTER TABLE prices ALTER price TYPE numeric USING price::bigint::numeric

-- since: 17
-- before: CREATE TABLE sums (a int, b text GENERATED ALWAYS AS (a || 'x') STORED); INSERT INTO sums VALUES (1), (2)
-- shows: SELECT count(*) FROM sums WHERE b <> '' => 0
ALTER TABLE sums ALTER b SET EXPRESSION AS ('')

-- a row is not NULL
DELETE FROM orders WHERE NOT (orders IS NULL)

DELETE FROM orders o WHERE o IS DISTINCT FROM NULL

-- values that are never NULL
DELETE FROM orders WHERE concat(note) IS NOT NULL

DELETE FROM orders WHERE quote_nullable(note) IS NOT NULL

DELETE FROM orders WHERE format('%s', note) IS NOT NULL

DELETE FROM orders WHERE ARRAY[note] IS NOT NULL

DELETE FROM orders WHERE random() IS NOT NULL

-- what a number can be at least
DELETE FROM orders WHERE tableoid > 0

DELETE FROM orders WHERE pg_column_size(id) > 0

DELETE FROM orders WHERE id * id >= 0

DELETE FROM orders WHERE sign(id) >= -1

DELETE FROM orders WHERE greatest(id, 0) >= 0

-- one more is not the same
DELETE FROM orders WHERE id + 1 > id

DELETE FROM orders WHERE id - 1 < id

DELETE FROM orders WHERE id <= orders.id + 1

DELETE FROM orders WHERE NOT (id = id + 1)

DELETE FROM orders WHERE status || 'x' <> status

DELETE FROM orders WHERE placed < placed + 1

DELETE FROM orders WHERE placed + interval '1 day' > placed

-- nothing is in everything
DELETE FROM orders WHERE status ~ '|x'

DELETE FROM orders WHERE status ~ '(.*)'

DELETE FROM orders WHERE status ~ '.{0,}'

DELETE FROM orders WHERE status ~ 'x*'

DELETE FROM orders WHERE status ~ '^.*?'

DELETE FROM orders WHERE status ~ '[^x]*'

DELETE FROM orders WHERE status ~ '\A'

DELETE FROM orders WHERE starts_with(status, '')

DELETE FROM orders WHERE status ^@ ''

DELETE FROM orders WHERE position('' IN status) = 1

DELETE FROM orders WHERE strpos(status, '') = 1

DELETE FROM orders WHERE left(status, 0) = ''

DELETE FROM orders WHERE substr(status, 1, 0) = ''

-- what a function, a cast or a CASE can come to
DELETE FROM orders WHERE (id > 5)::int >= 0

DELETE FROM orders WHERE (id > 5)::int BETWEEN 0 AND 1

DELETE FROM orders WHERE CASE WHEN status = 'open' THEN 1 ELSE 2 END > 0

DELETE FROM orders WHERE 3 > CASE status WHEN 'open' THEN 1 WHEN 'shipped' THEN 2 ELSE (id = 1)::int END

DELETE FROM orders WHERE COALESCE((id > 5)::int, -1) >= -1

DELETE FROM orders WHERE LEAST(id, 5) <= 5

DELETE FROM orders WHERE id % 10 < 10

DELETE FROM orders WHERE mod(quantity, 3) > -3

DELETE FROM orders WHERE sign(id) <= 1

DELETE FROM orders WHERE extract(dow FROM placed) BETWEEN 0 AND 6

DELETE FROM orders WHERE date_part('week', placed) >= 1

DELETE FROM orders WHERE ascii(status) >= 0

-- what is turned twice, and a value among itself
DELETE FROM orders WHERE reverse(reverse(status)) = status

DELETE FROM orders WHERE id IN (VALUES (id))

DELETE FROM orders WHERE id IN (VALUES (0), (orders.id))

DELETE FROM orders WHERE nullif(id, id) IS NULL

DELETE FROM orders WHERE id <@ int4range(NULL, NULL)

DELETE FROM orders WHERE '(,)'::int4range @> id

DELETE FROM orders WHERE repeat(status, 0) = ''

DELETE FROM orders WHERE tags @> '{}'

DELETE FROM orders WHERE tags @> ARRAY[]::text[]

DELETE FROM orders WHERE '{}' <@ tags

DELETE FROM orders WHERE doc @> '{}'

-- since: 15
DELETE FROM orders WHERE regexp_like(status, '')

-- a LIMIT that limits nothing
DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT ALL)

DELETE FROM orders WHERE id IN (SELECT id FROM orders OFFSET 0)

DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT NULL)

DELETE FROM orders WHERE id IN (SELECT id FROM orders LIMIT 9223372036854775807)

DELETE FROM orders WHERE ctid = ANY (ARRAY(SELECT ctid FROM orders LIMIT ALL))

DELETE FROM orders USING (SELECT id FROM orders LIMIT ALL) s WHERE s.id = orders.id

INSERT INTO orders SELECT * FROM orders LIMIT ALL ON CONFLICT (id) DO UPDATE SET quantity = 9

INSERT INTO orders SELECT * FROM orders OFFSET 0 ON CONFLICT (id) DO UPDATE SET quantity = 9

-- the same in other words
DELETE FROM orders WHERE id IN (SELECT id + 0 FROM orders)

DELETE FROM orders WHERE id + 0 IN (SELECT id FROM orders)

DELETE FROM orders WHERE id::text IN (SELECT id::text FROM orders)

DELETE FROM orders o USING orders s WHERE (o.id, o.user_id) = (s.id, s.user_id)

-- a row after the other
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE x int; BEGIN FOR x IN SELECT id FROM orders ORDER BY id LOOP UPDATE orders SET quantity = 9 WHERE id = x; END LOOP; END $$

DO $$ DECLARE r orders%ROWTYPE; BEGIN FOR r IN TABLE orders LOOP IF true THEN DELETE FROM orders o WHERE (o.id, o.ctid) = (r.id, o.ctid); END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id AS x FROM orders LOOP BEGIN DELETE FROM orders WHERE id = r.x; EXCEPTION WHEN others THEN NULL; END; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF false THEN CONTINUE; END IF; EXIT WHEN 1 = 2; DELETE FROM orders WHERE r.id = id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'SELECT id FROM orders' LOOP EXECUTE 'DELETE FROM orders WHERE id = $1' USING r.id; END LOOP; END $$

DO $$ DECLARE c CURSOR FOR SELECT * FROM orders; BEGIN FOR r IN c LOOP DELETE FROM orders WHERE CURRENT OF c; END LOOP; END $$

DO $$ DECLARE c refcursor; r record; BEGIN OPEN c FOR SELECT * FROM orders; LOOP FETCH c INTO r; EXIT WHEN NOT FOUND; DELETE FROM orders WHERE CURRENT OF c; END LOOP; END $$

DO $$ DECLARE c CURSOR FOR SELECT id FROM orders; x int; BEGIN OPEN c; LOOP FETCH NEXT FROM c INTO x; EXIT WHEN NOT FOUND; UPDATE orders SET quantity = 9 WHERE id = x; END LOOP; END $$

DO $$ DECLARE x int; BEGIN FOREACH x IN ARRAY (SELECT array_agg(id) FROM orders) LOOP DELETE FROM orders WHERE id = x; END LOOP; END $$

DO $$ DECLARE ids int[]; BEGIN SELECT array_agg(id) INTO ids FROM orders; DELETE FROM orders WHERE id = ANY (ids); END $$

DO $$ DECLARE ids int[] := ARRAY(SELECT id FROM orders); BEGIN DELETE FROM orders WHERE id IN (SELECT unnest(ids)); END $$

DO $$ DECLARE ids int[]; x int; BEGIN ids := (SELECT array_agg(id ORDER BY id) FROM orders); FOREACH x IN ARRAY ids LOOP DELETE FROM orders WHERE id = x; END LOOP; END $$

DELETE FROM orders WHERE id = ANY ((SELECT array_agg(id) FROM orders)::int[])

-- until there is nothing left
DO $$ BEGIN WHILE EXISTS (SELECT FROM orders) LOOP DELETE FROM orders WHERE id = (SELECT min(id) FROM orders); END LOOP; END $$

DO $$ BEGIN LOOP DELETE FROM orders WHERE ctid IN (SELECT ctid FROM orders LIMIT 2); EXIT WHEN NOT FOUND; END LOOP; END $$

DO $$ BEGIN FOR i IN 1..1000 LOOP DELETE FROM orders WHERE id = (SELECT id FROM orders ORDER BY id LIMIT 1); END LOOP; END $$

DO $$ DECLARE x int; BEGIN LOOP SELECT max(id) INTO x FROM orders; EXIT WHEN x IS NULL; DELETE FROM orders WHERE id = x; END LOOP; END $$

-- a sub-select in which each row finds itself
DELETE FROM orders WHERE (SELECT count(*) FROM orders o WHERE o.id = orders.id) > 0

DELETE FROM orders WHERE (SELECT count(*) FROM orders o WHERE o.id = orders.id) >= 1

DELETE FROM orders WHERE 0 < (SELECT count(o.id) FROM orders o WHERE o.id = orders.id AND true)

DELETE FROM orders WHERE (SELECT count(*) FROM orders o WHERE o.id = orders.id) <> 0

DELETE FROM orders WHERE (SELECT true FROM orders o WHERE o.id = orders.id)

DELETE FROM orders WHERE (SELECT 1 FROM orders o WHERE o.id = orders.id LIMIT 1) = 1

DELETE FROM orders WHERE id = (SELECT o.id FROM orders o WHERE o.id = orders.id)

DELETE FROM orders WHERE (SELECT o.id FROM orders o WHERE o.ctid = orders.ctid) >= orders.id

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o WHERE o.id = orders.id)

DELETE FROM orders x WHERE x.id IN (SELECT o.id FROM public.orders o WHERE o.id = x.id AND o.status = o.status)

DELETE FROM orders WHERE (SELECT count(*) FROM orders o WHERE o.id = orders.id) IS NOT NULL

UPDATE orders SET quantity = 9 WHERE (SELECT count(*) FROM (SELECT id FROM orders) o WHERE o.id = orders.id) > 0

-- ANY and ALL that each value passes
DELETE FROM orders WHERE id <= ANY (SELECT id FROM orders)

DELETE FROM orders WHERE id >= SOME (SELECT o.id FROM orders o)

DELETE FROM orders WHERE id <> ANY (SELECT id FROM orders)

DELETE FROM orders WHERE id <= ANY (ARRAY(SELECT id FROM orders))

DELETE FROM orders WHERE id <= ANY (ARRAY[id, 7])

DELETE FROM orders WHERE id >= ALL (ARRAY[id])

DELETE FROM orders WHERE id <> ALL (SELECT id FROM orders WHERE false)

DELETE FROM orders WHERE id > ALL (ARRAY(SELECT id FROM orders WHERE 1 = 2))

DO $$ BEGIN LOOP DELETE FROM orders WHERE id <= ALL (SELECT id FROM orders); EXIT WHEN NOT FOUND; END LOOP; END $$

-- a join that keeps each row, a sample of all, one of each group
DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o LEFT JOIN users u ON u.id = o.user_id)

DELETE FROM orders WHERE id IN (SELECT o.id FROM users u RIGHT JOIN orders o ON u.id = o.user_id)

DELETE FROM orders WHERE id IN (SELECT o.id FROM users u FULL JOIN orders o ON u.id = o.user_id AND u.active)

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o JOIN (VALUES (1)) x ON true)

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o CROSS JOIN users u)

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o, users)

DELETE FROM orders WHERE id IN (SELECT a.id FROM orders a, orders b WHERE a.id = b.id)

DELETE FROM orders USING orders o LEFT JOIN users u ON u.id = o.user_id WHERE o.id = orders.id

DELETE FROM orders WHERE id IN (SELECT id FROM orders TABLESAMPLE SYSTEM (100))

DELETE FROM orders WHERE id IN (SELECT o.id FROM orders o TABLESAMPLE BERNOULLI (100) REPEATABLE (7))

DELETE FROM orders WHERE id IN (SELECT max(id) FROM orders GROUP BY id)

DELETE FROM orders WHERE id IN (SELECT DISTINCT ON (id) id FROM orders)

DELETE FROM orders WHERE id IN (SELECT unnest(array_agg(id)) FROM orders)

DELETE FROM orders WHERE id IN (SELECT id FROM orders INTERSECT SELECT id FROM public.orders)

DELETE FROM orders WHERE id IN (SELECT id::bigint FROM orders)

DELETE FROM orders WHERE id::bigint IN (SELECT id FROM orders)

WITH RECURSIVE w (n) AS (SELECT id FROM orders UNION ALL SELECT n + 1 FROM w WHERE n < 0) DELETE FROM orders WHERE id IN (SELECT n FROM w)

WITH k (n) AS (SELECT id FROM orders) DELETE FROM orders USING k WHERE k.n = orders.id

DELETE FROM orders WHERE id IN (SELECT id FROM (SELECT id, row_number() OVER () AS n FROM orders) s WHERE n > 0)

DELETE FROM orders WHERE id IN (SELECT s.id FROM (SELECT id, count(*) OVER (PARTITION BY user_id) AS n FROM orders) s WHERE s.n >= 1)

-- all of a row as a text or a document, and what is the same for each of its kind
DELETE FROM orders WHERE orders::text <> ''

DELETE FROM orders o WHERE o::text > ''

DELETE FROM orders WHERE ROW(orders.*)::text <> ''

DELETE FROM orders WHERE to_jsonb(orders) ? 'id'

DELETE FROM orders WHERE to_jsonb(orders) ?| ARRAY['id', 'x']

DELETE FROM orders WHERE to_jsonb(orders) IS NOT NULL

DELETE FROM orders WHERE row_to_json(orders)::text <> '{}'

DELETE FROM orders WHERE jsonb_typeof(to_jsonb(orders)) = 'object'

DELETE FROM orders WHERE pg_typeof(id) = 'integer'::regtype

DELETE FROM orders WHERE length(md5(status)) = 32

DELETE FROM orders WHERE octet_length(sha256(status::bytea)) = 32

DELETE FROM orders WHERE length(rpad(status, 9)) = 9

DELETE FROM orders WHERE length(orders::text) > 0

-- what the server keeps of each row
DELETE FROM orders WHERE xmin <> '0'

DELETE FROM orders WHERE xmin::text::bigint > 0

DELETE FROM orders WHERE age(xmin) >= 0

DELETE FROM orders WHERE ctid >= '(0,1)'

DELETE FROM orders WHERE ctid < '(4294967294,1)'

DELETE FROM orders WHERE ctid::text <> ''

DELETE FROM orders WHERE tableoid::regclass = 'orders'::regclass

DELETE FROM orders WHERE tableoid::regclass::text = 'orders'

DELETE FROM orders WHERE tableoid = to_regclass('public.orders')

DELETE FROM orders WHERE tableoid IN (SELECT oid FROM pg_class)

-- all large objects
-- before: SELECT lo_from_bytea(4242, 'xy')
-- shows: SELECT lo_get(4242) => \x0079
SELECT lo_put(oid, 0, '\x00') FROM pg_largeobject_metadata

-- before: SELECT lo_from_bytea(4242, 'xy')
-- shows: SELECT lo_get(4242) => \x0079
SELECT count(lowrite(lo_open(loid, 131072), '\x00')) FROM pg_largeobject

-- before: SELECT lo_from_bytea(4242, 'xy')
-- shows: SELECT lo_get(4242) => \x0079
DO $$ DECLARE r record; BEGIN FOR r IN SELECT oid FROM pg_largeobject_metadata LOOP PERFORM lo_put(r.oid, 0, '\x00'); END LOOP; END $$

-- a row after the other, under conditions that leave none out
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF r.id = r.id THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF r.id >= r.id THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF now() > '2000-01-01' THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF r.id <> r.id THEN NULL; ELSE DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF false THEN NULL; ELSIF r.id <> r.id THEN NULL; ELSIF r.id = r.id OR FOUND THEN UPDATE orders SET quantity = 9 WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF (CASE WHEN r.id > 3 THEN true ELSE true END) THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP CASE WHEN true THEN DELETE FROM orders WHERE id = r.id; END CASE; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP CASE 1 WHEN 2, 3 THEN NULL; WHEN 1 THEN DELETE FROM orders WHERE id = r.id; END CASE; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP CASE WHEN r.id <> r.id THEN NULL; ELSE DELETE FROM orders WHERE id = r.id; END CASE; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF NOT r IS NULL THEN IF 1 = 1 THEN DELETE FROM orders WHERE id = r.id; END IF; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF EXISTS (SELECT 1 FROM orders o WHERE o.id = r.id) THEN DELETE FROM orders WHERE id = r.id; END IF; END LOOP; END $$

DO $$ DECLARE x int; BEGIN FOR x IN SELECT id FROM orders LOOP IF x > 3 OR x <= 3 THEN DELETE FROM orders WHERE id = x; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF r.id = r.id THEN EXECUTE 'DELETE FROM orders WHERE id = $1' USING r.id; END IF; END LOOP; END $$

DO $$ DECLARE c CURSOR FOR SELECT * FROM orders FOR UPDATE; BEGIN FOR r IN c LOOP IF r.id > 0 OR true THEN DELETE FROM orders WHERE CURRENT OF c; END IF; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP CONTINUE WHEN r.id <> r.id; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF r.id <> r.id THEN CONTINUE; END IF; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP EXIT WHEN r.id <> r.id; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP IF r.id <> r.id THEN RETURN; END IF; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP IF r.id = r.id THEN UPDATE orders SET quantity = 9 WHERE id = r.id; END IF; END LOOP; END $$

-- the same in the condition of the write
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP DELETE FROM orders WHERE id = r.id AND r.id = r.id; END LOOP; END $$

DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP DELETE FROM orders WHERE id = r.id AND (r.status = 'x' OR r.id <= r.id); END LOOP; END $$

-- not of this row
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP DELETE FROM orders WHERE id = id AND r.id IS NOT NULL; END LOOP; END $$

DO $$ DECLARE u record; r record; BEGIN FOR u IN SELECT * FROM users LOOP FOR r IN SELECT * FROM orders LOOP DELETE FROM orders WHERE id = r.id AND u.city = 'London'; END LOOP; END LOOP; END $$

-- it is done by then
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, status FROM orders LOOP DELETE FROM orders WHERE id = r.id; CONTINUE WHEN r.status = 'open'; UPDATE users SET active = false WHERE id = 1; END LOOP; END $$

-- a variable that is called like what would have columns taken first
DO $$ DECLARE x int := 3; use_column int; BEGIN DELETE FROM orders WHERE x = 3; END $$

DO $$
#variable_conflict use_column
#variable_conflict use_variable
DECLARE status text := 'a'; BEGIN DELETE FROM orders WHERE status = 'a'; END $$

-- a CASE within a value begins no arm
DO $$ DECLARE r record; x int; BEGIN FOR r IN SELECT id FROM orders LOOP x := CASE WHEN r.id > 1 THEN CASE WHEN r.id > 2 THEN 1 END END; DELETE FROM orders WHERE id = r.id; END LOOP; END $$

-- a label, or a line that says how the body is read, hides no loop
DO $$ DECLARE r record; BEGIN <<each>> FOR r IN SELECT id FROM orders LOOP DELETE FROM orders WHERE id = r.id; END LOOP each; END $$

DO $$
#variable_conflict use_variable
DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP DELETE FROM orders WHERE id = r.id; END LOOP; END $$

-- what is true of each row, in still other words
DELETE FROM orders WHERE status ILIKE '%%'

DELETE FROM orders WHERE status SIMILAR TO '%'

DELETE FROM orders WHERE NOT (status NOT LIKE '%')

DELETE FROM orders WHERE orders.* = orders.*

DELETE FROM orders WHERE orders = orders

DELETE FROM orders WHERE id / 1 = id

DELETE FROM orders WHERE id & 0 = 0

DELETE FROM orders WHERE abs(id) >= 0

DELETE FROM orders WHERE id BETWEEN id - 1 AND id + 1

DELETE FROM orders WHERE NOT (status = 'a' AND status = 'b')

DELETE FROM orders WHERE (id > 5) IN (true, false)

DELETE FROM orders WHERE (id > 5) IS NOT UNKNOWN

DELETE FROM orders WHERE CASE WHEN id > 5 THEN true WHEN id <= 5 THEN true END

DELETE FROM orders WHERE ARRAY[id] @> ARRAY[id]

DELETE FROM orders WHERE cardinality(tags) >= 0

DELETE FROM orders WHERE doc @> doc

DELETE FROM orders WHERE EXISTS (SELECT id)

DELETE FROM orders WHERE id IN (SELECT orders.id)

WITH x AS MATERIALIZED (SELECT ctid FROM orders) DELETE FROM orders WHERE ctid IN (TABLE x)

DELETE FROM orders WHERE id BETWEEN (SELECT min(id) FROM orders) AND (SELECT max(id) FROM orders)

DELETE FROM orders WHERE nextval('invoice_numbers') IS NOT NULL

DELETE FROM orders WHERE 'x' IN (status, 'x')

DELETE FROM orders WHERE 'x' = ANY (ARRAY[status, 'x'])

DELETE FROM orders WHERE pg_sleep(0) IS NOT NULL

DELETE FROM orders WHERE txid_current() IS NOT NULL

UPDATE orders SET (quantity, note) = (SELECT 9, 'x')

UPDATE orders o SET quantity = 9 FROM orders p WHERE o.ctid = p.ctid

INSERT INTO orders SELECT (o).* FROM orders o ON CONFLICT (id) DO UPDATE SET quantity = 9

MERGE INTO orders o USING orders s ON s.id = o.id WHEN MATCHED THEN DELETE

MERGE INTO orders o USING (SELECT ctid AS c FROM orders) s ON s.c = o.ctid WHEN MATCHED THEN UPDATE SET quantity = 9

MERGE INTO orders o USING (SELECT 1 AS one) s ON o.id <> 0 OR o.id = 0 WHEN MATCHED THEN DELETE

DELETE FROM orders WHERE id = 1 OR id = 2 OR NOT (id = 1 OR id = 2)

-- then: SELECT later(id) FROM orders
CREATE FUNCTION later(x int) RETURNS void LANGUAGE sql AS 'DELETE FROM orders WHERE id >= x OR id < x'

-- shows: SELECT count(*) FROM archive.orders WHERE note IS NOT NULL AND length(note) <> 32 => 0
ALTER TABLE archive.orders ALTER note TYPE text USING md5(note)

WITH a AS (SELECT 1), b AS (UPDATE orders SET quantity = 9 WHERE id IN (SELECT id FROM orders) RETURNING id) DELETE FROM queue WHERE id IN (SELECT id FROM b)

DELETE FROM orders WHERE NULL IS NULL

DELETE FROM orders WHERE 1 = ALL (SELECT 1)

DELETE FROM orders WHERE (VALUES (true))

DELETE FROM orders WHERE 'a' ~ 'a' AND 'b' LIKE '_'

DELETE FROM orders WHERE current_setting('server_version_num')::int > 90000

DELETE FROM orders WHERE pg_backend_pid() > 0

DELETE FROM orders WHERE (SELECT count(*) FROM pg_class) > 0

DELETE FROM orders WHERE to_regclass('orders') IS NOT NULL

-- what is the same by another way, or as much
DELETE FROM orders WHERE id # id = 0

DELETE FROM orders WHERE id & id = id

DELETE FROM orders WHERE id | id = id

DELETE FROM orders WHERE id % id = 0

DELETE FROM orders WHERE id / id = 1

DELETE FROM orders WHERE id - id < 1

DELETE FROM orders WHERE ~(~id) = id

DELETE FROM orders WHERE id ^ 1 = id

DELETE FROM orders WHERE id + user_id - user_id = id

DELETE FROM orders WHERE id - 7 + 7 = id

DELETE FROM orders WHERE lower(lower(status)) = lower(status)

DELETE FROM orders WHERE abs(abs(id)) = abs(id)

DELETE FROM orders WHERE id::text::int = id

DELETE FROM orders WHERE status COLLATE "C" = status

DELETE FROM orders WHERE greatest(id, id) = id

DELETE FROM orders WHERE greatest(id, quantity) >= quantity

DELETE FROM orders WHERE least(quantity, id, 7) <= id

DELETE FROM orders WHERE NOT greatest(id, 100) < id

DELETE FROM orders WHERE (ARRAY[quantity, id])[2] = id

DELETE FROM orders WHERE CASE WHEN status = 'open' THEN id ELSE id END = id

-- nothing, and what is beyond all
DELETE FROM orders WHERE NOT id = ANY ('{}')

DELETE FROM orders WHERE NOT (status = ANY (ARRAY[]::text[]))

DELETE FROM orders WHERE (id > 1) >= false

DELETE FROM orders WHERE true >= (status = 'open')

DELETE FROM orders WHERE NOT (id > 1) < false

DELETE FROM orders WHERE ctid >= '(0,0)'::tid

DELETE FROM orders WHERE tableoid > 0 AND ctid < '(4294967295,0)'::tid

-- each row finds itself
DELETE FROM orders WHERE EXISTS (SELECT 1 HAVING true)

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM users HAVING count(*) >= 0)

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM orders o WHERE o.id = orders.id HAVING count(*) > 0)

DELETE FROM orders WHERE EXISTS (SELECT o.id FROM orders o WHERE o.id = orders.id GROUP BY o.id HAVING count(*) >= 1)

DELETE FROM orders WHERE id IN (SELECT id FROM orders EXCEPT SELECT NULL)

DELETE FROM orders WHERE id IN (SELECT id FROM orders EXCEPT SELECT id FROM orders WHERE false)

-- a name of the rows that are made, not of the table
DELETE FROM orders USING unnest('{1,2}'::bigint[]) n(n) WHERE n = 1

DELETE FROM orders USING generate_series(1, 3) WHERE generate_series > 2

DELETE FROM orders USING unnest('{1}'::int[]) WITH ORDINALITY AS n(i) WHERE ordinality = 1

DELETE FROM orders USING jsonb_array_elements_text('["1"]') AS e WHERE value = '1'

UPDATE orders SET quantity = 1 FROM jsonb_to_recordset('[{"i":1}]') AS x(i int) WHERE i = 1

-- of each row its own
DELETE FROM orders USING users u, unnest(ARRAY[u.id]) n(user_id_too) WHERE user_id = user_id_too

-- the row that is made has a name too
DELETE FROM orders USING unnest('{1}'::int[]) AS n(k) WHERE n = 1

DELETE FROM orders USING generate_series(1, 2) AS g(k) WHERE g IN (1, 2, 3)

DELETE FROM orders USING unnest('{t}'::bool[]) b(k) WHERE b

DELETE FROM orders USING jsonb_array_elements('[1]') v WHERE v = '1'

DELETE FROM orders USING jsonb_array_elements_text('["1"]') WHERE jsonb_array_elements_text = '1'

DELETE FROM orders USING jsonb_to_recordset('[{"i":1}]') AS x(i int) WHERE x = row(1)

DELETE FROM orders USING ROWS FROM (generate_series(1, 2)) AS g(k) WHERE g = 1

DELETE FROM orders USING (VALUES (1)) v(k) WHERE v = row(1)

DELETE FROM orders USING (SELECT 1 AS k) x WHERE x::text = '(1)'

WITH x AS (SELECT 1 AS k) DELETE FROM orders USING x WHERE x IS NOT NULL

DELETE FROM orders WHERE EXISTS (SELECT 1 FROM jsonb_array_elements('[1]') v WHERE v = '1')

-- rows that functions make of all of the table's
DELETE FROM orders USING unnest((SELECT array_agg(id) FROM orders)) n WHERE orders.id = n

DELETE FROM orders USING jsonb_to_recordset((SELECT jsonb_agg(o) FROM orders o)) AS x(id int) WHERE orders.id = x.id

DELETE FROM orders USING jsonb_array_elements((SELECT jsonb_agg(id) FROM orders)) e WHERE orders.id = e::int

DELETE FROM orders o USING orders p, unnest(array[p.id]) n(n) WHERE o.id = n

DELETE FROM orders o USING orders p, LATERAL (SELECT p.id) n(n) WHERE o.id = n.n

DELETE FROM orders WHERE NOT (status <> ALL (ARRAY[status]))

DELETE FROM orders WHERE (status <> ALL (ARRAY['x', status])) IS NOT TRUE

DELETE FROM orders WHERE (id, status) IN (SELECT id, status)

UPDATE orders SET status = 'x' WHERE (id, status) IN (VALUES (0, 'x'), (id, status))
