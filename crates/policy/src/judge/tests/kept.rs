//! Settings that a session keeps, and ways to change them all the same.

use super::*;

fn keeper() -> Who {
    let keeps = ["application_name", "role", "session_authorization"].map(str::to_owned).into();
    Who { keeps, ..Who::default() }
}

/// All rules observe.
static OBSERVING: LazyLock<Policies> = LazyLock::new(|| {
    let all: Vec<_> = SHIPPED.rules().iter().filter(|rule| !rule.permits).map(|rule| &*rule.name).collect();
    observing(&all)
});

/// What is said where nothing but what is kept is held.
fn verdict_of(text: &str) -> String {
    verdict_where(&OBSERVING, &keeper(), &[], text)
}

#[test]
fn a_session_keeps_its_role_however_it_is_written() {
    for text in [
        "SET ROLE admin",
        "SET ROLE NONE",
        "SET \"role\" TO none",
        "SET LOCAL ROLE none",
        "SET SESSION AUTHORIZATION admin",
        "SET session_authorization TO 'admin'",
        "SELECT set_config('role', 'none', false)",
        "SELECT pg_catalog.set_config('ROLE', $1, true)",
        "SELECT set_config('ro' || 'le', 'none', false)",
        "SELECT set_config(setting_name => 'role', new_value => 'none', is_local => false)",
        "UPDATE pg_settings SET setting = 'x' WHERE name = 'application_name'",
        "DO $$ BEGIN SET ROLE admin; END $$",
        "DO $$ BEGIN PERFORM set_config('role', 'none', false); END $$",
        "DO $$ BEGIN EXECUTE 'SET RO' || 'LE NONE'; END $$",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql SET role = 'none' AS 'SELECT 1'",
        "CREATE FUNCTION f(t text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END'",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS $$ SELECT set_config('role', 'none', false) $$",
        "ALTER FUNCTION f() SET role = 'none'",
        "CREATE AGGREGATE a(text, boolean) (sfunc = set_config, stype = text, initcond = 'role')",
        "ALTER ROLE CURRENT_USER SET role = 'admin'",
        "ALTER DATABASE shop SET role = 'admin'",
        "SELECT query_to_xml('SELECT set_config(''role'', ''none'', false)', true, true, '')",
        "PREPARE p AS SELECT set_config('role', 'none', false)",
        "EXPLAIN ANALYZE SELECT set_config('role', 'none', false)",
        "COPY (SELECT set_config('role', 'none', false)) TO STDOUT",
        "SET application_name = 'somebody'",
        "WITH w AS (SELECT set_config('role', 'none', false)) SELECT 1 FROM w",
        "SELECT 1; SET ROLE NONE",
    ] {
        let said = verdict_of(text);
        assert!(said.contains("kept-settings"), "{text}: {said}");
        let before = verdict_where(&OBSERVING, &Who::default(), &[], text);
        assert!(!before.contains("kept-settings"), "{text}: {before}");
    }
}

#[test]
fn what_goes_back_to_what_was_set_and_what_changes_other_settings_is_let_pass() {
    for text in [
        "RESET ROLE",
        "RESET SESSION AUTHORIZATION",
        "SET SESSION AUTHORIZATION DEFAULT",
        "SET application_name TO DEFAULT",
        "RESET ALL",
        "DISCARD ALL",
        "SET work_mem = '1MB'",
        "SELECT set_config('search_path', 'public', false)",
        "SELECT set_config(name, 'view, foreign-table', false) FROM pg_settings WHERE name = \
         'restrict_nonsystem_relation_kind'",
        "SHOW role",
        "SELECT current_setting('role'), current_user",
        "DO $$ BEGIN UPDATE orders SET status = 1 WHERE id = 2; END $$",
        "SELECT count(*) FROM orders",
    ] {
        let said = verdict_of(text);
        assert!(!said.contains("kept-settings"), "{text}: {said}");
    }
}

#[test]
fn what_shows_no_statement_does_not_run_in_such_a_session() {
    let policies = &OBSERVING;
    let subject = policies.subject(&keeper()).unwrap();
    let nobody = policies.subject(&Who::default()).unwrap();
    for (kept, verdict) in
        [(true, policies.judge_fast_path(&subject)), (false, policies.judge_fast_path(&nobody))]
    {
        assert_eq!(verdict.refusal().is_some_and(|refusal| &*refusal.rules[0] == "kept-settings"), kept);
    }
    let unreadable = sql::read(b"this is no SQL").unwrap_err();
    assert!(policies.judge_unreadable(&subject, &unreadable).refusal().is_some());
    assert!(policies.judge_unreadable(&nobody, &unreadable).refusal().is_none());
    assert!(policies.judge_unknown_name(&subject, "portal", "34000", "c").refusal().is_some());
    assert!(policies.judge_unknown_name(&nobody, "portal", "34000", "c").refusal().is_none());
}

#[test]
fn a_start_up_packet_sets_nothing_that_is_kept() {
    let subject = SHIPPED.subject(&keeper()).unwrap();
    let refuses = |name: &str, value: &str| {
        SHIPPED.judge_startup(&subject, [(name.as_bytes(), value.as_bytes())].into_iter()).refusal().is_some()
    };
    for (name, value) in [
        ("role", "admin"),
        ("Role", "admin"),
        ("options", "-c role=admin"),
        ("options", "-crole=admin"),
        ("options", "--role=admin"),
        ("options", "--session-authorization=admin"),
        ("options", "-c work_mem=1MB -c \\role=admin"),
        // Switches without a value of their own can stand before it.
        ("options", "-ecrole=admin"),
    ] {
        assert!(refuses(name, value), "{name} {value}");
    }
    for (name, value) in [("options", "-c work_mem=1MB --geqo=off"), ("datestyle", "ISO"), ("user", "role")] {
        assert!(!refuses(name, value), "{name} {value}");
    }
}
