//! Why a statement is not read, or read differently by the second reader: each class with its reason.

use sql::Unreadable;

/// A class, and why there is one.
pub(crate) struct Class {
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
}

pub(crate) const UNREADABLE: [Class; 6] = [
    Class { name: "syntax error", why: "what the tests get wrong on purpose" },
    Class {
        name: "refused by an action of the grammar",
        why: "the words fit, but not together: PostgreSQL's parser says so, and nothing that runs later",
    },
    Class { name: "literal", why: "a number or an escape that PostgreSQL's scanner refuses" },
    Class {
        name: "not UTF-8",
        why: "of a test for databases in WIN1252: other encodings are refused, since bytes could mean two things",
    },
    Class {
        name: "a setting changes what a backslash means",
        why: "`standard_conforming_strings` is off in the test: the session refuses texts with a backslash",
    },
    Class {
        name: "bounds",
        why: "longer, with more words and signs, or with more operator characters in a row, than is read",
    },
];

pub(crate) const DISAGREES: [Class; 3] = [
    Class {
        name: "`ONLY` is taken for a table",
        why: "sqlparser 0.63 reads `FROM ONLY t` as a table `only` called t",
    },
    Class {
        name: "`COPY … FROM STDIN` swallows what follows",
        why: "sqlparser 0.63 takes the statements behind it for the rows",
    },
    Class {
        name: "`TABLE t` in a set operation",
        why: "sqlparser 0.63 knows it, but does not visit the relation",
    },
];

/// The class of what cannot be read; `None` where nobody has thought of it.
pub(crate) fn unreadable(error: &Unreadable) -> Option<&'static str> {
    let class = match error {
        Unreadable::Encoding => 3,
        Unreadable::Lexing { .. } => 4,
        Unreadable::TooLong { .. }
        | Unreadable::TooManyTokens { .. }
        | Unreadable::TooManyStatements { .. }
        | Unreadable::TooDeep { .. }
        | Unreadable::OperatorRun { .. } => 5,
        Unreadable::Syntax { message } if message.starts_with("syntax error at ") => 0,
        Unreadable::Syntax { message } => match LITERAL.iter().any(|start| message.starts_with(start)) {
            true => 2,
            false => 1,
        },
        Unreadable::Nul
        | Unreadable::NewWord { .. }
        | Unreadable::TooSlow { .. }
        | Unreadable::Tree { .. } => return None,
    };
    UNREADABLE.get(class).map(|class| class.name)
}

/// What the scanner says of numbers, strings and quoted names.
const LITERAL: [&str; 9] = [
    "UESCAPE must be",
    "invalid Unicode",
    "invalid binary",
    "invalid hexadecimal",
    "invalid octal",
    "parameter number too large",
    "trailing junk after",
    "unterminated",
    "zero-length delimited",
];

/// The class of a disagreement between the readers.
pub(crate) fn disagrees(what: &str, text: &str) -> Option<&'static str> {
    let text = text.to_ascii_lowercase();
    let words: Vec<&str> = text.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let relation = what.contains("does not see relation");
    let class = match relation {
        true if words.contains(&"only") => 0,
        true if words.contains(&"table") => 2,
        false if what.contains(" statements, not ") && text.contains("from stdin") => 1,
        _ => return None,
    };
    DISAGREES.get(class).map(|class| class.name)
}

/// Whether it is known that PostgreSQL 15 takes what is unreadable: it looks at the name of a strategy when the statement
/// runs, and the grammar of 18 does itself.
pub(crate) fn is_taken(text: &str) -> bool {
    text.to_ascii_lowercase().contains("partition by magic")
}
