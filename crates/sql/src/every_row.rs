//! Whether a condition is true of every row of a table for what its definition says of the columns: no value that a row can have
//! makes it false or NULL.

use std::collections::HashSet;

use crate::catalog::{Catalog, Relation};
use crate::condition::{Atom, Condition, Formula, Of, PARTS, Subject, Test};
use crate::constant::spelled_bool;
use crate::cover::{EQUAL, Said};
use crate::point::{self, STEP};
use crate::rows::{Kind, Rows, Values};

/// Parts of conditions and checks that are looked at for one write, each as often as values are tried.
const LOOKS_MAX: usize = 300_000;

/// Different things that one condition speaks of.
const SUBJECTS_MAX: usize = 16;

/// Longest text, in characters (varlena.c: 1 GB).
const CHARACTERS_MAX: i128 = 1 << 30;

/// Longest text of a value that is none, in bytes: that of a number (numeric.h).
const WRITTEN_MAX: i128 = 1 << 18;

/// The bit for what is greater (`Test::Order`).
const GREATER: u8 = 0b100;

/// Why `condition` is true of every row of a table that it may be about; `None` where it is of none.
pub(crate) fn why(condition: &Condition, catalog: &Catalog) -> Option<String> {
    let write = &condition.write;
    let meant = catalog.meant(write.schema.as_deref(), &write.name);
    meant.filter_map(|relation| Some((relation, catalog.rows(relation.oid)?))).find_map(|(relation, rows)| {
        let facts = Table { relation, rows, catalog }.facts_for(condition)?;
        Some(format!("it is true of every row of {}: {}", relation.path(), facts.join(", ")))
    })
}

/// A table that a condition may be about.
struct Table<'c> {
    relation: &'c Relation,
    rows: &'c Rows,
    catalog: &'c Catalog,
}

/// What a definition says, and can be left away to see whether it matters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Fact {
    NotNull(String),
    Kind(String),
    Check(usize),
}

/// A comparison with what can be tried.
#[derive(Clone, Debug)]
struct Trial {
    subject: usize,
    test: Tried,
}

#[derive(Clone, Debug)]
enum Tried {
    Null,
    /// It is so for each value that is not NULL, or for none.
    Each(bool),
    /// It is so for each value of the type, and NULL is as little meant to be left out as by a comparison of a column with itself.
    Any,
    Order(u8, i128),
    /// It is this text, or not.
    Text(String, bool),
}

/// What a subject may be.
#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    At(i128),
    /// `None` is a text that nothing is compared with.
    Text(Option<String>),
}

/// What is compared, with what is known of it.
#[derive(Clone, Debug)]
struct Known {
    subject: Subject,
    has_null: bool,
    is_text: bool,
    /// Nothing lies between one and the next that far away.
    step: i128,
    bounds: Option<(i128, i128)>,
}

impl Table<'_> {
    /// The facts that make the condition true of each row, as people would say them.
    fn facts_for(&self, condition: &Condition) -> Option<Vec<String>> {
        let mut without = HashSet::new();
        let mut looks = LOOKS_MAX;
        if !self.is_certain(condition, &without, &mut looks)? {
            return None;
        }
        let mut columns: Vec<String> = Vec::new();
        condition.formula.atoms(&mut |atom: &Atom| {
            let other = if let Of::Beside(other) = &atom.subject.of { Some(other) } else { None };
            for name in std::iter::once(&atom.subject.column).chain(other) {
                if !columns.contains(name) {
                    columns.push(name.clone());
                }
            }
        });
        let of_column = |name: &String| [Fact::Kind(name.clone()), Fact::NotNull(name.clone())];
        let checks = (0..self.rows.checks.len()).map(Fact::Check);
        let mut said = Vec::new();
        for fact in checks.chain(columns.iter().flat_map(of_column)) {
            without.insert(fact.clone());
            if self.is_certain(condition, &without, &mut looks) != Some(true) {
                said.extend(self.say(&fact));
                without.remove(&fact);
            }
        }
        if said.is_empty() {
            said.push("whatever is in it".to_owned());
        }
        Some(said)
    }

    fn say(&self, fact: &Fact) -> Option<String> {
        Some(match fact {
            Fact::NotNull(column) => format!("\"{column}\" is NOT NULL"),
            Fact::Kind(column) => format!("\"{column}\" can be nothing else by its type"),
            Fact::Check(at) => {
                let check = self.rows.checks.get(*at)?;
                let does = if check.counts { "counts no lower" } else { "has made sure of it" };
                format!("\"{}\" {does}", check.name)
            }
        })
    }

    /// What is known of a column, but for what is left away; `None` where it is not there.
    fn values(&self, column: &str, without: &HashSet<Fact>) -> Option<Values> {
        let mut values = self.rows.columns.get(column)?.clone();
        let is_null = |of: &Rows| of.columns.get(column).is_none_or(|values| values.has_null);
        // Children may have lost what their parent has.
        let parts = self.catalog.parts(self.relation.oid);
        values.has_null |=
            parts.iter().any(|part| self.catalog.rows(part.part).is_none_or(|rows| is_null(rows)));
        values.has_null |= without.contains(&Fact::NotNull(column.to_owned()));
        if values.has_null {
            values.has_null = !self.rows.checks.iter().enumerate().any(|(at, check)| {
                !without.contains(&Fact::Check(at))
                    && check.parts().iter().any(|part| forbids_null(part, column))
            });
        }
        Some(values)
    }

    /// Whether no row that the definition allows makes the condition anything but true, where `without` is not known; `None` where
    /// nothing is known of this table's rows.
    fn is_certain(&self, condition: &Condition, without: &HashSet<Fact>, looks: &mut usize) -> Option<bool> {
        // Foreign tables check nothing.
        let parts = self.catalog.parts(self.relation.oid);
        if parts.iter().any(|part| self.catalog.rows(part.part).is_none()) {
            return None;
        }
        let mut model = Model { table: self, without, subjects: Vec::new() };
        let formula = condition.formula.map(false, &mut |atom| model.trial(atom, true));
        let mut checks = Vec::new();
        for (at, check) in self.rows.checks.iter().enumerate() {
            if without.contains(&Fact::Check(at)) {
                continue;
            }
            for part in check.parts() {
                let trials = part.map(true, &mut |atom| model.trial(atom, false));
                let mut is_any = false;
                trials.atoms(&mut |_| is_any = true);
                // Of other columns it says nothing here.
                if is_any {
                    checks.push(trials);
                }
            }
        }
        let subjects = model.subjects;
        if SUBJECTS_MAX < subjects.len() {
            return Some(false);
        }
        let values =
            subjects.iter().enumerate().map(|(at, known)| known.values(at, &formula, &checks)).collect();
        let chosen = vec![None; subjects.len()];
        Some(
            !Search { subjects: &subjects, values, chosen, formula: &formula, checks: &checks, looks }
                .refutes(0),
        )
    }
}

/// Whether a part of a check says that a column is not NULL.
fn forbids_null(part: &Formula<Atom>, column: &str) -> bool {
    let is_null = |atom: &Atom| {
        atom.test == Test::Null && atom.subject.of == Of::Itself && atom.subject.column == column
    };
    matches!(part, Formula::Not(arg) if matches!(&**arg, Formula::Is(atom) if is_null(atom)))
}

struct Model<'m, 'c> {
    table: &'m Table<'c>,
    without: &'m HashSet<Fact>,
    subjects: Vec<Known>,
}

impl Model<'_, '_> {
    /// A comparison as it can be tried; `None` where nothing is known of it. Of what is not spoken of yet only where `is_new` may be.
    fn trial(&mut self, atom: &Atom, is_new: bool) -> Option<Trial> {
        let (table, without) = (self.table, self.without);
        // A column of the row's name is meant before the row (parse_expr.c, `transformColumnRef`).
        if atom.subject.of == Of::Row && !table.rows.columns.contains_key(&atom.subject.column) {
            let mut columns = table.rows.columns.keys();
            let has_null = columns.any(|name| table.values(name, without).is_none_or(|known| known.has_null));
            return self.row(atom, has_null, is_new);
        }
        let values = table.values(&atom.subject.column, without)?;
        let kind = &values.kind;
        let mut subject = atom.subject.clone();
        let is_text = matches!(kind, Kind::Text(_));
        let mut has_null = values.has_null;
        // As a text it has letters.
        let is_written = !matches!(kind, Kind::Text(_) | Kind::Row | Kind::Other);
        let is_shown = is_written && subject.of == Of::Text;
        match &subject.of {
            Of::Text if is_text || is_written => subject.of = Of::Itself,
            Of::Number if matches!(kind, Kind::Whole(_)) => subject.of = Of::Itself,
            Of::Text | Of::Number => return None,
            Of::Characters | Of::Bytes if !is_text && !is_written => return None,
            Of::Part(_) if !matches!(kind, Kind::Date | Kind::Timestamp | Kind::Zoned) => return None,
            Of::Remainder(_) if !matches!(kind, Kind::Whole(_)) => return None,
            Of::Beside(other) => has_null |= table.values(other, without)?.has_null,
            Of::Row => subject.of = Of::Itself,
            Of::Itself | Of::Characters | Of::Bytes | Of::Part(_) | Of::Remainder(_) => {}
        }
        let is_itself = subject.of == Of::Itself;
        let test = match &atom.test {
            Test::Null if *kind == Kind::Row => return None,
            Test::Null => Tried::Null,
            Test::Beside(bits) => Tried::Order(*bits, 0),
            Test::Itself(bits) => Tried::Each(bits & EQUAL != 0),
            Test::Order(bits @ (EQUAL | 0b101), text) if is_shown && matches!(kind, Kind::Enum(_)) => {
                match place(kind, text) {
                    Some(place) => Tried::Order(*bits, place),
                    // It is no label.
                    None => Tried::Each(*bits != EQUAL),
                }
            }
            Test::Order(bits, text) if is_shown => {
                text.is_empty().then_some(Tried::Each(bits & GREATER != 0))?
            }
            Test::Order(bits, text) if is_text && is_itself => match (*bits, text.as_str()) {
                (EQUAL | 0b101, _) => Tried::Text(text.clone(), *bits == EQUAL),
                // Nothing is less than the empty text.
                (0b011 | 0b100, "") => Tried::Text(String::new(), *bits == 0b011),
                _ => return None,
            },
            Test::Order(bits, text) if is_itself => Tried::Order(*bits, place(kind, text)?),
            Test::Order(bits, text) => Tried::Order(*bits, point::number(text)?),
        };
        let at = self.subjects.iter().position(|known| known.subject == subject);
        if at.is_none() && !is_new {
            return None;
        }
        let any = match kind {
            Kind::Text(_) => &Kind::Text(None),
            _ => &Kind::Other,
        };
        let is_left_away = without.contains(&Fact::Kind(subject.column.clone()));
        let bounds = bounds(if is_left_away { any } else { kind }, &subject.of);
        let test = match test {
            Tried::Order(bits, place) if is_new && !is_left_away && is_of_type(&subject.of) => {
                let is_so = bounds.is_some_and(|ends| is_within(bits, place, ends));
                if is_so { Tried::Any } else { test }
            }
            _ => test,
        };
        let at = at.unwrap_or_else(|| {
            let has_parts = matches!(
                kind,
                Kind::Clock | Kind::Float | Kind::Numeric(_) | Kind::Timestamp | Kind::Uuid | Kind::Zoned
            );
            let step = if has_parts && is_itself { 1 } else { STEP };
            self.subjects.push(Known { subject, has_null, is_text: is_text && is_itself, step, bounds });
            self.subjects.len() - 1
        });
        Some(Trial { subject: at, test })
    }
}

impl Model<'_, '_> {
    /// Whether any column of the row is NULL.
    fn row(&mut self, atom: &Atom, has_null: bool, is_new: bool) -> Option<Trial> {
        let at = self.subjects.iter().position(|known| known.subject == atom.subject);
        if at.is_none() && !is_new {
            return None;
        }
        let at = at.unwrap_or_else(|| {
            let (subject, bounds) = (atom.subject.clone(), Some((0, 0)));
            self.subjects.push(Known { subject, has_null, is_text: false, step: STEP, bounds });
            self.subjects.len() - 1
        });
        Some(Trial { subject: at, test: Tried::Null })
    }
}

/// Whether it is told by the type alone what of a column this can be.
fn is_of_type(of: &Of) -> bool {
    matches!(of, Of::Itself | Of::Characters | Of::Bytes | Of::Part(_) | Of::Remainder(_))
}

/// Whether all between these ends is in this order to `place`.
fn is_within(bits: u8, place: i128, (least, greatest): (i128, i128)) -> bool {
    let is_so = |end: i128| Tried::Order(bits, place).say(&Value::At(end)) == Said::True;
    let leaves_one_out = bits == 0b101 && (least..=greatest).contains(&place);
    is_so(least) && is_so(greatest) && !leaves_one_out
}

/// The least and the greatest that it can be.
fn bounds(kind: &Kind, of: &Of) -> Option<(i128, i128)> {
    let last = |count: usize| i128::try_from(count).ok()?.checked_sub(1)?.checked_mul(STEP);
    Some(match (kind, of) {
        (_, Of::Beside(_)) => (-STEP, STEP),
        (Kind::Text(max), Of::Characters) => (0, max.map_or(CHARACTERS_MAX, i128::from) * STEP),
        // A character has four bytes at most.
        (Kind::Text(max), Of::Bytes) => (0, max.map_or(CHARACTERS_MAX, i128::from) * 4 * STEP),
        (Kind::Date | Kind::Timestamp | Kind::Zoned, Of::Part(name)) => {
            let (_, (least, greatest)) = PARTS.iter().find(|(part, _)| part == name)?;
            (i128::from(*least) * STEP, i128::from(*greatest) * STEP)
        }
        (Kind::Whole(_), Of::Remainder(by)) => {
            let most = (i128::from(*by) - 1) * STEP;
            (-most, most)
        }
        (Kind::Other, Of::Characters | Of::Bytes) => return None,
        (_, Of::Characters | Of::Bytes) => (STEP, WRITTEN_MAX * STEP),
        (Kind::Boolean, Of::Itself) => (0, STEP),
        // `24:00` is one.
        (Kind::Clock, Of::Itself) => (0, 86_400 * STEP),
        (Kind::Oid, Of::Itself) => (0, i128::from(u32::MAX) * STEP),
        (Kind::Uuid, Of::Itself) => point::UUIDS,
        (Kind::Enum(labels), Of::Itself) => (0, last(labels.len())?),
        (Kind::Whole(bits), Of::Itself) => {
            let beyond = 1_i128.checked_shl(bits.checked_sub(1)?)?.checked_mul(STEP)?;
            (-beyond, beyond - STEP)
        }
        // NaN lies beyond all that is written.
        (Kind::Numeric(Some((before, behind))), Of::Itself) => {
            let beyond = 10_i128.checked_pow(*before)?.checked_mul(STEP)?;
            let least = STEP.checked_div(10_i128.checked_pow(*behind)?).filter(|least| 0 < *least)?;
            (least - beyond, beyond - least)
        }
        _ => return None,
    })
}

/// Where what is written stands among the values of this kind.
fn place(kind: &Kind, text: &str) -> Option<i128> {
    match kind {
        Kind::Boolean => spelled_bool(text).map(|is_true| if is_true { STEP } else { 0 }),
        Kind::Enum(labels) => {
            let at = labels.iter().position(|label| label == text)?;
            i128::try_from(at).ok()?.checked_mul(STEP)
        }
        Kind::Clock => point::clock(text),
        Kind::Oid | Kind::Whole(_) | Kind::Numeric(_) => point::number(text),
        Kind::Uuid => point::uuid(text),
        Kind::Float => point::number(text).filter(|number| number % STEP == 0),
        Kind::Date => point::day(text),
        Kind::Timestamp => point::time(text, false),
        Kind::Zoned => point::time(text, true),
        Kind::Row | Kind::Text(_) | Kind::Other => None,
    }
}

impl Subject {
    fn is_pair(&self) -> bool {
        matches!(self.of, Of::Beside(_))
    }

    /// Whether it compares this column with another, and is NULL where that is.
    fn is_beside(&self, column: &str) -> bool {
        matches!(&self.of, Of::Beside(other) if self.column == column || other == column)
    }
}

impl Known {
    /// Values of each kind that makes a difference to what is compared: first what most probably is not compared with.
    fn values(&self, at: usize, formula: &Formula<Trial>, checks: &[Formula<Trial>]) -> Vec<Value> {
        let (mut places, mut texts) = (Vec::new(), Vec::new());
        for formula in std::iter::once(formula).chain(checks) {
            formula.atoms(&mut |trial: &Trial| match &trial.test {
                Tried::Order(_, place) if trial.subject == at => places.push(*place),
                Tried::Text(text, _) if trial.subject == at && !texts.contains(text) => {
                    texts.push(text.clone())
                }
                _ => {}
            });
        }
        let null = self.has_null.then_some(Value::Null);
        if self.is_text {
            let texts = std::iter::once(None).chain(texts.into_iter().map(Some)).map(Value::Text);
            return null.into_iter().chain(texts).collect();
        }
        let step = self.step;
        let down = |place: i128| place.div_euclid(step) * step;
        let mut near: Vec<i128> = places
            .iter()
            .flat_map(|place| {
                let low = down(*place);
                [if low == *place { low - step } else { low }, low + step, low]
            })
            .chain(self.bounds.into_iter().flat_map(|(least, greatest)| [least, greatest]))
            .filter(|place| self.bounds.is_none_or(|(least, greatest)| (least..=greatest).contains(place)))
            .collect();
        near.sort_unstable();
        near.dedup();
        if near.is_empty() {
            near.push(0);
        }
        // From both ends: most conditions leave out what lies there.
        let ends = near.pop();
        null.into_iter().chain(ends.into_iter().chain(near).map(Value::At)).collect()
    }
}

/// A search for a row that the condition is not true of.
struct Search<'s> {
    subjects: &'s [Known],
    /// By subject.
    values: Vec<Vec<Value>>,
    chosen: Vec<Option<Value>>,
    formula: &'s Formula<Trial>,
    checks: &'s [Formula<Trial>],
    looks: &'s mut usize,
}

impl Search<'_> {
    /// Tries values for the subjects from `at` on. Where it would take too long there is no such row: nobody writes that, unless to
    /// be looked at in vain.
    fn refutes(&mut self, at: usize) -> bool {
        let mut looks = *self.looks;
        let said = self.formula.say(&self.chosen, &mut looks);
        if said == Said::True {
            *self.looks = looks;
            return false;
        }
        let is_possible = self.checks.iter().all(|check| check.say(&self.chosen, &mut looks) != Said::False);
        *self.looks = looks;
        if !is_possible || looks == 0 {
            return false;
        }
        if self.values.len() <= at {
            return said != Said::Open;
        }
        for value in self.values.get(at).cloned().unwrap_or_default() {
            self.choose(at, None);
            if !self.may_be(at, value == Value::Null) {
                continue;
            }
            self.choose(at, Some(value));
            if self.refutes(at + 1) {
                return true;
            }
        }
        self.choose(at, None);
        false
    }

    /// Whether a subject can be NULL, or not, beside what was chosen: all that is of a NULL is.
    fn may_be(&self, at: usize, is_null: bool) -> bool {
        let Some(own) = self.subjects.get(at).map(|known| &known.subject) else { return true };
        self.subjects.iter().zip(&self.chosen).all(|(Known { subject, .. }, chosen)| {
            let Some(other) = chosen.as_ref().map(|value| *value == Value::Null) else { return true };
            match (own.is_pair(), subject.is_pair()) {
                (false, false) => own.column != subject.column || is_null == other,
                (true, false) => !own.is_beside(&subject.column) || is_null || !other,
                (false, true) => !subject.is_beside(&own.column) || other || !is_null,
                (true, true) => true,
            }
        })
    }

    fn choose(&mut self, at: usize, value: Option<Value>) {
        if let Some(chosen) = self.chosen.get_mut(at) {
            *chosen = value;
        }
    }
}

impl Formula<Trial> {
    fn say(&self, chosen: &[Option<Value>], looks: &mut usize) -> Said {
        *looks = looks.saturating_sub(1);
        match self {
            Formula::Constant(said) => *said,
            Formula::Opaque | Formula::Same => Said::Open,
            Formula::Is(trial) => chosen
                .get(trial.subject)
                .and_then(Option::as_ref)
                .map_or(Said::Open, |value| trial.test.say(value)),
            Formula::Not(arg) => arg.say(chosen, looks).not(),
            Formula::And(args) => all(args, chosen, looks, |said| said),
            Formula::Or(args) => all(args, chosen, looks, Said::not).not(),
            Formula::Holds(arg) => match arg.say(chosen, looks) {
                Said::Open => Said::Open,
                said => Said::of(said == Said::True),
            },
            Formula::First(args) => {
                let mut said = args.iter().map(|arg| arg.say(chosen, looks));
                said.find(|said| *said != Said::Unknown).unwrap_or(Said::Unknown)
            }
        }
    }
}

/// What all of them come to together, as `turn` takes each.
fn all(
    args: &[Formula<Trial>],
    chosen: &[Option<Value>],
    looks: &mut usize,
    turn: impl Fn(Said) -> Said,
) -> Said {
    let mut all = Said::True;
    for arg in args {
        all = all.and(turn(arg.say(chosen, looks)));
        if all == Said::False {
            break;
        }
    }
    all
}

impl Tried {
    fn say(&self, value: &Value) -> Said {
        match (self, value) {
            (Tried::Null, value) => Said::of(*value == Value::Null),
            (Tried::Any, _) => Said::True,
            (_, Value::Null) => Said::Unknown,
            (Tried::Each(is_so), _) => Said::of(*is_so),
            (Tried::Order(bits, place), Value::At(value)) => {
                let bit = match value.cmp(place) {
                    std::cmp::Ordering::Less => 0b001,
                    std::cmp::Ordering::Equal => EQUAL,
                    std::cmp::Ordering::Greater => 0b100,
                };
                Said::of(bits & bit != 0)
            }
            (Tried::Text(text, is_it), Value::Text(value)) => {
                Said::of((value.as_ref() == Some(text)) == *is_it)
            }
            _ => Said::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
