use super::*;
use crate::catalog::{Column, Relation, Routine};
use crate::hooks::{Hooks, Part};
use crate::implicit::{Function, Implicit, Runs};
use crate::read::read;

const NAMES: [&str; 8] = ["orders", "lines", "notes", "log", "parted", "parted_1", "seen", "customers"];

const ROW: i16 = 1;
const STATEMENT: i16 = 0;
const INSERT: i16 = 4;
const DELETE: i16 = 8;
const UPDATE: i16 = 16;
const TRUNCATE: i16 = 32;
const INSTEAD: i16 = 64;

fn oid(name: &str) -> u32 {
    1 + NAMES.iter().position(|known| *known == name).unwrap() as u32
}

/// Triggers as `(table, type, body)`, rules as `(table, event, definition)`, foreign keys as `(table, to, delete, update)`.
#[derive(Default)]
struct Known {
    triggers: Vec<(&'static str, i16, &'static str)>,
    rules: Vec<(&'static str, char, &'static str)>,
    foreign_keys: Vec<(&'static str, &'static str, char, char)>,
    /// Code on tables as `(table, how)`, which each calls the function of the first trigger.
    code: Vec<(&'static str, Via)>,
}

/// `parted_1` is a partition of `parted`, and `seen` a view of `orders`. Each table has columns `id` and `ref`.
fn catalog(known: &Known) -> Catalog {
    let column = |number, name: &str| Column { number, name: name.to_owned(), type_oid: 23 };
    let relations = NAMES.iter().map(|name| Relation {
        oid: oid(name),
        schema: "public".to_owned(),
        name: (*name).to_owned(),
        columns: vec![column(1, "id"), column(2, "ref")],
    });
    let numbered = || 1_u32..;
    let routines = numbered().zip(&known.triggers).map(|(number, (_, _, body))| {
        let definition =
            format!("CREATE FUNCTION t{number}() RETURNS trigger LANGUAGE plpgsql AS $f${body}$f$");
        let (name, language) = (format!("t{number}"), "plpgsql".to_owned());
        (number, Arc::new(Routine::new(name, 0, language, (*body).to_owned(), definition)))
    });
    let triggers = numbered().zip(&known.triggers).map(|(number, (table, kind, _))| {
        Hook::trigger(number, oid(table), format!("t{number}"), *kind, number).defined(Some(String::new()))
    });
    let rules = numbered().zip(&known.rules).map(|(number, (table, event, definition))| {
        Hook::rule(number, oid(table), format!("r{number}"), *event).defined(Some((*definition).to_owned()))
    });
    let foreign_keys =
        numbered().zip(&known.foreign_keys).map(|(number, (on, to, delete, update))| ForeignKey {
            oid: number,
            name: format!("f{number}"),
            on: oid(on),
            columns: vec![2],
            to: oid(to),
            keys: vec![1],
            on_delete: *delete,
            on_update: *update,
        });
    let part = Part { of: oid("parted"), part: oid("parted_1"), is_partition: true };
    let hooks = Hooks::new(triggers.chain(rules).map(Arc::new), foreign_keys, [part]);
    let dependencies = [(oid("parted_1"), oid("parted")), (oid("seen"), oid("orders"))];
    let mut implicit = Implicit::default();
    for (table, via) in &known.code {
        let function = Function { oid: 1, name: "t1".to_owned() };
        implicit.hang(oid(table), *via, "c".to_owned(), Runs::Function(function));
    }
    let catalog = Catalog::new(relations).with_dependencies(dependencies).with_routines(routines);
    catalog.with_hooks(hooks).with_implicit(implicit)
}

/// What follows from `text`: how, and what is done to what.
fn reached(known: &Known, text: &str) -> Vec<String> {
    let facts = read(text.as_bytes()).unwrap();
    let facts = facts.with_reach(&catalog(known)).into_owned();
    let all = facts.statements.iter().flat_map(|statement| &statement.reached);
    all.map(|Reached { via, name, on, does, .. }| {
        let effects = does.effects.iter().map(|effect| effect.name().to_owned());
        let written = does.writes.iter().map(|write| format!("{}:{}", write.effect.name(), write.name));
        let done: Vec<_> = effects.chain(written).collect();
        format!("{} {name} on {on}: {}", via.name(), done.join(" "))
    })
    .collect()
}

#[test]
fn triggers_fire_for_their_events_and_what_these_write_fires_others() {
    let known = Known {
        triggers: vec![
            ("orders", ROW | DELETE | UPDATE, "BEGIN INSERT INTO log VALUES (OLD.id); RETURN OLD; END"),
            ("log", STATEMENT | INSERT, "BEGIN EXECUTE 'x'; RETURN NULL; END"),
            ("log", ROW | TRUNCATE, "BEGIN RETURN NULL; END"),
        ],
        ..Known::default()
    };
    let both = ["trigger t1 on orders: insert insert:log", "trigger t2 on log: opaque_call"];
    for text in [
        "delete from orders where id = 1",
        "update public.orders set id = 1 where id = 2",
        "with d as (delete from orders where id = 1) select 1",
        "merge into orders o using lines l on o.id = l.id when matched then delete",
        "insert into orders values (1) on conflict (id) do update set id = 2",
        "explain analyze delete from orders where id = 1",
        "prepare p as delete from orders where id = 1",
    ] {
        assert_eq!(reached(&known, text), both, "{text}");
    }
    for text in ["copy log from stdin", "insert into log values (1)"] {
        assert_eq!(reached(&known, text), ["trigger t2 on log: opaque_call"], "{text}");
    }
    assert_eq!(reached(&known, "truncate log"), ["trigger t3 on log: "]);
    for text in [
        "select * from orders for update",
        "insert into orders values (1)",
        "insert into orders values (1) on conflict do nothing",
        "merge into orders o using lines l on o.id = l.id when not matched then insert values (1)",
        "with d as (select 1) insert into lines select id from orders",
        "delete from other.orders where id = 1",
        "delete from pg_temp.orders where id = 1",
    ] {
        assert!(reached(&known, text).is_empty(), "{text}: {:?}", reached(&known, text));
    }
}

#[test]
fn rules_do_what_they_say() {
    let known = Known {
        rules: vec![
            (
                "orders",
                '4',
                "CREATE RULE r1 AS ON DELETE TO public.orders DO INSTEAD UPDATE public.lines SET ref = 1 WHERE lines.id = old.id;",
            ),
            (
                "lines",
                '2',
                "CREATE RULE r2 AS ON UPDATE TO public.lines DO ( INSERT INTO public.log (id) VALUES (new.id); DELETE FROM public.notes; );",
            ),
            ("log", '3', "CREATE RULE r3 AS ON INSERT TO public.log DO INSTEAD NOTHING;"),
        ],
        ..Known::default()
    };
    assert_eq!(
        reached(&known, "delete from orders where id = 1"),
        [
            "rule r1 on orders: update update:lines",
            "rule r2 on lines: insert delete insert:log delete:notes",
            "rule r3 on log: "
        ]
    );
    assert!(reached(&known, "copy log from stdin").is_empty());
}

#[test]
fn foreign_keys_delete_and_change_what_refers() {
    let known = Known {
        foreign_keys: vec![
            ("orders", "customers", 'c', 'c'),
            ("lines", "orders", 'c', 'a'),
            ("notes", "orders", 'n', 'c'),
            ("log", "customers", 'r', 'a'),
            // A table that refers to itself.
            ("lines", "lines", 'c', 'a'),
        ],
        ..Known::default()
    };
    assert_eq!(
        reached(&known, "delete from customers where id = 1"),
        [
            "foreign_key f1 on orders: delete delete:orders",
            "foreign_key f2 on lines: delete delete:lines",
            "foreign_key f3 on notes: update update:notes",
            "foreign_key f5 on lines: delete delete:lines",
        ]
    );
    let update = "foreign_key f1 on orders: update update:orders";
    // It changes the column that refers, and that is no key of orders.
    assert_eq!(reached(&known, "update customers set id = 2 where ref = 1"), [update]);
    assert_eq!(
        reached(
            &known,
            "merge into customers c using log l on c.id = l.id when matched then update set id = 3"
        ),
        [update]
    );
    assert!(reached(&known, "update customers set ref = 2 where id = 1").is_empty());
    assert!(reached(&known, "insert into customers values (1)").is_empty());
}

#[test]
fn truncate_cascade_truncates_what_refers() {
    let known = Known {
        triggers: vec![("lines", STATEMENT | TRUNCATE, "BEGIN INSERT INTO log VALUES (1); RETURN NULL; END")],
        foreign_keys: vec![("orders", "customers", 'a', 'a'), ("lines", "orders", 'a', 'a')],
        ..Known::default()
    };
    let facts = read(b"truncate customers cascade").unwrap();
    let facts = facts.with_reach(&catalog(&known)).into_owned();
    let statement = facts.statements.first().unwrap();
    let named: Vec<_> = statement.relations.iter().map(|used| used.path()).collect();
    assert_eq!(named, ["customers", "public.orders", "public.lines"]);
    assert_eq!(reached(&known, "truncate customers cascade"), ["trigger t1 on lines: insert insert:log"]);
    assert!(reached(&known, "truncate customers").is_empty());
}

#[test]
fn parts_and_views_are_written_with_what_is_named() {
    let known = Known {
        triggers: vec![
            ("parted_1", ROW | DELETE, "BEGIN INSERT INTO log VALUES (1); RETURN NULL; END"),
            ("parted_1", STATEMENT | INSERT, "BEGIN INSERT INTO notes VALUES (1); RETURN NULL; END"),
            ("orders", ROW | DELETE, "BEGIN INSERT INTO lines VALUES (1); RETURN NULL; END"),
            ("seen", ROW | INSERT | INSTEAD, "BEGIN INSERT INTO log VALUES (1); RETURN NEW; END"),
            ("orders", ROW | INSERT, "BEGIN INSERT INTO lines VALUES (1); RETURN NULL; END"),
        ],
        foreign_keys: vec![("customers", "parted", 'c', 'a')],
        ..Known::default()
    };
    let moved = "trigger t1 on parted_1: insert insert:log";
    let referring = "foreign_key f1 on customers: delete delete:customers";
    assert_eq!(reached(&known, "delete from parted where id = 1"), [referring, moved]);
    assert_eq!(reached(&known, "delete from parted_1 where id = 1"), [referring, moved]);
    // The row may move.
    assert_eq!(reached(&known, "update parted set id = 2 where id = 1"), [moved]);
    assert!(reached(&known, "insert into parted values (1)").is_empty());
    assert_eq!(
        reached(&known, "delete from seen where id = 1"),
        ["trigger t3 on orders: insert insert:lines"]
    );
    assert_eq!(reached(&known, "insert into seen values (1)"), ["trigger t4 on seen: insert insert:log"]);
}

#[test]
fn code_on_tables_runs_with_what_happens_to_their_rows() {
    let one = |via, text| {
        let code = vec![("orders", via), ("parted_1", via)];
        // It writes to a table that has code too, and comes to its end.
        let triggers = vec![("notes", ROW | INSERT, "BEGIN INSERT INTO orders VALUES (1); RETURN NEW; END")];
        let reached = reached(&Known { code, triggers, ..Known::default() }, text);
        reached
            .iter()
            .map(|reached| reached.split(':').next().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join(", ")
    };
    for text in [
        "insert into orders values (1)",
        "update orders set ref = 1",
        "copy orders from stdin",
        "insert into seen values (1)",
        "with i as (insert into orders values (1) returning id) select id from i",
    ] {
        assert_eq!(one(Via::Check, text), "check c on orders", "{text}");
    }
    for text in
        ["delete from orders", "select * from orders", "truncate orders", "insert into lines values (1)"]
    {
        assert_eq!(one(Via::Check, text), "", "{text}");
    }
    assert_eq!(one(Via::Index, "insert into parted values (1)"), "index c on parted_1, index c on orders");
    for text in [
        "select * from orders",
        "select * from seen",
        "delete from orders",
        "insert into lines select id from orders",
    ] {
        assert_eq!(one(Via::Policy, text), "policy c on orders", "{text}");
    }
    for text in ["drop table orders", "comment on table orders is 'x'", "grant select on orders to public"] {
        assert_eq!(one(Via::Policy, text), "", "{text}");
    }
    for text in [
        "analyze orders",
        "vacuum orders",
        "reindex table orders",
        "create index on orders (id)",
        "alter table orders add n int",
    ] {
        assert_eq!(one(Via::Statistics, text), "statistics c on orders", "{text}");
        assert_eq!(one(Via::Default, text), "", "{text}");
    }
    assert_eq!(one(Via::Index, "analyze").split(", ").count(), 2);
}

#[test]
fn a_chain_that_is_too_long_is_opaque() {
    let many = |count: usize| {
        let rules = (0..count).map(|number| {
            let definition = "CREATE RULE r AS ON INSERT TO orders DO NOTHING;".to_owned();
            let hook = Hook::rule(number as u32, oid("orders"), "r".to_owned(), '3');
            Arc::new(hook.defined(Some(definition)))
        });
        let catalog = catalog(&Known::default()).with_hooks(Hooks::new(rules, [], []));
        let facts = read(b"insert into orders values (1)").unwrap();
        facts.with_reach(&catalog).statements.first().unwrap().effects.clone()
    };
    assert_eq!(many(REACHED_MAX), [Effect::Insert]);
    assert_eq!(many(REACHED_MAX + 1), [Effect::Insert, Effect::OpaqueCall]);
}

#[test]
fn a_word_is_a_name_to_servers_before_it() {
    let unread = |sql: &str, major| {
        let of = read(sql.as_bytes()).unwrap().statements.remove(0);
        of.unread_by(&Catalog::default().with_major_version(major)).map(|unread| unread.to_string())
    };
    for (sql, since) in [
        ("select system_user", 16),
        ("select json_array(1)", 16),
        ("select json_arrayagg(id) from t", 16),
        ("select json_object()", 16),
        ("select json(a) from t", 17),
        ("select json_scalar(1)", 17),
        ("select json_serialize(a) from t", 17),
        ("select json_value(a, b), system_user from t", 17),
        ("select json_exists(a, b) from t", 17),
        ("select json_query(a, b) from t", 17),
        ("merge into t using u on t.a = u.a when matched then delete returning merge_action()", 17),
    ] {
        assert_eq!(unread(sql, since), None, "{sql}");
        let told = unread(sql, since - 1).unwrap_or_default();
        assert!(told.contains(&format!("PostgreSQL {since}")), "{sql}: {told}");
    }
    for sql in [
        "select \"system_user\", \"json_scalar\"(1), public.json_value(a, b), t.system_user from t",
        "select json_object('{a,b}'), user, session_user, a is null from t",
    ] {
        assert_eq!(unread(sql, 15), None, "{sql}");
    }
    // Of a body too.
    let effects = |major| {
        let body = "select json_serialize(id) from orders";
        let definition = format!("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS '{body}'");
        let routine = Routine::new("f".to_owned(), 0, "sql".to_owned(), body.to_owned(), definition);
        let catalog = Catalog::default().with_routines([(1, Arc::new(routine))]).with_major_version(major);
        read(b"select f()").unwrap().statements[0].with_reach(&catalog).effects.clone()
    };
    assert!(effects(15).contains(&Effect::OpaqueCall) && !effects(17).contains(&Effect::OpaqueCall));
}
