//! TRUNCATE beside the tables that PostgreSQL locks for it, and DO beside those whose rows it changes.

use sql::Statement;
use sql::facts::{Access, Effect};

use super::findings::Compared;
use super::server::Server;

/// `None` where the server refuses it.
pub(crate) fn truncate<'t>(server: &Server, text: &'t str, statement: &Statement) -> Option<Compared<'t>> {
    let taken = server.probe("truncated", text)?;
    let mut compared = Compared::new(text);
    if !statement.effects.contains(&Effect::Truncate) {
        compared.wrong("no truncate".to_string());
    }
    if taken.lines().any(|path| !is_written(statement, path)) {
        compared.differs("truncated: parts, and what refers to it");
    }
    for named in &statement.relations {
        if !taken.lines().any(|path| last(path) == named.name) {
            compared.wrong(format!("truncates {}, which PostgreSQL does not", named.path()));
        }
    }
    Some(compared)
}

/// The same.
pub(crate) fn block<'t>(server: &Server, text: &'t str, statement: &Statement) -> Option<Compared<'t>> {
    let changed = server.probe("changed", text)?;
    let mut compared = Compared::new(text);
    let is_told = statement.effects.contains(&Effect::Do);
    if !is_told {
        compared.wrong("no do".to_string());
    }
    for path in changed.lines().filter(|path| !is_written(statement, path)) {
        let is_code = statement.effects.contains(&Effect::OpaqueDo) || !statement.functions.is_empty();
        match is_code {
            true => compared.differs("changes: in code that is not the block's"),
            false => compared.wrong(format!("no write of {path}")),
        }
    }
    Some(compared)
}

fn is_written(statement: &Statement, path: &str) -> bool {
    statement.relations.iter().any(|named| named.access == Access::Write && named.name == last(path))
}

fn last(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(_, name)| name)
}
