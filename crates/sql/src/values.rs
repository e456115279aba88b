//! The values that a statement says: where its literals stand, what they are, and what ties them to columns. Whoever keeps its text
//! knows by that which may stay. It decides nothing itself.

mod decoded;
mod ties;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use pg_query::protobuf::{ScanToken, Token};

use self::decoded::decoded;
use crate::tree::Tree;

/// What a statement says of values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// Its literals and comments, in the order of its text.
    pub sites: Vec<Site>,
    /// What ties its parameters, by their numbers from 1 on. One that stands in several places is there as often.
    pub parameters: Vec<(usize, Tie)>,
    /// Names that it gives to columns of what stands in it: they can hold anything.
    pub given: Vec<String>,
    /// It has rows of functions or the like, of whose columns only the server knows the names.
    pub has_other_rows: bool,
}

/// A part of a text that can say a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Where it stands in the statement's own text, in bytes.
    pub span: Range<usize>,
    /// What it is.
    pub kind: SiteKind,
    /// What ties it.
    pub tie: Tie,
}

/// What a part of a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    /// A string, of whichever kind: plain, with escapes, in dollars, of bits.
    Text,
    /// A number.
    Number,
    /// A string in dollars that is the body of a function or DO block.
    Body,
    /// A name in quotes.
    Name,
    /// A comment.
    Comment,
    /// A word that stands for nothing where only the grammar knows what it could be: in a text that cannot be read.
    Word,
}

/// What ties a literal or parameter to columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tie {
    /// Nothing that is known.
    #[default]
    Unknown,
    /// The grammar wants one there that is nobody's value: a limit, the length of a type, a column's place.
    Grammar,
    /// It is the value of a setting.
    Setting,
    /// It is a key of a document.
    Key,
    /// It is compared or computed with all of these, or written into them.
    To(Vec<Tied>),
}

/// Something that a literal is tied to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tied {
    /// A column of this name, of whichever relation of the statement.
    Column(String),
    /// What stands behind this key of a document.
    Behind(String),
    /// A column of this relation, that is written into.
    Written {
        /// Schema, where the statement gives one.
        schema: Option<String>,
        /// Name of the relation.
        relation: String,
        /// Which column.
        column: Target,
    },
}

/// A column that is written into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Of this name.
    Named(String),
    /// The one that stands here, from 0 on.
    At(usize),
}

/// Values and names stay out of logs.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sites, parameters) = (self.sites.len(), self.parameters.len());
        f.debug_struct("Values").field("sites", &sites).field("parameters", &parameters).finish()
    }
}

/// What the statement `tree` says of values, whose own text is `own` and stands at `start` of the text that was read. `None` where
/// PostgreSQL's scanner does not take it.
pub(crate) fn values(own: &str, start: usize, tree: &Tree) -> Option<Values> {
    if !may_have_any(own) {
        return Some(Values::default());
    }
    let mut ties = ties::Ties::default();
    ties.visit(tree);
    let has_body = tree.nodes().any(|node| matches!(node.kind, "DoStmt" | "CreateFunctionStmt"));
    let mut sites = Vec::new();
    scan(own, |token, span, sign| {
        let is_quoted = || kind_of(token) == Token::Ident && is_quoted(own, &span);
        let Some(mut kind) = site_kind(token).or_else(|| is_quoted().then_some(SiteKind::Name)) else {
            return;
        };
        if has_body
            && kind == SiteKind::Text
            && own.get(span.clone()).is_some_and(|text| text.starts_with('$'))
        {
            kind = SiteKind::Body;
        }
        let at = |place: usize| start.checked_add(place).and_then(|place| ties.take(place));
        let tie = at(span.start).or_else(|| at(sign?)).unwrap_or_default();
        sites.push(Site { span, kind, tie });
    })?;
    let ties::Ties { parameters, given, has_other_rows, .. } = ties;
    Some(Values { sites, parameters, given, has_other_rows })
}

/// All that can say a value in a text of which nothing more is known; where it is no SQL (`is_no_sql`), words too that are none of
/// PostgreSQL's. `None` where its scanner does not take it.
pub fn loose_sites(text: &str, is_no_sql: bool) -> Option<Vec<Site>> {
    let mut sites = Vec::new();
    scan(text, |token, span, _| {
        let is_word = is_no_sql && matches!(kind_of(token), Token::Ident | Token::Uident | Token::Param);
        let is_name = kind_of(token) == Token::Ident && is_quoted(text, &span);
        let kind = if is_word { Some(SiteKind::Word) } else { is_name.then_some(SiteKind::Name) };
        if let Some(kind) = kind.or_else(|| site_kind(token)) {
            sites.push(Site { span, kind, tie: Tie::Unknown });
        }
    })?;
    Some(sites)
}

/// The value that a literal says, written so.
pub fn said(literal: &str) -> Cow<'_, str> {
    decoded(literal)
}

/// What is inside of the quotes of a body, with what stands before and behind.
pub fn body(literal: &str) -> Option<(&str, &str)> {
    let tag = literal.get(..literal.get(1..)?.find('$')? + 2)?;
    Some((tag, literal.strip_prefix(tag)?.strip_suffix(tag)?))
}

/// Tells of each token where it stands, and where a minus stands that may be its sign.
pub(crate) fn scan(text: &str, mut take: impl FnMut(&ScanToken, Range<usize>, Option<usize>)) -> Option<()> {
    // pg_query takes no list of nothing.
    if text.bytes().all(|byte| matches!(byte, b' ' | b'\t'..=b'\r')) {
        return Some(());
    }
    let tokens = pg_query::scan_tokens(text).ok()?;
    let mut sign = None;
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        let place = |place: i32| usize::try_from(place).ok();
        let (start, mut end) = (place(token.start)?, place(token.end)?);
        if kind_of(token) == Token::Usconst
            && let Some(escape) = tokens.next_if(|next| kind_of(next) == Token::Uescape)
        {
            end = place(tokens.next().unwrap_or(escape).end)?;
        }
        text.get(start..end)?;
        take(token, start..end, sign);
        sign = (text.get(start..end) == Some("-")).then_some(start);
    }
    Some(())
}

pub(crate) fn kind_of(token: &ScanToken) -> Token {
    Token::try_from(token.token).unwrap_or(Token::Nul)
}

fn site_kind(token: &ScanToken) -> Option<SiteKind> {
    match kind_of(token) {
        Token::Sconst | Token::Usconst | Token::Bconst | Token::Xconst => Some(SiteKind::Text),
        Token::Iconst | Token::Fconst => Some(SiteKind::Number),
        Token::SqlComment | Token::CComment => Some(SiteKind::Comment),
        Token::Uident => Some(SiteKind::Name),
        _ => None,
    }
}

fn is_quoted(text: &str, span: &Range<usize>) -> bool {
    text.get(span.clone()).is_some_and(|name| name.starts_with('"'))
}

/// Whether a text has a byte without which it says no value.
fn may_have_any(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'\'' | b'"' | b'$' | b'-' | b'/' | b'0'..=b'9'))
}

#[cfg(test)]
mod tests;
