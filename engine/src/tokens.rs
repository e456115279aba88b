//! Splits SQL into words, names, texts and signs the way ClickHouse's lexer does. It understands no grammar.

/// What a piece of SQL is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A bare word: a keyword, a name, a number.
    Word(&'a [u8]),
    /// A name in double quotes or backticks, as written between them.
    Name(&'a [u8]),
    /// A text in single quotes, or a here-document.
    Text,
    /// Any other visible ASCII character.
    Sign(u8),
    /// What has no place outside quotes: control characters, bytes beyond ASCII, a quote that is never closed.
    Stray,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(keyword.as_bytes()))
    }
}

/// The tokens of a text, and where they end.
#[derive(Clone)]
pub(crate) struct Tokens<'a> {
    sql: &'a [u8],
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(crate) fn of(sql: &'a [u8]) -> Self {
        Tokens { sql, at: 0 }
    }

    /// Where the token given last ended.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a [u8] {
        &self.sql[self.at..]
    }

    /// Passes spaces and comments. Comments nest, as in ClickHouse. False where one is never closed.
    fn skip_blanks(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let blanks = rest.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count();
            if 0 < blanks {
                self.at += blanks;
            } else if ["--", "//", "# ", "#!"].iter().any(|start| rest.starts_with(start.as_bytes())) {
                self.at += rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            } else if rest.starts_with(b"/*") {
                let Some(len) = comment(rest) else {
                    self.at = self.sql.len();
                    return false;
                };
                self.at += len;
            } else {
                return true;
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        if !self.skip_blanks() {
            return Some(Token::Stray);
        }
        let rest = self.rest();
        let first = *rest.first()?;
        let (token, len) = match first {
            b'\'' | b'"' | b'`' => match quoted(rest, first) {
                Some(len) if first == b'\'' => (Token::Text, len),
                Some(len) => (Token::Name(&rest[1..len - 1]), len),
                None => (Token::Stray, rest.len()),
            },
            b'$' => here_document(rest).map_or((Token::Stray, rest.len()), |len| (Token::Text, len)),
            b'x' | b'X' | b'b' | b'B' if rest.get(1) == Some(&b'\'') => digits_in_quotes(rest),
            _ if first.is_ascii_digit() => number(rest),
            _ if is_word(first) => word(rest),
            0x21..=0x7e => (Token::Sign(first), 1),
            _ => (Token::Stray, 1),
        };
        self.at += len;
        Some(token)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$'
}

fn word(rest: &[u8]) -> (Token<'_>, usize) {
    let len = rest.iter().take_while(|byte| is_word(**byte)).count();
    (Token::Word(&rest[..len]), len)
}

/// A number, or a name that begins with a digit. Neither goes on with a dollar sign, which begins a here-document.
fn number(rest: &[u8]) -> (Token<'_>, usize) {
    let len = rest.iter().take_while(|byte| is_word(**byte) && **byte != b'$').count();
    (Token::Word(&rest[..len]), len)
}

/// `x'4a'` or `b'01'`: nothing escapes in them.
fn digits_in_quotes(rest: &[u8]) -> (Token<'_>, usize) {
    let digits = rest[2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    match rest.get(2 + digits) {
        Some(b'\'') => (Token::Text, digits + 3),
        _ => (Token::Stray, rest.len()),
    }
}

/// Length of a quoted piece with both quotes. A backslash or a second quote escapes.
fn quoted(rest: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    loop {
        match *rest.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote && rest.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Length of `$tag$ … $tag$`. A dollar sign that begins no such thing is refused: ClickHouse may see more in it.
fn here_document(rest: &[u8]) -> Option<usize> {
    let tag = 1 + rest[1..].iter().position(|byte| *byte == b'$')?;
    if !rest[1..tag].iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return None;
    }
    let mark = &rest[..=tag];
    let end = rest[mark.len()..].windows(mark.len()).position(|window| window == mark)?;
    Some(mark.len() + end + mark.len())
}

fn comment(rest: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (2, 1);
    while 0 < depth {
        match rest.get(at..at + 2)? {
            b"/*" => (at, depth) = (at + 2, depth + 1),
            b"*/" => (at, depth) = (at + 2, depth - 1),
            _ => at += 1,
        }
    }
    Some(at)
}

/// An INSERT whose rows come after its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct InsertHead {
    /// Where the statement ends for an insert stream: before FORMAT or VALUES.
    pub(crate) head: usize,
    /// The format of the rows.
    pub(crate) format: String,
    /// Where the statement ends for the parser, and the rows begin.
    pub(crate) rows: usize,
    /// Whether VALUES stood there, not FORMAT.
    pub(crate) values: bool,
}

/// Splits `INSERT INTO t (…) FORMAT Name` or `… VALUES`; none where the text is another statement.
pub(crate) fn insert_head(sql: &[u8]) -> Option<InsertHead> {
    let mut tokens = Tokens::of(sql);
    if !tokens.next()?.is("INSERT") {
        return None;
    }
    let (mut depth, mut before) = (0_i32, tokens.at());
    let mut last = Token::Stray;
    while let Some(token) = tokens.next() {
        match token {
            Token::Sign(b'(') => depth += 1,
            Token::Sign(b')') => depth -= 1,
            Token::Stray => return None,
            _ => {}
        }
        let named = last.is("INTO") || last.is("TABLE") || last == Token::Sign(b'.');
        if depth == 0 && !named {
            if token.is("SELECT") || token.is("WITH") || token.is("FROM") {
                return None;
            }
            if token.is("VALUES") {
                return Some(InsertHead {
                    head: before,
                    format: "Values".to_owned(),
                    rows: tokens.at(),
                    values: true,
                });
            }
            if token.is("FORMAT") {
                let Some(Token::Word(name)) = tokens.next() else { return None };
                let format = String::from_utf8_lossy(name).into_owned();
                return Some(InsertHead { head: before, format, rows: tokens.at(), values: false });
            }
        }
        last = token;
        before = tokens.at();
    }
    None
}

/// The format that a statement names at its end.
pub(crate) fn answer_format(sql: &[u8]) -> Option<String> {
    let mut tokens = Tokens::of(sql);
    let (mut depth, mut found) = (0_i32, None);
    while let Some(token) = tokens.next() {
        match token {
            Token::Sign(b'(') => depth += 1,
            Token::Sign(b')') => depth -= 1,
            _ => {}
        }
        if depth != 0 || !token.is("FORMAT") {
            continue;
        }
        let mut ahead = tokens.clone();
        let Some(Token::Word(name)) = ahead.next() else { continue };
        let ends = ahead.next().is_none_or(|next| next == Token::Sign(b';') || next.is("SETTINGS"));
        if ends {
            found = Some(String::from_utf8_lossy(name).into_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(sql: &str) -> Option<(&str, String, &str)> {
        let head = insert_head(sql.as_bytes())?;
        Some((&sql[..head.head], head.format, &sql[head.rows..]))
    }

    #[test]
    fn inserts_are_split_before_their_rows() {
        let tsv = || "TSV".to_owned();
        assert_eq!(head("INSERT INTO t FORMAT TSV\n1"), Some(("INSERT INTO t", tsv(), "\n1")));
        assert_eq!(
            head("insert into a.format (`format`) /* FORMAT X */ format TSV"),
            Some(("insert into a.format (`format`)", tsv(), ""))
        );
        assert_eq!(head("INSERT INTO t VALUES (1)"), Some(("INSERT INTO t", "Values".to_owned(), " (1)")));
        assert_eq!(head("INSERT INTO t SELECT 1 FORMAT TSV"), None);
        assert_eq!(head("SELECT 1 FORMAT TSV"), None);
    }

    #[test]
    fn the_format_of_an_answer_stands_at_the_end() {
        let format = |sql: &str| answer_format(sql.as_bytes());
        assert_eq!(format("SELECT 1 FORMAT CSV").as_deref(), Some("CSV"));
        assert_eq!(format("SELECT 1 format CSV settings max_threads = 1").as_deref(), Some("CSV"));
        assert_eq!(format("SELECT 'FORMAT CSV', (SELECT 1) -- FORMAT TSV"), None);
        assert_eq!(format("SELECT format FROM t"), None);
    }

    #[test]
    fn quotes_and_comments_hide_words() {
        let words = |sql: &'static str| {
            Tokens::of(sql.as_bytes())
                .filter_map(|token| match token {
                    Token::Word(word) => Some(String::from_utf8_lossy(word).into_owned()),
                    _ => None,
                })
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(words("a 'b \\' c' d"), "a d");
        assert_eq!(words("a 'b '' c' d"), "a d");
        assert_eq!(words("a $x$ b $x$ c"), "a c");
        assert_eq!(words("1$x$ ' $x$ c --'"), "1 c");
        assert_eq!(words("x'4a'b a$b$c"), "b a$b$c");
        assert_eq!(words("a /* b /* c */ d */ e -- f\n g"), "a e g");
    }
}
