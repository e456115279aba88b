CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port 'PORT', dbname 'DATABASE');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS (user 'USER', password 'PASSWORD');
GRANT USAGE ON FOREIGN SERVER far TO PUBLIC;
SET ROLE shop_owner;
CREATE FOREIGN TABLE far (i int OPTIONS (column_name 'id'), x text OPTIONS (column_name 'email'), n text OPTIONS (column_name 'name'), a int OPTIONS (column_name 'age')) SERVER far OPTIONS (schema_name 'public', table_name 'people');
CREATE FOREIGN TABLE far_plain (i int OPTIONS (column_name 'id'), x text OPTIONS (column_name 'note')) SERVER far OPTIONS (table_name 'visits');
CREATE VIEW near AS SELECT i, reverse(x) AS y, n FROM far;
CREATE FUNCTION fetched() RETURNS SETOF text LANGUAGE sql AS 'SELECT reverse(x) FROM far';
