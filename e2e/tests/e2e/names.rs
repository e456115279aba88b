//! A table is kept by whichever name or way: those that a session gives it in a transaction that is not over, and those that lead
//! through its parents, views and partitions.

use std::fs;

use anyhow::{Context, Result};
use e2e::psql::{self, Session};
use e2e::scratch::Scratch;

use crate::driver::{block_on, connect, server_error};
use crate::reload::{RELOADED, reload};
use crate::stack::{Stack, words};

/// What is written must not be `held.keep`, nor one of two parts.
const KEPT: &str = r#"
@rule("keep") @reason("{name} stays as it is")
forbid (principal, action in Picket::Action::"write", resource == Picket::Table::"DATABASE.held.keep");
@rule("low") @reason("{name} stays as it is")
forbid (principal, action in Picket::Action::"write", resource == Picket::Table::"DATABASE.held.low");
@rule("child") @reason("{name} is not read")
forbid (principal, action in Picket::Action::"read", resource is Picket::Table) when { resource.name == "child" };
"#;

const TABLES: &str = "
    CREATE SCHEMA held AUTHORIZATION shop_owner; CREATE SCHEMA other AUTHORIZATION shop_owner; SET ROLE shop_owner;
    CREATE TABLE held.keep (id int, n int); INSERT INTO held.keep VALUES (1, 1);
    CREATE TABLE grand (id int, n int); CREATE TABLE plain (id int, n int); CREATE TABLE spare (id int, n int);
    CREATE VIEW of_grand AS SELECT * FROM grand; CREATE VIEW of_plain AS SELECT * FROM plain;
    CREATE TABLE parted (id int, n int) PARTITION BY RANGE (id);
    CREATE TABLE held.low PARTITION OF parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE held.high PARTITION OF parted FOR VALUES FROM (10) TO (20);
    CREATE VIEW of_parted AS SELECT * FROM parted;
    CREATE TABLE wide (id int, n int) PARTITION BY RANGE (id); CREATE VIEW of_wide AS SELECT * FROM wide;
    CREATE TABLE parent (id int, n int); CREATE TABLE child (more int) INHERITS (parent); CREATE TABLE twin () INHERITS (parent);
    CREATE VIEW of_parent AS SELECT * FROM parent;
    CREATE FUNCTION moves() RETURNS void LANGUAGE sql AS 'ALTER TABLE held.keep RENAME TO x';
    CREATE FUNCTION moves_too() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM moves(); END $$;
    CREATE FUNCTION by_trigger() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN ALTER TABLE held.keep RENAME TO x; RETURN NULL; END $$;
    CREATE TABLE fires (id int); CREATE TRIGGER fire AFTER INSERT ON fires EXECUTE FUNCTION by_trigger()";

/// What comes to be called otherwise, or is reached otherwise, and the write that is refused for it.
const GIVEN: [(&[&str], &str); 33] = [
    (&["ALTER TABLE held.keep RENAME TO x"], "DELETE FROM held.x WHERE id = 1"),
    (
        &["ALTER TABLE held.keep RENAME TO x", "SET LOCAL search_path = held"],
        "UPDATE x SET n = 2 WHERE x.id = 1",
    ),
    (&["ALTER INDEX held.keep RENAME TO x"], "DELETE FROM held.x WHERE id = 1"),
    (
        &["ALTER TABLE held.keep RENAME TO x", "ALTER TABLE held.x RENAME TO y"],
        "DELETE FROM held.y WHERE id = 1",
    ),
    (&["ALTER TABLE held.keep SET SCHEMA other"], "DELETE FROM other.keep WHERE id = 1"),
    (
        &["ALTER TABLE held.keep SET SCHEMA other", "ALTER TABLE other.keep RENAME TO plain"],
        "INSERT INTO other.plain VALUES (2, 2)",
    ),
    (&["ALTER SCHEMA held RENAME TO x"], "DELETE FROM x.keep WHERE id = 1"),
    (
        &["ALTER SCHEMA held RENAME TO x", "ALTER TABLE x.keep RENAME TO y", "ALTER SCHEMA x RENAME TO z"],
        "DELETE FROM z.y WHERE id = 1",
    ),
    (
        &[
            "ALTER TABLE plain RENAME TO y",
            "ALTER TABLE held.keep RENAME TO plain",
            "ALTER TABLE held.plain SET SCHEMA public",
        ],
        "DELETE FROM plain WHERE id = 1",
    ),
    (&["CREATE VIEW v AS SELECT * FROM held.keep"], "UPDATE v SET n = 2 WHERE id = 1"),
    (&["CREATE VIEW v AS SELECT * FROM held.keep"], "INSERT INTO public.v VALUES (2, 2)"),
    (&["CREATE VIEW v AS SELECT * FROM held.keep", "CREATE VIEW w AS TABLE v"], "DELETE FROM w WHERE id = 1"),
    (&["CREATE VIEW v AS SELECT * FROM held.keep", "ALTER VIEW v RENAME TO w"], "DELETE FROM w WHERE id = 1"),
    (
        &["CREATE OR REPLACE VIEW of_plain AS SELECT * FROM held.keep"],
        "UPDATE of_plain SET n = 2 WHERE id = 1",
    ),
    (
        &["CREATE VIEW other.of_plain AS SELECT * FROM held.keep"],
        "UPDATE other.of_plain SET n = 2 WHERE id = 1",
    ),
    (&["CREATE TEMP VIEW v AS SELECT * FROM held.keep"], "UPDATE pg_temp.v SET n = 2 WHERE id = 1"),
    (
        &["ALTER TABLE held.keep RENAME TO x", "CREATE VIEW v AS SELECT * FROM held.x"],
        "DELETE FROM v WHERE id = 1",
    ),
    (&["CREATE TABLE p (id int, n int)", "ALTER TABLE held.keep INHERIT p"], "DELETE FROM p WHERE id = 1"),
    (&["ALTER TABLE held.keep INHERIT grand"], "DELETE FROM grand WHERE id = 1"),
    (&["ALTER TABLE held.keep INHERIT grand"], "UPDATE of_grand SET n = 2 WHERE id = 1"),
    (
        &["CREATE TABLE p () INHERITS (grand)", "ALTER TABLE held.keep INHERIT p"],
        "UPDATE of_grand SET n = 2 WHERE id = 1",
    ),
    (
        &[
            "CREATE TABLE p (id int, n int) PARTITION BY RANGE (id)",
            "ALTER TABLE p ATTACH PARTITION held.keep FOR VALUES FROM (0) TO (9)",
        ],
        "INSERT INTO p VALUES (2, 2)",
    ),
    (
        &["ALTER TABLE wide ATTACH PARTITION held.keep FOR VALUES FROM (0) TO (9)"],
        "UPDATE of_wide SET n = 2 WHERE id = 1",
    ),
    (&["CREATE TABLE x () INHERITS (held.keep)"], "DELETE FROM x WHERE id = 1"),
    (&["SELECT moves()"], "DELETE FROM held.x WHERE id = 1"),
    (&["SELECT moves_too()"], "DELETE FROM held.x WHERE id = 1"),
    (&["INSERT INTO fires VALUES (1)"], "DELETE FROM held.x WHERE id = 1"),
    (&["DO $$ BEGIN ALTER TABLE held.keep RENAME TO x; END $$"], "DELETE FROM held.x WHERE id = 1"),
    (&["DO $$ BEGIN EXECUTE 'ALTER TABLE held.keep RENAME TO x'; END $$"], "DELETE FROM held.x WHERE id = 1"),
    (&["PREPARE p AS SELECT moves()", "EXECUTE p"], "DELETE FROM held.x WHERE id = 1"),
    (&["DECLARE c CURSOR FOR SELECT moves()", "FETCH ALL FROM c"], "DELETE FROM held.x WHERE id = 1"),
    (
        &["SAVEPOINT s", "ALTER TABLE held.keep RENAME TO x", "RELEASE s"],
        "WITH d AS (DELETE FROM held.x WHERE id = 1 RETURNING id) SELECT * FROM d",
    ),
    (
        &[
            "PREPARE d AS DELETE FROM plain WHERE id = 1",
            "ALTER TABLE plain RENAME TO y",
            "ALTER TABLE held.keep RENAME TO plain",
            "ALTER TABLE held.plain SET SCHEMA public",
        ],
        "EXECUTE d",
    ),
];

/// What is within one statement.
const WITHIN: [&str; 2] = [
    "DO $$ BEGIN ALTER TABLE held.keep RENAME TO x; DELETE FROM held.x WHERE id = 1; END $$",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE VIEW v AS SELECT * FROM held.keep; \
     UPDATE v SET n = 2 WHERE id = 1; END $$",
];

/// Ways through what is there.
const THROUGH: [(&str, &str); 12] = [
    ("UPDATE parted SET n = 2 WHERE id = 1", "low"),
    ("INSERT INTO parted VALUES (1, 1)", "low"),
    ("DELETE FROM of_parted WHERE id = 1", "low"),
    ("COPY parted FROM STDIN", "low"),
    ("MERGE INTO parted p USING plain o ON o.id = p.id WHEN MATCHED THEN UPDATE SET n = 2", "low"),
    ("LOCK TABLE parted", "low"),
    ("SELECT id FROM parent", "child"),
    ("SELECT id FROM of_parent", "child"),
    ("UPDATE parent SET n = 1 WHERE id = 1", "child"),
    ("DO $$ BEGIN PERFORM id FROM of_parent; END $$", "child"),
    ("INSERT INTO plain SELECT id, n FROM parent", "child"),
    ("CREATE VIEW v AS SELECT id FROM parent", "child"),
];

/// What looks like these, and keeps clear of what is kept.
const ELSEWHERE: [&str; 16] = [
    "CREATE TABLE a (id int, n int); INSERT INTO a VALUES (1, 1); ALTER TABLE a RENAME TO b; DELETE FROM b WHERE id = 1",
    "CREATE TABLE a (id int); CREATE VIEW v AS SELECT * FROM a; UPDATE v SET id = 2 WHERE id = 1",
    "ALTER TABLE plain RENAME TO plain_old; CREATE TABLE plain (LIKE plain_old); INSERT INTO plain SELECT * FROM plain_old",
    "CREATE VIEW v AS SELECT * FROM held.keep; SELECT * FROM v",
    "CREATE OR REPLACE VIEW of_plain AS SELECT * FROM spare; UPDATE of_plain SET n = 2 WHERE id = 1",
    "CREATE TABLE p () INHERITS (grand); INSERT INTO grand VALUES (1, 1); DELETE FROM of_grand WHERE id = 1",
    "CREATE TABLE held.more PARTITION OF parted FOR VALUES FROM (20) TO (30); INSERT INTO held.more VALUES (21, 1)",
    "ALTER SCHEMA other RENAME TO others; CREATE TABLE others.t (id int); INSERT INTO others.t VALUES (1)",
    "CREATE TEMP TABLE keep_not (id int); INSERT INTO keep_not VALUES (1); DELETE FROM keep_not",
    "ALTER TABLE plain INHERIT grand; DELETE FROM grand WHERE id = 1",
    "INSERT INTO held.high VALUES (11, 1); UPDATE held.high SET n = 2 WHERE id = 11",
    "SELECT id FROM parted",
    "INSERT INTO parent VALUES (1, 1)",
    "SELECT id FROM twin",
    "DELETE FROM spare WHERE id = 1",
    "CREATE TABLE copied AS SELECT * FROM held.keep; DELETE FROM copied WHERE id = 1",
];

fn start(folder: &Scratch) -> Result<Stack> {
    let mut stack = Stack::start()?;
    stack.truth(TABLES)?;
    fs::write(folder.join("team.cedar"), KEPT.replace("DATABASE", &stack.database))
        .context("write the policy")?;
    reload(&mut stack, RELOADED, |text| format!("{text}\n[policy]\ndir = {:?}\n", folder.path()))?;
    psql::run(&stack.alice()?, "ALTER TABLE spare ADD COLUMN read_again int")?.success()?;
    Ok(stack)
}

#[test]
fn a_table_is_kept_under_a_name_that_its_transaction_gave_it() -> Result<()> {
    let folder = Scratch::new("names")?;
    let stack = start(&folder)?;
    let alice = stack.alice()?;
    let mut session = Session::start(&alice)?;
    for (steps, write) in GIVEN {
        let before = steps.join("; ");
        // PostgreSQL does all of it.
        stack
            .truth(&format!("BEGIN; SET ROLE shop_owner; {before}; {write}; ROLLBACK"))
            .with_context(|| format!("run `{before}; {write}`"))?;
        let at_once = psql::run(&alice, &format!("BEGIN; {before}; {write}; ROLLBACK"))?;
        assert!(at_once.stderr.contains("Rule \"keep\": "), "at once: {before}; {write}: {at_once:?}");
        session.expect("BEGIN;", "BEGIN")?;
        for step in steps {
            let answer = session.ask(&format!("{step};"))?;
            assert!(!answer.contains("ERROR"), "{step}: {answer}");
        }
        session.expect(&format!("{write};"), "Rule \"keep\": ")?;
        session.expect("ROLLBACK;", "ROLLBACK")?;
    }
    for statement in WITHIN {
        let output = psql::run(&alice, statement)?;
        assert!(output.stderr.contains("Rule \"keep\": "), "{statement}: {output:?}");
    }
    for statements in ELSEWHERE {
        psql::run(&alice, &format!("BEGIN; {statements}; ROLLBACK"))?
            .success()
            .with_context(|| format!("run `{statements}`"))?;
        session.expect("BEGIN;", "BEGIN")?;
        for statement in statements.split("; ") {
            let answer = session.ask(&format!("{statement};"))?;
            assert!(!answer.contains("ERROR"), "{statement}: {answer}");
        }
        session.expect("ROLLBACK;", "ROLLBACK")?;
    }
    assert_eq!(session.quit()?, 0);
    assert_eq!(stack.truth("SELECT id, n FROM held.keep")?, "1|1");
    Ok(())
}

/// Until the catalog shows it, and afterwards; to others too.
#[test]
fn a_table_is_kept_when_the_transaction_that_named_it_is_over() -> Result<()> {
    let folder = Scratch::new("names")?;
    let stack = start(&folder)?;
    let alice = stack.alice()?;
    let mut own = Session::start(&alice)?;
    let mut others = Session::start(&alice)?;
    for (change, write) in [
        ("CREATE TEMP VIEW own AS SELECT * FROM held.keep", "UPDATE own SET n = 2 WHERE id = 1"),
        ("CREATE VIEW v AS SELECT * FROM held.keep", "UPDATE v SET n = 2 WHERE id = 1"),
        (
            "CREATE OR REPLACE VIEW of_plain AS SELECT * FROM held.keep",
            "UPDATE of_plain SET n = 2 WHERE id = 1",
        ),
        ("ALTER TABLE held.keep INHERIT grand", "DELETE FROM of_grand WHERE id = 1"),
    ] {
        let answer = own.ask(&format!("{change};"))?;
        assert!(!answer.contains("ERROR"), "{change}: {answer}");
        for _ in 0..2 {
            own.expect(&format!("{write};"), "Rule \"keep\": ")?;
        }
        if !change.contains("TEMP") {
            others.expect(&format!("{write};"), "Rule \"keep\": ")?;
        }
        own.expect("SELECT count(*) FROM plain;", "1 row")?;
    }
    // Temporary relations are in nobody's way.
    own.expect("UPDATE own SET n = 2 WHERE id = 1;", "Rule \"keep\": ")?;
    others.expect("CREATE TEMP TABLE own (id int, n int);", "CREATE TABLE")?;
    others.expect("UPDATE own SET n = 2 WHERE id = 1;", "UPDATE 0")?;
    own.expect("UPDATE own SET n = 2 WHERE id = 1;", "Rule \"keep\": ")?;
    assert_eq!(stack.truth("SELECT id, n FROM held.keep")?, "1|1");
    // Under another name it is another table to a policy on this one, once everybody sees it so.
    own.expect("BEGIN; ALTER TABLE held.keep RENAME TO x;", "ALTER TABLE")?;
    own.expect("UPDATE held.x SET n = 2 WHERE id = 1;", "Rule \"keep\": ")?;
    assert_eq!(own.quit()?, 0);
    assert_eq!(others.quit()?, 0);
    Ok(())
}

#[test]
fn what_is_prepared_is_judged_by_what_its_names_mean_when_it_runs() -> Result<()> {
    let folder = Scratch::new("names")?;
    let stack = start(&folder)?;
    block_on(async {
        let client = connect(&stack.alice()?).await?;
        let delete = client.prepare("DELETE FROM plain WHERE id = $1").await?;
        client.execute(&delete, &[&1_i32]).await?;
        let swap = "BEGIN; ALTER TABLE plain RENAME TO y; ALTER TABLE held.keep RENAME TO plain; \
            ALTER TABLE held.plain SET SCHEMA public";
        client.batch_execute(swap).await?;
        let error = client.execute(&delete, &[&1_i32]).await.err().context("expect a refusal")?;
        assert!(server_error(&error)?.detail().is_some_and(|detail| detail.contains("\"keep\"")), "{error}");
        client.batch_execute("ROLLBACK").await?;
        assert_eq!(client.execute(&delete, &[&1_i32]).await?, 0);
        Ok(())
    })?;
    assert_eq!(stack.truth("SELECT id, n FROM held.keep")?, "1|1");
    Ok(())
}

#[test]
fn a_part_is_kept_from_what_happens_to_its_whole() -> Result<()> {
    let folder = Scratch::new("names")?;
    let stack = start(&folder)?;
    let alice = stack.alice()?;
    for (statement, rule) in THROUGH {
        if !statement.starts_with("COPY") {
            stack.truth(&format!("BEGIN; SET ROLE shop_owner; {statement}; ROLLBACK"))?;
        }
        let output = psql::run(&alice, &format!("BEGIN; {statement}; ROLLBACK"))?;
        assert!(output.stderr.contains(&format!("Rule \"{rule}\": ")), "{statement}: {output:?}");
    }
    // Whoever may read a table need not be permitted its parts.
    fs::write(
        folder.join("team.cedar"),
        format!(
            "permit (principal, action == Picket::Action::\"select\", resource == Picket::Table::\"{}.public.parted\"); \
         permit (principal, action in Picket::Action::\"session\", resource);",
            stack.database
        ),
    )?;
    let mut stack = stack;
    reload(&mut stack, RELOADED, |text| text.replace("[policy]\n", "[policy]\nwithout = [\"allow-all\"]\n"))?;
    psql::run(&alice, "SELECT id FROM parted")?.success()?;
    assert!(psql::run(&alice, "SELECT id FROM held.low")?.stderr.contains("not-permitted"));
    let row = stack.statement("SELECT id FROM held.low")?;
    assert_eq!(words(&row, "rules")?, ["not-permitted"]);
    Ok(())
}
