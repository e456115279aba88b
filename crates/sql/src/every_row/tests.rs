use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

use crate::catalog::{Catalog, Relation};
use crate::facts::{Effect, Statement};
use crate::hooks::{Hooks, Part};
use crate::rows::{Check, Kind, Rows, Values};
use crate::{READ_STACK_BYTES, read};

fn relation(oid: u32, schema: &str, name: &str) -> Relation {
    Relation { oid, schema: schema.to_owned(), name: name.to_owned(), columns: Vec::new() }
}

fn values(has_null: bool, kind: Kind) -> Values {
    Values { has_null, kind }
}

fn check(text: &str) -> Arc<Check> {
    Arc::new(Check::new(1, "own".to_owned(), None, String::new(), text.to_owned()))
}

/// `id` is NOT NULL where `is_key`.
fn rows(is_key: bool) -> Rows {
    let columns = [
        ("id", values(!is_key, Kind::Whole(32))),
        ("note", values(true, Kind::Text(Some(10)))),
        ("state", values(false, Kind::Enum(["a".to_owned(), "b".to_owned()].into()))),
        ("part", values(false, Kind::Numeric(None))),
        ("made", values(false, Kind::Zoned)),
        ("took", values(false, Kind::Other)),
    ];
    Rows { columns: columns.map(|(name, values)| (name.to_owned(), values)).into(), ..Rows::default() }
}

/// Tables of these OIDs, called so, of which this is known.
fn catalog(tables: Vec<(u32, &str, &str, Option<Rows>)>) -> Catalog {
    let known: HashMap<u32, Arc<Rows>> =
        tables.iter().filter_map(|(oid, _, _, rows)| Some((*oid, Arc::new(rows.clone()?)))).collect();
    Catalog::new(tables.into_iter().map(|(oid, schema, name, _)| relation(oid, schema, name)))
        .with_rows(known)
}

fn one(text: &str, catalog: &Catalog) -> Statement {
    read(text.as_bytes()).unwrap().with_reach(catalog).into_owned().statements.remove(0)
}

fn certain(text: &str, catalog: &Catalog) -> Option<String> {
    let statement = one(text, catalog);
    assert_eq!(statement.certain.len(), statement.unfiltered.len(), "{text}");
    statement.certain.into_iter().map(|(_, why)| why).next()
}

fn of_orders(condition: &str) -> Option<String> {
    let mut rows = rows(true);
    rows.checks =
        vec![check("((part > (0)::numeric) AND (part < 10.5))"), check("((note)::text <> 'x'::text)")];
    certain(
        &format!("delete from orders where {condition}"),
        &catalog(vec![(1, "public", "orders", Some(rows))]),
    )
}

#[test]
fn what_the_definition_makes_true_is_told_with_what_makes_it_so() {
    for (condition, why) in [
        ("id is not null", "\"id\" is NOT NULL"),
        ("id is not null and part > 0", "\"own\" has made sure of it, \"id\" is NOT NULL"),
        ("state in ('b', 'a')", "\"state\" can be nothing else by its type"),
        ("part between 0 and 10.5", "\"own\" has made sure of it"),
        ("(note <> 'x') is not false", "\"own\" has made sure of it"),
        ("note is null or length(note) < 11", "\"note\" can be nothing else by its type"),
        ("num_nulls(id) = 0", "\"id\" is NOT NULL"),
        ("num_nonnulls(id, state) = 2", "\"id\" is NOT NULL, \"state\" is NOT NULL"),
        ("0 < num_nonnulls(note, id)", "\"id\" is NOT NULL"),
        ("extract(month from made) > 0", "\"made\" can be nothing else by its type"),
        ("date_part('Hour', made) between 0 and 23", "\"made\" can be nothing else by its type"),
        ("id % 1 = 0", "\"id\" can be nothing else by its type"),
        ("mod(id, -1) = 0", "\"id\" can be nothing else by its type"),
        ("coalesce(note, current_user) is not null and id is not null", "\"id\" is NOT NULL"),
        ("to_jsonb(id) is not null", "\"id\" is NOT NULL"),
    ] {
        let told = of_orders(condition).unwrap_or_default();
        let (before, facts) = told.split_once(": ").unwrap_or_default();
        assert_eq!(before, "it is true of every row of public.orders", "{condition}");
        for fact in why.split(", ") {
            assert!(facts.contains(fact), "{condition}: {facts}");
        }
    }
}

/// Nobody means by the bounds of a type, of a column that can be NULL, that those are left out: as by a comparison with itself.
#[test]
fn what_a_type_makes_true_of_each_value_is_none() {
    let columns = [
        ("small", Kind::Whole(16)),
        ("maybe", Kind::Boolean),
        ("code", Kind::Text(Some(5))),
        ("mood", Kind::Enum(["a".to_owned(), "b".to_owned()].into())),
        ("price", Kind::Numeric(Some((6, 2)))),
        ("key", Kind::Uuid),
        ("clock", Kind::Clock),
        ("number", Kind::Oid),
    ];
    let columns = columns.map(|(name, kind)| (name.to_owned(), values(true, kind)));
    let mut known = Rows { columns: columns.into(), ..Rows::default() };
    known.columns.insert("quantity".to_owned(), values(false, Kind::Whole(32)));
    known
        .columns
        .insert("state".to_owned(), values(false, Kind::Enum(["x".to_owned(), "y".to_owned()].into())));
    known.checks = vec![check("(quantity > 0)")];
    let catalog = catalog(vec![(1, "public", "orders", Some(known))]);
    let certain = |condition: &str| certain(&format!("delete from orders where {condition}"), &catalog);
    for condition in [
        "small >= -32768",
        "small > '-40000'",
        "small::int <= 32767",
        "small between -32768 and 32767",
        "small <> 40000",
        "maybe >= false",
        "length(code) <= 5",
        "octet_length(code) < 100",
        "mood >= 'a'",
        "mood between 'a' and 'b'",
        "price < 1000000",
        "key >= '00000000-0000-0000-0000-000000000000'",
        "key <= '{FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF}'",
        "clock >= '00:00'",
        "clock <= '24:00:00'",
        "number between 0 and 4294967295",
        "small + 1 > -40000",
        "-small < 40000",
        "quantity + 1 > 1",
        "1 - quantity <= 0",
        "-quantity < 0",
        "coalesce(quantity, 0) > 0",
        "coalesce(small, 0) > -40000",
        "state::text in ('x', 'y')",
        "state::text <> 'z'",
    ] {
        assert!(certain(condition).is_some(), "{condition}");
    }
    for condition in [
        "small >= -32767",
        "small <> 32767",
        "small > 0",
        "maybe",
        "length(code) < 5",
        "mood > 'a'",
        "mood in ('a', 'b')",
        "mood::text in ('a', 'b')",
        "price < 999999",
        "key > '00000000-0000-0000-0000-000000000000'",
        "key >= '00000000-0000-0000-0000-000000000001'",
        "key < 'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        "key <> 'ffffffff-ffff-ffff-ffff-ffffffffff00'",
        "clock > '00:00'",
        "clock < '24:00'",
        "number > 0",
        "number < 4294967295",
        "small % 2 < 1",
        "small + 1 > 0",
        "quantity - 1 > 0",
        "1 - quantity < 0",
        "-quantity < -1",
        "coalesce(quantity, 0) > 1",
        "coalesce(small, 0) >= 0",
        "coalesce(small, 1) > 1",
        "state::text in ('x')",
        "state::text <> 'y'",
        "quantity + small > 0",
    ] {
        assert_eq!(certain(condition), None, "{condition}");
    }
}

#[test]
fn what_leaves_something_out_is_a_condition() {
    for condition in [
        "note is not null",
        "note <> 'x' or length(note) > 1 or id is null",
        "(note <> 'y') is not false",
        "note is null or length(note) < 10",
        "note <> 'x'",
        "part > 0.1",
        "part between 1 and 10",
        "state in ('a')",
        "state = 'a'",
        "id > 0",
        "id = 5",
        "id is not null and f(id)",
        "id is not null and note = $1",
        "nowhere is not null",
        "orders is not null",
        "(id is not null) = (note = 'x')",
        "not (id is not null)",
        "id is not null and not (id is not null)",
        "id::text > '0'",
        "lower(note) is not null",
        "f(id) is not null",
        "id / 0.5 > -1e10",
        "array[note] = array[note, 'x']",
        "part = any (array[1, 2])",
        "num_nulls(id, note) = 0",
        "num_nulls(id, note, state) = 1",
        "num_nulls(variadic array[id]) = 0",
        "num_nonnulls(note) = 1",
        "extract(month from made) > 1",
        "extract(month from took) > 0",
        "extract(epoch from made) > 0",
        "extract(year from made) > 0",
        "id % 2 = 0",
        "id % 0 = 0",
        "part % 1 = 0",
    ] {
        assert_eq!(of_orders(condition), None, "{condition}");
    }
}

/// A catalog only adds refusals, and where it says nothing there are none.
#[test]
fn nothing_is_certain_of_what_the_catalog_does_not_know() {
    let text = "delete from orders where id is not null";
    for catalog in [
        Catalog::default(),
        catalog(vec![(1, "public", "orders", None)]),
        catalog(vec![(1, "public", "orders", Some(rows(false)))]),
        catalog(vec![(1, "public", "users", Some(rows(true)))]),
    ] {
        assert_eq!(certain(text, &catalog), None);
    }
    let always = one("delete from orders where id = id", &Catalog::default());
    assert_eq!((always.unfiltered.len(), always.certain.len()), (1, 0));
}

/// Whoever makes a table of the same name elsewhere does not change what the first one is.
#[test]
fn a_name_that_can_mean_two_tables_means_the_one_of_which_it_is_true() {
    let both =
        catalog(vec![(1, "public", "orders", Some(rows(true))), (2, "x", "orders", Some(rows(false)))]);
    assert!(certain("delete from orders where id is not null", &both).is_some());
    assert!(certain("delete from public.orders where id is not null", &both).is_some());
    assert_eq!(certain("delete from x.orders where id is not null", &both), None);
}

#[test]
fn what_a_child_has_lost_its_parent_cannot_tell() {
    let parts = |of_child| {
        let tables = vec![(1, "public", "orders", Some(rows(true))), (2, "public", "old", of_child)];
        let part = Part { of: 1, part: 2, is_partition: false };
        let catalog = catalog(tables).with_hooks(Hooks::new([], Vec::new(), vec![part]));
        certain("delete from orders where id is not null", &catalog)
    };
    assert!(parts(Some(rows(true))).is_some());
    assert_eq!(parts(Some(rows(false))), None);
    // A foreign table.
    assert_eq!(parts(None), None);
}

#[test]
fn what_a_domain_has_checked_is_true_of_its_columns() {
    let mut known = rows(true);
    let column = Some("part".to_owned());
    known.checks =
        vec![Arc::new(Check::new(1, "share".to_owned(), column, String::new(), "(VALUE >= 0)".to_owned()))];
    let catalog = catalog(vec![(1, "public", "orders", Some(known))]);
    assert!(certain("delete from orders where part > -1", &catalog).unwrap().contains("\"share\""));
    assert_eq!(certain("delete from orders where id >= 0", &catalog), None);
}

/// Both may be NULL.
#[test]
fn what_is_as_little_known_as_another_is_not_distinct() {
    let mut known = rows(true);
    known.columns.insert("other".to_owned(), values(true, Kind::Text(None)));
    known.checks = vec![check("(NOT (note IS DISTINCT FROM other))")];
    let catalog = catalog(vec![(1, "public", "orders", Some(known))]);
    let certain = |condition: &str| certain(&format!("delete from orders where {condition}"), &catalog);
    for condition in ["note is not null", "note = other", "other is not null"] {
        assert_eq!(certain(condition), None, "{condition}");
    }
}

#[test]
fn rows_and_extremes_are_what_they_are_made_of() {
    for condition in [
        "(id, 1) >= (-2147483648, 0)",
        "(id, state) >= (-2147483648, 'a')",
        "(id, state) between (-2147483648, 'a') and (2147483647, 'b')",
        "not (id, 2) < (-2147483648, 2)",
        "(part, 5) > (0, 6)",
        "greatest(id, -2147483648) = id",
        "least(id, 2147483647) = id",
        "greatest(note, id::text, state::text) is not null",
        "greatest(part, -1) > 0",
        "least(greatest(id, -2147483648), 2147483647) <= id",
    ] {
        assert!(of_orders(condition).is_some(), "{condition}");
    }
    for condition in [
        "(id, 1) > (-2147483648, 1)",
        "(id, note) >= (-2147483648, '')",
        "(id, 1) >= (-2147483648, 2)",
        "(id, 1, 2) >= (-2147483648, 0)",
        "(part, 5) > (0.1, 6)",
        "greatest(id, 0) = id",
        "greatest(id, 5) > 5",
        "least(part, 5) < 5",
        "greatest(note, 'x') = note",
        "greatest(id, f(id)) = id",
        "greatest(part, null) > 1",
    ] {
        assert_eq!(of_orders(condition), None, "{condition}");
    }
    let nested = (0..40).fold("id".to_owned(), |inner, n| format!("greatest({inner}, {n})"));
    let look = thread::Builder::new().stack_size(READ_STACK_BYTES);
    let look = look.spawn(move || assert_eq!(of_orders(&format!("{nested} = id")), None));
    look.unwrap().join().unwrap();
}

#[test]
fn all_kinds_of_writes_are_weighed() {
    let catalog = catalog(vec![(1, "public", "orders", Some(rows(true))), (2, "public", "users", None)]);
    for (text, effect) in [
        ("update orders set note = 'x' where id is not null", Effect::Update),
        ("update orders o set note = 'x' from users u where o.id is not null and u.id = 1", Effect::Update),
        (
            "merge into orders o using users u on true when matched and o.id is not null then delete",
            Effect::Merge,
        ),
        (
            "merge into orders o using users u on o.id is null when not matched by source then delete",
            Effect::Merge,
        ),
        (
            "insert into orders select * from orders on conflict (id) do update set note = 'x' where orders.id is not null",
            Effect::Insert,
        ),
        ("with gone as (delete from orders where id is not null) select 1", Effect::Delete),
        ("prepare p as delete from orders where id is not null and $1", Effect::Delete),
        ("do $$ begin delete from orders where id is not null; end $$", Effect::Delete),
        (
            "create rule r as on insert to users do also delete from orders where id is not null",
            Effect::Delete,
        ),
    ] {
        let statement = one(text, &catalog);
        let found: Vec<Effect> = statement.certain.iter().map(|(write, _)| write.effect).collect();
        assert_eq!(found, [effect], "{text}");
    }
    for text in [
        "explain delete from orders where id is not null",
        "merge into orders o using users u on o.id = u.id when matched and o.id is not null then delete",
        "update orders o set note = 'x' from users u where o.id = u.id and o.id is not null",
        "delete from pg_temp.orders where id is not null",
        "select * from orders where id is not null",
    ] {
        assert!(one(text, &catalog).certain.is_empty(), "{text}");
    }
}

#[test]
fn nobody_waits_for_what_is_long() {
    let catalog = catalog(vec![(1, "public", "orders", Some(rows(true)))]);
    let numbers = (0..5_000).map(|n| n.to_string()).collect::<Vec<_>>().join(", ");
    assert_eq!(certain(&format!("delete from orders where id in ({numbers})"), &catalog), None);
    let nested =
        (0..100).fold("id is not null".to_owned(), |inner, n| format!("coalesce({inner}, id = {n})"));
    let text = format!("delete from orders where {nested}");
    let look = thread::Builder::new().stack_size(READ_STACK_BYTES);
    look.spawn(move || drop(one(&text, &catalog))).unwrap().join().unwrap();
}
