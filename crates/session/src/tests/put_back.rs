//! Masks that are written over the values that they stand for.

use super::server::{complete, error, parse_complete, ready};
use super::talk::{Talk, bind_values, execute, parse, query, sync};

const RULE: &str = "refused by masks-are-no-values";

fn is_refused(talk: &mut Talk, text: &str) -> bool {
    let is_refused = talk.client(&query(text)).contains(RULE);
    let answer = if is_refused { error("22P02", &talk.replacement()) } else { complete("UPDATE 1") };
    talk.server(&[answer, ready(b'I')].concat());
    is_refused
}

#[test]
fn a_mask_is_not_written_over_what_it_stands_for() {
    let mut talk = Talk::new();
    for text in [
        "update users set email = 'a***@***.org' where id = 1",
        "update users set id = 1, email = '***' where id = 1",
        "insert into users values (1, 'b***@***.com')",
        "insert into users (email, id) values ('c@example.org', 1), ('d***@***.org', 2)",
        "insert into users values (3, 'x') on conflict (id) do update set email = '***'",
        "update users set email = E'a\\x2a**@***.org' where id = 1",
    ] {
        assert!(is_refused(&mut talk, text), "{text}");
    }
    for text in [
        "update users set email = 'ada@example.org' where id = 1",
        "update users set email = '' where id = 1",
        "update users set email = 'a*b@example.org' where id = 1",
        "select id from users where email = 'a***@***.org'",
        "insert into orders values (1)",
        "update users set id = 2 where email = 'a***@***.org'",
    ] {
        assert!(!is_refused(&mut talk, text), "{text}");
    }
    // Texts that differ in literals only are judged once.
    assert!(is_refused(&mut talk, "update users set email = 'z***@***.org' where id = 1"));
    // Who sees values writes what he says.
    assert!(!is_refused(&mut Talk::revealing(), "update users set email = 'a***@***.org' where id = 1"));
}

#[test]
fn nor_is_one_that_a_parameter_is_bound_to() {
    let mut talk = Talk::new();
    talk.client(&[parse("s", "update users set email = $2 where id = $1"), sync()].concat());
    talk.server(&[parse_complete(), ready(b'I')].concat());
    let mut told = |email: &str| {
        let told = talk.client(&[bind_values("", "s", &["1", email]), execute(""), sync()].concat());
        let answer = match told.contains(RULE) {
            true => [error("22P02", &talk.replacement()), ready(b'I')].concat(),
            false => {
                let bound = super::server::bind_complete();
                [bound, complete("UPDATE 1"), ready(b'I')].concat()
            }
        };
        talk.server(&answer);
        told
    };
    assert!(!told("ada@example.org").contains("refused"));
    assert!(told("a***@***.org").contains(RULE));
    assert!(!told("bob@example.org").contains("refused"));
}

/// What is looked at grows as the statement does.
#[test]
fn many_rows_are_looked_at_once() {
    let row = |number: usize| format!("({number}, 'ada{number}@example.org')");
    let rows: Vec<String> = (0..20_000).map(row).collect();
    let mut talk = Talk::with_message_bytes_max(1 << 22);
    assert!(!is_refused(&mut talk, &format!("insert into users values {}", rows.join(", "))));
    let rows = [rows, vec!["(0, 'a***@***.org')".to_owned()]].concat();
    assert!(is_refused(&mut talk, &format!("insert into users values {}", rows.join(", "))));
}
