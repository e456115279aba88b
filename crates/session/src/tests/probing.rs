//! Questions about values that may not be seen are counted.

use insta::assert_snapshot;

use super::server::{complete, parse_complete, ready};
use super::talk::{Talk, bind, execute, parse, query, sync};
use crate::{Allowance, Questions};

const PROBE: &str = "select id from users where email like 'a%'";

/// So many questions of any kind.
fn of(any: u32) -> Allowance {
    Allowance::new(Questions { any, sliding: 100 })
}

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
    talk.allowance = Some(of(2));
    assert!(!asked(&mut talk, PROBE).contains("refused"));
    assert!(!asked(&mut talk, "select id from users where email like 'b%'").contains("refused"));
    assert_snapshot!(talk.client(&query("select id from users where email like 'c%'")), @r#"
record more than 2 questions of any
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
    talk.allowance.as_ref().unwrap().refill(Questions { any: 2, sliding: 100 });
    assert!(!asked(&mut talk, PROBE).contains("refused"));
}

#[test]
fn each_execution_counts_also_of_what_is_prepared() {
    let mut talk = Talk::new();
    talk.allowance = Some(of(1));
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
record more than 1 questions of any
record 3 started: select id from users where email < $1, refused by max-probes-per-hour
to server instead: P[refused by Picket 0000000000000007·SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
to server: S[]
"#);
    let mut talk = Talk::new();
    talk.allowance = Some(of(2));
    asked(&mut talk, "prepare p as select id from users where email < $1");
    assert!(!asked(&mut talk, "execute p('a')").contains("refused"));
    assert!(asked(&mut talk, "execute p('b')").contains("refused by max-probes-per-hour"));
}

/// A session whose user may ask three questions of one shape whose constants slide.
fn searching() -> Talk {
    let mut talk = Talk::new();
    talk.allowance = Some(Allowance::new(Questions { any: 1_000, sliding: 3 }));
    talk
}

#[test]
fn a_search_is_cut_off_and_told_once_for_each_shape() {
    let mut talk = searching();
    let mut like =
        |pattern: &str| asked(&mut talk, &format!("select id from users where email like '{pattern}'"));
    for pattern in ["a%", "b%", "b%", "b%", "ba%", "bac%"] {
        assert!(!like(pattern).contains("refused"), "{pattern}");
    }
    let told = like("bad%");
    assert!(told.starts_with("record more than 3 questions of one shape\n"), "{told}");
    assert!(told.contains("refused by max-sliding-probes-per-hour"), "{told}");
    let told = like("bae%");
    assert!(
        told.contains("refused by max-sliding-probes-per-hour") && !told.contains("questions of"),
        "{told}"
    );
    // Who asks for something else, or the same again, goes on.
    for pattern in ["%miller%", "b%", "ba%"] {
        assert!(!like(pattern).contains("refused"), "{pattern}");
    }
    // Within an hour nothing is forgotten.
    let most = Questions { any: 1_000, sliding: 3 };
    let allowance = talk.allowance.as_ref().unwrap();
    (1..crate::PARTS_OF_AN_HOUR).for_each(|_| allowance.refill(most));
    assert!(!allowance.is_whole(most));
    assert!(asked(&mut talk, "select id from users where email like 'baf%'").contains("refused"));
    let allowance = talk.allowance.as_ref().unwrap();
    allowance.refill(most);
    assert!(allowance.is_whole(most));
    assert!(!asked(&mut talk, "select id from users where email like 'baf%'").contains("refused"));
}

#[test]
fn rows_that_are_named_and_pages_are_no_search() {
    let mut talk = searching();
    for number in 0..20 {
        for text in [
            format!("select id from users where id = {number} and email like 'a%'"),
            format!("select id from users where email like 'a%' limit 5 offset {number}"),
            format!("select id from users where email = 'a{number}'"),
        ] {
            assert!(!asked(&mut talk, &text).contains("refused"), "{text}");
        }
    }
    // Computed with a part of a value, or under the name of one, they are.
    for text in [
        "where id * 0 + ascii(email) > {}",
        "u where {} < (select s.id from (select ascii(email) as id from users) s)",
    ] {
        let mut refused = false;
        for number in 0..20 {
            let text = format!("select 1 from users {}", text.replace("{}", &number.to_string()));
            refused |= asked(&mut talk, &text).contains("max-sliding");
        }
        assert!(refused, "{text}");
    }
}

#[test]
fn many_shapes_and_questions_have_a_bound() {
    let mut talk = searching();
    for number in 0..200 {
        let columns = vec!["id"; number + 1].join(", ");
        assert!(
            !asked(&mut talk, &format!("select {columns} from users where email like 'a%'"))
                .contains("refused")
        );
    }
    let mut last = String::new();
    for letter in ["b", "c", "d", "e"] {
        last = asked(&mut talk, &format!("select id from users where email like '{letter}%'"));
    }
    assert!(last.contains("max-sliding"), "{last}");
}

#[test]
fn policies_say_which_questions_are_free_and_which_are_refused() {
    let like = "select id from users where email like 'a%'";
    let policy = |effect: &str, class: &str| {
        let mut talk = Talk::new();
        talk.set_policies(&format!(
            "@rule(\"team\") {effect} (principal, action == Picket::Action::\"filter\", resource == Picket::Class::\"{class}\");"
        ));
        talk.allowance = Some(of(1));
        talk
    };
    let mut free = policy("permit", "email");
    for _ in 0..3 {
        assert!(!asked(&mut free, like).contains("refused"));
    }
    // Values stay hidden, and are not handed over either.
    assert!(
        asked(&mut free, "select pg_notify('x', email) from users").contains("refused by masked-values-stay")
    );
    let mut refused = policy("forbid", "email");
    // Whole values are compared for nothing, but where a policy is against it.
    let whole = "select id from users where email = 'a'";
    let joined = "select a.id from users a join users b using (email)";
    for text in [like, whole, joined, "select id from users where email in ('a', 'b')"] {
        assert!(asked(&mut refused, text).contains("refused by team"), "{text}");
    }
    for text in [
        "select email from users",
        "select id from users order by email",
        "select count(email) from users group by email",
        "update users set email = 'a' where id = 3",
        "select id from orders where id > 3",
    ] {
        assert!(!asked(&mut refused, text).contains("refused"), "{text}");
    }
    let mut other = policy("forbid", "phone");
    assert!(!asked(&mut other, whole).contains("refused"));
    assert!(!asked(&mut other, like).contains("refused"));
    assert!(asked(&mut other, like).contains("refused by max-probes-per-hour"));
}
