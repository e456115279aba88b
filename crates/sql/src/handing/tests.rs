use std::sync::Arc;

use super::*;
use crate::catalog::Catalog;
use crate::read;
use crate::routine::Routine;

fn catalog() -> Catalog {
    let routines = [
        ("purge", "sql", "DELETE FROM orders WHERE id = $1"),
        ("touch", "plpgsql", "BEGIN UPDATE public.orders SET seen = now() WHERE orders.id = $1; END"),
        ("purge_by", "plpgsql", "BEGIN PERFORM purge($1); END"),
        ("purge_each", "sql", "SELECT purge(id) FROM orders"),
        ("note", "sql", "INSERT INTO notes SELECT * FROM orders WHERE id = $1"),
        ("audit", "sql", "UPDATE notes SET seen = true WHERE id = $1"),
    ];
    let routines = (1..).zip(routines).map(|(oid, (name, language, body))| {
        let definition = format!(
            "CREATE FUNCTION public.{name}(integer) RETURNS void LANGUAGE {language} AS $function${body}$function$"
        );
        let routine = Routine::new(name.to_owned(), 1, language.to_owned(), body.to_owned(), definition);
        (oid, Arc::new(routine))
    });
    Catalog::default().with_routines(routines)
}

fn unfiltered(text: &str) -> String {
    let facts = read(text.as_bytes()).unwrap();
    let catalog = catalog();
    let facts = facts.with_reach(&catalog);
    let writes = facts.statements.iter().flat_map(|statement| &statement.unfiltered);
    writes.map(|write| format!("{} {}", write.effect.name(), write.name)).collect::<Vec<_>>().join(", ")
}

#[test]
fn what_a_function_changes_for_each_row_it_changes_in_all() {
    for text in [
        "select purge(id) from orders",
        "select purge(o.id) from public.orders o where o.id = o.id",
        "select purge_by(id) from orders",
        "select count(purge(id)) from orders",
        "select 1 from orders where purge(id) is null",
        "select 1 from orders o where 1 = 1 and purge(o.id) is null",
        "select (select purge(o.id)) from orders o",
        "select x.* from orders o cross join lateral purge(o.id) x",
        "with all_of as (select id from orders) select purge(id) from all_of",
        "select purge(id) from (select id from orders) x limit all",
        "create table t as select purge(id) from orders",
        "insert into t select purge(id) from orders",
        "select purge(abs(id)) from orders",
        "select purge_each()",
        "select id from orders group by id having purge(id) is null",
        "select o.id from orders o join customers c on purge(o.id) is null",
        "select o.id from orders o left join customers c on c.id = 1 and purge(o.id) is null",
        "insert into notes select id from orders returning purge(id)",
        "with a as (insert into notes select id from orders returning purge(notes.id)) select 1",
    ] {
        assert_eq!(unfiltered(text), "delete orders", "{text}");
    }
    assert_eq!(unfiltered("select touch(id) from orders"), "update orders");
}

#[test]
fn what_it_changes_for_some_rows_or_elsewhere_is_filtered() {
    for text in [
        "select purge(5)",
        "select purge(id) from orders where id = 5",
        "select purge(id) from orders where state = 'old' limit 10",
        "select purge(id) from orders limit 10",
        "select purge(5) from orders",
        "select 1 from orders where state = 'old' and purge(id) is null",
        "select purge(id) from customers",
        "select purge(id) from other.orders where id = 1",
        "select note(id), count(id) from orders group by id",
        "select audit(id) from orders",
        "explain select purge(id) from orders",
        "delete from orders where id = 5 returning lower(note)",
        "select id from orders where id = 5 group by id having purge(id) is null",
        "select o.id from orders o join customers c on o.id = 5 and purge(o.id) is null",
        "insert into notes select id from orders where id = 5 returning purge(id)",
        "insert into notes values (5) returning purge(id)",
        "insert into notes select id from orders returning id",
    ] {
        assert_eq!(unfiltered(text), "", "{text}");
    }
}

#[test]
fn a_temporary_table_is_the_sessions_own() {
    let facts = read(b"select purge(id) from orders").unwrap();
    let facts =
        facts.with_temporary(|name| name == "orders", |name| name == "orders", |_| false, |_, _| false);
    let facts = facts.with_reach(&catalog()).into_owned();
    assert!(facts.statements.iter().all(|statement| statement.unfiltered.is_empty()));
}

#[test]
fn another_text_with_other_literals_is_read_anew_where_they_decide() {
    for (text, holds) in [
        ("select purge(id) from orders where 1 = 2", false),
        ("select purge(id) from orders limit 10", false),
        ("select purge(id) from (select id from orders where 'a' = 'b') x", false),
        ("select purge(id) from orders where id = 5", true),
        ("select purge(id) from orders where id = 5 limit 10", true),
        ("select id from orders limit 10", true),
        ("select purge(5) from orders", true),
    ] {
        assert_eq!(read(text.as_bytes()).unwrap().hold_for_skeleton(), holds, "{text}");
    }
}

/// What is kept has a bound, and beyond it the call is opaque.
#[test]
fn nobody_waits_for_a_thousand_tables_and_as_many_functions() {
    let tables = (0..1_000).map(|at| format!("t{at}")).collect::<Vec<_>>().join(", ");
    let calls = (0..1_000).map(|at| format!("f{at}(x)")).collect::<Vec<_>>().join(", ");
    let facts = read(format!("select {calls} from {tables}").as_bytes()).unwrap();
    let statement = facts.statements.first().unwrap();
    let kept: usize = statement.hands.iter().map(|handing| handing.functions.len()).sum();
    assert_eq!((kept, statement.effects.contains(&Effect::OpaqueCall)), (FUNCTIONS_MAX, true));
}
