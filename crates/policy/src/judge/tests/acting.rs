//! What acts beside rows: locks, functions that write, settings under whichever name, drops with a grammar of their own.

use super::own::{alice, policies};
use super::{Verdict, verdict_where};

#[test]
fn locks_and_functions_that_write_are_asked_about() {
    let policies = policies(
        r#"@rule("read-only") forbid (principal, action in Picket::Action::"write", resource);
           @rule("orders") forbid (principal, action == Picket::Action::"lock", resource == Picket::Table::"shop.public.orders");
           @rule("quiet") forbid (principal, action == Picket::Action::"call", resource) when { resource.does == "notifies" };
           @rule("no-drops") forbid (principal, action == Picket::Action::"drop", resource);"#,
    );
    for (text, rule) in [
        ("select * from orders where id = 1 for update", "orders"),
        ("select * from orders o for key share of o skip locked", "orders"),
        ("select * from (select * from orders for share) x", "orders"),
        ("with o as (select * from orders for no key update) select * from o", "orders"),
        ("lock table orders", "orders"),
        ("select pg_advisory_lock(1)", "read-only"),
        ("select pg_try_advisory_xact_lock(1, 2)", "read-only"),
        ("select setval('s', 1)", "read-only"),
        ("select pg_catalog.setval('s', 1, false)", "read-only"),
        ("select lo_put(1, 0, 'x')", "read-only"),
        ("select lo_unlink(1)", "read-only"),
        ("select lo_from_bytea(0, 'x')", "read-only"),
        ("do $$ begin perform setval('s', 1); end $$", "read-only"),
        ("select pg_notify('a', 'b')", "quiet"),
        ("drop subscription s", "no-drops"),
        ("drop user mapping for bob server s", "no-drops"),
        ("drop tablespace t", "no-drops"),
        ("drop server s", "no-drops"),
        ("drop publication p", "no-drops"),
    ] {
        let says = verdict_where(&policies, &alice(), &[], text);
        assert!(says.contains(&format!("Rule \"{rule}\": ")), "{text}: {says}");
    }
    for text in [
        "select nextval('s')",
        "select currval('s')",
        "select lo_get(1)",
        "select pg_advisory_unlock(1)",
        "select * from orders where id = 1",
    ] {
        assert_eq!(verdict_where(&policies, &alice(), &[], text), "allow", "{text}");
    }
}

const MEMORY: &str = r#"@rule("memory") forbid (principal, action == Picket::Action::"set", resource == Picket::Setting::"work_mem");
    @rule("limit") forbid (principal, action == Picket::Action::"set", resource)
    when { resource.name == "statement_timeout" && context.value == "0" };"#;

#[test]
fn a_setting_is_kept_under_whichever_name() {
    let policies = policies(MEMORY);
    for text in [
        "set work_mem = '1GB'",
        "set local \"Work_Mem\" to 1",
        "set sort_mem = 1",
        "select set_config('work_mem', '1GB', false)",
        "select set_config('SORT_MEM', '1GB', false)",
        "select set_config('work' || '_mem', '1GB', false)",
        "select set_config($1, $2, true)",
        "update pg_settings set setting = 1 where name = 'work_mem'",
        "reset work_mem",
        "reset all",
        "discard all",
        "alter role alice set work_mem = 1",
        "create function f() returns int language sql set work_mem = 1 return 1",
    ] {
        let says = verdict_where(&policies, &alice(), &[], text);
        assert!(says.contains("Rule \"memory\": "), "{text}: {says}");
    }
    for text in ["set statement_timeout = 0", "select set_config('statement' || '_timeout', '0', false)"] {
        let says = verdict_where(&policies, &alice(), &[], text);
        assert!(says.contains("Rule \"limit\": "), "{text}: {says}");
    }
    for text in ["set statement_timeout = 5", "set geqo = off", "discard plans"] {
        assert_eq!(verdict_where(&policies, &alice(), &[], text), "allow", "{text}");
    }
}

#[test]
fn a_connection_begins_with_settings() {
    let policies = policies(MEMORY);
    let subject = policies.subject(&alice()).unwrap();
    let is_refused = |name: &str, value: &str| {
        let parameters = [("user", "work_mem"), ("application_name", "work_mem"), (name, value)];
        let parameters = parameters.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        matches!(policies.judge_startup(&subject, parameters), Verdict::Refuse(_))
    };
    for (name, value) in [
        ("work_mem", "1GB"),
        ("Work_Mem", "1GB"),
        ("sort_mem", "1"),
        ("options", "-c work_mem=1"),
        ("options", "-cwork_mem=1"),
        ("options", "--work-mem=1"),
        ("options", "-c geqo=off \t-c\nsort_mem=1"),
        ("options", "-c wo\\rk_mem=1"),
        ("options", "-S 1024"),
        ("options", "-fs"),
        ("options", "-c statement_timeout=0"),
        ("statement_timeout", "0"),
        ("session_replication_role", "replica"),
    ] {
        assert!(is_refused(name, value), "{name} {value}");
    }
    for (name, value) in [
        ("options", ""),
        ("options", "-c geqo=off -c statement_timeout=5"),
        ("options", "-c search_path=a\\ -c\\ work_mem"),
        ("replication", "database"),
        ("_pq_.work_mem", "1"),
    ] {
        assert!(!is_refused(name, value), "{name} {value}");
    }
    // Drivers set some of their own accord.
    let only = super::own::with(
        r#"permit (principal, action == Picket::Action::"select", resource);"#,
        &["allow-all"],
    );
    let subject = only.subject(&alice()).unwrap();
    let parameters = [(&b"client_encoding"[..], &b"UTF8"[..]), (b"application_name", b"psql")];
    assert!(matches!(only.judge_startup(&subject, parameters.into_iter()), Verdict::Allow(_)));
}
