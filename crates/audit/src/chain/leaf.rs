//! The hash of one record, made of its columns as the ledger has them: whoever reads a row can make it again.

use ring::digest::{SHA256, digest};

/// Stands before everything that is hashed here, with the version of the form.
const DOMAIN: &[u8] = b"picket record 1\0";

/// The columns of a record, one after the other: name, letter of the kind, value. A column that has its default value is
/// left out, so that a record stays what it was when its table gets another column.
#[derive(Debug)]
pub(crate) struct Leaf(Vec<u8>);

impl Leaf {
    /// Of a record of this table.
    pub(crate) fn new(table: &str) -> Self {
        let mut leaf = Leaf(Vec::with_capacity(512));
        leaf.begin(table);
        leaf
    }

    /// Of another table, in the same memory.
    pub(crate) fn begin(&mut self, table: &str) {
        self.0.clear();
        self.0.extend_from_slice(DOMAIN);
        self.bytes(table.as_bytes());
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        if !value.is_empty() {
            self.head(name, b't');
            self.bytes(value.as_bytes());
        }
        self
    }

    /// A number.
    pub(crate) fn number(&mut self, name: &str, value: impl Into<i128>) -> &mut Self {
        let value = value.into();
        if value != 0 { self.put(name, b'n', value) } else { self }
    }

    /// A number that may be missing; zero is not missing.
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl Into<i128>>) -> &mut Self {
        match value {
            Some(value) => self.put(name, b'o', value.into()),
            None => self,
        }
    }

    /// A UUID or an address.
    pub(crate) fn id(&mut self, name: &str, value: impl Into<u128>) -> &mut Self {
        let value = value.into();
        if value != 0 {
            self.head(name, b'i');
            self.0.extend_from_slice(&value.to_le_bytes());
        }
        self
    }

    /// A list of texts.
    pub(crate) fn list<S: AsRef<str>>(&mut self, name: &str, values: &[S]) -> &mut Self {
        if !values.is_empty() {
            self.head(name, b'l');
            self.0.extend_from_slice(&(values.len() as u64).to_le_bytes());
            values.iter().for_each(|value| self.bytes(value.as_ref().as_bytes()));
        }
        self
    }

    /// A list of numbers.
    pub(crate) fn numbers(&mut self, name: &str, values: impl ExactSizeIterator<Item = u64>) -> &mut Self {
        if values.len() != 0 {
            self.head(name, b'm');
            self.0.extend_from_slice(&(values.len() as u64).to_le_bytes());
            values.for_each(|value| self.0.extend_from_slice(&value.to_le_bytes()));
        }
        self
    }

    /// What other columns come to.
    pub(crate) fn hash(&mut self, name: &str, value: &[u8; 32]) -> &mut Self {
        self.head(name, b'h');
        self.0.extend_from_slice(value);
        self
    }

    /// Half of the hash: nobody who has not chosen both finds another record with the same 16 bytes, and of a record that
    /// somebody chooses, session and time are not for them to choose.
    pub(crate) fn half(&self) -> u128 {
        let mut half = [0; 16];
        for (place, byte) in half.iter_mut().zip(self.whole()) {
            *place = byte;
        }
        u128::from_le_bytes(half)
    }

    /// The whole hash.
    pub(crate) fn whole(&self) -> [u8; 32] {
        sha256(&self.0)
    }

    fn put(&mut self, name: &str, kind: u8, value: i128) -> &mut Self {
        self.head(name, kind);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn head(&mut self, name: &str, kind: u8) {
        self.bytes(name.as_bytes());
        self.0.push(kind);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.0.extend_from_slice(bytes);
    }
}

/// SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (place, byte) in hash.iter_mut().zip(digest(&SHA256, bytes).as_ref()) {
        *place = *byte;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_has_another_hash() {
        let leaves: Vec<u128> = [
            Leaf::new("a").text("b", "c"),
            Leaf::new("a").text("bc", ""),
            Leaf::new("a").text("b", "").text("c", "c"),
            Leaf::new("ab").text("", "c"),
            Leaf::new("a").list("b", &["c"]),
            Leaf::new("a").list("b", &["", "c"]),
            Leaf::new("a").list("b", &["c", ""]),
            Leaf::new("a").list("b", &["", ""]),
            Leaf::new("a").numbers("b", [1].into_iter()),
            Leaf::new("a").numbers("b", [1, 0].into_iter()),
            Leaf::new("a").number("b", 1),
            Leaf::new("a").number("b", -1),
            Leaf::new("a").optional("b", Some(1)),
            Leaf::new("a").optional("b", Some(0)),
            Leaf::new("a").hash("b", &[0; 32]),
        ]
        .map(|leaf| leaf.half())
        .to_vec();
        let distinct: std::collections::BTreeSet<_> = leaves.iter().collect();
        // Two of them have no column with a value.
        assert_eq!(distinct.len(), leaves.len());
    }

    #[test]
    fn a_column_with_its_default_value_is_as_one_that_is_not_there() {
        let without = Leaf::new("a").text("b", "c").half();
        let with = Leaf::new("a").text("b", "c").text("new", "").number("more", 0).half();
        let none = Leaf::new("a").text("b", "c").list::<&str>("list", &[]).optional("o", None::<u32>).half();
        assert_eq!((with, none), (without, without));
    }

    /// What was hashed by an earlier version must be the same for ever.
    #[test]
    fn the_form_stays() {
        let mut leaf = Leaf::new("sessions");
        leaf.text("host", "proxy1").number("version", 1).optional("ended_at", Some(7)).list("names", &["a"]);
        assert_eq!(leaf.half(), 155_906_232_058_034_853_314_071_359_169_154_903_453);
    }
}
