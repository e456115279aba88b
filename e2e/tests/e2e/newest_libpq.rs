//! What only the newest libpq asks for: direct TLS, channel binding as a duty, protocol 3.2.

use anyhow::Result;
use e2e::psycopg;

use crate::certificates::{Authority, tls_section};
use crate::stack::{Stack, text};

/// Encryption, protocol and length of the cancel key as libpq has them, and an answer.
const SHOW: &str = "print(db.pgconn.ssl_in_use, db.pgconn.full_protocol_version, \
    db.execute('SELECT count(*) FROM users').fetchone()[0])";

#[test]
fn the_newest_libpq_connects_in_every_way_it_knows() -> Result<()> {
    let authority = Authority::new()?;
    let stack = Stack::start_with(&tls_section("allow", &authority.server("127.0.0.1")?, ""))?;
    let alice = stack.alice()?;
    let full = format!("sslmode=verify-full sslrootcert={}", authority.cert.display());
    for (conninfo, encrypted, protocol) in [
        ("sslmode=disable".to_string(), "False", 30_000),
        ("sslmode=disable max_protocol_version=latest".to_string(), "False", 30_002),
        ("sslmode=require channel_binding=require".to_string(), "True", 30_000),
        (format!("{full} channel_binding=require max_protocol_version=3.2"), "True", 30_002),
        (format!("{full} sslnegotiation=direct channel_binding=require"), "True", 30_000),
        (
            format!("{full} sslnegotiation=direct min_protocol_version=3.2 max_protocol_version=3.2"),
            "True",
            30_002,
        ),
    ] {
        let said = psycopg::run(&alice, &conninfo, SHOW)?;
        assert_eq!(said, Ok(format!("{encrypted} {protocol} 8")), "{conninfo}");
    }
    let refused = psycopg::run(&alice, "sslmode=disable channel_binding=require", SHOW)?;
    assert!(refused.is_err_and(|error| error.contains("channel binding")));
    let session = "SELECT * FROM sessions FINAL WHERE authenticated_by = 'scram-sha-256-plus' LIMIT 1";
    let session = stack.ledger.wait_row("a session bound to its connection", session)?;
    assert_eq!(text(&session, "database")?, stack.database);
    Ok(())
}

#[test]
fn the_newest_libpq_cancels_over_tls_with_a_long_key() -> Result<()> {
    const CANCEL: &str = "
import threading
threading.Timer(1, lambda: db.cancel_safe(timeout=30)).start()
try:
    db.execute('SELECT pg_sleep(60)')
except psycopg.errors.QueryCanceled as error:
    print('canceled', db.execute('SELECT 1').fetchone()[0])";
    let authority = Authority::new()?;
    let stack = Stack::start_with(&tls_section("require", &authority.server("127.0.0.1")?, ""))?;
    for conninfo in ["sslmode=require max_protocol_version=3.2", "sslmode=require sslnegotiation=direct"] {
        let said = psycopg::run(&stack.alice()?, conninfo, CANCEL)?;
        assert_eq!(said, Ok("canceled 1".to_string()), "{conninfo}");
    }
    Ok(())
}
