-- refuse: no-drop
-- Something else than a table goes.
-- changes: SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type), (SELECT count(*) FROM pg_attribute WHERE NOT attisdropped), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_policy), (SELECT count(*) FROM pg_rewrite), (SELECT count(*) FROM pg_operator), (SELECT count(*) FROM pg_event_trigger), (SELECT count(*) FROM pg_collation), (SELECT count(*) FROM pg_ts_config), (SELECT count(*) FROM pg_statistic_ext), (SELECT count(*) FROM pg_publication), (SELECT count(*) FROM pg_foreign_server)

DROP VIEW open_orders

drop view if exists nothing, open_orders cascade

DROP MATERIALIZED VIEW sales

DROP INDEX orders_by_status

DROP INDEX/* */IF EXISTS public.orders_by_status

-- alone
DROP INDEX CONCURRENTLY orders_by_status

DROP SEQUENCE invoice_numbers

DROP FUNCTION twice(int)

DROP FUNCTION twice

DROP ROUTINE IF EXISTS public.twice(integer)

DROP PROCEDURE close_order

DROP AGGREGATE product(integer)

DROP OPERATOR === (integer, integer)

DROP TYPE mood

DROP TRIGGER note_change ON orders

DROP EVENT TRIGGER note_command

DROP RULE keep_entries ON ledger

DROP POLICY own_orders ON orders

DROP COLLATION german

DROP TEXT SEARCH CONFIGURATION plain

DROP STATISTICS order_kinds

DROP PUBLICATION changes

ALTER TABLE queue DROP COLUMN taken CASCADE

ALTER TABLE users DROP active

ALTER TABLE ONLY public.orders ADD extra int, DROP COLUMN IF EXISTS status CASCADE

alter/**/table users DrOp "active"

ALTER TABLE IF EXISTS events DROP COLUMN what

SELECT 1; DROP VIEW open_orders

-- before: CREATE TEMPORARY TABLE own (id int)
ALTER TABLE own ALTER id SET DEFAULT 1; ALTER TABLE users DROP COLUMN active

-- changes: SELECT home FROM users WHERE id = 1
-- before: UPDATE users SET home = ('Elm Street', 'Boston') WHERE id = 1
ALTER TYPE place DROP ATTRIBUTE town

ALTER TYPE place DROP ATTRIBUTE IF EXISTS street CASCADE

-- what is a part of something
ALTER TABLE orders ALTER COLUMN id DROP IDENTITY

alter/**/table only public."users" add extra int, alter id drop identity if exists

-- changes: SELECT count(*) FROM pg_ts_config_map
ALTER TEXT SEARCH CONFIGURATION plain DROP MAPPING FOR word, asciiword

-- changes: SELECT count(*) FROM pg_ts_config_map
alter text search configuration public.plain drop mapping if exists for "word"

-- before: CREATE OPERATOR FAMILY sizes USING btree; ALTER OPERATOR FAMILY sizes USING btree ADD OPERATOR 1 < (text, text), FUNCTION 1 bttextcmp(text, text)
-- changes: SELECT (SELECT count(*) FROM pg_amop), (SELECT count(*) FROM pg_amproc)
ALTER OPERATOR FAMILY sizes USING btree DROP OPERATOR 1 (text, text), FUNCTION 1 (text, text)

-- the session's own among others, and what only looks like it
-- before: CREATE FUNCTION pg_temp.helper() RETURNS int LANGUAGE sql AS 'SELECT 1'
DROP FUNCTION pg_temp.helper, twice

-- before: CREATE FUNCTION pg_temp.helper() RETURNS int LANGUAGE sql AS 'SELECT 1'
DO $$ BEGIN DROP FUNCTION pg_temp.helper(); DROP FUNCTION twice(int); END $$

-- before: CREATE TEMPORARY TABLE own (id int); CREATE INDEX own_ids ON own (id)
DROP INDEX own_ids, orders_by_status

CREATE TEMPORARY VIEW own AS SELECT 1; DROP VIEW own, open_orders

CREATE TEMPORARY TABLE own (id int); CREATE INDEX own_ids ON own (id); ALTER INDEX orders_by_status RENAME TO own_ids_2; DROP INDEX own_ids_2

-- before: CREATE TABLE public.pg_temp (id int); CREATE TRIGGER note AFTER INSERT ON pg_temp FOR EACH STATEMENT EXECUTE FUNCTION note_change()
DROP TRIGGER note ON pg_temp

-- the name is taken by what lasts
-- before: SET search_path = public, pg_temp
CREATE TEMPORARY VIEW own AS SELECT 1; ALTER VIEW open_orders RENAME TO own; DROP VIEW own

-- before: SET search_path = public, pg_temp
CREATE TEMPORARY TABLE own (id int); CREATE INDEX own_ids ON own (id); ALTER INDEX orders_by_status RENAME TO own_ids; DROP INDEX own_ids
