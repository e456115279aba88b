//! Replication connections: which texts are commands of the replication protocol. What they stream passes unread.

/// What a session's connection to the server was opened for (the start-up parameter `replication`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replication {
    /// The log of the whole server (`true`). It takes no SQL.
    Physical,
    /// One database's changes (`database`). It takes SQL too.
    Logical,
}

/// The words that a command of the replication protocol begins with, up to PostgreSQL 18 (repl_scanner.l), and what a
/// record calls it.
const COMMANDS: [(&str, &str); 9] = [
    ("ALTER_REPLICATION_SLOT", "alter_replication_slot"),
    ("BASE_BACKUP", "base_backup"),
    ("CREATE_REPLICATION_SLOT", "create_replication_slot"),
    ("DROP_REPLICATION_SLOT", "drop_replication_slot"),
    ("IDENTIFY_SYSTEM", "identify_system"),
    ("READ_REPLICATION_SLOT", "read_replication_slot"),
    ("START_REPLICATION", "start_replication"),
    ("TIMELINE_HISTORY", "timeline_history"),
    ("UPLOAD_MANIFEST", "upload_manifest"),
];

/// The command that `text` is, as a record calls it. The server decides in the same way, by the first word; where it
/// knows fewer of them than this list, it takes the text for SQL and fails to read it.
pub(crate) fn command(kind: Replication, text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii_start();
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let end = text.iter().position(|byte| !is_word(byte)).unwrap_or(text.len());
    let word = text.get(..end)?;
    let known = COMMANDS.into_iter().find(|(known, _)| word.eq_ignore_ascii_case(known.as_bytes()));
    match known {
        Some((_, name)) => Some(name),
        // SQL has it too, and there it is read as such.
        None if kind == Replication::Physical && word.eq_ignore_ascii_case(b"SHOW") => Some("show"),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_makes_a_command() {
        let is = |kind, text: &str| command(kind, text.as_bytes());
        for kind in [Replication::Physical, Replication::Logical] {
            assert_eq!(is(kind, " identify_system"), Some("identify_system"));
            assert_eq!(is(kind, "START_REPLICATION 0/1000000 TIMELINE 1"), Some("start_replication"));
            assert_eq!(is(kind, "BASE_BACKUP(LABEL 'x')"), Some("base_backup"));
            for text in ["", "SELECT 1", "/**/ IDENTIFY_SYSTEM", "IDENTIFY_SYSTEMS", "\"IDENTIFY_SYSTEM\""] {
                assert_eq!(is(kind, text), None, "{text}");
            }
        }
        assert_eq!(is(Replication::Physical, "SHOW data_directory_mode"), Some("show"));
        assert_eq!(is(Replication::Logical, "SHOW data_directory_mode"), None);
    }
}
