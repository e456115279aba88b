//! What is recorded of a call of a function that the session has just made.

use super::server::{complete, ready};
use super::talk::{Talk, bind, execute, parse, query, sync};
use crate::{Action, Evidence, Step};

const COPIES: &str =
    "create function f() returns void language sql as 'insert into orders select id from users'";

/// What is recorded of whoever calls it.
const BY_F: &str = "reads public.users; writes public.orders; public.orders.id public.users.id";

/// What the records say that what is sent reads and writes, and the columns that it names.
fn recorded(talk: &mut Talk, sent: &[u8]) -> String {
    let mut actions = Vec::new();
    let mut left = sent;
    // Each newer catalog shows what the one before has shown.
    while !left.is_empty() {
        let (step, more) = talk.step_client(left);
        actions.extend(more);
        let Ok(Step::More(used) | Step::NeedsCatalog(used)) = step else { panic!("{step:?}") };
        left = left.get(used..).unwrap();
        talk.catalog_version += u64::from(!left.is_empty());
    }
    let told = actions.iter().filter_map(|action| match action {
        Action::Record(Evidence::Started(started)) => {
            let sql::Touched { read, written, columns } = &started.statement.touched;
            Some(format!("reads {}; writes {}; {}", read.join(" "), written.join(" "), columns.join(" ")))
        }
        _ => None,
    });
    told.collect::<Vec<_>>().join("\n")
}

fn with_function(mut talk: Talk, begins: bool) -> Talk {
    if begins {
        talk.client(&query("begin"));
        talk.server(&[complete("BEGIN"), ready(b'T')].concat());
    }
    recorded(&mut talk, &query(COPIES));
    talk.server(&[complete("CREATE FUNCTION"), ready(if begins { b'T' } else { b'I' })].concat());
    talk
}

#[test]
fn a_call_of_what_was_just_made_is_recorded_with_what_that_does() {
    for talk in [Talk::new(), Talk::revealing()] {
        let mut talk = with_function(talk, true);
        assert_eq!(recorded(&mut talk, &query("select f()")), BY_F);
        let sent = [parse("", "select f()"), bind("", ""), execute(""), sync()].concat();
        assert_eq!(recorded(&mut talk, &sent), BY_F);
        assert_eq!(
            recorded(&mut talk, &query("select id from orders")),
            "reads public.orders; writes ; public.orders.id"
        );
        recorded(&mut talk, &query("create function g() returns void language sql as 'select f()'"));
        assert_eq!(recorded(&mut talk, &query("select g()")), BY_F);
    }
}

/// Until a catalog was read that shows it.
#[test]
fn it_is_known_after_its_transaction() {
    let mut talk = with_function(Talk::revealing(), false);
    let select = query("select f()");
    for _ in 0..2 {
        assert_eq!(recorded(&mut talk, &select), BY_F);
        talk.server(&[complete("SELECT 1"), ready(b'I')].concat());
    }
    // This catalog knows nothing of it.
    talk.catalog_version += 1;
    assert_eq!(recorded(&mut talk, &select), "reads ; writes ; ");
}
