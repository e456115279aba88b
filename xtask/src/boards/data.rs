//! A ledger with a generated day in it, and what it answers to the queries of the boards.

use anyhow::{Context, Result, ensure};
use e2e::boards::{Filled, Range};
use e2e::engine::Engine;
use e2e::ledger::Ledger;
use e2e::{binaries, boards};
use serde_json::Value;

use super::spec::{Board, Panel};
use crate::run;

/// Enough for every query, and few enough to be there at once.
const STATEMENTS: u32 = 60_000;

/// Points on the line of a panel.
const POINTS: u32 = 48;

pub(super) struct Day {
    ledger: Ledger,
    range: Range,
    _engine: Engine,
}

/// What a query answered: names of its columns, and rows of as many values.
pub(super) struct Shown {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
}

impl Day {
    /// What is made is the same each time, but for the moment that it ends at.
    pub(super) fn generate() -> Result<Self> {
        let engine = Engine::start()?;
        let ledger = Ledger::new(engine.url(), "picket");
        let mut fill = binaries::command("examples/ledger-filler")?;
        fill.args(["--url", engine.url(), "--statements", &STATEMENTS.to_string()]);
        run::output(&mut fill).context("fill the ledger")?;
        let range = Range::hours_before_now(24, POINTS)?;
        Ok(Day { ledger, range, _engine: engine })
    }

    pub(super) fn ask(&self, board: &Board, panel: &Panel) -> Result<Shown> {
        let object = board.object.as_deref().unwrap_or_default();
        let Filled { columns, rows } = boards::ask(&self.ledger, &panel.query, &self.range, object)
            .with_context(|| format!("ask for `{}`", panel.title))?;
        ensure!(!rows.is_empty(), "nothing to draw of `{}`", panel.title);
        Ok(Shown { columns, rows })
    }
}
