//! Which constants a question is asked with: one that is asked again and again with others that differ a little searches for a value.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash as _, Hasher};

use sql::facts::Effect;
use sql::values::{SiteKind, Tie, Tied, body, loose_sites, said};
use sql::{Aside, Constant, Statement};
use wire::frontend::Bind;

use crate::judged::Judged;
use crate::recorded::Treat;
use crate::tied::Literals;

/// Most bytes of the constants of one question that are compared. What is longer counts by its hash.
const CONSTANTS_BYTES_MAX: usize = 512;

/// Most letters in a row in which two constants differ a little. Where more do, they are two words.
const LETTERS_MAX: usize = 2;

/// What of a statement that looks into values can differ from one question to the next.
#[derive(Debug, Default)]
pub(crate) struct Sliding {
    /// Tells it from statements that differ in more than constants; 0 where nothing does.
    shape: u64,
    /// Places of literals among those of its text that say which rows it is about, or how many, and numbers of parameters that do.
    literals: Box<[usize]>,
    parameters: Box<[u16]>,
}

/// A question with its constants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    /// As [`Sliding`] has it.
    pub(crate) shape: u64,
    pub(crate) constants: Box<[u8]>,
}

/// What an execution brings along, where it is not in the statement that was judged.
#[derive(Clone, Copy, Default)]
pub(crate) struct Brought<'a> {
    /// Its own text, where that has other literals.
    pub(crate) text: Option<&'a str>,
    /// The constants that its parameters are bound to.
    pub(crate) bound: &'a [u8],
}

impl Sliding {
    /// Of a statement whose own text is `text`; without `literals` each constant counts.
    pub(crate) fn of(text: &str, statement: &Statement, literals: Option<&Literals<'_>>) -> Self {
        // What a block is made of is a constant to PostgreSQL.
        let shape = match statement.effects.contains(&Effect::Do) {
            true => shape_of(text),
            false => statement.fingerprint,
        };
        let Some(literals) = literals else { return Sliding { shape, ..Sliding::default() } };
        let says_nothing = |aside: &Aside| {
            let of = |name: &String| Tie::To(vec![Tied::Column(name.clone())]);
            aside.column.as_ref().is_none_or(|name| literals.treat(&of(name)) == Treat::Look)
        };
        let asides: Vec<Aside> = sql::asides(text).into_iter().filter(says_nothing).collect();
        let places = || loose_sites(text, false).into_iter().flatten().filter(|site| is_constant(site.kind));
        let is_aside = |constant: Constant| asides.iter().any(|aside| aside.constant == constant);
        Sliding {
            shape,
            literals: places()
                .enumerate()
                .filter(|(_, site)| is_aside(Constant::Literal(site.span.start)))
                .map(|(at, _)| at)
                .collect(),
            parameters: asides
                .iter()
                .filter_map(|aside| match aside.constant {
                    Constant::Parameter(number) => Some(number),
                    Constant::Literal(_) => None,
                })
                .collect(),
        }
    }
}

impl Judged {
    /// What it asks with these constants, where it is `asked` that looks into values: itself, or what it runs.
    pub(crate) fn question(&self, asked: &Judged, brought: Brought<'_>) -> Question {
        let shape = asked.sliding.as_ref().map_or(asked.described.fingerprint, |sliding| sliding.shape);
        let aside = self.sliding.as_ref().map_or(&[][..], |sliding| &*sliding.literals);
        let text = brought.text.unwrap_or(&self.described.text);
        let mut constants = Vec::new();
        let mut at = 0;
        split(text, true, &mut |part| {
            if let Part::Literal(literal) = part {
                if !aside.contains(&at) {
                    add(&mut constants, literal.as_bytes());
                }
                at += 1;
            }
        });
        constants.extend_from_slice(brought.bound);
        Question { shape, constants: short(constants) }
    }

    /// The constants that its parameters are bound to, where they may matter: the first have these types.
    pub(crate) fn bound_constants(&self, bind: &Bind<'_>, types: &[u32]) -> Box<[u8]> {
        let mut constants = Vec::new();
        if self.probes.is_none() && self.runs.is_empty() {
            return Box::default();
        }
        let aside = self.sliding.as_ref().map_or(&[][..], |sliding| &*sliding.parameters);
        for (number, parameter) in (1..).zip(bind.parameters().into_iter().flatten()) {
            if aside.contains(&number) {
                continue;
            }
            let value = parameter.value.unwrap_or_default();
            let type_oid = types.get(usize::from(number) - 1).copied().unwrap_or_default();
            match mask::written(type_oid, parameter.is_binary, value) {
                Some(text) => add(&mut constants, text.as_bytes()),
                // What nobody can read has no words in it.
                None => add(&mut constants, &digits(value)),
            }
        }
        short(constants)
    }
}

impl Question {
    /// Whether the other one was asked to find out more than this has told: their constants differ, in no more than a few letters.
    pub(crate) fn slides_to(&self, other: &Question) -> bool {
        self.shape == other.shape && self != other && is_near(&self.constants, &other.constants)
    }
}

/// Whether where two texts differ neither has a word. What they begin and end with alike is left out.
fn is_near(one: &[u8], other: &[u8]) -> bool {
    let begin = one.iter().zip(other).take_while(|(one, other)| one == other).count();
    let [one, other] = [one, other].map(|text| text.get(begin..).unwrap_or_default());
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(one, other)| one == other).count();
    [one, other].into_iter().all(|text| !has_word(text.get(..text.len() - end).unwrap_or_default()))
}

/// Letters beyond ASCII have several bytes, of which the first counts, or what is left of them.
fn has_word(text: &[u8]) -> bool {
    let mut letters = usize::from(matches!(text.first(), Some(0x80..=0xBF)));
    for byte in text {
        letters = match byte {
            0x80..=0xBF => letters,
            byte if byte.is_ascii_alphabetic() || !byte.is_ascii() => letters + 1,
            _ => 0,
        };
        if LETTERS_MAX < letters {
            return true;
        }
    }
    false
}

enum Part<'t> {
    Literal(Cow<'t, str>),
    Between(&'t str),
}

fn is_constant(kind: SiteKind) -> bool {
    matches!(kind, SiteKind::Text | SiteKind::Number | SiteKind::Body)
}

/// Cuts a text into its constants and what stands between them. A string in dollars can be code: where it is cut `into_bodies`, the
/// constants in it are what differs.
fn split<'t>(text: &'t str, into_bodies: bool, each: &mut impl FnMut(Part<'t>)) {
    let Some(sites) = loose_sites(text, false) else { return each(Part::Literal(text.into())) };
    let mut from = 0;
    for site in sites.into_iter().filter(|site| is_constant(site.kind)) {
        each(Part::Between(text.get(from..site.span.start).unwrap_or_default()));
        let literal = text.get(site.span.clone()).unwrap_or_default();
        match body(literal).filter(|_| into_bodies && literal.starts_with('$')) {
            Some((_, inside)) => split(inside, false, each),
            None => each(Part::Literal(said(literal))),
        }
        from = site.span.end;
    }
    each(Part::Between(text.get(from..).unwrap_or_default()));
}

/// A number for what a text is but for its constants.
fn shape_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    split(text, true, &mut |part| match part {
        Part::Literal(_) => 0_u8.hash(&mut hasher),
        Part::Between(between) => between.hash(&mut hasher),
    });
    hasher.finish()
}

fn add(constants: &mut Vec<u8>, value: &[u8]) {
    constants.push(0);
    constants.extend_from_slice(value);
}

/// Three for each byte.
fn digits(value: &[u8]) -> Vec<u8> {
    value.iter().flat_map(|byte| [byte / 100, byte / 10 % 10, byte % 10].map(|digit| b'0' + digit)).collect()
}

fn short(mut constants: Vec<u8>) -> Box<[u8]> {
    if CONSTANTS_BYTES_MAX < constants.len() {
        let mut hasher = DefaultHasher::new();
        constants.hash(&mut hasher);
        constants.truncate(CONSTANTS_BYTES_MAX);
        constants.extend(hasher.finish().to_string().into_bytes());
    }
    constants.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: &str, other: &str) -> bool {
        is_near(one.as_bytes(), other.as_bytes()) && is_near(other.as_bytes(), one.as_bytes())
    }

    #[test]
    fn what_differs_in_numbers_and_a_few_letters_is_near_and_words_are_not() {
        for (one, other) in [
            ("50000", "75000"),
            ("a%", "b%"),
            ("a%", "ab%"),
            ("%a@shop.org", "%na@shop.org"),
            ("zoe", "zof"),
            ("2000-01-01", "1980-07-01"),
            ("\u{e4}%", "\u{e4}\u{f6}%"),
            ("\u{6f22}%", "\u{5b57}%"),
        ] {
            assert!(near(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("%smith%", "%miller%"),
            ("red car", "blue boat"),
            ("\u{43c}\u{438}\u{440}%", "\u{434}\u{43e}\u{43c}%"),
        ] {
            assert!(!near(one, other), "{one} {other}");
        }
    }

    #[test]
    fn blocks_that_differ_in_constants_have_one_shape() {
        let block = |letter: &str| {
            format!(
                "do $$ begin if exists (select from t where a like '{letter}%') then null; end if; end $$"
            )
        };
        assert_eq!(shape_of(&block("a")), shape_of(&block("b")));
        assert_ne!(shape_of(&block("a")), shape_of("do $$ begin null; end $$"));
    }

    #[test]
    fn long_constants_differ_and_have_a_bound() {
        let long = |end: &str| short(format!("{}{end}", "x".repeat(10_000)).into_bytes());
        assert!(long("a").len() < CONSTANTS_BYTES_MAX + 32);
        assert_ne!(long("a"), long("b"));
        assert!(is_near(&long("a"), &long("b")));
    }
}
