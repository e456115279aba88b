//! Takes the body of a plpgsql function apart, statement by statement, into a script.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use pg_query::protobuf::Token;

use super::giving::{ROWS, is_more, values_of};
use super::stars::name_stars;
use super::{Loop, Script, Signature, counted_by, defaults_of, name_parameters};
use crate::body::Words;
use crate::put::end;
use crate::tree::{Child, Tree};

/// Words with which what FETCH and MOVE take is told, besides the cursor.
const DIRECTIONS: [&str; 10] =
    ["absolute", "all", "backward", "first", "forward", "from", "in", "last", "next", "prior"];

/// A variable of each body: whether its last statement found a row.
const FOUND: &str = "found";

/// What has begun and not ended.
enum Open {
    Block,
    /// With what stands before the first WHEN, and what was asked.
    Case(String, Vec<Tree>),
    /// With what was asked.
    If(Vec<Tree>),
    Loop(Loop),
}

/// Levels of messages that are no errors.
const SAYING: [&str; 5] = ["debug", "info", "log", "notice", "warning"];

/// Commands that write rows.
const WRITING: [&str; 5] = ["delete", "insert", "merge", "truncate", "update"];

/// Words with which statements begin that do something else that can be seen.
const DOING: [&str; 9] =
    ["alter", "comment", "create", "drop", "grant", "notify", "refresh", "revoke", "set"];

/// Takes a body of plpgsql apart.
pub(super) struct Reader<'w, 'b> {
    pub(super) words: &'w Words<'b>,
    pub(super) script: Script,
    open: Vec<Open>,
    declares: bool,
    /// Queries of cursors; `None` where they are opened for what is not known.
    cursors: HashMap<String, Option<Tree>>,
    /// Variables that get a value.
    pub(super) assigned: BTreeSet<String>,
    /// Other names of parameters that are known by a number.
    numbered: BTreeSet<String>,
    names_numbers: bool,
    /// Variables that are declared as `record`: their fields are called what they are given.
    pub(super) records: BTreeSet<String>,
    /// Names in what it does, but for what it says.
    used: BTreeSet<String>,
}

impl Reader<'_, '_> {
    pub(super) fn read(body: &str, signature: Signature) -> Option<Script> {
        let words = Words::of(body)?;
        let script = Script {
            all: Tree::new(""),
            copies: defaults_of(&signature),
            fields: Vec::new(),
            hides_row: false,
            rows: Vec::new(),
            returned: Vec::new(),
            outputs: signature.outputs,
            parameters: signature.inputs,
            catches: false,
            says: false,
            loops: Vec::new(),
            read_off: Vec::new(),
            wholes: BTreeSet::new(),
            decisions: Tree::new(""),
            is_straight: false,
        };
        let mut reader = Reader {
            words: &words,
            script,
            open: Vec::new(),
            declares: false,
            cursors: HashMap::new(),
            assigned: BTreeSet::new(),
            numbered: BTreeSet::new(),
            names_numbers: false,
            records: BTreeSet::new(),
            used: BTreeSet::new(),
        };
        let mut at = words.directives();
        while at < words.len() {
            let is_done = !reader.declares && !matches!(reader.raw(at).as_str(), "get" | "raise");
            let next = reader.part(at)?;
            if is_done {
                reader.used.extend((at..next).filter_map(|at| words.name(at)));
            }
            reader.names_numbers |= (at..next)
                .any(|at| words.is(at, &[Token::Param]) && !is_word(&words, at.wrapping_sub(1), "for"));
            // Each part has a word at least.
            at = next.max(at + 1);
        }
        let Reader { mut script, assigned, numbered, names_numbers, used, .. } = reader;
        let is_kept = |name: &String| name == FOUND || assigned.contains(name);
        script.is_straight = script.loops.is_empty() && !script.catches && !used.iter().any(is_kept);
        // What has a name and a number is told by its name alone.
        let is_parameter = |name: &String| script.parameters.contains(name) || numbered.contains(name);
        let is_told = !names_numbers || !assigned.iter().any(is_parameter);
        (words.may_look() && is_told).then_some(script)
    }

    /// Takes what begins at `at`; where the next part begins, or `None` where it is not understood.
    fn part(&mut self, at: usize) -> Option<usize> {
        let words = self.words;
        let end = end(words, at);
        let raw = self.raw(at);
        if self.declares && !matches!(raw.as_str(), "begin" | "declare") {
            self.declared(at, end)?;
            return Some(end + 1);
        }
        self.note_in_loops(&raw, at, end);
        // Keywords that are not reserved can be variables.
        if self.is_name(at) && matches!(words.text(at + 1), Some(":=" | "=" | "[" | ".")) {
            self.assignment(at, end)?;
            return Some(end + 1);
        }
        match raw.as_str() {
            ";" => return Some(at + 1),
            "<<" => return (words.text(at + 2) == Some(">>")).then_some(at + 3),
            "declare" => self.declares = true,
            "begin" => {
                self.declares = false;
                self.open.push(Open::Block);
            }
            "exception" => self.script.catches = true,
            "end" => {
                if let Some(Open::Loop(ended)) = self.open.pop() {
                    self.script.loops.push(ended);
                }
                return Some(end + 1);
            }
            "else" => {}
            "if" | "elsif" | "elseif" => {
                let then = words.find(at, &["then"]);
                let asked = self.condition(at + 1..then)?;
                match self.open.last_mut() {
                    Some(Open::If(before)) if raw != "if" => before.extend(asked),
                    _ => self.open.push(Open::If(asked)),
                }
                return Some(then + 1);
            }
            "case" => {
                let when = words.find(at, &["when"]);
                let value = words.slice(at + 1..when).filter(|_| at + 1 < when).unwrap_or_default();
                self.open.push(Open::Case(value.to_owned(), Vec::new()));
                return Some(when);
            }
            "when" => {
                let then = words.find(at, &["then"]);
                let asked = match self.open.last()? {
                    Open::Case(value, _) if value.is_empty() => self.condition(at + 1..then)?,
                    Open::Case(value, _) => {
                        let text = format!("SELECT ({value}) IN ({})", words.slice(at + 1..then)?);
                        self.condition_of(&text)?
                    }
                    Open::Block => Vec::new(),
                    Open::If(_) | Open::Loop(_) => return None,
                };
                if let Some(Open::Case(_, before)) = self.open.last_mut() {
                    before.extend(asked);
                }
                return Some(then + 1);
            }
            "loop" => self.open.push(Open::Loop(Loop::default())),
            "while" => {
                let begin = words.find(at, &["loop"]);
                let counts = self.condition(at + 1..begin)?;
                self.open.push(Open::Loop(Loop { counts, ..Loop::default() }));
                return Some(begin + 1);
            }
            "for" | "foreach" => {
                let begin = words.find(at, &["loop"]);
                let counts = self.header(at, begin, raw == "foreach")?;
                self.open.push(Open::Loop(Loop { counts, ..Loop::default() }));
                return Some(begin + 1);
            }
            "exit" | "continue" => {
                let when = words.find(at, &["when"]);
                let asked = if when < end { self.condition(when + 1..end)? } else { Vec::new() };
                // Without a label, CONTINUE is as an IF around what stands behind it.
                if raw == "exit" || at + 1 < when.min(end) {
                    self.leaves(asked, false);
                }
                return Some(end + 1);
            }
            _ => {
                self.command(&raw, at, end)?;
                return Some(end + 1);
            }
        }
        Some(at + 1)
    }

    /// It goes on elsewhere, or fails, where this is so and all that was asked around it: that says how often loops go round.
    fn leaves(&mut self, mut asked: Vec<Tree>, fails: bool) {
        for open in self.open.iter_mut().rev() {
            match open {
                Open::Block => {}
                Open::Case(_, around) | Open::If(around) => asked.extend(around.iter().cloned()),
                Open::Loop(around) if fails => around.fails.extend(asked.iter().cloned()),
                Open::Loop(around) => around.counts.extend(asked.iter().cloned()),
            }
        }
    }

    /// What is done here is done each time that the loops around it go round.
    fn note_in_loops(&mut self, raw: &str, at: usize, end: usize) {
        let words = self.words;
        let next = self.raw(at + 1);
        let says = raw == "raise" && SAYING.contains(&next.as_str());
        let writes = |at: usize| WRITING.contains(&self.raw(at).as_str());
        let is_seen = match raw {
            "return" => matches!(next.as_str(), "next" | "query"),
            "execute" => true,
            "with" => (at..end).any(writes),
            _ => says || writes(at) || DOING.contains(&raw),
        };
        let called = (at..end).filter(|at| words.text(at + 1) == Some("(")).filter_map(|at| words.name(at));
        let called: Vec<String> = called.collect();
        for open in &mut self.open {
            if let Open::Loop(around) = open {
                around.is_seen |= is_seen;
                around.says |= says;
                around.calls.extend(called.iter().cloned());
            }
        }
    }

    /// A statement that ends with a semicolon.
    fn command(&mut self, raw: &str, at: usize, end: usize) -> Option<()> {
        let words = self.words;
        let next = self.raw(at + 1);
        match raw {
            "return" if !matches!(next.as_str(), "next" | "query") => self.leaves(Vec::new(), false),
            "raise" if !SAYING.contains(&next.as_str()) => self.leaves(Vec::new(), true),
            _ => {}
        }
        match raw {
            "return" => self.returns(at, end),
            "null" | "commit" | "rollback" => Some(()),
            "perform" => {
                let query = self.query(&format!("SELECT {}", words.slice(at + 1..end)?))?;
                self.push(query);
                Some(())
            }
            "raise" => self.raised(at, end),
            "assert" => {
                let mut parts = words.split(at + 1..end);
                let asked = self.condition(parts.next()?)?;
                self.leaves(asked, true);
                parts.try_for_each(|part| self.expression(part))
            }
            "get" => {
                let is_error = self.raw(at + 1) == "stacked";
                let begin = words.find(at, &["diagnostics"]) + 1;
                let items: Vec<Range<usize>> = words.split(begin..end).collect();
                for item in items {
                    let target = self.target(item.start)?;
                    matches!(words.text(target.end), Some("=" | ":=")).then_some(())?;
                    if is_error {
                        let is_code = self.raw(target.end + 1) == "returned_sqlstate";
                        self.give_text(if is_code { "sqlstate" } else { "sqlerrm" }, &target.names)?;
                    } else {
                        self.assigned.extend(target.names.first().cloned());
                    }
                }
                Some(())
            }
            "open" => self.opened(at, end),
            "fetch" | "move" => self.fetched(at, end, raw == "fetch"),
            "close" => Some(()),
            "call" => {
                let text = words.slice(at + 1..end)?;
                let query = self.query(&format!("SELECT {text}"))?;
                self.push(query);
                let mut names: Vec<String> = (at + 2..end)
                    .filter(|at| self.is_name(*at) && words.text(at + 1) != Some("("))
                    .filter_map(|at| words.name(at))
                    .collect();
                // Keywords that are not reserved can be variables, and what stands behind a row here need be no column of it.
                names.sort_by_key(|name| ROWS.contains(&name.as_str()));
                self.give_text(text, &names)
            }
            // A text that is there as it stands, and is given nothing.
            "execute" => {
                let text = words.executed(at + 1)?;
                let using = words.find(at, &["using"]);
                if using < end {
                    return None;
                }
                let into = words.find(at, &["into"]);
                let targets = if into < end { self.targets(into)? } else { Vec::new() };
                let query = self.query(&text)?;
                self.give_rows(query, &targets)
            }
            "do" => None,
            _ => self.statement(at, end),
        }
    }

    /// A statement of SQL, also one that puts what it gives into variables.
    fn statement(&mut self, at: usize, end: usize) -> Option<()> {
        let words = self.words;
        let takes = |at: &usize| {
            let before = at.checked_sub(1).map(|before| self.raw(before)).unwrap_or_default();
            self.raw(*at) == "into" && !matches!(before.as_str(), "insert" | "merge")
        };
        let begin = match (at..end).filter(takes).collect::<Vec<_>>().as_slice() {
            [] => {
                let query = self.query(words.slice(at..end)?)?;
                self.push(query);
                return Some(());
            }
            [begin] => *begin,
            _ => return None,
        };
        let targets = self.targets(begin)?;
        let behind = targets.last()?.end;
        let before = words.slice(at..begin)?;
        let rest = words.slice(behind..end).filter(|_| behind < end).unwrap_or_default();
        let query = self.query(&format!("{before} {rest}"))?;
        self.give_rows(query, &targets)
    }

    fn returns(&mut self, at: usize, end: usize) -> Option<()> {
        let words = self.words;
        let text = match self.raw(at + 1).as_str() {
            _ if at + 1 == end => return Some(()),
            "next" if at + 2 == end => return Some(()),
            "next" => format!("SELECT {}", words.slice(at + 2..end)?),
            "query" if self.raw(at + 2) == "execute" => return None,
            "query" => words.slice(at + 2..end)?.to_owned(),
            _ => format!("SELECT {}", words.slice(at + 1..end)?),
        };
        let query = self.query(&text)?;
        self.script.returned.push(query.clone());
        self.push(query);
        Some(())
    }

    /// What a message is made of, and what says which.
    fn raised(&mut self, at: usize, end: usize) -> Option<()> {
        let words = self.words;
        let level = self.raw(at + 1);
        self.script.says |= SAYING.contains(&level.as_str());
        let using = words.find(at, &["using"]).min(end);
        let parts: Vec<Range<usize>> = words.split(at + 1..using).collect();
        for part in parts.into_iter().skip(1) {
            self.expression(part)?;
        }
        let options: Vec<Range<usize>> = words.split(using + 1..end).collect();
        for option in options.into_iter().filter(|option| option.start < end) {
            let value = option.start + 2..option.end;
            if self.raw(option.start) == "errcode" {
                let query = self.query(&format!("SELECT {}", words.slice(value.clone())?))?;
                self.script.read_off.extend(values_of(&query)?.into_iter().map(counted_by));
            }
            self.expression(value)?;
        }
        Some(())
    }

    fn opened(&mut self, at: usize, end: usize) -> Option<()> {
        let words = self.words;
        let name = words.name(at + 1)?;
        if at + 2 == end {
            return self.cursors.get(&name)?.as_ref().map(|_| ());
        }
        let begin = words.find(at, &["for"]);
        let is_plain = (at + 2..begin).all(|at| matches!(self.raw(at).as_str(), "no" | "scroll"));
        if end <= begin || !is_plain || self.raw(begin + 1) == "execute" {
            return None;
        }
        let query = self.query(words.slice(begin + 1..end)?)?;
        self.push(query.clone());
        // Whatever it is opened for the next time is not known here.
        let known = if self.cursors.contains_key(&name) { None } else { Some(query) };
        self.cursors.insert(name, known);
        Some(())
    }

    fn fetched(&mut self, at: usize, end: usize, takes: bool) -> Option<()> {
        let words = self.words;
        let into = if takes { words.find(at, &["into"]) } else { end };
        let cursor = into.checked_sub(1)?;
        let is_plain = (at + 1..cursor).all(|at| {
            DIRECTIONS.contains(&self.raw(at).as_str()) || words.is(at, &[Token::Iconst, Token::Ascii45])
        });
        if !is_plain {
            return None;
        }
        if !takes {
            return Some(());
        }
        let query = self.cursors.get(&words.name(cursor)?)?.clone()?;
        let targets = self.targets(into)?;
        self.give_rows(query, &targets)
    }

    /// FOR and FOREACH, up to LOOP at `begin`: what says how often.
    fn header(&mut self, at: usize, begin: usize, is_array: bool) -> Option<Vec<Tree>> {
        let words = self.words;
        let within = words.find(at, &["in"]);
        let targets = self.targets(at)?;
        let first = self.raw(within + 1);
        if is_array {
            let array = within + 2..begin;
            let counts = self.condition_of(&format!("SELECT {}", words.slice(array.clone())?))?;
            let text = words.slice(array).filter(|_| first == "array")?;
            targets.iter().try_for_each(|target| self.give_text(text, &target.names))?;
            return Some(counts);
        }
        if first == "execute" {
            return None;
        }
        let mut depth = 0_usize;
        let dots = (within + 1..begin).find(|at| {
            match words.text(*at) {
                Some("(") => depth += 1,
                Some(")") => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && words.is(*at, &[Token::DotDot])
        });
        if let Some(dots) = dots {
            let from = within + 1 + usize::from(first == "reverse");
            let by = words.find(dots, &["by"]).min(begin);
            let mut counts = Vec::new();
            for part in [from..dots, dots + 1..by, by + 1..begin] {
                let Some(text) = words.slice(part.clone()).filter(|_| part.start < part.end) else {
                    continue;
                };
                counts.extend(self.condition(part)?);
                for target in &targets {
                    self.give_text(text, &target.names)?;
                }
            }
            return Some(counts);
        }
        let query = match within + 2 == begin {
            true => {
                // What takes rows of a cursor is no variable but this loop's own.
                self.records.extend(targets.iter().flat_map(|target| target.names.iter().cloned()));
                self.cursors.get(&words.name(within + 1)?)?.clone()?
            }
            false => self.query(words.slice(within + 1..begin)?)?,
        };
        self.give_rows(query, &targets)?;
        Some(Vec::new())
    }

    fn declared(&mut self, at: usize, end: usize) -> Option<()> {
        let words = self.words;
        let name = words.name(at)?;
        self.script.hides_row |= ROWS.contains(&name.as_str());
        if self.raw(at + 1) == "alias" {
            if words.is(at + 3, &[Token::Param]) {
                self.give_name(words.text(at + 3)?, &name);
                self.numbered.insert(name);
                return Some(());
            }
            let other = words.name(at + 3)?;
            self.give_name(&name, &other);
            self.give_name(&other, &name);
            self.assigned.remove(&name);
            self.assigned.remove(&other);
            return Some(());
        }
        let cursor = (at + 1..(at + 4).min(end)).find(|at| self.raw(*at) == "cursor");
        if let Some(cursor) = cursor {
            let begin = words.find(cursor, &["for", "is"]);
            // What it is given each time is not followed.
            let query = match cursor + 1 == begin {
                true => Some(self.query(words.slice(begin + 1..end)?)?),
                false => None,
            };
            query.clone().into_iter().for_each(|query| self.push(query));
            self.cursors.insert(name, query);
            return Some(());
        }
        if self.raw(at + 1) == "record" {
            self.records.insert(name.clone());
        }
        let given = words.find(at, &[":=", "=", "default"]);
        if given < end {
            self.give_text(words.slice(given + 1..end)?, &[name])?;
        }
        Some(())
    }

    fn expression(&mut self, words: Range<usize>) -> Option<()> {
        let query = self.query(&format!("SELECT {}", self.words.slice(words)?))?;
        self.push(query);
        Some(())
    }

    /// Something that is asked: the expressions of it, each as what says of how many rows.
    fn condition(&mut self, words: Range<usize>) -> Option<Vec<Tree>> {
        self.condition_of(&format!("SELECT {}", self.words.slice(words)?))
    }

    fn condition_of(&mut self, text: &str) -> Option<Vec<Tree>> {
        let query = self.query(text)?;
        let mut counts = Vec::new();
        for value in values_of(&query)? {
            counts.push(counted_by(value.clone()));
            let mut condition = Tree::new("SelectStmt");
            condition.push("where_clause", Child::Node(value));
            self.script.decisions.push("stmts", Child::Node(condition.clone()));
            self.push(condition);
        }
        if is_more(&query) {
            self.script.decisions.push("stmts", Child::Node(query.clone()));
            self.push(query);
        }
        Some(counts)
    }

    /// The one statement that this is.
    pub(super) fn query(&self, text: &str) -> Option<Tree> {
        let parsed = self.words.parsed(text)?;
        let [raw] = parsed.protobuf.stmts.as_slice() else { return None };
        let mut query = Tree::of(&raw.stmt).ok()?.into_first()?;
        name_stars(&mut query);
        name_parameters(&mut query);
        Some(query)
    }

    pub(super) fn push(&mut self, statement: Tree) {
        self.script.all.push("stmts", Child::Node(statement));
    }

    pub(super) fn is_name(&self, at: usize) -> bool {
        let is_first = |first: char| first.is_alphabetic() || matches!(first, '"' | '_');
        self.words.text(at).is_some_and(|text| text.starts_with(is_first))
    }

    /// A word as it is written, in small letters: in quotes it is no keyword.
    pub(super) fn raw(&self, at: usize) -> String {
        self.words.text(at).unwrap_or_default().to_ascii_lowercase()
    }
}

fn is_word(words: &Words<'_>, at: usize, word: &str) -> bool {
    words.text(at).is_some_and(|text| text.eq_ignore_ascii_case(word))
}
