//! Questions to the ledger over ClickHouse's own HTTP interface, beside Picket's code, so that both can be wrong
//! independently.

use std::fmt::Display;
use std::io::Read;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::wait;

/// How long a record may take from the event to the ledger.
const ARRIVAL_SECS_MAX: u64 = 60;

/// How long it may take to take one away.
const FORGET_WITHIN: Duration = Duration::from_secs(20);

/// One database of one ClickHouse.
#[derive(Clone, Debug)]
pub struct Ledger {
    url: String,
    database: String,
}

impl Ledger {
    /// The ledger in `database` of the ClickHouse at `url`.
    #[must_use]
    pub fn new(url: &str, database: &str) -> Self {
        Self { url: url.to_string(), database: database.to_string() }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of its database.
    #[must_use]
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The rows that `select` returns; the select names no database and no format.
    pub fn rows(&self, select: &str) -> Result<Vec<Value>> {
        self.lines(select, "JSONEachRow")
    }

    /// The same with values in the order of their columns, whose names come first.
    pub fn compact_rows(&self, select: &str) -> Result<Vec<Vec<Value>>> {
        self.lines(select, "JSONCompactEachRowWithNames")
    }

    /// What `select` returns in one of ClickHouse's formats, as it comes.
    pub fn read(&self, select: &str, format: &str) -> Result<impl Read + Send + 'static> {
        let mut answer = ureq::post(format!("{}/", self.url))
            .query("database", &self.database)
            .config()
            .http_status_as_error(false)
            .build()
            .send(format!("{select}\nFORMAT {format}"))
            .context("ask ClickHouse")?;
        if !answer.status().is_success() {
            let text = answer.body_mut().read_to_string().context("read ClickHouse's answer")?;
            bail!("`{select}`: {text}");
        }
        Ok(answer.into_body().into_reader())
    }

    /// What is written as a line of JSON for each row.
    fn lines<Row: DeserializeOwned>(&self, select: &str, format: &str) -> Result<Vec<Row>> {
        let text = ureq::post(format!("{}/", self.url))
            .query("database", &self.database)
            .query("output_format_json_quote_64bit_integers", "0")
            .config()
            .http_status_as_error(false)
            .build()
            .send(format!("{select}\nFORMAT {format}"))
            .context("ask ClickHouse")?
            .into_body()
            .read_to_string()
            .context("read ClickHouse's answer")?;
        let parsed = text.lines().map(serde_json::from_str).collect::<Result<Vec<Row>, _>>();
        parsed.with_context(|| format!("ClickHouse answered: {}", text.trim()))
    }

    /// Takes its database away: an engine that many tests share holds only so many tables.
    pub fn forget(&self) -> Result<()> {
        let drop = format!("DROP DATABASE IF EXISTS {} SYNC", self.database);
        let asked = ureq::post(format!("{}/", self.url));
        asked.config().timeout_global(Some(FORGET_WITHIN)).build().send(drop).context("ask ClickHouse")?;
        Ok(())
    }

    /// Does something to it, as somebody who may write it would, and waits until it is done.
    pub fn change(&self, statement: &str) -> Result<()> {
        let mut answer = ureq::post(format!("{}/", self.url))
            .query("database", &self.database)
            .query("mutations_sync", "2")
            .config()
            .http_status_as_error(false)
            .build()
            .send(statement)
            .context("ask ClickHouse")?;
        let text = answer.body_mut().read_to_string().context("read ClickHouse's answer")?;
        ensure!(answer.status().is_success(), "`{statement}`: {text}");
        Ok(())
    }

    /// Asks until there are rows and `enough` is content with them. Until the proxy has applied its migrations
    /// the tables are not there; that too is a reason to wait.
    pub fn wait_rows(
        &self,
        what: impl Display,
        select: &str,
        mut enough: impl FnMut(&[Value]) -> bool,
    ) -> Result<Vec<Value>> {
        let mut last = String::from("nothing was answered");
        let bound = Duration::from_secs(ARRIVAL_SECS_MAX);
        let found = wait::until(format!("{what} in the ledger"), bound, || {
            Ok(match self.rows(select) {
                Ok(rows) if !rows.is_empty() && enough(&rows) => Some(rows),
                Ok(rows) => {
                    last = format!("{} rows: {}", rows.len(), Value::Array(rows));
                    None
                }
                Err(error) => {
                    last = format!("{error:#}");
                    None
                }
            })
        });
        found.with_context(|| format!("`{select}` last gave {last}"))
    }

    /// Waits for the one row that `select` returns.
    pub fn wait_row(&self, what: impl Display, select: &str) -> Result<Value> {
        let mut rows = self.wait_rows(what, select, |rows| rows.len() == 1)?;
        rows.pop().context("take the row")
    }
}
