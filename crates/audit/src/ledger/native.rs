//! Columns in ClickHouse's Native format, as far as the ledger needs it: what lies in a column lies together, so that
//! ClickHouse takes it for half of what rows cost it, and most of a column is what other rows have too
//! (<https://clickhouse.com/docs/interfaces/formats/Native>; clickhouse's own `insert_native` neither compresses nor names
//! columns, and sends string by string).

use bytes::Bytes;

/// Most bytes that are compressed together: ClickHouse takes none that are larger than 1 GiB, others less.
const PIECE_BYTES_MAX: usize = 1 << 20;

/// Columns of the same number of rows.
pub(super) struct Block {
    rows: usize,
    names: Vec<&'static str>,
    columns: Vec<u8>,
}

/// A list of strings as it lies in a column.
#[derive(Default)]
pub(super) struct List {
    strings: u64,
    bytes: Vec<u8>,
}

impl List {
    /// Bytes that each row takes that has it.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl Block {
    /// A block without columns.
    pub(super) fn new(rows: usize) -> Self {
        Block { rows, names: Vec::new(), columns: Vec::new() }
    }

    /// The statement that takes it. It names the columns: ClickHouse passes over those that a table does not have where they
    /// are named in the block alone (`input_format_skip_unknown_fields`).
    pub(super) fn insert_into(&self, table: &str) -> String {
        format!("INSERT INTO {table} ({}) FORMAT Native", self.names.join(", "))
    }

    /// The next column, of a type whose values have `N` bytes.
    pub(super) fn fixed<const N: usize>(
        &mut self,
        name: &'static str,
        data_type: &str,
        values: impl Iterator<Item = [u8; N]>,
    ) {
        self.head(name, data_type);
        values.for_each(|value| self.columns.extend_from_slice(&value));
    }

    /// The next column, of a type whose values have `N` bytes or are NULL.
    pub(super) fn nullable<const N: usize>(
        &mut self,
        name: &'static str,
        data_type: &str,
        values: impl Iterator<Item = Option<[u8; N]>> + Clone,
    ) {
        self.head(name, data_type);
        self.columns.extend(values.clone().map(|value| u8::from(value.is_none())));
        values.for_each(|value| self.columns.extend_from_slice(&value.unwrap_or([0; N])));
    }

    /// The next column, of strings. One that has few different ones in ClickHouse is sent as any other.
    pub(super) fn strings<'a>(&mut self, name: &'static str, values: impl Iterator<Item = &'a str>) {
        self.head(name, "String");
        values.for_each(|value| string(&mut self.columns, value));
    }

    /// The next column, of lists of strings.
    pub(super) fn lists<'a>(&mut self, name: &'static str, values: impl Iterator<Item = &'a List> + Clone) {
        self.head(name, "Array(String)");
        let mut end: u64 = 0;
        for list in values.clone() {
            end += list.strings;
            self.columns.extend_from_slice(&end.to_le_bytes());
        }
        values.for_each(|list| self.columns.extend_from_slice(&list.bytes));
    }

    /// The next column, of lists of numbers.
    pub(super) fn number_lists<L: ExactSizeIterator<Item = u64>>(
        &mut self,
        name: &'static str,
        values: impl Iterator<Item = L> + Clone,
    ) {
        self.head(name, "Array(UInt64)");
        let mut end: u64 = 0;
        for list in values.clone() {
            end += list.len() as u64;
            self.columns.extend_from_slice(&end.to_le_bytes());
        }
        values.flatten().for_each(|number| self.columns.extend_from_slice(&number.to_le_bytes()));
    }

    /// What is sent, in pieces that can be compressed each on its own: a head, and the columns.
    pub(super) fn into_pieces(self) -> impl Iterator<Item = Bytes> {
        let mut head = Vec::new();
        length(&mut head, self.names.len());
        length(&mut head, self.rows);
        let mut columns = Bytes::from(self.columns);
        let pieces = std::iter::from_fn(move || {
            (!columns.is_empty()).then(|| columns.split_to(columns.len().min(PIECE_BYTES_MAX)))
        });
        std::iter::once(Bytes::from(head)).chain(pieces)
    }

    fn head(&mut self, name: &'static str, data_type: &str) {
        self.names.push(name);
        string(&mut self.columns, name);
        string(&mut self.columns, data_type);
    }
}

impl<S: AsRef<str>> FromIterator<S> for List {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut list = List::default();
        for text in strings {
            list.strings += 1;
            string(&mut list.bytes, text.as_ref());
        }
        list
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    length(out, text.len());
    out.extend_from_slice(text.as_bytes());
}

/// A number in LEB128.
fn length(out: &mut Vec<u8>, mut number: usize) {
    while 0x80 <= number {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}
