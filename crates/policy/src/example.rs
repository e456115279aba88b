//! Examples that policies name: statements, and behind a word in brackets what is none.

use crate::words::OTHER_COMMANDS;

/// What an example of a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Example<'t> {
    /// Statements.
    Text(&'t str),
    /// `(masked) …`: statements, of which whatever they read has masked columns.
    Masked(&'t str),
    /// `(unseen) NAME`: a statement or portal of that name runs, which was made in a way that nobody has seen.
    Unseen(&'t str),
    /// `(fast path) FUNCTION`: a call that shows no statement.
    FastPath,
    /// `(replication) COMMAND`: a command over a connection for replication.
    Replication(&'static str),
}

impl<'t> Example<'t> {
    /// Reads a line of `@refuses` or `@allows`.
    pub fn of(line: &'t str) -> Self {
        let Some((word, rest)) = line.strip_prefix('(').and_then(|line| line.split_once(") ")) else {
            return Example::Text(line);
        };
        let rest = rest.trim();
        let command = rest.split_whitespace().next().unwrap_or_default();
        let known = OTHER_COMMANDS.iter().find(|known| known.eq_ignore_ascii_case(command));
        match (word, known) {
            ("masked", _) => Example::Masked(rest),
            ("unseen", _) => Example::Unseen(rest),
            ("fast path", _) => Example::FastPath,
            ("replication", Some(command)) => Example::Replication(command),
            _ => Example::Text(line),
        }
    }
}
