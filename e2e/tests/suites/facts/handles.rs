//! What PREPARE, DECLARE and the like make, run and take away, beside the server's own lists.

use std::collections::BTreeSet;

use sql::Statement;
use sql::facts::{Forgets, Makes, Runs};

use super::findings::Compared;
use super::server::Server;

/// Prepared statements and cursors of the session, by their names.
#[derive(Debug, Default)]
pub(crate) struct Handles {
    prepared: BTreeSet<String>,
    cursors: BTreeSet<String>,
}

impl Handles {
    /// Those that there are; `None` where the transaction has failed.
    pub(crate) fn of(server: &Server) -> Option<Self> {
        let names = |select: &str| -> Option<BTreeSet<String>> {
            Some(server.ask(select)?.into_iter().filter_map(|mut row| row.pop().flatten()).collect())
        };
        Some(Handles {
            prepared: names("SELECT name FROM pg_catalog.pg_prepared_statements WHERE from_sql")?,
            cursors: names("SELECT name FROM pg_catalog.pg_cursors")?,
        })
    }
}

/// What the server has since, or has no more, the facts must say; and what they say that it runs, was there.
pub(crate) fn compare(statement: &Statement, before: &Handles, after: &Handles, compared: &mut Compared<'_>) {
    let makes = |made: &dyn Fn(&Makes) -> bool| statement.makes.as_ref().is_some_and(made);
    for name in after.prepared.difference(&before.prepared) {
        if !makes(&|made| matches!(made, Makes::Prepared(own) if own == name)) {
            compared.wrong(format!("`{name}` prepared"));
        }
    }
    for name in after.cursors.difference(&before.cursors) {
        if !makes(&|made| matches!(made, Makes::Cursor { name: own, .. } if own == name)) {
            compared.wrong(format!("cursor `{name}` opened"));
        }
    }
    let forgets = |is_it: &dyn Fn(&Forgets) -> bool| statement.forgets.iter().any(is_it);
    for name in before.prepared.difference(&after.prepared) {
        let is_it = |gone: &Forgets| match gone {
            Forgets::All => true,
            Forgets::Statement(own) => own == name,
            _ => false,
        };
        if !forgets(&is_it) {
            compared.wrong(format!("`{name}` deallocated"));
        }
    }
    for name in before.cursors.difference(&after.cursors) {
        let is_it = |gone: &Forgets| match gone {
            Forgets::Portals => true,
            Forgets::Portal(own) => own == name,
            _ => false,
        };
        if !forgets(&is_it) {
            compared.wrong(format!("cursor `{name}` closed"));
        }
    }
    for runs in &statement.runs {
        let is_there = match runs {
            Runs::Prepared(name) => before.prepared.contains(name),
            Runs::Cursor(name) => before.cursors.contains(name),
            Runs::AnyCursor => true,
        };
        if !is_there {
            compared.wrong("it runs what is not there".to_string());
        }
    }
}
