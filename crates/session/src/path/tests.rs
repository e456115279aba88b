use super::*;

fn statement(text: &str) -> Statement {
    sql::read(text.as_bytes()).unwrap().statements.remove(0)
}

/// Has a statement complete.
fn done(path: &mut Path, text: &str) {
    let own = statement(text);
    if let Some(change) = PathChange::of(text, &own, &own, &Catalog::default()) {
        path.sent(&change);
        path.answered(&change, true);
    }
}

fn begun() -> Path {
    Path::beginning("app", "\"$user\", public", "\"$user\", public")
}

fn is(path: &Path, setting: &str) -> bool {
    path.now(true) == SearchPath::of(setting, path.role.now().map(|role| &**role)).map(Rc::new)
        && path.now(true).is_some()
}

#[test]
fn a_path_is_what_was_set_last_as_long_as_that_holds() {
    let mut path = begun();
    assert!(is(&path, "app, public"));
    done(&mut path, "SET search_path = one, two");
    path.is_ready(true, true);
    assert!(is(&path, "one, two"));
    done(&mut path, "SET LOCAL search_path = three");
    path.is_ready(false, true);
    assert!(is(&path, "three"));
    // Whatever is on its way could end the transaction.
    assert_eq!(path.now(false), None);
    let rollback = statement("ROLLBACK");
    let rollback = PathChange::of("ROLLBACK", &rollback, &rollback, &Catalog::default()).unwrap();
    path.sent(&rollback);
    assert_eq!(path.now(true), None);
    path.answered(&rollback, true);
    path.undone();
    path.is_ready(true, true);
    assert!(is(&path, "one, two"));
    done(&mut path, "RESET search_path");
    path.is_ready(true, true);
    assert!(is(&path, "app, public"));
    done(&mut path, "SET ROLE boss");
    assert!(is(&path, "boss, public"));
    path.is_ready(true, true);
    done(&mut path, "SET SESSION AUTHORIZATION other");
    path.is_ready(true, true);
    assert_eq!(path.now(true), None, "nobody knows who `$user` is");
    done(&mut path, "DISCARD ALL");
    path.is_ready(true, true);
    assert!(is(&path, "app, public"));
}

#[test]
fn what_is_on_its_way_makes_it_uncertain() {
    let mut path = begun();
    let set = statement("SET search_path = one");
    let change = PathChange::of("SET search_path = one", &set, &set, &Catalog::default()).unwrap();
    path.sent(&change);
    assert_eq!(path.now(true), None);
    path.answered(&change, false);
    assert!(is(&path, "app, public"));
}

#[test]
fn statements_that_may_do_more_make_it_unknown() {
    for text in [
        "SELECT set_config('search_path', $1, false)",
        "SELECT set_config('search_path', 'one', false) FROM orders",
        "SELECT set_config(name, 'one', false) FROM settings",
        "DO $$BEGIN PERFORM set_config('search_path', 'one', false); END$$",
        "DO $$BEGIN EXECUTE 'SET search_path = one'; END$$",
    ] {
        let mut path = begun();
        done(&mut path, text);
        path.is_ready(true, true);
        assert_eq!(path.now(true), None, "{text}");
    }
    for text in [
        "SELECT 1",
        "SET work_mem = '64MB'",
        "SELECT set_config('work_mem', '64MB', false)",
        "ALTER ROLE app SET search_path = one",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = one AS 'SELECT 1'",
        "DO $$BEGIN PERFORM 1; END$$",
        "RESET ALL",
    ] {
        let mut path = begun();
        done(&mut path, text);
        path.is_ready(true, true);
        assert!(is(&path, "app, public"), "{text}");
    }
}

#[test]
fn a_server_that_tells_of_changes_is_believed() {
    let mut path = begun();
    path.told("one");
    assert!(is(&path, "one"));
    done(&mut path, "DO $$BEGIN EXECUTE 'SET search_path = two'; END$$");
    assert_eq!(path.now(true), None);
    path.told("two");
    path.is_ready(true, true);
    assert!(is(&path, "two"));
    done(&mut path, "SELECT set_config('search_path', 'two', false) WHERE false");
    path.is_ready(true, true);
    assert!(is(&path, "two"), "it has not changed, so the server says nothing");
}
