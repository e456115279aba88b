//! Masks within JSON: objects, lists and keys stay, strings are masked, and all else is null.

use crate::detect;

/// Deepest nesting that is followed; a deeper value is hidden whole.
const DEPTH_MAX: usize = 128;

/// A document that is read from its beginning on.
struct Reader<'j> {
    json: &'j [u8],
    at: usize,
}

/// What is masked.
struct Masking<'m> {
    mask: &'m dyn Fn(&[u8], &mut Vec<u8>) -> bool,
    /// A value as it is, and what is shown in its place.
    value: Vec<u8>,
    shown: Vec<u8>,
}

/// Appends `json` with each string in it as `mask` shows it. `false` where it is no JSON; what was appended does not count.
pub(super) fn masked(json: &[u8], mask: &dyn Fn(&[u8], &mut Vec<u8>) -> bool, out: &mut Vec<u8>) -> bool {
    let mut reader = Reader { json, at: 0 };
    let mut masking = Masking { mask, value: Vec::new(), shown: Vec::new() };
    masking.value(&mut reader, DEPTH_MAX, out).is_some() && {
        reader.blanks(out);
        reader.at == json.len()
    }
}

impl Masking<'_> {
    fn value(&mut self, reader: &mut Reader<'_>, depth: usize, out: &mut Vec<u8>) -> Option<()> {
        reader.blanks(out);
        match reader.peek()? {
            b'{' => self.members(reader, depth.checked_sub(1)?, b'}', out),
            b'[' => self.members(reader, depth.checked_sub(1)?, b']', out),
            b'"' => {
                reader.string(&mut self.value)?;
                self.shown.clear();
                match (self.mask)(&self.value, &mut self.shown) {
                    true => write_string(&self.shown, out),
                    false => out.extend_from_slice(b"null"),
                }
                Some(())
            }
            _ => {
                reader.scalar()?;
                out.extend_from_slice(b"null");
                Some(())
            }
        }
    }

    /// An object or a list, up to its end.
    fn members(&mut self, reader: &mut Reader<'_>, depth: usize, end: u8, out: &mut Vec<u8>) -> Option<()> {
        out.push(reader.next()?);
        reader.blanks(out);
        if reader.peek()? == end {
            out.push(reader.next()?);
            return Some(());
        }
        loop {
            if end == b'}' {
                reader.blanks(out);
                let written = reader.string(&mut self.value)?;
                // A key can be a value itself.
                match detect::first(&self.value) {
                    Some(_) => write_string(b"***", out),
                    None => out.extend_from_slice(written),
                }
                reader.blanks(out);
                out.push(Some(reader.next()?).filter(|byte| *byte == b':')?);
            }
            self.value(reader, depth, out)?;
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

    /// `XXXX` behind `\u`, with the second of a pair where there is one.
    fn unicode(&mut self, into: &mut Vec<u8>) -> Option<()> {
        let mut code = self.hex()?;
        if (0xD800..0xDC00).contains(&code) {
            (self.next()? == b'\\' && self.next()? == b'u').then_some(())?;
            code = 0x10000 + ((code - 0xD800) << 10) + self.hex()?.checked_sub(0xDC00)?;
        }
        let letter = char::from_u32(code)?;
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
