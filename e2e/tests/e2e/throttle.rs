//! Wrong passwords and tokens: as many as the limit are looked at, and who is not to blame gets in.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::login::Login;
use e2e::{psql, wait};
use tokio::net::TcpSocket;
use tokio_postgres::NoTls;

use crate::driver::{block_on, server_error};
use crate::stack::{Stack, USER};

/// Code and detail with which a log-in from this address of the host fails; `None` where it does not.
fn refused_from(address: &str, login: &Login, password: &str) -> Result<Option<(String, String)>> {
    block_on(async {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::new(address.parse()?, 0))?;
        let stream = socket.connect(SocketAddr::new("127.0.0.1".parse()?, login.port)).await?;
        let mut config = tokio_postgres::Config::new();
        config.user(&login.user).password(password).dbname(&login.database);
        let Err(error) = config.connect_raw(stream, NoTls).await else { return Ok(None) };
        let error = server_error(&error)?;
        Ok(Some((error.code().code().to_string(), error.detail().unwrap_or_default().to_string())))
    })
}

const HOME: &str = "127.0.0.1";
const AWAY: &str = "127.0.0.2";

#[test]
fn too_many_wrong_passwords_are_refused_with_the_right_one_until_there_is_room_again() -> Result<()> {
    let stack = Stack::start_with("max-failed-logins-per-user = 3\n[approvals]\n")?;
    let alice = stack.alice()?;
    for _ in 0..3 {
        let (code, _) = refused_from(HOME, &alice, "wrong")?.context("a wrong password was taken")?;
        assert_eq!(code, "28P01");
    }
    for password in ["wrong", alice.password.as_str()] {
        let (code, detail) = refused_from(HOME, &alice, password)?.context("there is no limit")?;
        assert_eq!(code, "53300");
        assert!(detail.contains("`max-failed-logins-per-user`; there is room again in "), "{detail}");
    }
    let output = psql::run(&alice, "SELECT 1")?;
    assert!(output.code == 2 && output.stderr.contains("try again later"), "{}", output.stderr);
    stack.proxy.wait_log("too many wrong passwords or tokens: more are refused for a while")?;
    // A name that nobody has is limited alike, so that it tells nothing.
    let mallory = alice.as_user("mallory", "guess");
    let codes = (0..4).map(|_| Ok(refused_from(HOME, &mallory, "guess")?.unwrap_or_default().0));
    assert_eq!(codes.collect::<Result<Vec<_>>>()?, ["28P01", "28P01", "28P01", "53300"]);
    // From another address the user gets in, at the console too, which counts.
    assert_eq!(refused_from(AWAY, &alice, &alice.password)?, None);
    wait::until("room for one more", Duration::from_secs(60), || {
        Ok(refused_from(HOME, &alice, &alice.password)?.is_none().then_some(()))
    })?;
    let shown = psql::run(&alice.to_database("picket"), "SHOW LOGINS")?.success()?;
    assert!(shown.contains("wrong passwords and tokens|6\n"), "{shown}");
    let refused = shown.lines().find_map(|line| line.strip_prefix("more that were not looked at|"));
    assert!(refused.and_then(|count| count.parse::<u32>().ok()).is_some_and(|count| 4 <= count), "{shown}");
    // At the console wrong passwords count as everywhere.
    let console = alice.to_database("picket");
    let codes = (0..4).map(|_| Ok(refused_from(HOME, &console, "wrong")?.unwrap_or_default().0));
    assert_eq!(codes.collect::<Result<Vec<_>>>()?, ["28P01", "28P01", "28P01", "53300"]);
    Ok(())
}

#[test]
fn who_guesses_from_elsewhere_locks_nobody_out_and_many_names_are_limited_by_address() -> Result<()> {
    let stack = Stack::start_with("max-failed-logins-per-user = 2\nmax-failed-logins-per-address = 5\n")?;
    let alice = stack.alice()?;
    assert_eq!(refused_from(HOME, &alice, &alice.password)?, None);
    for address in 2..20 {
        refused_from(&format!("127.0.0.{address}"), &alice, "guess")?.context("a guess was right")?;
    }
    assert_eq!(refused_from(HOME, &alice, &alice.password)?, None);
    let code = |user: &str| {
        let login = alice.as_user(user, "guess");
        Ok(refused_from(HOME, &login, "guess")?.unwrap_or_default())
    };
    let told: Vec<(String, String)> =
        (0..6).map(|number| code(&format!("user{number}"))).collect::<Result<_>>()?;
    let codes: Vec<&str> = told.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["28P01", "28P01", "28P01", "28P01", "28P01", "53300"]);
    assert!(told[5].1.contains("`max-failed-logins-per-address`"), "{told:?}");
    // Whose address it is goes on.
    assert_eq!(refused_from(HOME, &alice, &alice.password)?, None);
    assert_eq!(alice.user, USER);
    Ok(())
}
