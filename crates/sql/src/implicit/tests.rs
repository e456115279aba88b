use std::sync::Arc;

use super::*;
use crate::catalog::{Column, Routine};
use crate::given::Given;
use crate::read::read;

/// Types of users.
const PAIR: u32 = 20_001;
const CODE: u32 = 20_002;

fn function(oid: u32, name: &str) -> Function {
    Function { oid, name: name.to_owned() }
}

/// Every function empties the table of its name.
fn known() -> Catalog {
    let names = ["op", "equals", "to_pair", "any_cast", "checks", "compare", "view", "kept"];
    let routines = (1..).zip(names).map(|(oid, name)| {
        let body = format!("DELETE FROM {name}_table");
        let definition = format!("CREATE FUNCTION {name}() RETURNS int LANGUAGE sql AS '{body}'");
        (oid, Arc::new(Routine::new(name.to_owned(), 1, "sql".to_owned(), body, definition)))
    });
    let relation = |oid, name: &str, type_oid| Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        columns: vec![Column { number: 1, name: "a".to_owned(), type_oid }],
    };
    let relations =
        [relation(1, "plain", 23), relation(2, "pairs", PAIR), relation(3, "v", 23), relation(4, "m", 23)];
    let mut implicit = Implicit::default();
    let operator = |oid, name, operands, has_own_name| Operator {
        function: function(oid, name),
        operands,
        has_own_name,
    };
    implicit.operator("===".to_owned(), operator(1, "op", vec![], true));
    implicit.operator("=".to_owned(), operator(2, "equals", vec![PAIR], false));
    let cast = |oid, name, ends, target: &str, is_explicit| Cast {
        function: function(oid, name),
        ends,
        target: target.to_owned(),
        is_explicit,
    };
    implicit.cast(cast(3, "to_pair", vec![PAIR], "pair", true));
    implicit.cast(cast(4, "any_cast", vec![], "bool", true));
    implicit.check(CODE, function(5, "checks"));
    implicit.support(CODE, function(6, "compare"));
    implicit.view(3, false, function(7, "view"));
    implicit.view_makes(3, false, CODE);
    implicit.view(4, true, function(8, "kept"));
    for (name, within) in [("pair", PAIR), ("code", CODE), ("box_of_codes", CODE)] {
        implicit.name(name.to_owned(), within);
    }
    implicit.hold(2, PAIR);
    Catalog::new(relations).with_routines(routines).with_implicit(implicit)
}

#[test]
fn what_has_no_name_in_a_statement_is_done_by_it() {
    let known = known();
    for (text, emptied) in [
        ("SELECT 1 = 2, 1::int, 'a'::text", ""),
        ("SELECT 1 === 2", "op"),
        ("SELECT 1 OPERATOR(public.===) 2", "op"),
        ("SELECT a FROM plain ORDER BY a USING ===", "op"),
        ("SELECT a FROM plain WHERE a === ANY (SELECT 1)", "op"),
        ("SELECT a FROM plain WHERE a = 1", ""),
        ("SELECT a FROM pairs WHERE a = 'x'", "equals to_pair"),
        ("SELECT a FROM pairs WHERE a IN (SELECT 'x')", "equals to_pair"),
        ("SELECT CASE a WHEN 'x' THEN 1 END FROM pairs", "equals to_pair"),
        ("SELECT 1 FROM pairs x JOIN pairs y USING (a)", "equals to_pair"),
        ("SELECT 1 FROM pairs NATURAL JOIN plain", "equals to_pair"),
        ("SELECT 'x'::pair", "to_pair"),
        ("SELECT 1::bool", "any_cast"),
        ("SELECT 1::code", "checks compare"),
        ("SELECT code '1'", "checks compare"),
        ("SELECT '{}'::public.box_of_codes[]", "checks compare"),
        ("DO $$ DECLARE c code; BEGIN NULL; END $$", "checks compare"),
        ("DO $$ BEGIN IF 1 === 2 THEN NULL; END IF; END $$", "op"),
        ("SELECT * FROM v", "checks view"),
        ("SELECT * FROM m", ""),
        ("REFRESH MATERIALIZED VIEW m", "kept"),
        ("COMMENT ON DOMAIN code IS 'x'", ""),
        ("DROP DOMAIN code", ""),
    ] {
        let facts = read(text.as_bytes()).unwrap();
        let statement = facts.statements[0].with_reach(&known);
        let mut found: Vec<&str> =
            statement.unfiltered.iter().filter_map(|write| write.name.strip_suffix("_table")).collect();
        found.sort_unstable();
        assert_eq!(found.join(" "), emptied, "{text}");
    }
}

#[test]
fn nothing_is_followed_where_there_is_nothing() {
    let facts = read(b"SELECT 1 === 2, 'x'::pair FROM v").unwrap();
    assert!(facts.statements[0].unnamed_calls(&Catalog::default()).is_empty());
    assert_eq!(*facts.statements[0].with_reach(&Catalog::default()), facts.statements[0]);
}

#[test]
fn what_decides_is_known_by_its_functions_and_what_they_call() {
    let body = |text: &str| {
        let definition = format!("CREATE FUNCTION f() RETURNS bool LANGUAGE sql AS '{text}'");
        (text.to_owned(), definition)
    };
    let routine = |oid, name: &str, text| {
        let (body, definition) = body(text);
        (oid, Arc::new(Routine::new(name.to_owned(), 1, "sql".to_owned(), body, definition)))
    };
    let routines = [
        routine(1, "policy", "SELECT asks()"),
        routine(2, "asks", "SELECT true"),
        routine(3, "checks", "SELECT true"),
        routine(4, "other", "SELECT policy()"),
        routine(5, "gives", "SELECT true"),
    ];
    let mut implicit = Implicit::default();
    implicit.hang(1, Via::Policy, "p".to_owned(), Runs::Function(function(1, "policy")));
    implicit.hang(1, Via::Default, "d".to_owned(), Runs::Function(function(5, "gives")));
    implicit.check(CODE, function(3, "checks"));
    let known = Catalog::new([]).with_routines(routines).with_implicit(implicit);
    let effects = |text: &str| {
        let facts = read(text.as_bytes()).unwrap();
        let facts = facts.with_reach(&known);
        facts.statements.iter().flat_map(|one| one.effects.clone()).collect::<Vec<_>>()
    };
    for (name, is_refused) in
        [("policy", true), ("asks", true), ("checks", true), ("other", false), ("gives", false)]
    {
        for text in [
            format!("CREATE OR REPLACE FUNCTION s.{name}() RETURNS bool LANGUAGE sql AS 'SELECT true'"),
            format!("ALTER FUNCTION {name} SET search_path = a"),
        ] {
            assert_eq!(effects(&text).contains(&Effect::DisableProtection), is_refused, "{text}");
        }
        let made = format!("CREATE FUNCTION {name}() RETURNS bool LANGUAGE sql AS 'SELECT true'");
        assert!(!effects(&made).contains(&Effect::DisableProtection), "{made}");
    }
}

#[test]
fn what_fills_columns_of_a_domain_is_a_default_and_no_check() {
    let mut implicit = Implicit::default();
    implicit.check(CODE, function(1, "checks"));
    implicit.default_of(CODE, function(2, "fills"));
    implicit.name("code".to_owned(), CODE);
    implicit.hold(7, CODE);
    implicit.hang(7, Via::Default, "a".to_owned(), Runs::Function(function(3, "gives")));
    implicit.hang(7, Via::Generated, "b".to_owned(), Runs::Function(function(4, "makes")));
    let table = Relation { oid: 7, schema: "public".to_owned(), name: "t".to_owned(), columns: Vec::new() };
    let known = Catalog::new([table.clone()]).with_implicit(implicit);
    let on: Vec<_> = known.implicit().on(7).map(|(via, _, function)| (via, &*function.name)).collect();
    assert!(on.contains(&(Via::Check, "checks")) && on.contains(&(Via::Default, "fills")), "{on:?}");
    assert_eq!(known.filling(&table, false).collect::<Vec<_>>(), ["gives", "makes", "fills"]);
    assert_eq!(known.filling(&table, true).collect::<Vec<_>>(), ["fills"]);
    for (text, runs, fills) in
        [("SELECT 1::code", vec!["checks"], true), ("CREATE TABLE u (a text, b int)", vec![], false)]
    {
        let facts = read(text.as_bytes()).unwrap();
        assert_eq!(facts.statements[0].unnamed_calls(&known), runs, "{text}");
        let filling: Vec<_> = facts.statements[0].filling_types(&known).collect();
        assert_eq!(filling, if fills { vec![("code", "fills")] } else { vec![] }, "{text}");
    }
}

#[test]
fn casts_that_were_just_made_compute_a_column_anew() {
    let mut implicit = Implicit::default();
    let function = function(1, "to_known");
    implicit.cast(Cast { function, ends: vec![40], target: "known".to_owned(), is_explicit: false });
    for name in ["known", "of_known"] {
        implicit.name(name.to_owned(), 40);
    }
    let text = "SELECT 'x'".to_owned();
    let routine = Routine::new("to_known".to_owned(), 1, "sql".to_owned(), text.clone(), text);
    let known = Catalog::new([]).with_routines([(1, Arc::new(routine))]).with_implicit(implicit);
    let computes = |before: &[&str], text: &str| {
        let mut given = Given::default();
        for text in before {
            let facts = read(text.as_bytes()).unwrap();
            facts.statements.iter().for_each(|one| given.take_ways(&one.ways(), &known));
        }
        let facts = read(text.as_bytes()).unwrap();
        let facts = facts.with_reach(&known.with_given(&Arc::new(given))).into_owned();
        facts.statements.iter().any(|one| one.unfiltered.iter().any(|write| write.name == "users"))
    };
    let made = "CREATE CAST (text AS e1) WITH FUNCTION fe(text) AS ASSIGNMENT";
    for (before, to) in [
        (&[made][..], "e1"),
        (&[made], "public.e1 USING plan::e1"),
        (&[made], "e1[]"),
        (&["DO $$ BEGIN CREATE CAST (text AS s.e1) WITH FUNCTION fe(text); END $$"], "e1"),
        (&[made, "ALTER TYPE e1 RENAME TO e2"], "e2"),
        (&[made, "CREATE DOMAIN e3 AS e1", "ALTER DOMAIN e3 RENAME TO e4"], "e4"),
        (&["CREATE CAST (text AS int4) WITH FUNCTION fe(text) AS ASSIGNMENT"], "int"),
        (&[], "known"),
        (&[], "known[]"),
        (&[], "of_known"),
        (&["ALTER TYPE known RENAME TO other"], "other"),
        (&["CREATE DOMAIN other AS known"], "other"),
    ] {
        assert!(
            computes(before, &format!("ALTER TABLE users ALTER COLUMN plan TYPE {to}")),
            "{before:?} {to}"
        );
    }
    for (before, to) in [
        (&[][..], "e1"),
        (&[made], "varchar(10)"),
        (&[made], "e2"),
        (&["CREATE CAST (text AS e1) WITH INOUT AS ASSIGNMENT"], "e1"),
        (&["CREATE CAST (mood AS int) WITHOUT FUNCTION"], "int"),
        (&["CREATE TYPE e2 AS ENUM ('x')"], "e2"),
        (&["CREATE DOMAIN e2 AS text", "ALTER TYPE plan RENAME TO e3"], "e2"),
    ] {
        assert!(
            !computes(before, &format!("ALTER TABLE users ALTER COLUMN plan TYPE {to}")),
            "{before:?} {to}"
        );
    }
}

#[test]
fn what_compares_runs_where_there_may_be_values() {
    let mut implicit = Implicit::default();
    implicit.support(CODE, function(1, "differs"));
    implicit.name("span".to_owned(), CODE);
    implicit.operator_class("odd_ops".to_owned(), function(2, "odd"));
    implicit.compare(7, function(3, "indexed"));
    implicit.compare(8, function(4, "parted"));
    implicit.class("text_pattern_ops".to_owned());
    let table = |oid, name: &str| Relation {
        oid,
        schema: "public".to_owned(),
        name: name.to_owned(),
        columns: Vec::new(),
    };
    let known =
        Catalog::new([table(7, "t"), table(8, "p"), table(9, "plain")]).with_implicit(implicit.clone());
    for (text, runs) in [
        ("SELECT span(a, b) FROM plain", vec!["differs"]),
        ("SELECT (plain.a).span FROM plain", vec!["differs"]),
        ("CREATE INDEX ON plain USING gist (span(a, NULL))", vec!["differs"]),
        ("CREATE INDEX ON plain (a odd_ops)", vec!["odd"]),
        ("CREATE INDEX ON plain (lower(a) public.odd_ops)", vec!["odd"]),
        ("CREATE TABLE parted (a text) PARTITION BY RANGE (a odd_ops)", vec!["odd"]),
        ("ALTER TABLE plain ADD EXCLUDE USING btree (a odd_ops WITH =)", vec!["odd"]),
        ("CREATE TYPE r AS RANGE (SUBTYPE = text, SUBTYPE_OPCLASS = s.odd_ops)", vec!["odd"]),
        ("INSERT INTO plain VALUES (1) ON CONFLICT (a odd_ops) DO NOTHING", vec!["odd"]),
        ("SELECT a FROM t, plain", vec!["indexed"]),
        ("INSERT INTO t SELECT a FROM plain", vec![]),
        ("INSERT INTO t SELECT a FROM t", vec!["indexed"]),
        ("UPDATE t SET a = 1", vec!["indexed"]),
        ("DELETE FROM t USING plain WHERE t.a = plain.a", vec!["indexed"]),
        ("INSERT INTO t SELECT a FROM plain ON CONFLICT (a) DO UPDATE SET a = 1", vec!["indexed"]),
        ("REINDEX TABLE t", vec!["indexed"]),
        ("SELECT a FROM p JOIN t USING (a)", vec!["indexed", "parted"]),
        ("SELECT a FROM plain ORDER BY a", vec![]),
        ("CREATE INDEX ON plain (a text_pattern_ops)", vec![]),
    ] {
        let facts = read(text.as_bytes()).unwrap();
        assert_eq!(facts.statements[0].unnamed_calls(&known), runs, "{text}");
    }
    for (name, may_be) in [("odd_ops", true), ("new", true), ("text_pattern_ops", false), ("<", false)] {
        assert_eq!(known.implicit().may_be_own_class(name), may_be, "{name}");
    }
    implicit.support_anywhere(function(5, "of_json"));
    let known = Catalog::new([]).with_implicit(implicit);
    let facts = read(b"SELECT DISTINCT to_json(a) FROM plain").unwrap();
    assert_eq!(facts.statements[0].unnamed_calls(&known), ["of_json"]);
}

#[test]
fn what_a_range_calls_is_named_where_it_is_made() {
    let text = "CREATE TYPE r AS RANGE (SUBTYPE = text, SUBTYPE_DIFF = s.differs, CANONICAL = whole)";
    let facts = read(text.as_bytes()).unwrap();
    let functions = &facts.statements[0].functions;
    assert!(["differs", "whole"].iter().all(|name| functions.iter().any(|own| own == name)), "{functions:?}");
    let facts =
        read(b"CREATE OPERATOR CLASS s.odd_ops FOR TYPE text USING btree AS FUNCTION 1 odd(text, text)");
    let facts = facts.unwrap();
    let [made] = facts.statements.as_slice() else { panic!("{facts:?}") };
    assert!(made.coined == ["odd_ops"] && made.functions == ["odd"] && made.hangs_code(), "{made:?}");
}
