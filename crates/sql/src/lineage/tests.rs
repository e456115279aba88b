use super::results::DEFAULT_NAMES;
use super::*;

/// `users (id, name, email)`, of which `email` is sensitive, and a document `data`; `orders (id, user_id, note)`; a view `contacts (id, contact)`.
fn shown(text: &str) -> String {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<HashSet<_>>();
    let sensitive = Sensitive {
        columns: set(&["email", "contact"]),
        relations: set(&["users", "contacts"]),
        known: set(&["id", "name", "email", "user_id", "note", "contact", "data"]),
        documents: set(&["data"]),
        ..Sensitive::default()
    };
    match lineage(text, &sensitive, |key| key == "ssn") {
        Lineage::All => "all".to_owned(),
        Lineage::Columns(columns) => {
            let sign = |shows: &Shows| match shows {
                Shows::Nothing => '-',
                Shows::Documents => 'd',
                Shows::Values => 'x',
            };
            columns.iter().map(sign).collect()
        }
        Lineage::Names(names, _) => {
            let mut names: Vec<_> =
                names.into_iter().filter(|name| !DEFAULT_NAMES.contains(&name.as_str())).collect();
            names.sort_unstable();
            names.join(" ")
        }
    }
}

#[test]
fn what_an_expression_takes_from_a_sensitive_column_is_sensitive() {
    for (text, columns) in [
        ("select lower(email), lower(name) from users", "x-"),
        ("select u.email || '', u.name || '' from users u", "x-"),
        ("select reverse(email), length(email), email = 'a', md5(public.users.email) from users", "xxxx"),
        (
            "select case when email like 'a%' then 1 else 0 end, case name when 'a' then 1 end from users",
            "x-",
        ),
        ("select case substr(email, 1, 1) when 'a' then 'a' end from users", "x"),
        (
            "select coalesce(name, email), email is null, count(email), count(distinct u.email) from users u",
            "x---",
        ),
        ("select max(email), string_agg(name, ','), array_agg(email), min(id) from users", "x-x-"),
        ("select percentile_disc(0.5) within group (order by email) from users", "x"),
        ("select first_value(email) over (order by id), rank() over (order by email) from users", "x-"),
        ("select (array[email])[1], row(email), (row(name, email)).f2, email::text from users", "xxxx"),
        ("select (select email from users limit 1), exists (select email from users), 1", "x--"),
        ("select array(select * from users), (select max(u.email) from users u)", "xx"),
        ("select id in (select id from users where email = 'a') from orders", "-"),
        ("select id from users where email like 'a%' order by email", "-"),
        ("select 1, now(), $1 from users", "---"),
        (
            "select jsonb_build_object('a', email), json_object('a': name), json_object('a': email) from users",
            "x-x",
        ),
        ("select xmlelement(name a, email), xmlforest(name, id) from users", "x-"),
        ("select email collate \"C\", email at time zone 'UTC', +email from users", "xxx"),
        ("select greatest(email, 'a'), nullif(email, ''), format('%s', email), email[1] from users", "xxxx"),
    ] {
        assert_eq!(shown(text), columns, "{text}");
    }
}

/// Documents that nobody has looked at: only what is taken by keys can be sensitive.
#[test]
fn where_keys_alone_say_what_is_sensitive_a_star_is_not() {
    let sensitive = Sensitive { trusts_keys: true, ..Sensitive::default() };
    for (text, is_shown) in [
        ("select coalesce(json_agg(t), '[]') from (select * from orders) t", false),
        (
            "with p as (select * from orders) select coalesce(json_agg(t), '[]') as body from (select * from p) t",
            false,
        ),
        ("select coalesce(data ->> 'ssn', '[]') from orders", true),
        ("select coalesce(json_agg(t), '[]') from (select *, data ->> 'ssn' from orders) t", true),
        (
            "select coalesce(json_agg(q), '[]') from (select * from (select data ->> 'ssn' as x from orders) p) q",
            true,
        ),
        (
            "select json_agg(q) from (select * from (select * from (select data ->> 'ssn' as x from orders) a) b) q",
            true,
        ),
        (
            "with q as (select * from p), p as (select (data -> 'ssn') as x from orders) select json_agg(q) from q",
            true,
        ),
        (
            "select * from (select * from orders) a union all select * from (select data ->> 'ssn' from orders) b",
            true,
        ),
    ] {
        let lineage = lineage(text, &sensitive, |key| key == "ssn");
        assert_eq!(lineage.shows(0, 1, "coalesce") == Shows::Values, is_shown, "{text}: {lineage:?}");
    }
}

#[test]
fn a_rule_shows_what_its_returning_does() {
    let rule = |action: &str| shown(&format!("create rule r as on insert to orders do instead {action}"));
    assert_eq!(
        rule("insert into users (id) values (new.id) returning id, (select email || '' from users)"),
        "-x"
    );
    assert_eq!(rule("(delete from orders; update users set name = 'a' returning email, new.note)"), "x-");
    assert_eq!(rule("select 1"), "all");
    assert_eq!(rule("nothing"), "all");
}

#[test]
fn rows_hold_all_their_columns() {
    for (text, columns) in [
        ("select u from users u", "x"),
        ("select users from users", "x"),
        ("select row_to_json(u), to_jsonb(u.*), u::text, (u).email, email(u), (u).id from users u", "xxxxxx"),
        ("select u.shown from users u", "x"),
        ("select u.row_to_json, 1 as row_to_json from users u", "x-"),
        ("select u.f, (select 1 as f) from users as u", "x-"),
        ("select u.id + 1, o.shown from users u, orders o", "--"),
        ("select x from users as u(a, x, c)", "x"),
        ("update users set id = id returning old, new::text, to_jsonb(old), old.id, new.name", "xxx--"),
        (
            "update users set id = id returning with (old as o, new as n) o::text, n, o.email, o.id, n.name",
            "xxx--",
        ),
        ("delete from users returning old::text", "x"),
        (
            "insert into users values (1) on conflict (id) do update set id = 2 returning old::text, new.id",
            "x-",
        ),
        (
            "merge into users u using orders o on u.id = o.id when matched then update set name = 'a' \
             returning merge_action(), old::text, new.id, o.note",
            "-x--",
        ),
        (
            "with u as (update users set id = id returning old::text as z, old.id as i) select z || '', i + 1 from u",
            "x-",
        ),
        ("update orders set note = 'a' returning old, new::text", "--"),
        ("update orders set note = u.name from users u returning old, u.id + 1, orders::text", "---"),
        ("select x + 1 from (users u join orders o using (id)) as j(x, y)", "x"),
        ("select hstore(u) -> 'email', array_agg(u), json_agg(o) from users u, orders o", "xx-"),
    ] {
        assert_eq!(shown(text), columns, "{text}");
    }
}

#[test]
fn values_are_followed_through_names() {
    for (text, columns) in [
        ("select x || '' from (select email as x, name as y from users) s", "x"),
        ("select y || '' from (select email as x, name as y from users) s", "-"),
        ("select lower || '' from (select lower(email) from users) s", "x"),
        ("select \"case\" || '' from (select case when true then email end from users) s", "x"),
        ("select json_array || '' from (select json_array(email) from users) s", "x"),
        ("select json_array || '' from (select json_array(select email from users)) s", "x"),
        ("select json_object || '' from (select json_object('a': email) from users) s", "x"),
        ("select json_arrayagg || '' from (select json_arrayagg(email) from users) s", "x"),
        ("select json_objectagg || '' from (select json_objectagg(name: email) from users) s", "x"),
        ("select json_scalar || '' from (select json_scalar(email) from users) s", "x"),
        ("select json_serialize || '' from (select json_serialize(json(email)) from users) s", "x"),
        ("select json || '' from (select json(email) from users) s", "x"),
        ("select json_query || '' from (select json_query(to_jsonb(email), '$') from users) s", "x"),
        ("select json_value || '' from (select json_value(to_jsonb(email), '$')::text from users) s", "x"),
        ("select json_exists from (select json_exists(to_jsonb(email), '$.a') from users) s", "x"),
        ("select json_array || '' from (select json_array(name), lower(email) from users) s", "-"),
        ("select a || b from (select email, name from users) s(a, b)", "x"),
        (
            "select email || '', id || '' from (select (select lower(email) as email from users where id = 1), id from orders) s",
            "x-",
        ),
        ("select e || '' from (select (select * from (select email as e from users) q)) s", "x"),
        ("select column1 || '' from (select (values (email)) from users) s", "x"),
        ("with c as (select email as x from users) select lower(x) from c", "x"),
        ("with c(x) as (select email from users) select lower(x) from c", "x"),
        (
            "with c as (select email x from users), d as (select x as y from c) select upper(y), 2 from d",
            "x-",
        ),
        (
            "with recursive c(n, x) as (select 1, email from users union all select n + 1, x from c) select n + 0, x || '' from c",
            "xx",
        ),
        ("select c::text from (select email from users) c", "x"),
        ("select x || '' from users u, lateral (select u.email as x) l", "x"),
        ("select column1 || '' from users, lateral (values (email)) v", "x"),
        ("select x || '' from users, lateral (values (1, email)) v(y, x)", "x"),
        ("select id, name from orders union select id, email from users", "-x"),
        ("select x || '' from (select name as x from users union all select email from users) s", "x"),
        ("select 1 as a, 2 as b from users intersect (select 1, 2 union select 3, email)", "-x"),
        ("with gone as (delete from users returning email as x) select lower(x) from gone", "x"),
        ("insert into users (email) values ('a') returning id + 1, lower(email)", "-x"),
        ("update users set name = 'a' returning upper(name), email || ''", "-x"),
        ("select note || '' from orders, users", "-"),
        ("select contact || '' from contacts", "x"),
        ("select xmlelement::text from (select xmlelement(name a, email) from users) s", "x"),
        (
            "with recursive t(i, p) as (select id, email from users) search depth first by i, p set \"Ord\" select \"Ord\" || '' from t",
            "x",
        ),
    ] {
        assert_eq!(shown(text), columns, "{text}");
    }
}

#[test]
fn where_columns_have_no_place_their_names_tell() {
    for (text, names) in [
        (
            "select * from (select lower(email) as x, name as y from users) s",
            "contact contacts email s users x",
        ),
        ("select 1 as one, lower(u.email) as low, u.* from users u", "contact contacts email low u users"),
        ("explain select email from users", ""),
        ("show search_path", ""),
    ] {
        assert_eq!(shown(text), names, "{text}");
    }
}

#[test]
fn what_cannot_be_told_is_all() {
    for text in [
        "select x from users u, lower(u.email) x",
        "select (u).* from users u",
        "select * from users union select * from users",
        "select * from xmltable('/a' passing (select xmlagg(xmlelement(name a, email)) from users) columns b text)",
        "select 1; select 2",
        "execute p",
        "call p()",
        "select note from (table orders union all select id, user_id, reverse(email) from users) q",
        "with recursive w as (select o.* from orders o union all select id, id, email from users) select note from w",
        "select f1 from (select (r).* from (select row(reverse(email)) r from users) q) t",
        "fetch c",
        "selec",
        "",
    ] {
        assert_eq!(shown(text), "all", "{text}");
    }
    assert_eq!(shown("select g from users, generate_series(1, 3) g"), "-");
    assert_eq!(shown("select (o).* from orders o, users"), "");
}

#[test]
fn documents_are_told_by_their_keys_where_they_are_kept_whole() {
    for (text, columns) in [
        (
            "select data, data->>'a', data->'a'->0->>'b', data#>>'{a,b}', data['a'], u.data->>'a' from users u",
            "dddddd",
        ),
        (
            "select data->>'ssn', data->'ssn'->>'a', data#>'{a,ssn}', data['ssn']['a'], data #> array['ssn']",
            "xxxxx",
        ),
        ("select data->name, data->>('s' || 'sn'), data->$1, data#>>$2, data[name] from users", "xxxxx"),
        ("select jsonb_extract_path(data, 'a'), jsonb_extract_path_text(data, 'a', 'ssn') from users", "dx"),
        (
            "select (data->>'a')::int + 1, round((data->>'a')::numeric, 2), (data->>'ssn')::int from users",
            "--x",
        ),
        (
            "select substr(data->>'a', 2), length(data::text), data - 'a', data ? 'ssn', row(data) from users",
            "xxxxx",
        ),
        (
            "select data->>'a' = 'b', data->>'a' in ('b'), data->>'a' like 'b%', data->>'a' > 'b' from users",
            "ddxx",
        ),
        (
            "select initcap(data->>'a'), coalesce(data->>'a', ''), (data->>'a') || name, btrim(data->>'a') from users",
            "xddd",
        ),
        (
            "select btrim(data->>'a', '{'), ltrim(data->>'a', '\"'), format('%I', data->>'a') from users",
            "xxx",
        ),
        (
            "select max(data->>'a'), jsonb_agg(data), jsonb_build_object('a', data), count(data) from users",
            "ddd-",
        ),
        (
            "select case data->>'a' when 'b' then 1 else 2 end, case when name = 'a' then data->>'a' end from users",
            "dd",
        ),
        ("select (select data from users limit 1), array(select data->'a' from users)", "dd"),
        ("select to_jsonb(u), u from users u", "xx"),
        (
            "select data::text::bytea, data::text::varchar(9), data::name, lower(data->>'a'), upper(data::text) from users",
            "xxxxx",
        ),
        (
            "select data->>'ssn_count'::varchar(3), data #>> '{s\\sn}', data #> array['a'::char(1)] from users",
            "xxx",
        ),
        (
            "select sum(coalesce(data->>'a', '0')::numeric(10, 2)), nullif(data->>'a', '')::int * 2 from users",
            "--",
        ),
        (
            "select sum(case when data->>'a' = 'b' then 1 else 0 end), substr(data->>'a', 2)::int from users",
            "dx",
        ),
        (
            "select i->>'a', (i->>'a')::int, i->>'ssn', substr(i::text, 2) from users, jsonb_array_elements(data->'a') i",
            "d-xx",
        ),
        (
            "select a, concat(a), substr(a, 2), n + 1 from (select data->>'a' a, (data->>'a')::int n from users) s",
            "ddx-",
        ),
        ("select my.upper(data->>'a'), data operator(my.->) 'a' from users", "xx"),
        ("select q, q.x, 1 from (select data x from users) q", "xd-"),
        (
            "select q::text, array_agg(q), coalesce(q, q), concat(q), format('%s', q), max(q) from (select data x from users) q",
            "xxxxxx",
        ),
        (
            "select to_jsonb(q), json_agg(q), row_to_json(q), to_jsonb(array_agg(q)) from (select data x from users) q",
            "dddd",
        ),
        (
            "select to_jsonb(q::text), json_agg(concat(q)), row_to_json(row(q)) from (select data x from users) q",
            "xxx",
        ),
        ("with q as (select data x from users) select json_agg(r), r.x from q r", "dd"),
        ("with q as (select data x from users) select r from q r", "x"),
        ("select s from (select q from (select data x from users) q) s", "x"),
        ("select r from (select q r from (select data x from users) q) s", "x"),
        ("select data from (select data from users) data", "d"),
        ("select elem, elem->>'a' from users, jsonb_array_elements(data) elem", "dd"),
        ("select q from (select id x from users) q", "-"),
        ("select o.meta->>'ssn', o.meta->>'a' from orders o, users", "x-"),
        ("select jsonb_path_query(data, '$.ssn'), json_value(data, '$.a') from users", "xx"),
        (
            "select data -> '{a,ssn}'::text[], data #> '{a,ssn}'::text[], data #> '{a,b}'::text[] from users",
            "xxd",
        ),
        (
            "select jsonb_extract_path(data, variadic '{a,ssn}'), jsonb_extract_path(data, variadic array['a']) from users",
            "xd",
        ),
        (
            "select data -> 0::int, data -> id::int, data ->> 'a'::varchar, data ->> 'ssn'::varchar from users",
            "dxdx",
        ),
        ("select data -> $1, data[$1], jsonb_extract_path(data, $1), data -> 'a' -> ($2) from users", "xxxx"),
    ] {
        assert_eq!(shown(text), columns, "{text}");
    }
    assert_eq!(shown("select k.value, k.key, k, users.id from users, jsonb_each(data) k"), "x-x-");
    assert_eq!(shown("select jsonb_each, value, key from users, jsonb_each(data)"), "xx-");
    assert_eq!(shown("select v, k from users u, jsonb_each(to_jsonb(u)) e (k, v)"), "x-");
}

#[test]
fn keys_that_are_parameters_are_written_in_their_places() {
    let text = "select data ->> $1, data[$2], data /* ' */ #> ($4), f($7, $7), jsonb_extract_path(data, 'a', $12) from users where id = $3";
    assert_eq!(key_parameters(text), [1, 2, 4, 12]);
    for text in ["select data -> 'a', $1 from users where id = $2", "select '-> $1', $1 from users"] {
        assert!(key_parameters(text).is_empty(), "{text}");
    }
    let (one, many) = (|key: &str| Key::Text(key.into()), |keys: &str| Key::Texts(keys.into()));
    let keys = [(1, one("it's")), (2, Key::Place), (4, many("{a,b}")), (12, one("b"))];
    let written = with_keys(text, &keys);
    assert_eq!(
        written,
        "select data ->> 'it''s', data[0], data /* ' */ #> ('{a,b}'::text[]), f($7, $7), jsonb_extract_path(data, 'a', 'b') from users where id = $3"
    );
    assert_eq!(shown(&written), "ddd-d");
    for keys in [[(1, one("ssn")), (12, one("a"))], [(1, one("a")), (12, one("ssn"))]] {
        let columns =
            shown(&with_keys("select data ->> $1, jsonb_extract_path(data, $12) from users", &keys));
        assert_eq!(columns.matches('x').count(), 1, "{columns}");
    }
    let hidden = with_keys("select data -> $1 from users", &[(1, many("{a,ssn}"))]);
    assert_eq!(shown(&hidden), "x");
}

#[test]
fn a_name_behind_a_dot_is_a_column_of_that_relation_alone() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<HashSet<_>>();
    let of = |relation: &str, columns: &[&str]| (relation.to_owned(), set(columns));
    let sensitive = Sensitive {
        columns: set(&["email"]),
        relations: set(&["users"]),
        known: set(&["id", "email", "title"]),
        columns_of: HashMap::from([of("users", &["id", "email"]), of("products", &["id", "title"])]),
        ..Sensitive::default()
    };
    let shows = |text: &str| match lineage(text, &sensitive, |_| false) {
        Lineage::Columns(columns) => columns.contains(&Shows::Values),
        other => panic!("{text}: {other:?}"),
    };
    for text in [
        "select u.title from users u, products p",
        "select users.title from users, products p",
        "select u.title || '' from users u join products u2 on true",
        "select (u).title from users u, products p",
        "select s.title from (select u.title from users u, products p) s",
    ] {
        assert!(shows(text), "{text}");
    }
    for text in [
        "select u.id, p.title from users u, products p",
        "select u.id, u.ctid, products.title from users u, products",
        "select p.title from users u, products p where u.id = p.id",
        "select s.title from (select p.title from users u, products p) s",
    ] {
        assert!(!shows(text), "{text}");
    }
}

/// Names of the columns that a text writes something sensitive into, where any by `*`.
fn spilled(text: &str, sensitive: &Sensitive) -> String {
    let name = |column: &Spilled| match column {
        Spilled::Any => "*".to_owned(),
        Spilled::Named { name, .. } => name.clone(),
        Spilled::At { place, .. } => place.to_string(),
    };
    let all = spills(text, sensitive, None).into_iter().flat_map(|spill| spill.columns);
    all.map(|column| name(&column)).collect::<Vec<_>>().join(" ")
}

#[test]
fn columns_of_types_that_something_fills_are_written_to() {
    let types = HashSet::from(["code".to_owned()]);
    let sensitive = Sensitive { types, ..Sensitive::default() };
    for (text, columns) in [
        ("create table t (a int, b code, c public.code not null)", "b c"),
        ("create table t of code", "*"),
        ("alter table t add column b code", "b"),
        ("alter table t alter b type code", "b"),
        ("create table t (a int, b text)", ""),
        ("alter table t alter b type text", ""),
    ] {
        assert_eq!(spilled(text, &sensitive), columns, "{text}");
    }
    let none = HashSet::new();
    assert!(sinks("alter table t add column b code", &sensitive, &none, |_| false));
    assert!(!sinks("alter table t alter b type code", &sensitive, &none, |_| false));
}

#[test]
fn what_has_no_name_can_be_written_anywhere() {
    let anything = Sensitive { anything: true, ..Sensitive::default() };
    for (text, columns) in [
        ("insert into t select 1 === 1", "0"),
        ("insert into t (a, b) values (1, 'x')", "a b"),
        ("create table t as select 1 === 1 as m, 2", "0 1"),
        ("create table t as select * from u", "*"),
        ("update t set a = 1 === 1", "a"),
    ] {
        assert_eq!(spilled(text, &anything), columns, "{text}");
    }
    let functions = HashSet::from(["listed".to_owned()]);
    let of_code = Sensitive { functions, ..Sensitive::default() };
    for (text, columns) in [
        ("insert into t select b from listed()", "0"),
        ("insert into t select l.b, 1 from listed() l", "0"),
        ("insert into t select 1 from listed()", ""),
    ] {
        assert_eq!(spilled(text, &of_code), columns, "{text}");
    }
}

#[test]
fn stars_are_written_as_the_columns_that_they_stand_for() {
    let strings = |all: &[&str]| all.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let rows = [("users", strings(&["id", "email", "city"])), ("src", strings(&["a", "b"]))];
    let sensitive = Sensitive {
        columns: HashSet::from(["email".to_owned()]),
        relations: HashSet::from(["users".to_owned()]),
        known: strings(&["id", "email", "city", "a", "b"]).into_iter().collect(),
        functions: HashSet::from(["listed".to_owned()]),
        rows: rows.map(|(name, columns)| (name.to_owned(), columns)).into(),
        ..Sensitive::default()
    };
    for (text, columns) in [
        (
            "insert into users (id, email, city) select * from unnest('{1}'::int[], '{a@b.de}'::text[], $1)",
            "",
        ),
        ("insert into users select * from (values (1, 'a@b.de', 'x')) v", ""),
        ("insert into users (city) select * from generate_series(1, 3)", ""),
        ("insert into t select * from (select a, b from src) x", ""),
        ("with x as (select a from src) insert into t select * from x", ""),
        ("insert into t with x as (values (1)) select * from x, src", ""),
        ("insert into t select x.* from src x join users u using (id) where u.email = 'x'", ""),
        ("create table t as select * from generate_series(1, 3) g, src", ""),
        ("insert into t select x.* from unnest($1::text[], '{1}'::int[], $3::int[]) x (email, id, n)", "0"),
        (
            "insert into t select * from src, unnest($1::int[], array(select email from users)::text[])",
            "0 1 3",
        ),
        ("insert into t (p, q) select * from unnest($1::pairs[]) x (email)", "p q"),
        (
            "insert into t (p, q) select * from unnest($1::text[], $2::int[]) with ordinality x (email, b, n)",
            "p q",
        ),
        ("insert into t (p, q, r) select * from (select a, email, b from src, users) x", "q"),
        ("insert into t select *, 1 from (select a, email from src, users) x", "1"),
        ("with x (p, q) as (select id, email from users) insert into t select * from x", "0 1"),
        ("insert into t select * from (select a from src) x, users", "2"),
        ("insert into t select * from src union all select city, email from users", "0 1"),
        (
            "insert into t (p, q) select * from unnest((select array_agg(email) from users), '{1}'::int[])",
            "p q",
        ),
        ("insert into t (p, q) select * from listed()", "p q"),
        ("insert into t select * from listed()", "*"),
        (
            "insert into t select * from jsonb_to_record((select to_jsonb(email) from users)) x (p int, q text)",
            "0 1",
        ),
        ("insert into t (p, q) select * from src natural join users", "p q"),
        ("insert into t select * from (select 'x') v (email)", "0"),
        ("insert into t select * from unknown", "*"),
        ("insert into t (p) select * from unknown", "p"),
        (
            "with recursive x as (select a from src union all select * from x) insert into t (p) select * from x",
            "p",
        ),
        ("with users as (select * from users) insert into t select * from users", "1"),
        ("with users as (select a from src) insert into t select * from users", ""),
        ("insert into t select * from (select 'x') v (c) where c = (select email from users limit 1)", "0"),
        ("create table t as select * from (select email as x, 1 as y from users) v", "0"),
        ("insert into t (p) select (listed()).*", "p"),
        ("insert into t (p) select * from src, lateral (select email from users where id = a) x", "2"),
    ] {
        assert_eq!(spilled(text, &sensitive), columns, "{text}");
    }
}

#[test]
fn a_table_is_made_like_what_its_definition_names() {
    let like = |text: &str| {
        let all = likenesses(text).into_iter();
        all.map(|like| format!("{}<{}{}", like.made, like.of, if like.by_types { "" } else { "!" }))
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (text, all) in [
        ("create table t (like s.u including all, a int)", "t<u!"),
        ("create table t () inherits (u, v)", "t<u! t<v!"),
        ("create table t partition of u default", "t<u!"),
        ("create table t as select a from u, v", "t<u t<v"),
        ("select a into t from u", "t<u"),
        ("create table t (a int)", ""),
        ("insert into t select a from u", ""),
    ] {
        assert_eq!(like(text), all, "{text}");
    }
}

#[test]
fn what_leaves_columns_what_they_are_is_told() {
    for text in [
        "ALTER TABLE t ADD COLUMN a int, DROP CONSTRAINT c",
        "ALTER TABLE t DETACH PARTITION p",
        "ALTER TABLE t NO INHERIT p",
        "ALTER TABLE t ALTER COLUMN a TYPE bigint",
        "ALTER TABLE t ALTER a TYPE varchar USING a::varchar",
    ] {
        assert!(widens(text), "{text}");
    }
    for text in [
        "ALTER TABLE t DROP COLUMN a",
        "ALTER TABLE t ATTACH PARTITION p DEFAULT",
        "ALTER TABLE t ALTER a TYPE varchar(1)",
        "ALTER TABLE t ALTER a TYPE own",
        "ALTER TABLE t ALTER a TYPE bigint[]",
        "ALTER TABLE t ALTER a TYPE varchar USING b",
        "ALTER TABLE t ALTER a TYPE varchar USING left(a, 1)",
        "ALTER TABLE t ALTER a TYPE varchar USING a::own",
    ] {
        assert!(!widens(text), "{text}");
    }
}

#[test]
fn a_new_table_tells_where_its_columns_stand() {
    let columns = |text: &str| told(text).map(|told| (told.columns.join(" "), told.like));
    assert_eq!(columns("CREATE TABLE t (a int, b text, CHECK (a > 1))"), Some(("a b".to_owned(), None)));
    let like = Some((Some("s".to_owned()), "o".to_owned()));
    assert_eq!(columns("CREATE TEMP TABLE t (LIKE s.o INCLUDING ALL)"), Some((String::new(), like)));
    for text in [
        "CREATE TABLE IF NOT EXISTS t (a int)",
        "CREATE TABLE t (LIKE o, b int)",
        "CREATE TABLE t (a int) INHERITS (o)",
        "CREATE TABLE t PARTITION OF o DEFAULT",
        "CREATE TABLE t OF o",
        "CREATE TABLE t AS SELECT 1 AS a",
    ] {
        assert_eq!(columns(text), None, "{text}");
    }
}
