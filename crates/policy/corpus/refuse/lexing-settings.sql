-- refuse: lexing-settings
-- The same text would mean something else from then on.
-- changes: SELECT current_setting('standard_conforming_strings'), current_setting('client_encoding'), (SELECT md5(string_agg(s::text, ',')) FROM pg_db_role_setting s)

SET standard_conforming_strings = off

set/**/local standard_conforming_strings to 'fals'

SET SESSION "standard_conforming_strings" = 0

SELECT set_config('standard_conforming_strings', 'off', false)

SELECT pg_catalog.set_config('Standard_Conforming_Strings', 'n', true)

SELECT set_config('standard_conforming' || '_strings', 'off', false)

-- not run: its arguments have names from version 18 on, or never
SELECT set_config(is_local => true, new_value => 'off', setting_name => 'standard_conforming_strings')

SELECT set_config(n, 'off', false) FROM (VALUES ('standard_conforming_strings')) v (n)

SELECT set_config(name, 'off', false) FROM pg_settings WHERE name LIKE 'standard_conf%'

UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'

SET client_encoding = 'BIG5'

SET NAMES 'SJIS'

set client_encoding to 'gbk'

SELECT set_config('client_encoding', 'BIG5', false)

-- then: UPDATE s SET setting = 'off' WHERE name = 'standard_conforming_strings'
CREATE VIEW s AS SELECT * FROM pg_settings

SELECT 1; SET standard_conforming_strings = off

-- a condition that was never true is true of NULLs, and its opposite of all else
-- then: DELETE FROM orders WHERE NOT (id = NULL)
-- shows: SELECT count(*) FROM orders => 0
SET transform_null_equals = on

-- shows: SELECT current_setting('transform_null_equals') => on
set/**/local "transform_null_equals" to tru

-- shows: SELECT current_setting('transform_null_equals') => on
SELECT set_config('Transform_Null_Equals', 'yes', true)

-- then: SELECT later()
-- shows: SELECT count(*) FROM orders => 0
CREATE FUNCTION later() RETURNS void LANGUAGE sql SET transform_null_equals = on AS 'DELETE FROM orders WHERE NOT (id = NULL)'
