//! psql's variables. What the server or the environment gives one is not known: a one or a word stands for it.

use std::collections::HashMap;

use super::quoted::without_comments;

/// Names and values, as `\set` gave them.
#[derive(Default)]
pub(super) struct Variables {
    known: HashMap<Vec<u8>, Vec<u8>>,
}

/// What stands for a value that only the server knows, where a number or a name can stand.
const UNKNOWN: &[u8] = b"1";
const UNKNOWN_WORD: &[u8] = b"unknown";

impl Variables {
    /// The variable with which `rest` begins, if there is one: its length there, and what takes its place. Before it
    /// stands `before`.
    pub(super) fn value_at(&self, rest: &[u8], before: u8) -> Option<(usize, Vec<u8>)> {
        let quote = *rest.get(1)?;
        if matches!(quote, b'\'' | b'"') {
            let len = name_len(&rest[2..])?;
            let name = &rest[2..2 + len];
            let value = self.known.get(name).map_or(UNKNOWN_WORD, Vec::as_slice);
            let doubled =
                value.iter().flat_map(|byte| if *byte == quote { vec![quote; 2] } else { vec![*byte] });
            let quoted: Vec<u8> = [quote].into_iter().chain(doubled).chain([quote]).collect();
            return (rest.get(2 + len) == Some(&quote)).then_some((len + 3, quoted));
        }
        if let Some(asked) = rest.strip_prefix(b":{?") {
            let len = name_len(asked)?;
            return (asked.get(len) == Some(&b'}')).then(|| (len + 4, b"true".to_vec()));
        }
        let len = name_len(&rest[1..])?;
        match self.known.get(&rest[1..=len]) {
            Some(value) => Some((len + 1, value.clone())),
            // A bound of a slice, `[1:n]` or `[:3]`, looks the same.
            None if rest[1].is_ascii_digit() || rest.get(len + 1) == Some(&b']') => None,
            None if before == b'.' => Some((len + 1, UNKNOWN_WORD.to_vec())),
            None => Some((len + 1, UNKNOWN.to_vec())),
        }
    }

    /// `\set name value …`: values are put together without blanks.
    pub(super) fn set(&mut self, arguments: &[u8]) {
        let mut arguments = self.arguments(arguments).into_iter();
        if let Some(name) = arguments.next() {
            self.known.insert(name, arguments.flatten().collect());
        }
    }

    pub(super) fn unset(&mut self, arguments: &[u8]) {
        for name in self.arguments(arguments) {
            self.known.remove(&name);
        }
    }

    /// `SELECT $$ … $$ AS name \gset` says itself what the server answers.
    pub(super) fn got(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(without_comments(text));
        if let [head, value, tail] = text.split("$$").collect::<Vec<_>>().as_slice()
            && head.trim().eq_ignore_ascii_case("select")
            && let ["as" | "AS", name] = tail.split_ascii_whitespace().collect::<Vec<_>>().as_slice()
        {
            self.known.insert(name.as_bytes().to_vec(), value.as_bytes().to_vec());
        }
    }

    /// The first argument.
    pub(super) fn argument(&self, arguments: &[u8]) -> Vec<u8> {
        self.arguments(arguments).into_iter().next().unwrap_or_default()
    }

    fn arguments(&self, line: &[u8]) -> Vec<Vec<u8>> {
        let (mut all, mut own): (Vec<Vec<u8>>, Option<Vec<u8>>) = (Vec::new(), None);
        let mut at = 0;
        while let Some(byte) = line.get(at) {
            match byte {
                b'\'' => {
                    let (len, value) = quoted(&line[at..]);
                    own.get_or_insert_default().extend(value);
                    at += len;
                }
                b':' if let Some((len, value)) = self.value_at(&line[at..], b' ') => {
                    own.get_or_insert_default().extend(value);
                    at += len;
                }
                byte if byte.is_ascii_whitespace() => {
                    all.extend(own.take());
                    at += 1;
                }
                byte => {
                    own.get_or_insert_default().push(*byte);
                    at += 1;
                }
            }
        }
        all.extend(own);
        all
    }
}

/// A quoted argument: its length with the quotes, and what it means.
fn quoted(rest: &[u8]) -> (usize, Vec<u8>) {
    let (mut at, mut value) = (1, Vec::new());
    while let Some(byte) = rest.get(at) {
        match (byte, rest.get(at + 1)) {
            (b'\'', Some(b'\'')) => {
                value.push(b'\'');
                at += 2;
            }
            (b'\'', _) => return (at + 1, value),
            (b'\\', Some(escaped)) => {
                value.push(match escaped {
                    b'n' => b'\n',
                    b't' => b'\t',
                    other => *other,
                });
                at += 2;
            }
            _ => {
                value.push(*byte);
                at += 1;
            }
        }
    }
    (rest.len(), value)
}

fn name_len(rest: &[u8]) -> Option<usize> {
    let len =
        rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | 0x80..)).count();
    (0 < len).then_some(len)
}
