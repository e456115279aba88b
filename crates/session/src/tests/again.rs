//! EXECUTE and FETCH run what was judged before, and are judged by what holds now.

use insta::assert_snapshot;

use super::server::{complete, parse_complete, ready};
use super::talk::{Talk, bind, close_statement, execute, parse, query, sync};

const NO_ORDERS: &str = r#"@rule("orders") forbid (principal, action, resource is Picket::Table) when { resource.name == "orders" };"#;

/// A session in a transaction that has done this.
fn after(texts: &[&str]) -> Talk {
    let mut talk = Talk::new();
    for text in [&["begin"], texts].concat() {
        let sent = talk.client(&query(text));
        assert!(!sent.contains("refused"), "{text}: {sent}");
        talk.server(&[complete("DONE"), ready(b'T')].concat());
    }
    talk
}

/// Whether a Query of this is refused.
fn refuses(talk: &mut Talk, text: &str) -> bool {
    let mut sent = talk.client(&query(text));
    // What it writes is noted first.
    if sent.contains("needs catalog") {
        talk.catalog_version += 1;
        sent = talk.client(&query(text));
    }
    talk.server(&[complete("DONE"), ready(b'T')].concat());
    sent.contains("refused by")
}

const MADE: [&str; 3] = [
    "prepare p as select * from orders",
    "declare c cursor with hold for select * from orders",
    "prepare other as select 1",
];

#[test]
fn what_is_forbidden_by_now_is_not_run() {
    for text in [
        "execute p",
        "EXECUTE \"p\"",
        "explain analyze execute p",
        "create table copied as execute p",
        "fetch c",
        "fetch all in c",
        "move 5 from c",
        "select cursor_to_xml('c', 1, false, false, '')",
        "do $$ declare c refcursor := 'c'; r record; begin fetch c into r; raise notice '%', r; end $$",
        "select 1; execute p",
        "prepare q as select 1; execute p",
    ] {
        let mut talk = after(&MADE);
        assert!(!refuses(&mut talk, text) || text.contains("xml"), "{text}");
        let mut talk = after(&MADE);
        talk.set_policies(NO_ORDERS);
        assert!(refuses(&mut talk, text), "{text}");
        for harmless in
            ["execute other", "select 1", "close c", "deallocate p", "deallocate all", "close all"]
        {
            assert!(!refuses(&mut talk, harmless), "{text}, then {harmless}");
        }
    }
}

#[test]
fn it_is_refused_as_what_it_runs_is() {
    let mut talk = after(&MADE);
    talk.set_policies(NO_ORDERS);
    assert_snapshot!(talk.client(&query("execute p")), @r#"
record 5 started: execute p, refused by orders
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

/// A portal that runs FETCH was bound before.
#[test]
fn the_extended_protocol_is_no_way_round() {
    let mut talk = after(&MADE);
    talk.client(&[parse("e", "execute p"), parse("f", "fetch c"), bind("pf", "f"), sync()].concat());
    talk.server(&[parse_complete(), parse_complete(), super::server::bind_complete(), ready(b'T')].concat());
    talk.set_policies(NO_ORDERS);
    let sent = talk.client(&[execute("pf"), sync()].concat());
    assert!(sent.contains("refused by"), "{sent}");
    talk.server(&[super::server::error("22P02", &talk.replacement()), ready(b'E')].concat());
    let sent = talk.client(&[bind("", "e"), execute(""), sync()].concat());
    assert!(sent.contains("refused by"), "{sent}");
}

/// What Parse and Bind make is run by SQL too, and SQL makes what Bind does not run.
#[test]
fn both_protocols_share_names() {
    let mut talk = after(&[]);
    talk.client(&[parse("s", "select * from orders"), bind("b", "s"), sync()].concat());
    talk.server(&[parse_complete(), super::server::bind_complete(), ready(b'T')].concat());
    talk.set_policies(NO_ORDERS);
    assert!(refuses(&mut talk, "execute s"));
    assert!(refuses(&mut talk, "fetch b"));
    let mut talk = after(&MADE);
    let sent = talk.client(&[bind("", "p"), sync()].concat());
    assert!(sent.contains("refused by"), "{sent}");
}

/// Of what failed to be made, or may have been replaced, everything counts that a name could mean.
#[test]
fn a_name_is_what_it_could_be() {
    let mut talk = after(&MADE);
    talk.client(&[query("deallocate p"), query("prepare p as select 1")].concat());
    talk.set_policies(NO_ORDERS);
    let sent = talk.client(&query("execute p"));
    assert!(sent.contains("refused by"), "{sent}");
    let mut talk = after(&["prepare p as select * from orders", "deallocate p", "prepare p as select 1"]);
    talk.set_policies(NO_ORDERS);
    assert!(!refuses(&mut talk, "execute p"));
}

/// A cursor that a function opens is not seen being opened.
#[test]
fn what_was_not_seen_being_made_is_not_run_after_a_change() {
    let mut talk = after(&["select open_it('c')"]);
    assert!(!refuses(&mut talk, "fetch c"));
    talk.set_policies(NO_ORDERS);
    assert!(refuses(&mut talk, "fetch c"));
    assert!(refuses(&mut talk, "execute p"));
    talk.client(&query("commit"));
    talk.server(&[complete("COMMIT"), ready(b'I')].concat());
    assert!(!refuses(&mut talk, "begin; select open_it('c'); fetch c"));
    assert!(refuses(&mut talk, "execute p"));
}

/// A body can put something else under a name that is known.
#[test]
fn what_bodies_may_have_made_is_not_run_after_a_change() {
    let body = "do $$ begin deallocate other; prepare other as select * from orders; end $$";
    let mut talk = after(&[&MADE[..], &[body]].concat());
    talk.set_policies(NO_ORDERS);
    assert!(refuses(&mut talk, "execute other"));
    // Defining a function that closes a cursor does not close it.
    let define = "create function f() returns void language sql as 'close c'";
    let mut talk = after(&[&MADE[..], &[define]].concat());
    talk.set_policies(NO_ORDERS);
    assert!(refuses(&mut talk, "fetch c"));
}

#[test]
fn a_cursor_that_is_held_outlives_its_transaction() {
    let mut talk = after(&MADE);
    talk.client(&query("commit"));
    talk.server(&[complete("COMMIT"), ready(b'I')].concat());
    talk.set_policies(NO_ORDERS);
    assert!(refuses(&mut talk, "fetch c"));
}

#[test]
fn a_rule_that_observes_is_named() {
    let mut talk = after(&MADE);
    talk.set_policies(&NO_ORDERS.replace("@rule", "@mode(\"observe\") @rule"));
    assert_snapshot!(talk.client(&query("execute p")), @r#"
record 5 started: execute p, against orders
to server: Q[execute p]
"#);
}

/// Portals that could all run each other are each looked at once.
#[test]
fn portals_that_run_portals_take_no_time() {
    let mut talk = after(&MADE);
    let any = "do $$ declare c refcursor; r record; begin fetch c into r; end $$";
    for number in 0..40 {
        let portal = format!("p{number}");
        talk.client(&[parse("any", any), bind(&portal, "any"), close_statement("any")].concat());
        let text = format!("fetch p{}", (number + 1) % 40);
        talk.client(&[parse(&portal, &text), bind(&format!("q{number}"), &portal)].concat());
    }
    let sent = talk.client(&execute("p0"));
    assert!(sent.ends_with("to server: E[p0]"), "{sent}");
    talk.set_policies(NO_ORDERS);
    let sent = talk.client(&execute("p1"));
    assert!(sent.contains("refused by orders"), "{sent}");
}
