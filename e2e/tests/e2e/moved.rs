//! Names that mean something else since a moment ago, or within a transaction alone: what is computed from them is masked.

use std::fmt::Write;
use std::time::Duration;

use anyhow::{Result, bail};
use e2e::login::Login;
use e2e::proxy::scram_secret;
use e2e::psql::{self, Output, Session};
use e2e::{postgres, wait};

use crate::laundering::run;
use crate::leaks::{Values, cases, shows_canary, with_objects, with_objects_of};
use crate::stack::Stack;

/// What is there before, what moves it, and what reads it afterwards.
fn parts(case: &str) -> Result<[&str; 3]> {
    match case.split("\n---\n").collect::<Vec<_>>().try_into() {
        Ok(parts) => Ok(parts),
        Err(_) => bail!("a case without three parts: {case}"),
    }
}

#[test]
fn what_moves_names_is_seen_at_once() -> Result<()> {
    assert_moves_are_seen(Values::Addresses)
}

#[test]
fn what_moves_names_of_what_has_no_form_is_seen_at_once() -> Result<()> {
    assert_moves_are_seen(Values::Names)
}

fn assert_moves_are_seen(values: Values) -> Result<()> {
    let (direct, stack) = (with_objects_of(values, "")?, with_objects_of(values, "")?);
    let moved = values.of(include_str!("leaks/moved.sql"));
    let cases: Vec<_> = cases(&moved).map(parts).collect::<Result<_>>()?;
    for [before, moves, reads] in &cases {
        psql::run(&direct.owner(), before)?.success()?;
        psql::run(&stack.owner(), before)?.success()?;
        let shown = run(&direct.owner(), &format!("BEGIN; {moves}; {reads}; COMMIT"))?;
        assert!(shows_canary(&shown), "is no attack: {moves}\n{}{}", shown.stdout, shown.stderr);
    }
    let mut wrong = String::new();
    for [_, moves, reads] in &cases {
        for (when, text) in [
            ("within", format!("BEGIN; {moves}; {reads}; ROLLBACK")),
            ("behind", format!("{moves}; {reads}")),
            ("after", (*reads).to_owned()),
        ] {
            let output = run(&stack.alice()?, &text)?;
            if shows_canary(&output) {
                writeln!(wrong, "leaks {when}: {text}\n{}{}", output.stdout, output.stderr)?;
            }
            if output.stderr.contains("Picket refused") {
                writeln!(wrong, "is refused: {text}\n{}", output.stderr)?;
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    Ok(())
}

/// What Alice gets for `text`, which waits for a lock of `mover` until that commits.
fn waits(stack: &Stack, mover: &mut Session, text: &'static str) -> Result<Output> {
    let alice = stack.alice()?;
    let waiter = std::thread::spawn(move || psql::run(&alice, text));
    wait::until("somebody to wait for the lock", Duration::from_secs(20), || {
        let waiting =
            psql::run(&stack.owner(), "SELECT count(*) FROM pg_locks WHERE NOT granted")?.success()?;
        Ok((waiting.trim() != "0").then_some(()))
    })?;
    mover.expect("COMMIT;", "COMMIT")?;
    waiter.join().unwrap_or_else(|_| bail!("who waits panicked"))
}

#[test]
fn who_waits_for_another_transaction_sees_nothing_of_what_it_moves() -> Result<()> {
    let stack = with_objects("")?;
    let mut mover = Session::start(&stack.alice()?)?;
    mover.expect("BEGIN;", "BEGIN")?;
    mover.expect("ALTER TABLE secrets RENAME COLUMN phone TO x;", "ALTER TABLE")?;
    // Until a catalog shows it, nobody knows what else is computed from.
    let shown = waits(&stack, &mut mover, "SELECT upper(x), id + 1 FROM secrets")?.success()?;
    assert!(["***|\n", "***|2\n"].contains(&shown.as_str()), "{shown}");
    assert_eq!(mover.quit()?, 0);
    Ok(())
}

#[test]
fn who_waits_for_another_transaction_writes_nothing_in_clear_that_it_moves() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let mut mover = Session::start(&stack.alice()?)?;
    mover.expect("BEGIN;", "BEGIN")?;
    mover.expect("ALTER TABLE people RENAME COLUMN last_name TO x;", "ALTER TABLE")?;
    waits(&stack, &mut mover, "INSERT INTO visits SELECT id, id, x FROM people")?.success()?;
    let reads = "SELECT note FROM visits";
    assert!(shows_canary(&run(&stack.owner(), reads)?));
    let shown = run(&stack.alice()?, reads)?;
    assert!(!shows_canary(&shown), "{}", shown.stdout);
    assert_eq!(mover.quit()?, 0);
    Ok(())
}

#[test]
fn who_waits_for_a_view_that_is_made_anew_sees_nothing_of_it() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let views =
        "CREATE VIEW seen AS SELECT id, note AS z FROM visits; CREATE VIEW above AS SELECT z AS q FROM seen";
    psql::run(&stack.owner(), views)?.success()?;
    for reads in ["SELECT z FROM seen", "COPY (SELECT q FROM above) TO STDOUT"] {
        let mut mover = Session::start(&stack.alice()?)?;
        mover.expect("BEGIN;", "BEGIN")?;
        mover
            .expect("CREATE OR REPLACE VIEW seen AS SELECT id, last_name AS z FROM people;", "CREATE VIEW")?;
        let shown = waits(&stack, &mut mover, reads)?;
        assert!(!shows_canary(&shown), "{}", shown.stdout);
        mover.expect("CREATE OR REPLACE VIEW seen AS SELECT id, note AS z FROM visits;", "CREATE VIEW")?;
        assert_eq!(mover.quit()?, 0);
    }
    Ok(())
}

#[test]
fn what_moves_nothing_sensitive_is_shown_as_it_is() -> Result<()> {
    let stack = with_objects("")?;
    let text = "BEGIN; CREATE TEMP TABLE t (n int, v text); INSERT INTO t VALUES (1, 'a'); SELECT n * 2, upper(v) FROM t; \
        ALTER TABLE visits ADD COLUMN more text; SELECT id * 2, upper(note) FROM visits; \
        CREATE VIEW seen AS SELECT id AS i, note AS n FROM visits; SELECT i * 2, upper(n) FROM seen; \
        ALTER TABLE people RENAME COLUMN email TO x; SELECT id * 2, upper(note) FROM visits; ROLLBACK; \
        CREATE VIEW seen AS SELECT id AS i, note AS n FROM visits; SELECT i * 2, upper(n) FROM seen";
    let shown = run(&stack.alice()?, text)?;
    assert!(!shown.stdout.contains("***"), "{}{}", shown.stdout, shown.stderr);
    assert_eq!(shown.stdout.matches("4|SECOND").count(), 4, "{}{}", shown.stdout, shown.stderr);
    Ok(())
}

/// A schema in which nothing sensitive is has another name for the time of a transaction.
#[test]
fn a_schema_that_is_called_otherwise_hides_what_is_in_it_alone() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    psql::run(&stack.owner(), "CREATE SCHEMA blue; CREATE TABLE blue.fruit (id int)")?.success()?;
    psql::run(&stack.alice()?, "SELECT * FROM blue.fruit")?.success()?;
    let mut mover = Session::start(&stack.alice()?)?;
    mover.expect("BEGIN; ALTER SCHEMA blue RENAME TO green;", "ALTER SCHEMA")?;
    let shown = run(
        &stack.alice()?,
        "SELECT id * 2, upper(note) FROM visits ORDER BY id; SELECT last_name FROM people",
    )?;
    assert!(
        shown.stdout.starts_with("2|FIRST\n4|SECOND\n") && !shows_canary(&shown),
        "{}{}",
        shown.stdout,
        shown.stderr
    );
    mover.expect("SELECT upper(note) FROM visits WHERE id = 1;", "FIRST")?;
    mover.ask("ROLLBACK;")?;
    assert_eq!(mover.quit()?, 0);
    Ok(())
}

/// What is put where no column is, and what is asked, by names that are new.
#[test]
fn what_moves_names_neither_hands_over_nor_asks() -> Result<()> {
    let stack = with_objects_of(Values::Names, "max-probes-per-hour = 1\n")?;
    let view = "CREATE OR REPLACE VIEW seen AS SELECT id, note AS z FROM visits";
    psql::run(&stack.owner(), &format!("{view}; CREATE VIEW above AS SELECT z AS q FROM seen"))?.success()?;
    for (moves, of) in [
        ("ALTER TABLE people RENAME TO hh", "last_name FROM hh"),
        ("ALTER TABLE people RENAME COLUMN last_name TO xx", "xx FROM people"),
        ("CREATE TEMP VIEW tv AS SELECT last_name AS z FROM people", "z FROM tv"),
        ("CREATE OR REPLACE VIEW seen AS SELECT id, last_name AS z FROM people", "z FROM seen"),
        ("CREATE OR REPLACE VIEW seen AS SELECT id, last_name AS z FROM people", "q FROM above"),
        (
            "CREATE FUNCTION fz() RETURNS text LANGUAGE sql AS 'SELECT last_name FROM people LIMIT 1'",
            "fz() FROM visits",
        ),
        (
            "ALTER TABLE visits ADD COLUMN zz text; UPDATE visits SET zz = (SELECT last_name FROM people LIMIT 1) WHERE id = 1",
            "zz FROM visits",
        ),
    ] {
        let text = format!(
            "BEGIN; {moves}; SELECT set_config('a.b', (SELECT {of} LIMIT 1), true); SHOW a.b; ROLLBACK"
        );
        let output = run(&stack.alice()?, &text)?;
        assert!(output.stderr.contains("masked-values-stay") && !shows_canary(&output), "{text}: {output:?}");
        let (column, relation) = of.split_once(" FROM ").unwrap_or_default();
        let ask = format!("BEGIN; {moves}; SELECT 1 FROM {relation} WHERE {column} LIKE 'a%'; ROLLBACK");
        let asked: Vec<_> = (0..2).map(|_| run(&stack.alice()?, &ask)).collect::<Result<_>>()?;
        let refused = asked.iter().any(|output| output.stderr.contains("max-probes-per-hour"));
        assert!(refused, "{ask}: {asked:?}");
    }
    Ok(())
}

/// What a materialised view was filled with stays when its definition gives something else again.
#[test]
fn what_is_refreshed_in_between_stays_masked() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let view = "CREATE OR REPLACE VIEW seen AS SELECT id, note AS z FROM visits";
    let kept_view = "CREATE MATERIALIZED VIEW kept_seen AS SELECT z FROM seen";
    psql::run(&stack.alice()?, view)?.success()?;
    psql::run(&stack.alice()?, kept_view)?.success()?;
    let text = format!(
        "BEGIN; CREATE OR REPLACE VIEW seen AS SELECT id, last_name AS z FROM people; REFRESH MATERIALIZED VIEW kept_seen; {view}; COMMIT"
    );
    psql::run(&stack.alice()?, &text)?.success()?;
    assert!(shows_canary(&run(&stack.superuser(), "SELECT z FROM kept_seen")?));
    for reads in ["SELECT z FROM kept_seen", "SELECT upper(z) FROM kept_seen"] {
        let shown = run(&stack.alice()?, reads)?;
        assert!(!shows_canary(&shown), "{}", shown.stdout);
    }
    Ok(())
}

/// An ordinary migration, beside what is sensitive.
#[test]
fn what_a_migration_writes_beside_what_is_sensitive_stays_as_it_is() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    for migration in [
        "ALTER TABLE people ADD COLUMN remark text; UPDATE people SET remark = 'x' WHERE id = 1",
        "ALTER TABLE people ADD CONSTRAINT of_age CHECK (age >= 0); UPDATE people SET age = 31 WHERE id = 1",
        "ALTER TABLE people ALTER age SET DEFAULT 0; INSERT INTO people (id, name) VALUES (7, 'Di')",
        "ALTER TABLE people ALTER age DROP DEFAULT; UPDATE people SET age = 32 WHERE id = 1",
        "ALTER TABLE people RENAME COLUMN remark TO remarks; UPDATE people SET remarks = 'y' WHERE id = 1",
        "ALTER TABLE people RENAME remarks TO remark",
    ] {
        let output = run(&stack.alice()?, &format!("BEGIN; {migration}; COMMIT"))?;
        assert!(output.stderr.is_empty(), "{migration}: {}", output.stderr);
    }
    let reads = "SELECT id, age, boss, remark FROM people ORDER BY id";
    let (direct, shown) = (run(&stack.owner(), reads)?, run(&stack.alice()?, reads)?);
    assert_eq!(shown.stdout, direct.stdout);
    Ok(())
}

/// PostgreSQL goes by what names meant when a cursor was opened, whatever they mean when it is read.
#[test]
fn a_cursor_shows_what_its_names_meant_when_it_was_opened() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let mut alice = Session::start(&stack.alice()?)?;
    alice.ask("CREATE TEMP VIEW held AS SELECT id, last_name AS zq FROM people;")?;
    alice.ask("CREATE VIEW held_too AS SELECT id, last_name AS zq FROM people;")?;
    alice.ask(
        "CREATE FUNCTION told() RETURNS text LANGUAGE sql AS 'SELECT last_name FROM people WHERE id = 1';",
    )?;
    alice.ask("BEGIN;")?;
    for (cursor, query) in [
        ("a", "SELECT zq || '' AS q FROM held"),
        ("b", "SELECT zq FROM held"),
        ("c", "SELECT told() AS q"),
        ("d", "SELECT zq FROM held_too"),
        ("e", "SELECT note FROM visits"),
    ] {
        alice.expect(&format!("DECLARE {cursor} SCROLL CURSOR WITH HOLD FOR {query};"), "DECLARE CURSOR")?;
    }
    alice.expect("COMMIT;", "COMMIT")?;
    for text in [
        "DROP VIEW held; CREATE TEMP VIEW held AS SELECT id, note AS zq FROM visits;",
        "CREATE OR REPLACE VIEW held_too AS SELECT id, note AS zq FROM visits;",
        "CREATE OR REPLACE FUNCTION told() RETURNS text LANGUAGE sql AS 'SELECT ''x''::text';",
    ] {
        alice.ask(text)?;
    }
    wait::until("their new meanings to be known", Duration::from_secs(20), || {
        let shown = alice.ask("SELECT zq || '' FROM held; SELECT 'is ' || told();")?;
        Ok((shown.contains("first") && shown.contains("is x")).then_some(()))
    })?;
    for cursor in ["a", "b", "c", "d"] {
        let shown = alice.ask(&format!("FETCH 2 FROM {cursor};"))?;
        assert!(shown.contains("row") && !shown.contains("canary"), "{cursor}: {shown}");
    }
    alice.expect("FETCH 1 FROM e;", "first")?;
    assert_eq!(alice.quit()?, 0);
    Ok(())
}

/// What waits for a lock to be read is not taken for known, and what does not wait is read.
#[test]
fn what_is_made_while_somebody_has_a_table_for_himself_is_seen() -> Result<()> {
    let objects = "CREATE TABLE held (id int); CREATE TABLE hooked_from (id int, w text); CREATE TABLE hooked_to (n int, t text); \
        CREATE VIEW seen AS SELECT id, note AS z FROM visits; CREATE VIEW seen_too AS SELECT z AS zz FROM seen; \
        CREATE RULE told AS ON UPDATE TO visits DO ALSO NOTIFY visited; \
        CREATE FUNCTION hand_over() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO hooked_to VALUES (1, NEW.w); RETURN NEW; END $$";
    let stack = with_objects_of(Values::Names, "")?;
    psql::run(&stack.owner(), objects)?.success()?;
    // Known to the catalog.
    psql::run(&stack.alice()?, "SELECT z FROM seen; SELECT zz FROM seen_too; SELECT * FROM hooked_to")?
        .success()?;
    let mut holder = Session::start(&stack.owner())?;
    holder.expect("BEGIN; LOCK TABLE held IN ACCESS EXCLUSIVE MODE;", "LOCK TABLE")?;
    for text in [
        "CREATE OR REPLACE VIEW seen AS SELECT id, last_name AS z FROM people",
        "CREATE TRIGGER hand_over AFTER INSERT ON hooked_from FOR EACH ROW EXECUTE FUNCTION hand_over()",
    ] {
        psql::run(&stack.alice()?, text)?.success()?;
    }
    let reads = "SELECT z FROM seen; SELECT upper(z) FROM seen; SELECT zz FROM seen_too; SELECT t FROM hooked_to; \
        SELECT reverse(t) FROM hooked_to";
    psql::run(&stack.alice()?, "INSERT INTO hooked_from SELECT id, last_name FROM people")?.success()?;
    assert!(shows_canary(&run(&stack.superuser(), reads)?));
    for when in ["while it is held", "later", "afterwards"] {
        let shown = run(&stack.alice()?, reads)?;
        assert!(!shows_canary(&shown) && shown.stdout.contains("***"), "{when}: {}", shown.stdout);
        match when {
            "while it is held" => {
                psql::run(&stack.alice()?, "CREATE TABLE newer (id int)")?.success().map(|_| ())?
            }
            _ => holder.ask("COMMIT;").map(|_| ())?,
        }
    }
    assert_eq!(holder.quit()?, 0);
    Ok(())
}

/// A short text makes a view whose tree is too long to be looked at: anything can be in it, and the catalog is read all the same.
#[test]
fn a_view_of_endless_columns_is_masked_and_the_catalog_is_read() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let columns: Vec<String> =
        (0..1500).map(|number| format!("a_column_with_a_long_name_{number} int")).collect();
    psql::run(&stack.alice()?, &format!("CREATE TABLE wide ({})", columns.join(", ")))?.success()?;
    let part = "SELECT p.last_name, w.* FROM people p LEFT JOIN wide w ON true";
    let view = format!("CREATE VIEW endless AS {}", vec![part; 16].join(" UNION ALL "));
    psql::run(&stack.alice()?, &view)?.success()?;
    let size =
        "SELECT pg_column_size(ev_action) > 100000 FROM pg_rewrite WHERE ev_class = 'endless'::regclass";
    assert_eq!(psql::run(&stack.superuser(), size)?.success()?.trim(), "t");
    let shown = run(
        &stack.alice()?,
        "SELECT last_name, upper(last_name) FROM endless LIMIT 1; SELECT note FROM visits",
    )?;
    assert!(!shows_canary(&shown) && shown.stdout.contains("***"), "{}", shown.stdout);
    assert!(shown.stdout.contains("first"), "{}{}", shown.stdout, shown.stderr);
    Ok(())
}

/// What is there before of functions, views and rules that read a view by its name or its number; `@` stands for the case.
const READERS: &str = "CREATE VIEW seen_@ AS SELECT id, note AS z FROM visits; CREATE TABLE kept_@ (a text); CREATE TABLE ruled_@ (id int); \
    CREATE MATERIALIZED VIEW filled_@ AS SELECT z FROM seen_@; \
    CREATE FUNCTION gives_@() RETURNS text LANGUAGE sql AS 'SELECT z FROM seen_@ LIMIT 1'; \
    CREATE FUNCTION fills_@() RETURNS int LANGUAGE sql AS 'INSERT INTO kept_@ SELECT z FROM seen_@; SELECT 1'; \
    CREATE VIEW calls_@ AS SELECT gives_@() AS h; \
    CREATE RULE also AS ON INSERT TO ruled_@ DO ALSO INSERT INTO kept_@ SELECT z FROM seen_@";

/// What gives its values when it shows something else …
const GIVING: [&str; 3] = ["SELECT gives_@()", "SELECT h FROM calls_@", "SELECT gives_@()::int"];

/// … and what writes them.
const WRITING: [&str; 8] = [
    "SELECT fills_@()",
    "DO $$ BEGIN PERFORM fills_@(); END $$",
    "INSERT INTO kept_@ SELECT gives_@()",
    "INSERT INTO kept_@ SELECT h FROM calls_@",
    "INSERT INTO kept_@ SELECT z FROM seen_@",
    "INSERT INTO ruled_@ VALUES (1)",
    "CREATE TABLE made_@ AS SELECT z FROM seen_@",
    "REFRESH MATERIALIZED VIEW filled_@",
];

/// What `by` is shown by each of these behind a view that is made anew and then as before, in transactions of their own or in one, and alice by what
/// it has written. Each is an attack.
fn shown_of_retold(stack: &Stack, by: &Login, doing: &[&str]) -> Result<String> {
    let mut all = String::new();
    for (number, (begins, ends, does)) in
        doing.iter().flat_map(|does| [("", "", does), ("BEGIN; ", "; COMMIT", does)]).enumerate()
    {
        let of = |text: &str| text.replace('@', &number.to_string());
        psql::run(&stack.owner(), &of(READERS))?.success()?;
        // Who reads a new view waits until all of the catalog is read again.
        psql::run(by, &of("CREATE VIEW new_@ AS SELECT id FROM visits"))?.success()?;
        psql::run(by, &of("SELECT * FROM new_@"))?.success()?;
        let text = of(&format!(
            "{begins}CREATE OR REPLACE VIEW seen_@ AS SELECT id, last_name AS z FROM people; {does}; \
             CREATE OR REPLACE VIEW seen_@ AS SELECT id, note AS z FROM visits{ends}"
        ));
        let shown = run(by, &text)?;
        let kept = of("SELECT a FROM kept_@; SELECT z FROM made_@; SELECT z FROM filled_@");
        let is_attack = shows_canary(&run(&stack.superuser(), &kept)?)
            || does.contains("gives")
            || does.contains("calls");
        assert!(is_attack, "{text}: {shown:?}");
        let kept = run(&stack.alice()?, &kept)?;
        if shows_canary(&shown) || shows_canary(&kept) {
            writeln!(all, "{text}: {shown:?} {kept:?}")?;
        }
    }
    Ok(all)
}

#[test]
fn what_code_reads_of_a_view_that_is_made_anew_is_masked() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let shown = shown_of_retold(&stack, &stack.alice()?, &[&GIVING[..], &WRITING].concat())?;
    assert!(shown.is_empty(), "{shown}");
    Ok(())
}

/// Whoever sees all values writes them where others do not.
#[test]
fn what_who_sees_all_values_writes_of_a_view_that_is_made_anew_is_masked() -> Result<()> {
    let password = postgres::password()?;
    let secret = scram_secret(&password)?;
    let app = format!("[[user]]\nname = \"app\"\ngroups = [\"reveal\"]\nscram-secret = \"{secret}\"\n");
    let stack = with_objects_of(Values::Names, &app)?;
    let app = stack.alice()?.as_user("app", &password);
    assert!(shows_canary(&run(&app, "SELECT last_name FROM people")?));
    let shown = shown_of_retold(&stack, &app, &WRITING)?;
    assert!(shown.is_empty(), "{shown}");
    Ok(())
}

/// Somebody who has a table for himself alone keeps nobody from knowing what a view shows.
#[test]
fn a_view_that_is_made_anew_while_tables_are_locked_shows_nothing() -> Result<()> {
    let stack = with_objects_of(Values::Names, "")?;
    let alice = stack.alice()?;
    let read_again = |name: &str| -> Result<()> {
        psql::run(&alice, &format!("CREATE TABLE {name} (id int)"))?.success()?;
        psql::run(&alice, &format!("SELECT * FROM {name}"))?.success()?;
        Ok(())
    };
    for (number, locks) in ["CREATE TEMP TABLE held (a int);", "LOCK TABLE people;", "LOCK TABLE visits;"]
        .into_iter()
        .enumerate()
    {
        let seen = format!("seen_{number}");
        psql::run(&alice, &format!("CREATE VIEW {seen} AS SELECT id, note AS z FROM visits"))?.success()?;
        read_again(&format!("before_{number}"))?;
        let mut holder = Session::start(&stack.owner())?;
        holder.expect("BEGIN;", "BEGIN")?;
        let retells = format!("CREATE OR REPLACE VIEW {seen} AS SELECT id, last_name AS z FROM people");
        if locks.contains("people") {
            psql::run(&alice, &retells)?.success()?;
            holder.ask(locks)?;
        } else {
            holder.ask(locks)?;
            psql::run(&alice, &retells)?.success()?;
        }
        let reads = [format!("SELECT z FROM {seen}"), format!("SELECT upper(z) FROM {seen}")];
        read_again(&format!("within_{number}"))?;
        if !locks.contains("people") {
            for reads in &reads {
                let shown = run(&alice, reads)?;
                assert!(!shows_canary(&shown), "{locks} {reads}: {shown:?}");
            }
        }
        holder.ask("ROLLBACK;")?;
        for reads in &reads {
            let shown = run(&alice, reads)?;
            assert!(shown.stdout.contains("***") && !shows_canary(&shown), "{locks} {reads}: {shown:?}");
        }
        // What is harmless is shown when the definition was read.
        wait::until("the view to be read", Duration::from_secs(20), || {
            let shown = run(&alice, &format!("SELECT id FROM {seen} ORDER BY id"))?;
            Ok((shown.stdout.starts_with('1')).then_some(()))
        })?;
        assert_eq!(holder.quit()?, 0);
    }
    Ok(())
}

/// A table of the same name in the place of another, as migrations and imports make it.
#[test]
fn what_is_put_in_the_place_of_a_table_is_what_it_is() -> Result<()> {
    let stack = with_objects_of(Values::Names, "[policy]\nwithout = [\"no-drop-table\"]\n")?;
    let made = "(id int, last_name text, plan text)";
    for (number, replaces) in [
        format!("DROP TABLE told_@; CREATE TABLE told_@ {made}; INSERT INTO told_@ VALUES (1, 'Ada', 'gold')"),
        format!("ALTER TABLE told_@ RENAME TO old_@; CREATE TABLE told_@ {made}; INSERT INTO told_@ (id, last_name, plan) VALUES (1, 'Ada', 'gold'); DROP TABLE old_@"),
    ]
    .iter()
    .enumerate()
    {
        let of = |text: &str| text.replace('@', &number.to_string());
        psql::run(&stack.owner(), &of(&format!("CREATE TABLE told_@ {made}; INSERT INTO told_@ VALUES (1, 'Ada', 'gold')")))?.success()?;
        let reads = of("SELECT id, last_name, plan FROM told_@; SELECT count(*) FROM told_@");
        let shown = "1|***|gold\n1\n";
        assert_eq!(psql::run(&stack.alice()?, &reads)?.success()?, shown);
        psql::run(&stack.alice()?, &of(&format!("BEGIN; {replaces}; COMMIT")))?.success()?;
        assert_eq!(psql::run(&stack.alice()?, &reads)?.success()?, shown, "{replaces}");
    }
    Ok(())
}
