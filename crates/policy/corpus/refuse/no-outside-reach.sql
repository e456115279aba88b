-- refuse: no-outside-reach
-- Ways to other servers, files and code.
-- changes: SELECT (SELECT count(*) FROM pg_extension), (SELECT md5(string_agg(x::text, ',')) FROM pg_extension x), (SELECT md5(string_agg(s::text, ',')) FROM pg_foreign_server s), (SELECT md5(string_agg(w::text, ',')) FROM pg_foreign_data_wrapper w), (SELECT count(*) FROM pg_foreign_table), (SELECT count(*) FROM pg_user_mapping), (SELECT count(*) FROM pg_subscription), (SELECT md5(string_agg(p::text, ',')) FROM pg_publication p), (SELECT md5(string_agg(r::text, ',')) FROM pg_publication_rel r), (SELECT count(*) FROM pg_language), (SELECT count(*) FROM pg_am), (SELECT count(*) FROM pg_tablespace), (SELECT md5(string_agg(d::text, ',')) FROM pg_depend d WHERE deptype = 'e')

CREATE EXTENSION citext

create/**/extension if not exists "postgres_fdw" cascade

ALTER EXTENSION dblink ADD TABLE queue

ALTER EXTENSION dblink DROP FUNCTION dblink(text)

CREATE SERVER other FOREIGN DATA WRAPPER file_fdw

CREATE SERVER IF NOT EXISTS other FOREIGN DATA WRAPPER dblink_fdw OPTIONS (host 'elsewhere')

-- not run: file_fdw has no options
ALTER SERVER files OPTIONS (ADD host 'x')

ALTER SERVER files VERSION '2'

CREATE FOREIGN DATA WRAPPER nothing

ALTER FOREIGN DATA WRAPPER dblink_fdw NO VALIDATOR

-- then: SELECT * FROM passwords
CREATE FOREIGN TABLE passwords (line text) SERVER files OPTIONS (filename '/etc/passwd')

-- then: SELECT * FROM passwords
CREATE FOREIGN TABLE pg_temp.passwords (line text) SERVER files OPTIONS (program 'echo x')

CREATE USER MAPPING FOR public SERVER files

CREATE USER MAPPING FOR public SERVER files; DROP USER MAPPING FOR public SERVER files; CREATE USER MAPPING FOR CURRENT_USER SERVER files

-- not run: file_fdw has no schemas
-- returns: 127.0.0.1
IMPORT FOREIGN SCHEMA public FROM SERVER files INTO archive

-- not run: it is not installed here
CREATE LANGUAGE plpython3u

CREATE TRUSTED LANGUAGE mine HANDLER plpgsql_call_handler

CREATE SUBSCRIPTION mine CONNECTION 'host=elsewhere' PUBLICATION changes WITH (connect = false)

CREATE PUBLICATION leak FOR ALL TABLES

CREATE PUBLICATION leak FOR TABLE users (id, email)

ALTER PUBLICATION changes ADD TABLE users

ALTER PUBLICATION changes SET TABLE users, orders

-- not run: it would need an empty folder
-- alone
-- changes: SELECT count(*) FROM pg_tablespace
-- undo: DROP TABLESPACE IF EXISTS elsewhere
CREATE TABLESPACE elsewhere LOCATION '/tmp'

-- not run: a tablespace's options are not among what is compared
ALTER TABLESPACE pg_default SET (random_page_cost = 1)

CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler

-- changes: SELECT count(*) FROM pg_transform
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))

-- not run: a library stays for the rest of the session
LOAD 'auto_explain'

-- a foreign table shows something else
-- then: SELECT 1 FROM hosts WHERE line LIKE 'root:%'
-- changes: SELECT ftoptions FROM pg_foreign_table
ALTER FOREIGN TABLE hosts OPTIONS (SET filename '/etc/passwd')

-- changes: SELECT ftoptions FROM pg_foreign_table
alter/**/table if exists public."hosts" alter line type text, options (drop filename, add program 'echo x')

-- changes: SELECT attfdwoptions FROM pg_attribute WHERE attname = 'line'
ALTER FOREIGN TABLE hosts ALTER COLUMN line OPTIONS (ADD force_null 'true')

-- changes: SELECT ftoptions FROM pg_foreign_table
-- then: SELECT later()
CREATE FUNCTION later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN ALTER FOREIGN TABLE hosts OPTIONS (SET filename '/etc/passwd'); END $$

-- not run: it would need another tablespace
ALTER TABLE orders SET TABLESPACE slow

-- not run: it would need another tablespace
ALTER INDEX orders_by_status SET TABLESPACE slow
