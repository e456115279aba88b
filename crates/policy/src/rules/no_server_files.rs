//! What: files and programs on the server: COPY from or to them, and functions that read, write or list files there.
//! Why: they reach past the database: keys and logs of the host, and commands as the server's user.
//! Example: `COPY t FROM PROGRAM 'id'` and `SELECT pg_read_file('/etc/passwd')` are refused; `COPY t FROM STDIN` is not.
//!
//! A function is known by its last name in whichever schema. Code that calls one is judged where it is made, as far as it is
//! read (`opaque-code`).

use sql::Statement;
use sql::facts::Effect;

use crate::rules::first_listed;
use crate::verdict::Refusal;

pub(crate) const RULE: &str = "no-server-files";

/// Functions in order of their names, and what each does with files on the server: PostgreSQL's own, and those of the extension adminpack.
pub(super) const FUNCTIONS: [(&str, &str); 29] = [
    ("lo_export", "writes a file"),
    ("lo_import", "reads a file"),
    ("pg_file_length", "tells of a file"),
    ("pg_file_read", "reads a file"),
    ("pg_file_rename", "renames a file"),
    ("pg_file_settings", "shows configuration files"),
    ("pg_file_sync", "touches a file"),
    ("pg_file_unlink", "deletes a file"),
    ("pg_file_write", "writes a file"),
    ("pg_hba_file_rules", "shows who may connect"),
    ("pg_ident_file_mappings", "shows who may connect"),
    ("pg_logdir_ls", "lists files"),
    ("pg_ls_archive_statusdir", "lists files"),
    ("pg_ls_dir", "lists files"),
    ("pg_ls_logdir", "lists files"),
    ("pg_ls_logicalmapdir", "lists files"),
    ("pg_ls_logicalsnapdir", "lists files"),
    ("pg_ls_replslotdir", "lists files"),
    ("pg_ls_summariesdir", "lists files"),
    ("pg_ls_tmpdir", "lists files"),
    ("pg_ls_waldir", "lists files"),
    ("pg_read_binary_file", "reads a file"),
    ("pg_read_binary_file_all", "reads a file"),
    ("pg_read_binary_file_off_len", "reads a file"),
    ("pg_read_file", "reads a file"),
    ("pg_read_file_all", "reads a file"),
    ("pg_read_file_off_len", "reads a file"),
    ("pg_show_all_file_settings", "shows configuration files"),
    ("pg_stat_file", "tells of a file"),
];

/// Views that show what a function of the list does.
const VIEWS: [&str; 3] = ["pg_file_settings", "pg_hba_file_rules", "pg_ident_file_mappings"];

pub(crate) fn check(statement: &Statement) -> Option<Refusal> {
    let copied = statement.effects.iter().find_map(|effect| match effect {
        Effect::ServerFile => Some("it would copy from or to a file on the server".to_owned()),
        Effect::ServerProgram => Some("it would run a program on the server".to_owned()),
        _ => None,
    });
    let called = || {
        let shown = statement.relations.iter().map(|used| used.name.as_str());
        let names = statement.calls().chain(shown.filter(|name| VIEWS.contains(name)));
        first_listed(&FUNCTIONS, names).map(|(name, what)| format!("\"{name}\" {what} on the server"))
    };
    let because = copied.or_else(called)?;
    Some(Refusal::guardrail(
        RULE,
        &because,
        "Copy through your own connection: COPY ... FROM STDIN, COPY ... TO STDOUT, or \\copy in psql.",
    ))
}
