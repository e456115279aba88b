-- Code that shows what it does, and does nothing that a statement may not.

-- then: SELECT f(1)
CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'

CREATE FUNCTION f(n int) RETURNS int RETURN n + 1

CREATE FUNCTION f(n int) RETURNS SETOF orders LANGUAGE sql BEGIN ATOMIC SELECT * FROM orders WHERE id = n; END

CREATE FUNCTION f(n int) RETURNS void BEGIN ATOMIC DELETE FROM orders WHERE id = n; END

CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'DROP TABLE users' -- TRUNCATE orders
$$

-- then: SELECT f(1)
CREATE FUNCTION f(n int) RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM orders WHERE id = n; END'

CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tg_op = 'DELETE' OR tg_op = 'TRUNCATE' THEN RETURN old; END IF;
    new.deleted_at := now();
    RETURN new;
END $$

CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS 'DECLARE a int; BEGIN UPDATE orders SET quantity = 2 WHERE id = n RETURNING id INTO STRICT a; RETURN a; END'

CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM queue WHERE id = 1 FOR UPDATE; RAISE NOTICE 'DROP TABLE users'; END $$

CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN INSERT INTO queue VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET taken = true; END $$

CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TEMP TABLE IF NOT EXISTS scratch (id int) ON COMMIT DROP; INSERT INTO scratch VALUES (1); END $$

CREATE PROCEDURE p(n int) LANGUAGE sql AS $$ UPDATE orders SET quantity = 1 WHERE id = n; DELETE FROM queue WHERE id = n $$

CALL close_order(1)

SELECT twice(21), public.twice(n => 4)

CREATE TRIGGER again BEFORE UPDATE ON queue FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()

CREATE RULE again AS ON INSERT TO audit_log DO ALSO DELETE FROM queue WHERE payload = new.what

CREATE AGGREGATE longest(text) (sfunc = textcat, stype = text)

CREATE OPERATOR <-> (leftarg = text, rightarg = text, function = text_larger)

CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT id FROM orders; RETURN NEXT 1; END $$

CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP CONTINUE WHEN r.id > 3; END LOOP; RETURN 'x'; END $$

DO $$ BEGIN INSERT INTO queue VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET taken = true; END $$

DO $$ DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM orders; IF n < 0 THEN RAISE NOTICE 'drop table orders'; END IF; END $$

-- what drizzle-kit writes
DO $$ BEGIN
 CREATE TYPE "public"."mood" AS ENUM('sad', 'ok', 'drop table users;');
EXCEPTION
 WHEN duplicate_object THEN null;
END $$

-- what drizzle-kit writes
DO $$ BEGIN
 ALTER TABLE "orders" ADD CONSTRAINT "orders_user_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;
EXCEPTION
 WHEN duplicate_object THEN null;
END $$

DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('a'); END IF; END $$

DO $$ BEGIN IF to_regclass('orders') IS NOT NULL THEN ALTER TABLE orders ADD COLUMN IF NOT EXISTS extra text; COMMENT ON COLUMN orders.extra IS 'TRUNCATE'; END IF; END $$

DO $$ DECLARE n bigint; BEGIN EXECUTE 'SELECT count(*) FROM orders' INTO n; RAISE NOTICE '%', n; END $$

DO $$ BEGIN LOCK TABLE orders IN SHARE MODE; SET LOCAL statement_timeout = 0; CREATE INDEX IF NOT EXISTS orders_by_status ON orders (status); END $$

-- then: SELECT * FROM listed()
CREATE FUNCTION listed() RETURNS SETOF orders LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'SELECT * FROM orders WHERE id = $1' USING 1; END $$

DO $$ DECLARE comment text; lock int := 1; BEGIN comment := 'set'; lock := 2; END $$

-- before: SELECT lo_from_bytea(4242, 'xy')
SELECT lo_put(4242, 0, '\x00')

SELECT count(*) FROM pg_largeobject_metadata

-- before: CREATE SCHEMA plans; CREATE FUNCTION plans.schedule(text, text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $2'
SELECT plans.schedule('* * * * *', 'TRUNCATE orders')
