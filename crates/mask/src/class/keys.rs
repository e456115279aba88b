//! What keys of documents say of their values: the same as names of columns.

use std::cell::RefCell;
use std::collections::HashMap;

use super::Class;
use super::names::class_of;

/// Keys of which a thread remembers what they say, and bytes of one: what is more is worked out each time.
const KEYS_MAX: usize = 4_096;
const KEY_BYTES_MAX: usize = 64;

/// Keys of which the values are no part of what they stand in: `"phone": {"type": "mobile", …}`, and schemas of documents.
const PLAIN: [&str; 14] = [
    "confirmed",
    "count",
    "enabled",
    "format",
    "kind",
    "label",
    "lang",
    "language",
    "maxlength",
    "minlength",
    "required",
    "status",
    "type",
    "verified",
];

/// OIDs of text and numeric, as which names of columns are read.
const TEXT: u32 = 25;
const NUMERIC: u32 = 1700;

thread_local! {
    static KNOWN: RefCell<HashMap<Box<[u8]>, KeyClass>> = RefCell::default();
}

/// The classes of values behind a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyClass {
    /// Where they are strings, or objects and lists of some.
    pub(crate) text: Option<Class>,
    /// Where they are numbers.
    pub(crate) number: Option<Class>,
    /// It stands for something about what it is in, whatever that is.
    is_plain: bool,
}

impl KeyClass {
    /// What `key` says, which is UTF-8 or says nothing.
    pub(crate) fn of(key: &[u8]) -> Self {
        KNOWN.with_borrow_mut(|known| match known.get(key) {
            Some(class) => *class,
            None => {
                let class = core::str::from_utf8(key).map(KeyClass::read).unwrap_or_default();
                if known.len() < KEYS_MAX && key.len() <= KEY_BYTES_MAX {
                    known.insert(key.into(), class);
                }
                class
            }
        })
    }

    fn read(key: &str) -> Self {
        let text = class_of(key, TEXT);
        // What is a text in a column can be a number here: `"zip": 90210`, `"pin": 4711`. Tokens are counted.
        let is_counted = || key.to_ascii_lowercase().trim_end_matches('s').ends_with("token");
        let can_be = |class: &Class| match class {
            Class::Address | Class::BirthDate => true,
            Class::Credential => !is_counted(),
            _ => false,
        };
        let number = class_of(key, NUMERIC).or_else(|| text.filter(can_be));
        KeyClass { text, number, is_plain: PLAIN.contains(&key.to_ascii_lowercase().as_str()) }
    }

    pub(crate) fn is_any(self) -> bool {
        self.text.is_some() || self.number.is_some()
    }

    /// What `self` says of what stands in something behind `outer`.
    pub(crate) fn within(self, outer: KeyClass) -> Self {
        if self.is_plain {
            return self;
        }
        KeyClass { text: self.text.or(outer.text), number: self.number.or(outer.number), is_plain: false }
    }
}

/// Whether a key of a document, as a statement names it, says that what stands behind it is sensitive.
pub fn is_sensitive_key(key: &str) -> bool {
    KeyClass::read(key).is_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_say_what_names_of_columns_say() {
        let of = |key: &str| KeyClass::of(key.as_bytes());
        let both = |class| KeyClass { text: Some(class), number: Some(class), is_plain: false };
        assert_eq!((of("firstName").text, of("firstName").number), (Some(Class::PersonName), None));
        assert_eq!(of("zip"), both(Class::Address));
        assert_eq!(of("pin"), both(Class::Credential));
        assert_eq!((of("tokens").text, of("tokens").number), (Some(Class::Credential), None));
        assert_eq!(of("lat"), of("lat"));
        assert!(["name", "status", "email_count", "", "\u{7f}"].into_iter().all(|key| !of(key).is_any()));
        assert_eq!(KeyClass::of(b"ssn\xff"), KeyClass::default());
        assert_eq!(of("line").within(of("address")), of("address"));
        assert!(!of("type").within(of("address")).is_any());
        assert!(is_sensitive_key("ssn") && !is_sensitive_key("sku"));
    }
}
