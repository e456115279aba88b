//! What follows from a write by itself: triggers, rules and foreign keys are recorded with it, and own policies keep a table
//! from them.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::psql::{self, Session};
use e2e::scratch::Scratch;
use e2e::wait;

use crate::stack::{Stack, text, words};

/// Payments are not written, however that comes about.
pub(crate) const PAYMENTS: &str = r#"
@rule("payments")
@reason("{name} is kept as it is")
@refuses("DELETE FROM payments WHERE id = 1")
forbid (principal, action in Picket::Action::"write", resource is Picket::Table)
when { resource.name == "payments" };
"#;

/// Each of these ends in a write of payments.
const LEADING_TO_PAYMENTS: &str = r#"
    SET ROLE shop_owner;
    CREATE TABLE payments (id int PRIMARY KEY, amount int);
    CREATE FUNCTION pay() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN UPDATE public.payments SET amount = 0 WHERE id = 1; RETURN NULL; END';

    CREATE TABLE fires (id int PRIMARY KEY, n int);
    CREATE TRIGGER fire AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON fires EXECUTE FUNCTION pay();
    CREATE VIEW sees AS SELECT * FROM fires;
    CREATE VIEW sees_twice AS SELECT n AS m FROM sees;
    CREATE FUNCTION writes() RETURNS void LANGUAGE sql AS 'INSERT INTO fires VALUES (1)';
    CREATE PROCEDURE writes_too() LANGUAGE plpgsql AS 'BEGIN PERFORM writes(); END';

    CREATE TABLE fires_on (id int);
    CREATE FUNCTION on_to_fires() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN CALL writes_too(); RETURN NULL; END';
    CREATE CONSTRAINT TRIGGER fire_on AFTER INSERT ON fires_on DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION on_to_fires();

    CREATE TABLE asks (id int);
    CREATE FUNCTION empties() RETURNS bool LANGUAGE plpgsql AS 'BEGIN DELETE FROM payments WHERE id = 1; RETURN true; END';
    CREATE FUNCTION does_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER ask AFTER INSERT ON asks FOR EACH ROW WHEN (empties()) EXECUTE FUNCTION does_nothing();
    CREATE TRIGGER ask_quietly BEFORE UPDATE ON asks FOR EACH ROW WHEN (empties())
        EXECUTE FUNCTION suppress_redundant_updates_trigger();

    CREATE TABLE ruled (id int);
    CREATE RULE also AS ON UPDATE TO ruled DO ALSO DELETE FROM payments WHERE id = old.id;
    CREATE RULE instead AS ON DELETE TO ruled WHERE old.id = 1 DO INSTEAD UPDATE payments SET amount = 0;
    CREATE RULE onwards AS ON INSERT TO ruled DO ALSO (SELECT 1; INSERT INTO fires VALUES (new.id));

    CREATE TABLE owners (id int PRIMARY KEY, n int);
    CREATE TABLE accounts (id int PRIMARY KEY, owner int REFERENCES owners ON DELETE CASCADE ON UPDATE CASCADE);
    ALTER TABLE payments ADD account int REFERENCES accounts ON DELETE CASCADE, ADD owner int REFERENCES owners
        ON UPDATE CASCADE ON DELETE SET NULL;

    CREATE TABLE parted (id int, n int) PARTITION BY RANGE (id);
    CREATE TABLE parted_low PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE parted_high PARTITION OF parted FOR VALUES FROM (10) TO (20);
    CREATE TRIGGER come AFTER INSERT ON parted_high FOR EACH ROW EXECUTE FUNCTION pay();
    CREATE TABLE all_parted (id int) PARTITION BY RANGE (id);
    CREATE TABLE all_parted_low PARTITION OF all_parted FOR VALUES FROM (0) TO (10);
    CREATE TRIGGER go AFTER DELETE ON all_parted FOR EACH ROW EXECUTE FUNCTION pay();
    CREATE TABLE parent (id int);
    CREATE TABLE child () INHERITS (parent);
    CREATE TRIGGER change AFTER UPDATE ON child FOR EACH ROW EXECUTE FUNCTION pay();

    CREATE VIEW writable AS SELECT 1 AS id;
    CREATE TRIGGER fill INSTEAD OF INSERT ON writable FOR EACH ROW EXECUTE FUNCTION pay();
    CREATE TABLE bare ();
    CREATE TRIGGER fill AFTER INSERT ON bare EXECUTE FUNCTION pay();
    CREATE SCHEMA elsewhere;
    CREATE TABLE elsewhere."We ird" (id int);
    CREATE TRIGGER fill AFTER INSERT ON elsewhere."We ird" EXECUTE FUNCTION pay();
    CREATE TABLE asking (id int);
    CREATE TABLE paid (id int);
    CREATE TABLE renames (id int);
    CREATE TABLE payment (id int);
    CREATE RULE keep AS ON INSERT TO renames DO ALSO INSERT INTO payment VALUES (new.id);
    CREATE TABLE quiet (id int);
    CREATE TRIGGER off AFTER INSERT ON quiet EXECUTE FUNCTION pay();
    ALTER TABLE quiet DISABLE TRIGGER off"#;

/// Ways to payments, and the last step of each.
const WAYS: [(&str, &str); 39] = [
    ("INSERT INTO fires VALUES (2)", "through trigger fire on fires"),
    ("UPDATE public.fires SET n = 1 WHERE id = 2", "through trigger fire on fires"),
    (
        "WITH d AS (DELETE FROM fires WHERE id = 2 RETURNING 1) SELECT * FROM d",
        "through trigger fire on fires",
    ),
    ("TRUNCATE fires", "through trigger fire on fires"),
    ("COPY fires FROM STDIN", "through trigger fire on fires"),
    (
        "MERGE INTO fires f USING orders o ON f.id = o.id WHEN NOT MATCHED THEN INSERT VALUES (o.id, 1)",
        "through trigger fire on fires",
    ),
    ("EXPLAIN ANALYZE INSERT INTO fires VALUES (2)", "through trigger fire on fires"),
    ("PREPARE p AS INSERT INTO fires VALUES (2)", "through trigger fire on fires"),
    ("DO $$ BEGIN INSERT INTO fires VALUES (2); END $$", "through trigger fire on fires"),
    ("SELECT writes()", "through trigger fire on fires"),
    ("CALL writes_too()", "through trigger fire on fires"),
    ("INSERT INTO sees VALUES (2)", "through trigger fire on fires"),
    ("UPDATE sees_twice SET m = 2 WHERE m = 1", "through trigger fire on fires"),
    ("CREATE TABLE made AS WITH i AS (SELECT writes()) SELECT 1 FROM i", "through trigger fire on fires"),
    ("INSERT INTO fires_on VALUES (1)", "through trigger fire on fires"),
    (
        "CREATE FUNCTION later() RETURNS void LANGUAGE sql AS 'INSERT INTO fires_on VALUES (1)'",
        "through trigger fire on fires",
    ),
    ("INSERT INTO asks VALUES (1)", "through trigger ask on asks"),
    ("UPDATE asks SET id = 2 WHERE id = 1", "through trigger ask_quietly on asks"),
    ("UPDATE ruled SET id = 2 WHERE id = 1", "through rule also on ruled"),
    ("DELETE FROM ruled WHERE id = 1", "through rule instead on ruled"),
    ("INSERT INTO ruled VALUES (1)", "through trigger fire on fires"),
    ("DELETE FROM accounts WHERE id = 1", "through foreign key payments_account_fkey on payments"),
    ("DELETE FROM owners WHERE id = 1", "on payments"),
    ("UPDATE owners SET id = 2 WHERE id = 1", "through foreign key payments_owner_fkey on payments"),
    (
        "INSERT INTO owners VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET id = 3",
        "through foreign key payments_owner_fkey on payments",
    ),
    ("TRUNCATE owners CASCADE", "payments is kept as it is"),
    ("TRUNCATE accounts CASCADE", "payments is kept as it is"),
    ("INSERT INTO parted VALUES (11, 1)", "through trigger come on parted_high"),
    ("INSERT INTO parted_high VALUES (11, 1)", "through trigger come on parted_high"),
    ("UPDATE parted SET id = 12 WHERE id = 1", "through trigger come on parted_high"),
    ("DELETE FROM all_parted WHERE id = 1", "through trigger go on all_parted"),
    ("DELETE FROM all_parted_low WHERE id = 1", "through trigger go on all_parted_low"),
    ("UPDATE parent SET id = 2 WHERE id = 1", "through trigger change on child"),
    ("UPDATE ONLY child SET id = 2 WHERE id = 1", "through trigger change on child"),
    ("INSERT INTO writable VALUES (1)", "through trigger fill on writable"),
    ("INSERT INTO bare DEFAULT VALUES", "through trigger fill on bare"),
    ("INSERT INTO elsewhere.\"We ird\" VALUES (1)", "through trigger fill on We ird"),
    ("SET search_path = elsewhere; INSERT INTO \"We ird\" VALUES (1)", "through trigger fill on We ird"),
    ("CREATE TEMP TABLE asks (id int); INSERT INTO public.asks VALUES (2)", "through trigger ask on asks"),
];

/// What is like these, and leads nowhere.
const ELSEWHERE: [&str; 12] = [
    "INSERT INTO quiet VALUES (1)",
    "INSERT INTO owners VALUES (5, 1)",
    "UPDATE owners SET n = 2 WHERE id = 5",
    "INSERT INTO accounts VALUES (5, 5)",
    "UPDATE accounts SET owner = NULL WHERE id = 5",
    "INSERT INTO parted_low VALUES (1, 1)",
    "DELETE FROM parted WHERE id = 1",
    "INSERT INTO parent VALUES (1)",
    "DELETE FROM parent WHERE id = 1",
    "INSERT INTO renames VALUES (1)",
    "SELECT count(*) FROM fires",
    "CREATE TEMP TABLE asks (id int); INSERT INTO pg_temp.asks VALUES (1)",
];

/// A proxy with this policy, and a database with what these commands make.
pub(crate) fn start(folder: &Scratch, policy: &str, commands: &str) -> Result<Stack> {
    fs::write(folder.join("team.cedar"), policy).context("write the policy")?;
    let stack = Stack::start_with(&format!("[policy]\ndir = {:?}\n", folder.path()))?;
    stack.truth(commands)?;
    Ok(stack)
}

#[test]
fn a_table_is_kept_from_whatever_a_write_sets_going() -> Result<()> {
    let folder = Scratch::new("reach")?;
    let stack = start(&folder, PAYMENTS, LEADING_TO_PAYMENTS)?;
    stack.truth("INSERT INTO payments VALUES (1, 100)")?;
    let alice = stack.alice()?;
    for (statement, way) in WAYS {
        // It is a statement that PostgreSQL would run.
        if !statement.starts_with("COPY") {
            stack.truth(&format!("BEGIN; {statement}; ROLLBACK"))?;
        }
        let output = psql::run(&alice, statement)?;
        let is_told = output.stderr.contains("Rule \"payments\": ") && output.stderr.contains(way);
        assert!(is_told, "{statement}: {output:?}");
    }
    for statement in ELSEWHERE {
        psql::run(&alice, statement)?.success().with_context(|| format!("run `{statement}`"))?;
    }
    assert_eq!(stack.truth("SELECT amount FROM payments WHERE id = 1")?, "100");
    Ok(())
}

/// Who has made a function a moment ago calls it: the record says what it does.
#[test]
fn what_was_just_made_is_recorded_where_it_is_called() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth("SET ROLE shop_owner; CREATE TABLE kept (email text)")?;
    let mut alice = Session::start(&stack.alice()?)?;
    let makes = "CREATE FUNCTION keep_all() RETURNS void LANGUAGE plpgsql AS \
                 $$ BEGIN INSERT INTO kept SELECT email FROM users; END $$";
    for statement in ["BEGIN", makes, "SELECT keep_all()", "COMMIT"] {
        alice.ask(&format!("{statement};"))?;
    }
    let row = stack.statement("SELECT keep_all()")?;
    assert_eq!(words(&row, "relations_read")?, ["public.users"]);
    assert_eq!(words(&row, "relations_written")?, ["public.kept"]);
    assert!(words(&row, "columns")?.contains(&"public.users.email"), "{row}");
    Ok(())
}

/// What a trigger does is nobody's mistake: its table stays writable, and the record says what was touched.
#[test]
fn guardrails_are_for_what_a_statement_does_itself() -> Result<()> {
    let stack = Stack::start()?;
    stack.truth(
        "SET ROLE shop_owner; CREATE TABLE log (id int, what text); CREATE TABLE latest (id int); \
         CREATE TABLE parts (id int, \"order\" int REFERENCES orders ON DELETE CASCADE); \
         CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO log VALUES (OLD.id, TG_OP); DELETE FROM latest; EXECUTE 'TRUNCATE ' || 'latest'; RETURN OLD; END $$; \
         CREATE TRIGGER keep BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION keep(); \
         CREATE RULE forget AS ON INSERT TO latest DO ALSO DELETE FROM parts",
    )?;
    let alice = stack.alice()?;
    let delete = "DELETE FROM orders WHERE id = 1";
    psql::run(&alice, delete)?.success()?;
    psql::run(&alice, "INSERT INTO latest VALUES (1)")?.success()?;
    assert_eq!(stack.truth("SELECT what FROM log")?, "DELETE");
    let row = stack.statement(delete)?;
    assert_eq!(
        words(&row, "relations_written")?,
        ["public.latest", "public.log", "public.orders", "public.parts"]
    );
    assert_eq!(words(&row, "effects")?, ["delete", "foreign_key", "trigger"]);
    assert!(words(&row, "columns")?.contains(&"public.parts.order"), "{row}");
    assert_eq!((text(&row, "verdict")?, words(&row, "rules")?), ("allow", vec![]));
    // It stays refused where the statement does it.
    let output = psql::run(&alice, "DELETE FROM latest")?;
    assert!(output.stderr.contains("Rule \"no-unfiltered-write\": "), "{output:?}");
    Ok(())
}

#[test]
fn what_is_defined_fires_event_triggers() -> Result<()> {
    let folder = Scratch::new("reach")?;
    let tell = "CREATE TABLE payments (id int, amount int); ALTER TABLE payments OWNER TO shop_owner; \
        CREATE FUNCTION pay() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.payments VALUES (1, 1); END'; \
        CREATE FUNCTION defines() RETURNS void LANGUAGE sql AS 'COMMENT ON TABLE orders IS NULL'; \
        CREATE EVENT TRIGGER tell ON ddl_command_end EXECUTE FUNCTION pay(); \
        CREATE EVENT TRIGGER off ON ddl_command_start EXECUTE FUNCTION pay(); ALTER EVENT TRIGGER off DISABLE";
    let stack = start(&folder, PAYMENTS, tell)?;
    let alice = stack.alice()?;
    for statement in [
        "CREATE TABLE made ()",
        "CREATE TEMP TABLE made ()",
        "CREATE INDEX ON orders (status)",
        "SELECT 1 AS a INTO made",
        "COMMENT ON TABLE orders IS 'x'",
        "ALTER TABLE orders ADD note text",
        "GRANT SELECT ON orders TO PUBLIC",
        "DROP VIEW none",
        "DO $$ BEGIN CREATE TABLE made (); END $$",
        "SELECT defines()",
    ] {
        let output = psql::run(&alice, statement)?;
        let way = "(insert on payments, through trigger tell on definitions)";
        assert!(output.stderr.contains(way), "{statement}: {output:?}");
        assert!(!output.stderr.contains("trigger off"), "{statement}: {output:?}");
    }
    for statement in [
        "SELECT 1",
        "SET work_mem = '1MB'",
        "DELETE FROM orders WHERE id = 1",
        "BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c; LOCK TABLE orders; COMMIT",
        "VACUUM orders",
        "DISCARD ALL",
    ] {
        psql::run(&alice, statement)?.success().with_context(|| format!("run `{statement}`"))?;
    }
    assert_eq!(stack.truth("SELECT count(*) FROM payments")?, "0");
    Ok(())
}

#[test]
fn policies_tell_by_which_way_something_is_reached() -> Result<()> {
    let folder = Scratch::new("reach")?;
    let policy = r#"
        permit (principal, action, resource) when { context.via == "statement" && !(resource is Picket::Table) };
        permit (principal, action, resource is Picket::Table) when { resource.name == "orders" };
        @rule("no-cascade") @reason("rows of {name} go with others")
        forbid (principal, action == Picket::Action::"delete", resource) when { context.via == "foreign_key" };
        @rule("read-triggers") @reason("this trigger is not read")
        forbid (principal, action == Picket::Action::"opaque_call", resource)
        when { context.via == "trigger" && context has application };"#;
    fs::write(folder.join("team.cedar"), policy).context("write the policy")?;
    let stack =
        Stack::start_with(&format!("[policy]\ndir = {:?}\nwithout = [\"allow-all\"]\n", folder.path()))?;
    stack.truth(
        "SET ROLE shop_owner; CREATE TABLE log (id int); \
         CREATE TABLE parts (id int, \"order\" int REFERENCES orders ON DELETE CASCADE); \
         CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM log; RETURN NEW; END'; \
         CREATE FUNCTION hide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT ' || '1'; RETURN NEW; END $$; \
         CREATE TRIGGER keep BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION keep(); \
         CREATE TRIGGER hide BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION hide()",
    )?;
    let alice = stack.alice()?;
    // Nothing permits a write of log: nobody asks for it.
    psql::run(&alice, "UPDATE orders SET status = status WHERE id = 1")?.success()?;
    for (statement, reason) in [
        (
            "DELETE FROM orders WHERE id = 1",
            "Rule \"no-cascade\": rows of parts go with others (delete on parts, through foreign key parts_order_fkey on parts).",
        ),
        (
            "INSERT INTO orders DEFAULT VALUES",
            "Rule \"read-triggers\": this trigger is not read (opaque_call on ",
        ),
        ("DELETE FROM log WHERE id = 1", "Rule \"not-permitted\": no policy permits delete on log."),
    ] {
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains(reason), "{statement}: {output:?}");
    }
    Ok(())
}

/// What is made, switched on or renamed through the proxy is known after the next reading of the catalog.
#[test]
fn what_changes_is_read_again() -> Result<()> {
    let folder = Scratch::new("reach")?;
    let by_trigger = "@rule(\"log\") forbid (principal, action == Picket::Action::\"insert\", resource is Picket::Table) \
        when { resource.name == \"log\" && [\"trigger\", \"rule\"].contains(context.via) };";
    let log = "CREATE TABLE log (id int); \
        CREATE FUNCTION log() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (1); RETURN NULL; END'";
    let stack = start(&folder, &format!("{PAYMENTS}{by_trigger}"), &format!("{LEADING_TO_PAYMENTS}; {log}"))?;
    let alice = stack.alice()?;
    let mut session = Session::start(&alice)?;
    for (change, write, rule) in [
        ("ALTER TABLE quiet ENABLE TRIGGER off", "INSERT INTO quiet VALUES (1)", "payments"),
        (
            "CREATE TRIGGER own AFTER INSERT ON parent EXECUTE FUNCTION log()",
            "INSERT INTO parent VALUES (1)",
            "log",
        ),
        (
            "CREATE RULE own AS ON INSERT TO asking DO ALSO INSERT INTO log VALUES (1)",
            "INSERT INTO asking VALUES (1)",
            "log",
        ),
        ("ALTER TABLE payments RENAME TO old_payments", "SELECT 1", ""),
        ("ALTER TABLE payment RENAME TO payments", "INSERT INTO renames VALUES (1)", "payments"),
    ] {
        let before = session.ask(&format!("{write};"))?;
        assert!(!before.contains("ERROR"), "{write}: {before}");
        psql::run(&alice, change)?.success().with_context(|| format!("run `{change}`"))?;
        wait::until(format!("`{write}` to be refused"), Duration::from_secs(20), || {
            let answer = session.ask(&format!("{write};"))?;
            let is_refused = answer.contains(&format!("Rule \"{rule}\": "));
            Ok((is_refused || rule.is_empty()).then_some(()))
        })?;
    }
    // To make a trigger is to do what it does: nobody sees it in a transaction that is not over.
    for statement in [
        "CREATE TRIGGER own AFTER INSERT ON paid EXECUTE FUNCTION pay()",
        "BEGIN; CREATE RULE own AS ON INSERT TO paid DO ALSO DELETE FROM payments; INSERT INTO paid VALUES (1)",
    ] {
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains("Rule \"payments\": "), "{statement}: {output:?}");
    }
    assert_eq!(session.quit()?, 0);
    Ok(())
}
