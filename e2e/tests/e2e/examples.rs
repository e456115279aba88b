//! docs/ledger.md shows a row of each view, from a real run; it cannot show what no view has.

use std::fmt::Write as _;

use anyhow::{Context, Result, ensure};
use e2e::document;
use e2e::ledger::Ledger;
use e2e::scene::Scene;
use serde_json::{Map, Value};

/// The views that people ask, and which of their rows is shown.
const SHOWN: [(&str, &str); 13] = [
    ("who_touched", "object = 'public.users.email' AND principal = 'alice' AND 'update' NOT IN effects"),
    ("revealed_access", "class = 'email' AND 'COPY' != substring(text, 1, 4)"),
    ("who_saw", "principal = 'bob'"),
    ("masked_access", "object = 'public.users.email'"),
    ("denied", "has(rules, 'no-drop-table')"),
    ("session_timeline", "has(rules, 'no-drop-table')"),
    ("new_access", "object = 'public.users.email' AND principal = 'bob'"),
    (
        "same_statements",
        "principal = 'alice' AND normalised = 'SELECT id, name, email FROM users ORDER BY id LIMIT $1'",
    ),
    ("classified_columns", "object = 'public.users.email'"),
    ("bypasses", "rule = ''"),
    ("coverage", "1"),
    ("proxy_claims", "isNotNull(ended_at)"),
    ("witness_gaps", "kind = 'away'"),
];

/// What is another in each run, or on each host. Of it, only its name is compared.
const CHANGES: [&str; 35] = [
    "at",
    "began_at",
    "bytes",
    "bytes_proxied",
    "bytes_share",
    "bytes_to_client",
    "bytes_to_server",
    "alert_id",
    "client",
    "client_port",
    "closed_at",
    "confidence",
    "connections",
    "day",
    "duration_seconds",
    "ended_at",
    "finished_at",
    "first_at",
    "last_at",
    "message",
    "opened_at",
    "process_pid",
    "process_started_at",
    "proxied",
    "seconds",
    "server",
    "server_port",
    "session_id",
    "share",
    "since",
    "unknown",
    "uid",
    "user",
    "values_of_class",
    "values_seen",
];

/// What tells of the host that it ran on, and what is written instead.
const ELSEWHERE: [(&str, &str); 11] = [
    ("host", "\"db1\""),
    ("process_cgroup", "\"/user.slice/user-1000.slice/session-7.scope\""),
    ("process_executable", "\"/usr/lib/postgresql/18/bin/psql\""),
    ("login_uid", "1000"),
    ("login_user", "\"alice\""),
    ("process_unit", "\"session-7.scope\""),
    ("process_container", "\"\""),
    ("process_pod", "\"\""),
    ("process_network_namespace", "4026531840"),
    ("process_arguments_hash", "\"0f1e2d3c4b5a69788796a5b4c3d2e1f0\""),
    ("process_parents", "[\"bash[1689]\",\"sudo[1687]\",\"bash[1502]\",\"sshd-session[1490]\"]"),
];
/// The same of it in a sentence, behind these words.
const IN_SENTENCE: (&str, &str) = (
    " though it asked for that; ",
    "runs /usr/lib/postgresql/18/bin/psql, logged in as alice, unit session-7.scope, started by bash[1689] by sudo[1687] by \
     bash[1502] by sshd-session[1490]\"",
);

#[test]
fn the_document_has_a_row_of_each_view() -> Result<()> {
    let scene = Scene::play()?;
    let ledger = scene.ledger();
    let views =
        ledger.rows("SELECT name FROM system.tables WHERE database = 'picket' AND engine = 'View'")?;
    let mut views: Vec<_> = views.iter().filter_map(|row| row.get("name")?.as_str()).collect();
    let mut shown = SHOWN.map(|(view, _)| view);
    // Within one host nobody is known by an address.
    views.retain(|view| *view != "unclaimed_connections");
    views.sort_unstable();
    shown.sort_unstable();
    assert_eq!(views, shown, "every view is shown");
    let made = SHOWN.iter().map(|(view, rows)| example(&ledger, view, rows)).collect::<Result<String>>()?;
    document::hold("docs/ledger.md", "e2e examples", &made, |there| still(there) == still(&made))
}

/// A row as a section of the document.
fn example(ledger: &Ledger, view: &str, rows: &str) -> Result<String> {
    let select = format!("SELECT * FROM {view} WHERE {rows} ORDER BY ALL LIMIT 1");
    let row = ledger.wait_row(format!("a row of {view}"), &select)?;
    let row: &Map<String, Value> = row.as_object().context("read the row")?;
    let width = row.keys().map(String::len).max().unwrap_or_default();
    let mut section = format!("\n### {view}\n\n```\n");
    // In the order of the view, which a map does not keep.
    for column in columns(ledger, view)? {
        let value = row.get(&column).with_context(|| format!("find {column}"))?;
        let instead = ELSEWHERE.iter().find(|(name, _)| *name == column);
        let value = instead.map_or_else(|| value.to_string(), |(_, instead)| (*instead).to_owned());
        let (words, behind) = IN_SENTENCE;
        let value = match value.split_once(words) {
            Some((sentence, _)) => format!("{sentence}{words}{behind}"),
            None => value,
        };
        ensure!(!value.contains('\n'), "{column} of {view} has lines");
        writeln!(section, "{column:width$}  {value}")?;
    }
    section.push_str("```\n");
    Ok(section)
}

fn columns(ledger: &Ledger, view: &str) -> Result<Vec<String>> {
    let select = format!(
        "SELECT name FROM system.columns WHERE database = 'picket' AND table = '{view}' ORDER BY position"
    );
    let rows = ledger.rows(&select)?;
    Ok(rows.iter().filter_map(|row| Some(row.get("name")?.as_str()?.to_owned())).collect())
}

/// The lines without the values that change.
fn still(sections: &str) -> Vec<String> {
    let line = |line: &str| match line.split_once(' ') {
        Some((name, _)) if CHANGES.contains(&name) => name.to_owned(),
        _ => line.to_owned(),
    };
    sections.lines().map(line).collect()
}
