//! Ways out of a role that was set, each of which gets out where nobody looks: behind the proxy none does, also where all rules
//! observe.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::login::Login;
use e2e::psql;

use super::Rig;
use crate::raw;

/// All rules that could refuse one of them.
pub(super) const OBSERVING: &str = "\n[policy.mode]\nlexing-settings = \"observe\"\nno-dangerous-function = \"observe\"\nno-fast-path = \"observe\"\n\
    no-privilege-change = \"observe\"\nopaque-code = \"observe\"\nunknown-name = \"observe\"\nunreadable = \"observe\"\n";

/// Statements, one after the other in one session; the last says who that is. `{}` begins the names of roles.
const ESCAPES: [(&str, &[&str]); 17] = [
    ("NONE", &["SET ROLE NONE"]),
    ("another", &["SET ROLE {}_admin"]),
    ("by its name", &["SET \"role\" TO '{}_admin'"]),
    ("in a transaction", &["BEGIN", "SET LOCAL ROLE NONE"]),
    ("authorization", &["SET SESSION AUTHORIZATION {}_service"]),
    ("authorization by its name", &["SET session_authorization = '{}_service'"]),
    ("a function", &["SELECT set_config('role', 'none', false)"]),
    ("a function for authorization", &["SELECT set_config('session_authorization', '{}_service', false)"]),
    ("a computed name", &["SELECT set_config(lower('RO') || 'le', 'none', false)"]),
    ("within EXPLAIN", &["EXPLAIN ANALYZE SELECT set_config('role', 'none', false)"]),
    (
        "a prepared statement",
        &["PREPARE p(text) AS SELECT set_config($1, 'none', false)", "EXECUTE p('role')"],
    ),
    ("a block", &["DO $$ BEGIN SET ROLE {}_admin; END $$"]),
    ("a block that hides it", &["DO $$ BEGIN EXECUTE 'SET RO' || 'LE NONE'; END $$"]),
    (
        "a function's own setting",
        &[
            "CREATE FUNCTION who() RETURNS text LANGUAGE sql SET role = 'none' AS 'SELECT current_user::text'",
            "SELECT who()",
        ],
    ),
    (
        "a function of its own",
        &[
            "CREATE FUNCTION go(t text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END'",
            "SELECT go('SET ROLE NONE')",
        ],
    ),
    (
        "an aggregate",
        &[
            "CREATE AGGREGATE go(text, boolean) (sfunc = set_config, stype = text, initcond = 'role')",
            "SELECT go('none', false)",
        ],
    ),
    (
        "a text that is run",
        &["SELECT query_to_xml('SELECT set_config(''role'', ''none'', false)', true, true, '')"],
    ),
];

/// What psql says to all of them.
pub(super) fn says(login: &Login, options: &str, prefix: &str, statements: &[&str]) -> Result<psql::Output> {
    let mut command: Command = psql::command(login)?;
    command.args(["-qAt", "-v", "VERBOSITY=verbose"]).env("PGOPTIONS", options);
    for statement in statements.iter().chain(&["SELECT current_user"]) {
        command.args(["-c", &statement.replace("{}", prefix)]);
    }
    let output = command.output().context("run psql")?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(psql::Output {
        stdout: text(output.stdout),
        stderr: text(output.stderr),
        code: output.status.code().unwrap_or(-1),
    })
}

#[test]
fn nobody_leaves_the_role_that_was_set() -> Result<()> {
    let rig = Rig::start("roles = [{ set-role = \"{}_reader\" }]", OBSERVING)?;
    let (own, reader) = (&rig.stack.database, rig.role("reader"));
    let left = |output: &psql::Output| {
        ["service", "admin"].iter().any(|role| output.stdout.lines().any(|line| line == rig.role(role)))
    };
    for (way, statements) in ESCAPES {
        let refused = says(&rig.login("bob"), "", own, statements)?;
        assert!(refused.stderr.contains("kept-settings"), "{way}: {}{}", refused.stdout, refused.stderr);
        assert!(!left(&refused), "{way}: {}", refused.stdout);
        // In a transaction that failed nobody is told anything.
        let is_told = refused.stdout.lines().last() == Some(reader.as_str());
        assert!(is_told || statements[0] == "BEGIN", "{way}: {}", refused.stdout);
    }
    // The same without anybody between.
    for (way, statements) in ESCAPES {
        let direct = says(&rig.service(), &format!("-c role={reader}"), own, statements)?;
        // Only a superuser's authorization can be set to somebody else; to its own it leaves the role.
        assert!(left(&direct), "{way} does not get out: {}{}", direct.stdout, direct.stderr);
        rig.stack.truth(
            "DROP FUNCTION IF EXISTS public.who(), public.go(text); DROP AGGREGATE IF EXISTS public.go(text, boolean)",
        )?;
    }
    Ok(())
}

#[test]
fn what_pools_send_to_clean_up_goes_back_to_the_role_and_is_let_pass() -> Result<()> {
    let rig = Rig::start("roles = [{ set-role = \"{}_reader\" }]", "")?;
    let reader = rig.role("reader");
    for reset in [
        &["RESET ROLE"][..],
        &["RESET SESSION AUTHORIZATION"],
        &["SET SESSION AUTHORIZATION DEFAULT"],
        &["RESET ALL"],
        &["DISCARD ALL"],
        // Npgsql, and asyncpg.
        &[
            "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; UNLISTEN *; DISCARD SEQUENCES; DISCARD TEMP",
        ],
        &["SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL"],
        &["BEGIN", "SAVEPOINT a", "RESET ROLE", "ROLLBACK TO a", "COMMIT"],
    ] {
        let output = says(&rig.login("bob"), "", "", reset)?;
        assert!(output.stderr.is_empty(), "{reset:?}: {}", output.stderr);
        assert_eq!(output.stdout.lines().last(), Some(reader.as_str()), "{reset:?}");
    }
    Ok(())
}

#[test]
fn neither_parameters_nor_calls_without_a_statement_set_another_role() -> Result<()> {
    let rig = Rig::start("roles = [{ set-role = \"{}_reader\" }]", OBSERVING)?;
    let admin = rig.role("admin");
    for options in [
        format!("-c role={admin}"),
        format!("-crole={admin}"),
        format!("--role={admin}"),
        format!("-ecrole={admin}"),
        format!("-c \\r\\ole={admin}"),
    ] {
        let direct = says(&rig.service(), &options, "", &[])?;
        ensure!(direct.stdout.trim() == admin, "{options}: {}{}", direct.stdout, direct.stderr);
        let refused = says(&rig.login("bob"), &options, "", &[])?;
        assert!(
            refused.code == 2 && refused.stderr.contains("kept-settings"),
            "{options}: {}",
            refused.stderr
        );
    }
    let database = format!("{} replication=database", rig.stack.database);
    let replicates = psql::run(&rig.login("bob").to_database(&database), "IDENTIFY_SYSTEM")?;
    assert!(
        replicates.stderr.contains("Picket refused this replication connection"),
        "{}",
        replicates.stderr
    );
    // Out of it without a statement, and back by nobody.
    let reader = rig.role("reader");
    let set_role = format!("SET ROLE {reader}");
    for (login, before, after) in [
        (rig.service(), set_role.as_str(), rig.role("service")),
        (rig.login("bob"), "SELECT 1", reader.clone()),
    ] {
        let mut stream = raw::plain(login.port)?;
        raw::log_in(&mut stream, raw::PROTOCOL_3_0, &login)?;
        ask(&mut stream, before)?;
        stream.write_all(&call_set_config("role", "none"))?;
        while raw::message(&mut stream)?.0 != b'Z' {}
        assert_eq!(ask(&mut stream, "SELECT current_user::text")?, after);
    }
    Ok(())
}

/// A FunctionCall of `pg_catalog.set_config`, with everything as text.
fn call_set_config(name: &str, value: &str) -> Vec<u8> {
    const SET_CONFIG: u32 = 2078;
    let arguments = [name, value, "f"];
    let values =
        arguments.iter().flat_map(|value| [&raw::len(value.as_bytes())[..], value.as_bytes()].concat());
    let mut body = [&SET_CONFIG.to_be_bytes()[..], &[0, 0, 0, 3]].concat();
    body.extend(values);
    body.extend([0, 0]);
    [b"F", raw::sized(&body).as_slice()].concat()
}

/// The last value that the answer to a query has.
fn ask(stream: &mut TcpStream, query: &str) -> Result<String> {
    stream.write_all(&[b"Q", raw::sized(&[query.as_bytes(), b"\0"].concat()).as_slice()].concat())?;
    let mut value = String::new();
    loop {
        match raw::message(stream)? {
            (b'D', body) => value = String::from_utf8_lossy(&body[6..]).into_owned(),
            (b'Z', _) => return Ok(value),
            _ => {}
        }
    }
}
