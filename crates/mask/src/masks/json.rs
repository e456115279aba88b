//! Masks within JSON. Keys and nesting stay.

use super::{is_found, mask_found, text};
use crate::class::{Class, KeyClass};
use crate::detect::{self, Match};
use crate::methods::Methods;

/// Deepest nesting that is followed; a deeper value is hidden whole.
const DEPTH_MAX: usize = 128;

/// What of a document is masked.
#[derive(Clone, Copy)]
pub(super) enum Rule<'m> {
    /// Strings are as this shows them, and all else is null.
    All(&'m dyn Fn(&[u8], &mut Vec<u8>) -> bool),
    /// What stands behind a key that says so is masked as its class is, numbers are null then; and elsewhere what is found that counts.
    Named(&'m Methods, fn(&Match) -> bool),
}

/// A document that is read from its beginning on.
struct Reader<'j> {
    json: &'j [u8],
    at: usize,
}

/// What is masked.
struct Masking<'m> {
    rule: Rule<'m>,
    /// A value as it is, and what is shown in its place.
    value: Vec<u8>,
    shown: Vec<u8>,
}

/// Appends `json` with what `rule` says masked. `false` where it is no JSON; what was appended does not count.
pub(super) fn masked(json: &[u8], rule: Rule<'_>, out: &mut Vec<u8>) -> bool {
    nested(json, rule, DEPTH_MAX, out).is_some()
}

/// A document, which can be a string of another one.
fn nested(json: &[u8], rule: Rule<'_>, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut reader = Reader { json, at: 0 };
    let mut masking = Masking { rule, value: Vec::new(), shown: Vec::new() };
    masking.value(&mut reader, KeyClass::default(), depth, out)?;
    reader.blanks(out);
    (reader.at == json.len()).then_some(())
}

impl Masking<'_> {
    /// A value behind keys of this class.
    fn value(
        &mut self,
        reader: &mut Reader<'_>,
        of: KeyClass,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        reader.blanks(out);
        match reader.peek()? {
            b'{' => self.members(reader, of, depth.checked_sub(1)?, b'}', out),
            b'[' => self.members(reader, of, depth.checked_sub(1)?, b']', out),
            b'"' => {
                let written = reader.string(&mut self.value)?;
                self.string(written, of.text, depth, out)
            }
            _ => {
                let written = reader.scalar()?;
                let is_masked = match self.rule {
                    Rule::All(_) => true,
                    Rule::Named(_, counts) => {
                        let is_number =
                            written.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b'-');
                        is_number && (of.number.is_some() || is_found(written, counts))
                    }
                };
                out.extend_from_slice(if is_masked { b"null" } else { written });
                Some(())
            }
        }
    }

    /// The string that is `self.value`, as it is written.
    fn string(
        &mut self,
        written: &[u8],
        class: Option<Class>,
        depth: usize,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        self.shown.clear();
        let (value, shown) = (self.value.as_slice(), &mut self.shown);
        let is_value = match (self.rule, class) {
            (Rule::All(mask), _) => mask(value, shown),
            (Rule::Named(methods, _), Some(class)) => text(methods, class, value, shown),
            (rule @ Rule::Named(methods, counts), None) => {
                let is_document = matches!(value.first(), Some(b'{' | b'['))
                    && nested(value, rule, depth.checked_sub(1)?, shown).is_some();
                if !is_document {
                    shown.clear();
                    mask_found(methods, value, counts, shown);
                }
                // Nothing was found.
                if shown.is_empty() || shown == value {
                    out.extend_from_slice(written);
                    return Some(());
                }
                true
            }
        };
        match is_value {
            true => write_string(shown, out),
            false => out.extend_from_slice(b"null"),
        }
        Some(())
    }

    /// The key that is `self.value`, as it is written: it can be a value itself.
    fn key(&mut self, written: &[u8], out: &mut Vec<u8>) {
        self.shown.clear();
        let is_found = match self.rule {
            Rule::All(_) => {
                detect::first(&self.value).is_some().then(|| self.shown.extend_from_slice(b"***")).is_some()
            }
            Rule::Named(methods, counts) => mask_found(methods, &self.value, counts, &mut self.shown),
        };
        match is_found {
            true => write_string(&self.shown, out),
            false => out.extend_from_slice(written),
        }
    }

    /// An object or a list, up to its end.
    fn members(
        &mut self,
        reader: &mut Reader<'_>,
        of: KeyClass,
        depth: usize,
        end: u8,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        out.push(reader.next()?);
        reader.blanks(out);
        if reader.peek()? == end {
            out.push(reader.next()?);
            return Some(());
        }
        loop {
            let mut of = of;
            if end == b'}' {
                reader.blanks(out);
                let written = reader.string(&mut self.value)?;
                of = KeyClass::of(&self.value).within(of);
                self.key(written, out);
                reader.blanks(out);
                out.push(Some(reader.next()?).filter(|byte| *byte == b':')?);
            }
            self.value(reader, of, depth, out)?;
            reader.blanks(out);
            let next = reader.next()?;
            out.push(next);
            match next {
                b',' => {}
                next if next == end => return Some(()),
                _ => return None,
            }
        }
    }
}

impl<'j> Reader<'j> {
    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn blanks(&mut self, out: &mut Vec<u8>) {
        while let Some(blank @ (b' ' | b'\t' | b'\n' | b'\r')) = self.peek() {
            out.push(blank);
            self.at += 1;
        }
    }

    /// A number or a word.
    fn scalar(&mut self) -> Option<&'j [u8]> {
        let rest = self.json.get(self.at..)?;
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let len = rest.iter().take_while(|byte| is_part(byte)).count();
        self.at += len;
        rest.get(..len).filter(|scalar| !scalar.is_empty())
    }

    /// A string, as it is written; what it says is put into `into`.
    fn string(&mut self, into: &mut Vec<u8>) -> Option<&'j [u8]> {
        into.clear();
        let start = self.at;
        (self.next()? == b'"').then_some(())?;
        loop {
            match self.next()? {
                b'"' => return self.json.get(start..self.at),
                b'\\' => match self.next()? {
                    b'n' => into.push(b'\n'),
                    b't' => into.push(b'\t'),
                    b'r' => into.push(b'\r'),
                    b'b' => into.push(8),
                    b'f' => into.push(12),
                    b'u' => self.unicode(into)?,
                    byte => into.push(byte),
                },
                byte => into.push(byte),
            }
        }
    }

    /// Four digits behind `\u`, with the second of a pair where there is one. Half of one, which json can have, is no letter.
    fn unicode(&mut self, into: &mut Vec<u8>) -> Option<()> {
        let mut code = self.hex()?;
        let here = self.at;
        if (0xD800..0xDC00).contains(&code) && self.next()? == b'\\' && self.next() == Some(b'u') {
            match self.hex()? {
                second @ 0xDC00..0xE000 => code = 0x10000 + ((code - 0xD800) << 10) + (second - 0xDC00),
                _ => self.at = here,
            }
        } else {
            self.at = here;
        }
        let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        into.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        Some(())
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.json.get(self.at..self.at + 4)?;
        self.at += 4;
        u32::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
    }
}

fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..=31 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
