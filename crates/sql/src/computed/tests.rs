use super::*;
use crate::catalog::Column;
use crate::read::read;

fn context(arguments: &[&str]) -> Context {
    Context {
        schema: "shop".to_owned(),
        table: "people".to_owned(),
        arguments: arguments.iter().map(|given| (*given).to_owned()).collect(),
    }
}

/// What is told of the body of a trigger function on `shop.people`, which is handed these.
fn told(body: &str, arguments: &[&str]) -> Told {
    let facts = read(format!("DO $body${body}$body$").as_bytes()).unwrap();
    Told::of(&facts.statements[0].computed, Some(&context(arguments)))
}

/// What is written for sure, what of names that are told in part, and whether it could be anything.
fn written(body: &str, arguments: &[&str]) -> (Vec<String>, Vec<String>, bool) {
    let told = told(body, arguments);
    let path = |schema: &Option<String>, name: &str| {
        let path = schema.iter().map(|schema| format!("{schema}.")).collect::<String>() + name;
        path.replace(UNKNOWN, "?")
    };
    let writes = told.statements.iter().flat_map(|one| &one.writes);
    (
        writes.map(|write| path(&write.schema, &write.name)).collect(),
        told.targets.iter().map(|target| path(&target.schema, &target.name)).collect(),
        told.is_any,
    )
}

#[test]
fn texts_are_told_by_constants_and_by_what_their_trigger_is_on() {
    for (body, arguments, target) in [
        ("EXECUTE 'INSERT INTO ' || 'log VALUES ($1)' USING NEW;", &[][..], "log"),
        ("EXECUTE ('INSERT INTO log VALUES ($1)') USING NEW;", &[], "log"),
        ("EXECUTE E'INSERT INTO log VALUES ($1)' USING NEW;", &[], "log"),
        ("EXECUTE 'INSERT INTO ' || TG_TABLE_NAME || '_log SELECT $1.*' USING NEW;", &[], "people_log"),
        (
            "EXECUTE 'INSERT INTO ' || TG_RELID::regclass::text || '_log SELECT $1.*' USING NEW;",
            &[],
            "people_log",
        ),
        ("EXECUTE concat('INSERT INTO ', TG_RELNAME, '_log SELECT ($1).*') USING OLD;", &[], "people_log"),
        (
            "EXECUTE 'INSERT INTO ' || quote_ident(TG_TABLE_NAME || '_Log') || ' SELECT $1.*' USING NEW;",
            &[],
            "people_Log",
        ),
        (
            "EXECUTE format('INSERT INTO %I.%I SELECT $1.*', TG_TABLE_SCHEMA, TG_TABLE_NAME || '_audit') USING NEW;",
            &[],
            "shop.people_audit",
        ),
        ("EXECUTE format('INSERT INTO %2$I.%1$s SELECT $1.*', 'x', 'y') USING NEW;", &[], "y.x"),
        ("EXECUTE format('INSERT INTO log VALUES (%L, 100 %% 7, %s)', NEW.email, NEW.id);", &[], "log"),
        ("EXECUTE TG_ARGV[0] USING NEW;", &["INSERT INTO log VALUES ($1)"], "log"),
        ("EXECUTE format('INSERT INTO %I VALUES ($1)', TG_ARGV[1]) USING NEW;", &["a", "log"], "log"),
        (
            "DECLARE target text := TG_TABLE_NAME || '_log'; q text; BEGIN q := 'INSERT INTO ' || target || ' VALUES ($1)'; EXECUTE q USING NEW; END",
            &[],
            "people_log",
        ),
        ("EXECUTE 'UPDATE log SET v = $1 WHERE id = ' || NEW.id USING NEW.email;", &[], "log"),
        (
            "EXECUTE 'WITH x AS (INSERT INTO log VALUES ($1) RETURNING 1) SELECT * FROM x' || '' INTO n USING NEW;",
            &[],
            "log",
        ),
    ] {
        let body = if body.starts_with("DECLARE") { body.to_owned() } else { format!("BEGIN {body} END") };
        assert_eq!(written(&body, arguments), (vec![target.to_owned()], vec![], false), "{body}");
    }
}

#[test]
fn of_other_names_a_part_is_told() {
    for (body, found) in [
        (
            "EXECUTE format('INSERT INTO log_%s VALUES ($1)', to_char(now(), 'YYYY')) USING NEW;",
            (vec!["log_?"], false),
        ),
        ("EXECUTE 'INSERT INTO ' || prefix || '_audit SELECT $1.*' USING NEW;", (vec!["?_audit"], false)),
        ("EXECUTE format('INSERT INTO %I.log SELECT $1.*', target) USING NEW;", (vec!["?.log"], false)),
        ("EXECUTE format('INSERT INTO %I SELECT $1.*', target) USING NEW;", (vec![], true)),
        ("EXECUTE format('INSERT INTO %Is SELECT $1.*', target) USING NEW;", (vec![], true)),
        ("EXECUTE target USING NEW;", (vec![], true)),
        ("EXECUTE 'INSERT INTO log VALUES ($1)' || rest USING NEW;", (vec![], true)),
        ("EXECUTE 'SELECT ' || call || '($1)' USING NEW;", (vec![], true)),
        ("EXECUTE 'SELECT ($1).' || quote_ident(field) INTO v USING NEW;", (vec![], false)),
        ("EXECUTE format('DELETE FROM %I', target);", (vec![], false)),
        (
            "target := 'log'; FOR target IN SELECT 'x' LOOP EXECUTE 'INSERT INTO ' || target || ' VALUES (1)'; END LOOP;",
            (vec![], true),
        ),
    ] {
        let (_, targets, is_any) = written(&format!("BEGIN {body} END"), &[]);
        assert_eq!((targets.iter().map(String::as_str).collect(), is_any), found, "{body}");
    }
}

/// Looking into each variable again and again would double the text with each.
#[test]
fn what_is_put_together_is_bounded() {
    let mut body = "DECLARE a0 text := 'x'; ".to_owned();
    for number in 1..40 {
        body += &format!("a{number} text := a{0} || a{0} || format('%s%s', a{0}, a{0}); ", number - 1);
    }
    body += "q text; BEGIN q := q || 'log'; EXECUTE a39 || q; END";
    let told = told(&body, &[]);
    assert!(told.is_any && told.words.iter().all(|word| word.len() <= 2 * BYTES_MAX));
}

fn catalog() -> Catalog {
    let column = Column { number: 1, name: "v".to_owned(), type_oid: 25 };
    let names = ["people", "people_audit", "orders_audit", "log", "x"];
    Catalog::new((1..).zip(names).map(|(oid, name)| Relation {
        oid,
        schema: "shop".to_owned(),
        name: name.to_owned(),
        columns: vec![column.clone()],
    }))
}

#[test]
fn what_cannot_be_told_is_what_its_words_name() {
    let catalog = catalog();
    for (body, names) in [
        ("EXECUTE q USING NEW;", vec![]),
        ("q := 'INSERT INTO log'; q := q || ' VALUES ($1)'; EXECUTE q USING NEW;", vec!["log"]),
        ("PERFORM target('log'); EXECUTE q USING NEW;", vec!["log"]),
        (
            "q := TG_TABLE_NAME; q := q || '_audit'; EXECUTE q USING NEW;",
            vec!["people", "people_audit", "orders_audit"],
        ),
        ("EXECUTE format('INSERT INTO people%s SELECT $1.*', x) USING NEW;", vec!["people", "people_audit"]),
        ("EXECUTE format('INSERT INTO %I.people_audit SELECT $1.*', x) USING NEW;", vec!["people_audit"]),
    ] {
        let facts = read(format!("DO $body$BEGIN {body} END$body$").as_bytes()).unwrap();
        let mut does = Statement::default();
        does.add_told(&Told::of(&facts.statements[0].computed, Some(&context(&[]))), &catalog);
        does.add_words(&facts.statements[0].words, &catalog);
        let mut found: Vec<u32> = does.could_write(&catalog).iter().map(|relation| relation.oid).collect();
        let mut expected: Vec<u32> =
            names.iter().flat_map(|name| catalog.named(name)).map(|relation| relation.oid).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{body}");
    }
}

#[test]
fn names_are_like_what_is_told_of_them() {
    for (name, told, is_it) in [
        ("log", "log", true),
        ("log", "logs", false),
        ("log_2026", "log_?", true),
        ("a_log", "?_log", true),
        ("a_log_b", "?_log_?", true),
        ("a_log", "?_log_?", false),
        ("aba", "ab?ba", false),
        ("", "?", true),
    ] {
        assert_eq!(is_like(name, &told.replace('?', &UNKNOWN.to_string())), is_it, "{name} {told}");
    }
}
