//! What a session knows of names that it has given to relations.

use super::server::{complete, data_row, error, parse_complete, ready, row_description};
use super::talk::{Talk, bind, execute, parse, query, sync};

/// Orders are not written.
const ORDERS: &str = "@rule(\"orders\") forbid (principal, action in Picket::Action::\"write\", resource is Picket::Table) \
    when { resource.name == \"orders\" };";

fn with_policy(text: &str) -> Talk {
    let mut talk = Talk::new();
    talk.set_policies(text);
    talk
}

/// Has `text` done by the server.
fn done(talk: &mut Talk, text: &str, tags: &[&str], status: u8) {
    let told = talk.client(&query(text));
    assert!(told.contains("to server: Q["), "{text}: {told}");
    talk.server(&[tags.iter().flat_map(|tag| complete(tag)).collect(), ready(status)].concat());
}

fn is_refused(talk: &mut Talk, text: &str, status: u8) -> bool {
    let told = talk.client(&query(text));
    assert!(!told.contains("needs catalog"), "{text}: {told}");
    let is_refused = told.contains("refused by orders");
    let answer = if is_refused { error("42601", &talk.replacement()) } else { complete("UPDATE 0") };
    talk.server(&[answer, ready(status)].concat());
    is_refused
}

/// Whether a newer catalog is needed before `text` is sent; and that it is enough.
fn waits(talk: &mut Talk, text: &str) -> bool {
    let waits = talk.client(&query(text)).contains("needs catalog");
    if waits {
        assert!(
            talk.client(&query(text)).contains("needs catalog"),
            "{text}: the same catalog cannot show it"
        );
        talk.set_catalog_holds(true);
        assert!(!talk.client(&query(text)).contains("needs catalog"), "{text}");
    }
    talk.server(&[complete("SELECT 0"), ready(b'I')].concat());
    waits
}

#[test]
fn a_name_means_what_it_was_given_to_until_a_newer_catalog_shows_it() {
    let mut talk = with_policy(ORDERS);
    done(&mut talk, "begin; alter table orders rename to x", &["BEGIN", "ALTER TABLE"], b'T');
    assert!(is_refused(&mut talk, "update x set id = 1 where id = 2", b'T'));
    assert!(!is_refused(&mut talk, "update users set id = 1 where id = 2", b'T'));
    done(&mut talk, "commit", &["COMMIT"], b'I');
    assert!(waits(&mut talk, "select id from users"));
    assert!(!waits(&mut talk, "select id from users"));
}

/// What was sent and is not answered counts, and so does what may not come about.
#[test]
fn it_counts_from_when_it_is_sent() {
    let mut talk = with_policy(ORDERS);
    let told = talk.client(&query("begin; create view v as select * from orders"));
    assert!(told.contains("to server: Q["), "{told}");
    let told = talk.client(&query("delete from v where id = 1"));
    assert!(told.contains("refused by orders"), "{told}");
    talk.server(&[complete("BEGIN"), error("42P07", "no"), ready(b'E')].concat());
    let answer = error("42601", &talk.replacement());
    talk.server(&[answer, ready(b'E')].concat());
    assert!(is_refused(&mut talk, "delete from v where id = 1", b'E'));
}

#[test]
fn what_was_prepared_before_is_judged_by_it() {
    let mut talk = with_policy(ORDERS);
    talk.client(&[parse("p", "delete from users where id = 1"), sync()].concat());
    talk.server(&[parse_complete(), ready(b'I')].concat());
    done(&mut talk, "begin; alter table orders rename to users", &["BEGIN", "ALTER TABLE"], b'T');
    let told = talk.client(&[bind("", "p"), execute("")].concat());
    assert!(told.contains("refused by orders"), "{told}");
}

/// A catalog that could not be read shows nothing.
#[test]
fn a_catalog_that_could_not_be_read_is_no_newer() {
    let mut talk = with_policy(ORDERS);
    done(&mut talk, "create view v as select * from orders", &["CREATE VIEW"], b'I');
    assert!(talk.client(&query("update v set id = 1")).contains("needs catalog"));
    talk.fail_catalog();
    assert!(is_refused(&mut talk, "update v set id = 1 where id = 2", b'I'));
}

/// Somebody else may have named it a moment ago.
#[test]
fn what_no_catalog_shows_is_looked_for_once() {
    let mut talk = with_policy(ORDERS);
    assert!(waits(&mut talk, "select * from elsewhere"));
    assert!(!waits(&mut talk, "select * from elsewhere"));
    assert!(waits(&mut talk, "delete from elsewhere where id = 1"));
    for text in [
        "with elsewhere as (select 1) select * from elsewhere",
        "select * from pg_class",
        "select * from information_schema.tables",
        "create table made (id int); insert into made values (1)",
        "create temp table own (id int); select * from own",
        "comment on table elsewhere is 'x'",
        "create index on elsewhere (id)",
    ] {
        assert!(!waits(&mut talk, text), "{text}");
    }
    // What others make of the name is not known any more.
    assert!(waits(&mut talk, "insert into made values (1)"));
}

/// Where it makes no difference which relation a name means, nobody waits.
#[test]
fn nobody_waits_for_names_that_policies_do_not_tell_apart() {
    for policy in ["// Nothing.", "forbid (principal, action == Picket::Action::\"copy_out\", resource);"] {
        let mut talk = with_policy(policy);
        done(&mut talk, "alter table orders rename to x", &["ALTER TABLE"], b'I');
        assert!(!waits(&mut talk, "select * from elsewhere"));
        assert!(!waits(&mut talk, "update x set id = 1 where id = 2"));
    }
}

/// A relation that the session has made in its open transaction is in no catalog before that ends.
#[test]
fn a_newer_catalog_is_asked_for_once_in_a_transaction() {
    let mut talk = Talk::new();
    let waits = |talk: &mut Talk, status: u8| {
        talk.client(&query("select n from made"));
        let row = [row_description(&[(30000, 1, 23)]), data_row(&["1"]), complete("SELECT 1"), ready(status)];
        let waits = talk.server(&row.concat()).contains("needs catalog");
        if waits {
            talk.set_catalog_holds(true);
            let told = talk.server(&row.concat());
            assert!(!told.contains("needs catalog"), "{told}");
        }
        waits
    };
    assert!(waits(&mut talk, b'T'));
    assert!(!waits(&mut talk, b'T') && !waits(&mut talk, b'T'));
    assert!(!waits(&mut talk, b'I'));
    assert!(waits(&mut talk, b'I'), "whatever was made can be seen");
}
