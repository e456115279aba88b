//! The class of a column by a sample of its values.

use super::Class;
use super::letter::is_address;
use super::persons::Persons;
use crate::FIRST_NORMAL_OID;
use crate::columns::{BYTEA, is_document};
use crate::detect;
use crate::rows::bytes;

/// So many of a hundred values are of one class where the column is.
pub(super) const CLASS_PERCENT: u64 = 60;

/// Fewest values that tell the class of a column.
const CLASS_VALUES_MIN: u32 = 3;

/// Fewest values that tell that a column is harmless.
const HARMLESS_VALUES_MIN: u32 = 20;

/// Words that somebody has written about something, and not chosen from a list.
const PROSE_WORDS_MIN: usize = 4;

/// So many of a hundred bytes of a value are what was found in it where the value is that, and not a text about it.
const WHOLE_PERCENT: usize = 75;

/// What values of one column were seen to hold.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    values: u32,
    /// How many are of each class, in the order of `Class::ALL`.
    of_class: [u32; Class::ALL.len()],
    /// How many look like documents.
    documents: u32,
    /// One of those has a key that says that its value is sensitive, or a value whose form does.
    has_key: bool,
    /// One has something in it that its form alone tells, or could have it under a key that others do not have.
    has_distinct: bool,
    /// One is a sentence: in the next there can be anything.
    has_prose: bool,
    persons: Persons,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Values of this class.
    Class(Class),
    /// Nothing of that kind.
    Harmless,
    /// Too few values tell, some have something in them, or they are sentences: each is to be looked at.
    Unknown,
}

impl Sample {
    /// One more value of this type (OID) in the text format. What is empty says nothing.
    pub fn note(&mut self, type_oid: u32, value: &[u8]) {
        match value {
            // Each can have other keys.
            _ if is_document(type_oid) => {
                self.has_distinct = true;
                self.note_document(value);
            }
            [b'{' | b'[' | b' ' | b'\n', ..] if value.windows(2).any(|signs| signs == b"\":") => {
                self.note_document(value)
            }
            // A list of hstore.
            [b'{', ..] if FIRST_NORMAL_OID <= type_oid && value.windows(3).any(|signs| signs == b"\"=>") => {
                self.has_distinct = true;
                self.note_document(value);
            }
            [b'"', ..] if value.windows(4).any(|signs| signs == b"\"=>\"") => {
                self.has_distinct = true;
                self.note_document(value);
            }
            [b'\\', b'x', digits @ ..] if type_oid == BYTEA => self.note_text(&bytes(digits)),
            [b'{', elements @ .., b'}'] => {
                elements.split(|byte| matches!(byte, b',' | b'"')).for_each(|value| self.note_text(value));
            }
            value => self.note_text(value),
        }
    }

    /// A value of which keys tell: JSON, what is written like it, or hstore. The end of a long one may be missing.
    fn note_document(&mut self, value: &[u8]) {
        self.documents += 1;
        self.values += 1;
        for found in detect::all(value) {
            self.has_key |= found.is_distinct();
            self.has_distinct |= found.is_distinct();
        }
    }

    fn note_text(&mut self, value: &[u8]) {
        let value = value.trim_ascii();
        if value.is_empty() {
            return;
        }
        self.values += 1;
        self.has_prose |= PROSE_WORDS_MIN <= value.split(u8::is_ascii_whitespace).count();
        self.persons.note(value);
        let mut whole = None;
        for found in detect::all(value) {
            self.has_distinct |= found.is_distinct();
            let is_most = value.len() * WHOLE_PERCENT <= found.range.len() * 100;
            if is_most || found.class == Class::Address && is_address(value, &found.range) {
                whole = Some(found.class);
            }
        }
        let classes = Class::ALL.into_iter().zip(&mut self.of_class);
        classes.filter(|(class, _)| whole == Some(*class)).for_each(|(_, count)| *count += 1);
    }

    /// Adds what another sample of the same column was seen to hold.
    pub fn add(&mut self, other: &Sample) {
        self.values = self.values.saturating_add(other.values);
        self.documents = self.documents.saturating_add(other.documents);
        for (count, more) in self.of_class.iter_mut().zip(other.of_class) {
            *count = count.saturating_add(more);
        }
        self.has_key |= other.has_key;
        self.has_distinct |= other.has_distinct;
        self.has_prose |= other.has_prose;
        self.persons.add(&other.persons);
    }

    /// Half of each count: what is added next counts twice as much.
    pub fn halve(&mut self) {
        self.values /= 2;
        self.documents /= 2;
        self.of_class.iter_mut().for_each(|count| *count /= 2);
        self.persons.halve();
    }

    /// How many values were seen; those of lists one by one.
    pub fn values(&self) -> u32 {
        self.values
    }

    /// How many of them are of this class.
    pub fn of(&self, class: Class) -> u32 {
        match class {
            Class::Document => self.documents,
            Class::PersonName => self.persons.names(),
            class => Class::ALL
                .into_iter()
                .zip(self.of_class)
                .find(|(one, _)| *one == class)
                .map_or(0, |(_, count)| count),
        }
    }

    /// Whether there are enough values for a word about any column.
    pub fn is_enough(&self) -> bool {
        HARMLESS_VALUES_MIN <= self.values
    }

    /// Whether so many of a hundred values are of this class, and more than a few.
    pub(super) fn are_mostly(&self, class: Class, percent: u64) -> bool {
        let count = self.of(class);
        CLASS_VALUES_MIN <= count && u64::from(self.values) * percent <= u64::from(count) * 100
    }

    /// What they tell of their column.
    pub fn holds(&self) -> Holds {
        if self.has_key && u64::from(self.values) * CLASS_PERCENT <= u64::from(self.documents) * 100 {
            return Holds::Class(Class::Document);
        }
        let most = Class::ALL.into_iter().zip(self.of_class).max_by_key(|(_, count)| *count);
        match most {
            Some((class, _)) if self.are_mostly(class, CLASS_PERCENT) => Holds::Class(class),
            _ if self.persons.are_most() => Holds::Class(Class::PersonName),
            _ if self.is_enough() && !self.has_distinct && !self.has_prose => Holds::Harmless,
            _ => Holds::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: u32 = 25;

    fn of(values: &[&str]) -> Holds {
        let mut sample = Sample::default();
        values.iter().for_each(|value| sample.note(TEXT, value.as_bytes()));
        sample.holds()
    }

    #[test]
    fn most_values_tell_the_class() {
        let mails = ["ann@shop.org", "bob@shop.org", " cy@shop.org ", "", "n/a"];
        assert_eq!(of(&mails), Holds::Class(Class::Email));
        assert_eq!(of(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]), Holds::Class(Class::IpAddress));
        assert_eq!(
            of(&["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009"]),
            Holds::Class(Class::Card)
        );
    }

    #[test]
    fn bytes_and_lists_are_told_by_what_is_in_them() {
        let mut sample = Sample::default();
        (0..3).for_each(|_| sample.note(BYTEA, b"\\x616e6e4073686f702e6f7267"));
        assert_eq!(sample.holds(), Holds::Class(Class::Email));
        let mut sample = Sample::default();
        sample.note(1009, br#"{ann@shop.org,"Bo <bob@shop.org>",cy@shop.org,dee@shop.org}"#);
        assert_eq!(sample.holds(), Holds::Class(Class::Email));
        let mut sample = Sample::default();
        sample.note(TEXT, br"\x616e6e4073686f702e6f7267");
        assert_eq!(sample.holds(), Holds::Unknown);
    }

    #[test]
    fn documents_are_told_by_their_keys() {
        let of = |type_oid, values: &[&str]| {
            let mut sample = Sample::default();
            values.iter().for_each(|value| sample.note(type_oid, value.as_bytes()));
            sample.holds()
        };
        const JSONB: u32 = 3802;
        let plain = r#"{"plan": "gold", "n": 1}"#;
        let named = r#"{"plan": "gold", "contact": {"firstName": "Ann"#;
        assert_eq!(of(JSONB, &[plain, plain, named]), Holds::Class(Class::Document));
        assert_eq!(of(TEXT, &[plain, plain, named]), Holds::Class(Class::Document));
        assert_eq!(of(90_000, &[r#""plan"=>"gold", "ssn"=>"1""#]), Holds::Class(Class::Document));
        // The next can have other keys.
        assert_eq!(of(JSONB, &[plain; 40]), Holds::Unknown);
        assert_eq!(of(90_000, &[r#""plan"=>"gold""#; 40]), Holds::Unknown);
        assert_eq!(of(TEXT, &[plain; 40]), Holds::Harmless);
        // A text about something is none.
        assert_eq!(of(TEXT, &["all is well", "it was so", named]), Holds::Unknown);
    }

    #[test]
    fn few_values_and_texts_about_something_tell_none() {
        assert_eq!(of(&[]), Holds::Unknown);
        assert_eq!(of(&["ann@shop.org", "bob@shop.org"]), Holds::Unknown);
        assert_eq!(of(&["red"; 19]), Holds::Unknown);
        let mut notes = vec!["asked for a call"; 40];
        notes.push("asked for an answer to ann@shop.org");
        assert_eq!(of(&notes), Holds::Unknown);
    }

    #[test]
    fn words_and_versions_are_harmless() {
        assert_eq!(of(&["red"; 20]), Holds::Harmless);
        let mut texts = vec!["a release"; 40];
        texts.push("since 1.2.3.4");
        assert_eq!(of(&texts), Holds::Harmless);
        texts.push("nothing to say here");
        assert_eq!(of(&texts), Holds::Unknown, "the next may have something to say");
    }
}
