//! What the body of a function shows of what it does. Its text is cut into words: writes, and commands where one can begin, are
//! cut out and read; what is left must hold no word of a command that is not read; calls are noted.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;

use pg_query::ParseResult;
use pg_query::protobuf::{KeywordKind, ScanToken, Token};

use crate::bounds;
use crate::computed::{self, Computed};
use crate::cursors::Opens;
use crate::names::Name;
use crate::put::{self, Put};
use crate::read::tree;
use crate::scope::{Scope, Scopes};

/// Languages whose bodies are cut into words as PostgreSQL's own statements are.
const LANGUAGES: [&str; 2] = ["sql", "plpgsql"];

/// How often, on average, each byte of a body may be tried as a part of a statement, and how many may be in any case: where one
/// begins that is none, the next is looked for within it.
const TRIED_MAX: usize = 6;
const TRIED_BYTES_MIN: usize = 4_096;

/// How often, on average, each word may be looked at for what stands around the statements.
const LOOKED_MAX: usize = 32;

/// Keywords with which a body drops or redefines something, changes what others may, runs a text that it computes, or
/// makes another body: where none of these commands is read, it could do anything. As an identifier or within a constant they
/// mean nothing.
const WORDS: [&str; 17] = [
    "aggregate",
    "alter",
    "copy",
    "create",
    "discard",
    "drop",
    "execute",
    "function",
    "grant",
    "import",
    "load",
    "procedure",
    "reassign",
    "refresh",
    "revoke",
    "security",
    "truncate",
];

/// Keywords that begin a command which is read where it is one.
const COMMANDS: [&str; 19] = [
    "alter", "analyze", "cluster", "comment", "create", "drop", "grant", "import", "load", "lock", "notify",
    "reassign", "refresh", "reindex", "reset", "revoke", "security", "set", "truncate",
];

/// Words after which a command can begin, besides `;`.
const BEFORE_COMMANDS: [&str; 4] = ["begin", "else", "loop", "then"];

/// Words after which a relation is named that is read.
const BEFORE_RELATIONS: [&str; 3] = ["from", "join", "only"];

/// Settings that switch triggers off or change how a text is read, wherever they stand.
const SETTINGS: [&str; 3] = ["client_encoding", "session_replication_role", "standard_conforming_strings"];

/// Variables that plpgsql has in each function, or in those of triggers (pl_comp.c).
const VARIABLES: [&str; 15] = [
    "found",
    "new",
    "old",
    "sqlerrm",
    "sqlstate",
    "tg_argv",
    "tg_event",
    "tg_level",
    "tg_name",
    "tg_nargs",
    "tg_op",
    "tg_relid",
    "tg_table_name",
    "tg_table_schema",
    "tg_when",
];

/// Longest name; what is longer is cut off (NAMEDATALEN in pg_config_manual.h).
const NAME_BYTES_MAX: usize = 63;

/// What operators are made of (scan.l).
const OPERATOR: &[u8] = b"+-*/<>=~!@#%^&|`?";

/// What BETWEEN is made of.
pub(crate) const BETWEEN: [&str; 4] = ["<", "<=", ">", ">="];

/// What a body shows of what it does.
#[derive(Default)]
pub(crate) struct Body {
    /// It could do anything else.
    pub(crate) is_opaque: bool,
    /// Its writes and commands; in SQL all of its statements.
    pub(crate) statements: Vec<Part>,
    /// The same in texts that EXECUTE runs, which see no variables.
    pub(crate) executed: Vec<Part>,
    /// Queries and expressions of plpgsql that call functions, of which the rest is read by words.
    pub(crate) asked: Vec<Part>,
    /// Names of its variables, where such a name in a statement means the variable and no column.
    pub(crate) variables: BTreeSet<String>,
    /// Names of what it calls, without their schemas.
    pub(crate) calls: Vec<String>,
    /// Those that are called with a schema.
    pub(crate) qualified: Vec<Name>,
    /// Operators in it, where what it reads is not read.
    pub(crate) operators: BTreeSet<String>,
    /// Settings that it changes by `set_config`, each with its value where that is a constant.
    pub(crate) settings: Vec<(String, Option<String>)>,
    /// Other names in it, each once, where what it reads is not read.
    pub(crate) names: BTreeSet<String>,
    /// Those of them that stand where relations do and have no schema.
    pub(crate) looked_up: BTreeSet<String>,
    /// It reads or moves a cursor, of whichever name.
    pub(crate) fetches: bool,
    /// It makes prepared statements, or takes some away.
    pub(crate) meddles: bool,
    /// It opens cursors.
    pub(crate) opens: Opens,
    /// It does something again and again.
    pub(crate) loops: bool,
    /// Statements that begin before this word have run when a later one does: nothing stands around them, and no error is caught.
    pub(crate) certain: usize,
    /// Texts that it computes, where it runs such.
    pub(crate) computed: Vec<Computed>,
    /// Words of its string constants.
    pub(crate) words: BTreeSet<String>,
    /// The row that a trigger is about is taken as a whole, where what it reads is not read.
    pub(crate) takes_row: bool,
    /// What is put into columns of that row.
    pub(crate) puts: Vec<Put>,
    /// Where EXECUTE runs a text that is computed.
    runs: Vec<usize>,
}

/// A statement of a body.
pub(crate) struct Part {
    pub(crate) parsed: ParseResult,
    /// Which word it begins with.
    at: usize,
    pub(crate) scope: Scope,
}

/// A body's words, without comments.
pub(crate) struct Words<'b> {
    body: &'b str,
    tokens: Vec<ScanToken>,
    /// How many bytes may still be tried as statements.
    budget: Cell<usize>,
    /// How many words may still be looked at for what stands around statements.
    looks: Cell<usize>,
}

/// Reads a body; `None` where nothing of it can be read.
pub(crate) fn read(language: &str, body: &str) -> Option<Body> {
    if !LANGUAGES.contains(&language) {
        return None;
    }
    let words = Words::of(body)?;
    let mut read = Body::default();
    // Where the last statement ends that was cut out: what lies within it is read with it.
    let mut covered = 0;
    for at in 0..words.tokens.len() {
        if read.word(&words, at, language, &mut covered).is_none() {
            read.is_opaque = true;
        }
        if words.budget.get() == 0 {
            read.is_opaque = true;
            break;
        }
    }
    if language == "plpgsql" && read.names.contains("new") {
        read.puts = put::puts(&words);
        read.is_opaque |= !words.may_look();
    }
    if language == "plpgsql" {
        read.loops = read.names.contains("loop");
        read.certain = words.certain();
        if read.names.contains("open") {
            read.opens = Opens::of(&words);
            read.is_opaque |= !words.may_look();
        }
    }
    if language == "sql" {
        // All of it is statements.
        let parsed = tree(body).ok()?;
        read.statements = vec![Part::new(parsed, 0)];
        return Some(read);
    }
    if !read.calls.is_empty() {
        read.asked = words.asked().into_iter().map(|(at, parsed)| Part::new(parsed, at)).collect();
        read.is_opaque |= words.budget.get() == 0 || !words.may_look();
    }
    let parts = || read.statements.iter().chain(&read.executed).chain(&read.asked);
    if parts().next().is_some() || !read.runs.is_empty() {
        read.variables = words.variables();
        let statements = parts().map(|part| part.at).collect();
        let scopes = Scopes::of(&words, &statements);
        let given = scopes.given();
        for part in read.statements.iter_mut().chain(&mut read.asked) {
            part.scope = scopes.around(part.at, &given);
        }
        for part in &mut read.executed {
            part.scope = scopes.around_executed(&words, part.at, &given);
        }
        read.compute(&words, &scopes);
        // Then `orders.id` can be a variable of a block, a function or a record that is called `orders`.
        read.is_opaque |=
            !read.statements.is_empty() && words.in_conflict().as_deref() == Some("use_variable");
        read.is_opaque |= words.budget.get() == 0 || !words.may_look();
    }
    Some(read)
}

impl Part {
    /// Which word it begins with.
    pub(crate) fn begins(&self) -> usize {
        self.at
    }

    fn new(parsed: ParseResult, at: usize) -> Self {
        Part { parsed, at, scope: Scope::default() }
    }
}

impl Body {
    /// Takes one word in; `None` where with it the body could do anything.
    fn word(&mut self, words: &Words<'_>, at: usize, language: &str, covered: &mut usize) -> Option<()> {
        if at < *covered {
            return Some(());
        }
        let word = words.keyword(at).unwrap_or_default();
        let previous = at.checked_sub(1).and_then(|before| words.keyword(before)).unwrap_or_default();
        let next = words.keyword(at + 1).unwrap_or_default();
        match word.as_str() {
            // `ON CONFLICT … DO NOTHING` is harmless; a DO block has its body or its language next.
            "do" if next == "language" || words.is(at + 1, &[Token::Sconst, Token::Usconst]) => return None,
            "execute" if language == "plpgsql" => {
                let text = words.executed(at + 1);
                self.runs.extend(text.is_none().then_some(at));
                self.add(read("sql", &text?)?, at);
            }
            "delete" | "insert" | "merge" if matches!(next.as_str(), "from" | "into") => {
                *covered = self.take(at, words.statement(at)?);
            }
            // Foreign keys, and ON CONFLICT of an INSERT within something that is read as a whole.
            "update" if previous == "do" && next == "set" || previous == "on" => {}
            // A lock, or a cursor for what an UPDATE returns.
            "update" if matches!(previous.as_str(), "for" | "key") && words.ends_lock(at + 1) => {}
            "update" => *covered = self.take(at, words.statement(at)?),
            word if COMMANDS.contains(&word) && words.begins_statement(at) => {
                match words.statement(at) {
                    Some(command) => *covered = self.take(at, command),
                    None if WORDS.contains(&word) => return None,
                    // A variable of that name.
                    None => {}
                }
            }
            word if WORDS.contains(&word) => return None,
            "fetch" | "move" => self.fetches = true,
            "deallocate" | "prepare" => self.meddles = true,
            _ => {}
        }
        if at < *covered {
            return Some(());
        }
        if words.is(at, &[Token::Sconst, Token::Usconst]) {
            self.words.extend(words.text(at).into_iter().flat_map(computed::words));
        }
        self.takes_row |= language == "plpgsql" && words.takes_row(at);
        let text = words.text(at)?.to_ascii_lowercase();
        if words.is(at, &[Token::Uident]) || SETTINGS.iter().any(|setting| text.contains(setting)) {
            return None;
        }
        // A name after a dot is a call where there is no such column.
        let is_called = words.is(at + 1, &[Token::Ascii40]);
        if is_called || at.checked_sub(1).is_some_and(|before| words.is(before, &[Token::Ascii46])) {
            let name = words.name(at)?;
            // Of which setting, must be seen.
            if name == "set_config" {
                let setting = words.text(at + 2).filter(|_| is_called && words.names_setting(at + 2))?;
                let comma = [Token::Ascii44];
                let is_value = words.is(at + 3, &comma) && words.is(at + 5, &comma);
                let value = words.text(at + 4).filter(|_| is_value).and_then(constant);
                self.settings.push((setting.trim_matches('\'').to_ascii_lowercase(), value));
            }
            if is_called && at.checked_sub(1).is_some_and(|before| words.is(before, &[Token::Ascii46])) {
                let schema = at.checked_sub(2).and_then(|before| words.name(before));
                self.qualified.push(Name { schema, name: name.clone() });
            }
            self.calls.push(name);
        }
        let is_name = words.is(at, &[Token::Ident]) || !word.is_empty();
        self.operators.extend(operators_of(&word).iter().map(|name| (*name).to_owned()));
        if language == "plpgsql" && text.bytes().all(|byte| OPERATOR.contains(&byte)) {
            self.operators.insert(text);
        } else if language == "plpgsql"
            && is_name
            && let Some(name) = words.name(at)
        {
            if BEFORE_RELATIONS.contains(&previous.as_str()) && !words.is(at + 1, &[Token::Ascii46]) {
                self.looked_up.insert(name.clone());
            }
            self.names.insert(name);
        }
        Some(())
    }

    /// What the texts are that it computes and runs, and all that may become a part of one.
    fn compute(&mut self, words: &Words<'_>, scopes: &Scopes) {
        if self.runs.is_empty() {
            return;
        }
        let given = &scopes.all_given();
        for at in &self.runs {
            let text = words.run(*at).map(|text| Computed::new(&text, true, given));
            self.computed.push(text.unwrap_or_else(Computed::unknown));
        }
        for value in scopes.values() {
            let value = Computed::new(value, false, given);
            if !value.is_empty() && !self.computed.contains(&value) {
                self.computed.push(value);
            }
        }
    }

    /// Takes in what EXECUTE runs that begins at `at`.
    fn add(&mut self, other: Body, at: usize) {
        self.executed.extend(other.statements.into_iter().map(|part| Part { at, ..part }));
        self.calls.extend(other.calls);
        self.qualified.extend(other.qualified);
        self.operators.extend(other.operators);
        self.settings.extend(other.settings);
        self.is_opaque |= other.is_opaque;
        self.fetches |= other.fetches;
        self.meddles |= other.meddles;
        self.words.extend(other.words);
    }

    fn take(&mut self, at: usize, (statement, end): (ParseResult, usize)) -> usize {
        self.statements.push(Part::new(statement, at));
        end
    }
}

impl<'b> Words<'b> {
    /// Those of a body; `None` where it cannot be cut.
    pub(crate) fn of(body: &'b str) -> Option<Self> {
        bounds::check(body).ok()?;
        let mut tokens = pg_query::scan(body).ok()?.tokens;
        tokens.retain(|token| !is_one_of(token, &[Token::SqlComment, Token::CComment]));
        let (budget, looks) =
            (TRIED_MAX * body.len() + TRIED_BYTES_MIN, LOOKED_MAX * tokens.len() + TRIED_BYTES_MIN);
        Some(Words { body, tokens, budget: Cell::new(budget), looks: Cell::new(looks) })
    }
}

impl Words<'_> {
    pub(crate) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(crate) fn is(&self, at: usize, kinds: &[Token]) -> bool {
        self.tokens.get(at).is_some_and(|token| is_one_of(token, kinds))
    }

    fn start(&self, at: usize) -> usize {
        let start = self.tokens.get(at).and_then(|token| usize::try_from(token.start).ok());
        start.unwrap_or(self.body.len())
    }

    /// All of these words as they are written.
    pub(crate) fn slice(&self, words: Range<usize>) -> Option<&str> {
        let last = words.end.checked_sub(1).filter(|last| words.start <= *last)?;
        self.body.get(self.start(words.start)..usize::try_from(self.tokens.get(last)?.end).ok()?)
    }

    pub(crate) fn text(&self, at: usize) -> Option<&str> {
        self.body.get(self.start(at)..usize::try_from(self.tokens.get(at)?.end).ok()?)
    }

    pub(crate) fn is_keyword(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.keyword_kind != KeywordKind::NoKeyword as i32)
    }

    fn keyword(&self, at: usize) -> Option<String> {
        if self.is_keyword(at) { Some(self.text(at)?.to_ascii_lowercase()) } else { None }
    }

    /// Variables that plpgsql declares, at the beginning of whichever block or loop, or has anyway. Where a column has the same name,
    /// it takes neither, unless it is told to take the column.
    fn variables(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if self.takes_columns() {
            return found;
        }
        let (mut declares, mut begins) = (false, false);
        for at in 0..self.tokens.len() {
            let Some(name) = self.name(at) else { continue };
            match name.as_str() {
                "declare" => (declares, begins) = (true, true),
                "begin" => declares = false,
                ";" => begins = true,
                _ if declares && begins => {
                    begins = false;
                    found.insert(name);
                }
                "in" if at
                    .checked_sub(2)
                    .is_some_and(|before| self.keyword(before).as_deref() == Some("for")) =>
                {
                    found.extend(self.name(at - 1));
                }
                _ => {}
            }
        }
        found.extend(VARIABLES.map(str::to_owned));
        found
    }

    /// Where the lines end that stand before a body and say how it is read: `#option value`.
    pub(crate) fn directives(&self) -> usize {
        (0..self.len()).step_by(3).find(|at| self.text(*at) != Some("#")).unwrap_or(self.len())
    }

    /// `#variable_conflict use_column`: the last of such lines before the body counts.
    fn takes_columns(&self) -> bool {
        self.in_conflict().as_deref() == Some("use_column")
    }

    fn in_conflict(&self) -> Option<String> {
        let is_one = |at: &usize| self.name(at + 1).as_deref() == Some("variable_conflict");
        let last = (0..self.directives()).step_by(3).filter(is_one).last();
        self.name(last? + 2)
    }

    /// Whether FOR UPDATE ends before the word at `at`.
    fn ends_lock(&self, at: usize) -> bool {
        let Some(text) = self.text(at) else { return true };
        let text = text.to_ascii_lowercase();
        matches!(
            text.as_str(),
            "of" | "nowait" | "skip" | "limit" | "offset" | "fetch" | "for" | "into" | "loop"
        ) || !text.starts_with(|first: char| first.is_alphabetic() || matches!(first, '"' | '_'))
    }

    /// Whether plpgsql takes what begins here for a statement.
    pub(crate) fn begins_statement(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return true };
        let text = self.text(before).unwrap_or_default();
        text == ";" || BEFORE_COMMANDS.iter().any(|word| text.eq_ignore_ascii_case(word))
    }

    /// Where the first statement begins that another one stands around; at the beginning where an error could be caught, or something
    /// is done again.
    fn certain(&self) -> usize {
        let mut certain = self.len();
        for at in 0..self.len() {
            let before = || at.checked_sub(1).and_then(|before| self.name(before));
            match self.name(at).as_deref() {
                Some("loop") => return 0,
                // A transaction that ends takes away what was made in it.
                Some("commit" | "rollback") if before().as_deref() != Some("on") => return 0,
                Some("exception") if before().as_deref() != Some("raise") => return 0,
                Some("case" | "for" | "foreach" | "if" | "while") => certain = certain.min(at),
                _ => {}
            }
        }
        certain
    }

    /// The text in a constant, at `at`, that EXECUTE runs as it stands.
    pub(crate) fn executed(&self, at: usize) -> Option<String> {
        let ends = self.text(at + 1).is_some_and(|next| {
            next == ";" || ["into", "loop", "using"].iter().any(|word| next.eq_ignore_ascii_case(word))
        });
        let text = self.text(at).filter(|_| ends && self.is(at, &[Token::Sconst]))?;
        constant(text)
    }

    /// Whether the word at `at` is the row that a trigger is about, or the one before, and more than a field of it is taken. To give it back,
    /// to put something into it and to compare it is not.
    pub(crate) fn takes_row(&self, at: usize) -> bool {
        if !matches!(self.name(at).as_deref(), Some("new" | "old")) {
            return false;
        }
        let text = |at: usize| self.text(at).unwrap_or_default().to_ascii_lowercase();
        let next = match (text(at + 1).as_str(), text(at + 2).as_str()) {
            (".", "*") => at + 3,
            (".", _) => return false,
            _ => at + 1,
        };
        let before = at.checked_sub(1).map(text).unwrap_or_default();
        let is_compared = |text: &str| matches!(text, "=" | "<>" | "!=" | "is" | ":=");
        let is_distinct = before == "from" && at.checked_sub(2).map(text).as_deref() == Some("distinct");
        !is_compared(&text(next)) && !is_distinct && !matches!(before.as_str(), "return" | "<>" | "!=")
    }

    /// Whether the first argument, at `at`, is a constant that says what it is.
    fn names_setting(&self, at: usize) -> bool {
        let is_plain = |text: &str| text.starts_with('\'') && !text.contains('\\');
        self.is(at, &[Token::Sconst])
            && self.text(at).is_some_and(is_plain)
            && self.is(at + 1, &[Token::Ascii44])
    }

    /// An identifier as PostgreSQL keeps it.
    pub(crate) fn name(&self, at: usize) -> Option<String> {
        let text = self.text(at)?;
        let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        let mut name = quoted.map_or_else(|| text.to_ascii_lowercase(), |name| name.replace("\"\"", "\""));
        let end = (0..=NAME_BYTES_MAX).rev().find(|end| name.is_char_boundary(*end));
        name.truncate(end.unwrap_or_default());
        Some(name)
    }

    /// Tries a part of the body, within what may be tried.
    pub(crate) fn parsed(&self, text: &str) -> Option<ParseResult> {
        let left = self.budget.get().saturating_sub(text.len());
        self.budget.set(left);
        if left == 0 { None } else { tree(text).ok() }
    }

    /// Whether one more word may be looked at for what stands around the statements.
    pub(crate) fn may_look(&self) -> bool {
        let left = self.looks.get().saturating_sub(1);
        self.looks.set(left);
        0 < left
    }

    /// The one statement that begins here, without the variables that take what it returns, and where it ends.
    fn statement(&self, begin: usize) -> Option<(ParseResult, usize)> {
        let mut depth = 0_usize;
        let mut returns = false;
        let mut end = begin;
        while end < self.tokens.len() {
            let word = self.keyword(end).unwrap_or_default();
            // LOOP is a keyword of plpgsql alone.
            let ends = self.text(end).is_some_and(|text| text.eq_ignore_ascii_case("loop"));
            match word.as_str() {
                "returning" if depth == 0 => returns = true,
                "into" if depth == 0 && returns => break,
                _ if depth == 0 && ends => break,
                _ if self.is(end, &[Token::Ascii40]) => depth += 1,
                _ if self.is(end, &[Token::Ascii41]) && depth == 0 => break,
                _ if self.is(end, &[Token::Ascii41]) => depth -= 1,
                _ if self.is(end, &[Token::Ascii59]) && depth == 0 => break,
                _ => {}
            }
            end += 1;
        }
        let text = self.body.get(self.start(begin)..self.start(end))?;
        let parsed = self.parsed(text)?;
        (parsed.protobuf.stmts.len() == 1).then_some((parsed, end))
    }
}

/// Operators that a keyword stands for (gram.y).
fn operators_of(keyword: &str) -> &'static [&'static str] {
    match keyword {
        "between" => &BETWEEN,
        "case" | "distinct" | "in" | "natural" | "nullif" | "using" => &["="],
        "ilike" => &["~~*", "!~~*"],
        "like" => &["~~", "!~~"],
        "similar" => &["~", "!~"],
        _ => &[],
    }
}

/// The value of a constant that means the same under all settings.
fn constant(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        let value = inner.replace("''", "'");
        // Constants on two lines are one (section 4.1.2.1 of PostgreSQL's manual).
        let is_one = value.matches('\'').count() * 2 == inner.matches('\'').count();
        return (is_one && !inner.contains('\\')).then_some(value);
    }
    let tag = text.get(..=text.get(1..)?.find('$')? + 1).filter(|tag| tag.starts_with('$'))?;
    text.strip_prefix(tag)?.strip_suffix(tag).map(str::to_owned)
}

fn is_one_of(token: &ScanToken, kinds: &[Token]) -> bool {
    kinds.iter().any(|kind| token.token == *kind as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_could_run_anything_are_opaque() {
        for (language, body) in [
            ("plpgsql", "begin execute 'dr' || 'op table users'; end"),
            ("plpgsql", "begin return query execute $1; end"),
            ("plpgsql", "begin do 'begin null; end'; end"),
            ("plpgsql", "begin do /* a */ $$begin null; end$$; end"),
            ("plpgsql", "begin do language plpgsql 'begin null; end'; end"),
            ("plpgsql", "begin execute 'drop table ' 'users'; end"),
            ("plpgsql", "begin execute 'drop table '\n'users'; end"),
            ("plpgsql", "begin execute 'drop table users' || ''; end"),
            ("plpgsql", "begin execute ('drop table users'); end"),
            ("plpgsql", "begin execute E'drop table users'; end"),
            ("plpgsql", "begin execute 'select E''\\x27'''; end"),
            ("plpgsql", "begin execute U&'drop table users'; end"),
            ("plpgsql", "begin execute 'copy users to stdout'; end"),
            ("plpgsql", "begin execute 'execute p'; end"),
            ("plpgsql", "begin execute $a$do $b$begin null; end$b$$a$; end"),
            ("plpgsql", "begin execute $1; end"),
            ("plpgsql", "begin if a then drop table b + 1; end if; end"),
            ("plpgsql", "begin x := drop table users; end"),
            ("plpgsql", "begin create function f() returns int begin atomic select 1; select 2; end; end"),
            ("sql", "discard temp"),
            ("SQL", "select 1"),
            ("sql", "select 'not ended"),
            ("plpgsql", "begin perform set_config('session_replication_role', 'replica', true); end"),
            ("plpgsql", "begin delete from orders into gone returning id; end"),
            ("plpgsql", "begin perform set_config('session_replication' || '_role', 'replica', true); end"),
            ("plpgsql", "begin perform set_config(E'a', 'b', true); end"),
            ("sql", "select set_config('standard_conforming_strings', 'off', true)"),
            ("sql", "select U&\"pg\\005fread_file\"('x')"),
            ("plpython3u", "pass"),
            ("", "select 1"),
        ] {
            assert!(read(language, body).is_none_or(|read| read.is_opaque), "{language}: {body}");
        }
    }

    #[test]
    fn bodies_that_show_all_they_do_are_not() {
        for (language, body) in [
            ("sql", ""),
            ("sql", " -- drop table users\n"),
            ("sql", "select 'drop table users', \"drop\" from t /* execute */"),
            (
                "plpgsql",
                "declare comment text; lock int := 1; begin comment := 'a'; set := 2; notify.a = 1; end",
            ),
            ("plpgsql", "#variable_conflict use_column\n<<outer>> declare a t.a%type; begin a := $1; end"),
            ("plpgsql", "begin insert into t values (1) on conflict do nothing; return new; end"),
            ("plpgsql", "begin insert into t values (1) on conflict (a) do update set a = 1; end"),
            (
                "plpgsql",
                "begin perform 1 from t for no key update; if tg_op = 'TRUNCATE' then return null; end if; end",
            ),
        ] {
            assert!(read(language, body).is_some_and(|read| !read.is_opaque), "{language}: {body}");
        }
    }

    #[test]
    fn writes_and_calls_are_found() {
        let statements = |body| {
            let read = read("plpgsql", body).unwrap();
            let all = read.statements.iter().chain(&read.executed);
            all.map(|write| write.parsed.deparse(pg_query::DeparseOptions::default()).unwrap())
                .collect::<Vec<_>>()
        };
        for (body, found) in [
            ("begin if a then delete from t; end if; end", "DELETE FROM t"),
            (
                "begin delete from t where id = a returning id into strict b; end",
                "DELETE FROM t WHERE id = a RETURNING id",
            ),
            (
                "begin for r in update t set a = 1 returning * loop null; end loop; end",
                "UPDATE t SET a = 1 RETURNING *",
            ),
            (
                "begin return query with g as (delete from t returning *) select * from g; end",
                "DELETE FROM t RETURNING *",
            ),
            (
                "begin merge into t using u on true when matched then delete when not matched then do nothing; end",
                "MERGE INTO t USING u ON true WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING",
            ),
        ] {
            assert_eq!(statements(body), [found], "{body}");
        }
        for (body, found) in [
            ("begin drop table users; end", "DROP TABLE users"),
            ("begin DrOp/**/table users; end", "DROP TABLE users"),
            ("begin TRUNCATE users; end", "TRUNCATE users"),
            (
                "begin if a then create type t as enum ('b;'); else null; end if; end",
                "CREATE TYPE t AS ENUM ('b;')",
            ),
            ("begin null; exception when others then set local role a; end", "SET LOCAL role TO a"),
            ("begin for i in 1..2 LOOP lock users; end loop; end", "LOCK TABLE users"),
            ("begin execute 'drop table users'; end", "DROP TABLE users"),
            ("begin execute $a$drop table users$a$ using b; end", "DROP TABLE users"),
            ("begin return query execute 'select ''$1''' using 1; end", "SELECT '$1'"),
            ("begin for a in execute 'delete from t' loop null; end loop; end", "DELETE FROM t"),
            ("begin execute 'select 1' into strict a; end", "SELECT 1"),
        ] {
            assert_eq!(statements(body), [found], "{body}");
        }
        let read = read("sql", "select pg_catalog.PG_Read_File('x'), \"a\"\"b\" (1), now()").unwrap();
        assert_eq!(read.calls, ["pg_read_file", "a\"b", "now"]);
        assert_eq!(super::read("sql", "select x.pg_ls_dir from x").unwrap().calls, ["pg_ls_dir"]);
    }

    /// Looking for what ends each of so many beginnings would take its square.
    #[test]
    fn long_bodies_are_looked_at_a_bounded_number_of_times() {
        for (part, is_opaque) in [
            ("begin for ", false),
            ("select a into b from t; delete from t where a = b; ", false),
            ("fetch c into a, b, c; ", false),
        ] {
            let body = format!("begin delete from t; {}", part.repeat(2_000));
            assert_eq!(read("plpgsql", &body).is_none_or(|read| read.is_opaque), is_opaque, "{part}");
        }
    }
}
