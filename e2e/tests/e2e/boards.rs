//! Every query of the boards and alert rules answers something where everything has happened once.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use e2e::boards::{self, Filled, Range};
use e2e::scene::Scene;

const OBJECT: &str = "public.users.email";

#[test]
fn every_query_of_the_boards_answers() -> Result<()> {
    let scene = Scene::play()?;
    let range = Range::hours_before_now(1, 60)?;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dashboards/queries");
    let mut asked = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(&folder).context("list the queries")? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let query = fs::read_to_string(&path)?;
        asked += 1;
        match boards::ask(&scene.ledger(), &query, &range, OBJECT) {
            Ok(filled) => wrong.extend(complaint(&name, &query, &filled)),
            Err(error) => wrong.push(format!("{name}: {error:#}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(30 < asked, "{asked} queries");
    Ok(())
}

/// What is not as Grafana needs it.
fn complaint(name: &str, query: &str, Filled { columns, rows }: &Filled) -> Option<String> {
    let is_series = query.contains("$__interval_s");
    let says_what = query.starts_with("-- ");
    let number = |row: &Vec<serde_json::Value>| row.iter().any(serde_json::Value::is_number);
    let why = match (name.starts_with("alert_"), rows.as_slice()) {
        _ if !says_what => "does not begin with what it is for",
        (_, []) => "answers nothing",
        (true, [row]) if columns == &["value"] && number(row) => return None,
        (true, _) => "does not answer one number called value",
        (false, _) if is_series && columns.first().is_none_or(|name| name != "time") => "has no time first",
        (false, rows) if is_series && !rows.iter().all(number) => "has no number to draw",
        (false, _) => return None,
    };
    Some(format!("{name} {why}: {columns:?} {rows:?}"))
}

#[test]
fn a_macro_that_nobody_knows_is_an_error() -> Result<()> {
    let range = Range::hours_before_now(1, 60)?;
    assert!(boards::expanded("SELECT $__timeFilter(at)", &range, OBJECT).is_err());
    assert_eq!(boards::expanded("SELECT ${object:sqlstring}", &range, "a'b\\")?, "SELECT 'a\\'b\\\\'");
    Ok(())
}
