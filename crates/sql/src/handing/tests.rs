use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::catalog::{Catalog, Relation};
use crate::read;
use crate::routine::Routine;
use crate::system::SystemViews;

fn catalog() -> Catalog {
    let routines = [
        ("purge", "sql", "DELETE FROM orders WHERE id = $1"),
        ("touch", "plpgsql", "BEGIN UPDATE public.orders SET seen = now() WHERE orders.id = $1; END"),
        ("purge_by", "plpgsql", "BEGIN PERFORM purge($1); END"),
        ("purge_each", "sql", "SELECT purge(id) FROM orders"),
        ("note", "sql", "INSERT INTO notes SELECT * FROM orders WHERE id = $1"),
        ("audit", "sql", "UPDATE notes SET seen = true WHERE id = $1"),
        ("string_to_table", "sql", "SELECT 1 AS lab"),
        ("purge_all", "sql", "DELETE FROM orders WHERE id = ANY ($1)"),
        ("purge_old", "plpgsql", "BEGIN PERFORM purge(id) FROM orders WHERE made < '2020-01-01'; END"),
        (
            "purge_in_turn",
            "plpgsql",
            "DECLARE r record; BEGIN FOR r IN SELECT * FROM orders LOOP PERFORM purge(r.id); END LOOP; END",
        ),
    ];
    let routines = (1..).zip(routines).map(|(oid, (name, language, body))| {
        let definition = format!(
            "CREATE FUNCTION public.{name}(integer) RETURNS void LANGUAGE {language} AS $function${body}$function$"
        );
        let routine = Routine::new(name.to_owned(), 1, language.to_owned(), body.to_owned(), definition);
        (oid, Arc::new(routine))
    });
    let relation = |oid, name: &str| Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        columns: Vec::new(),
    };
    let relations = [
        relation(101, "orders"),
        relation(102, "all_orders"),
        relation(103, "old_orders"),
        relation(104, "again"),
    ];
    let whole = HashMap::from([(102, vec![101]), (103, Vec::new()), (104, vec![102])]);
    let views = SystemViews { whole, ..SystemViews::default() };
    Catalog::new(relations).with_routines(routines).with_system_views(views)
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
        "select purge_all(array_agg(id)) from orders",
        "select purge_all(array(select id from orders))",
        "select purge(x) from unnest(array(select id from orders)) x",
        "select purge(x) from unnest((select array_agg(id) from orders)) as u (x)",
        "select purge(x) from (select max(id) as x from orders group by id) y",
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
fn a_body_hands_rows_on_as_a_statement_does() {
    for body in [
        "begin perform purge(id) from orders; end",
        "begin perform purge(o.id) from orders o where true; end",
        "declare n int; begin select count(purge(id)) into n from orders; end",
        "declare n int := (select count(purge(id)) from orders); begin null; end",
        "declare n int; begin n := (select count(purge(id)) from orders); end",
        "begin if (select count(purge(id)) from orders) > 0 then null; end if; end",
        "declare r record; begin for r in select purge(id) from orders loop null; end loop; end",
        "begin raise notice '%', (select count(purge(id)) from orders); end",
        "declare c cursor for select purge(id) from orders; begin open c; end",
        "declare r record; begin for r in select id from orders loop perform purge(r.id); end loop; end",
        "declare r record; begin for r in select * from orders o order by id loop perform purge_by(r.id::int + 0); end loop; end",
        "declare x int; begin for x in select id from orders loop perform purge(x); end loop; end",
        "declare x int; begin for x in select id from orders loop x := purge(x); end loop; end",
        "declare x int; begin for x in select id from orders loop if purge(x) is null then null; end if; end loop; end",
        "declare x int; begin for x in select id from orders loop call purge(x); end loop; end",
        "declare x int; begin for x in select id from orders loop insert into notes select purge(x); end loop; end",
        "declare x int; begin for x in select id from orders loop if x = x and true then perform purge(x); end if; end loop; end",
        "declare x int; begin for x in select id from all_orders loop perform purge(x); end loop; end",
        "declare x int; begin foreach x in array array(select id from orders) loop perform purge(x); end loop; end",
        "declare x int; ids int[]; begin ids := array(select id from orders); foreach x in array ids loop perform purge(x); end loop; end",
        "declare ids int[]; begin select array_agg(id) into ids from orders; perform purge(x) from unnest(ids) x; end",
        "declare ids int[]; begin select array_agg(id) into ids from orders; perform purge_all(ids); end",
        "declare c cursor for select * from orders; r record; begin open c; loop fetch c into r; exit when not found; \
         perform purge(r.id); end loop; end",
        "declare x int; begin for x in execute 'select id from orders' loop perform purge(x); end loop; end",
        "declare x int; begin for x in select id from orders loop execute 'select purge($1)' using x; end loop; end",
        "begin loop perform purge(id) from orders limit 100; exit when not found; end loop; end",
    ] {
        assert_eq!(unfiltered(&format!("do $$ {body} $$")), "delete orders", "{body}");
    }
    assert_eq!(unfiltered("select purge_in_turn(1)"), "delete orders");
}

#[test]
fn a_body_that_leaves_rows_out_is_filtered() {
    for body in [
        "begin perform purge(5); end",
        "begin perform purge(id) from orders where state = 'old'; end",
        "begin perform purge(id) from orders limit 10; end",
        "declare x int; begin select id into x from orders; perform purge(x); end",
        "declare x int; begin x := (select max(id) from orders); perform purge(x); end",
        "declare x int; begin for x in select id from orders where state = 'old' loop perform purge(x); end loop; end",
        "declare x int; begin for x in select id from orders limit 10 loop perform purge(x); end loop; end",
        "declare r record; begin for r in select * from orders loop if r.state = 'old' then perform purge(r.id); end if; end loop; end",
        "declare r record; begin for r in select * from orders loop continue when r.state <> 'old'; perform purge(r.id); end loop; end",
        "declare r record; begin for r in select * from customers loop perform purge(r.id); end loop; end",
        "declare r record; begin for r in select * from old_orders loop perform purge(r.id); end loop; end",
        "declare r record; begin for r in select * from orders loop perform note(r.id); end loop; end",
        "declare r record; begin for r in select * from orders loop raise notice '%', upper(r.state); end loop; end",
        "declare ids int[]; begin ids := array(select id from orders where state = 'old'); perform purge_all(ids); end",
        "declare ids int[]; begin ids := array(select id from orders); perform purge(x) from unnest(ids) x where x > 5; end",
        "begin for i in 1..10 loop perform purge(i); end loop; end",
        "begin perform purge_old(1); end",
    ] {
        assert_eq!(unfiltered(&format!("do $$ {body} $$")), "", "{body}");
    }
}

#[test]
fn a_view_shows_all_of_what_it_leaves_nothing_out_of() {
    let shown = |definition: &str| {
        shown_whole(definition).into_iter().map(|of| of.name).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(shown(" SELECT orders.id FROM public.orders;"), "orders");
    assert_eq!(shown(" SELECT o.id FROM orders o LEFT JOIN customers c ON c.id = o.customer;"), "orders");
    assert_eq!(shown(" SELECT orders.id FROM orders WHERE (orders.state = 'old'::text);"), "");
    assert_eq!(shown(" SELECT orders.id FROM orders LIMIT 10;"), "");
    assert_eq!(shown(" SELECT 1"), "");
    for text in ["select purge(id) from all_orders", "select purge(id) from again"] {
        assert_eq!(unfiltered(text), "delete orders", "{text}");
    }
    for text in ["select purge(id) from old_orders", "select purge(id) from all_orders where id = 5"] {
        assert_eq!(unfiltered(text), "", "{text}");
    }
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

/// Somebody's function of a name of PostgreSQL's may have any columns.
#[test]
fn of_rows_that_somebodys_function_gives_nobody_knows_the_columns() {
    for (text, writes) in [
        ("DELETE FROM orders USING string_to_table(1) WHERE lab = 1", "delete orders"),
        (
            "UPDATE orders SET seen = now() FROM string_to_table('1', ',') s WHERE id = s::int",
            "update orders",
        ),
        ("DELETE FROM orders USING generate_series(1, 2) g WHERE id = g", ""),
        ("SELECT * FROM string_to_table('1', ',')", ""),
    ] {
        assert_eq!(unfiltered(text), writes, "{text}");
    }
}
