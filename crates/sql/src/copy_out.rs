//! What a COPY to the client copies, and the options by which it writes that.

use pg_query::protobuf::{ScanToken, Token};

use crate::read::tree;
use crate::tree::Tree;

/// A COPY to the client.
#[derive(Clone, PartialEq, Eq)]
pub struct CopyOut {
    /// A query whose result has the columns that can be copied. Where it is the statement's own, it has the same place in the text.
    pub query: String,
    /// What is copied.
    pub source: Copied,
    /// Options by their names, with their values as texts; one without a value has the empty text.
    pub options: Vec<(String, String)>,
}

/// What a COPY to the client copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// The result of its query.
    Query,
    /// A relation: these of its columns, or all that are not generated.
    Relation(Vec<String>),
}

/// Reads the only statement of `text`. `None` where that is no COPY to the client, or not one that is understood. Call it on a
/// thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn copy_out(text: &str) -> Option<CopyOut> {
    let parsed = tree(text).ok()?;
    let [raw] = parsed.protobuf.stmts.as_slice() else { return None };
    let root = Tree::of(&raw.stmt).ok()?;
    let copy = root.nodes().next().filter(|statement| statement.kind == "CopyStmt")?;
    if copy.has(&["is_from", "is_program", "filename"]) {
        return None;
    }
    let options = copy.all("options").map(option).collect::<Option<_>>()?;
    let (query, source) = match copy.one("relation") {
        Some(relation) => {
            let columns = copy.name("attlist").into_iter().map(str::to_owned).collect();
            (format!("SELECT * FROM ONLY {}", path(relation)), Copied::Relation(columns))
        }
        None => (own_query(text)?, Copied::Query),
    };
    Some(CopyOut { query, source, options })
}

/// A name, quoted whether it must be or not.
fn path(relation: &Tree) -> String {
    let parts = ["catalogname", "schemaname", "relname"].map(|part| relation.text(part));
    let quoted = |part: &&str| format!("\"{}\"", part.replace('"', "\"\""));
    parts.iter().filter(|part| !part.is_empty()).map(quoted).collect::<Vec<_>>().join(".")
}

fn option(option: &Tree) -> Option<(String, String)> {
    let value = match option.one("arg") {
        None => String::new(),
        Some(value) => match value.kind {
            "String" => value.text("sval").to_owned(),
            "Integer" => value.number("ival").to_string(),
            "Boolean" => (value.number("boolval") != 0).to_string(),
            // Columns.
            "AStar" | "List" => String::new(),
            _ => return None,
        },
    };
    Some((option.text("defname").to_owned(), value))
}

/// What stands between the parentheses behind COPY, with as many blanks before it as there are characters.
fn own_query(text: &str) -> Option<String> {
    let mut tokens = pg_query::scan(text).ok()?.tokens;
    tokens.retain(|token| ![Token::SqlComment, Token::CComment].iter().any(|kind| is(token, *kind)));
    let [copy, opens, within @ ..] = tokens.as_slice() else { return None };
    if !is(copy, Token::Copy) || !is(opens, Token::Ascii40) {
        return None;
    }
    let mut depth = 1;
    let closes = within.iter().find(|token| {
        depth += i32::from(is(token, Token::Ascii40)) - i32::from(is(token, Token::Ascii41));
        depth == 0
    })?;
    let (start, end) = (usize::try_from(opens.end).ok()?, usize::try_from(closes.start).ok()?);
    let blanks = " ".repeat(text.get(..start)?.chars().count());
    Some(blanks + text.get(start..end)?)
}

fn is(token: &ScanToken, kind: Token) -> bool {
    token.token == kind as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (String, Copied, String) {
        let CopyOut { query, source, options } = copy_out(text).unwrap();
        let options: Vec<_> = options.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (query, source, options.join(" "))
    }

    #[test]
    fn a_relation_is_copied_as_it_is_named() {
        let (query, source, options) = read("/*(*/copy s.\"We\"\"ird\" (a, \"B\") to stdout");
        assert_eq!(query, "SELECT * FROM ONLY \"s\".\"We\"\"ird\"");
        assert_eq!((source, options.as_str()), (Copied::Relation(vec!["a".into(), "B".into()]), ""));
        let (query, source, options) =
            read("COPY BINARY users TO STDOUT WITH DELIMITER '|' NULL AS 'x' CSV HEADER FORCE QUOTE a;");
        assert_eq!((query.as_str(), source), ("SELECT * FROM ONLY \"users\"", Copied::Relation(vec![])));
        assert_eq!(options, "format=binary delimiter=| null=x format=csv header=true force_quote=");
        let (_, _, options) =
            read("copy users to stdout (format csv, header off, null 5, force_quote *, quote 'q')");
        assert_eq!(options, "format=csv header=off null=5 force_quote= quote=q");
    }

    #[test]
    fn a_query_stands_where_it_stood() {
        let text = "copy /* é( */ (select ')', (1) -- )\n) to stdout";
        let (query, source, _) = read(text);
        assert_eq!((query.trim_start(), source), ("select ')', (1) -- )\n", Copied::Query));
        let place = |text: &str| text.chars().take_while(|letter| *letter != 's').count();
        assert_eq!(place(&query), place(text));
        assert_eq!(
            copy_out("copy (insert into a values (1) returning b) to stdout").unwrap().query.trim(),
            "insert into a values (1) returning b"
        );
    }

    #[test]
    fn what_is_no_copy_to_the_client_is_none() {
        for text in [
            "select 1",
            "copy a from stdin",
            "copy a to '/tmp/a'",
            "copy a to program 'cat'",
            "copy a to stdout; select 1",
            "nonsense",
        ] {
            assert!(copy_out(text).is_none(), "{text}");
        }
    }
}
