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
