//! A policy on a column, and what reads the column without its name.

use sql::catalog::{Column, Holds, Relation};
use sql::{Catalog, READ_STACK_BYTES, Statement};

use super::own::{alice, policies};
use super::{Meaning, Policies, show};

/// `users` with `id`, `name` and `email`, a view on it, and `orders` with `id` and `user_id`.
fn catalog() -> Catalog {
    let relation = |oid, name: &str, columns: &[&str]| Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        columns: (1..)
            .zip(columns)
            .map(|(number, name)| Column { number, name: (*name).to_owned(), type_oid: 25 })
            .collect(),
    };
    let relations = [
        relation(1, "users", &["id", "name", "email"]),
        relation(2, "orders", &["id", "user_id"]),
        relation(3, "contacts", &["id", "address"]),
    ];
    Catalog::new(relations).with_dependencies([(3, 1)])
}

fn says(policies: &Policies, catalog: &Catalog, text: &str) -> String {
    let subject = policies.subject(&alice()).unwrap();
    let reader = std::thread::Builder::new().stack_size(READ_STACK_BYTES);
    let read = || {
        let facts = sql::read(text.as_bytes()).unwrap();
        let class_of = |relation: &Relation, column: &Column| {
            (relation.name == "users" && column.name == "email").then_some("email")
        };
        let (is_masked, is_maskable) = (|_: &Statement| false, |_: &Statement| false);
        let meaning = Meaning {
            catalog,
            is_masked: &is_masked,
            is_maskable: &is_maskable,
            class_of: &class_of,
            looks_into: &|_| Vec::new(),
        };
        policies.judge(&subject, &facts, &meaning)
    };
    let judged = std::thread::scope(|scope| reader.spawn_scoped(scope, read).unwrap().join().unwrap());
    judged.iter().map(show).collect::<Vec<_>>().join("\n")
}

const READS: [&str; 57] = [
    "select email from users",
    "select Email from public.users",
    "select u.email from users u",
    "select public.users.email from public.users",
    "select * from users",
    "select u.* from users u",
    "table users",
    "select u from users u",
    "select users from users",
    "select count(u) from users u",
    "select row_to_json(u) from users u",
    "select to_jsonb(users) from users",
    "select u::text from users u",
    "select (u).email from users u",
    "select (u).* from users u",
    "select (select u from users u limit 1).email",
    "select c from users u(a, b, c)",
    "select j.c from (users join orders on true) j(a, b, c)",
    "select j from (users join orders on true) j",
    "select 1 from users natural join orders",
    "select 1 from users natural join (select 'x' as email) x",
    "select 1 from users join (select 'x' as email) x using (email)",
    "select email(u) from users u",
    "select u.f from users u",
    "select id from users where email like 'a%'",
    "select id from users order by email",
    "select id from users group by id having max(email) > 'm'",
    "select lag(id) over (order by email) from users",
    "select id from users where (id, email) in (select 1, 'x')",
    "select id from orders where exists (select from users where email = 'x')",
    "select x from (select email as x from users) s",
    "select s.* from (select * from users) s",
    "with c as (table users) select 1 from c",
    "with c(a, b, d) as (select * from users) select d from c",
    "select l from users u, lateral (select u as l) x",
    "select * from users order by 2",
    "select id from users union select id from (table users) t",
    "copy users to stdout",
    "copy users (id, email) to stdout",
    "copy (select u from users u) to stdout",
    "insert into orders select 1 from users u where u is not null",
    "insert into users (id) values (1) returning *",
    "insert into users (id) values (1) returning users",
    "insert into users (id) values (1) on conflict (email) do nothing",
    "update users set name = email where id = 1",
    "update users set (name, email) = ('a', 'b') where id = 1",
    "update users set id = 2 where id = 1 returning old",
    "update users set id = 2 where id = 1 returning new.*",
    "update orders set id = 1 from users u where u is null and orders.id = 2",
    "delete from users where email = 'x'",
    "delete from orders using users u where u is null and orders.id = 2",
    "merge into orders o using users u on o.id = u.id when matched then update set id = length(u.email)",
    "merge into users u using orders o on o.id = u.id when matched then do nothing when not matched then insert values (1, 'a', 'b')",
    "explain select email from users",
    "prepare p as select u from users u",
    "declare c cursor for table users",
    "create view v as select u from users u",
];

#[test]
fn a_column_is_kept_whatever_it_is_called() {
    let policies = policies(
        r#"@rule("email") forbid (principal, action == Picket::Action::"select", resource == Picket::Table::"shop.public.users")
           when { context.columns.contains("email") };
           @rule("copied") forbid (principal, action == Picket::Action::"copy_out", resource) when { context.columns.contains("email") };"#,
    );
    let says = |text: &str| says(&policies, &catalog(), text);
    for text in READS {
        assert!(
            ["email", "copied"].iter().any(|rule| says(text).contains(&format!("Rule \"{rule}\": "))),
            "{text}: {}",
            says(text)
        );
    }
    for text in [
        // What a view or a body reads is not told column by column.
        "select id from contacts",
        "do $$ begin perform id from users; end $$",
        "select id from not_in_the_catalog",
    ] {
        assert!(says(text).contains("Rule \"email\"") || text.contains("not_in"), "{text}: {}", says(text));
    }
    for text in [
        "select id, name from users",
        "select u.id from users u where u.name = 'email'",
        "select count(*) from orders",
        "select 'email' from users",
        "select max(id) as total from users group by name order by total",
        "select s.total from (select count(id) as total from users) s",
        "insert into users values (1, 'a', 'b')",
        "insert into users (id, email) values (1, 'x')",
        "insert into users (id) values (1) returning id",
        "update users set name = 'x' where id = 1",
        "update users set name = 'x' where id = 1 returning name",
        "delete from users where id = 1",
        "delete from users where id = 1 returning id",
        "with c as (select id from users) select id from c",
        "copy users (id) to stdout",
        "select u.id from users u join orders o using (id)",
    ] {
        let allowed = says(text) == "allow" || text.contains("using (id)");
        assert!(allowed, "{text}: {}", says(text));
    }
    // Its last name is taken away.
    let renames = super::own::policies(
        r#"@rule("email") forbid (principal, action, resource) when { context.columns.contains("email") };"#,
    );
    for text in [
        "alter table users rename email to mail",
        "alter table users alter email type varchar",
        "grant select (email) on users to bob",
        "comment on column users.email is 'x'",
        "select id from not_in_the_catalog",
    ] {
        let says = self::says(&renames, &catalog(), text);
        assert!(says.contains("Rule \"email\": "), "{text}: {says}");
    }
}

/// What may be read is listed: what nobody can tell is not in the list.
#[test]
fn a_list_of_columns_is_no_way_round() {
    let policies = policies(
        r#"@rule("list") forbid (principal, action == Picket::Action::"select", resource)
           unless { ["id", "name"].containsAll(context.columns) };"#,
    );
    for text in ["select id, name from users", "select id from orders where id = 1"] {
        assert_eq!(says(&policies, &catalog(), text), "allow", "{text}");
    }
    for text in
        ["select u from users u", "select * from elsewhere", "select id from elsewhere", "table users"]
    {
        assert!(says(&policies, &catalog(), text).contains("Rule \"list\""), "{text}");
    }
    // Without any catalog, as in `picket policy explain`, columns are what is named.
    assert_eq!(says(&policies, &Catalog::default(), "select id from users"), "allow");
    assert!(says(&policies, &Catalog::default(), "select u from users u").contains("Rule \"list\""));
}

/// Of one table, whatever others call theirs.
#[test]
fn a_column_of_one_table_is_not_read() {
    let policies = policies(
        r#"@rule("email") forbid (principal, action in [Picket::Action::"read", Picket::Action::"write"],
                                  resource == Picket::Column::"shop.public.users.email");"#,
    );
    for text in READS {
        let said = says(&policies, &catalog(), text);
        assert!(said.contains("Rule \"email\": ") && said.contains("on users.email)"), "{text}: {said}");
    }
    let reads = super::own::policies(
        r#"@rule("email") forbid (principal, action in [Picket::Action::"read"], resource == Picket::Column::"shop.public.users.email");"#,
    );
    for text in [
        "select id from contacts",
        "do $$ begin perform id from users; end $$",
        "select email from public.users, orders",
        "update users set email = lower(email) where id = 1",
        "insert into users (id, email) values (1, 'x') on conflict (id) do update set name = users.email",
    ] {
        assert!(says(&reads, &catalog(), text).contains("Rule \"email\": "), "{text}");
    }
    for text in [
        "select id, name from users",
        "select email from orders",
        "select o.email from users u, orders o",
        "select count(*) from users",
        "select u.id from users u join orders o using (id)",
        "update users set email = 'x' where id = 1",
        "update users set email = 'x' where id = 1 returning id",
        "insert into users values (1, 'a', 'b')",
        "insert into users (id, email) select 1, 'x' from orders",
        "copy users (id, name) to stdout",
        "delete from users where id = 1",
        "truncate orders_of_mine",
        "create temp table people (id int, email text); select email from people",
        "with users as (select 'x' as email) select email from users u, (select 1) x",
        "select email from users_of_others",
    ] {
        let said = says(&reads, &catalog(), text);
        assert!(!said.contains("Rule \"email\": "), "{text}: {said}");
    }
    // Without a catalog it is known by its name, in whichever schema it is.
    for text in
        ["select email from users", "select * from users u", "select u from users u", "table public.users"]
    {
        assert!(says(&reads, &Catalog::default(), text).contains("Rule \"email\": "), "{text}");
    }
    for text in ["select id from users", "select email from old.users", "select email from contacts"] {
        assert_eq!(says(&reads, &Catalog::default(), text), "allow", "{text}");
    }
}

/// As pg_depend tells it.
#[test]
fn a_view_that_does_not_read_a_column_does_not_show_it() {
    let policies = policies(
        r#"@rule("email") forbid (principal, action in [Picket::Action::"read"], resource == Picket::Column::"shop.public.users.email");"#,
    );
    let says = |view: u32, columns: &[i16]| {
        let seen = [((view, 1), columns.iter().copied().collect())].into();
        says(&policies, &catalog().with_seen(seen), "select id from contacts")
    };
    // Of another view it says nothing.
    for (view, columns) in [(2, &[1][..]), (3, &[1, 3]), (3, &[3])] {
        assert!(says(view, columns).contains("Rule \"email\": "), "{columns:?}");
    }
    for columns in [&[0][..], &[1], &[1, 2]] {
        assert_eq!(says(3, columns), "allow", "{columns:?}");
    }
}

/// `email` is generated of `name`, and the view reads the columns of `users` with these numbers.
fn generated(seen: &[i16]) -> Catalog {
    let holds = Holds { relation: 1, column: 3, of: 1, of_column: Some(2) };
    let seen = [((3, 1), seen.iter().copied().collect())].into();
    catalog().with_seen(seen).with_generated([(1, 3)]).with_holds(vec![holds])
}

#[test]
fn a_generated_column_is_read_and_written_with_what_it_is_made_of() {
    let of = |action: &str, column: &str| {
        policies(&format!(
            r#"forbid (principal, action in [Picket::Action::"{action}"], resource == Picket::Column::"shop.public.users.{column}");"#
        ))
    };
    let (name, email) = (of("read", "name"), of("read", "email"));
    let is_kept =
        |policies: &Policies, catalog: &Catalog, text: &str| says(policies, catalog, text) != "allow";
    for text in
        ["select email from users", "select id from users where email = 'x'", "select u.email from users u"]
    {
        assert!(is_kept(&name, &generated(&[1]), text), "{text}");
        assert!(!is_kept(&name, &catalog(), text), "{text}");
    }
    assert!(!is_kept(&email, &generated(&[1]), "select name from users"));
    // Through a view that reads the one or the other.
    let text = "select id from contacts";
    let kept = |policies: &Policies| [1, 2, 3].map(|seen| is_kept(policies, &generated(&[seen]), text));
    assert_eq!((kept(&name), kept(&email)), ([false, true, true], [false, false, true]));
    let (name, email) = (of("write", "name"), of("write", "email"));
    for text in [
        "update users set name = 'x' where id = 1",
        "insert into users (id, name) values (1, 'x')",
        "copy users (name) from stdin",
    ] {
        assert!(is_kept(&email, &generated(&[1]), text) && is_kept(&name, &generated(&[1]), text), "{text}");
        assert!(!is_kept(&email, &catalog(), text), "{text}");
    }
    assert!(!is_kept(&email, &generated(&[1]), "update users set id = 2 where id = 1"));
    let text = "update contacts set id = 1 where id = 2";
    let kept = |policies: &Policies| [1, 2, 3].map(|seen| is_kept(policies, &generated(&[seen]), text));
    assert_eq!((kept(&name), kept(&email)), ([false, true, false], [false, true, true]));
}

#[test]
fn columns_of_a_statement_are_those_that_views_and_generated_columns_read() {
    let of = |column: &str| {
        policies(&format!(
            r#"forbid (principal, action, resource) when {{ context.columns.contains("{column}") }};"#
        ))
    };
    let (name, email) = (of("name"), of("email"));
    let is_kept =
        |policies: &Policies, seen: &[i16], text: &str| says(policies, &generated(seen), text) != "allow";
    let text = "select id from contacts";
    let kept = |policies: &Policies| [1, 2, 3].map(|seen| is_kept(policies, &[seen], text));
    assert_eq!((kept(&name), kept(&email)), ([false, true, true], [false, false, true]));
    assert!(
        is_kept(&name, &[1], "select email from users") && !is_kept(&email, &[1], "select name from users")
    );
    let text = "update users set name = 'x' where id = 1";
    assert!(is_kept(&name, &[1], text) && is_kept(&email, &[1], text));
    // Of a view that nobody knows more of, all.
    assert!(says(&name, &catalog(), "select id from contacts") != "allow");
}

#[test]
fn a_column_of_one_table_is_not_written() {
    let policies = policies(
        r#"@rule("email") forbid (principal, action in [Picket::Action::"write", Picket::Action::"define", Picket::Action::"govern"],
                                  resource == Picket::Column::"shop.public.users.email");"#,
    );
    for text in [
        "update users set email = 'x' where id = 1",
        "update users set (name, email) = ('a', 'b') where id = 1",
        "update contacts set address = 'x' where id = 1",
        "insert into users values (1, 'a', 'b')",
        "insert into users (id, email) values (1, 'x')",
        "insert into users (id) values (1) on conflict (id) do update set email = 'x'",
        "merge into users u using orders o on o.id = u.id when matched then update set email = 'x'",
        "copy users from stdin",
        "copy users (id, email) from stdin",
        "alter table users rename email to mail",
        "alter table users alter email type varchar",
        "grant select (email) on users to bob",
        "comment on column users.email is 'x'",
    ] {
        let said = says(&policies, &catalog(), text);
        assert!(said.contains("Rule \"email\": "), "{text}: {said}");
    }
    for text in [
        "select * from users",
        "update users set name = email where id = 1",
        "insert into users (id, name) values (1, 'x')",
        "insert into users (id) values (1) on conflict (email) do update set name = 'x'",
        "merge into users u using orders o on o.id = u.id when matched then update set name = u.email",
        "copy users (id) from stdin",
        "alter table users rename name to called",
        "delete from users where email = 'x'",
    ] {
        let said = says(&policies, &catalog(), text);
        assert!(!said.contains("Rule \"email\": "), "{text}: {said}");
    }
}

#[test]
fn tables_and_columns_are_told_apart_by_what_they_hold() {
    let tables = policies(
        r#"@rule("people") forbid (principal, action in [Picket::Action::"read", Picket::Action::"write", Picket::Action::"define"],
                                   resource is Picket::Table) when { resource.classes.containsAny(["email", "person_name"]) };"#,
    );
    for text in [
        "select id from users",
        "select 1 from contacts",
        "update users set id = 2 where id = 1",
        "delete from users where id = 1",
        "copy users (id) to stdout",
        "insert into users (id) values (1)",
        "alter table users add x int",
        "lock table users",
        "do $$ begin perform id from users; end $$",
    ] {
        let said = says(&tables, &catalog(), text);
        assert!(said.contains("Rule \"people\": "), "{text}: {said}");
    }
    let columns = super::own::policies(
        r#"@rule("people") forbid (principal, action in [Picket::Action::"read"], resource is Picket::Column)
           when { resource.class == "email" };"#,
    );
    assert!(says(&columns, &catalog(), "select email from users").contains("Rule \"people\": "));
    for policies in [&tables, &columns] {
        for text in [
            "select id from orders",
            "select 1",
            "insert into orders values (1, 2)",
            "select email from unknown",
        ] {
            assert_eq!(says(policies, &catalog(), text), "allow", "{text}");
        }
    }
    assert_eq!(says(&columns, &catalog(), "select id from users"), "allow");
}

/// What other policies say of resources they say of tables, as before there were columns.
#[test]
fn policies_that_do_not_name_columns_are_not_asked_about_them() {
    for text in [
        r#"forbid (principal, action, resource) when { resource.name == "email" };"#,
        r#"forbid (principal, action == Picket::Action::"select", resource) unless { ["users", "orders", "shop"].contains(resource.name) };"#,
        r#"forbid (principal, action, resource in Picket::Table::"shop.public.orders") when { context.via == "trigger" };"#,
    ] {
        let policies = super::own::policies(
            &[text, r#"forbid (principal, action, resource == Picket::Column::"shop.public.orders.id");"#]
                .concat(),
        );
        assert_eq!(says(&policies, &catalog(), "select email from users"), "allow", "{text}");
    }
}
