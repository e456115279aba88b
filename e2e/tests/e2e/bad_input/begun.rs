//! A client that has statements read by the thousand, and neither executes them nor says that this was all.

use anyhow::Result;

use super::vitals::Vitals;
use crate::conversation::{Client, message, query};
use crate::stack::Stack;

/// More than the proxy keeps.
const PARSES: usize = 50_000;

/// Of each text. A Parse that is kept costs the proxy about 4 kB with it.
const TEXT_BYTES: usize = 900;

/// What the proxy may take for those that it keeps, for what it remembers of texts, and for records on their way to the
/// ledger.
const MORE_KIB_MAX: u64 = 120 << 10;

/// The server reads the constant, and so each Parse is recorded. Each is another, and known by what they share.
fn parse(number: usize) -> Vec<u8> {
    message(b'P', format!("\0SELECT '{number:x>TEXT_BYTES$}'\0\0\0").as_bytes())
}

#[test]
fn a_client_that_parses_without_end_is_told_and_memory_stays() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let before = vitals.resident_kib()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let mut sent: Vec<u8> = (0..PARSES).flat_map(parse).collect();
    sent.extend(message(b'S', b""));
    let answers = client.exchange_bytes(&sent, 1)?;
    let after = vitals.resident_kib()?;
    let told = answers.strip_prefix(b"1\0\0\0\x04".repeat(16_384).as_slice());
    let told = String::from_utf8_lossy(told.unwrap_or(&answers)).into_owned();
    assert!(told.starts_with('E') && told.contains("C54000\0"), "{}", told.escape_debug());
    assert!(told.ends_with("Z\0\0\0\x05I"), "{}", told.escape_debug());
    assert!(after < before + MORE_KIB_MAX, "{before} KiB became {after} KiB");
    assert_eq!(client.exchange(&query("SELECT 1"), 1)?, "columns:1 row done:SELECT_1 ready:I");
    drop(client);
    vitals.assert_unharmed()
}
