//! Queries of the boards, asked as Grafana's datasource for ClickHouse asks them: it puts texts in the place of its macros.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::ledger::Ledger;

/// What is looked at, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    from: u64,
    to: u64,
    /// Between two points of a line.
    interval_secs: u64,
}

/// What a query answered: names of its columns, and rows of as many values.
#[derive(Debug)]
pub struct Filled {
    /// In their order.
    pub columns: Vec<String>,
    /// In their order.
    pub rows: Vec<Vec<Value>>,
}

impl Range {
    /// The last hours, and a little more, in about so many points.
    pub fn hours_before_now(hours: u64, points: u32) -> Result<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).context("read the clock")?.as_secs();
        let seconds = hours * 3600;
        Ok(Range { from: now - seconds, to: now + 1, interval_secs: (seconds / u64::from(points)).max(1) })
    }
}

/// The query as it is sent: macros as grafana-clickhouse-datasource has them, `object` for the variable of that name.
pub fn expanded(query: &str, range: &Range, object: &str) -> Result<String> {
    let Range { from, to, interval_secs } = range;
    let object = object.replace('\\', "\\\\").replace('\'', "\\'");
    let expanded = query
        .replace("$__fromTime", &format!("toDateTime({from})"))
        .replace("$__toTime", &format!("toDateTime({to})"))
        .replace("$__interval_s", &interval_secs.to_string())
        .replace("${object:sqlstring}", &format!("'{object}'"));
    ensure!(!expanded.contains('$'), "a macro is not known: {expanded}");
    Ok(expanded)
}

/// Asks it.
pub fn ask(ledger: &Ledger, query: &str, range: &Range, object: &str) -> Result<Filled> {
    let rows = ledger.compact_rows(&expanded(query, range, object)?)?;
    let mut rows = rows.into_iter();
    let columns = rows.next().context("read the names of the columns")?;
    let columns: Option<Vec<String>> = columns.iter().map(|name| Some(name.as_str()?.to_owned())).collect();
    Ok(Filled { columns: columns.context("read the names of the columns")?, rows: rows.collect() })
}
