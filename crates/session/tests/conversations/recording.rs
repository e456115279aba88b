//! What `cargo xtask record` has written: its form is described there.

use std::fs;
use std::path::{Path, PathBuf};

use mask::{Classes, ColumnId, Unsearched, class_of, is_text};
use sql::Catalog;
use sql::catalog::{Column, Relation};

/// Tables of the shop with too few rows to tell what their columns hold.
const SPARSE: [&str; 2] = ["products", "users"];

/// Who sent a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

/// One session of a client.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) catalog: Catalog,
    pub(crate) classes: Classes,
    pub(crate) unsearched: Unsearched,
    /// What both sides sent, in the order in which it came.
    pub(crate) pieces: Vec<(From, Vec<u8>)>,
    pub(crate) to_server: Vec<u8>,
    pub(crate) to_client: Vec<u8>,
}

impl Recording {
    /// The names of all, in order.
    pub(crate) fn names() -> Vec<String> {
        let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        let texts = files.filter(|path| path.extension().is_some_and(|ending| ending == "txt"));
        let mut names: Vec<_> =
            texts.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    pub(crate) fn read(name: &str) -> Self {
        let text = fs::read_to_string(folder().join(name).with_extension("txt")).unwrap();
        let (mut relations, mut pieces, mut got) = (Vec::new(), Vec::new(), [None, None]);
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (what, rest) = line.split_once(' ').unwrap();
            match what {
                "relation" => relations.push(relation(rest)),
                "client" => pieces.push((From::Client, bytes(rest))),
                "server" => pieces.push((From::Server, bytes(rest))),
                "to-server" => got[0] = Some(bytes(rest)),
                "to-client" => got[1] = Some(bytes(rest)),
                other => panic!("a line begins with `{other}`"),
            }
        }
        let sent = |by: From| {
            let pieces = pieces.iter().filter(|(from, _)| *from == by).map(|(_, bytes)| bytes.as_slice());
            pieces.collect::<Vec<_>>().concat()
        };
        let [to_server, to_client] = got;
        let to_server = to_server.unwrap_or_else(|| sent(From::Client));
        let to_client = to_client.unwrap_or_else(|| sent(From::Server));
        let classes = relations.iter().flat_map(|relation: &Relation| {
            relation.columns.iter().filter_map(|column| {
                let id = ColumnId { table_oid: relation.oid, number: column.number };
                Some((id, class_of(&column.name, column.type_oid)?))
            })
        });
        let classes: Classes = classes.collect();
        let sparse = relations.iter().filter(|relation| SPARSE.contains(&relation.name.as_str()));
        let unsearched = sparse.flat_map(|relation| {
            let texts = relation.columns.iter().filter(|column| is_text(column.type_oid));
            texts.map(|column| ColumnId { table_oid: relation.oid, number: column.number })
        });
        Recording {
            unsearched: unsearched.filter(|id| !classes.contains_key(id)).map(|id| (id, false)).collect(),
            classes,
            catalog: Catalog::new(relations),
            pieces,
            to_server,
            to_client,
        }
    }

    /// The number that nobody could guess, which marked what was refused.
    pub(crate) fn nonce(&self) -> u64 {
        const MARK: &[u8] = b"refused by Picket ";
        let at = self.to_server.windows(MARK.len()).position(|window| window == MARK);
        let digits = at.map(|at| &self.to_server[at + MARK.len()..at + MARK.len() + 16]);
        digits.map_or(0, |digits| u64::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversations")
}

/// `OID schema.name column:number:type ...`
fn relation(text: &str) -> Relation {
    let mut words = text.split(' ');
    let oid = words.next().unwrap().parse().unwrap();
    let (schema, name) = words.next().unwrap().split_once('.').unwrap();
    let column = |word: &str| {
        let [name, number, type_oid] = word.split(':').collect::<Vec<_>>()[..] else { panic!("{word}") };
        Column { name: name.to_owned(), number: number.parse().unwrap(), type_oid: type_oid.parse().unwrap() }
    };
    Relation { oid, schema: schema.to_owned(), name: name.to_owned(), columns: words.map(column).collect() }
}

/// The bytes of a line: `\0`, `\n`, `\\` and `\xff` stand for one each.
fn bytes(line: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(line.len());
    let mut left = line.bytes();
    while let Some(byte) = left.next() {
        bytes.push(match byte {
            b'\\' => match left.next() {
                Some(b'0') => 0,
                Some(b'n') => b'\n',
                Some(b'\\') => b'\\',
                Some(b'x') => {
                    let mut digit = || char::from(left.next().unwrap()).to_digit(16).unwrap();
                    u8::try_from(16 * digit() + digit()).unwrap()
                }
                other => panic!("an escape with {other:?}"),
            },
            other => other,
        });
    }
    bytes
}
