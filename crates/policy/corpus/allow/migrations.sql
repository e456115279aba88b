-- What migrations do that takes nothing away.

CREATE TABLE notes (id bigserial PRIMARY KEY, body text NOT NULL)

CREATE TABLE IF NOT EXISTS orders (id int)

CREATE TABLE order_copy (LIKE orders INCLUDING ALL)

CREATE TABLE snapshot AS SELECT * FROM orders

ALTER TABLE orders ADD COLUMN extra text DEFAULT 'drop'

ALTER TABLE orders ADD COLUMN IF NOT EXISTS extra text, ALTER COLUMN status DROP NOT NULL, ALTER COLUMN status SET NOT NULL

ALTER TABLE orders ALTER COLUMN status DROP DEFAULT

ALTER TABLE orders ALTER COLUMN note SET DEFAULT 'none'

ALTER TABLE orders ALTER COLUMN doc SET STORAGE EXTERNAL, ALTER COLUMN status SET STATISTICS 500

ALTER TABLE orders RENAME COLUMN note TO remark

ALTER TABLE orders RENAME TO old_orders

ALTER VIEW open_orders RENAME TO orders_that_are_open

ALTER INDEX orders_by_status RENAME TO by_status

ALTER SEQUENCE invoice_numbers RESTART WITH 100

ALTER TABLE orders ADD CONSTRAINT small CHECK (quantity < 1000) NOT VALID

ALTER TABLE orders VALIDATE CONSTRAINT positive

ALTER TABLE queue ADD UNIQUE (payload)

ALTER TABLE orders ENABLE TRIGGER ALL

ALTER TABLE orders ENABLE ROW LEVEL SECURITY

ALTER TABLE orders FORCE ROW LEVEL SECURITY

ALTER EVENT TRIGGER note_command ENABLE

ALTER TYPE mood ADD VALUE 'merry' AFTER 'calm'

ALTER TYPE place ADD ATTRIBUTE country text

ALTER DOMAIN cents ADD CONSTRAINT sane CHECK (VALUE < 100000000)

CREATE INDEX ON orders (user_id) WHERE status = 'open'

CREATE UNIQUE INDEX IF NOT EXISTS one_open ON orders (user_id, product_id, id)

-- alone
CREATE INDEX CONCURRENTLY orders_by_user ON orders (user_id)

-- alone
REINDEX INDEX CONCURRENTLY orders_by_status

CREATE VIEW paid_orders AS SELECT * FROM orders WHERE status = 'paid'

CREATE OR REPLACE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open' AND deleted_at IS NULL

CREATE MATERIALIZED VIEW cities AS SELECT city, count(*) FROM users GROUP BY city

REFRESH MATERIALIZED VIEW sales

CREATE SCHEMA IF NOT EXISTS reports

CREATE SEQUENCE ticket_numbers OWNED BY orders.id

CREATE TYPE size AS ENUM ('small', 'large')

CREATE TYPE range_of_cents AS RANGE (subtype = int4)

CREATE DOMAIN postcode AS text CHECK (VALUE ~ '^[0-9]{4}$')

-- since: 16
CREATE STATISTICS ON user_id, product_id FROM orders

CREATE STATISTICS more_kinds (dependencies) ON user_id, product_id FROM orders

-- partitions
CREATE TABLE events_2027 PARTITION OF events FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')

ALTER TABLE events DETACH PARTITION events_2025

CREATE TABLE events_other (day date NOT NULL, what text NOT NULL); ALTER TABLE events ATTACH PARTITION events_other DEFAULT

CREATE TABLE events_2024 (LIKE events INCLUDING DEFAULTS); ALTER TABLE events_2024 ADD CHECK (day < '2025-01-01')

ANALYZE orders

-- alone
VACUUM (ANALYZE) orders

CLUSTER orders USING orders_pkey

-- not run: PostgreSQL takes no such cast for an enum
CREATE CAST (mood AS int) WITHOUT FUNCTION

ALTER TABLE users ALTER COLUMN active TYPE text USING active::text

ALTER TABLE users ALTER COLUMN city TYPE varchar(200), ALTER COLUMN id TYPE bigint USING (id::text)::bigint

ALTER TABLE orders ALTER COLUMN deleted_at DROP NOT NULL

ALTER DOMAIN cents DROP DEFAULT

ALTER TYPE mood RENAME VALUE 'cross' TO 'angry'

CREATE POLICY only_own ON orders AS RESTRICTIVE USING (user_id = 1)

REFRESH MATERIALIZED VIEW sales WITH DATA

CREATE TRIGGER mark AFTER INSERT ON users FOR EACH STATEMENT EXECUTE FUNCTION note_change()

ALTER FUNCTION twice(int) SECURITY INVOKER STABLE

CREATE OR REPLACE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n + n'

ALTER TABLE orders SET (fillfactor = 70)

ALTER VIEW open_orders ALTER COLUMN status SET DEFAULT 'open'

-- alone
-- undo: DROP DATABASE another
CREATE DATABASE another
