//! The facts of statements beside what PostgreSQL itself reports of them: docs/facts.md says what comes of it.

mod analysed;
mod code;
mod commands;
mod findings;
mod handles;
mod node;
mod rows;
mod server;
mod within;

use std::collections::HashSet;
use std::{fs, thread};

use anyhow::{Context, Result, ensure};
use e2e::kind::{kind, kinds};
use e2e::script::{self, Sent};
use e2e::suites;
use sql::Facts;

use self::findings::{CLASSES, Compared, Findings};
use self::handles::Handles;
use self::server::Server;
use e2e::document;

/// One of so many statements of the regression tests is compared; every one where `PICKET_FACTS` is set.
const ONE_OF: u64 = 20;

/// Fewer than this show nothing.
const STATEMENTS_MIN: usize = 500;

/// Scripts that have a server of another kind, want psql, take the server's stack, or take long over statements as others
/// have them.
const LEFT_OUT: [&str; 13] = [
    "collate.icu.utf8",
    "conversion",
    "encoding",
    "euc_kr",
    "incremental_sort",
    "infinite_recurse",
    "join_hash",
    "psql",
    "psql_crosstab",
    "select_parallel",
    "stats_ext",
    "tablespace",
    "tidrangescan",
];

/// What was noted in a transaction that failed is noted again when it has ended.
const TRANSACTIONS: &str = "BEGIN, COMMIT, ROLLBACK …";

/// Kinds whose effects are rows.
const ROWS: [&str; 6] = ["SELECT", "WITH …", "INSERT", "UPDATE", "DELETE", "MERGE"];

#[test]
fn the_facts_are_what_postgresql_reports() -> Result<()> {
    let reader = thread::Builder::new().stack_size(sql::READ_STACK_BYTES);
    let Ok(findings) = reader.spawn(compare_all).context("start a thread")?.join() else {
        anyhow::bail!("comparing panicked")
    };
    let findings = findings?;
    ensure!(
        findings.unexplained.is_empty(),
        "{} times the facts are wrong:\n{}",
        findings.unexplained.len(),
        findings.unexplained.join("\n")
    );
    ensure!(STATEMENTS_MIN <= findings.statements.values().sum(), "too few statements were compared");
    // How many there are depends on the machine: what a test finds in time, or what another minor release has.
    let made = table(&findings);
    document::hold("docs/facts.md", "suites facts", &made, |tables| {
        CLASSES.iter().all(|(class, why)| tables.contains(&format!("| {class} |")) && tables.contains(why))
    })
}

fn compare_all() -> Result<Findings> {
    let folder = suites::installed()?.join("regress");
    let schedule = fs::read_to_string(folder.join("parallel_schedule")).context("read the schedule")?;
    let scripts = schedule.lines().filter_map(|line| line.strip_prefix("test:"));
    let scripts = scripts.flat_map(str::split_whitespace).filter(|script| !LEFT_OUT.contains(script));
    let mut server = Server::start()?;
    let mut findings = Findings::default();
    let mut known = HashSet::new();
    let every = std::env::var_os("PICKET_FACTS").is_some();
    for script in scripts {
        let path = folder.join("sql").join(format!("{script}.sql"));
        let text = fs::read(&path).with_context(|| format!("read `{}`", path.display()))?;
        server.begin()?;
        for sent in script::sent(&text) {
            let chosen = known.insert(sent.text.clone()) && (every || is_chosen(&sent.text));
            compare(&server, &sent, chosen, &mut findings);
        }
    }
    server.begin()?;
    for sent in script::sent(include_bytes!("facts/own.sql")) {
        compare(&server, &sent, true, &mut findings);
    }
    Ok(findings)
}

/// The same in each run (FNV-1a).
fn is_chosen(text: &[u8]) -> bool {
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash.is_multiple_of(ONE_OF)
}

/// Kinds that are about another statement, or about one by its name.
const WITHIN: [&str; 4] = ["COPY", "DECLARE, FETCH, MOVE, CLOSE", "EXPLAIN", "PREPARE, EXECUTE, DEALLOCATE"];

/// Those that make names, and take them away.
const HANDLES: [&str; 2] = ["DECLARE, FETCH, MOVE, CLOSE", "PREPARE, EXECUTE, DEALLOCATE"];

/// Runs a statement, and compares it if it is chosen.
fn compare(server: &Server, sent: &Sent, chosen: bool, findings: &mut Findings) {
    let Ok(text) = std::str::from_utf8(&sent.text) else { return };
    let kind = kind(&sent.text);
    let facts = if chosen && sent.standard_strings { sql::read(&sent.text).ok() } else { None };
    // Rows of a COPY are not sent here.
    let run = || kind != "COPY" && server.run(text);
    let Some(Facts { statements, .. }) = facts else {
        run();
        return;
    };
    let [statement] = statements.as_slice() else {
        run();
        return;
    };
    let found = match kind {
        "DO" => code::block(server, text, statement),
        "TRUNCATE" => code::truncate(server, text, statement),
        _ if ROWS.contains(&kind) => rows::compare(server, text, text, statement),
        _ if WITHIN.contains(&kind) => {
            within::within(kind, text).and_then(|query| rows::compare(server, text, &query, statement))
        }
        _ => return command(server, text, statement, findings),
    };
    let before = if HANDLES.contains(&kind) { Handles::of(server) } else { None };
    let is_done = run();
    let handles = before.filter(|_| is_done).and_then(|before| Some((before, Handles::of(server)?)));
    let found = match handles {
        Some((before, after)) => {
            let mut compared = found.unwrap_or_else(|| Compared::new(text));
            handles::compare(statement, &before, &after, &mut compared);
            Some(compared)
        }
        None => found,
    };
    if let Some(compared) = found {
        findings.add(kind, compared);
    }
}

/// The same of one that event triggers are told of.
fn command(server: &Server, text: &str, statement: &sql::Statement, findings: &mut Findings) {
    let kind = kind(text.as_bytes());
    server.noted();
    if server.run(text)
        && kind != TRANSACTIONS
        && let Some(noted) = server.noted().filter(|noted| !noted.is_empty())
    {
        findings.add(kind, commands::compare(text, statement, &noted));
    }
}

fn table(findings: &Findings) -> String {
    let mut text = String::from("\n| kind | statements |\n| --- | --: |\n");
    let number = |number: Option<&usize>| number.map_or_else(String::new, ToString::to_string);
    for kind in kinds().into_iter().filter(|kind| findings.statements.contains_key(kind)) {
        text += &format!("| {kind} | {} |\n", number(findings.statements.get(kind)));
    }
    let all: usize = findings.statements.values().sum();
    text += &format!("| all | {all} |\n\n| differs | statements | why |\n| --- | --: | --- |\n");
    for (class, why) in CLASSES {
        text += &format!("| {class} | {} | {why} |\n", number(findings.classes.get(class)));
    }
    text
}
