-- A dangerous statement that is only a text, a comment or a name.

SELECT 'DROP TABLE users'

SELECT 'it''s; DROP TABLE users; --'

SELECT E'\'; DROP TABLE users; --'

SELECT 'x\', '; DROP TABLE users; --'

SELECT $$ '; DELETE FROM orders; $$

SELECT $do$ DO $$ BEGIN DROP TABLE users; END $$ $do$

SELECT U&'\0044ROP TABLE users'

SELECT U&'d!0072op table users' UESCAPE '!'

SELECT 'DROP'
' TABLE users'

SELECT 1 -- ; DROP TABLE users

SELECT 1 /* ; DROP TABLE users; /* TRUNCATE orders; */ DELETE FROM orders */

/* DELETE FROM orders; */ SELECT count(*) FROM orders

SELECT "table", "where", "delete", "grant", "truncate" FROM "drop"

SELECT "drop"."delete" FROM "drop" WHERE "drop"."where" = 'here'

SELECT d.truncate, d.grant FROM "drop" AS d

SELECT id AS drop, status AS delete, quantity AS truncate FROM orders

SELECT 1 AS "DROP TABLE users"

SELECT 1 AS "x; DELETE FROM orders"

INSERT INTO audit_log (what) VALUES ('DELETE FROM orders'), ('TRUNCATE users; DROP DATABASE shop')

INSERT INTO audit_log (what) VALUES ('ALTER SYSTEM SET log_statement = ''none''')

UPDATE orders SET note = 'DELETE FROM orders' WHERE id = 1

UPDATE "drop" SET "where" = 'WHERE true', "grant" = 'GRANT ALL' WHERE "table" = 1

SELECT count(*) FROM orders WHERE note = 'x'' OR 1 = 1 --'

SELECT count(*) FROM orders WHERE note LIKE '%DROP TABLE%' OR status = 'COPY x TO PROGRAM ''sh'''

SELECT to_tsvector('english', 'Grant and Lee dropped the table') @@ to_tsquery('drop & table')

SELECT format('DROP TABLE %I', relname) FROM pg_class WHERE relname = 'users'

SELECT string_agg('TRUNCATE ' || quote_ident(relname), '; ') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'archive'::regnamespace

SELECT 'pg_read_file(''/etc/passwd'')', 'pg_terminate_backend(1)'

SELECT proname FROM pg_proc WHERE proname IN ('pg_read_file', 'dblink', 'pg_terminate_backend')

SELECT has_function_privilege('pg_read_file(text)', 'EXECUTE')

SELECT regexp_replace('drop table users', 'drop (table)', '\1')

SELECT pg_get_viewdef('open_orders'::regclass), pg_get_functiondef('twice(int)'::regprocedure)

COMMENT ON TABLE orders IS 'do not DROP TABLE orders; DELETE FROM orders is as bad'

COMMENT ON COLUMN orders.note IS 'GRANT me patience'

SELECT '{"query": "DELETE FROM orders"}'::jsonb ->> 'query'

SELECT 'a;b;c' AS "semi;colons"; SELECT ';'

;;

-- nothing at all
/* DROP TABLE users */

VALUES ('SET session_replication_role = replica'), ('RESET ALL')

SELECT current_setting('session_replication_role'), current_setting('standard_conforming_strings')

SHOW session_replication_role
