//! psql's own commands, as far as they say what is sent.

use super::Cut;
use super::quoted::line_len;

/// They send what stands before them.
const SENDING: [&[u8]; 8] =
    [b"crosstabview", b"g", b"gdesc", b"gexec", b"gx", b"parse", b"sendpipeline", b"watch"];

impl Cut {
    /// Takes a command and its arguments, up to the end of the line or to the next command.
    pub(super) fn command(&mut self) {
        let rest = &self.input[self.at + 1..];
        if rest.first() == Some(&b'\\') {
            self.at += 2;
            return;
        }
        let name_len = rest.iter().take_while(|byte| !byte.is_ascii_whitespace() && **byte != b'\\').count();
        let (name, rest) = (rest[..name_len].to_vec(), &rest[name_len..]);
        let whole_line = matches!(name.as_slice(), b"copy" | b"!" | b"." | b"sf" | b"sv");
        let len = if whole_line { line_len(rest) } else { arguments_len(rest) };
        let arguments = rest[..len].to_vec();
        self.at += 1 + name_len + len;
        if self.conditions.command(&name, || self.variables.argument(&arguments)) || self.conditions.skip() {
            return;
        }
        match name.as_slice() {
            b"gset" => {
                self.variables.got(&self.text);
                self.send();
            }
            name if SENDING.contains(&name) => self.send(),
            b"r" | b"reset" => self.text.clear(),
            b"set" => self.variables.set(&arguments),
            b"unset" => self.variables.unset(&arguments),
            // Another session has what sessions begin with.
            b"c" | b"connect" => self.standard_strings = true,
            b"copy" if String::from_utf8_lossy(&arguments).to_ascii_lowercase().contains(" from stdin") => {
                // The command's line is already behind.
                self.at -= 1;
                self.skip_rows();
            }
            _ => {}
        }
    }
}

/// Up to a line's end or a backslash outside of quotes.
fn arguments_len(rest: &[u8]) -> usize {
    let mut quote = None;
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match (quote, byte) {
            (_, b'\n') => return at,
            (None, b'\\') => return at,
            (None, b'\'' | b'"' | b'`') => quote = Some(*byte),
            (Some(b'\''), b'\\') => at += 1,
            (Some(open), byte) if open == *byte => quote = None,
            _ => {}
        }
        at += 1;
    }
    rest.len()
}
