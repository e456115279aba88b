//! What goes with what a statement is about: parts of a table, the schema of a function, settings that are reset with others.

use std::sync::Arc;

use sql::READ_STACK_BYTES;
use sql::catalog::{Catalog, Relation, Routine};
use sql::hooks::{Hooks, Part};

use super::own::{alice, policies, with};
use super::{Meaning, Policies, show};

/// A partitioned table, a parent and a view on each; functions in two schemas.
fn catalog(partitions: u32) -> Catalog {
    let relation = |oid, schema: &str, name: String| Relation {
        oid,
        schema: schema.to_owned(),
        name,
        columns: Vec::new(),
    };
    let named =
        [(1, "parted"), (2, "of_parted"), (3, "parent"), (4, "child"), (5, "of_parent"), (6, "orders")];
    let named = named.map(|(oid, name)| relation(oid, "public", name.to_owned()));
    let of_parted = 100..100 + partitions;
    let parts = of_parted.clone().map(|oid| relation(oid, "held", format!("part{}", oid - 100)));
    let catalog = Catalog::new(named.into_iter().chain(parts));
    let is_part = of_parted.clone().map(|oid| (oid, 1));
    let catalog = catalog.with_dependencies(is_part.chain([(2, 1), (4, 3), (5, 3)]));
    let parts = of_parted.map(|part| Part { of: 1, part, is_partition: true });
    let parts = parts.chain([Part { of: 3, part: 4, is_partition: false }]);
    let routine = |oid, schema: &str, name: &str, arguments| {
        let definition = format!("CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        let routine =
            Routine::new(name.to_owned(), arguments, "sql".to_owned(), "SELECT 1".to_owned(), definition);
        (oid, Arc::new(routine.in_schema(schema.to_owned())))
    };
    let routines = [
        routine(1, "vault", "door", 0),
        routine(2, "vault", "shared", 0),
        routine(3, "public", "shared", 0),
        routine(4, "vault", "field", 1),
        routine(5, "public", "free", 0),
    ];
    catalog.with_routines(routines).with_hooks(Hooks::new([], [], parts))
}

fn says_with(policies: &Policies, catalog: &Catalog, text: &str) -> String {
    let subject = policies.subject(&alice()).unwrap();
    let reader = std::thread::Builder::new().stack_size(READ_STACK_BYTES);
    let read = || {
        let facts = sql::read(text.as_bytes()).unwrap();
        let meaning = Meaning {
            catalog,
            is_masked: &|_| false,
            is_maskable: &|_| false,
            class_of: &|_, _| None,
            looks_into: &|_| Vec::new(),
        };
        policies.judge(&subject, &facts.with_reach(catalog), &meaning)
    };
    let judged = std::thread::scope(|scope| reader.spawn_scoped(scope, read).unwrap().join().unwrap());
    judged.iter().map(show).collect::<Vec<_>>().join("\n")
}

fn says(policies: &Policies, text: &str) -> String {
    says_with(policies, &catalog(3), text)
}

#[test]
fn a_part_goes_with_its_whole() {
    for condition in [
        "resource == Picket::Table::\"shop.held.part1\"",
        "resource in Picket::Schema::\"shop.held\"",
        "resource is Picket::Table && resource.name == \"part1\"",
        "resource is Picket::Table && resource.name like \"part*\"",
        "resource is Picket::Table && [\"part1\"].contains(resource.name)",
        "resource is Picket::Table && { a: resource.name }.a == \"part1\"",
        "resource is Picket::Table && resource.schema != \"public\"",
        "resource is Picket::Table && resource.name != \"parted\" && resource.name != \"of_parted\"",
    ] {
        let policies = policies(&format!(
            "@rule(\"part\") forbid (principal, action in [Picket::Action::\"write\", Picket::Action::\"read\"], resource) \
             when {{ {condition} }};"
        ));
        for text in ["delete from parted where id = 1", "insert into of_parted values (1)"] {
            let says = says(&policies, text);
            assert!(says.contains("Rule \"part\""), "{condition}: {text}: {says}");
        }
    }
    let child = policies(
        "forbid (principal, action, resource is Picket::Table) when { resource.name == \"child\" };",
    );
    for (text, is_refused) in [
        ("select 1 from parent", true),
        ("do $$ begin perform 1 from of_parent; end $$", true),
        ("with p as (update parent set n = 1 where id = 1 returning id) select 1 from p", true),
        ("update of_parent set n = 1 where id = 1", true),
        ("lock table parent", true),
        ("alter table parent add n int", true),
        ("insert into parent values (1)", false),
        ("copy parent to stdout", false),
        ("comment on table parent is 'x'", false),
        ("select 1 from parted", false),
    ] {
        assert_eq!(
            says(&child, text).contains("Rule \"team\""),
            is_refused,
            "{text}: {}",
            says(&child, text)
        );
    }
}

/// Its name is enough to know that policies say the same of it as of the whole.
#[test]
fn parts_that_policies_do_not_tell_apart_are_no_questions() {
    let policies = policies("forbid (principal, action, resource == Picket::Table::\"shop.held.part7\");");
    let catalog = catalog(21_000);
    for _ in 0..2 {
        let says = says_with(&policies, &catalog, "update parted set n = 1 where id = 1");
        assert!(says.contains("Rule \"team\"") && !says.contains("too much"), "{says}");
    }
    let other =
        super::own::policies("forbid (principal, action, resource == Picket::Table::\"shop.held.none\");");
    let before = other.remembered();
    assert_eq!(says_with(&other, &catalog, "update of_parted set n = 1 where id = 1"), "allow");
    assert!(other.remembered() < before + 10);
}

#[test]
fn parts_need_not_be_permitted() {
    let permit = r#"permit (principal, action == Picket::Action::"select", resource == Picket::Table::"shop.public.parted");"#;
    let policies = with(permit, &["allow-all"]);
    assert_eq!(says(&policies, "select 1 from parted"), "allow");
    assert!(says(&policies, "select 1 from held.part1").contains("not-permitted"));
}

#[test]
fn functions_are_in_their_schemas() {
    let policies = policies(
        r#"@rule("vault") forbid (principal, action == Picket::Action::"call", resource in Picket::Schema::"shop.vault");"#,
    );
    for text in [
        "select door()",
        "select vault.door()",
        "select shared()",
        "select vault.unknown(1)",
        "select * from vault.rows()",
        "call vault.unknown()",
        "select field(o) from orders o",
        "select o.field from orders o",
        "select (o).field from orders o",
        "delete from orders where id = door()",
        "do $$ begin perform door(); end $$",
        "do $$ begin perform vault . \"unknown\" (1); end $$",
        "create function f() returns int language sql as 'select vault.unknown()'",
    ] {
        let says = says(&policies, text);
        assert!(says.contains("Rule \"vault\""), "{text}: {says}");
    }
    for text in
        ["select lower('x')", "select free()", "select pg_catalog.now()", "select o.door from orders o"]
    {
        assert_eq!(says(&policies, text), "allow", "{text}");
    }
    let public = with(
        r#"permit (principal, action == Picket::Action::"call", resource in Picket::Schema::"shop.public");
           permit (principal, action == Picket::Action::"select", resource);"#,
        &["allow-all"],
    );
    assert_eq!(says(&public, "select free()"), "allow");
    assert!(says(&public, "select shared()").contains("no policy permits call on shared"));
}

#[test]
fn what_resets_all_settings_resets_each() {
    let of = |name: &str, unless: &str| {
        policies(&format!(
            "forbid (principal, action == Picket::Action::\"set\", resource == Picket::Setting::\"{name}\") {unless};"
        ))
    };
    let path = of("search_path", "");
    for text in ["reset all", "discard all", "reset search_path", "do $$ begin reset all; end $$"] {
        assert!(says(&path, text).contains("Rule \"team\""), "{text}: {}", says(&path, text));
    }
    for text in ["discard temp", "discard plans", "reset work_mem"] {
        assert_eq!(says(&path, text), "allow", "{text}");
    }
    // RESET ALL leaves the role alone.
    let role = of("role", "");
    assert_eq!(says(&role, "reset all"), "allow");
    assert!(says(&role, "discard all").contains("Rule \"team\""));
    let pools = of("search_path", "unless { context.command == \"DiscardStmt\" }");
    assert_eq!(says(&pools, "discard all"), "allow");
    assert!(says(&pools, "reset all").contains("Rule \"team\""));
    let any = policies("forbid (principal, action == Picket::Action::\"set\", resource);");
    assert!(says(&any, "discard all").contains("Rule \"team\""));
    // Whoever may use a session may give it back.
    let session =
        with(r#"permit (principal, action == Picket::Action::"control", resource);"#, &["allow-all"]);
    assert_eq!(says(&session, "discard all"), "allow");
    for text in ["reset all", "discard all"] {
        assert_eq!(super::verdict(text), "allow", "{text}");
    }
}
