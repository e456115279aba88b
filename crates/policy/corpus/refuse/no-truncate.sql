-- refuse: no-truncate
-- TRUNCATE, however it is written.
-- shows: SELECT least((SELECT count(*) FROM orders), (SELECT count(*) FROM queue), (SELECT count(*) FROM events)) => 0

TRUNCATE orders

TRUNCATE TABLE ONLY public.orders RESTART IDENTITY CASCADE

truncate/*x*/"orders"

TrUnCaTe U&"\006frders" CONTINUE IDENTITY RESTRICT

TRUNCATE queue, audit_log

TRUNCATE events

TRUNCATE events_2025, events_2026

SELECT 1; TRUNCATE orders

-- as this database names it
-- before: SET search_path = archive, public; CREATE TEMPORARY TABLE archive (id int)
-- shows: SELECT count(*) FROM public.orders => 0
TRUNCATE public.orders

-- a temporary one beside one that lasts
-- before: CREATE TEMPORARY TABLE own (id int)
TRUNCATE own, orders

-- a temporary one of the same name, which is not meant
-- before: SET search_path = public, pg_temp; CREATE TEMPORARY TABLE orders (id int)
TRUNCATE orders

-- it shows nothing any more
-- changes: SELECT relispopulated FROM pg_class WHERE relname = 'sales'
REFRESH MATERIALIZED VIEW sales WITH NO DATA

-- changes: SELECT relispopulated FROM pg_class WHERE relname = 'sales'
refresh/**/materialized view public."sales" with/**/no data

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO LANGUAGE plpgsql $x$ BEGIN TRUNCATE orders; END $x$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE sql AS 'TRUNCATE orders'

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ BEGIN EXECUTE 'TRUNCATE orders'; END $$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ BEGIN EXECUTE $a$TRUNCATE orders$a$ USING 1; END $$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ DECLARE r record; BEGIN FOR r IN SELECT 1 LOOP TRUNCATE orders; END LOOP; END $$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ BEGIN IF 1 = 1 THEN
/* */ TRUNCATE
orders; END IF; END $$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ BEGIN CASE WHEN true THEN TRUNCATE orders; ELSE NULL; END CASE; END $$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
DO $$ BEGIN PERFORM 1/0; EXCEPTION WHEN division_by_zero THEN TRUNCATE orders; END $$

-- changes: SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM pg_class WHERE relname IN ('orders', 'queue')), (SELECT rolsuper FROM pg_authid WHERE rolname = 'corpus_clerk'), (SELECT tgenabled FROM pg_trigger WHERE tgname = 'note_change'), has_table_privilege('corpus_clerk', 'users', 'SELECT'), (SELECT count(*) FROM audit_log)
-- then: SELECT later()
DO $$ BEGIN CREATE FUNCTION later() RETURNS void LANGUAGE sql AS 'TRUNCATE orders'; END $$

DO $$ BEGIN EXECUTE E'TRUNCATE \x6frders'; END $$

DO $$ BEGIN EXECUTE U&'TRUNCATE \006frders'; END $$

DO $$ BEGIN EXECUTE ('TRUNCATE orders'); END $$
