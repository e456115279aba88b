//! What a session knows of its own temporary tables.

use super::server::{complete, error, ready};
use super::talk::{Talk, bind, execute, parse, query};

/// Has `text` done by the server: each statement answered with its tag or, where that is a SQLSTATE, an error.
fn done(talk: &mut Talk, text: &str, tags: &[&str], status: u8) {
    let told = talk.client(&query(text));
    assert!(told.contains("to server: Q["), "{text}: {told}");
    let answers = tags.iter().map(|tag| match tag.bytes().next() {
        Some(b'0'..=b'9') => error(tag, "no"),
        _ => complete(tag),
    });
    talk.server(&[answers.collect::<Vec<_>>().concat(), ready(status)].concat());
}

fn is_free(talk: &mut Talk) -> bool {
    let told = talk.client(&query("delete from own"));
    let is_free = told.contains("to server: Q[delete from own]");
    let answer = if is_free { complete("DELETE 0") } else { error("42601", "refused by Picket") };
    talk.server(&[answer, ready(b'I')].concat());
    is_free
}

fn with_own() -> Talk {
    let mut talk = Talk::new();
    assert!(!is_free(&mut talk));
    done(&mut talk, "create temp table own (a int)", &["CREATE TABLE"], b'I');
    talk
}

#[test]
fn what_was_made_is_free_as_long_as_it_is_there() {
    let mut talk = with_own();
    assert!(is_free(&mut talk));
    done(
        &mut talk,
        "create index on own (a); analyze own; alter table own add b int",
        &["CREATE INDEX", "ANALYZE", "ALTER TABLE"],
        b'I',
    );
    assert!(is_free(&mut talk));
    done(&mut talk, "drop table own", &["42P01"], b'I');
    assert!(is_free(&mut talk));
    done(&mut talk, "drop table own", &["DROP TABLE"], b'I');
    assert!(!is_free(&mut talk));
}

#[test]
fn another_relation_of_its_name_is_not_free() {
    for (text, tag) in [
        ("alter table own rename to mine", "ALTER TABLE"),
        ("alter index own rename to mine", "ALTER INDEX"),
        ("alter table own set schema public", "ALTER TABLE"),
        ("create table own (a int)", "CREATE TABLE"),
        ("create view own as select 1 as a", "CREATE VIEW"),
        ("discard temp", "DISCARD TEMP"),
        ("discard all", "DISCARD ALL"),
    ] {
        let mut talk = with_own();
        done(&mut talk, text, &[tag], b'I');
        assert!(!is_free(&mut talk), "{text}");
    }
}

#[test]
fn what_was_undone_is_not_there() {
    for (text, tags) in [
        ("create temp table own (a int)", &["42501"][..]),
        ("create temp table own (a int); select 1 / 0", &["CREATE TABLE", "22012"]),
        ("begin; create temp table own (a int); rollback", &["BEGIN", "CREATE TABLE", "ROLLBACK"]),
        (
            "begin; savepoint s; create temp table own (a int); rollback to s; commit",
            &["BEGIN", "SAVEPOINT", "CREATE TABLE", "ROLLBACK", "COMMIT"],
        ),
    ] {
        let mut talk = Talk::new();
        done(&mut talk, text, tags, b'I');
        assert!(!is_free(&mut talk), "{text}");
    }
    let mut talk = with_own();
    done(&mut talk, "begin; rollback", &["BEGIN", "ROLLBACK"], b'I');
    done(&mut talk, "select 1 / 0", &["22012"], b'I');
    assert!(is_free(&mut talk));
}

#[test]
fn it_is_free_within_its_transaction() {
    let mut talk = Talk::new();
    done(&mut talk, "begin; create temp table own (a int)", &["BEGIN", "CREATE TABLE"], b'T');
    done(&mut talk, "truncate own", &["TRUNCATE TABLE"], b'T');
    done(&mut talk, "commit", &["COMMIT"], b'I');
    assert!(is_free(&mut talk));
}

/// Whether `text` is sent once a newer catalog has shown that what it takes away is not there.
fn is_sent(talk: &mut Talk, text: &str) -> bool {
    if talk.client(&query(text)).contains("needs catalog") {
        assert!(
            talk.client(&query(text)).contains("needs catalog"),
            "{text}: the same catalog cannot show it"
        );
        talk.set_catalog_holds(true);
        return talk.client(&query(text)).contains(&format!("to server: Q[{text}]"));
    }
    false
}

#[test]
fn what_nobody_has_may_be_dropped() {
    for text in [
        "drop table if exists report",
        "DROP TABLE Report",
        "truncate report",
        "drop table if exists report; create temp table report as select 1 as a; delete from report",
        "begin; set local work_mem = 1; drop table report",
        "drop view report",
        "drop index concurrently if exists report",
        "drop sequence report; drop view if exists other_report",
    ] {
        assert!(is_sent(&mut Talk::new(), text), "{text}");
    }
    for text in [
        "drop table if exists users",
        "drop table if exists report, users",
        "drop table report, other_report",
        "drop table public.report",
        "drop table if exists report cascade",
        "drop table if exists sql_features",
        "drop table if exists pg_report",
        "drop view users",
        "drop view report, other_report",
        "drop view report cascade",
        "drop index public.report",
        "drop type report",
        "delete from report",
        "alter table users rename to report; drop table report",
        "select renames_users(); drop table report",
        "do $$ begin alter table users rename to report; end $$; drop table report",
        "drop table report; drop table users",
        "explain analyze execute p; truncate report",
        "create table report (a int); drop table report",
    ] {
        assert!(!is_sent(&mut Talk::new(), text), "{text}");
    }
}

#[test]
fn what_others_do_not_see_yet_may_have_the_name() {
    let in_transaction = |text: &str, tag: &str| {
        let mut talk = Talk::new();
        done(&mut talk, "begin", &["BEGIN"], b'T');
        done(&mut talk, text, &[tag], b'T');
        let is_sent = is_sent(&mut talk, "drop table report");
        if is_sent {
            talk.server(&[complete("DROP TABLE"), ready(b'T')].concat());
        } else {
            talk.server(&[error("22P02", &talk.replacement()), ready(b'E')].concat());
        }
        done(&mut talk, "rollback", &["ROLLBACK"], b'I');
        assert!(self::is_sent(&mut talk, "drop table report"), "after {text}");
        is_sent
    };
    assert!(in_transaction("set search_path = a", "SET"));
    for (text, tag) in [
        ("alter table users rename to report", "ALTER TABLE"),
        ("select renames_users()", "SELECT 1"),
        ("insert into orders values (1)", "INSERT 0 1"),
        ("do $$ begin alter table users rename to report; end $$", "DO"),
    ] {
        assert!(!in_transaction(text, tag), "{text}");
    }
    let mut talk = Talk::new();
    talk.client(&query("alter table users rename to report"));
    assert!(!is_sent(&mut talk, "drop table report"), "not answered yet");
    let mut talk = Talk::new();
    talk.set_catalog_holds(false);
    assert!(!is_sent(&mut talk, "drop table report"), "nobody knows");
}

#[test]
fn each_step_of_an_extended_query_looks_anew() {
    let mut talk = Talk::new();
    let mut sent = |message: Vec<u8>| {
        assert!(talk.client(&message).contains("needs catalog"));
        talk.set_catalog_holds(true);
        let told = talk.client(&message);
        assert!(told.contains("to server"), "{told}");
    };
    sent(parse("", "drop table if exists report"));
    sent(bind("", ""));
    sent(execute(""));
}
