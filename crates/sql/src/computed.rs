//! Texts that the body of a function computes and runs by EXECUTE, as far as they can be told: by constants, by the table that its
//! trigger is on, and by what its trigger hands it. What cannot be told is a word that no name has.

use std::collections::{BTreeSet, HashMap};

use crate::catalog::{Catalog, Relation};
use crate::constant::{Constant, constant, operator};
use crate::facts::{Effect, Statement, Write};
use crate::filter::is_one_of;
use crate::read::{collect, parse};
use crate::scope::Feed;
use crate::tree::Tree;

/// What stands for a part that cannot be told. PostgreSQL takes it for a letter, and Unicode leaves it to private use.
const UNKNOWN: char = '\u{e000}';

/// How deep an expression is looked into, and variables within.
const DEPTH_MAX: usize = 24;

/// Parts of one text.
const PIECES_MAX: usize = 512;

/// Longest text that is put together.
const BYTES_MAX: usize = 65_536;

/// Letters and digits that must be known of a name for it to mean a relation.
const LETTERS_MIN: usize = 3;

/// Writes that put values into columns.
const FILLING: [Effect; 4] = [Effect::CopyIn, Effect::Insert, Effect::Merge, Effect::Update];

/// A text that is put together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Computed {
    pieces: Vec<Piece>,
    /// It is run; others may become a part of what is.
    is_run: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// Name of the table that the trigger is on.
    Table,
    /// Its schema.
    Schema,
    /// What the trigger hands over in this place.
    Argument(usize),
    /// An identifier in quotes, where it needs them.
    Name(Vec<Piece>),
    /// A constant in quotes.
    Literal(Vec<Piece>),
    Unknown,
}

/// What a trigger is on, and hands to its function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Context {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) arguments: Vec<String>,
}

/// What is told of texts that are run.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// What they do.
    pub(crate) statements: Vec<Statement>,
    /// What they write to, where only a part of its name is told.
    targets: Vec<Target>,
    /// There are some that could write to anything.
    is_any: bool,
    /// Words in them, of names that may be told in part.
    words: BTreeSet<String>,
}

/// A name with what is told of its schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    schema: Option<String>,
    name: String,
}

impl Computed {
    /// A text that EXECUTE runs, or an expression of the body that may become a part of one.
    pub(crate) fn new(value: &Tree, is_run: bool, given: &HashMap<String, Option<Feed>>) -> Self {
        let mut fold = Fold { given, within: Vec::new(), pieces: Vec::new() };
        fold.value(value, DEPTH_MAX);
        Computed { pieces: fold.pieces, is_run }
    }

    /// One of which nothing is told.
    pub(crate) fn unknown() -> Self {
        Computed { pieces: vec![Piece::Unknown], is_run: true }
    }

    /// Whether nothing is told of it.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.iter().all(|piece| *piece == Piece::Unknown)
    }

    fn text(&self, context: Option<&Context>) -> String {
        let mut text = String::new();
        write(&self.pieces, context, &mut text);
        text
    }
}

/// Puts together what is told of an expression.
struct Fold<'g> {
    given: &'g HashMap<String, Option<Feed>>,
    /// Variables that are looked into.
    within: Vec<String>,
    pieces: Vec<Piece>,
}

impl Fold<'_> {
    fn value(&mut self, tree: &Tree, depth: usize) {
        let Some(deeper) = depth.checked_sub(1).filter(|_| self.pieces.len() < PIECES_MAX) else {
            return self.pieces.push(Piece::Unknown);
        };
        match tree.kind {
            "AConst" => match constant(tree) {
                Some(Constant::Text(text)) => self.pieces.push(Piece::Text(text)),
                Some(Constant::Number(number)) => self.pieces.push(Piece::Text(number.to_string())),
                Some(Constant::Null) => {}
                _ => self.pieces.push(Piece::Unknown),
            },
            "AExpr" if operator(tree) == Some("||") => {
                for side in [tree.one("lexpr"), tree.one("rexpr")].into_iter().flatten() {
                    self.value(side, deeper);
                }
            }
            // `TG_RELID::regclass` is the table as well, and a text stays one.
            "TypeCast" => match tree.one("arg") {
                Some(arg) if arg.name("fields") == ["tg_relid"] => self.pieces.push(Piece::Table),
                Some(arg) => self.value(arg, deeper),
                None => self.pieces.push(Piece::Unknown),
            },
            "ColumnRef" => match tree.name("fields").as_slice() {
                ["tg_table_name" | "tg_relname"] => self.pieces.push(Piece::Table),
                ["tg_table_schema"] => self.pieces.push(Piece::Schema),
                [name] => self.variable(name, deeper),
                _ => self.pieces.push(Piece::Unknown),
            },
            "AIndirection" => self.pieces.push(argument(tree).map_or(Piece::Unknown, Piece::Argument)),
            "FuncCall" if tree.number("func_variadic") == 0 => self.call(tree, deeper),
            _ => self.pieces.push(Piece::Unknown),
        }
    }

    fn variable(&mut self, name: &str, depth: usize) {
        let value = match self.given.get(name) {
            Some(Some(Feed::Value(select, place))) if self.within.iter().all(|within| within != name) => {
                select.all("target_list").nth(*place).and_then(|target| target.one("val"))
            }
            _ => None,
        };
        match value {
            Some(value) => {
                self.within.push(name.to_owned());
                self.value(value, depth);
                self.within.pop();
            }
            None => self.pieces.push(Piece::Unknown),
        }
    }

    fn call(&mut self, call: &Tree, depth: usize) {
        let args: Vec<&Tree> = call.all("args").collect();
        match args.as_slice() {
            [format, args @ ..] if is_one_of(&["format"], call) => {
                let args: Vec<Vec<Piece>> = args.iter().map(|arg| self.part(arg, depth)).collect();
                match constant(format) {
                    Some(Constant::Text(format)) => formatted(&format, &args, &mut self.pieces),
                    _ => self.pieces.push(Piece::Unknown),
                }
            }
            [arg] if is_one_of(&["quote_ident"], call) => {
                let name = self.part(arg, depth);
                self.pieces.push(Piece::Name(name));
            }
            [arg] if is_one_of(&["quote_literal", "quote_nullable"], call) => {
                let literal = self.part(arg, depth);
                self.pieces.push(Piece::Literal(literal));
            }
            // Blanks around it, and letters of a name that is not in quotes, are the same to PostgreSQL.
            [arg] if is_one_of(&["btrim", "lower", "ltrim", "rtrim"], call) => self.value(arg, depth),
            args if is_one_of(&["concat"], call) => args.iter().for_each(|arg| self.value(arg, depth)),
            _ => self.pieces.push(Piece::Unknown),
        }
    }

    /// What is told of an argument.
    fn part(&mut self, arg: &Tree, depth: usize) -> Vec<Piece> {
        let before = std::mem::take(&mut self.pieces);
        self.value(arg, depth);
        std::mem::replace(&mut self.pieces, before)
    }
}

/// Of `TG_ARGV[0]` the number.
fn argument(tree: &Tree) -> Option<usize> {
    let [index] = tree.all("indirection").collect::<Vec<_>>().try_into().ok()?;
    let is_argument = tree.one("arg")?.name("fields") == ["tg_argv"] && !index.has(&["is_slice"]);
    let index = index.one("uidx").filter(|_| is_argument)?;
    index.one("val").and_then(|index| usize::try_from(index.number("ival")).ok())
}

/// What `format` makes (varlena.c, `text_format`).
fn formatted(format: &str, args: &[Vec<Piece>], pieces: &mut Vec<Piece>) {
    let mut rest = format;
    let mut next = 0;
    while let Some((before, behind)) = rest.split_once('%') {
        pieces.push(Piece::Text(before.to_owned()));
        if let Some(behind) = behind.strip_prefix('%') {
            pieces.push(Piece::Text("%".to_owned()));
            rest = behind;
            continue;
        }
        let Some((specifier, behind)) =
            behind.find(['I', 'L', 's']).and_then(|at| behind.split_at_checked(at))
        else {
            return pieces.push(Piece::Unknown);
        };
        let which = match specifier.split_once('$') {
            Some((number, _)) => number.parse().ok().and_then(|number: usize| number.checked_sub(1)),
            None => Some(next),
        };
        next = which.map_or(next, |which| which + 1);
        // A width could be an argument too.
        let arg = which.and_then(|which| args.get(which)).filter(|_| !specifier.contains('*')).cloned();
        let arg = arg.unwrap_or_else(|| vec![Piece::Unknown]);
        let mut letters = behind.chars();
        match letters.next() {
            Some('I') => pieces.push(Piece::Name(arg)),
            Some('L') => pieces.push(Piece::Literal(arg)),
            _ => pieces.extend(arg),
        }
        rest = letters.as_str();
    }
    pieces.push(Piece::Text(rest.to_owned()));
}

fn write(pieces: &[Piece], context: Option<&Context>, text: &mut String) {
    let quoted = |pieces: &[Piece], quote: char, text: &mut String| {
        let mut inner = String::new();
        write(pieces, context, &mut inner);
        text.push(quote);
        for letter in inner.chars() {
            text.extend(std::iter::repeat_n(letter, if letter == quote { 2 } else { 1 }));
        }
        text.push(quote);
    };
    for piece in pieces {
        if BYTES_MAX < text.len() {
            return text.push(UNKNOWN);
        }
        let known = match piece {
            Piece::Text(known) => Some(known),
            Piece::Table => context.map(|context| &context.table),
            Piece::Schema => context.map(|context| &context.schema),
            Piece::Argument(place) => context.and_then(|context| context.arguments.get(*place)),
            Piece::Name(pieces) => {
                quoted(pieces, '"', text);
                continue;
            }
            Piece::Literal(pieces) => {
                quoted(pieces, '\'', text);
                continue;
            }
            Piece::Unknown => None,
        };
        match known {
            Some(known) => text.push_str(known),
            None => text.push(UNKNOWN),
        }
    }
}

impl Told {
    /// What is told of all that a body computes.
    pub(crate) fn of(computed: &[Computed], context: Option<&Context>) -> Self {
        let mut told = Told::default();
        for one in computed {
            let text = one.text(context);
            if one.is_run {
                told.run(&text);
            }
            told.words.extend(words(&text));
        }
        told
    }

    /// Names of what they call.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &String> {
        self.statements.iter().flat_map(|one| &one.functions)
    }

    fn run(&mut self, text: &str) {
        let Some(mut statements) = parse(text.as_bytes()).ok().and_then(|parsed| collect(&parsed).ok())
        else {
            self.is_any = true;
            return;
        };
        // None of it is told at all.
        self.is_any |= statements.is_empty();
        for statement in &mut statements {
            if text.contains(UNKNOWN) {
                self.partly(statement, text);
            }
        }
        self.statements.append(&mut statements);
    }

    /// Leaves of a statement what is told.
    fn partly(&mut self, statement: &mut Statement, text: &str) {
        let is_told = |name: &str| !name.contains(UNKNOWN);
        // `($1).name` could be a call, and is none.
        let is_called = |name: &String| {
            let mut behind = text.split(name.as_str()).skip(1);
            behind.any(|behind| behind.trim_start_matches('"').trim_start().starts_with('('))
        };
        self.is_any |= statement.functions.iter().any(|name| !is_told(name) && is_called(name));
        statement.effects.retain(|effect| FILLING.contains(effect) || *effect == Effect::Select);
        for write in statement.writes.iter().filter(|write| FILLING.contains(&write.effect)) {
            let schema = write.schema.clone();
            match is_told(&write.name) && schema.as_deref().is_none_or(is_told) {
                true => {}
                false if letters(&write.name) < LETTERS_MIN => self.is_any = true,
                false => self.targets.push(Target { schema, name: write.name.clone() }),
            }
        }
        let fills = |write: &Write| FILLING.contains(&write.effect);
        statement.writes.retain(|write| {
            fills(write) && is_told(&write.name) && write.schema.as_deref().is_none_or(is_told)
        });
        statement.relations.retain(|used| is_told(&used.path()));
        statement.functions.retain(|name| is_told(name));
        statement.qualified.retain(|name| is_told(&name.name) && name.schema.as_deref().is_none_or(is_told));
        let is_column_told = |name: &Option<String>| name.as_deref().is_none_or(is_told);
        statement.columns.retain(|column| {
            is_column_told(&column.name) && column.qualifier.iter().all(|qualifier| is_told(qualifier))
        });
        statement.types.retain(|name| is_told(name));
        statement.assigned.retain(|name| is_told(name));
        statement.shadows.retain(|name| is_told(name));
        // These say something of whole statements.
        statement.objects.clear();
        statement.names.clear();
        statement.conditions.clear();
        statement.unfiltered.clear();
        statement.settings.clear();
    }
}

impl Statement {
    /// Adds what is told of what its own body runs.
    pub(crate) fn add_told(&mut self, told: &Told, catalog: &Catalog) {
        told.statements.iter().for_each(|one| self.add_body(one, catalog));
        self.targets.extend(told.targets.iter().cloned());
        self.runs_any |= told.is_any;
        self.runs_texts = true;
        self.add_words(&told.words, catalog);
    }

    /// Adds words of texts that may be names in others which are run.
    pub(crate) fn add_words<'w>(&mut self, words: impl IntoIterator<Item = &'w String>, catalog: &Catalog) {
        let may_be = |word: &&String| {
            word.contains(UNKNOWN)
                || catalog.named(word).next().is_some()
                || catalog.routines(word).next().is_some()
        };
        self.words.extend(words.into_iter().filter(may_be).cloned());
    }

    /// Whether it runs texts that it computes, of which not all is told.
    pub fn computes(&self) -> bool {
        self.runs_any || !self.targets.is_empty()
    }

    /// Relations that texts which it computes and runs could write to, where these do not tell.
    pub fn could_write<'c>(&self, catalog: &'c Catalog) -> Vec<&'c Relation> {
        let mut found: Vec<&Relation> = Vec::new();
        let mut add = |relation: &'c Relation| {
            if found.iter().all(|known| known.oid != relation.oid) {
                found.push(relation);
            }
        };
        let is_in = |target: &Target, relation: &Relation| {
            let in_schema = target.schema.as_ref().is_none_or(|schema| is_like(&relation.schema, schema));
            in_schema && is_like(&relation.name, &target.name)
        };
        if !self.targets.is_empty() {
            let is_target = |relation: &&Relation| self.targets.iter().any(|target| is_in(target, relation));
            catalog.relations().filter(is_target).for_each(&mut add);
        }
        if self.runs_any {
            let (partly, whole): (Vec<&String>, Vec<&String>) =
                self.words.iter().partition(|word| word.contains(UNKNOWN));
            whole.iter().flat_map(|word| catalog.named(word)).for_each(&mut add);
            if !partly.is_empty() {
                let is_one = |relation: &&Relation| partly.iter().any(|word| is_like(&relation.name, word));
                catalog.relations().filter(is_one).for_each(&mut add);
            }
            let called = whole.into_iter().filter(|name| catalog.routines(name).next().is_some()).cloned();
            let call = Statement { functions: called.collect(), ..Statement::default() };
            let done = call.with_calls(catalog);
            let filling = |write: &&Write| FILLING.contains(&write.effect);
            let writes = done.iter().flat_map(|done| &done.writes).filter(filling);
            writes
                .flat_map(|write| catalog.named_in(write.schema.as_deref(), &write.name))
                .for_each(&mut add);
        }
        found
    }
}

/// Words of a text that could be names, also in quotes; those that are told in part where enough is told.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    let is_letter =
        |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '$') || letter == UNKNOWN;
    let plain = text.split(move |letter| !is_letter(letter)).map(str::to_lowercase);
    let quoted = text.split('"').skip(1).step_by(2).map(str::to_owned);
    plain.chain(quoted).filter(|word| {
        let is_partly = word.contains(UNKNOWN);
        !word.is_empty() && (!is_partly || LETTERS_MIN <= letters(word))
    })
}

fn letters(name: &str) -> usize {
    name.chars().filter(|letter| *letter != UNKNOWN && letter.is_alphanumeric()).count()
}

/// Whether `name` is one of which so much is told.
fn is_like(name: &str, told: &str) -> bool {
    let mut parts = told.split(UNKNOWN);
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
