use std::sync::Arc;

use super::*;
use crate::catalog::{Column, Routine};
use crate::hooks::{Hooks, Part};
use crate::implicit::{Cast, Function, Implicit, Operator, Runs};

/// A type of a user, with a check.
const CODE: u32 = 20_001;

fn function(oid: u32, name: &str) -> Function {
    Function { oid, name: name.to_owned() }
}

/// Each function could do anything.
fn known() -> Catalog {
    let routine = |(oid, name): (u32, &str)| {
        let (name, language, empty) = (name.to_owned(), "plpgsql".to_owned(), String::new);
        (oid, Arc::new(Routine::new(name, 1, language, empty(), empty())))
    };
    let two = Routine::new("two".to_owned(), 2, "plpgsql".to_owned(), String::new(), String::new());
    let routines = (1..).zip(["own", "op", "checks", "lower"]).map(routine).chain([(9, Arc::new(two))]);
    let relation = |oid, schema: &str, name: &str, type_oid| Relation {
        oid,
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: vec![Column { number: 1, name: "a".to_owned(), type_oid }],
    };
    let relations = [
        relation(1, "public", "plain", 23),
        relation(2, "public", "indexed", 23),
        relation(3, "public", "seen", 23),
        relation(4, "public", "coded", CODE),
        relation(5, "public", "whole", 23),
        relation(6, "public", "part", 23),
        relation(7, "public", "twice", 23),
        relation(8, "b", "twice", 23),
        relation(9, "pg_temp_3", "hidden", 23),
        relation(10, "public", "hidden", 23),
        relation(11, "public", "rows", 23),
        relation(12, "public", "ruled", 23),
        relation(13, "public", "over", 23),
    ];
    let mut implicit = Implicit::default();
    let operator =
        |name, has_own_name| Operator { function: function(2, name), operands: vec![], has_own_name };
    implicit.operator("===".to_owned(), operator("op", true));
    implicit.operator("~".to_owned(), operator("op", false));
    let (function_of_cast, ends, target) = (function(1, "own"), vec![CODE], "code".to_owned());
    implicit.cast(Cast { function: function_of_cast, ends, target, is_explicit: true });
    implicit.check(CODE, function(3, "checks"));
    implicit.name("code".to_owned(), CODE);
    implicit.hold(4, CODE);
    implicit.view(3, false, function(1, "own"));
    for (relation, via) in [(2, Via::Index), (6, Via::Check), (11, Via::Policy)] {
        implicit.hang(relation, via, "it".to_owned(), Runs::Function(function(1, "own")));
    }
    let rule = Hook::rule(1, 12, "ruling".to_owned(), '4').defined(Some(String::new()));
    let hooks = Hooks::new([Arc::new(rule)], [], [Part { of: 5, part: 6, is_partition: true }]);
    Catalog::new(relations)
        .with_routines(routines)
        .with_implicit(implicit)
        .with_hooks(hooks)
        .with_dependencies([(6, 5), (13, 2)])
}

fn plans(text: &str) -> Result<Planning, Unplanned> {
    planning(text, 0, &known())
}

#[test]
fn what_runs_nobodys_code_is_planned() {
    for text in [
        "SELECT a FROM plain WHERE a = 1",
        "DELETE FROM plain WHERE a IN (SELECT 1)",
        "UPDATE public.plain SET a = pg_catalog.upper('x')::int WHERE plain.a < 3",
        "INSERT INTO plain VALUES (1) ON CONFLICT DO NOTHING RETURNING a",
        "MERGE INTO plain USING (SELECT 1) one ON a = 1 WHEN MATCHED THEN DELETE",
        "WITH gone AS (DELETE FROM plain RETURNING a) SELECT a FROM gone",
        "/* reason: x */ DELETE FROM plain -- all",
        "SELECT 1 FROM pg_class, pg_catalog.pg_proc, information_schema.tables",
        "(SELECT a FROM plain) UNION VALUES (1) ORDER BY 1",
        "TABLE plain;",
    ] {
        let planning = plans(text).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!((planning.prepare, planning.explain), (None, format!("{EXPLAIN}{text}")));
        assert!(planning.schemas.iter().all(|schema| schema == "public"), "{text}");
    }
    let planning = planning("DELETE FROM plain WHERE a = $1 OR a = $2", 2, &known()).unwrap();
    assert_eq!(
        (planning.prepare.as_deref(), planning.explain.as_str()),
        (
            Some("PREPARE picket_planned AS DELETE FROM plain WHERE a = $1 OR a = $2"),
            "EXPLAIN (FORMAT JSON) EXECUTE picket_planned (NULL, NULL)"
        )
    );
    assert_eq!(planning.relations, [1]);
}

/// Ways to have code of one's own evaluated while PostgreSQL plans.
#[test]
fn what_could_run_somebodys_code_is_not_planned() {
    for (text, code) in [
        ("SELECT own(1)", "own"),
        ("DELETE FROM plain WHERE a = public.own(1)", "own"),
        ("DELETE FROM plain WHERE a = (SELECT own(1))", "own"),
        ("SELECT (p.*).own FROM plain p", "own"),
        ("SELECT p.own FROM plain p", "own"),
        ("SELECT lower('x')", "lower"),
        ("SELECT pg_catalog.lower('x')", "lower"),
        ("SELECT 1 FROM own(1)", "own"),
        ("SELECT a FROM plain LIMIT own(1)", "own"),
        ("INSERT INTO plain VALUES (own(1))", "own"),
        ("WITH x AS (SELECT own(1)) SELECT 1", "own"),
        ("SELECT 1 === 2", "op"),
        ("SELECT 1 OPERATOR(pg_catalog.===) 2", "op"),
        ("SELECT 'a' ~ 'b'", "op"),
        ("SELECT a FROM plain WHERE a === ANY (SELECT 1)", "op"),
        ("SELECT a FROM plain ORDER BY a USING ===", "op"),
        ("SELECT '1'::code", "own"),
        ("SELECT code '1'", "own"),
        ("SELECT '{1}'::code[]", "own"),
        ("SELECT a FROM indexed", "public.indexed"),
        ("SELECT a FROM seen", "public.seen"),
        ("SELECT a FROM over", "public.indexed"),
        ("SELECT 1 FROM coded", "public.coded"),
        ("SELECT a FROM whole", "public.part"),
        ("SELECT a FROM part", "public.part"),
        ("SELECT a FROM rows", "public.rows"),
        ("SELECT 1 WHERE EXISTS (SELECT FROM rows)", "public.rows"),
        ("INSERT INTO ruled VALUES (1)", "ruling"),
        ("WITH rows AS (SELECT 1) SELECT 1 FROM rows", "public.rows"),
        ("SELECT (SELECT p FROM plain p).own", "own"),
        ("SELECT p.two FROM plain p", "two"),
        ("SELECT code('{1}')", "code"),
    ] {
        assert_eq!(plans(text), Err(Unplanned::Code(code.to_owned())), "{text}");
    }
}

/// PostgreSQL's own that look up what they run in what they are given.
#[test]
fn what_evaluates_what_it_is_given_is_not_planned() {
    for (text, name) in [
        ("SELECT array_in('{1}', 'code'::regtype, -1)", "array_in"),
        ("SELECT a FROM plain LIMIT pg_catalog.domain_in('1', 'code'::regtype, -1)", "domain_in"),
        ("SELECT table_to_xml('seen', true, true, '')", "table_to_xml"),
        ("SELECT 1 WHERE pg_input_is_valid('1', 'code')", "pg_input_is_valid"),
        ("DELETE FROM plain WHERE fmgr_sql_validator(1) IS NULL", "fmgr_sql_validator"),
    ] {
        assert_eq!(plans(text), Err(Unplanned::Evaluating(name)), "{text}");
    }
}

#[test]
fn what_has_no_one_meaning_is_not_planned() {
    for (text, name) in [
        ("SELECT a FROM twice", "twice"),
        ("SELECT a FROM hidden", "hidden"),
        ("SELECT a FROM pg_temp_3.hidden", "pg_temp_3.hidden"),
        ("SELECT a FROM pg_temp.hidden", "pg_temp.hidden"),
        ("SELECT a FROM nowhere", "nowhere"),
        ("SELECT a FROM b.plain", "b.plain"),
    ] {
        assert_eq!(plans(text), Err(Unplanned::Relation(name.to_owned())), "{text}");
    }
    assert_eq!(plans("SELECT a FROM b.twice").map(|planning| planning.schemas), Ok(vec!["b".to_owned()]));
}

/// Whatever a text is, nothing but a plan is asked for.
#[test]
fn what_is_no_statement_of_rows_by_itself_is_not_planned() {
    for text in [
        "",
        ";",
        "DROP TABLE plain",
        "TRUNCATE plain",
        "ANALYZE DELETE FROM plain",
        "ANALYZE plain",
        "(ANALYZE) DELETE FROM plain",
        "ANALYZE) DELETE FROM plain",
        "EXPLAIN ANALYZE DELETE FROM plain",
        "SELECT 1; DELETE FROM plain",
        "DELETE FROM plain; COMMIT",
        "SELECT 1 INTO copy",
        "SELECT 1 INTO copy UNION SELECT 2",
        "CREATE TABLE copy AS SELECT 1",
        "EXECUTE picket_planned",
        "DECLARE c CURSOR FOR SELECT 1",
        "CALL own(1)",
        "DO $$ BEGIN NULL; END $$",
        "COPY plain TO STDOUT",
        "COPY (DELETE FROM plain RETURNING a) TO STDOUT",
        "PREPARE p AS SELECT 1",
        "SET work_mem = 1",
        "REFRESH MATERIALIZED VIEW seen",
        "COMMIT",
        "SELECT 1)",
        "SELECT 'a",
        "SELECT 1 /*",
        "SELECT 1\0; DROP TABLE plain",
    ] {
        for parameters in [0, 1] {
            assert_eq!(planning(text, parameters, &known()), Err(Unplanned::Command), "{text}");
        }
    }
    let long = format!("SELECT '{}'", "x".repeat(TEXT_BYTES_MAX));
    assert_eq!(plans(&long), Err(Unplanned::TooLong(long.len())));
}

/// Where it is not known which routines there are, each may be somebody's.
#[test]
fn without_a_catalog_no_function_is_called() {
    let unread = Catalog::default();
    assert_eq!(planning("SELECT upper('x')", 0, &unread), Err(Unplanned::Code("upper".to_owned())));
}
