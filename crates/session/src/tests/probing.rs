//! Questions about values that may not be seen are counted.

use insta::assert_snapshot;

use super::server::{complete, parse_complete, ready};
use super::talk::{Talk, bind, execute, parse, query, sync};
use crate::Allowance;

const PROBE: &str = "select id from users where email like 'a%'";

fn asked(talk: &mut Talk, text: &str) -> String {
    let told = talk.client(&query(text));
    let answer = match told.contains("refused") {
        true => super::server::error("22P02", &talk.replacement()),
        false => complete("SELECT 0"),
    };
    talk.server(&[answer, ready(b'I')].concat());
    told
}

#[test]
fn who_asks_too_often_is_refused_until_something_is_given_back() {
    let mut talk = Talk::new();
    talk.allowance = Some(Allowance::new(2));
    assert!(!asked(&mut talk, PROBE).contains("refused"));
    assert!(!asked(&mut talk, "select id from users where email like 'b%'").contains("refused"));
    assert_snapshot!(talk.client(&query("select id from users where email like 'c%'")), @r#"
record 3 started: select id from users where email like 'c%', refused by max-probes-per-hour
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    let refused = super::server::error("22P02", &talk.replacement());
    assert_snapshot!(talk.server(&[refused, ready(b'I')].concat()), @r#"
record 3 failed 42501: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42501·MPicket refused this statement·DRule "max-probes-per-hour": its conditions look into values that are masked, and you have asked too many such questions within the last hour.·HCompare whole values with =, wait, or ask whoever runs Picket for the right to see them (reveal).]
to client: Z[I]
"#);
    for text in ["select id from users where email = 'a'", "select email from users", "select id from orders"]
    {
        assert!(!asked(&mut talk, text).contains("refused"), "{text}");
    }
    let allowance = talk.allowance.as_ref().unwrap();
    assert!(allowance.refill(1, 2) && !allowance.refill(0, 2));
    assert!(!asked(&mut talk, PROBE).contains("refused"));
}

#[test]
fn each_execution_counts_also_of_what_is_prepared() {
    let mut talk = Talk::new();
    talk.allowance = Some(Allowance::new(1));
    talk.client(&[parse("s", "select id from users where email < $1"), sync()].concat());
    talk.server(&[parse_complete(), ready(b'I')].concat());
    let once = [bind("", "s"), execute("")].concat();
    assert_snapshot!(talk.client(&[once.clone(), once, sync()].concat()), @r#"
record 1 started: select id from users where email < $1
to server: B[s]
to server instead: D[P]
to server: E[]
record 2 started: select id from users where email < $1
to server: B[s]
record 3 started: select id from users where email < $1, refused by max-probes-per-hour
to server instead: P[refused by Picket 0000000000000007·SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
to server: S[]
"#);
    let mut talk = Talk::new();
    talk.allowance = Some(Allowance::new(2));
    asked(&mut talk, "prepare p as select id from users where email < $1");
    assert!(!asked(&mut talk, "execute p('a')").contains("refused"));
    assert!(asked(&mut talk, "execute p('b')").contains("refused by max-probes-per-hour"));
}
