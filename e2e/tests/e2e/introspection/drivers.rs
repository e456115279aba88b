//! The same with the tools themselves: SQLAlchemy, Django and JDBC say the same of a database directly and through the proxy.

use std::env;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::login::Login;
use e2e::scratch::Scratch;
use e2e::{introspection, jdbc, python_suites};

use super::{assert_same, with_objects};

/// How much they have to say at least, in lines.
const SQLALCHEMY_LINES_MIN: usize = 800;
const DJANGO_LINES_MIN: usize = 200;
const JDBC_LINES_MIN: usize = 10_000;

/// What a program says that finds the database in libpq's variables.
fn said(command: &mut Command, login: &Login) -> Result<String> {
    for (own, _) in env::vars_os() {
        let name = own.to_string_lossy();
        if ["PG", "PYTHON", "DJANGO"].iter().any(|start| name.starts_with(start)) {
            command.env_remove(own);
        }
    }
    command.env("PGHOST", "127.0.0.1").env("PGPORT", login.port.to_string()).env("PGUSER", &login.user);
    command.env("PGPASSWORD", &login.password).env("PGDATABASE", &login.database);
    let output = command.env("PYTHONDONTWRITEBYTECODE", "1").output().context("run the program")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{errors}");
    Ok(format!("{}\n{errors}", String::from_utf8_lossy(&output.stdout)))
}

fn python(program: &str, login: &Login) -> Result<String> {
    let installed = python_suites::installed().context("find the suites; run `cargo xtask setup`")?;
    said(Command::new(installed.join("python/bin/python")).args(["-I", "-c", program]), login)
}

#[test]
fn sqlalchemy_reflects_the_same() -> Result<()> {
    let stack = with_objects()?;
    let said = |login: &Login| python(introspection::SQLALCHEMY, login);
    assert_same(&said(&stack.owner())?, &said(&stack.alice()?)?, SQLALCHEMY_LINES_MIN)
}

#[test]
fn django_inspects_the_same() -> Result<()> {
    let stack = with_objects()?;
    let said = |login: &Login| python(introspection::DJANGO, login);
    assert_same(&said(&stack.owner())?, &said(&stack.alice()?)?, DJANGO_LINES_MIN)
}

#[test]
fn jdbc_tells_the_same() -> Result<()> {
    ensure!(jdbc::is_installed(), "find the JDBC driver; run `cargo xtask setup`");
    let stack = with_objects()?;
    let folder = Scratch::new("jdbc")?;
    let program = folder.join("Inspect.java");
    fs::write(&program, introspection::JDBC).context("write the program")?;
    let said = |login: &Login| {
        let Login { port, user, database, .. } = login;
        let url = format!("jdbc:postgresql://127.0.0.1:{port}/{database}?ssl=false");
        said(Command::new("java").args(["-cp", jdbc::DRIVER]).arg(&program).args([&url, user]), login)
    };
    assert_same(&said(&stack.owner())?, &said(&stack.alice()?)?, JDBC_LINES_MIN)
}
