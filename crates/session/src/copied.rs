//! What a COPY to the client copies, in which form, and which columns of its relation or query these are.

use mask::CopyForm;
use sql::Statement;
use sql::facts::Effect;
use sql::{Catalog, copy_out};

use crate::names::ResultColumns;

/// A COPY to the client whose data can be rewritten.
#[derive(Debug)]
pub(crate) struct Copied {
    /// A query whose columns are those that can be copied.
    pub(crate) query: String,
    /// It is a relation that is copied, not the query.
    pub(crate) is_relation: bool,
    pub(crate) form: CopyForm,
    /// Columns of the relation by name; none for all.
    names: Vec<String>,
    /// The data's, where it is not the session's.
    encoding: Option<Encoding>,
}

/// How bytes are letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// Bytes below 0x80 are ASCII, wherever they stand.
    Ascii,
    /// Such bytes can be the second of a letter.
    Other,
}

/// How the names of encodings begin that servers use themselves (encnames.c), which all are like that.
const ASCII: [&str; 11] = [
    "abc",
    "euc",
    "iso8859",
    "koi8",
    "latin",
    "sqlascii",
    "tcvn",
    "win125",
    "win866",
    "win874",
    "windows125",
];

impl Encoding {
    /// The encoding of this name.
    pub(crate) fn named(name: &str) -> Self {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
        match name.as_str() {
            "utf8" | "unicode" => Encoding::Utf8,
            name if ASCII.iter().any(|known| name.starts_with(known)) => Encoding::Ascii,
            _ => Encoding::Other,
        }
    }
}

impl Copied {
    /// Whether it sends rows to the client as COPY data.
    pub(crate) fn is_to_client(statement: &Statement) -> bool {
        let is_file = |effect: &Effect| matches!(effect, Effect::ServerFile | Effect::ServerProgram);
        statement.effects.contains(&Effect::CopyOut) && !statement.effects.iter().any(is_file)
    }

    /// Reads `text`, which is this statement alone. `None` where its data cannot be rewritten.
    pub(crate) fn of(text: &str, statement: &Statement) -> Option<Self> {
        if !Copied::is_to_client(statement) {
            return None;
        }
        let copy = copy_out(text)?;
        let options = Options::read(&copy.options)?;
        let encoding = options.encoding.map(Encoding::named);
        let (is_relation, names) = match copy.source {
            sql::Copied::Query => (false, Vec::new()),
            sql::Copied::Relation(names) => (true, names),
        };
        let form = options.form()?;
        Some(Copied { query: copy.query, is_relation, form, names, encoding })
            .filter(|copied| copied.encoding != Some(Encoding::Other))
    }

    /// The encoding of its data in a session that has this one.
    pub(crate) fn encoding(&self, session: Encoding) -> Encoding {
        self.encoding.unwrap_or(session)
    }

    /// Of the columns of its query those that are copied, which are so many. `None` where nobody knows.
    pub(crate) fn columns(
        &self,
        described: &ResultColumns,
        count: usize,
        catalog: &Catalog,
    ) -> Option<ResultColumns> {
        let all: Vec<usize> = (0..described.len()).collect();
        let places = if !self.names.is_empty() {
            let labels = described.labels();
            let place = |name: &String| labels.iter().position(|label| label == name);
            self.names.iter().map(place).collect::<Option<Vec<_>>>()?
        } else if self.is_relation && count < all.len() {
            let is_generated = |place: &usize| {
                described
                    .get(*place)
                    .is_none_or(|column| catalog.is_generated(column.table_oid, column.column))
            };
            all.into_iter().filter(|place| !is_generated(place)).collect()
        } else {
            all
        };
        (places.len() == count).then(|| described.copied(places, self.form.format()))
    }
}

/// The options of a COPY to the client, as they were given.
#[derive(Default)]
struct Options<'o> {
    format: Option<&'o str>,
    delimiter: Option<&'o str>,
    null: Option<&'o str>,
    quote: Option<&'o str>,
    escape: Option<&'o str>,
    encoding: Option<&'o str>,
    header: bool,
}

impl<'o> Options<'o> {
    /// `None` where one is not known.
    fn read(given: &'o [(String, String)]) -> Option<Self> {
        let mut options = Options::default();
        for (name, value) in given {
            let value = value.as_str();
            match name.as_str() {
                "format" => options.format = Some(value),
                "delimiter" => options.delimiter = Some(value),
                "null" => options.null = Some(value),
                "quote" => options.quote = Some(value),
                "escape" => options.escape = Some(value),
                "encoding" => options.encoding = Some(value),
                "header" => options.header = truth(value)?,
                "force_quote" | "freeze" | "log_verbosity" => {}
                _ => return None,
            }
        }
        Some(options)
    }

    fn form(&self) -> Option<CopyForm> {
        let byte = |given: Option<&str>, default: u8| match given.map(str::as_bytes) {
            None => Some(default),
            Some([byte]) if byte.is_ascii() => Some(*byte),
            Some(_) => None,
        };
        let null = |default: &str| {
            let null = self.null.unwrap_or(default);
            null.is_ascii().then(|| null.as_bytes().to_vec())
        };
        let header = self.header;
        match self.format.unwrap_or("text") {
            "text" => {
                let delimiter = byte(self.delimiter, b'\t')?;
                Some(CopyForm::Text { delimiter, null: null("\\N")?, header })
            }
            "csv" => {
                let quote = byte(self.quote, b'"')?;
                let (delimiter, escape) = (byte(self.delimiter, b',')?, byte(self.escape, quote)?);
                Some(CopyForm::Csv { delimiter, null: null("")?, quote, escape, header })
            }
            "binary" => Some(CopyForm::Binary),
            _ => None,
        }
    }
}

/// A truth value as options have it (define.c, defGetBoolean). One without a value is true.
fn truth(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "" | "1" | "true" | "on" => Some(true),
        "0" | "false" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(options: &str) -> Option<CopyForm> {
        let text = format!("copy users to stdout {options}");
        Copied::of(&text, &sql::read(text.as_bytes()).unwrap().statements[0]).map(|copied| copied.form)
    }

    #[test]
    fn options_say_how_rows_are_written() {
        let text = |delimiter, null: &str, header| CopyForm::Text { delimiter, null: null.into(), header };
        assert_eq!(form(""), Some(text(b'\t', "\\N", false)));
        assert_eq!(form("delimiter '|' null 'x'"), Some(text(b'|', "x", false)));
        assert_eq!(form("(header, delimiter E'\\x01', encoding 'LATIN1')"), Some(text(1, "\\N", true)));
        let csv = |delimiter, null: &str, quote, escape, header| {
            Some(CopyForm::Csv { delimiter, null: null.into(), quote, escape, header })
        };
        assert_eq!(form("csv header"), csv(b',', "", b'"', b'"', true));
        let all = "(format csv, quote 'q', delimiter 'd', null 'n', header false, force_quote (email))";
        assert_eq!(form(all), csv(b'd', "n", b'q', b'q', false));
        assert_eq!(form("(format csv, escape '\\', header 0)"), csv(b',', "", b'"', b'\\', false));
        assert_eq!(form("(format binary)"), Some(CopyForm::Binary));
        for unknown in [
            "(format arrow)",
            "(format csv, quote 'ab')",
            "(format csv, header match)",
            "(null 'é')",
            "(encoding 'SJIS')",
            "(encoding 'windows-936')",
            "(on_error ignore)",
            "(format 'CSV')",
        ] {
            assert_eq!(form(unknown), None, "{unknown}");
        }
    }
}
