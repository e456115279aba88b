//! `picket policy explain`: what is read in statements and what the rules say, without a database and without a ledger.

mod at_proxy;

use std::io::Write;
use std::process::{Output, Stdio};

use anyhow::{Context, Result};
use e2e::binaries;
use serde_json::Value;

const REFUSED: &str = "\
refuse: DELETE FROM shop.orders o WHERE o.id = o.id
  ERROR: Picket refused this statement
  SQLSTATE: 42501
  DETAIL: Rule \"no-unfiltered-write\": the DELETE has no condition that leaves any row of the table out.
  HINT: Say which rows you mean in WHERE, by their columns; beside other tables name each column with its own.
  effects: delete
  writes: shop.orders
  without an effective filter: delete shop.orders
  columns read: o.id
  normalised: DELETE FROM shop.orders o WHERE o.id = o.id
  fingerprint: 230cb81bc222772b
";

fn explain(args: &[&str], input: &[u8]) -> Result<Output> {
    let mut command = binaries::command("picket")?;
    command.args(["policy", "explain"]).args(args);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // It may end without reading.
    let _ = child.stdin.take().context("open standard input")?.write_all(input);
    child.wait_with_output().context("run picket")
}

fn objects(args: &[&str], input: &[u8]) -> Result<Vec<Value>> {
    let output = explain(args, input)?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[test]
fn a_refusal_is_explained_to_people() -> Result<()> {
    let output = explain(&["DELETE FROM shop.orders o WHERE o.id = o.id"], b"")?;
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout)?, REFUSED);
    Ok(())
}

/// Tabs and letters of several bytes do not move the caret, and nothing is coloured that no terminal shows.
#[test]
fn a_caret_stands_below_what_is_no_sql() -> Result<()> {
    let output = explain(&["SELECT 'ä',\n\t'from' FROM FROM t"], b"")?;
    let told = String::from_utf8(output.stdout)?;
    assert_eq!(
        told,
        "refuse: SELECT 'ä',\\n\\t'from' FROM FROM t\n  ERROR: syntax error at or near \"FROM\"\n\
         \x20 LINE 2: \\t'from' FROM FROM t\n                        ^ column 14\n  SQLSTATE: 42601\n"
    );
    let found = objects(&["--format", "json", "\n select 1;\n selec 2"], b"")?;
    assert_eq!((&found[0]["error_line"], &found[0]["error_column"]), (&3.into(), &2.into()));
    let found = objects(&["--format", "json", "select 1"], b"")?;
    assert_eq!((&found[0]["error_line"], &found[0]["error_column"]), (&0.into(), &0.into()));
    Ok(())
}

#[test]
fn it_is_told_what_is_filtered_set_and_written() -> Result<()> {
    let text = b"update orders set status = price where id = 7; delete from orders; set search_path = audit; create view v as select 1";
    let found = objects(&["--format", "json"], text)?;
    let list = |at: usize, key: &str| found[at][key].clone();
    let is = |words: &[&str]| Value::from(words.to_vec());
    assert_eq!(list(0, "filtered"), is(&["update orders"]));
    assert_eq!(list(0, "unfiltered"), is(&[]));
    assert_eq!(list(0, "columns_read"), is(&["price", "id"]));
    assert_eq!(list(0, "columns_written"), is(&["status"]));
    assert_eq!(found[0]["normalised"], "update orders set status = price where id = $1");
    assert_eq!(list(1, "unfiltered"), is(&["delete orders"]));
    assert_eq!(found[1]["sqlstate"], "42501");
    assert_eq!(list(2, "settings"), is(&["search_path = audit"]));
    assert_eq!(list(3, "effects"), is(&["create_view"]));
    assert_eq!(list(3, "commands"), is(&["ViewStmt"]));
    Ok(())
}

#[test]
fn scripts_get_an_object_for_each_statement() -> Result<()> {
    let text = b"select lower(email) from users; create temp table t as select 1 as a; drop table t; drop table users";
    let found = objects(&["--format", "json"], text)?;
    let verdicts: Vec<_> = found.iter().map(|object| (&object["verdict"], &object["rules"])).collect();
    let (allow, refuse, none) = (Value::from("allow"), Value::from("refuse"), Value::Array(Vec::new()));
    let rule = Value::from(vec!["no-drop-table"]);
    assert_eq!(verdicts, [(&allow, &none), (&allow, &none), (&allow, &none), (&refuse, &rule)]);
    assert_eq!(found[0]["reads"], Value::from(vec!["users"]));
    assert_eq!(found[0]["columns"], Value::from(vec!["email"]));
    assert_eq!(found[0]["functions"], Value::from(vec!["lower"]));
    assert_eq!(found[3]["writes"], Value::from(vec!["users"]));
    let observed = objects(&["--format", "json", "--observe", "no-drop-table", "drop table users"], b"")?;
    assert_eq!(observed[0]["verdict"], allow);
    assert_eq!(observed[0]["observed"], Value::from(vec!["no-drop-table"]));
    Ok(())
}

#[test]
fn what_cannot_be_read_is_refused_and_nothing_is_nothing() -> Result<()> {
    for text in [&b"selec 1"[..], b"select '\xff'", b"select 1\0; drop table users", &[b' '; 17 << 20]] {
        let found = objects(&["--format", "json"], text)?;
        assert_eq!(found[0]["rules"], Value::from(vec!["unreadable"]));
    }
    assert!(objects(&["--format", "json"], b" -- nothing")?.is_empty());
    let output = explain(&["--observe", "no-such-rule", "select 1"], b"")?;
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--observe: there is no rule `no-such-rule`"));
    Ok(())
}
