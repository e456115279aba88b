use std::sync::Arc;

use super::*;

/// What each does that is called, `language: body`.
fn catalog(routines: &[(&str, u16, &str, &str)]) -> Catalog {
    let routines = (1..).zip(routines).map(|(oid, (name, arguments, language, body))| {
        let definition = format!(
            "CREATE OR REPLACE FUNCTION public.{name}() RETURNS void LANGUAGE {language} AS $function${body}$function$"
        );
        let routine = Routine::new((*name).to_owned(), *arguments, (*language).to_owned(), (*body).to_owned(), definition);
        (oid, Arc::new(routine))
    });
    Catalog::default().with_routines(routines)
}

fn effects(catalog: &Catalog, text: &str) -> String {
    let facts = read(text.as_bytes()).unwrap();
    let facts = facts.with_reach(catalog);
    let effects = facts.statements.iter().flat_map(|statement| &statement.effects);
    effects.map(|effect| effect.name()).collect::<Vec<_>>().join(" ")
}

fn known() -> Catalog {
    catalog(&[
        ("purge", 0, "sql", "DELETE FROM orders; DROP TABLE users"),
        ("count_orders", 0, "sql", "SELECT count(*) FROM orders"),
        ("outer_one", 1, "plpgsql", "BEGIN PERFORM inner_one(); END"),
        ("inner_one", 0, "plpgsql", "BEGIN UPDATE orders SET id = 1 WHERE id = 2; END"),
        ("dynamic", 0, "plpgsql", "BEGIN EXECUTE 'drop table users' || tail; END"),
        ("computes", 0, "plpgsql", "BEGIN EXECUTE 'drop ' || 'table orders'; END"),
        ("constant", 0, "plpgsql", "BEGIN EXECUTE 'drop table users'; END"),
        ("unguard_too", 0, "plpgsql", "BEGIN ALTER TABLE orders DISABLE TRIGGER ALL; END"),
        (
            "define",
            0,
            "sql",
            "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'begin execute x; end'",
        ),
        ("snake", 0, "plpython3u", "plpy.execute('drop table users')"),
        ("library", 0, "c", "lib"),
        ("again", 0, "sql", "SELECT again()"),
        ("setting", 0, "sql", "SELECT set_config('search_path', 'x', false)"),
        ("unguard", 0, "sql", "ALTER TABLE orders DISABLE TRIGGER ALL"),
    ])
}

#[test]
fn what_a_call_does_is_done_by_who_calls() {
    let unread = Routine::new(
        "unread".into(),
        0,
        "plpgsql".into(),
        String::new(),
        "CREATE FUNCTION unread() RETURNS void LANGUAGE plpgsql AS 'begin execute x; end'".into(),
    );
    let known = known().with_routines([(99, Arc::new(unread))]);
    for (text, effects_of) in [
        ("select unread()", "select opaque_call"),
        ("select purge()", "select delete drop_table"),
        ("select 1 from orders where purge() is null", "select delete drop_table"),
        ("with x as (select purge()) select * from x", "select delete drop_table"),
        ("call purge()", "call delete drop_table"),
        ("select public.PURGE()", "select delete drop_table"),
        ("explain analyze select purge()", "explain delete drop_table"),
        ("insert into orders select purge()", "insert delete drop_table"),
        ("copy (select purge()) to stdout", "copy_out delete drop_table"),
        ("create table t as select purge()", "create_table delete drop_table"),
        ("select count_orders()", "select"),
        ("select outer_one(1)", "select update"),
        ("select (o).outer_one from orders o", "select update"),
        ("select o.outer_one from orders o", "select update"),
        ("select dynamic()", "select opaque_call"),
        ("select constant()", "select drop_table"),
        ("SELECT computes()", "select opaque_call drop_table"),
        ("select unguard_too()", "select alter_table disable_protection"),
        ("do $$ begin drop function f(); perform purge(); end $$", "do drop delete drop_table"),
        ("select define()", "select CreateFunctionStmt opaque_call disable_protection"),
        ("select snake()", "select opaque_call"),
        ("select library()", "select"),
        ("select again()", "select"),
        ("select setting()", "select set"),
        ("select unguard()", "select alter_table disable_protection"),
        ("select lower(x) from orders", "select"),
        // A field is a call of a function with one argument only.
        ("select o.purge from orders o", "select"),
        // These do not run it.
        ("comment on function purge() is 'x'", "CommentStmt"),
        ("drop function purge()", "drop"),
        ("alter function purge() rename to purged", "RenameStmt disable_protection"),
    ] {
        assert_eq!(effects(&known, text), effects_of, "{text}");
    }
}

#[test]
fn relations_and_settings_of_a_body_are_those_of_the_caller() {
    let facts = read(b"select count_orders(), purge(), setting()").unwrap();
    let known = known();
    let facts = facts.with_reach(&known);
    let statement = facts.statements.first().unwrap();
    let relations: Vec<_> = statement.relations.iter().map(|used| used.name.as_str()).collect();
    assert_eq!(relations, ["orders", "users", "orders"]);
    assert_eq!(statement.unfiltered.len(), 1);
    assert_eq!(statement.settings.first().unwrap().name.as_deref(), Some("search_path"));
}

#[test]
fn a_chain_that_is_too_long_is_opaque() {
    let names: Vec<String> = (0..=ROUTINES_MAX + 1).map(|number| format!("f{number}")).collect();
    let bodies: Vec<String> = (1..=ROUTINES_MAX + 2).map(|number| format!("SELECT f{number}()")).collect();
    let chain: Vec<_> =
        names.iter().zip(&bodies).map(|(name, body)| (name.as_str(), 0, "sql", body.as_str())).collect();
    assert_eq!(effects(&catalog(&chain), "select f0()"), "select opaque_call");
    assert_eq!(effects(&catalog(&chain), "select f9()"), "select");
}

#[test]
fn a_trigger_function_that_is_not_there_is_not_replaced() {
    let text = "CREATE OR REPLACE FUNCTION public.Touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'";
    let effects = |catalog: &Catalog| effects(catalog, text);
    assert_eq!(effects(&Catalog::default()), "CreateFunctionStmt disable_protection");
    assert_eq!(effects(&Catalog::default().with_routines([])), "CreateFunctionStmt");
    assert_eq!(effects(&known()), "CreateFunctionStmt");
    let there = catalog(&[("touch", 0, "plpgsql", "begin return null; end")]);
    assert_eq!(effects(&there), "CreateFunctionStmt disable_protection");
}
