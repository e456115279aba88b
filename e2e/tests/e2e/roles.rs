//! As which role of the database somebody works: by name, group and kind, by its own log-in or by SET ROLE.

mod escapes;
mod told;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::proxy::{Proxy, ProxySettings, scram_secret};
use e2e::{postgres, psql};

use crate::stack::{Stack, USER, text};

/// A shop whose roles are told apart, and a proxy that logs in to it as `SERVICE` where nothing else is said.
struct Rig {
    stack: Stack,
    proxy: Proxy,
    password: String,
    /// Of all roles.
    secret: String,
}

/// Groups of each user.
const USERS: [(&str, &str, &str); 4] = [
    ("ann", "\"staff\", \"dba\"", ""),
    ("bob", "\"staff\"", ""),
    ("bot", "\"staff\", \"dba\"", "kind = \"agent\"\n"),
    ("zoe", "", ""),
];

impl Rig {
    /// `rows` of the upstream, with `{}` for the beginning of each role's name; `sections` come behind everything.
    fn start(rows: &str, sections: &str) -> Result<Self> {
        let stack = Stack::start()?;
        let (password, secret) = (postgres::password()?, postgres::password()?);
        let own = &stack.database;
        for role in ["service", "admin", "reader"] {
            let create = format!("CREATE ROLE {own}_{role} LOGIN NOINHERIT PASSWORD '{secret}'");
            stack.truth(&create)?;
            stack.truth(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {own}_{role}"))?;
        }
        stack.truth(&format!(
            "GRANT {own}_admin, {own}_reader TO {own}_service; GRANT CREATE ON SCHEMA public TO {own}_reader"
        ))?;
        let Login { port, .. } = stack.owner();
        let rows = rows.replace("{}", own).replace("PASSWORD", &secret);
        let mut text = format!(
            "[[upstream]]\ndatabase = \"{own}\"\nhost = \"127.0.0.1\"\nport = {port}\nuser = \"{own}_service\"\n\
             password = \"{secret}\"\n{rows}\n"
        );
        let hash = scram_secret(&password)?;
        for (name, groups, more) in USERS {
            text.push_str(&format!(
                "[[user]]\nname = \"{name}\"\nscram-secret = \"{hash}\"\ngroups = [{groups}]\n{more}\n"
            ));
        }
        let settings = ProxySettings {
            groups: Vec::new(),
            upstreams: Vec::new(),
            users: vec![(USER.to_string(), postgres::password()?)],
            clickhouse_url: stack.ledger.url().to_string(),
            ledger_database: stack.ledger.database().to_string(),
        };
        let proxy = Proxy::start_with(settings, &format!("{text}{sections}"))?;
        Ok(Rig { stack, proxy, password, secret })
    }

    fn login(&self, user: &str) -> Login {
        let (port, database) = (self.proxy.port(), self.stack.database.clone());
        Login { port, user: user.to_string(), password: self.password.clone(), database }
    }

    fn service(&self) -> Login {
        self.stack.owner().as_user(&self.role("service"), &self.secret)
    }

    fn role(&self, name: &str) -> String {
        format!("{}_{name}", self.stack.database)
    }

    /// Who the database says it is.
    fn is(&self, user: &str) -> Result<String> {
        Ok(psql::run(&self.login(user), "SELECT session_user, current_user")?.success()?.trim().to_string())
    }
}

#[test]
fn everybody_works_as_the_role_of_the_first_row_that_fits_and_the_ledger_says_as_which() -> Result<()> {
    let rows = "roles = [\n\
        { kind = \"agent\", set-role = \"{}_reader\" },\n\
        { group = \"dba\", login = \"{}_admin\", password = \"PASSWORD\" },\n\
        { user = \"bob\", set-role = \"{}_reader\" },\n\
    ]";
    let rig = Rig::start(rows, "")?;
    let (service, admin, reader) = (rig.role("service"), rig.role("admin"), rig.role("reader"));
    assert_eq!(rig.is("ann")?, format!("{admin}|{admin}"));
    assert_eq!(rig.is("bot")?, format!("{service}|{reader}"));
    assert_eq!(rig.is("bob")?, format!("{service}|{reader}"));
    // Whom no row is for does not get in, and learns of nobody else's.
    let refused = psql::run(&rig.login("zoe"), "SELECT 1")?;
    assert_eq!(refused.code, 2);
    let told = format!("user \"zoe\" has no role at the database \"{}\"", rig.stack.database);
    assert!(refused.stderr.contains(&told), "{}", refused.stderr);
    for secret in ["reader", "admin", "service", "dba", "agent", "bob"] {
        assert!(!refused.stderr.contains(secret), "{secret}: {}", refused.stderr);
    }
    for (user, role) in [("ann", &admin), ("bob", &reader), ("bot", &reader)] {
        let select = format!("SELECT * FROM sessions FINAL WHERE principal = '{user}' LIMIT 1");
        let row = rig.stack.ledger.wait_row(format!("{user}'s session"), &select)?;
        assert_eq!(text(&row, "database_role")?, role);
    }
    Ok(())
}

#[test]
fn what_the_database_refuses_a_role_is_refused_and_masks_are_the_same_for_each() -> Result<()> {
    let rows = "roles = [{ group = \"dba\", login = \"{}_admin\", password = \"PASSWORD\" }, { set-role = \"{}_reader\" }]";
    let rig = Rig::start(rows, "")?;
    rig.stack.truth(&format!("GRANT UPDATE ON orders TO {}", rig.role("admin")))?;
    let update = "UPDATE orders SET status = status WHERE id = 1";
    psql::run(&rig.login("ann"), update)?.success()?;
    let refused = psql::run(&rig.login("zoe"), update)?;
    assert!(refused.stderr.contains("permission denied for table orders"), "{}", refused.stderr);
    for user in ["ann", "zoe"] {
        let said = psql::run(&rig.login(user), "SELECT name, email FROM users WHERE id = 1")?.success()?;
        assert!(said.starts_with("Ada Byron|") && !said.contains("ada@example.com"), "{user}: {said}");
    }
    Ok(())
}

#[test]
fn a_role_that_cannot_be_had_lets_nobody_in() -> Result<()> {
    for (row, told) in [
        ("{ login = \"{}_admin\", password = \"wrong\" }", "refused Picket's own log-in"),
        ("{ set-role = \"{}_nobody\" }", "does not exist"),
        ("{ set-role = \"postgres\" }", "permission denied to set role"),
    ] {
        let rig = Rig::start(&format!("roles = [{row}]"), "")?;
        let refused = psql::run(&rig.login("ann"), "SELECT current_user")?;
        assert!(refused.code == 2 && refused.stderr.contains(told), "{row}: {}", refused.stderr);
        assert!(refused.stdout.is_empty(), "{}", refused.stdout);
        // Others are not kept out by what is wrong with one row.
        rig.proxy.wait_log("database not reached").context("find it in the log")?;
    }
    Ok(())
}
