//! What stands around a statement in the body of a plpgsql function: which loops it runs in, and what puts values into the variables
//! that it looks at. A row after the other is a table in the end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use pg_query::protobuf::Token;

use crate::body::Words;
use crate::tree::Tree;

/// What stands around a statement.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    /// What loops put into variables, and into parameters of EXECUTE by their number; also the rows of cursors.
    loops: BTreeMap<String, Feed>,
    /// What variables are given, where that happens once.
    given: Rc<BTreeMap<String, Feed>>,
    /// It runs again and again.
    pub(crate) is_repeated: bool,
    /// The same with more loops around it, and what must be true of their rows for it to run.
    wider: Vec<(Vec<Rc<Guard>>, Scope)>,
}

/// What IF, CASE, CONTINUE and EXIT make a statement depend on: these conditions, each as it is or its opposite, are all true; or,
/// where it `is_left` when they are, not all.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) parts: Vec<(Rc<Tree>, bool)>,
    pub(crate) is_left: bool,
}

/// What is put into a variable.
#[derive(Clone, Debug)]
pub(crate) enum Feed {
    /// Each row of a select, one after the other.
    Rows(Rc<Tree>, Place),
    /// Each element of the array that a select returns, one after the other.
    Elements(Rc<Tree>),
    /// What the first row of a select has in this place.
    Value(Rc<Tree>, usize),
}

/// The part of a row.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    At(usize),
    Named(String),
}

/// Loops around a statement that are looked at, from the innermost.
const LOOPS_MAX: usize = 64;

/// What a statement stands in that is looked at, from the innermost, for what must be true for it to run; how many times more it
/// is weighed for that; and how many such conditions there may be for it, and for each thing that it stands in.
const STEPS_MAX: usize = 16;
const WIDER_MAX: usize = 4;
const GUARDS_MAX: usize = 16;

/// The loops of a body, and what its variables are given.
#[derive(Default)]
pub(crate) struct Scopes {
    loops: Vec<Loop>,
    /// The loops around each statement in which nothing depends on the row before it runs.
    around: HashMap<usize, Vec<usize>>,
    /// All that stands around each statement, from the innermost.
    steps: HashMap<usize, Vec<Step>>,
    /// `None` where it is not known, or happens more than once.
    given: HashMap<String, Option<Feed>>,
    /// Everything that variables are given.
    values: Vec<Rc<Tree>>,
    /// Variables that loops give something.
    looped: HashSet<String>,
    cursors: HashMap<String, Option<Rc<Tree>>>,
}

#[derive(Default)]
struct Loop {
    /// What it puts into its variables.
    feeds: Vec<(String, Feed)>,
    /// It runs for each of something, and is left earlier.
    is_left: bool,
    /// When it is; `None` where that is not understood.
    exits: Vec<Option<Rc<Guard>>>,
    /// When the rest of it is left out, as far as it has been read.
    skips: Vec<Option<Rc<Guard>>>,
}

/// What a statement stands in.
enum Step {
    /// A loop, with what leaves out the rest of it before the statement.
    Loop(usize, Vec<Option<Rc<Guard>>>),
    /// An arm of IF or CASE; `None` where its condition is not understood.
    Arm(Option<Rc<Guard>>),
}

/// What has begun and not ended.
enum Open {
    Block,
    Branch {
        depends: bool,
        arm: Arm,
    },
    /// One of `loops`, with the place of its LOOP.
    Loop {
        which: usize,
        body: usize,
        is_for: bool,
    },
}

/// The arm of IF or CASE that is being read: what is false since the arms before were not taken, and what is true.
#[derive(Default)]
struct Arm {
    parts: Vec<(Rc<Tree>, bool)>,
    /// What stands between CASE and its first WHEN.
    value: String,
    /// A condition is not understood.
    is_unknown: bool,
}

impl Arm {
    /// Those before were not taken, and this has such a condition; none is ELSE.
    fn next(&mut self, condition: Option<Option<Rc<Tree>>>) {
        self.parts.iter_mut().for_each(|(_, negated)| *negated = true);
        match condition {
            Some(Some(condition)) if self.parts.len() < GUARDS_MAX => self.parts.push((condition, false)),
            Some(_) => self.is_unknown = true,
            None => {}
        }
    }

    fn guard(&self) -> Option<Guard> {
        (!self.is_unknown).then(|| Guard { parts: self.parts.clone(), is_left: false })
    }
}

impl Scope {
    /// The same with more loops around it, each time with what must be true of their rows for it to run.
    pub(crate) fn wider(&self) -> impl Iterator<Item = (&[Rc<Guard>], &Scope)> {
        self.wider.iter().map(|(guards, scope)| (guards.as_slice(), scope))
    }

    /// What is put into a variable, or a parameter of EXECUTE, where that is known.
    pub(crate) fn feed(&self, name: &str) -> Option<&Feed> {
        self.loops.get(name).or_else(|| self.given.get(name))
    }
}

impl Scopes {
    /// Those of a body with statements at these places.
    pub(crate) fn of(words: &Words<'_>, statements: &HashSet<usize>) -> Self {
        let mut scopes = Scopes::default();
        let mut open = Vec::new();
        let mut declares = false;
        // Where what has begun last ends: in it nothing begins, whatever words a CASE has.
        let first = words.directives();
        let mut next = first;
        for at in 0..words.len() {
            if statements.contains(&at) {
                scopes.around.insert(at, loops_around(at, &open));
                let steps = scopes.steps_around(at, &open);
                scopes.steps.insert(at, steps);
            }
            let Some(name) = words.name(at).filter(|_| next <= at && (at == first || words.begins_part(at)))
            else {
                continue;
            };
            match name.as_str() {
                "declare" => declares = true,
                "begin" => {
                    declares = false;
                    open.push(Open::Block);
                }
                _ if declares => {
                    next = words.end(at);
                    scopes.declared(words, at);
                }
                "end" => drop(open.pop()),
                "if" => {
                    let then = words.find(at, &["then"]);
                    let mut arm = Arm::default();
                    arm.next(Some(words.expression(at + 1..then)));
                    next = then + 1;
                    open.push(Open::Branch { depends: words.has_names(at + 1..then), arm });
                }
                "case" => {
                    let when = words.find(at, &["when"]);
                    next = words.find(when, &["then"]) + 1;
                    let value = words.slice(at + 1..when).unwrap_or_default().to_owned();
                    let mut arm = Arm { value, ..Arm::default() };
                    arm.next(Some(words.case(when, &arm.value)));
                    open.push(Open::Branch { depends: true, arm });
                }
                "elsif" | "elseif" | "when" => {
                    let then = words.find(at, &["then"]);
                    next = then + 1;
                    if let Some(Open::Branch { depends, arm }) = open.last_mut() {
                        let condition = match name.as_str() {
                            "when" => words.case(at, &arm.value),
                            _ => words.expression(at + 1..then),
                        };
                        *depends |= words.has_names(at + 1..then);
                        arm.next(Some(condition));
                    }
                }
                "else" => {
                    if let Some(Open::Branch { arm, .. }) = open.last_mut() {
                        arm.next(None);
                    }
                }
                "for" | "foreach" | "while" | "loop" => {
                    let body = if name == "loop" { at } else { words.find(at, &["loop"]) };
                    next = body + 1;
                    let feeds = scopes.header(words, at, body, &name);
                    scopes
                        .looped
                        .extend((at + 1..words.find(at, &["in"]).min(body)).filter_map(|at| words.name(at)));
                    let is_for = matches!(name.as_str(), "for" | "foreach");
                    open.push(Open::Loop { which: scopes.loops.len(), body, is_for });
                    scopes.loops.push(Loop { feeds, ..Loop::default() });
                }
                "continue" | "exit" | "return" => {
                    next = words.end(at);
                    scopes.note_leave(words, at, &name, &open);
                    scopes.leave(words, at, &name, &open);
                }
                "open" if words.name(at + 2).as_deref() == Some("for") => {
                    let select = words.select(at + 3..words.end(at));
                    scopes.cursor(words.name(at + 1), select);
                }
                "fetch" => scopes.fetched(words, at, &open),
                // A label.
                "<<" => {}
                "exception" | "then" => {}
                _ => {
                    next = words.end(at);
                    scopes.assign(words, at);
                }
            }
        }
        scopes
    }

    /// What variables are given, where that happens once.
    pub(crate) fn given(&self) -> Rc<BTreeMap<String, Feed>> {
        let known = self.given.iter().filter_map(|(name, feed)| Some((name.clone(), feed.clone()?)));
        Rc::new(known.collect())
    }

    /// The same by name, of variables that no loop gives anything; `None` where it is not known, or happens more than once.
    pub(crate) fn all_given(&self) -> HashMap<String, Option<Feed>> {
        let given = self.given.iter().filter(|(name, _)| !self.looped.contains(*name));
        given.map(|(name, feed)| (name.clone(), feed.clone())).collect()
    }

    /// Every expression whose value a variable is given.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Tree> {
        self.values.iter().filter_map(|select| select.one("target_list")?.one("val"))
    }

    /// What stands around the statement at `at`.
    pub(crate) fn around(&self, at: usize, given: &Rc<BTreeMap<String, Feed>>) -> Scope {
        let mut scope = Scope { given: given.clone(), ..Scope::default() };
        let around = self.around.get(&at).into_iter().flatten().filter_map(|which| self.loops.get(*which));
        for Loop { feeds, .. } in around.filter(|it| !it.is_left) {
            scope.is_repeated = true;
            for (name, feed) in feeds {
                // The innermost comes first.
                scope.loops.entry(name.clone()).or_insert_with(|| feed.clone());
            }
        }
        scope.wider = self.wider(at, given);
        scope
    }

    /// What stands around the statement at `at`, each time up to what must be true next for it to run.
    fn wider(&self, at: usize, given: &Rc<BTreeMap<String, Feed>>) -> Vec<(Vec<Rc<Guard>>, Scope)> {
        let (mut found, mut guards) = (Vec::new(), Vec::new());
        let mut scope = Scope { given: given.clone(), ..Scope::default() };
        for step in self.steps.get(&at).into_iter().flatten() {
            let more: Vec<&Option<Rc<Guard>>> = match step {
                Step::Arm(guard) => vec![guard],
                Step::Loop(which, skips) => {
                    skips.iter().chain(self.loops.get(*which).into_iter().flat_map(|it| &it.exits)).collect()
                }
            };
            if WIDER_MAX < found.len() {
                return found;
            }
            if !more.is_empty() && scope.is_repeated {
                found.push((guards.clone(), scope.clone()));
            }
            for guard in more {
                let Some(guard) = guard.as_ref().filter(|_| guards.len() < GUARDS_MAX) else {
                    return found;
                };
                guards.push(Rc::clone(guard));
            }
            if let Step::Loop(which, _) = step
                && let Some(it) = self.loops.get(*which)
            {
                scope.is_repeated = true;
                for (name, feed) in &it.feeds {
                    scope.loops.entry(name.clone()).or_insert_with(|| feed.clone());
                }
            }
        }
        if scope.is_repeated {
            found.push((guards, scope));
        }
        found
    }

    /// The same of a text that EXECUTE runs: what its parameters are given, from `using` on.
    pub(crate) fn around_executed(
        &self,
        words: &Words<'_>,
        at: usize,
        given: &Rc<BTreeMap<String, Feed>>,
    ) -> Scope {
        let mut scope = self.around(at, given);
        for (_, scope) in &mut scope.wider {
            *scope = Self::executed(words, at, scope);
        }
        Scope { wider: std::mem::take(&mut scope.wider), ..Self::executed(words, at, &scope) }
    }

    fn executed(words: &Words<'_>, at: usize, scope: &Scope) -> Scope {
        let mut parameters = BTreeMap::new();
        let end = words.end(at);
        let using = words.find(at, &["using"]);
        if using < end {
            for (place, part) in words.split(using + 1..words.find(using, &["loop"]).min(end)).enumerate() {
                let name = words.name(part.start);
                let feed = match (part.len(), name.and_then(|name| scope.feed(&name))) {
                    (1, Some(feed)) => Some(feed.clone()),
                    (3, Some(Feed::Rows(select, _))) if words.text(part.start + 1) == Some(".") => {
                        words.name(part.start + 2).map(|name| Feed::Rows(select.clone(), Place::Named(name)))
                    }
                    _ => None,
                };
                parameters.extend(feed.map(|feed| (format!("${}", place + 1), feed)));
            }
        }
        Scope { loops: parameters, is_repeated: scope.is_repeated, ..Scope::default() }
    }

    /// All that the word at `at` stands in, from the innermost.
    fn steps_around(&self, at: usize, open: &[Open]) -> Vec<Step> {
        let steps = open.iter().rev().filter_map(|it| match it {
            Open::Branch { arm, .. } => Some(Step::Arm(arm.guard().map(Rc::new))),
            // What its rows come from runs once.
            Open::Loop { which, body, .. } if *body < at => {
                let skips = self.loops.get(*which).map(|it| it.skips.clone()).unwrap_or_default();
                Some(Step::Loop(*which, skips))
            }
            Open::Loop { .. } | Open::Block => None,
        });
        steps.take(STEPS_MAX).collect()
    }

    /// Notes when loops are left, or go on with their next row.
    fn note_leave(&mut self, words: &Words<'_>, at: usize, how: &str, open: &[Open]) {
        let next = words.name(at + 1).unwrap_or_default();
        if how == "return" && matches!(next.as_str(), "next" | "query") {
            return;
        }
        let (when, end) = (words.find(at, &["when"]), words.end(at));
        let is_plain = how == "return" || matches!(next.as_str(), ";" | "when");
        let mut parts = Some(Vec::new()).filter(|_| is_plain);
        if how != "return" && when < end {
            parts = parts.zip(words.expression(when + 1..end)).map(|(_, condition)| vec![(condition, false)]);
        }
        for it in open.iter().rev() {
            match it {
                Open::Branch { arm, .. } => {
                    parts = parts.zip(arm.guard()).map(|(parts, arm)| [parts, arm.parts].concat());
                    parts = parts.filter(|parts| parts.len() <= GUARDS_MAX);
                }
                Open::Loop { which, is_for, .. } => {
                    let guard = parts.clone().map(|parts| Rc::new(Guard { parts, is_left: true }));
                    if let Some(it) = self.loops.get_mut(*which) {
                        let to = if how == "continue" { &mut it.skips } else { &mut it.exits };
                        // More than that are too many to be looked at.
                        if (*is_for || how == "continue") && to.len() <= GUARDS_MAX {
                            to.push(guard);
                        }
                    }
                    if how != "return" {
                        return;
                    }
                }
                Open::Block => {}
            }
        }
    }

    /// A loop is left, or goes on with its next row, for what is in this one.
    fn leave(&mut self, words: &Words<'_>, at: usize, how: &str, open: &[Open]) {
        let next = words.name(at + 1).unwrap_or_default();
        let (when, end) = (words.find(at, &["when"]), words.end(at));
        let is_constant = when < end && !words.has_names(when + 1..end);
        if is_constant || how == "return" && matches!(next.as_str(), "next" | "query") {
            return;
        }
        for it in open.iter().rev() {
            match it {
                // Nobody writes that but to seem to.
                Open::Branch { depends: false, .. } => return,
                Open::Loop { which, is_for, .. } => {
                    if let Some(it) = self.loops.get_mut(*which).filter(|_| *is_for || how == "continue") {
                        if it.is_left {
                            return;
                        }
                        it.is_left = true;
                    }
                    if how != "return" {
                        return;
                    }
                }
                Open::Branch { .. } | Open::Block => {}
            }
        }
    }

    /// What a loop puts into its variables, by what stands between the word that begins it and LOOP.
    fn header(&self, words: &Words<'_>, at: usize, end: usize, kind: &str) -> Vec<(String, Feed)> {
        if !matches!(kind, "for" | "foreach") {
            return Vec::new();
        }
        let begin = words.find(at, &["in"]);
        if end <= begin {
            return Vec::new();
        }
        let first = words.name(begin + 1).unwrap_or_default();
        if kind == "foreach" {
            let Some(array) = words.expression(begin + 2..end).filter(|_| first == "array") else {
                return Vec::new();
            };
            return words.name(at + 1).map(|name| (name, Feed::Elements(array))).into_iter().collect();
        }
        let select = if end == begin + 2 || words.text(begin + 2) == Some("(") && !words.is_select(begin + 1)
        {
            self.cursors.get(&first).cloned().flatten()
        } else if first == "execute" {
            words.executed(begin + 2).and_then(|text| words.select_of(&text))
        } else {
            words.select(begin + 1..end)
        };
        let Some(select) = select else { return Vec::new() };
        let mut feeds = Vec::new();
        if self.cursors.contains_key(&first) {
            feeds.push((first, Feed::Rows(select.clone(), Place::At(0))));
        }
        for (place, part) in words.split(at + 1..begin).enumerate() {
            feeds.extend(
                words.name(part.start).map(|name| (name, Feed::Rows(select.clone(), Place::At(place)))),
            );
        }
        feeds
    }

    fn declared(&mut self, words: &Words<'_>, at: usize) {
        let end = words.end(at);
        let cursor = words.find(at, &["cursor"]);
        if cursor < end {
            let begin = words.find(cursor, &["for", "is"]);
            let select = words.select(begin + 1..end);
            return self.cursor(words.name(at), select);
        }
        let given = (at..end).find(|at| {
            matches!(words.text(*at), Some(":=" | "=")) || words.name(*at).as_deref() == Some("default")
        });
        if let (Some(given), Some(name)) = (given, words.name(at)) {
            self.give(name, words.expression(given + 1..end).map(|value| Feed::Value(value, 0)));
        }
    }

    fn give(&mut self, name: String, feed: Option<Feed>) {
        if let Some(Feed::Value(value, _)) = &feed {
            self.values.push(Rc::clone(value));
        }
        self.given.entry(name).and_modify(|feed| *feed = None).or_insert(feed);
    }

    fn cursor(&mut self, name: Option<String>, select: Option<Rc<Tree>>) {
        if let Some(name) = name {
            // One that is opened twice may be for anything.
            let select = if self.cursors.contains_key(&name) { None } else { select };
            self.cursors.insert(name, select);
        }
    }

    /// `FETCH c INTO r`: in a loop it is one row after the other.
    fn fetched(&mut self, words: &Words<'_>, at: usize, open: &[Open]) {
        let end = words.end(at);
        let into = words.find(at, &["into"]);
        let around = open
            .iter()
            .rev()
            .find_map(|it| if let Open::Loop { which, .. } = it { Some(*which) } else { None });
        let cursor = into.checked_sub(1).and_then(|before| words.name(before)).unwrap_or_default();
        let (Some(around), Some(Some(select))) =
            (around.and_then(|which| self.loops.get_mut(which)), self.cursors.get(&cursor))
        else {
            return;
        };
        around.feeds.push((cursor, Feed::Rows(select.clone(), Place::At(0))));
        for (place, part) in words.split(into + 1..end).enumerate() {
            let feed = Feed::Rows(select.clone(), Place::At(place));
            around.feeds.extend(words.name(part.start).map(|name| (name, feed)));
        }
    }

    /// `x := …`, or a select INTO variables.
    fn assign(&mut self, words: &Words<'_>, at: usize) {
        let end = words.end(at);
        if matches!(words.text(at + 1), Some(":=" | "=")) {
            if let Some(name) = words.name(at) {
                self.give(name, words.expression(at + 2..end).map(|value| Feed::Value(value, 0)));
            }
            return;
        }
        // An element of it, or a field.
        if matches!(words.text(at + 1), Some("[" | ".")) {
            words.name(at).into_iter().for_each(|name| self.give(name, None));
            return;
        }
        let Some((into, names)) = words.into(at, end) else { return };
        let is_select = words.is_select(at);
        let select = is_select.then(|| words.select_without(at..end, into)).flatten();
        for (place, name) in names.into_iter().enumerate() {
            self.give(name, select.clone().map(|select| Feed::Value(select, place)));
        }
    }
}

/// The loops that the word at `at` runs in, from the innermost, up to where it depends on values whether anything is done.
fn loops_around(at: usize, open: &[Open]) -> Vec<usize> {
    let mut found = Vec::new();
    for it in open.iter().rev() {
        match it {
            Open::Branch { depends: true, .. } => break,
            // What its rows come from runs once.
            Open::Loop { which, body, .. } if *body < at && found.len() < LOOPS_MAX => found.push(*which),
            Open::Loop { .. } | Open::Branch { .. } | Open::Block => {}
        }
    }
    found
}

impl Words<'_> {
    /// Whether a statement of plpgsql, or a declaration, begins here.
    pub(crate) fn begins_part(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.text(before)).unwrap_or_default();
        self.begins_statement(at) || before.eq_ignore_ascii_case("declare") || before == ">>"
    }

    /// Where what begins at `at` ends.
    pub(crate) fn end(&self, at: usize) -> usize {
        (at..self.len()).find(|at| !self.may_look() || self.is(*at, &[Token::Ascii59])).unwrap_or(self.len())
    }

    /// The next of these words behind `at` that stands in no parentheses; where there is none, the end of what begins at `at`.
    pub(crate) fn find(&self, at: usize, wanted: &[&str]) -> usize {
        let mut depth = 0_usize;
        for at in at + 1..self.len() {
            match self.text(at).filter(|_| self.may_look()) {
                None | Some(";") => return at,
                Some("(") => depth += 1,
                Some(")") => depth = depth.saturating_sub(1),
                Some(text) if depth == 0 && wanted.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                    return at;
                }
                Some(_) => {}
            }
        }
        self.len()
    }

    /// INTO with the variables behind it, in what stands from `at` to `end`, and their names.
    pub(crate) fn into(&self, at: usize, end: usize) -> Option<(Range<usize>, Vec<String>)> {
        let into = self.find(at, &["into"]);
        if end <= into {
            return None;
        }
        let begin = into + 1 + usize::from(self.name(into + 1).as_deref() == Some("strict"));
        let mut names = Vec::new();
        let mut next = begin;
        while let Some(name) = self.name(next).filter(|_| next < end) {
            names.push(name);
            next += 1;
            if self.text(next) != Some(",") {
                break;
            }
            next += 1;
        }
        Some((into..next, names))
    }

    /// The condition of the arm of a CASE whose WHEN is at `when`.
    fn case(&self, when: usize, value: &str) -> Option<Rc<Tree>> {
        let condition = when + 1..self.find(when, &["then"]);
        if value.is_empty() {
            return self.expression(condition);
        }
        self.select_of(&format!("SELECT ({value}) IN ({})", self.slice(condition)?))
    }

    /// Parts between commas that stand in no parentheses.
    pub(crate) fn split(&self, words: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut parts = Vec::new();
        let (mut depth, mut begin) = (0_usize, words.start);
        for at in words.clone() {
            match self.text(at) {
                Some("(" | "[") => depth += 1,
                Some(")" | "]") => depth = depth.saturating_sub(1),
                Some(",") if depth == 0 => {
                    parts.push(begin..at);
                    begin = at + 1;
                }
                _ => {}
            }
        }
        if begin < words.end {
            parts.push(begin..words.end);
        }
        parts.into_iter()
    }

    /// Whether anything in them is no constant.
    fn has_names(&self, words: Range<usize>) -> bool {
        words.into_iter().any(|at| {
            let name = self.name(at).unwrap_or_default();
            let is_word = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
            is_word
                && !self.is(at, &[Token::Sconst])
                && !matches!(name.as_str(), "and" | "false" | "is" | "not" | "null" | "or" | "true")
        })
    }

    pub(crate) fn is_select(&self, at: usize) -> bool {
        matches!(self.name(at).as_deref(), Some("select" | "table" | "values" | "with" | "("))
    }

    fn select(&self, words: Range<usize>) -> Option<Rc<Tree>> {
        self.select_of(self.slice(words.clone()).filter(|_| self.is_select(words.start))?)
    }

    /// The same where what is `left_out` is not part of it.
    fn select_without(&self, words: Range<usize>, left_out: Range<usize>) -> Option<Rc<Tree>> {
        let before = self.slice(words.start..left_out.start)?;
        let behind = self.slice(left_out.end..words.end).unwrap_or_default();
        self.select_of(&format!("{before} {behind}"))
    }

    /// The text that EXECUTE at `at` runs, as an expression.
    pub(crate) fn run(&self, at: usize) -> Option<Tree> {
        let text = self.slice(at + 1..self.find(at, &["into", "using", "loop"]))?;
        let parsed = self.parsed(&format!("SELECT {text}"))?;
        let [raw] = parsed.protobuf.stmts.as_slice() else { return None };
        Tree::of(&raw.stmt).ok()?.into_first()?.into_field("target_list")?.into_field("val")
    }

    fn expression(&self, words: Range<usize>) -> Option<Rc<Tree>> {
        // PostgreSQL takes `x := a FROM t` too.
        self.select_of(&format!("SELECT {}", self.slice(words)?))
    }

    fn select_of(&self, text: &str) -> Option<Rc<Tree>> {
        let parsed = self.parsed(text)?;
        let [raw] = parsed.protobuf.stmts.as_slice() else { return None };
        let select = Tree::of(&raw.stmt).ok()?.into_first()?;
        (select.kind == "SelectStmt").then(|| Rc::new(select))
    }
}
