//! Decides which statements run: one at a time, on data only. What the engine checks by itself, grants, is not here.

use crate::chdb::{Class, Connection, EngineError, Param};
use crate::fault::{Code, Fault};
use crate::tokens::{Token, Tokens};

/// Names that reach files, or run SQL that nobody has looked at.
const NAMES_REFUSED: [&str; 4] = ["eval", "file", "input_format_values_interpret_expressions", "QueryRunner"];

/// The statements of class CONTROL that run.
const CONTROL_ALLOWED: [&str; 7] = [
    "KILL QUERY",
    "SYSTEM FLUSH LOGS",
    "SYSTEM REFRESH VIEW",
    "SYSTEM START MERGES",
    "SYSTEM START TTL MERGES",
    "SYSTEM STOP MERGES",
    "SYSTEM STOP TTL MERGES",
];

/// Refuses what picket-engine does not run; says the class of what it does.
pub(crate) fn examine(connection: &Connection, sql: &[u8], params: &[Param]) -> Result<Class, Fault> {
    by_words(sql, params)?;
    let analysis = connection.classify(sql)?;
    match (analysis.class, analysis.statements) {
        (Class::Unknown, _) | (_, 0) => Err(not_understood(connection, sql)),
        (class, 1) => by_class(class, sql).map(|()| class),
        (_, count) => {
            Err(Code::SyntaxError
                .says(format_args!("{count} statements in one request; send them one by one")))
        }
    }
}

fn by_words(sql: &[u8], params: &[Param]) -> Result<(), Fault> {
    let refused = |message: &str| Err(Code::QueryNotAllowed.says(message));
    let banned =
        |name: &[u8]| NAMES_REFUSED.iter().any(|refused| name.eq_ignore_ascii_case(refused.as_bytes()));
    if sql.iter().any(|byte| byte.is_ascii_control() && !byte.is_ascii_whitespace())
        && std::str::from_utf8(sql).is_err()
    {
        return Err(Code::SyntaxError.says(
            "the statement holds control characters; a compressed body needs its Content-Encoding header",
        ));
    }
    let mut tokens = Tokens::of(sql);
    let Some(first) = tokens.clone().next() else {
        return Err(Code::SyntaxError.says("empty query; send SQL in `query` or as the body"));
    };
    let writes = !(first.is("SELECT") || first.is("WITH") || first.is("SHOW"));
    let mut last = Token::Text;
    while let Some(token) = tokens.next() {
        match token {
            Token::Stray => {
                return Err(Code::SyntaxError
                    .says("letters outside ASCII and control characters are only allowed inside quotes"));
            }
            Token::Name(name) if name.contains(&b'\\') => {
                return refused("names with a backslash are not allowed");
            }
            Token::Word(name) | Token::Name(name) if banned(name) && last != Token::Sign(b'.') => {
                return refused(&format!(
                    "the names {} are not allowed; a column needs its table: `t.file`",
                    NAMES_REFUSED.join(", ")
                ));
            }
            _ => {}
        }
        if token.is("INFILE") && writes {
            return refused("FROM INFILE is not allowed, nor the word `infile` in a statement that writes");
        }
        if token.is("DISK") && tokens.clone().next() == Some(Token::Sign(b'(')) {
            return refused("tables cannot bring their own disk");
        }
        if token.is("IDENTIFIER") && params.iter().any(|param| banned(param.value.as_bytes())) {
            return refused("an Identifier parameter cannot be `file`");
        }
        last = token;
    }
    Ok(())
}

fn by_class(class: Class, sql: &[u8]) -> Result<(), Fault> {
    match class {
        Class::ReadOnly | Class::Mutating => Ok(()),
        Class::Control if CONTROL_ALLOWED.iter().any(|allowed| starts_with(sql, allowed)) => Ok(()),
        Class::Control | Class::Unknown => Err(Code::QueryNotAllowed.says(
            "picket-engine does not run statements that steer the session or the server or write outside of it; give \
             settings as URL parameters, of `SYSTEM` only merges, views and FLUSH LOGS may be touched",
        )),
        Class::MutatingGlobal => Err(Code::QueryNotAllowed.says(
            "picket-engine keeps no functions, users or named collections, and `system` is read only",
        )),
    }
}

fn starts_with(sql: &[u8], words: &str) -> bool {
    let mut tokens = Tokens::of(sql);
    words.split(' ').all(|word| tokens.next().is_some_and(|token| token.is(word)))
}

/// Has the engine's parser say what is wrong with the text.
fn not_understood(connection: &Connection, sql: &[u8]) -> Fault {
    let text = match std::str::from_utf8(sql) {
        Ok(text) => text.to_owned(),
        Err(_) => return Code::SyntaxError.says("the statement is not UTF-8 text"),
    };
    // A parameter's value is written with escapes, as in a tab-separated file.
    let value = text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r");
    let sql = Param { name: "sql".to_owned(), value };
    match connection.query(b"SELECT formatQuery({sql:String})", "Null", &[sql]) {
        Ok(_) => Code::QueryNotAllowed.says("this is not a statement picket-engine runs"),
        Err(EngineError(told)) => Fault::from(EngineError(told)).cut_before(": In scope SELECT formatQuery("),
    }
}
