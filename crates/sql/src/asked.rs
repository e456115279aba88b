//! Queries and expressions of a body of plpgsql that call functions: what PERFORM, IF, `:=`, RETURN and the like have worked out. What
//! else they do is known by words; here they are cut out to see whose rows they hand on (see `handing`).

use std::ops::Range;

use pg_query::ParseResult;
use pg_query::protobuf::Token;

use crate::body::Words;

impl Words<'_> {
    /// Each of them, with the word at which the statement begins that has it.
    pub(crate) fn asked(&self) -> Vec<(usize, ParseResult)> {
        let mut found = Vec::new();
        let first = self.directives();
        for at in first..self.len() {
            if !self.may_look() {
                break;
            }
            if at == first || self.begins_part(at) {
                let asked = self.asked_at(at).into_iter().filter(|range| self.calls_in(range.clone()));
                let parsed = asked.filter_map(|range| self.parsed(&self.query_of(range)?));
                found.extend(parsed.map(|parsed| (at, parsed)));
            }
        }
        found
    }

    /// What the statement that begins at `at` has worked out.
    fn asked_at(&self, at: usize) -> Vec<Range<usize>> {
        let word = |at: usize| self.text(at).unwrap_or_default().to_ascii_lowercase();
        let end = self.end(at);
        let one = |range: Range<usize>| vec![range];
        let behind = |wanted: &[&str]| self.find(at, wanted).saturating_add(1)..end;
        match word(at).as_str() {
            "perform" | "call" | "assert" => one(at + 1..end),
            "if" | "elsif" | "elseif" | "when" => one(at + 1..self.find(at, &["then"])),
            "while" => one(at + 1..self.find(at, &["loop"])),
            "case" => {
                let when = self.find(at, &["when"]);
                vec![at + 1..when, when + 1..self.find(when, &["then"])]
            }
            "for" | "foreach" => {
                let begin = self.find(at, &["in"]) + 1;
                one(begin + usize::from(word(begin) == "array")..self.find(at, &["loop"]))
            }
            "return" => match word(at + 1).as_str() {
                "next" | "query" => one(at + 2..end),
                _ => one(at + 1..end),
            },
            "exit" | "continue" => one(behind(&["when"])),
            "open" => one(behind(&["for"])),
            "raise" => self.split(at + 1..self.find(at, &["using"])).skip(1).collect(),
            _ if self.is_select(at) => one(at..end),
            _ => vec![behind(&[":=", "=", "default"]), behind(&["for", "is"])],
        }
    }

    /// A query of its own, without the variables that take what it gives.
    fn query_of(&self, words: Range<usize>) -> Option<String> {
        let text = self.slice(words.clone())?;
        if !self.is_select(words.start) || self.is(words.start, &[Token::Ascii40]) {
            return Some(format!("SELECT {text}"));
        }
        let Some((into, _)) = self.into(words.start, words.end) else { return Some(text.to_owned()) };
        let before = self.slice(words.start..into.start)?;
        Some(format!("{before} {}", self.slice(into.end..words.end).unwrap_or_default()))
    }

    /// Whether something may be called there.
    fn calls_in(&self, words: Range<usize>) -> bool {
        words.into_iter().any(|at| {
            let is_name =
                self.is(at, &[Token::Ident]) || self.text(at).is_some_and(|text| text.starts_with('"'));
            self.is(at + 1, &[Token::Ascii40]) && (is_name || self.is_keyword(at))
        })
    }
}
