//! How sure Picket is of what a column holds, and columns that only those can look at who read them.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{binaries, psql, wait};

use crate::stack::Stack;

/// How long a word about a column may take.
const TOLD_WAIT: Duration = Duration::from_secs(90);

/// Until the ledger has all of its tables, `picket` cannot ask it.
fn wait_for_ledger(stack: &Stack) -> Result<()> {
    let told = "SELECT * FROM classified_columns WHERE confidence != ''";
    stack.ledger.wait_rows("what is known of columns", told, |_| true)?;
    Ok(())
}

/// What `picket classify list` says of a column, from its class on to the numbers of values; empty where it is not sensitive.
fn told(stack: &Stack, object: &str) -> Result<String> {
    let mut picket = binaries::command("picket")?;
    picket.args(["--clickhouse-url", stack.ledger.url(), "--database", stack.ledger.database()]);
    let output = picket.args(["classify", "list", "--on", &stack.database, "--format", "csv"]).output()?;
    ensure!(output.status.success(), "{output:?}");
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    let begin = format!("{},{object},", stack.database);
    let line = list.lines().find_map(|line| line.strip_prefix(&begin)).unwrap_or_default();
    Ok(line.split(',').take(5).collect::<Vec<_>>().join(","))
}

fn becomes(stack: &Stack, object: &str, expected: &str) -> Result<()> {
    let mut last = String::new();
    let told = wait::until(object, TOLD_WAIT, || {
        last = told(stack, object)?;
        Ok((last == expected).then_some(()))
    });
    told.map_err(|error| error.context(format!("{object} is {last}, and not {expected}")))
}

#[test]
fn names_and_values_say_how_sure_it_is() -> Result<()> {
    let stack = Stack::start()?;
    let objects = "CREATE TABLE things (email text, fax text, phone text, c1 text, c2 text, seen_by inet, dob date);
        INSERT INTO things SELECT 'a' || n || '@shop.org', 'yes', CASE n % 3 WHEN 0 THEN 'none' ELSE '+44 20 7946 ' || lpad(n::text, 4, '0') END,
            'b' || n || '@shop.org', CASE n % 4 WHEN 0 THEN 'none' ELSE 'c' || n || '@shop.org' END, '10.0.0.1', '1990-01-02'
        FROM generate_series(1, 60) n;
        CREATE VIEW shown AS SELECT c1 FROM things";
    psql::run(&stack.owner(), objects)?.success()?;
    psql::run(&stack.alice()?, "SELECT count(*) FROM things")?.success()?;
    wait_for_ledger(&stack)?;
    for (object, expected) in [
        ("public.things.email", "email,name,high,60,60"),
        // A flag that says whether there is one.
        ("public.things.fax", "phone,name,low,60,0"),
        ("public.things.phone", "phone,name,high,60,40"),
        ("public.things.c1", "email,values,high,60,60"),
        ("public.things.c2", "email,values,medium,60,45"),
        ("public.things.seen_by", "ip_address,type,high,0,0"),
        ("public.things.dob", "birth_date,name,medium,0,0"),
        ("public.shown.c1", "derived,definition,high,0,0"),
    ] {
        becomes(&stack, object, expected)?;
    }
    Ok(())
}

/// Its rows are chosen by a policy: the proxy's own account does not look at them.
const GUARDED: &str = "CREATE TABLE guarded (id int, c1 text, c2 text, c3 text);
    INSERT INTO guarded SELECT n, 'canary' || n || '@shop.org', CASE WHEN n <= 40 THEN 'canary' || n || '@shop.org' ELSE 'none ' || n END, 'canary@shop.org'
    FROM generate_series(1, 120) n;
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
    CREATE POLICY everything ON guarded USING (true);
    GRANT SELECT ON guarded TO PUBLIC;
    CREATE TABLE seen (id int, c1 text);
    INSERT INTO seen SELECT n, CASE WHEN n <= 25 THEN 'canary' || n || '@shop.org' ELSE 'red' END FROM generate_series(1, 120) n;
    GRANT SELECT ON seen TO PUBLIC";

#[test]
fn what_sessions_read_tells_a_column_that_nobody_else_can_look_at() -> Result<()> {
    let stack = Stack::start()?;
    psql::run(&stack.owner(), GUARDED)?.success()?;
    let alice = stack.alice()?;
    // The database is left alone while no session is with it.
    let _idle = psql::Session::start(&alice)?;
    let query = "SELECT c1, c2, c3 FROM guarded";
    let shown = psql::run(&alice, query)?.success()?;
    assert!(!shown.contains("canary"), "each is looked at: {shown}");
    wait_for_ledger(&stack)?;
    // Of a table that was looked at, what somebody chooses to read tells nothing.
    psql::run(&alice, "SELECT c1 FROM seen WHERE id <= 25")?.success()?;
    becomes(&stack, "public.guarded.c1", "email,wire,high,100,100")?;
    wait::until("it is masked in every form", TOLD_WAIT, || {
        let shown =
            psql::run(&alice, "SELECT reverse(c1), encode(c1::bytea, 'hex') FROM guarded WHERE id = 7")?;
        Ok((shown.stdout.trim() == "***|***").then_some(()))
    })?;
    // A third is not most, and a value that is read again and again is one.
    assert_eq!((told(&stack, "public.guarded.c2")?, told(&stack, "public.guarded.c3")?), Default::default());
    assert_eq!(told(&stack, "public.seen.c1")?, "");
    Ok(())
}
