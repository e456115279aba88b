//! Writes that touch every row of a table, in their disguises, and those that only look like it.

use super::verdict;

/// Conditions on `orders o` that leave nothing out.
const OPEN: [&str; 117] = [
    "true",
    "not false",
    "1 = 1",
    "1 < 2",
    "1 <> 2",
    "2 > 1 and 3 >= 3",
    "1 + 1 = 2",
    "-1 < 0",
    "'a' = 'a'",
    "'a' <> 'b'",
    "'1' = 1",
    "'a' || 'b' = 'ab'",
    "1::bool",
    "'t'",
    "'yes'::boolean",
    "cast('on' as bool)",
    "true::text = 'true'",
    "(select true)",
    "(select 1) = 1",
    "o.id = o.id",
    "id = id",
    "id = o.id",
    "id >= id",
    "lower(status) = lower(o.status)",
    "id is not distinct from id",
    "not (id <> id)",
    "not (id is distinct from id)",
    "(id = id) is true",
    "(1 = 1) is not false",
    "(id = id) = true",
    "true = (1 = 1)",
    "id = 5 or true",
    "id = 5 or 1 = 1",
    "(id = 5 and status = 'open') or not (1 = 2)",
    "id = id and status = status",
    "id is null or id is not null",
    "id is not null or not (id is not null)",
    "id = 5 or id <> 5",
    "id < 5 or id >= 5",
    "id < 5 or id = 5 or 7 = 8 or id > 5",
    "id = 5 or not (id = 5)",
    "(id is null) is not null",
    "ctid is not null",
    "o.tableoid is not null",
    "exists (select 1)",
    "exists (values (1))",
    "exists (select 1 where 1 = 1)",
    "exists (select count(*) from users)",
    "exists (select 1 from users)",
    "exists (select 1 from users u where u.id = u.id)",
    "not exists (select 1 where false)",
    "1 in (1)",
    "1 in (3, 2, 1)",
    "1 not in (2, 3)",
    "id in (id)",
    "id in (7, o.id)",
    "1 in (select 1)",
    "id in (select id)",
    "id in (select id from orders)",
    "id = any (array[id])",
    "5 between 1 and 9",
    "id between id and id",
    "status like '%'",
    "status ilike '%%'",
    "not (status not like '%')",
    "status ~ ''",
    "status ~ '.*'",
    "coalesce(true)",
    "coalesce(null, true, false)",
    "case when true then true else false end",
    "case when id = 5 then true else 1 = 1 end",
    "current_user is not null and now() is not null",
    "id = id + 0",
    "0 + id = o.id",
    "id - 0 >= id",
    "id * 1 = id",
    "id / 1 = id",
    "+id = id",
    "status || '' = status",
    "status::text = status",
    "id::numeric = id",
    "coalesce(id, 0) = id",
    "coalesce(o.status, 'x') = status",
    "id - id = 0",
    "id - o.id = 0",
    "0 = id - id",
    "id * 0 = 0",
    "0 & id = 0",
    "length(status) >= 0",
    "0 <= char_length(status)",
    "length(status) > -1",
    "abs(id) <> -1",
    "random() < 2",
    "random() >= 0",
    "status >= ''",
    "created_at <= 'infinity'",
    "ctid > '(0,0)'",
    "tableoid = 'orders'::regclass",
    "id | 0 = id",
    "id # 0 = id",
    "-(-id) = id",
    "@id >= 0",
    "greatest(id) = id",
    "nullif(id, null) = id",
    "status like status",
    "status similar to '%'",
    "array[id] && array[id]",
    "bool(1)",
    "int4(1)::bool",
    "boolin('t')",
    "textin('a') = 'a'",
    "booland_statefunc(true, true)",
    "forget(1)",
    "starts_with('abc', 'a')",
    "to_timestamp(0) < now()",
    "make_date(2024, 1, 1) < current_date",
    "pg_try_advisory_lock(1)",
];

/// Conditions that leave something out, or could.
const FILTERED: [&str; 63] = [
    "id = 5",
    "id = $1",
    "id <> 5",
    "id > 0",
    "false",
    "1 = 0",
    "not true",
    "id is null",
    "id = 5 and true",
    "1 = 1 and id = 5",
    "id = 5 or false",
    "id = 5 or id = 7",
    "id < 5 or id >= 7",
    "id < 5 or quantity >= 5",
    "id = product_id",
    "id is not distinct from user_id",
    "status like '%open%'",
    "status not like '%'",
    "status like ''",
    "status ~ '^open'",
    "id in (1, 2)",
    "id in (product_id)",
    "id in (select id from orders where status = 'open')",
    "id in (select user_id from orders)",
    "id in (select id from old.orders)",
    "id not in (select id from orders)",
    "exists (select 1 from users u where u.id = o.user_id)",
    "exists (select 1 from users limit 0) and id = 1",
    "($1 is null or status = $1)",
    "coalesce(status, 'open') = 'open'",
    "coalesce(status = 'open', true)",
    "case when id = 5 then true else false end",
    "case status when 'open' then true else true end and quantity = 1",
    "random() < 0.1",
    "random() > 0",
    "id = id + 1",
    "id - 1 = id",
    "id * 2 = id",
    "status || ' ' = status",
    "amount::int = amount",
    "status::varchar(1) = status",
    "amount % 1 = 0",
    "length(status) > 0",
    "length(status) = 0",
    "abs(id) > 1",
    "status > ''",
    "created_at < '2024-01-01'",
    "ctid = '(0,1)'",
    "tableoid = 'orders_2024'::regclass",
    "forget(id)",
    "forget(o)",
    "gen_random_uuid()::text < 'a'",
    "status similar to 'a%'",
    "-id = id",
    "greatest(id, 7) = id",
    "id operator(public.=) id",
    "(id = id) is null",
    "o is not null",
    "id between 1 and 9",
    "id between id and 9",
    "status = 'where true'",
    "status = '1 = 1' -- or true",
    "current of c",
];

fn assert_unfiltered(text: &str) {
    let verdict = verdict(text);
    assert!(verdict.contains("Rule \"no-unfiltered-write\""), "{text}: {verdict}");
}

#[test]
fn a_write_to_every_row_is_refused_in_every_disguise() {
    for condition in OPEN {
        assert_unfiltered(&format!("delete from orders o where {condition}"));
        assert_unfiltered(&format!("update orders as o set quantity = 1 where {condition}"));
    }
    for text in [
        "delete from orders",
        "delete from only orders",
        "DeLeTe/**/from orders -- where id = 1",
        "update orders set quantity = 0 returning *",
        "delete from orders using users u where u.id = 1",
        "delete from orders o using users as orders where orders.id = 1",
        "update orders set quantity = 1 from users u where u.city = 'Basel' and u.id = u.id",
        "with gone as (delete from orders returning *) select count(*) from gone",
        "with gone as (update orders set quantity = 1) delete from users where id = 1",
        "prepare p as delete from orders",
        "explain analyze delete from orders",
        "explain (analyze, buffers) update orders set quantity = 1",
        "create rule r as on insert to users do also delete from orders",
        "create function f() returns void begin atomic delete from orders; end",
        "merge into orders o using users u on true when matched then delete",
        "merge into orders o using users u on u.id = 1 when matched and 1 = 1 then update set quantity = 1",
        "merge into orders o using users u on false when not matched by source then delete",
    ] {
        assert_unfiltered(text);
    }
    insta::assert_snapshot!(verdict("delete from orders"), @r#"42501 Picket refused this statement: Rule "no-unfiltered-write": the DELETE has no condition that leaves any row of the table out."#);
}

#[test]
fn a_write_to_some_rows_is_allowed() {
    for condition in FILTERED {
        let text = format!("delete from orders o where {condition}");
        assert_eq!(verdict(&text), "allow", "{text}");
    }
    for text in [
        "update orders set quantity = quantity where id = 1",
        "delete from orders o using users u where u.id = o.user_id and u.city = 'Basel'",
        "delete from orders using users where users.id = orders.user_id",
        "insert into orders select * from users on conflict (id) do update set quantity = 1",
        "select 'delete from orders' from orders",
        "select 1 -- delete from orders",
        "explain delete from orders",
        "explain (costs off) update orders set quantity = 1",
        "merge into orders o using users u on u.id = o.user_id when matched then delete",
        "merge into orders o using users u on true when matched and o.status = 'open' then delete",
        "merge into orders o using users u on false when not matched then insert values (1)",
        "merge into orders o using users u on o.id = u.id when not matched by source and o.status = 'x' then delete",
    ] {
        assert_eq!(verdict(text), "allow", "{text}");
    }
}

/// Nobody means such a condition, and nobody waits for what it comes to.
#[test]
fn a_condition_that_is_too_large_to_look_at_is_none() {
    let parity = |numbers: &mut dyn Iterator<Item = u32>| {
        numbers.fold("true".to_owned(), |rest, n| format!("((c{n} = 1) = {rest})"))
    };
    let even = format!("{} = {}", parity(&mut (0..40)), parity(&mut (0..40).rev()));
    let cases =
        (0..40).fold("id = 1".to_owned(), |rest, n| format!("case when {rest} then c{n} = 1 else false end"));
    let wide = (0..70).map(|n| format!("c{n} = 1 or ")).collect::<String>() + "id = 1";
    for condition in [even, cases, wide] {
        assert_unfiltered(&format!("delete from orders where {condition}"));
    }
    let nested = (0..60).fold("id = 1".to_owned(), |rest, n| format!("({rest} or c{n} = 1) = true"));
    verdict(&format!("delete from orders where {nested}"));
    let long = (0..5_000).map(|n| format!("id = {n} or ")).collect::<String>();
    assert_eq!(verdict(&format!("delete from orders where {long} user_id = 1")), "allow");
}

/// What was read of one text is used for another with the same skeleton: only where the literals make no difference.
#[test]
fn a_verdict_that_rests_on_literals_is_not_shared() {
    let holds = |text: &str| sql::read(text.as_bytes()).unwrap().hold_for_skeleton();
    for text in [
        "delete from orders where id = 5",
        "update orders set quantity = 3 where id = 5 and status = 'open'",
        "delete from orders where made = '2024-01-01'::date",
        "delete from orders where id >= 100 and user_id = 7",
        "delete from orders",
    ] {
        assert!(holds(text), "{text}");
    }
    for text in [
        "delete from orders where 1 = 0",
        // What the column's type or a check leaves of these, a catalog tells.
        "delete from orders where id between 1 and 9",
        "delete from orders where id >= 100",
        "delete from orders where id in (1, 2) or status = 'open'",
        "delete from orders where id = id + 1",
        "delete from orders where made < '2024-01-01'::date",
        "delete from orders where status >= 'a'",
        "delete from orders where made between '2024-01-01' and '2024-12-31'",
        "delete from orders where tableoid = 'orders_2024'::regclass",
        "delete from orders where length(status) > 5",
        "delete from orders where status like '%a'",
        "delete from orders where id < 5 or id >= 7",
        "delete from orders where id = 5 or (id <> 6 and true)",
        "delete from orders where not (id = 5 and id = 6)",
        "with x as (select id from orders where id < 7) delete from orders where id in (select id from x)",
        "delete from orders where id = 5 or 'abc'::bool",
        "delete from orders where id = 5 or 1 = 2",
        "delete from orders where id in (7, id + 1)",
        "delete from orders where id + 1 = id + 2",
        "delete from orders where status ~ 'x'",
        "merge into orders o using users u on 1 = 0 when matched then delete",
    ] {
        assert!(!holds(text), "{text}");
    }
}

/// What looks at a variable alone is the same for each row.
#[test]
fn variables_of_a_body_are_no_columns() {
    let block = |declared: &str, condition: &str| {
        format!(
            "do $do$ <<b>> declare {declared}; begin delete from orders where {condition}; end $do$ language plpgsql"
        )
    };
    for (declared, condition) in [
        ("x int := 3", "x = 3"),
        ("X int; y int", "y = X"),
        ("\"x\" constant int := 3", "\"x\" = 3"),
        ("x alias for $1", "3 = x"),
        ("a text := 'x;'; really bool := true", "really"),
        ("x int", "b.x = 3"),
        ("x int", "x is null or x = 3"),
        ("x int", "x in (1, 2) and x between 1 and 3"),
        ("x int", "exists (select 1 where x = 3) or x = (select 3)"),
        ("x int", "case when x = 3 then true else x > 5 end"),
        ("x int[]", "x[1] = coalesce(x[2], 1)"),
        ("x record", "x.id = 3 and (x).id = 3"),
        ("x orders%rowtype", "x.id = x.quantity"),
        ("c cursor for select 1; x int", "found and x = 3"),
        ("x int", "id = id and x = 3"),
    ] {
        assert_unfiltered(&block(declared, condition));
    }
    for text in [
        "do $$ begin for i in 1..3 loop update orders set quantity = 1 where i = 3; end loop; end $$",
        "do $$ begin declare x int; begin delete from orders where x = 3; end; end $$",
        "create function f(x int) returns void language plpgsql as 'begin delete from orders where x = 3; end'",
        "create procedure f(inout x int) language plpgsql as 'begin delete from orders where x = 3; end'",
        "create function f() returns table (x int) language plpgsql as 'begin delete from orders where x = 3; end'",
        "create function f() returns trigger language plpgsql as $$ begin delete from orders where new.id = 3; return new; end $$",
        "create function f() returns trigger language plpgsql as $$ begin delete from orders where tg_op = 'INSERT'; end $$",
        "create function f(x int) returns void language plpgsql as 'begin merge into orders o using users u on x = 3 \
         when matched then delete; end'",
    ] {
        assert_unfiltered(text);
    }
    for (declared, condition) in [
        ("x int", "id = x"),
        ("x int", "x is null or id = x"),
        ("x int", "orders.x = 3"),
        ("x int", "y = 3"),
        ("x record", "id = x.id"),
    ] {
        assert_eq!(verdict(&block(declared, condition)), "allow", "{condition}");
    }
    for text in [
        "do $$ declare x int; begin execute 'delete from orders where x = 3'; end $$",
        "do $$ declare x int; begin delete from orders x where x.id = 3; end $$",
        "do $$ #variable_conflict use_column\ndeclare x int; begin delete from orders where x = 3; end $$",
        "create function f(x int) returns void language sql as 'delete from orders where x = 3'",
        "create function f(x int) returns void language plpgsql as 'begin null; end'; delete from orders where x = 3",
    ] {
        assert!(!verdict(text).contains("42501"), "{text}: {}", verdict(text));
    }
}

/// Rows that are written one after the other, each by its key, are all rows in the end.
#[test]
fn a_row_after_the_other_is_every_row() {
    for text in [
        "declare r record; begin for r in select id from orders loop delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in select * from orders loop delete from orders where r.id = orders.id; end loop; end",
        "begin for r in (select id as x, status from orders) loop update orders o set quantity = 0 where o.id = r.x; end loop; end",
        "declare r orders%rowtype; begin <<a>> for r in select * from orders order by id loop null; delete from orders where id = r.id and ctid = r.ctid; end loop a; end",
        "declare x int; begin for x in select id from orders loop delete from orders where id = x; end loop; end",
        "declare x int; y text; begin for y, x in select status, id from orders loop delete from orders where id::text = x::text; end loop; end",
        "declare r record; begin for r in table orders loop delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in with a as (select id from orders) select id from a loop delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in select id from orders where true loop if true then delete from orders where id = r.id; end if; end loop; end",
        "declare r record; begin for r in select id from orders loop begin delete from orders where id = r.id; exception when others then null; end; end loop; end",
        "declare r record; begin for r in select id from orders loop if false then continue; end if; exit when 1 = 2; delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in execute 'select id from orders' loop delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in select id from orders loop execute 'delete from orders where id = $1' using r.id; end loop; end",
        "declare x int; begin for x in select id from orders loop execute 'delete from orders where status = $1 or id = $2' using 'a', x; end loop; end",
        "declare r record; begin for r in select id from orders loop for i in 1..2 loop delete from orders where id = r.id; end loop; end loop; end",
        "declare c cursor for select * from orders; begin for r in c loop delete from orders where current of c; end loop; end",
        "declare c no scroll cursor is select * from orders; begin for r in c loop delete from orders where id = r.id; end loop; end",
        "declare c refcursor; r record; begin open c for select * from orders; loop fetch c into r; exit when not found; \
         delete from orders where current of c; end loop; end",
        "declare c cursor for select id from orders; x int; begin open c; loop fetch next from c into x; exit when not found; \
         update orders set quantity = 0 where id = x; end loop; end",
        "declare x int; begin foreach x in array (select array_agg(id) from orders) loop delete from orders where id = x; end loop; end",
        "declare x int; begin foreach x in array array(select id from orders) loop delete from orders where id = x; end loop; end",
        "declare ids int[]; begin select array_agg(id) into ids from orders; delete from orders where id = any (ids); end",
        "declare ids int[]; begin select array_agg(id), 1 from orders into strict ids; delete from orders where id in (select unnest(ids)); end",
        "declare ids int[] := array(select id from orders); begin delete from orders where id = any (ids); end",
        "declare ids int[]; x int; begin ids := (select array_agg(id order by id) from orders); foreach x in array ids loop delete from orders where id = x; end loop; end",
        "begin while exists (select from orders) loop delete from orders where id = (select min(id) from orders); end loop; end",
        "begin loop delete from orders where ctid in (select ctid from orders limit 100); exit when not found; end loop; end",
        "begin loop delete from orders where ctid = any (array(select ctid from orders limit 100)); exit when not found; end loop; end",
        "begin for i in 1..1000000 loop delete from orders where id = (select id from orders order by id limit 1); end loop; end",
        "declare x int; begin loop select max(id) into x from orders; exit when x is null; delete from orders where id = x; end loop; end",
    ] {
        assert_unfiltered(&format!("do $$ {text} $$"));
    }
    assert_unfiltered("delete from orders where id = any ((select array_agg(id) from orders)::int[])");
    assert_unfiltered("delete from orders where id in (select unnest(array(select id from orders)))");
}

#[test]
fn a_loop_that_leaves_rows_out_is_a_condition() {
    for text in [
        "declare r record; begin for r in select id from orders where status = 'old' loop delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in select id from orders limit 100 loop delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in select * from orders loop if r.quantity > 100 then delete from orders where id = r.id; end if; end loop; end",
        "declare r record; begin for r in select * from orders loop if false then null; elsif r.quantity > 1 then null; else delete from orders where id = r.id; end if; end loop; end",
        "declare r record; begin for r in select * from orders loop continue when r.quantity < 100; delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in select * from orders loop if r.quantity < 100 then continue; end if; delete from orders where id = r.id; end loop; end",
        "declare r record; begin for r in select * from orders loop delete from orders where id = r.id; exit; end loop; end",
        "declare r record; begin for r in select * from orders loop case r.status when 'old' then delete from orders where id = r.id; else null; end case; end loop; end",
        "declare r record; begin for r in select id from users loop delete from orders where user_id = r.id; end loop; end",
        "declare r record; begin for r in select user_id from orders loop delete from orders where id = r.user_id; end loop; end",
        "declare r record; begin for r in select id from orders loop delete from orders where id = r.id and status = 'old'; end loop; end",
        "declare r record; begin for r in select id from users loop for o in select id from orders where user_id = r.id loop delete from orders where id = o.id; end loop; end loop; end",
        "declare x int; begin select id into x from orders; delete from orders where id = x; end",
        "declare x int; begin select max(id) into x from orders; delete from orders where id = x; end",
        "declare n int; x int := 3; begin select count(*) into n from orders; delete from orders where id = x; end",
        "declare ids int[]; begin select array_agg(id) into ids from orders where status = 'old'; delete from orders where id = any (ids); end",
        "declare ids int[]; begin ids := array(select id from orders); ids := ids[1:2]; delete from orders where id = any (ids); end",
        "declare c cursor for select * from orders; begin open c; fetch c into r; delete from orders where current of c; end",
        "declare c cursor for select * from orders where status = 'old'; begin for r in c loop delete from orders where current of c; end loop; end",
        "begin loop delete from orders where id in (select id from orders where status = 'old' limit 100); exit when not found; end loop; end",
        "begin delete from orders where id in (select id from orders limit 100); end",
        "declare r record; begin for r in delete from orders where id in (select id from orders limit 100) returning * loop null; end loop; end",
        "declare r record; begin if found then for r in select id from users loop null; end loop; end if; delete from orders where id = r.id; end",
        "begin loop update orders set quantity = 1 where id = 3; if found then return; end if; begin insert into orders (id) values (3); return; \
         exception when unique_violation then null; end; end loop; end",
        "begin for i in 1..10 loop update orders set quantity = i where id = i; end loop; end",
    ] {
        let verdict = verdict(&format!("do $$ {text} $$"));
        assert!(!verdict.contains("no-unfiltered-write"), "{text}: {verdict}");
    }
}
