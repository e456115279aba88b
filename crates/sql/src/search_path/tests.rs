use super::*;
use crate::catalog::Column;
use crate::{READ_STACK_BYTES, read, touched_by_path};

fn relation(oid: u32, schema: &str, name: &str) -> Relation {
    let column = |number, name: &str| Column { number, name: name.to_owned(), type_oid: 25 };
    let columns = vec![column(1, "id"), column(2, "total")];
    Relation { oid, schema: schema.to_owned(), name: name.to_owned(), columns }
}

fn routine(oid: u32, name: &str, settings: &str, body: &str) -> (u32, std::sync::Arc<Routine>) {
    let definition =
        format!("CREATE FUNCTION public.{name}() RETURNS void LANGUAGE plpgsql{settings} AS $f$ {body} $f$");
    let routine = Routine::new(name.to_owned(), 0, "plpgsql".to_owned(), body.to_owned(), definition);
    (oid, std::sync::Arc::new(routine))
}

fn catalog() -> Catalog {
    let relations = [
        relation(1, "public", "orders"),
        relation(2, "sales", "orders"),
        relation(3, "hidden", "orders"),
        relation(4, "public", "lines"),
        relation(5, "pg_temp_7", "orders"),
    ];
    let granted = [("public", ""), ("sales", "app"), ("hidden", "boss")];
    let routines = [
        routine(100, "counts", "", "BEGIN PERFORM count(*) FROM orders; END"),
        routine(101, "keeps", " SET search_path TO 'sales'", "BEGIN PERFORM 1; END"),
        routine(102, "moves", "", "BEGIN PERFORM set_config('search_path', 'sales', false); END"),
        routine(103, "hides", "", "BEGIN EXECUTE pg_read_file('x'); END"),
        routine(104, "says", "", "BEGIN PERFORM set_config('app.user', 'x', false); END"),
    ];
    Catalog::new(relations)
        .with_usage(Usage::new(granted.map(|(schema, role)| (schema.to_owned(), role.to_owned())), false))
        .with_routines(routines)
}

/// What `text` touches for `app` with this path, reads and writes in one.
fn touched(path: &str, text: &str) -> String {
    let (path, text) = (path.to_owned(), text.to_owned());
    let with_stack = std::thread::Builder::new().stack_size(READ_STACK_BYTES);
    let told = with_stack.spawn(move || {
        let catalog = catalog();
        let own = read(text.as_bytes()).unwrap().statements.remove(0);
        let whole = own.with_reach(&catalog).into_owned();
        let names = found_by_path(&own, &whole, &catalog);
        let path = SearchPath::of(&path, Some("app")).unwrap();
        let touched = touched_by_path(&whole, &catalog, &path, &names);
        touched.read.into_iter().chain(touched.written).collect::<Vec<_>>().join(" ")
    });
    told.unwrap().join().unwrap()
}

#[test]
fn the_first_schema_that_the_role_may_look_into_counts() {
    for (path, told) in [
        ("public", "pg_temp_7.orders public.orders"),
        ("sales, public", "pg_temp_7.orders sales.orders"),
        ("public, sales", "pg_temp_7.orders public.orders"),
        ("nowhere, sales", "pg_temp_7.orders sales.orders"),
        // Where the role may not be let in, the next one counts.
        ("hidden, sales, public", "hidden.orders pg_temp_7.orders sales.orders"),
        ("hidden", "hidden.orders pg_temp_7.orders"),
        ("pg_catalog, \"$user\", pg_temp, sales", "pg_temp_7.orders sales.orders"),
        // It names nothing that the catalog shows.
        ("", "hidden.orders pg_temp_7.orders public.orders sales.orders"),
    ] {
        assert_eq!(touched(path, "SELECT total FROM orders"), told, "{path}");
    }
}

#[test]
fn what_does_not_go_by_the_path_of_the_session_means_all() {
    let one = "pg_temp_7.orders sales.orders";
    let all = "hidden.orders pg_temp_7.orders public.orders sales.orders";
    for (text, told) in [
        ("UPDATE orders SET total = 0 WHERE id = 1", one),
        ("DELETE FROM orders WHERE id = 1", one),
        ("COPY orders TO STDOUT", one),
        ("EXPLAIN SELECT * FROM orders", one),
        ("SELECT keeps() FROM orders", one),
        ("SELECT counts() FROM orders", all),
        ("SELECT hides() FROM orders", all),
        ("WITH orders AS (SELECT 1) SELECT * FROM orders", ""),
        ("SELECT * FROM public.orders", "public.orders"),
        ("CREATE TABLE orders (id int)", all),
        ("DO $$BEGIN DELETE FROM orders WHERE id = 1; END$$", all),
        ("SELECT * FROM lines", "public.lines"),
    ] {
        assert_eq!(touched("sales, public", text), told, "{text}");
    }
}

#[test]
fn lists_of_names_are_read_as_postgresql_reads_them() {
    let list = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    for (text, expected) in [
        ("", list(&[])),
        ("public", list(&["public"])),
        (" A ,\tb ", list(&["a", "b"])),
        ("\"$user\", public", list(&["$user", "public"])),
        ("$user", list(&["$user"])),
        ("\"we,\"\"ird\"", list(&["we,\"ird"])),
        ("\"\"", list(&[""])),
        ("a,", None),
        (",a", None),
        ("a b", None),
        ("\"a", None),
        ("É", None),
    ] {
        assert_eq!(names(text), expected, "{text}");
    }
    assert_eq!(names(&"a".repeat(64)), None);
    assert_eq!(SearchPath::of("\"$user\", public", None), None, "nobody knows who that is");
}

#[test]
fn code_that_may_change_the_path_is_known() {
    let may_set = |text: &str| {
        let text = text.to_owned();
        let with_stack = std::thread::Builder::new().stack_size(READ_STACK_BYTES);
        let told = with_stack.spawn(move || {
            let catalog = catalog();
            let own = read(text.as_bytes()).unwrap().statements.remove(0);
            code_may_set(&own.with_reach(&catalog), &catalog, SEARCH_PATH)
        });
        told.unwrap().join().unwrap()
    };
    for (text, expected) in [
        ("SELECT counts()", false),
        ("SELECT keeps()", false),
        ("SELECT says()", false),
        ("SELECT moves()", true),
        ("SELECT hides()", true),
        ("SELECT now()", false),
    ] {
        assert_eq!(may_set(text), expected, "{text}");
    }
}
