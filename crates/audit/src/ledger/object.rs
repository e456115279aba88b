//! The name of a relation or a column, as the ledger writes it. It knows no statements.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// `schema.relation` or `schema.relation.column`, without quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object(String);

/// A text that names no object.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "an object is `schema.relation` or `schema.relation.column`, such as `public.users.email`; `{text}` is neither"
)]
pub struct ObjectError {
    text: String,
}

impl Object {
    /// The name as the ledger has it.
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Object {
    type Err = ObjectError;

    /// Reads names as SQL does: what is not quoted is folded to lower case.
    fn from_str(text: &str) -> Result<Self, ObjectError> {
        let refused = || ObjectError { text: text.to_owned() };
        let mut names = Vec::new();
        let mut rest = text;
        loop {
            let (name, behind) = split_name(rest).ok_or_else(refused)?;
            names.push(name);
            match behind.strip_prefix('.') {
                Some(next) => rest = next,
                None if behind.is_empty() => break,
                None => return Err(refused()),
            }
        }
        match names.len() {
            2 | 3 => Ok(Object(names.join("."))),
            _ => Err(refused()),
        }
    }
}

/// Splits the first name off `text`.
fn split_name(text: &str) -> Option<(String, &str)> {
    let (name, rest) = match text.strip_prefix('"') {
        Some(quoted) => split_quoted(quoted)?,
        None => {
            let is_letter = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$');
            let end = text.find(|letter| !is_letter(letter)).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let begins_well = name.starts_with(|letter: char| letter.is_alphabetic() || letter == '_');
            begins_well.then(|| (name.to_lowercase(), rest))?
        }
    };
    (!name.is_empty()).then_some((name, rest))
}

/// Reads on behind the opening quote; a doubled quote stands for one.
fn split_quoted(text: &str) -> Option<(String, &str)> {
    let mut name = String::new();
    let mut rest = text;
    loop {
        let (part, behind) = rest.split_once('"')?;
        name.push_str(part);
        match behind.strip_prefix('"') {
            Some(next) => {
                name.push('"');
                rest = next;
            }
            None => return Some((name, behind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_or_three_names_are_an_object() {
        let name = |text: &str| text.parse::<Object>().unwrap().to_string();
        assert_eq!(name("public.users"), "public.users");
        assert_eq!(name("Public.USERS.Email"), "public.users.email");
        assert_eq!(name(r#"public."Order Lines"."We.ird""#), "public.Order Lines.We.ird");
        assert_eq!(name(r#"public."a""b""#), "public.a\"b");
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong = [
            "",
            "email",
            "a.b.c.d",
            ".users",
            "public.",
            "public.\"users",
            "public.\"a\"b",
            "public.\"\"",
            "public.a b",
            "public.1a",
            "a..b",
        ];
        for text in wrong {
            assert!(text.parse::<Object>().is_err(), "{text}");
        }
        assert_eq!(
            "email".parse::<Object>().unwrap_err().to_string(),
            "an object is `schema.relation` or `schema.relation.column`, such as `public.users.email`; `email` is \
             neither"
        );
    }
}
