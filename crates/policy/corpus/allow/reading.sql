-- Queries that look like more than they are.

SELECT * FROM orders WHERE 1 = 1

SELECT count(*) FROM orders o, users u WHERE o.user_id = u.id OR true

WITH RECURSIVE t (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT sum(n) FROM t

WITH "delete" AS (SELECT * FROM orders) SELECT count(*) FROM "delete"

WITH truncate AS (SELECT 1 AS drop) SELECT drop FROM truncate

SELECT max(id) FROM (SELECT id FROM orders UNION SELECT id FROM archive.orders) AS "update"

TABLE products

VALUES (1, 'drop'), (2, 'table')

SELECT id, rank() OVER (PARTITION BY status ORDER BY quantity) FROM orders

SELECT * FROM orders TABLESAMPLE BERNOULLI (50)

SELECT array_agg(o.id ORDER BY o.id) FILTER (WHERE o.status = 'open') FROM orders o

SELECT xmlelement(name drop, xmlattributes('x' AS "table"))

SELECT ts_rank(to_tsvector('a'), to_tsquery('a')), ts_headline('grant', to_tsquery('grant'))

SELECT digest('drop table', 'sha256')

SELECT * FROM normal_rand(2, 0, 1)

SELECT pg_size_pretty(pg_total_relation_size('orders')), pg_relation_filenode('orders')

SELECT pg_get_serial_sequence('orders', 'id'), to_regclass('public.orders'), 'users'::regclass

SELECT obj_description('orders'::regclass), col_description('orders'::regclass, 1)

SELECT * FROM information_schema.tables WHERE table_name = 'orders'

SELECT grantee, privilege_type FROM information_schema.role_table_grants WHERE table_name = 'orders'

SELECT tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal

SELECT rolname, rolsuper FROM pg_roles

SELECT extname, extversion FROM pg_extension

SELECT subname, subenabled FROM pg_subscription

SELECT name, setting FROM pg_settings WHERE name = 'session_replication_role'

SELECT srvname FROM pg_foreign_server; SELECT * FROM pg_user_mappings

SELECT line FROM hosts LIMIT 1

SELECT usename, query FROM pg_stat_activity WHERE query ILIKE '%drop table%'

SELECT generate_series(1, 3), unnest(ARRAY['drop', 'table'])

SELECT CASE WHEN status = 'open' THEN 'drop' END FROM orders

SELECT row_to_json(o) FROM orders o

SELECT * FROM json_to_recordset('[{"drop": 1}]') AS x ("drop" int)

SELECT (home).town, (home).street FROM users

SELECT users.name, u.id FROM users, orders u

SELECT copy, function, trigger, procedure FROM (VALUES (1, 2, 3, 4)) AS v (copy, function, trigger, procedure)

SELECT o.id AS "set role postgres" FROM orders o WHERE o.note IS NULL
