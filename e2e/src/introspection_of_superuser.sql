CREATE FOREIGN DATA WRAPPER paper;
CREATE SERVER archive TYPE 'paper' VERSION '1' FOREIGN DATA WRAPPER paper OPTIONS (shelf '7');
GRANT USAGE ON FOREIGN SERVER archive TO shop_owner;
CREATE USER MAPPING FOR shop_owner SERVER archive OPTIONS ("user" 'ada', password 'opensesame');
CREATE FOREIGN TABLE hr.archived (id int, email text OPTIONS (page '2')) SERVER archive OPTIONS (book '3');
CREATE FUNCTION hr.watch() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
CREATE EVENT TRIGGER watches ON ddl_command_start WHEN TAG IN ('DROP SEQUENCE') EXECUTE FUNCTION hr.watch();
CREATE PUBLICATION people_too FOR TABLE hr.people (id, email) WHERE (id > 0);
CREATE CAST (hr.level AS int) WITH INOUT;
