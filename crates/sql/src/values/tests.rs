//! What is found of literals, and what ties them.

use super::*;

/// Each site with what ties it, one a line.
fn shown(text: &str) -> String {
    let facts = crate::read(text.as_bytes()).unwrap();
    let [statement] = facts.statements.as_slice() else { panic!("{text}") };
    let values = statement.values.as_ref().unwrap();
    let own = &text[statement.span.clone()];
    let site = |site: &Site| format!("{} {}", &own[site.span.clone()], tied(&site.tie));
    let parameter = |(number, tie): &(usize, Tie)| format!("${number} {}", tied(tie));
    let sites = values.sites.iter().map(site);
    sites.chain(values.parameters.iter().map(parameter)).collect::<Vec<_>>().join("; ")
}

fn tied(tie: &Tie) -> String {
    let one = |tied: &Tied| match tied {
        Tied::Column(name) => name.clone(),
        Tied::Behind(key) => format!("[{key}]"),
        Tied::Written { relation, column: Target::Named(name), .. } => format!("{relation}.{name}"),
        Tied::Written { relation, column: Target::At(at), .. } => format!("{relation}#{at}"),
    };
    match tie {
        Tie::Unknown => "?".to_owned(),
        Tie::Grammar => "grammar".to_owned(),
        Tie::Setting => "setting".to_owned(),
        Tie::Key => "key".to_owned(),
        Tie::To(all) => all.iter().map(one).collect::<Vec<_>>().join("+"),
    }
}

#[test]
fn literals_are_tied_to_what_they_are_compared_with() {
    let same = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
    same("SELECT a FROM t WHERE a = 'x' AND b IN (1, -2)", "'x' a; 1 b; 2 b");
    same("SELECT a FROM t WHERE 'x' <> a AND b BETWEEN 1 AND 2", "'x' a; 1 b; 2 b");
    same("SELECT a FROM t WHERE lower(a) LIKE 'x%' LIMIT 10", "'x%' a; 10 grammar");
    same("SELECT a FROM t WHERE a = 'x' || 'y' || b", "'x' a+b; 'y' a+b");
    same("SELECT a FROM t WHERE a = md5('x')", "'x' ?");
    same("SELECT a FROM t WHERE a = (SELECT b FROM u WHERE c = 'x')", "'x' c");
    same("SELECT 'x', a::varchar(20) FROM t ORDER BY 1", "'x' ?; 20 grammar; 1 grammar");
    same("SELECT a FROM t WHERE at > now() - interval '1 day'", "'1 day' grammar");
    same("SELECT a FROM t WHERE d ->> 'mail' = 'x'", "'mail' key; 'x' [mail]+d");
    same("SELECT a FROM t WHERE a = $1 AND b = ANY($2) OR f($3) LIMIT $4", "$4 grammar; $1 a; $2 b; $3 ?");
    same("SELECT CASE a WHEN 'x' THEN 'y' END FROM t", "'x' a; 'y' ?");
}

#[test]
fn literals_are_tied_to_what_they_are_written_into() {
    let same = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
    same("INSERT INTO t VALUES ('x', 5), ('y', $1)", "'x' t#0; 5 t#1; 'y' t#0; $1 t#1");
    same("INSERT INTO t (a, b) VALUES ('x', lower('y'))", "'x' t.a; 'y' t.b");
    same("INSERT INTO t (a) SELECT 'x' FROM u WHERE c = 'y'", "'x' t.a; 'y' c");
    same("INSERT INTO t (a[1]) VALUES ('x')", "1 ?; 'x' ?");
    same("UPDATE t SET a = 'x', b = -5 WHERE c = 'y'", "'x' t.a; 5 t.b; 'y' c");
    same("UPDATE t SET (a, b) = ('x', 'y')", "'x' ?; 'y' ?");
    same("INSERT INTO t (a) VALUES ('x') ON CONFLICT (a) DO UPDATE SET b = 'y'", "'x' t.a; 'y' t.b");
    same(
        "MERGE INTO t USING u ON t.i = u.i WHEN MATCHED THEN UPDATE SET a = 'x' WHEN NOT MATCHED THEN INSERT (b) VALUES ('y')",
        "'x' t.a; 'y' t.b",
    );
}

#[test]
fn all_ways_to_write_a_literal_are_found() {
    let same = |text: &str, expected: &str| assert_eq!(shown(text), expected, "{text}");
    same(
        "SELECT E'a\\'b', U&'d!0061' UESCAPE '!', B'01', x'1F', N'n', $q$it's$q$, 1.5e3, 0x1F, 'a'\n'b'",
        "E'a\\'b' ?; U&'d!0061' UESCAPE '!' ?; B'01' ?; x'1F' ?; 'n' ?; $q$it's$q$ ?; 1.5e3 ?; 0x1F ?; 'a'\n'b' ?",
    );
    same("SELECT \"a@b\" /* c */ -- d", "\"a@b\" ?; /* c */ ?; -- d ?");
    same("SET search_path = 'x', y", "'x' setting");
    same("SET app.name = 'x'", "'x' ?");
    same("EXECUTE p ('x', 5)", "'x' ?; 5 ?");
    same("ALTER ROLE r PASSWORD 'x'", "'x' ?");
    same("  SELECT 1 FROM t WHERE a = 'x'", "1 ?; 'x' a");
}

#[test]
fn what_literals_say_is_known() {
    let same = |literal: &str, value: &str| assert_eq!(said(literal), value, "{literal}");
    same("'it''s'", "it's");
    same("'a' \n 'b'", "ab");
    same("E'a\\'b\\n\\x41\\101\\u00e9'", "a'b\nAAé");
    same("e'\\xc3\\xa9'", "é");
    same("U&'d\\0061t\\+000061'", "data");
    same("U&'d!0061' UESCAPE '!'", "da");
    same("$$a'b$$", "a'b");
    same("$q$a$$b$q$", "a$$b");
    same("B'01'", "01");
    same("42.5", "42.5");
    assert_eq!(body("$q$a$$b$q$"), Some(("$q$", "a$$b")));
}

proptest::proptest! {
    #[test]
    fn no_literal_panics(literal: String) {
        let _ = (said(&literal), body(&literal), loose_sites(&literal, true));
    }

    #[test]
    fn places_are_those_of_the_skeleton(text in "[a-z =,']{0,12}('[a-z]{0,4}'|[0-9]{1,10}| |--|\"){0,4}[ a-z,;]{0,4}") {
        let mut skeleton = Vec::new();
        let has_one = crate::skeleton(text.as_bytes(), &mut skeleton);
        let places = crate::taken_out(&text);
        proptest::prop_assert_eq!(has_one, places.is_some());
        proptest::prop_assert_eq!(
            places.map_or(0, |places| places.len()),
            if has_one { skeleton.iter().filter(|byte| **byte == 0).count() } else { 0 }
        );
    }
}
