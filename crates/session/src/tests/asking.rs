//! Statements that somebody must approve.

use insta::assert_snapshot;
use policy::{Approver, Refusal};

use super::server::{bind_complete, complete, error, no_data, parse_complete, ready};
use super::talk::{Talk, bind_values, execute, parse, query, sync};
use crate::Answer;

const POLICIES: &str = r#"
@rule("needs-dba") @hold("dba") @reason("orders are not deleted lightly")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "orders" };
@rule("needs-owner") @hold("owners")
forbid (principal, action == Picket::Action::"delete", resource is Picket::Table) when { resource.name == "users" };
"#;

const DELETE: &str = "delete from orders where id = 1";

fn talk() -> Talk {
    let mut talk = Talk::new();
    talk.set_policies(POLICIES);
    talk.session.can_ask(true);
    talk
}

fn approver(user: &str, groups: &[&str]) -> Approver {
    Approver { user: user.to_owned(), groups: groups.iter().map(|group| (*group).to_owned()).collect() }
}

fn approved(user: &str, groups: &[&str]) -> Answer {
    Answer::Approved { approvers: vec![approver(user, groups)], requester: "alice".to_owned() }
}

fn denied() -> Answer {
    Answer::Refused(Refusal {
        rules: Vec::new(),
        sqlstate: "42501",
        message: "it was not approved".to_owned(),
        detail: "bob: not on a Friday".to_owned(),
        hint: String::new(),
    })
}

#[test]
fn what_needs_an_approval_waits_for_it_and_runs_then() {
    let mut talk = talk();
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
ask dba about 1: delete from orders where id = 1 ()
needs an answer, 37 bytes unused
"#);
    talk.session.answered(approved("bob", &["dba"]));
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
record 1 started: delete from orders where id = 1, against needs-dba
to server: Q[delete from orders where id = 1]
"#);
    assert_snapshot!(talk.server(&[complete("DELETE 1"), ready(b'I')].concat()), @r#"
record 1 completed: 1 rows, 0 bytes
to client: C[DELETE 1] Z[I]
"#);
    // Once.
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
ask dba about 2: delete from orders where id = 1 ()
needs an answer, 37 bytes unused
"#);
}

/// The first of its kind is read, and known by its text without literals when the answer comes.
#[test]
fn what_ends_in_a_semicolon_is_asked_about_once() {
    let mut talk = talk();
    let delete = query("delete from orders where id = 1 ; ");
    assert!(talk.client(&delete).starts_with("ask dba about 1: delete from orders where id = 1 ()"));
    talk.session.answered(denied());
    let said = talk.client(&delete);
    assert!(said.starts_with("record 1 started: delete from orders where id = 1, refused"), "{said}");
}

#[test]
fn what_was_not_approved_fails_in_its_place() {
    let mut talk = talk();
    talk.client(&query(DELETE));
    talk.session.answered(denied());
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
record 1 started: delete from orders where id = 1, refused by needs-dba
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    let failed = [error("22P02", &talk.replacement()), ready(b'E')].concat();
    assert_snapshot!(talk.server(&failed), @r#"
record 1 failed 42501: 0 rows, 0 bytes
to client instead: E[SERROR·VERROR·C42501·Mit was not approved·Dbob: not on a Friday]
to client: Z[E]
"#);
}

#[test]
fn nobody_approves_what_he_asks_for_and_no_other_group_does() {
    for answer in [approved("alice", &["dba"]), approved("bob", &["owners"]), approved("bob", &[])] {
        let mut talk = talk();
        talk.client(&query(DELETE));
        talk.session.answered(answer);
        let sent = talk.client(&query(DELETE));
        assert!(sent.contains("refused by needs-dba") && sent.contains("to server instead"), "{sent}");
    }
}

#[test]
fn each_statement_of_a_string_is_asked_about_before_anything_is_sent() {
    let mut talk = talk();
    let text = query("select 1; delete from orders where id = 1; delete from users where id = 2");
    assert_snapshot!(talk.client(&text), @r#"
ask dba about 2: delete from orders where id = 1 ()
needs an answer, 79 bytes unused
"#);
    talk.session.answered(approved("bob", &["dba"]));
    assert_snapshot!(talk.client(&text), @r#"
ask owners about 3: delete from users where id = 2 ()
needs an answer, 79 bytes unused
"#);
    talk.session.answered(denied());
    assert_snapshot!(talk.client(&text), @r#"
record 1 started: select 1
record 2 started: delete from orders where id = 1, against needs-dba
record 3 started: delete from users where id = 2, refused by needs-owner
to server instead: Q[select 1; delete from orders where id = 1;  SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

#[test]
fn values_are_shown_and_what_is_bound_is_what_was_approved() {
    let mut talk = talk();
    let text = "delete from orders where id = $1";
    let pipeline = [parse("", text), bind_values("", "", &["7"]), execute(""), sync()].concat();
    assert_snapshot!(talk.client(&pipeline), @r#"
to server: P[delete from orders where id = $1]
to server instead: H[]
needs replies, 33 bytes unused
"#);
    let rest = &pipeline[parse("", text).len()..];
    talk.server(&parse_complete());
    assert_snapshot!(talk.client(rest), @r#"
ask dba about 1: delete from orders where id = $1 (7)
needs an answer, 33 bytes unused
"#);
    talk.session.answered(approved("bob", &["dba"]));
    assert_snapshot!(talk.client(rest), @r#"
record 1 started: delete from orders where id = $1, against needs-dba
to server: B[7]
to server instead: D[P]
to server: E[] S[]
"#);
    talk.server(&[bind_complete(), no_data(), complete("DELETE 1"), ready(b'I')].concat());
    // Other values are another thing.
    assert_snapshot!(talk.client(&[bind_values("", "", &["8"]), execute(""), sync()].concat()), @r#"
ask dba about 2: delete from orders where id = $1 (8)
needs an answer, 33 bytes unused
"#);
    talk.session.answered(denied());
    assert_snapshot!(talk.client(&[bind_values("", "", &["8"]), execute(""), sync()].concat()), @r#"
record 2 started: delete from orders where id = $1, refused by needs-dba
to server instead: P[refused by Picket 0000000000000007·SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
to server instead: D[Srefused by Picket 0000000000000007]
to server: S[]
"#);
}

#[test]
fn an_answer_is_to_what_was_shown() {
    let mut talk = talk();
    talk.client(&query(DELETE));
    talk.session.answered(approved("bob", &["dba"]));
    // The shell gives the same bytes again; were they others, they would be asked about.
    assert_snapshot!(talk.client(&query("delete from orders where id = 2")), @r#"
ask dba about 1: delete from orders where id = 2 ()
needs an answer, 37 bytes unused
"#);
}

/// Between its Bind and its Execute nothing else begins.
#[test]
fn what_is_approved_begins_right_behind_its_bind() {
    let mut talk = talk();
    let prepare = [parse("s", "delete from orders where id = $1"), sync()].concat();
    talk.client(&prepare);
    talk.server(&[parse_complete(), ready(b'I')].concat());
    let bound = [bind_values("p", "s", &["7"]), parse("", "select 1"), bind_values("", "", &[]), execute("")];
    let pipeline = [&bound.concat()[..], &execute("p"), &sync()].concat();
    talk.client(&pipeline);
    talk.session.answered(approved("bob", &["dba"]));
    // The other can take the portal away: its answer comes first.
    let sent = talk.client(&pipeline);
    assert!(sent.ends_with("H[]\nneeds replies, 16 bytes unused"), "{sent}");
    let answers =
        [bind_complete(), parse_complete(), bind_complete(), no_data(), complete("SELECT 0")].concat();
    talk.server(&answers);
    let sent = talk.client(&[execute("p"), sync()].concat());
    assert!(
        sent.contains("record 3 started: delete from orders where id = $1, refused by needs-dba"),
        "{sent}"
    );
}

#[test]
fn so_many_statements_of_one_string_nobody_is_asked_about() {
    let mut talk = talk();
    let sent = talk.client(&query(&[DELETE; 9].join(";")));
    assert!(sent.contains("record 1 started") && sent.contains("to server instead"), "{sent}");
    assert!(talk.client(&query(&[DELETE; 8].join(";"))).contains("needs"));
}

/// In another encoding the bytes mean something else to the server than to whoever is shown them.
#[test]
fn what_cannot_be_shown_as_it_is_is_not_asked_about() {
    let mut talk = talk();
    talk.session.on_parameter(b"client_encoding", b"LATIN1");
    let sent = talk.client(&query("delete from orders where id = 1 and note = 'é'"));
    assert!(sent.contains("refused by unreadable"), "{sent}");
    let mut talk = self::talk();
    talk.session.on_parameter(b"client_encoding", b"LATIN1");
    talk.client(&[parse("s", "delete from orders where note = $1"), sync()].concat());
    talk.server(&[parse_complete(), ready(b'I')].concat());
    assert!(talk.client(&bind_values("", "s", &["é"])).contains("([195, 169])"));
}

#[test]
fn a_policy_that_changes_meanwhile_decides() {
    let mut talk = talk();
    talk.client(&query(DELETE));
    talk.set_policies(r#"@rule("never") forbid (principal, action == Picket::Action::"delete", resource);"#);
    talk.session.answered(approved("bob", &["dba"]));
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
record 1 started: delete from orders where id = 1, refused by never
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    let mut talk = self::talk();
    talk.client(&query(DELETE));
    talk.set_policies("");
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
record 1 started: delete from orders where id = 1
to server: Q[delete from orders where id = 1]
"#);
}

#[test]
fn nobody_is_asked_in_a_transaction_that_has_failed_or_where_nobody_can_be() {
    let mut talk = talk();
    talk.client(&query("begin"));
    talk.server(&[complete("BEGIN"), ready(b'T')].concat());
    talk.client(&query("select 1/0"));
    talk.server(&[error("22012", "division by zero"), ready(b'E')].concat());
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
record 3 started: delete from orders where id = 1, refused by needs-dba
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
    let mut talk = self::talk();
    talk.session.can_ask(false);
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
record 1 started: delete from orders where id = 1, refused by needs-dba
to server instead: Q[SELECT 'refused by Picket 0000000000000007'::pg_catalog.int4]
"#);
}

#[test]
fn what_was_sent_before_is_answered_first() {
    let mut talk = talk();
    assert_snapshot!(talk.client(&[query("select 1"), query(DELETE)].concat()), @r#"
record 1 started: select 1
to server: Q[select 1]
needs replies, 37 bytes unused
"#);
    talk.server(&[complete("SELECT 1"), ready(b'I')].concat());
    assert_snapshot!(talk.client(&query(DELETE)), @r#"
ask dba about 2: delete from orders where id = 1 ()
needs an answer, 37 bytes unused
"#);
}

/// What was prepared in SQL runs by another text than the one that is shown.
#[test]
fn a_statement_that_needs_an_approval_does_not_hide_behind_execute() {
    let mut talk = talk();
    let prepare = query("prepare p as delete from orders where id = 1");
    talk.client(&prepare);
    talk.session.answered(approved("bob", &["dba"]));
    talk.client(&prepare);
    talk.server(&[complete("PREPARE"), ready(b'I')].concat());
    let sent = talk.client(&query("execute p"));
    assert!(sent.contains("refused by needs-dba"), "{sent}");
}

/// What turns out to be sensitive while it waits was not shown to whoever has approved it.
#[test]
fn what_is_found_to_be_sensitive_meanwhile_is_asked_about_anew() {
    let mut talk = talk();
    talk.client(&query(DELETE));
    talk.mask_orders();
    talk.session.answered(approved("bob", &["dba"]));
    let sent = talk.client(&query(DELETE));
    assert!(sent.starts_with("ask dba about 1: "), "{sent}");
    talk.session.answered(approved("bob", &["dba"]));
    let sent = talk.client(&query(DELETE));
    assert!(sent.contains("to server: Q"), "{sent}");
}

/// Whoever has denied it has done so whatever it turns out to be.
#[test]
fn what_is_denied_is_not_asked_about_again_where_the_catalog_has_changed_meanwhile() {
    let mut talk = talk();
    talk.client(&query(DELETE));
    talk.mask_orders();
    talk.session.answered(denied());
    let sent = talk.client(&query(DELETE));
    assert!(
        sent.starts_with("record 1 started: delete from orders where id = 1, refused by needs-dba"),
        "{sent}"
    );
    // The next execution is another.
    talk.server(&[error("42501", "refused"), ready(b'I')].concat());
    let sent = talk.client(&query(DELETE));
    assert!(sent.starts_with("ask dba about 2: "), "{sent}");
}
