//! Tests of what bodies do with sensitive values.

use super::*;
use crate::catalog::Routine;

fn names(names: &[&str]) -> HashSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn sensitive() -> Sensitive {
    let people = ["id", "name", "email", "age", "data"];
    let visits = ["id", "person", "note"];
    let columns_of = [("people", names(&people)), ("visits", names(&visits)), ("log", names(&["n", "v"]))];
    Sensitive {
        columns: names(&["email"]),
        relations: names(&["people"]),
        known: people.iter().chain(&visits).chain(&["n", "v"]).map(|name| (*name).to_owned()).collect(),
        columns_of: columns_of.map(|(name, columns)| (name.to_owned(), columns)).into(),
        documents: names(&["data"]),
        functions: names(&["mail"]),
        ..Sensitive::default()
    }
}

fn followed(language: &str, head: &str, body: &str) -> Option<Followed> {
    let definition = format!("CREATE FUNCTION f{head} LANGUAGE {language} AS $body${body}$body$");
    let routine = Routine::new("f".into(), 1, language.into(), body.into(), definition);
    let taking = Taking { fills: names(&["note_down"]), sinks: names(&["tell"]), ..Taking::default() };
    routine.follow(&sensitive(), &taking, |key| key == "ssn")
}

fn plpgsql(body: &str) -> Option<Followed> {
    followed("plpgsql", "(p text, q int) RETURNS text", body)
}

#[test]
fn what_gives_values_back_is_found() {
    for body in [
        "begin return (select email from people where id = q); end",
        "declare v text; begin select email into v from people; return v; end",
        "declare v text; w text; begin select id, email into w, v from people; return v; end",
        "declare v text; begin select email into strict v from people; return lower(v) || '!'; end",
        "declare v text; begin v := (select email from people limit 1); return v; end",
        "declare v text := (select max(email) from people); begin return v; end",
        "declare v text; w text; begin select email into v from people; w = v; return w; end",
        "declare r people; begin select * into r from people; return r.email; end",
        "declare r record; begin select * into r from people; return r; end",
        "declare r record; begin select p.* into r from people p; return r::text; end",
        "declare r record; begin select lower(email) as e into r from people; return r.e; end",
        "declare r record; begin for r in select id, email from people loop return next r; end loop; end",
        "begin for r in select * from people loop return r.email; end loop; end",
        "declare a text; b text; begin for a, b in select id, email from people loop return b; end loop; end",
        "declare a text; b text; begin for a, b in select * from people loop return a; end loop; end",
        "declare c cursor for select email from people; v text; begin open c; fetch c into v; return v; end",
        "declare c cursor for select email from people; begin for r in c loop return r.email; end loop; end",
        "declare c refcursor; v text; begin open c for select email from people; fetch next from c into v; return v; end",
        "begin return query select id, email from people; end",
        "begin return query select * from people; end",
        "begin return query select p.* from people p join visits v on true; end",
        "begin return query select v.note, x.* from visits v, (select email from people) x; end",
        "declare a text[]; begin a[1] := (select email from people limit 1); return a[1]; end",
        "declare a text[]; v text; begin a := array(select email from people); foreach v in array a loop return v; end loop; end",
        "declare v text; begin update people set age = 1 where id = q returning email into v; return v; end",
        "declare v text; w alias for v; begin select email into w from people; return v; end",
        "declare v text; begin call tell(v, (select email from people)); return v; end",
        "declare value text; begin call tell(value, (select email from people)); return value; end",
        "begin return mail(1); end",
        "declare v text; begin v := mail(1); return v; end",
        "begin return (select data from people limit 1); end",
        "begin return (select data ->> 'ssn' from people limit 1); end",
        "<<b>> declare v text; begin select email into b.v from people; return b.v; end",
        "declare v text; begin execute 'select max(email) from people' into v; return v; end",
        // By what it does.
        "declare v text; begin select email into v from people; if v like 'a%' then return 'a'; end if; return 'b'; end",
        "declare v text; begin select email into v from people; if left(v, 1) = p then return 'a'; end if; return 'b'; end",
        "declare v text; l text; begin select email into v from people; l := left(v, 1); if l = 'a' then return 'a'; end if; return 'b'; end",
        "declare l text; begin select left(email, 1) into l from people; case l when 'a' then return 'a'; else return 'b'; end case; end",
        "declare v text; n int := 0; begin select email into v from people; for i in 1..length(v) loop n := n + 1; end loop; return n; end",
        "declare v text; n int := 0; begin select email into v from people; while n < ascii(v) loop n := n + 1; end loop; return n; end",
        "declare v text; n int := 0; begin select email into v from people; loop exit when n = ascii(v); n := n + 1; end loop; return n; end",
        "declare c text; n int := 0; begin foreach c in array (select string_to_array(email, null) from people) loop n := n + 1; end loop; return n; end",
        "declare n int := 0; begin for c in select regexp_split_to_table(email, '') from people loop n := n + 1; end loop; return n; end",
        "begin return (select id from people where email like 'a%'); end",
        "begin perform 1 from people where email like 'a%'; return found; end",
        "declare v text; f bool; begin select email into v from people; f := v > 'm'; return f; end",
        "begin raise exception '%', (select email from people limit 1); exception when others then return sqlerrm; end",
        "declare v text; begin raise exception '%', (select email from people limit 1); exception when others then get stacked diagnostics v = message_text; return v; end",
        "declare n int; begin select email into n from people; return 1; exception when others then return 0; end",
        "begin perform email::int from people; return 1; exception when others then return 0; end",
        "declare a text; b text; begin select x.* into a, b from (select left(email, 1) as l, id from people) x; if b = 'a' then return 1; end if; return 2; end",
    ] {
        assert!(plpgsql(body).unwrap().gives, "{body}");
    }
    for (head, body) in [
        ("(OUT a int, OUT b text)", "begin select id, email into a, b from people; end"),
        (
            "() RETURNS TABLE (a int, b text)",
            "begin for a, b in select id, email from people loop return next; end loop; end",
        ),
        ("(INOUT a text)", "begin a := mail(1); end"),
        ("(p text DEFAULT mail(1)) RETURNS text", "begin return p; end"),
        (
            "() RETURNS text",
            "declare a text[]; begin perform mail(1); exception when others then get stacked diagnostics a[1] = message_text; return a; end",
        ),
    ] {
        assert!(followed("plpgsql", head, body).unwrap().gives, "{head}: {body}");
    }
    for body in [
        "select email from people where id = q",
        "select 1; select upper(email) from people",
        "select id, email from people",
        "select * from people",
        "select p from people p",
        "select id from people where email like p",
        "select id from people where left(email, 1) = p",
        "select mail(q)",
        "update people set age = 1 returning email",
    ] {
        assert!(followed("sql", "(p text, q int) RETURNS text", body).unwrap().gives, "{body}");
    }
}

#[test]
fn what_gives_no_values_back_does_not() {
    for body in [
        "begin return (select id from people where email = p); end",
        "declare v int; begin select id into v from people where email = current_setting('app.email'); return v; end",
        "declare v int; begin select p.id into strict v from people p where lower(p.email) = lower(p); return v; exception when no_data_found then return null; end",
        "begin return exists (select 1 from people where id = q and email is not null); end",
        "begin return (select count(*) from people where email = p); end",
        "declare r people; begin select * into r from people where id = q; return r.name; end",
        "declare r record; begin select * into r from people where id = q; if r.age > 18 then return r.id; end if; return null; end",
        "declare r record; begin for r in select * from people order by email loop return r.id; end loop; end",
        "declare r visits; begin select * into r from visits v where v.person = (select id from people where email = p); return r; end",
        "begin return query select v.* from visits v join people p on p.id = v.person where p.email = p; end",
        "begin return query select * from visits v where v.person in (select id from people where email = p); end",
        "declare a int; b text; begin select id, email into a, b from people; return a; end",
        "declare v text; begin select email into v from people where id = q; if v is null then raise exception 'nobody'; end if; return q; end",
        "declare v text; begin select email into v from people where id = q; if v = p then return q; end if; return null; end",
        "declare v text; begin select email into v from people where id = q; raise notice 'hello %', v; return q; end",
        "declare c cursor for select id, email from people; begin for r in c loop return r.id; end loop; end",
        "declare r record; begin select id, email into r from people; return r.id; end",
        "declare r people%rowtype; begin select p.* into r from people p where p.id = $2; return r.id; end",
        "declare r people; s people; begin select * into r from people; s := r; return s.id; end",
        "begin return $2; end",
        "begin perform set_config('app.person', (select id::text from people where email = p), true); return null; end",
        "begin update people set email = p where id = q; if not found then return null; end if; return q; end",
        "declare v int; begin insert into people (email) values (p) returning id into v; return v; end",
        "begin for i in 1..3 loop perform 1 from people where email = p; end loop; return 'x'; end",
        "begin case q when 1 then return 'a'; else return name from people; end case; end",
    ] {
        let followed = plpgsql(body).unwrap();
        assert!(!followed.gives && followed.asks.is_none(), "{body}: {followed:?}");
    }
    for (head, body) in [
        ("() RETURNS TABLE (a int, b text)", "begin return query select id, name from people; end"),
        ("(OUT a int)", "begin select id into a from people where email = current_user; end"),
    ] {
        assert!(!followed("plpgsql", head, body).unwrap().gives, "{head}: {body}");
    }
    for body in [
        "select id from people where email = p",
        "select email from people; select id from people",
        "select exists (select from people where email = p)",
        "select v.* from visits v join people p on p.id = v.person",
        "insert into people (email) values (p) returning id",
    ] {
        assert!(!followed("sql", "(p text, q int) RETURNS text", body).unwrap().gives, "{body}");
    }
    assert!(!followed("sql", "() RETURNS void", "select email from people").unwrap().gives);
    for head in ["(text DEFAULT mail(1)) RETURNS text", "(p text DEFAULT mail(1)) RETURNS text"] {
        assert!(followed("sql", head, "select $1").unwrap().gives, "{head}");
        assert!(followed("plpgsql", head, "begin return $1; end").unwrap().gives, "{head}");
    }
    let written = followed("sql", "(p text DEFAULT mail(1)) RETURNS void", "insert into log values (1, p)");
    assert_eq!(written.map(|done| done.spills.len()), Some(1));
}

#[test]
fn what_is_written_and_handed_over_is_found() {
    let does = |body: &str| {
        let Followed { spills, fills, hands_over, .. } = plpgsql(body).unwrap();
        (!spills.is_empty(), fills, hands_over)
    };
    for (body, expected) in [
        ("begin insert into log select id, email from people; return null; end", (true, false, false)),
        (
            "declare v text; begin select email into v from people; insert into log (v) values (v); return 1; end",
            (true, false, false),
        ),
        (
            "declare v text; begin select email into v from people; update log set v = v; return 1; end",
            (true, false, false),
        ),
        ("begin perform note_down(email) from people; return 1; end", (false, true, false)),
        ("begin perform tell(email) from people; return 1; end", (false, false, true)),
        (
            "declare v text; begin v := mail(1); perform set_config('x', v, true); return 1; end",
            (false, false, true),
        ),
        (
            "begin if exists (select from people where email like 'a%') then insert into log values (1); end if; return 1; end",
            (false, true, true),
        ),
        (
            "begin insert into log select id, name from people where email = p; return null; end",
            (false, false, false),
        ),
        (
            "declare v int; begin select id into v from people where email = p; perform set_config('x', v::text, true), note_down(v); return 1; end",
            (false, false, false),
        ),
    ] {
        assert_eq!(does(body), expected, "{body}");
    }
}

#[test]
fn what_is_not_understood_is_not_followed() {
    for body in [
        "begin return query execute 'select email from people where id = $1' using q; end",
        "begin for r in execute 'select email from people' loop return r; end loop; end",
        "declare v text; begin fetch p into v; return v; end",
        "declare c cursor (n int) for select email from people where id = n; begin open c(1); return null; end",
        "begin p := mail(1); return $1; end",
        "declare n alias for $1; begin n := mail(1); return $1; end",
        "declare c refcursor; n int; begin open c for select id from people; move forward n from c; return 1; end",
        "begin this is no statement; end",
        "begin if a then b; end",
    ] {
        assert_eq!(plpgsql(body), None, "{body}");
    }
}

#[test]
fn blocks_ask_as_statements_do() {
    let asks = |body: &str| {
        let text = format!("DO $body${body}$body$");
        followed_block(&text, &sensitive(), &Taking::default(), |key| key == "ssn").unwrap().asks
    };
    for (body, expected) in [
        (
            "begin if exists (select from people where email like 'a%') then raise notice 'x'; end if; end",
            Some(Probe::Asks(1)),
        ),
        (
            "declare v text; begin select email into v from people; if ascii(v) & 4 > 0 then perform pg_sleep(1); end if; end",
            Some(Probe::Asks(1)),
        ),
        (
            "declare v text; begin select email into v from people; for i in 97..122 loop if chr(i) = left(v, 1) then raise notice '%', i; end if; end loop; end",
            Some(Probe::Extracts),
        ),
        (
            "declare r record; begin for r in select email e from people loop if r.e > 'm' then insert into log values (1); end if; end loop; end",
            Some(Probe::Asks(1)),
        ),
        (
            "declare n int; begin for i in 1..(select ascii(email) from people limit 1) loop n := i; end loop; end",
            Some(Probe::Asks(1)),
        ),
        (
            "begin for i in 1..(select ascii(email) from people limit 1) loop raise notice 'x'; end loop; end",
            Some(Probe::Extracts),
        ),
        (
            "declare n int; begin select ascii(email) into n from people; loop exit when n = 0; raise notice 'x'; n := n - 1; end loop; end",
            Some(Probe::Extracts),
        ),
        (
            "declare n int; begin select ascii(email) into n from people; while n > 0 loop delete from log; n := n - 1; end loop; end",
            Some(Probe::Extracts),
        ),
        (
            "declare n int; begin select ascii(email) into n from people; loop raise notice 'x'; n := n - 1; if n = 0 then raise exception 'x'; end if; end loop; end",
            Some(Probe::Extracts),
        ),
        (
            "declare v text; begin select email into v from people; raise notice 'x' using errcode = upper(left(v, 5)); end",
            Some(Probe::Extracts),
        ),
        (
            "begin update people set email = 'a'; exception when others then raise exception 'x' using errcode = sqlstate; end",
            None,
        ),
        (
            "declare r record; begin for r in select id, email from people loop continue when r.email like 'a%'; update visits set note = 'x' where id = r.id; end loop; end",
            Some(Probe::Asks(1)),
        ),
        (
            "begin update visits set note = 'x' where person = (select id from people where email = 'a'); end",
            None,
        ),
        (
            "declare n int; begin select count(*) into n from people; if n > 3 then raise notice '%', n; end if; end",
            None,
        ),
    ] {
        assert_eq!(asks(body), expected, "{body}");
    }
}

#[test]
fn columns_that_a_trigger_puts_something_into_are_found() {
    let trigger = |body: &str| {
        let followed = followed("plpgsql", "() RETURNS trigger", body).unwrap();
        match followed.row {
            RowOf::Any => "*".to_owned(),
            RowOf::Columns(columns) => columns.into_iter().collect::<Vec<_>>().join(" "),
        }
    };
    for (body, columns) in [
        ("begin new.at := now(); return new; end", ""),
        ("begin new.v := (select email from people where id = new.id); return new; end", "v"),
        ("begin select email into new.v from people where id = new.id; return new; end", "v"),
        ("begin select email, 1 into new.v, new.w from people; return new; end", "v"),
        ("declare r record; begin select * into r from people; new.v := r.email; return new; end", "v"),
        ("begin update people set age = 1 returning email into new.v; return new; end", "v"),
        ("begin new.v := (select email from people limit 1); new.w := to_jsonb(new); return new; end", "v w"),
        ("begin new.v := (select email from people limit 1); new.w := new.v; return new; end", "v w"),
        ("begin new.v := (select email from people limit 1); new := old; return new; end", "v"),
        ("begin old.v := (select email from people limit 1); return old; end", "v"),
        // Whatever the type of what is put into the row, or given back in its place, calls its columns.
        ("begin select email, 1 into new from people; return new; end", "*"),
        ("begin select * into new.v, new.w from people; return new; end", "*"),
        ("declare r record; begin select * into r from people; return r; end", "*"),
        ("declare r record; begin r := new; r.v := mail(1); new := r; return new; end", "*"),
        ("declare n alias for new; begin n.v := mail(1); return new; end", "*"),
        ("declare new people; begin new.v := mail(1); return new; end", "*"),
        ("<<b>> declare r people; begin b.new.v := mail(1); return new; end", "*"),
        ("begin call p(new.v, new, mail(1)); return new; end", "*"),
        ("begin return row(1, mail(1)); end", "*"),
        ("begin new := jsonb_populate_record(new, to_jsonb(mail(1))); return new; end", "*"),
        ("begin if mail(1) like 'a%' then new.v := 1; end if; return new; end", "*"),
    ] {
        assert_eq!(trigger(body), columns, "{body}");
    }
}
