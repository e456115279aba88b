//! What psql would send of a script. Where only the server knows whether a condition holds, all of its branches are there;
//! what only the server knows how it goes on, such as the texts of `\gexec`, is not.

mod command;
mod conditions;
mod quoted;
mod variables;

use self::conditions::Conditions;
use self::variables::Variables;

/// One string of statements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sent {
    /// Without what stands before and behind it.
    pub text: Vec<u8>,
    /// What the script itself has set `standard_conforming_strings` to.
    pub standard_strings: bool,
}

/// Cuts a script.
#[must_use]
pub fn sent(script: &[u8]) -> Vec<Sent> {
    let mut cut = Cut { input: script.to_vec(), standard_strings: true, ..Cut::default() };
    while cut.at < cut.input.len() {
        cut.step();
    }
    cut.send();
    cut.sent
}

/// The script as far as it is cut. Where a variable stands, its value takes its place in `input`.
#[derive(Default)]
struct Cut {
    input: Vec<u8>,
    at: usize,
    text: Vec<u8>,
    parens: u32,
    /// Open BEGIN and CASE of a body that is no string.
    blocks: u32,
    /// First letters of the first words.
    words: Vec<u8>,
    standard_strings: bool,
    variables: Variables,
    conditions: Conditions,
    sent: Vec<Sent>,
}

/// Words that tell a function with a body that is no string.
const WORDS_MAX: usize = 4;

impl Cut {
    /// Takes the next token.
    fn step(&mut self) {
        let rest = &self.input[self.at..];
        if self.conditions.skip() && rest.first() != Some(&b'\\') {
            self.at += 1;
            return;
        }
        let before = self.text.last().copied().unwrap_or(b' ');
        match rest {
            [b'\'', ..] => {
                let escapes = self.string_escapes();
                self.copy(quoted::string_len(rest, escapes));
            }
            [b'"', ..] => self.copy(quoted::identifier_len(rest)),
            [b'$', ..] if !is_word(before) => self.copy(quoted::dollar_len(rest).unwrap_or(1)),
            [b'-', b'-', ..] => self.copy(quoted::line_len(rest)),
            [b'/', b'*', ..] => self.copy(quoted::comment_len(rest)),
            [b'\\', letter @ (b';' | b':'), ..] => {
                self.text.push(*letter);
                self.at += 2;
            }
            [b'\\', ..] => self.command(),
            [b':', b':' | b'=', ..] => self.copy(2),
            [b':', ..] => self.variable(),
            [b';', ..] if self.parens == 0 && self.blocks == 0 => {
                self.at += 1;
                self.send();
            }
            [byte, ..] => {
                match byte {
                    b'(' => self.parens += 1,
                    b')' => self.parens = self.parens.saturating_sub(1),
                    _ => {}
                }
                let len = rest.iter().take_while(|byte| is_word(**byte)).count();
                if byte.is_ascii_alphabetic() {
                    self.word(len);
                }
                self.copy(len.max(1));
            }
            [] => {}
        }
    }

    fn copy(&mut self, len: usize) {
        self.text.extend_from_slice(&self.input[self.at..self.at + len]);
        self.at += len;
    }

    /// Whether a backslash escapes in the string that begins now.
    fn string_escapes(&self) -> bool {
        match self.text.as_slice() {
            [.., b'u' | b'U', b'&'] => false,
            [.., before, b'e' | b'E'] if !is_word(*before) => true,
            [b'e' | b'E'] => true,
            _ => !self.standard_strings,
        }
    }

    /// Within CREATE FUNCTION or PROCEDURE, what stands between BEGIN and END is one statement with it (psqlscan.l).
    fn word(&mut self, len: usize) {
        let word = self.input[self.at..self.at + len].to_ascii_lowercase();
        if self.words.len() < WORDS_MAX {
            self.words.push(word[0]);
        }
        let is_routine =
            matches!(self.words.as_slice(), [b'c', b'f' | b'p', ..] | [b'c', b'o', b'r', b'f' | b'p', ..]);
        if is_routine && self.parens == 0 {
            match word.as_slice() {
                b"begin" => self.blocks += 1,
                b"case" if 0 < self.blocks => self.blocks += 1,
                b"end" => self.blocks = self.blocks.saturating_sub(1),
                _ => {}
            }
        }
    }

    /// A variable, or a colon.
    fn variable(&mut self) {
        let before = self.text.last().copied().unwrap_or(b' ');
        match self.variables.value_at(&self.input[self.at..], before) {
            Some((len, value)) => drop(self.input.splice(self.at..self.at + len, value)),
            None => self.copy(1),
        }
    }

    /// What is there goes to the server.
    fn send(&mut self) {
        let text = std::mem::take(&mut self.text);
        (self.parens, self.blocks) = (0, 0);
        self.words.clear();
        let text = text.trim_ascii();
        if quoted::without_comments(text).is_empty() {
            return;
        }
        let lower = String::from_utf8_lossy(quoted::without_comments(text)).to_ascii_lowercase();
        let words: Vec<&str> = lower.split_ascii_whitespace().collect();
        self.sent.push(Sent { text: text.to_vec(), standard_strings: self.standard_strings });
        for statement in lower.split(';') {
            let words: Vec<&str> = statement.split_ascii_whitespace().collect();
            if words.first() == Some(&"copy")
                && words.windows(2).any(|pair| pair[0] == "from" && pair[1].starts_with("stdin"))
            {
                self.skip_rows();
            }
        }
        if let Some(setting) = words.iter().position(|word| *word == "standard_conforming_strings") {
            match (words[0], &words[setting + 1..]) {
                ("set", [.., "off" | "'off'" | "false"]) => self.standard_strings = false,
                ("set" | "reset", _) => self.standard_strings = true,
                _ => {}
            }
        }
    }

    /// The rows of a COPY, which begin on the next line. They are not there where the server is to refuse it.
    fn skip_rows(&mut self) {
        let from = self.at + quoted::line_len(&self.input[self.at..]);
        let rows = &self.input[from..];
        let mut len = 0;
        for line in rows.split_inclusive(|byte| *byte == b'\n') {
            len += line.len();
            let line = line.trim_ascii();
            if line == b"\\." {
                self.at = from + len;
                return;
            }
            let lower = String::from_utf8_lossy(line).to_ascii_lowercase();
            if lower.starts_with("--") || COMMANDS.iter().any(|command| lower.starts_with(command)) {
                return;
            }
        }
    }
}

/// No row of a test begins with these.
const COMMANDS: [&str; 10] =
    ["alter ", "begin;", "copy ", "create ", "drop ", "insert ", "rollback;", "select ", "set ", "truncate "];

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..)
}

#[cfg(test)]
mod tests;
