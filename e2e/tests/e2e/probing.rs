//! What is masked is not found out by asking about it.

use anyhow::Result;
use e2e::psql;

use crate::stack::Stack;

#[test]
fn values_are_not_searched_for_letter_by_letter() -> Result<()> {
    let stack = Stack::start_with("max-probes-per-hour = 5\n")?;
    let alice = stack.alice()?;
    let mut answered = 0;
    for letter in 'a'..='m' {
        let asked = psql::run(&alice, &format!("SELECT id FROM users WHERE email LIKE '{letter}%'"))?;
        match asked.code {
            0 => answered += 1,
            _ => assert!(
                asked.stderr.contains("42501") && asked.stderr.contains("max-probes-per-hour"),
                "{}",
                asked.stderr
            ),
        }
    }
    assert_eq!(answered, 5);
    let whole = "SELECT id, email FROM users WHERE email = 'nobody@shop.org' ORDER BY email";
    psql::run(&alice, whole)?.success()?;
    psql::run(&alice, "SELECT id FROM products WHERE title LIKE 'T%'")?.success()?;
    Ok(())
}
