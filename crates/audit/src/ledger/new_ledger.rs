//! What makes a ledger that is new: the same as all migrations one after the other, in half as many statements.

/// Statements that create or change one thing each, in an order in which each finds what it needs. `migrations` are one statement each,
/// behind comments.
pub(super) fn statements(migrations: impl Iterator<Item = &'static str>) -> Vec<String> {
    let mut tables = Vec::new();
    let mut changes: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut views: Vec<(&str, &str)> = Vec::new();
    let mut rest = Vec::new();
    for migration in migrations {
        let text = statement(migration);
        if text.starts_with("CREATE TABLE ") {
            tables.push(migration.to_owned());
        } else if let Some((table, change)) = change(text) {
            // What is modified twice is modified by two statements.
            let modifies = |change: &&str| change.contains("MODIFY COLUMN ");
            match changes.iter_mut().rfind(|(of, _)| *of == table) {
                Some((_, known)) if !(modifies(&change) && known.iter().any(modifies)) => known.push(change),
                _ => changes.push((table, vec![change])),
            }
        } else if let Some(name) = view(text) {
            // The last one counts, and asks others that may have been made since the first.
            views.retain(|(of, _)| *of != name);
            views.push((name, migration));
        } else {
            rest.push(migration.to_owned());
        }
    }
    let changes = changes
        .into_iter()
        .map(|(table, changes)| format!("ALTER TABLE {table}\n{};\n", changes.join(",\n")));
    let views = views.into_iter().map(|(_, migration)| migration.to_owned());
    tables.into_iter().chain(changes).chain(rest).chain(views).collect()
}

/// It without the comments in front.
fn statement(migration: &str) -> &str {
    let begin = migration.lines().take_while(|line| line.is_empty() || line.starts_with("--"));
    let begin = begin.map(|line| line.len() + 1).sum();
    migration.get(begin..).unwrap_or_default()
}

/// The table that it changes, and how. An index is another matter where tables are two on a cluster.
fn change(text: &str) -> Option<(&str, &str)> {
    let (table, change) = text.strip_prefix("ALTER TABLE ")?.split_once('\n')?;
    let change = change.trim_end().strip_suffix(';')?;
    (!change.trim_start().starts_with("ADD INDEX ")).then_some((table, change))
}

/// The view that it makes.
fn view(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("CREATE VIEW IF NOT EXISTS ");
    let rest = rest.or_else(|| text.strip_prefix("CREATE OR REPLACE VIEW "))?;
    rest.split_whitespace().next()
}
