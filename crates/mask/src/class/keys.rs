//! What keys of documents say of their values: the same as names of columns.

use std::cell::RefCell;
use std::collections::HashMap;

use super::Class;
use super::names::class_of;

/// Keys of which a thread remembers what they say, and bytes of one: what is more is worked out each time.
const KEYS_MAX: usize = 4_096;
const KEY_BYTES_MAX: usize = 64;

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
        KeyClass { text: class_of(key, TEXT), number: class_of(key, NUMERIC) }
    }

    pub(crate) fn is_any(self) -> bool {
        self != KeyClass::default()
    }

    /// What `self` says of what stands in something behind `outer`.
    pub(crate) fn within(self, outer: KeyClass) -> Self {
        KeyClass { text: self.text.or(outer.text), number: self.number.or(outer.number) }
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
        assert_eq!(of("firstName"), KeyClass { text: Some(Class::PersonName), number: None });
        assert_eq!(of("lat"), KeyClass { text: Some(Class::GeoLocation), number: Some(Class::GeoLocation) });
        assert_eq!(of("lat"), of("lat"));
        assert!(["name", "status", "email_count", "", "\u{7f}"].into_iter().all(|key| !of(key).is_any()));
        assert_eq!(KeyClass::of(b"ssn\xff"), KeyClass::default());
        assert_eq!(of("type").within(of("address")), of("address"));
        assert!(is_sensitive_key("ssn") && !is_sensitive_key("sku"));
    }
}
