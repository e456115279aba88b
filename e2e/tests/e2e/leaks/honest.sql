-- asks
---
DO $$begin update accounts_# set plan = 'silver' where email like 'a1%'; end$$
---
SELECT 1

CREATE TABLE raw_# (a text, b text)
---
INSERT INTO accounts_# (id, email, plan) SELECT * FROM unnest('{21,22}'::int[], '{u21@b.example,u22@b.example}'::varchar[], '{free,gold}'::text[]) RETURNING id; INSERT INTO accounts_# (id, plan) SELECT * FROM (VALUES (23, 'free')) v; WITH x AS (SELECT a, b FROM raw_#) INSERT INTO accounts_# (status, plan) SELECT * FROM x; INSERT INTO accounts_# (id, email, plan) SELECT x.* FROM unnest('{24}'::int[], '{u24@b.example}'::text[], '{free}'::text[]) x (id, email, plan); INSERT INTO accounts_# (id, plan) SELECT * FROM json_to_recordset('[{"id":25,"plan":"free"}]') AS x (id int, plan text); INSERT INTO accounts_# (id) SELECT v.* FROM (VALUES (26)) v (id) WHERE NOT EXISTS (SELECT 1 FROM accounts_# WHERE accounts_#.id = v.id)
---
SELECT * FROM raw_#

-- asks
---
DO $$begin if not exists (select 1 from information_schema.columns where table_name = 'accounts_#' and column_name = 'z') then alter table accounts_# add column z text; end if; update accounts_# set plan = 'silver' where email like 'a1%'; end$$
---
SELECT 1

-- asks
---
DO $$declare changed int; begin update accounts_# set plan = 'legacy', n = n + 1 where email like '%@old.example'; get diagnostics changed = row_count; raise notice '% rows', changed; end$$
---
SELECT 1

CREATE TABLE ja_# (id int, email text, plan text, d date) PARTITION BY RANGE (d); CREATE TABLE ja1_# PARTITION OF ja_# FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); INSERT INTO ja_# VALUES (1, 'a@b.example', 'free', '2020-02-02')
---
BEGIN; CREATE TABLE ja3_# (LIKE ja_# INCLUDING ALL); ALTER TABLE ja_# ATTACH PARTITION ja3_# FOR VALUES FROM ('2022-01-01') TO ('2023-01-01'); INSERT INTO ja_# VALUES (3, 'c@b.example', 'free', '2022-06-06'); COMMIT
---
SELECT id, plan, d FROM ja_# ORDER BY id; SELECT id, plan, d FROM ja3_#

CREATE TABLE ja_# (id int, email text, plan text, d date) PARTITION BY RANGE (d); CREATE TABLE ja1_# PARTITION OF ja_# FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); INSERT INTO ja_# VALUES (1, 'a@b.example', 'free', '2020-02-02')
---
BEGIN; CREATE TABLE ja2_# PARTITION OF ja_# FOR VALUES FROM ('2021-01-01') TO ('2022-01-01'); INSERT INTO ja_# (id, email, plan, d) VALUES (2, 'c@b.example', 'free', '2021-06-06'); INSERT INTO ja_# VALUES (3, 'c@b.example', 'gold', '2021-06-07'); COMMIT
---
SELECT id, plan, d FROM ja_# ORDER BY id; SELECT id, plan, d FROM ja2_# ORDER BY id

CREATE TABLE ja_# (id int, email text, plan text, d date) PARTITION BY RANGE (d); CREATE TABLE ja1_# PARTITION OF ja_# FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE FUNCTION next_month_#() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE TABLE IF NOT EXISTS ja2_# PARTITION OF ja_# FOR VALUES FROM ('2021-01-01') TO ('2022-01-01'); END $$
---
BEGIN; SELECT next_month_#(); INSERT INTO ja_# VALUES (2, 'c@b.example', 'free', '2021-06-06'); COMMIT; INSERT INTO ja_# VALUES (3, 'c@b.example', 'free', '2021-06-06')
---
SELECT id, plan, d FROM ja_# ORDER BY id; SELECT id, plan, d FROM ja2_# ORDER BY id

CREATE TABLE ja_# (id int, email text, plan text, d date) PARTITION BY RANGE (d); CREATE TABLE ja1_# PARTITION OF ja_# FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE TABLE ja2_# PARTITION OF ja_# FOR VALUES FROM ('2021-01-01') TO ('2022-01-01'); INSERT INTO ja_# VALUES (1, 'a@b.example', 'free', '2020-02-02')
---
BEGIN; ALTER TABLE ja_# DETACH PARTITION ja1_#; CREATE TABLE ja1a_# (LIKE ja_# INCLUDING ALL); INSERT INTO ja1a_# SELECT * FROM ja1_#; COMMIT
---
SELECT id, plan, d FROM ja1a_#

CREATE TABLE ja_# (id int, email text, plan text, d date) PARTITION BY RANGE (d); CREATE TABLE ja1_# PARTITION OF ja_# FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE TABLE kept_# (id int, email text, plan text, d date); INSERT INTO ja_# VALUES (1, 'a@b.example', 'free', '2020-02-02')
---
BEGIN; ALTER TABLE ja_# DETACH PARTITION ja1_#; INSERT INTO kept_# SELECT * FROM ja1_#; INSERT INTO kept_# SELECT id, email, plan, d FROM ja1_#; COMMIT
---
SELECT id, plan, d FROM kept_#; SELECT id, plan, d FROM ja1_#

CREATE TABLE o_# (id int, person int, status text); INSERT INTO o_# VALUES (1, 1, 'open'), (2, 1, 'paid'); CREATE MATERIALIZED VIEW hj_# AS SELECT o.status, count(*) AS n FROM o_# o JOIN accounts_# p ON p.id = o.person GROUP BY o.status
---
BEGIN; ALTER TABLE accounts_# ADD COLUMN nick2 text; REFRESH MATERIALIZED VIEW hj_#; COMMIT
---
SELECT status, n FROM hj_# ORDER BY status

ALTER TABLE accounts_# ADD COLUMN qty int
---
BEGIN; ALTER TABLE accounts_# ALTER COLUMN qty TYPE bigint; ALTER TABLE accounts_# ADD COLUMN made date; UPDATE accounts_# SET made = '2020-01-01' WHERE id = 1; COMMIT
---
SELECT id, qty, made FROM accounts_# ORDER BY id

CREATE TABLE django_migrations_# (id serial, app text, name text, applied date)
---
BEGIN; ALTER TABLE "accounts_#" ADD COLUMN "is_active" boolean DEFAULT true NOT NULL; ALTER TABLE "accounts_#" ALTER COLUMN "is_active" DROP DEFAULT; UPDATE "accounts_#" SET "is_active" = false WHERE "accounts_#"."status" = 'closed'; INSERT INTO "django_migrations_#" ("app", "name", "applied") VALUES ('shop', '0002_active', '2022-01-01') RETURNING "django_migrations_#"."id"; COMMIT
---
SELECT id, is_active FROM accounts_# ORDER BY id; SELECT * FROM django_migrations_#

---
BEGIN; ALTER TABLE accounts_# ADD COLUMN level int; UPDATE accounts_# SET level = CASE WHEN plan = 'free' THEN 0 ELSE n * 10 END; ALTER TABLE accounts_# ALTER COLUMN level SET NOT NULL; CREATE INDEX ON accounts_# (level); COMMIT
---
SELECT id, level FROM accounts_# ORDER BY id

---
BEGIN; ALTER TABLE accounts_# ALTER COLUMN n TYPE bigint USING n::bigint; UPDATE accounts_# SET n = n + 1 WHERE id = 1; INSERT INTO accounts_# (id, email, plan) VALUES (9, 'z@b.example', 'free'); COMMIT
---
SELECT 1

-- asks
---
BEGIN; ALTER TABLE accounts_# RENAME COLUMN plan TO tier; UPDATE accounts_# SET tier = 'gold' WHERE id = 1; ALTER TABLE accounts_# RENAME COLUMN tier TO plan; COMMIT
---
SELECT 1

CREATE TABLE schema_migrations_# (version text)
---
BEGIN; CREATE TABLE memberships_# (id bigserial PRIMARY KEY, account_id int NOT NULL, role varchar, created_at date); CREATE INDEX ON memberships_# (account_id); ALTER TABLE memberships_# ADD CONSTRAINT fk_# FOREIGN KEY (account_id) REFERENCES accounts_# (id); INSERT INTO schema_migrations_# (version) VALUES ('20220101'); COMMIT; INSERT INTO memberships_# (account_id, role) SELECT id, 'member' FROM accounts_# ORDER BY id
---
SELECT id, account_id, role FROM memberships_# ORDER BY id; SELECT * FROM schema_migrations_#

---
BEGIN; CREATE TABLE memberships_# (id bigserial PRIMARY KEY, account_id int NOT NULL REFERENCES accounts_# (id), role varchar, created_at date); INSERT INTO memberships_# (account_id, role) SELECT id, 'member' FROM accounts_# ORDER BY id; UPDATE memberships_# SET role = 'owner' WHERE account_id = 1; COMMIT
---
SELECT id, account_id, role FROM memberships_# ORDER BY id

CREATE TABLE alembic_version_# (version_num varchar(32)); INSERT INTO alembic_version_# VALUES ('aa11')
---
BEGIN; ALTER TABLE accounts_# ADD COLUMN locale varchar(5); UPDATE accounts_# SET locale = 'en' WHERE locale IS NULL; ALTER TABLE accounts_# ALTER COLUMN locale SET NOT NULL; ALTER TABLE accounts_# ADD CONSTRAINT ck_# CHECK (locale IN ('en', 'de')); UPDATE alembic_version_# SET version_num = 'bb22' WHERE alembic_version_#.version_num = 'aa11'; COMMIT
---
SELECT id, locale FROM accounts_# ORDER BY id; SELECT * FROM alembic_version_#

CREATE TABLE flyway_schema_history_# (installed_rank int, version text, description text, success bool)
---
BEGIN; SELECT pg_advisory_xact_lock(4242); CREATE TABLE addresses_# (id int, account_id int, kind text); INSERT INTO addresses_# VALUES (1, 1, 'home'); ALTER TABLE accounts_# DROP COLUMN created; ALTER TABLE accounts_# ADD COLUMN created date DEFAULT '2020-01-01'; INSERT INTO flyway_schema_history_# VALUES (1, '1.1', 'add addresses', true); COMMIT
---
SELECT * FROM addresses_#; SELECT * FROM flyway_schema_history_#

---
CREATE TYPE "Role_#" AS ENUM ('USER', 'ADMIN'); ALTER TABLE accounts_# ADD COLUMN role "Role_#" NOT NULL DEFAULT 'USER'; UPDATE accounts_# SET role = 'ADMIN' WHERE id = 1
---
SELECT id, role FROM accounts_# ORDER BY id

CREATE TYPE "Role_#" AS ENUM ('USER', 'ADMIN'); ALTER TABLE accounts_# ADD COLUMN role "Role_#" NOT NULL DEFAULT 'USER'
---
ALTER TYPE "Role_#" ADD VALUE 'OWNER'; UPDATE accounts_# SET role = 'OWNER' WHERE id = 1
---
SELECT id, role FROM accounts_# ORDER BY id

---
CREATE TABLE staging_# (LIKE accounts_# INCLUDING ALL); INSERT INTO staging_# SELECT * FROM accounts_#; UPDATE staging_# SET n = n + 1 WHERE plan = 'free'; BEGIN; ALTER TABLE accounts_# RENAME TO accounts_#_old; ALTER TABLE staging_# RENAME TO accounts_#; COMMIT
---
SELECT id, plan, n FROM accounts_#_old ORDER BY id

---
BEGIN; CREATE TABLE staging_# (LIKE accounts_# INCLUDING ALL); INSERT INTO staging_# SELECT * FROM accounts_#; ALTER TABLE accounts_# RENAME TO accounts_#_old; ALTER TABLE staging_# RENAME TO accounts_#; COMMIT
---
SELECT id, plan, n FROM accounts_#_old ORDER BY id

CREATE TABLE report_# (status text, accounts bigint, total bigint)
---
BEGIN; DELETE FROM report_# WHERE true; INSERT INTO report_# SELECT status, count(*), sum(n) FROM accounts_# GROUP BY status; COMMIT
---
SELECT * FROM report_# ORDER BY status

CREATE TABLE staging_# (id int, email text, full_name text, plan text)
---
COPY staging_# FROM STDIN;
4	d@b.example	Dora Dean	gold
1	a1@b.example	Alice Stone	gold
\.
INSERT INTO accounts_# (id, email, full_name, plan) SELECT id, email, full_name, plan FROM staging_# ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, n = accounts_#.n + 1
---
SELECT id, plan FROM staging_# ORDER BY id

-- asks
CREATE TABLE staging_# (id int, email text, full_name text, plan text); INSERT INTO staging_# VALUES (4, 'd@b.example', 'Dora Dean', 'gold'), (1, 'a1@b.example', 'Alice Stone', 'gold')
---
MERGE INTO accounts_# a USING staging_# s ON a.email = s.email WHEN MATCHED THEN UPDATE SET plan = s.plan, n = a.n + 1 WHEN NOT MATCHED THEN INSERT (id, email, full_name, plan) VALUES (s.id, s.email, s.full_name, s.plan)
---
SELECT id, plan FROM staging_# ORDER BY id

---
BEGIN; CREATE TEMP TABLE staging_# (id int, email text, full_name text, plan text) ON COMMIT DROP; INSERT INTO staging_# VALUES (4, 'd@b.example', 'Dora Dean', 'gold'), (1, 'a1@b.example', 'Alice Stone', 'gold'); INSERT INTO accounts_# AS a (id, email, full_name, plan) SELECT id, email, full_name, plan FROM staging_# ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, n = a.n + 1; COMMIT
---
SELECT 1

CREATE UNIQUE INDEX ON accounts_# (email)
---
INSERT INTO accounts_# (id, email, full_name, plan) VALUES (8, 'a1@b.example', 'Alice Stone', 'gold') ON CONFLICT (email) DO UPDATE SET plan = excluded.plan, n = accounts_#.n + 1 RETURNING id, plan, n
---
SELECT 1

CREATE TABLE archive_# (LIKE accounts_#)
---
WITH moved AS (DELETE FROM accounts_# WHERE status = 'closed' RETURNING *) INSERT INTO archive_# SELECT * FROM moved
---
SELECT id, plan, status, n FROM archive_#

CREATE TABLE tasks_# (id serial, account int, what text)
---
WITH made AS (INSERT INTO accounts_# (id, email, full_name, plan) VALUES (7, 'q@b.example', 'Quin Queen', 'free') RETURNING id, plan) INSERT INTO tasks_# (account, what) SELECT id, 'welcome ' || plan FROM made
---
SELECT * FROM tasks_#

CREATE TABLE jobs_# (id int, state text, attempts int, email text); INSERT INTO jobs_# VALUES (1, 'ready', 0, 'a@b.example'), (2, 'ready', 0, 'b@b.example')
---
WITH next AS (SELECT id FROM jobs_# WHERE state = 'ready' ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) UPDATE jobs_# SET state = 'running', attempts = attempts + 1 FROM next WHERE jobs_#.id = next.id RETURNING jobs_#.id, jobs_#.state
---
SELECT id, state, attempts FROM jobs_# ORDER BY id

ALTER TABLE accounts_# ADD COLUMN deleted_at date
---
UPDATE accounts_# SET deleted_at = '2022-01-01', status = 'deleted' WHERE id = 2 AND deleted_at IS NULL
---
SELECT id, deleted_at FROM accounts_# ORDER BY id

CREATE MATERIALIZED VIEW stats_# AS SELECT status, count(*) AS n, count(DISTINCT email) AS people FROM accounts_# GROUP BY status; CREATE UNIQUE INDEX ON stats_# (status)
---
BEGIN; UPDATE accounts_# SET status = 'open' WHERE id = 3; REFRESH MATERIALIZED VIEW CONCURRENTLY stats_#; COMMIT
---
SELECT status, n FROM stats_# ORDER BY status

---
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM accounts_# WHERE plan = 'free' ORDER BY id LOOP UPDATE accounts_# SET plan = 'basic', n = n + 1 WHERE id = r.id; END LOOP; END $$
---
SELECT 1

---
DO $$ DECLARE done int; BEGIN LOOP UPDATE accounts_# SET plan = 'basic' WHERE id IN (SELECT id FROM accounts_# WHERE plan = 'free' LIMIT 1000); GET DIAGNOSTICS done = ROW_COUNT; EXIT WHEN done = 0; END LOOP; END $$
---
SELECT 1

CREATE TABLE counters_# (name text PRIMARY KEY, value bigint); INSERT INTO counters_# VALUES ('signups', 1)
---
UPDATE counters_# SET value = value + 1 WHERE name = 'signups' RETURNING value; INSERT INTO counters_# SELECT 'accounts', count(*) FROM accounts_#; INSERT INTO counters_# SELECT 'addresses', count(DISTINCT email) FROM accounts_#
---
SELECT * FROM counters_# ORDER BY name

CREATE TABLE archive_# (id int, status text, kept date)
---
DO $$ DECLARE r record; BEGIN DELETE FROM accounts_# WHERE status = 'closed' RETURNING id, status INTO r; INSERT INTO archive_# VALUES (r.id, r.status, '2022-01-01'); END $$
---
SELECT * FROM archive_#

-- asks
---
BEGIN; ALTER TABLE accounts_# ADD COLUMN email_lower text; UPDATE accounts_# SET email_lower = lower(email) WHERE email_lower IS NULL; CREATE UNIQUE INDEX ON accounts_# (email_lower); COMMIT
---
SELECT 1

---
DO $$ BEGIN ALTER TABLE accounts_# ADD COLUMN email_lower text; UPDATE accounts_# SET email_lower = lower(email), n = n + 1 WHERE email_lower IS NULL; END $$
---
SELECT 1

---
BEGIN; ALTER TABLE accounts_# ADD COLUMN updated_at date; CREATE FUNCTION touch_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at = '2022-01-01'; RETURN NEW; END $$; CREATE TRIGGER touch_# BEFORE UPDATE ON accounts_# FOR EACH ROW EXECUTE FUNCTION touch_#(); UPDATE accounts_# SET plan = 'gold' WHERE id = 1; COMMIT
---
SELECT id, updated_at FROM accounts_# ORDER BY id

CREATE TABLE ja_# (id int, email text, plan text, d date) PARTITION BY RANGE (d); CREATE TABLE ja1_# PARTITION OF ja_# FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); CREATE TABLE ja1_new_# (LIKE ja_# INCLUDING ALL); INSERT INTO ja_# VALUES (1, 'a@b.example', 'free', '2020-02-02'); INSERT INTO ja1_new_# VALUES (1, 'a@b.example', 'gold', '2020-02-02')
---
BEGIN; ALTER TABLE ja_# DETACH PARTITION ja1_#; ALTER TABLE ja_# ATTACH PARTITION ja1_new_# FOR VALUES FROM ('2020-01-01') TO ('2021-01-01'); UPDATE ja_# SET plan = 'silver' WHERE id = 1; COMMIT
---
SELECT id, plan, d FROM ja_#; SELECT id, plan, d FROM ja1_#; SELECT id, plan, d FROM ja1_new_#

---
BEGIN; ALTER TABLE accounts_# DROP COLUMN full_name; UPDATE accounts_# SET plan = 'gold' WHERE id = 1; INSERT INTO accounts_# (id, email, plan) VALUES (9, 'z@b.example', 'free'); COMMIT
---
SELECT 1

CREATE SCHEMA old_#; CREATE TABLE orders_# (id int, email text, plan text); INSERT INTO orders_# VALUES (1, 'a@b.example', 'free')
---
BEGIN; ALTER TABLE orders_# SET SCHEMA old_#; INSERT INTO old_#.orders_# VALUES (2, 'z@b.example', 'free'); INSERT INTO old_#.orders_# (id, plan) VALUES (3, 'gold'); COMMIT
---
SELECT id, plan FROM old_#.orders_# ORDER BY id

---
CREATE TABLE plans_of_# AS SELECT id, plan FROM accounts_#; ALTER TABLE plans_of_# ADD PRIMARY KEY (id); BEGIN; ALTER TABLE plans_of_# RENAME TO plans_by_#; UPDATE plans_by_# SET plan = 'gold' WHERE id = 1; COMMIT
---
SELECT * FROM plans_by_# ORDER BY id

---
BEGIN; CREATE TABLE plans_# (id serial PRIMARY KEY, name text UNIQUE); INSERT INTO plans_# (name) SELECT DISTINCT plan FROM accounts_# ORDER BY plan; ALTER TABLE accounts_# ADD COLUMN plan_id int REFERENCES plans_# (id); UPDATE accounts_# a SET plan_id = p.id FROM plans_# p WHERE p.name = a.plan; COMMIT
---
SELECT * FROM plans_# ORDER BY id; SELECT id, plan_id FROM accounts_# ORDER BY id

---
DO $$ BEGIN ALTER TABLE accounts_# ADD COLUMN zone text DEFAULT 'eu'; EXCEPTION WHEN duplicate_column THEN RAISE NOTICE 'it is there'; END $$; DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM accounts_# WHERE email = 'root@b.example') THEN INSERT INTO accounts_# (id, email, plan) VALUES (9, 'root@b.example', 'staff'); END IF; END $$
---
SELECT id, zone FROM accounts_# ORDER BY id

---
DO $$ DECLARE given int; BEGIN SELECT count(*) INTO given FROM accounts_# WHERE email = 'nobody@b.example'; IF given = 0 THEN UPDATE accounts_# SET plan = 'gold', n = given WHERE status = 'open'; END IF; END $$
---
SELECT 1

CREATE TABLE prefs_# (account int, theme text)
---
BEGIN; ALTER TABLE accounts_# ADD COLUMN theme text; INSERT INTO prefs_# SELECT id, coalesce(theme, 'dark') FROM accounts_#; ALTER TABLE accounts_# DROP COLUMN theme; COMMIT
---
SELECT * FROM prefs_# ORDER BY account

CREATE TABLE ja_# (id int, email text, plan text, d date) PARTITION BY RANGE (d); CREATE TABLE raw_# (id int, plan text, d date); INSERT INTO raw_# VALUES (1, 'free', '2021-02-02')
---
BEGIN; CREATE TABLE ja2_# PARTITION OF ja_# FOR VALUES FROM ('2021-01-01') TO ('2022-01-01'); INSERT INTO ja_# (id, plan, d) SELECT id, plan, d FROM raw_#; COMMIT
---
SELECT id, plan, d FROM ja_#; SELECT id, plan, d FROM ja2_#

---
BEGIN; CREATE TABLE cust_# (id int, email text, plan text, seen int); INSERT INTO cust_# VALUES (1, 'x@b.example', 'free', 2); UPDATE cust_# SET plan = upper(plan), seen = seen + 1 WHERE id = 1; CREATE TABLE cust_plans_# AS SELECT id, plan FROM cust_#; CREATE TABLE cust_copy_# (id int, email text, plan text, seen int); INSERT INTO cust_copy_# SELECT * FROM cust_#; CREATE TABLE cust_all_# AS SELECT * FROM cust_#; COMMIT
---
SELECT id, plan, seen FROM cust_#; SELECT * FROM cust_plans_#; SELECT id, plan, seen FROM cust_copy_#; SELECT id, plan, seen FROM cust_all_#

---
CREATE TABLE cust_# (id int, email text, plan text, seen int); CREATE TABLE cust_copy_# (id int, email text, plan text, seen int); INSERT INTO cust_# VALUES (1, 'x@b.example', 'free', 2); INSERT INTO cust_copy_# SELECT * FROM cust_#; CREATE TABLE cust_all_# AS SELECT * FROM cust_#; CREATE TABLE cust_plans_# (id int, plan text); INSERT INTO cust_plans_# SELECT c.id, c.plan FROM cust_# c; UPDATE cust_# SET plan = upper(plan) WHERE id = 1
---
SELECT id, plan, seen FROM cust_#; SELECT id, plan, seen FROM cust_copy_#; SELECT id, plan, seen FROM cust_all_#; SELECT * FROM cust_plans_#

---
BEGIN; CREATE TABLE cust_# (id int, email text, title text, slug text); ALTER TABLE cust_# ADD COLUMN plan text DEFAULT 'free'; CREATE INDEX ON cust_# (slug); ALTER TABLE cust_# ENABLE ROW LEVEL SECURITY; COMMENT ON TABLE cust_# IS 'of customers'; INSERT INTO cust_# VALUES (1, 'x@b.example', 'One', ''); UPDATE cust_# SET slug = lower(title) WHERE id = 1; ALTER TABLE cust_# DROP COLUMN title; CREATE MATERIALIZED VIEW cust_plans_# AS SELECT id, plan FROM cust_#; COMMIT
---
SELECT id, slug, plan FROM cust_#; SELECT * FROM cust_plans_#

---
CREATE TABLE IF NOT EXISTS accounts_# (id int PRIMARY KEY, email text, full_name text, plan text); CREATE TABLE old_# (id int, email text, full_name text, plan text, status text, n int, created date); INSERT INTO old_# SELECT * FROM accounts_#; ALTER TABLE accounts_# ADD COLUMN IF NOT EXISTS email text; CREATE TABLE older_# AS SELECT * FROM accounts_#
---
SELECT id, plan, status, n, created FROM old_# ORDER BY id; SELECT id, plan, status, n, created FROM older_# ORDER BY id

---
CREATE TEMP TABLE load_# (id int, email text, plan text); INSERT INTO load_# VALUES (4, 'd@b.example', 'gold'); INSERT INTO accounts_# (id, email, plan) SELECT id, email, plan FROM load_#; CREATE TABLE plans_# AS SELECT id, plan FROM load_#
---
SELECT * FROM plans_#

CREATE TABLE jb_# (id int, note text) PARTITION BY RANGE (id); CREATE TABLE jb2_# (id int, note text); CREATE FUNCTION jb_touch_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM accounts_# a WHERE a.id = NEW.id) THEN RAISE EXCEPTION 'no such account'; END IF; NEW.note := 'ok'; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON jb2_# FOR EACH ROW EXECUTE FUNCTION jb_touch_#()
---
BEGIN; ALTER TABLE jb_# ATTACH PARTITION jb2_# FOR VALUES FROM (0) TO (10); INSERT INTO jb_# VALUES (1, 'x'); COMMIT
---
SELECT * FROM jb_#; SELECT * FROM jb2_#

CREATE TABLE jc_# (id int, note text, at date); CREATE FUNCTION jc_touch_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := '2020-02-02'; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON jc_# FOR EACH ROW EXECUTE FUNCTION jc_touch_#(); CREATE VIEW jcv_# AS SELECT id, note FROM jc_#
---
BEGIN; CREATE OR REPLACE VIEW jcv_# AS SELECT id, note, at FROM jc_#; INSERT INTO jcv_# VALUES (1, 'x'); UPDATE jcv_# SET note = 'y' WHERE id = 1; COMMIT
---
SELECT * FROM jcv_#; SELECT * FROM jc_#

CREATE TABLE kc21_# (id int PRIMARY KEY, email text, plan text, updated_at date); CREATE FUNCTION kc21_touch_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := '2020-02-02'; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON kc21_# FOR EACH ROW EXECUTE FUNCTION kc21_touch_#(); INSERT INTO kc21_# VALUES (1, 'a@b.example', 'free')
---
SELECT 1
---
BEGIN; INSERT INTO kc21_# VALUES (9, 'z@b.example', 'free') RETURNING id, plan, updated_at; UPDATE kc21_# SET plan = 'gold' WHERE id = 1 RETURNING id, plan, updated_at; ROLLBACK

CREATE TABLE kc23_# (id int PRIMARY KEY, email text, plan text); CREATE TABLE kc23_log_# (op text, row_id int, before jsonb, after jsonb); CREATE FUNCTION kc23_audit_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF TG_OP = 'INSERT' THEN INSERT INTO kc23_log_# VALUES (TG_OP, NEW.id, NULL, to_jsonb(NEW)); ELSE INSERT INTO kc23_log_# VALUES (TG_OP, OLD.id, to_jsonb(OLD), to_jsonb(NEW)); END IF; RETURN NULL; END $$; CREATE TRIGGER t AFTER INSERT OR UPDATE ON kc23_# FOR EACH ROW EXECUTE FUNCTION kc23_audit_#(); INSERT INTO kc23_# VALUES (1, 'a@b.example', 'free')
---
SELECT 1
---
BEGIN; INSERT INTO kc23_# VALUES (9, 'z@b.example', 'free') RETURNING id, plan; UPDATE kc23_# SET plan = 'gold' WHERE id = 1 RETURNING id, plan; ROLLBACK

CREATE TABLE kc25_# (id int, email text, plan text, full_name text, at date); CREATE TABLE kc25_log_# (id int, what text, email text); CREATE FUNCTION kc25_audit_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := '2020-02-02'; INSERT INTO kc25_log_# (id, what, email) VALUES (NEW.id, TG_OP, NEW.email); RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON kc25_# FOR EACH ROW EXECUTE FUNCTION kc25_audit_#(); INSERT INTO kc25_# VALUES (1, 'a@b.example', 'free', 'Bob Stone')
---
SELECT 1
---
BEGIN; INSERT INTO kc25_# (id, email, plan, full_name) VALUES (9, 'Z@b.example', 'free', 'Al Bo') RETURNING id, plan, at; UPDATE kc25_# SET plan = 'gold' WHERE id = 1 RETURNING id, plan, at; DELETE FROM kc25_# WHERE id = 1 RETURNING id, plan; ROLLBACK

CREATE TABLE kc26_# (id int, email text, plan text); CREATE FUNCTION kc26_sync_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.plan IS DISTINCT FROM OLD.plan THEN UPDATE accounts_# SET n = n + 1 WHERE id = NEW.id; END IF; IF NEW.email IS NULL THEN RAISE EXCEPTION 'an address is needed'; END IF; RETURN NEW; END $$; CREATE TRIGGER t BEFORE UPDATE ON kc26_# FOR EACH ROW EXECUTE FUNCTION kc26_sync_#(); INSERT INTO kc26_# VALUES (1, 'a@b.example', 'free')
---
SELECT 1
---
BEGIN; UPDATE kc26_# SET plan = 'gold' WHERE id = 1 RETURNING id, plan; ROLLBACK

CREATE TABLE kc29_# (id int, plan text, k int)
---
BEGIN; ALTER TABLE accounts_# ADD COLUMN kc29 int DEFAULT 3; INSERT INTO kc29_# SELECT id, plan, kc29 FROM accounts_#; INSERT INTO kc29_# (id, plan) SELECT id, lower(plan) FROM accounts_# WHERE kc29 = 3; COMMIT
---
SELECT id, plan, k FROM kc29_# ORDER BY id, k

CREATE TYPE kc32_# AS ENUM ('free', 'gold'); CREATE TABLE kc32_t_# (id int, email text, c kc32_#); INSERT INTO kc32_t_# VALUES (1, 'a@b.example', 'free')
---
BEGIN; ALTER TYPE kc32_# RENAME TO kc32_old_#; CREATE TYPE kc32_# AS ENUM ('free', 'gold', 'blue'); ALTER TABLE kc32_t_# ALTER COLUMN c TYPE kc32_# USING (c::text::kc32_#); DROP TYPE kc32_old_#; UPDATE kc32_t_# SET c = 'gold' WHERE id = 1; COMMIT
---
SELECT id, c FROM kc32_t_#

-- asks
---
MERGE INTO accounts_# USING (VALUES ('bob@b.example', 'blue')) v (email, plan) ON accounts_#.email = v.email WHEN MATCHED THEN UPDATE SET plan = v.plan, n = 7 WHEN NOT MATCHED THEN INSERT (id, email, plan) VALUES (77, v.email, v.plan)
---
SELECT 1

CREATE TABLE kc36_# (id int, account int, note text, at date); CREATE FUNCTION kc36_check_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NOT EXISTS (SELECT 1 FROM accounts_# a WHERE a.id = NEW.account) THEN RAISE EXCEPTION 'no such account'; END IF; NEW.at := '2020-02-02'; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON kc36_# FOR EACH ROW EXECUTE FUNCTION kc36_check_#(); INSERT INTO kc36_# VALUES (1, 1, 'x')
---
INSERT INTO kc36_# VALUES (2, 2, 'y')
---
BEGIN; INSERT INTO kc36_# VALUES (9, 1, 'z') RETURNING id, account, note, at; UPDATE kc36_# SET note = 'zz' WHERE id = 1 RETURNING *; ROLLBACK; SELECT * FROM kc36_# ORDER BY id

CREATE TABLE kc37_# (id int, account int, note text, plan text); CREATE FUNCTION kc37_fill_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SELECT a.plan INTO NEW.plan FROM accounts_# a WHERE a.id = NEW.account; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON kc37_# FOR EACH ROW EXECUTE FUNCTION kc37_fill_#(); INSERT INTO kc37_# VALUES (1, 1, 'x')
---
INSERT INTO kc37_# VALUES (2, 2, 'y')
---
BEGIN; INSERT INTO kc37_# VALUES (9, 1, 'z') RETURNING id, account, note, plan; UPDATE kc37_# SET note = 'zz' WHERE id = 1 RETURNING *; ROLLBACK; SELECT * FROM kc37_# ORDER BY id

CREATE TABLE kc38_# (id int, account int, note text, called text); CREATE FUNCTION kc38_fill_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN SELECT a.full_name INTO NEW.called FROM accounts_# a WHERE a.id = NEW.account; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON kc38_# FOR EACH ROW EXECUTE FUNCTION kc38_fill_#(); INSERT INTO kc38_# VALUES (1, 1, 'x')
---
INSERT INTO kc38_# VALUES (2, 2, 'y')
---
BEGIN; INSERT INTO kc38_# VALUES (9, 1, 'z') RETURNING id, account, note; UPDATE kc38_# SET note = 'zz' WHERE id = 1 RETURNING id, account, note; ROLLBACK; SELECT id, account, note FROM kc38_# ORDER BY id

CREATE TABLE kc39_# (id int, note text, at date); CREATE TABLE kc39_log_# (id int, op text, who text); CREATE FUNCTION kc39_audit_#() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE who text; BEGIN SELECT a.email INTO who FROM accounts_# a WHERE a.id = 1; INSERT INTO kc39_log_# VALUES (NEW.id, TG_OP, who); RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON kc39_# FOR EACH ROW EXECUTE FUNCTION kc39_audit_#(); INSERT INTO kc39_# VALUES (1, 'x')
---
INSERT INTO kc39_# VALUES (2, 'y')
---
BEGIN; INSERT INTO kc39_# VALUES (9, 'z') RETURNING id, note, at; UPDATE kc39_# SET note = 'zz' WHERE id = 1 RETURNING *; ROLLBACK; SELECT * FROM kc39_# ORDER BY id; SELECT id, op FROM kc39_log_# ORDER BY id

SELECT 1
---
CREATE TABLE kc41_# (id int PRIMARY KEY, email text, plan text, updated_at date); CREATE TABLE kc41_log_# (id int, op text, after jsonb); CREATE FUNCTION kc41_touch_#() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.updated_at := '2020-02-02'; INSERT INTO kc41_log_# VALUES (NEW.id, TG_OP, to_jsonb(NEW)); RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT OR UPDATE ON kc41_# FOR EACH ROW EXECUTE FUNCTION kc41_touch_#(); INSERT INTO kc41_# VALUES (1, 'a@b.example', 'free') RETURNING id, plan
---
BEGIN; INSERT INTO kc41_# VALUES (9, 'z@b.example', 'free') RETURNING id, plan, updated_at; UPDATE kc41_# SET plan = 'gold' WHERE id = 1 RETURNING id, plan, updated_at; ROLLBACK; SELECT id, plan, updated_at FROM kc41_#; SELECT id, op FROM kc41_log_#
