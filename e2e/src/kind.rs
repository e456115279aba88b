//! The kind of a statement, by its first words alone: also one that nobody can read has one.

/// First words, and what a statement that begins with them is called. The first that fits counts.
const KINDS: [(&str, &str); 74] = [
    ("SELECT", "SELECT"),
    ("VALUES", "SELECT"),
    ("TABLE", "SELECT"),
    ("(", "SELECT"),
    ("WITH", "WITH …"),
    ("INSERT", "INSERT"),
    ("UPDATE", "UPDATE"),
    ("DELETE", "DELETE"),
    ("MERGE", "MERGE"),
    ("TRUNCATE", "TRUNCATE"),
    ("COPY", "COPY"),
    ("EXPLAIN", "EXPLAIN"),
    ("CALL", "CALL"),
    ("DO", "DO"),
    ("PREPARE TRANSACTION", "BEGIN, COMMIT, ROLLBACK …"),
    ("COMMIT", "BEGIN, COMMIT, ROLLBACK …"),
    ("BEGIN", "BEGIN, COMMIT, ROLLBACK …"),
    ("START", "BEGIN, COMMIT, ROLLBACK …"),
    ("END", "BEGIN, COMMIT, ROLLBACK …"),
    ("ROLLBACK", "BEGIN, COMMIT, ROLLBACK …"),
    ("ABORT", "BEGIN, COMMIT, ROLLBACK …"),
    ("SAVEPOINT", "BEGIN, COMMIT, ROLLBACK …"),
    ("RELEASE", "BEGIN, COMMIT, ROLLBACK …"),
    ("PREPARE", "PREPARE, EXECUTE, DEALLOCATE"),
    ("EXECUTE", "PREPARE, EXECUTE, DEALLOCATE"),
    ("DEALLOCATE", "PREPARE, EXECUTE, DEALLOCATE"),
    ("DECLARE", "DECLARE, FETCH, MOVE, CLOSE"),
    ("FETCH", "DECLARE, FETCH, MOVE, CLOSE"),
    ("MOVE", "DECLARE, FETCH, MOVE, CLOSE"),
    ("CLOSE", "DECLARE, FETCH, MOVE, CLOSE"),
    ("SET", "SET, RESET, SHOW"),
    ("RESET", "SET, RESET, SHOW"),
    ("SHOW", "SET, RESET, SHOW"),
    ("CREATE TABLE", "CREATE TABLE"),
    ("CREATE FOREIGN TABLE", "CREATE, other"),
    ("CREATE VIEW", "CREATE VIEW"),
    ("CREATE MATERIALIZED VIEW", "CREATE VIEW"),
    ("CREATE RECURSIVE VIEW", "CREATE VIEW"),
    ("CREATE INDEX", "CREATE INDEX"),
    ("CREATE FUNCTION", "CREATE FUNCTION, PROCEDURE"),
    ("CREATE PROCEDURE", "CREATE FUNCTION, PROCEDURE"),
    ("CREATE TRIGGER", "CREATE TRIGGER, RULE"),
    ("CREATE CONSTRAINT TRIGGER", "CREATE TRIGGER, RULE"),
    ("CREATE RULE", "CREATE TRIGGER, RULE"),
    ("CREATE POLICY", "CREATE POLICY"),
    ("CREATE TYPE", "CREATE TYPE, DOMAIN"),
    ("CREATE DOMAIN", "CREATE TYPE, DOMAIN"),
    ("CREATE OPERATOR", "CREATE AGGREGATE, OPERATOR, CAST"),
    ("CREATE AGGREGATE", "CREATE AGGREGATE, OPERATOR, CAST"),
    ("CREATE CAST", "CREATE AGGREGATE, OPERATOR, CAST"),
    ("CREATE STATISTICS", "CREATE STATISTICS"),
    ("CREATE ROLE", "CREATE, ALTER, DROP ROLE"),
    ("CREATE USER MAPPING", "CREATE, other"),
    ("CREATE USER", "CREATE, ALTER, DROP ROLE"),
    ("CREATE GROUP", "CREATE, ALTER, DROP ROLE"),
    ("CREATE", "CREATE, other"),
    ("ALTER TABLE", "ALTER TABLE"),
    ("ALTER ROLE", "CREATE, ALTER, DROP ROLE"),
    ("ALTER USER MAPPING", "ALTER, other"),
    ("ALTER USER", "CREATE, ALTER, DROP ROLE"),
    ("ALTER", "ALTER, other"),
    ("DROP TABLE", "DROP TABLE"),
    ("DROP ROLE", "CREATE, ALTER, DROP ROLE"),
    ("DROP USER MAPPING", "DROP, other"),
    ("DROP USER", "CREATE, ALTER, DROP ROLE"),
    ("DROP", "DROP, other"),
    ("GRANT", "GRANT, REVOKE"),
    ("REVOKE", "GRANT, REVOKE"),
    ("COMMENT", "COMMENT"),
    ("VACUUM", "VACUUM, ANALYZE, REINDEX, CLUSTER"),
    ("ANALYZE", "VACUUM, ANALYZE, REINDEX, CLUSTER"),
    ("ANALYSE", "VACUUM, ANALYZE, REINDEX, CLUSTER"),
    ("REINDEX", "VACUUM, ANALYZE, REINDEX, CLUSTER"),
    ("CLUSTER", "VACUUM, ANALYZE, REINDEX, CLUSTER"),
];

/// What may stand between CREATE and what is created.
const ADJECTIVES: [&str; 9] =
    ["OR", "REPLACE", "TEMP", "TEMPORARY", "UNLOGGED", "GLOBAL", "LOCAL", "UNIQUE", "TRUSTED"];

/// Words that can tell.
const WORDS_MAX: usize = 3;

/// The kind of the first statement of a text.
#[must_use]
pub fn kind(text: &[u8]) -> &'static str {
    let text = String::from_utf8_lossy(text);
    let text = without_comments(&text);
    let mut words = text
        .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_uppercase)
        .filter(|word| !ADJECTIVES.contains(&word.as_str()));
    let first: Vec<String> = match text.starts_with('(') {
        true => vec!["(".to_string()],
        false => words.by_ref().take(WORDS_MAX).collect(),
    };
    let fits = |start: &str| {
        let start: Vec<&str> = start.split(' ').collect();
        first.len() >= start.len() && start.iter().zip(&first).all(|(wanted, word)| wanted == word)
    };
    KINDS.iter().find(|(start, _)| fits(start)).map_or("others", |(_, kind)| kind)
}

/// All kinds, in the order of this file.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    let mut kinds: Vec<&'static str> = Vec::new();
    for kind in KINDS.iter().map(|(_, kind)| *kind).chain(["others"]) {
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    kinds
}

fn without_comments(text: &str) -> &str {
    let text = text.trim_start();
    let behind = |end: &str| text.split_once(end).map_or("", |(_, rest)| without_comments(rest));
    match text {
        text if text.starts_with("--") => behind("\n"),
        text if text.starts_with("/*") => behind("*/"),
        text => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_words_tell_the_kind() {
        for (text, expected) in [
            ("-- a\n/* b */ select 1", "SELECT"),
            ("(((select 1)))", "SELECT"),
            ("Create or Replace temp view v as select 1", "CREATE VIEW"),
            ("create user mapping for alice server s", "CREATE, other"),
            ("create user alice", "CREATE, ALTER, DROP ROLE"),
            ("drop", "DROP, other"),
            ("xxx", "others"),
        ] {
            assert_eq!(kind(text.as_bytes()), expected, "{text}");
        }
    }
}
