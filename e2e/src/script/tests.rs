//! What psql sends of a script.

use super::sent;

fn check(script: &str, texts: &[&str]) {
    let sent: Vec<_> =
        sent(script.as_bytes()).iter().map(|sent| String::from_utf8(sent.text.clone()).unwrap()).collect();
    assert_eq!(sent, texts, "{script}");
}

#[test]
fn semicolons_end_what_is_sent_where_they_are_not_quoted() {
    check("select 1; select ';';\nselect \";\"", &["select 1", "select ';'", "select \";\""]);
    check("select $a$;$$;$a$; select $1;", &["select $a$;$$;$a$", "select $1"]);
    check("select E'\\';'; select '\\'; select 1", &["select E'\\';'", "select '\\'", "select 1"]);
    check(
        "select 1 -- one;\n; /* two; /* */ ; */ select 2",
        &["select 1 -- one;", "/* two; /* */ ; */ select 2"],
    );
    check(
        "create rule r as on insert to t do (select 1; select 2);",
        &["create rule r as on insert to t do (select 1; select 2)"],
    );
    check("-- nothing\n;;", &[]);
}

#[test]
fn a_body_that_is_no_string_is_part_of_its_function() {
    check(
        "create function f() returns int begin atomic select case when true then 1 end; end; select 1;",
        &["create function f() returns int begin atomic select case when true then 1 end; end", "select 1"],
    );
    check("begin; select 1; end;", &["begin", "select 1", "end"]);
}

#[test]
fn strings_are_cut_as_the_script_has_set() {
    let all = sent(br"set standard_conforming_strings = off; select '\';'; reset standard_conforming_strings; select '\';");
    let texts: Vec<_> = all.iter().map(|sent| sent.text.as_slice()).collect();
    assert_eq!(texts[1], br"select '\';'");
    check(
        r"set standard_conforming_strings to off; select U&'\'; select 1",
        &["set standard_conforming_strings to off", r"select U&'\'", "select 1"],
    );
    assert_eq!(texts[3], br"select '\'");
    assert_eq!(all.iter().map(|sent| sent.standard_strings).collect::<Vec<_>>(), [true, false, false, true]);
}

#[test]
fn rows_of_a_copy_are_no_statements() {
    check("copy t from stdin;\n1;\n\\.\nselect 1;", &["copy t from stdin", "select 1"]);
    check(
        "copy t (nothing) from stdin;\nselect 1;\ncopy t from stdin;\n2\n\\.\n",
        &["copy t (nothing) from stdin", "select 1", "copy t from stdin"],
    );
    check("-- rows\ncopy t FROM STDIN;\n1;\n\\.\n", &["-- rows\ncopy t FROM STDIN"]);
    check("\\copy t from stdin\n1;\n\\.\nselect 2;", &["select 2"]);
}

#[test]
fn own_commands_are_not_sent() {
    check(
        "\\d t\nselect 1 as a \\gset\n\\if :a \\quit \\endif\nselect :a, a[1:n], b[:2];",
        &["select 1 as a", "select 1, a[1:n], b[:2]"],
    );
    check("\\pset null x \\\\ select 1; select 2 \\; select 3;", &["select 1", "select 2 ; select 3"]);
    check(
        "select 1 \\r\nselect 2 \\g\nselect $1 \\parse one\n\\bind_named one 1 \\g\n",
        &["select 2", "select $1"],
    );
}

#[test]
fn branches_that_are_not_taken_are_skipped() {
    check("\\if false\nbogus;\n\\else\nselect 1;\n\\endif\nselect 2;", &["select 1", "select 2"]);
    check(
        "\\if true\nselect 1;\n\\elif true\nbogus;\n\\else\n'\n\\endif\nselect 2;",
        &["select 1", "select 2"],
    );
    check("\\if :server\nselect 1;\n\\else\nselect 2;\n\\endif\n", &["select 1", "select 2"]);
    check("select \\if false \\\\ (bogus \\else \\\\ 42 \\endif \\\\ as n;", &["select  42  as n"]);
}

#[test]
fn variables_give_their_values() {
    check(
        "\\set file :dir '/a.data'\n\\set both 'select 1; select ''x'';'\ncopy t from :'file'; :both",
        &["copy t from '1/a.data'", "select 1", "select 'x'"],
    );
    check(
        "select :'unknown', :\"unknown\", 1::int, f(a := 1);",
        &["select 'unknown', \"unknown\", 1::int, f(a := 1)"],
    );
}
