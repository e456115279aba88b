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

DROP ROUTINE IF EXISTS public.twice(integer) CASCADE

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
