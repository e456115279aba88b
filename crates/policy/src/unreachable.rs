//! Own policies that never decide anything: what they say cannot be true at once, or others have said it already. Only what is certain by how
//! they are written is told; what types alone rule out, Cedar's validator finds.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Effect, Policy};
use serde_json::{Value, json};

use crate::columns;
use crate::resource::parts_of;
use crate::rule::Rule;
use crate::setup::{Mode, PolicyError};

/// Most ways to meet a policy's conditions that are looked at.
const WAYS_MAX: usize = 64;

/// Operators with which a condition can fail instead of being true or false.
const FAILING: [&str; 4] = ["+", "-", "*", "neg"];

/// What these can be, and nothing else.
const WORDS: [(&str, &[&str]); 1] = [("principal.kind", &["", "agent", "human"])];

/// The least and the greatest that these can be.
const NUMBERS: [(&str, i64, i64); 2] = [("context.hour", 0, 23), ("context.weekday", 1, 7)];

/// One policy, taken apart.
#[derive(Debug)]
pub(crate) struct Shape {
    effect: Effect,
    is_about_columns: bool,
    /// It permits everything, without a word of whom.
    is_bare: bool,
    /// Cedar's validator has told of it.
    is_impossible: bool,
    id: Option<String>,
    /// All ways to meet it; `None` where nobody can tell.
    ways: Option<Vec<Way>>,
}

/// All of it is true of what it is met by.
type Way = Vec<Atom>;

/// Something that is true, or is not.
#[derive(Clone, Debug)]
struct Atom {
    /// What it speaks of, in Cedar's JSON.
    of: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    /// It is true, or false.
    Is(bool),
    /// It is one of these, or none.
    OneOf(BTreeSet<String>, bool),
    /// It is from the first to the second.
    Between(i64, i64),
    /// It is within this entity, or not.
    Within(Entity, bool),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entity {
    kind: String,
    id: String,
}

/// What a way leaves of something.
#[derive(Clone, Debug)]
struct Left {
    is: Option<bool>,
    only: Option<BTreeSet<String>>,
    not: BTreeSet<String>,
    least: i64,
    greatest: i64,
    within: BTreeSet<Entity>,
    without: BTreeSet<Entity>,
}

impl Default for Left {
    fn default() -> Self {
        Left {
            is: None,
            only: None,
            not: BTreeSet::new(),
            least: i64::MIN,
            greatest: i64::MAX,
            within: BTreeSet::new(),
            without: BTreeSet::new(),
        }
    }
}

/// A policy, and what each way to meet it leaves.
struct One<'p> {
    shape: &'p Shape,
    rule: &'p Rule,
    ways: Vec<Known>,
}

/// What is odd about policies.
pub(crate) fn odd(shapes: &[Shape], rules: &[Rule]) -> Vec<PolicyError> {
    let pairs = shapes.iter().zip(rules);
    let all: Vec<One<'_>> = pairs.map(|(shape, rule)| One { shape, rule, ways: left_of(shape) }).collect();
    let own = all.iter().enumerate().filter(|(_, one)| one.rule.is_own);
    let told = own.flat_map(|(at, one)| {
        let Rule { file, line, .. } = one.rule;
        let at_line = |message| PolicyError::Text { name: file.clone(), line: *line, message };
        let told = [twice(&all, at, one), one.is_never_met(), covered(&all, at, one)];
        told.into_iter().flatten().map(at_line).collect::<Vec<_>>()
    });
    told.collect()
}

fn left_of(shape: &Shape) -> Vec<Known> {
    shape.ways.iter().flatten().filter_map(|way| known(way).ok()).collect()
}

/// Whether one before it has its `@id`.
fn twice(all: &[One<'_>], at: usize, one: &One<'_>) -> Option<String> {
    let id = one.shape.id.as_ref()?;
    let first = all.iter().take(at).find(|first| first.shape.id.as_ref() == Some(id))?;
    Some(format!("`@id(\"{id}\")` is also that of {}; give this one another", first.place()))
}

/// Whether another says all that it says.
fn covered(all: &[One<'_>], at: usize, one: &One<'_>) -> Option<String> {
    if one.shape.is_impossible || one.ways.is_empty() {
        return None;
    }
    let is_it = |(other_at, other): &(usize, &One<'_>)| {
        *other_at != at && other.covers(one) && (*other_at < at || !one.covers(other))
    };
    // Of two that say the same, the later is told.
    let (_, other) = all.iter().enumerate().find(is_it)?;
    let (does, mend) = match (one.shape.effect, other.shape.effect) {
        (Effect::Permit, Effect::Forbid) => {
            ("forbids all that it permits", "narrow that one, or remove this one")
        }
        (Effect::Permit, Effect::Permit) => {
            ("permits all that it permits", "remove this one, or narrow that one")
        }
        (Effect::Forbid, _) => ("forbids all that it forbids", "remove this one, or narrow that one"),
    };
    Some(format!("rule \"{}\" never decides: {} {does}; {mend}", one.rule.name, other.place()))
}

impl One<'_> {
    fn place(&self) -> String {
        let Rule { name, file, line, .. } = self.rule;
        format!("rule \"{name}\" in {file}:{line}")
    }

    /// Whether no way to meet it leaves anything.
    fn is_never_met(&self) -> Option<String> {
        let written = self.shape.ways.as_ref()?;
        if self.shape.is_impossible || !self.ways.is_empty() {
            return None;
        }
        let of = written.iter().find_map(|way| known(way).err());
        let of = of.map(|of| format!(" of {}", shown(&of))).unwrap_or_default();
        Some(format!(
            "rule \"{}\" never decides: nothing meets all that it says{of}; what excludes each other stands on two sides of `||`, or in policies of its own",
            self.rule.name
        ))
    }

    /// Whether it says all that the other says, as strictly.
    fn covers(&self, other: &Self) -> bool {
        self.is_as_strict(other) && other.ways.iter().all(|left| self.shape.is_met_by(left))
    }

    /// Whether what it says, counts wherever the other says it, which adds nothing to it.
    fn is_as_strict(&self, other: &Self) -> bool {
        let strength = |one: &Self| match (one.rule.mode, &one.rule.hold) {
            (Mode::Observe, _) => 0,
            (Mode::Enforce, Some(_)) => 1,
            (Mode::Enforce, None) => 2,
        };
        let (own, others) = (strength(self), strength(other));
        self.shape.is_about_columns == other.shape.is_about_columns
            && match (self.shape.effect, other.shape.effect) {
                (Effect::Forbid, Effect::Permit) => own == 2,
                (Effect::Permit, Effect::Forbid) => false,
                // What permits everything without a word of whom does not permit values to be seen.
                (Effect::Permit, Effect::Permit) => {
                    !self.shape.is_bare && self.rule.method == other.rule.method
                }
                // Of what follows from a statement, own ones alone are asked.
                (Effect::Forbid, Effect::Forbid) => {
                    let is_same = own == others && (own != 1 || self.rule.hold == other.rule.hold);
                    self.rule.is_own && (others < own || is_same)
                }
            }
    }
}

/// What is left of each that a way speaks of.
type Known = BTreeMap<String, Left>;

/// What a way leaves.
///
/// # Errors
///
/// That of which it leaves nothing.
fn known(way: &Way) -> Result<Known, String> {
    let mut known = Known::new();
    for Atom { of, test } in way {
        let left = known.entry(of.clone()).or_insert_with(|| of_itself(of));
        match test {
            Test::Is(is) if left.is == Some(!is) => return Err(of.clone()),
            Test::Is(is) => left.is = Some(*is),
            Test::OneOf(these, true) => {
                left.only = Some(match left.only.take() {
                    Some(only) => only.intersection(these).cloned().collect(),
                    None => these.clone(),
                });
            }
            Test::OneOf(these, false) => left.not.extend(these.iter().cloned()),
            Test::Between(least, greatest) => {
                (left.least, left.greatest) = (left.least.max(*least), left.greatest.min(*greatest));
            }
            Test::Within(entity, true) => _ = left.within.insert(entity.clone()),
            Test::Within(entity, false) => _ = left.without.insert(entity.clone()),
        }
    }
    for (of, left) in &mut known {
        left.narrow();
        if left.is_none() {
            return Err(of.clone());
        }
    }
    Ok(known)
}

/// What it can be before anything is said of it.
fn of_itself(of: &str) -> Left {
    let name = shown(of);
    let name = name.trim_matches('`');
    let words = WORDS.iter().find(|(known, _)| *known == name);
    let numbers = NUMBERS.iter().find(|(known, ..)| *known == name);
    let (least, greatest) = numbers.map_or((i64::MIN, i64::MAX), |(_, least, greatest)| (*least, *greatest));
    let only = words.map(|(_, words)| words.iter().map(|word| json!(word).to_string()).collect());
    Left { only, least, greatest, ..Left::default() }
}

impl Left {
    /// Takes away what is not left of what it can be.
    fn narrow(&mut self) {
        let Left { only, not, least, greatest, within, without, .. } = self;
        let Some(only) = only else { return };
        only.retain(|one| {
            let number = one.parse::<i64>().ok();
            let is_within = |entity: &Entity| Entity::of(one).and_then(|one| one.is_within(entity));
            !not.contains(one)
                && number.is_none_or(|number| (*least..=*greatest).contains(&number))
                && within.iter().all(|entity| is_within(entity) != Some(false))
                && without.iter().all(|entity| is_within(entity) != Some(true))
        });
    }

    fn is_none(&self) -> bool {
        let Left { only, not, least, greatest, within, without, .. } = self;
        let are_apart = |one: &Entity| {
            within.iter().any(|other| {
                one.is_within(other) == Some(false) && other.is_within(one) == Some(false)
                    || without.contains(one)
            })
        };
        let all_are_not = || {
            let numbers = (*least..=*greatest).take(1 + not.len());
            numbers.clone().count() <= not.len()
                && numbers.into_iter().all(|number| not.contains(&number.to_string()))
        };
        only.as_ref().is_some_and(BTreeSet::is_empty)
            || greatest < least
            || all_are_not()
            || within.iter().any(are_apart)
            || within.iter().any(|one| without.iter().any(|other| one.is_within(other) == Some(true)))
    }
}

/// Whether something is true wherever this is left.
fn follows(Atom { of, test }: &Atom, known: &Known) -> bool {
    let Some(left) = known.get(of) else { return false };
    let all = |holds: &dyn Fn(&String) -> bool| left.only.as_ref().is_some_and(|only| only.iter().all(holds));
    let number = |one: &String| one.parse::<i64>().ok();
    match test {
        Test::Is(is) => left.is == Some(*is),
        Test::OneOf(these, true) => {
            all(&|one| these.contains(one))
                || left.greatest.checked_sub(left.least).is_some_and(|more| {
                    more <= 64 && (left.least..=left.greatest).all(|one| these.contains(&one.to_string()))
                })
        }
        Test::OneOf(these, false) => {
            let is_out = |one: &String| {
                number(one).is_some_and(|number| !(left.least..=left.greatest).contains(&number))
            };
            all(&|one| !these.contains(one)) || these.iter().all(|one| left.not.contains(one) || is_out(one))
        }
        Test::Between(least, greatest) => {
            *least <= left.least && left.greatest <= *greatest
                || all(&|one| number(one).is_some_and(|one| (*least..=*greatest).contains(&one)))
        }
        Test::Within(entity, is) => {
            let fits = |one: &String| Entity::of(one).and_then(|one| one.is_within(entity)) == Some(*is);
            all(&fits)
                || match is {
                    true => {
                        left.within.iter().any(|one| one == entity || one.is_within(entity) == Some(true))
                    }
                    false => {
                        left.without.iter().any(|one| one == entity || entity.is_within(one) == Some(true))
                    }
                }
        }
    }
}

impl Entity {
    /// The entity that a constant is.
    fn of(constant: &str) -> Option<Self> {
        Self::of_json(&serde_json::from_str(constant).ok()?)
    }

    fn of_json(json: &Value) -> Option<Self> {
        let entity = json.get("__entity")?;
        let field = |name: &str| Some(entity.get(name)?.as_str()?.to_owned());
        Some(Entity { kind: field("type")?, id: field("id")? })
    }

    fn constant(&self) -> String {
        json!({ "__entity": { "type": self.kind, "id": self.id } }).to_string()
    }

    /// Whether it is the other or within it, as their ids say.
    fn is_within(&self, other: &Self) -> Option<bool> {
        if self == other {
            return Some(true);
        }
        let parts = |entity: &Self| match (entity.kind.as_str(), parts_of(&entity.id)) {
            ("Picket::Database", _) => Some(vec![entity.id.clone()]),
            ("Picket::Schema", parts) if parts.len() == 2 => Some(parts),
            ("Picket::Table", parts) if parts.len() == 3 => Some(parts),
            ("Picket::Column", parts) if parts.len() == 4 => Some(parts),
            _ => None,
        };
        let (own, others) = (parts(self)?, parts(other)?);
        Some(own.starts_with(&others))
    }
}

impl Shape {
    /// Whether it is met by whatever this leaves.
    fn is_met_by(&self, left: &Known) -> bool {
        let mut ways = self.ways.iter().flatten();
        ways.any(|way| way.iter().all(|atom| follows(atom, left)))
    }

    /// `actions`: those that its head means.
    pub(crate) fn of(
        policy: &Policy,
        actions: &BTreeSet<String>,
        is_bare: bool,
        is_impossible: bool,
    ) -> Self {
        Shape {
            effect: policy.effect(),
            is_about_columns: columns::is_about(policy),
            is_bare,
            is_impossible,
            id: policy.annotation("id").map(str::to_owned),
            ways: policy.to_json().ok().and_then(|json| ways_of(&json, actions)),
        }
    }
}

/// All ways to meet a policy.
fn ways_of(policy: &Value, actions: &BTreeSet<String>) -> Option<Vec<Way>> {
    if can_fail(policy.get("conditions")?) {
        return None;
    }
    let mut all = vec![Way::new()];
    if policy.get("action")?.get("op")?.as_str()? != "All" {
        let constant = |id: &String| Entity { kind: "Picket::Action".to_owned(), id: id.clone() }.constant();
        let test = Test::OneOf(actions.iter().map(constant).collect(), true);
        all = vec![vec![Atom { of: json!({ "Var": "action" }).to_string(), test }]];
    }
    for name in ["principal", "resource"] {
        let (head, variable) = (policy.get(name)?, json!({ "Var": name }));
        let entity = |head: &Value| Some(json!({ "Value": { "__entity": head.get("entity")? } }));
        let condition = match head.get("op")?.as_str()? {
            "All" => continue,
            "==" => json!({ "==": { "left": variable, "right": entity(head)? } }),
            "in" => json!({ "in": { "left": variable, "right": entity(head)? } }),
            "is" => {
                let kind = head.get("entity_type")?;
                match head.get("in") {
                    None => json!({ "is": { "left": variable, "entity_type": kind } }),
                    Some(within) => {
                        json!({ "is": { "left": variable, "entity_type": kind, "in": entity(within)? } })
                    }
                }
            }
            _ => return None,
        };
        all = both(&all, &ways(&condition, true)?)?;
    }
    for condition in policy.get("conditions")?.as_array()? {
        let is_when = condition.get("kind")?.as_str()? == "when";
        all = both(&all, &ways(condition.get("body")?, is_when)?)?;
    }
    Some(all)
}

fn can_fail(json: &Value) -> bool {
    match json {
        Value::Object(fields) => {
            fields.iter().any(|(operator, value)| FAILING.contains(&operator.as_str()) || can_fail(value))
        }
        Value::Array(values) => values.iter().any(can_fail),
        _ => false,
    }
}

/// All ways in which an expression is true, or false.
fn ways(json: &Value, is: bool) -> Option<Vec<Way>> {
    let fields = json.as_object()?;
    let (operator, operands) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let operand = |name: &str| operands.get(name);
    let one = |of: String, test: Test| Some(vec![vec![Atom { of, test }]]);
    let (left, right) = (operand("left"), operand("right"));
    match (operator.as_str(), left, right) {
        ("Value", ..) if operands.is_boolean() => {
            Some(if operands.as_bool() == Some(is) { vec![Way::new()] } else { Vec::new() })
        }
        ("!", ..) => ways(operand("arg")?, !is),
        ("&&", Some(left), Some(right)) | ("||", Some(left), Some(right)) => {
            let (left, right) = (ways(left, is)?, ways(right, is)?);
            if (operator == "&&") == is { both(&left, &right) } else { either(left, right) }
        }
        ("if-then-else", ..) => {
            let (condition, then, otherwise) = (operand("if")?, operand("then")?, operand("else")?);
            let then = both(&ways(condition, true)?, &ways(then, is)?)?;
            either(then, both(&ways(condition, false)?, &ways(otherwise, is)?)?)
        }
        ("==" | "!=", Some(left), Some(right)) => {
            let is = is == (operator == "==");
            match (constant(left), constant(right)) {
                (Some(left), Some(right)) => {
                    Some(if (left == right) == is { vec![Way::new()] } else { Vec::new() })
                }
                (Some(value), None) => equal(right, &value, is),
                (None, Some(value)) => equal(left, &value, is),
                (None, None) => {
                    let mut sides = [left.to_string(), right.to_string()];
                    sides.sort();
                    one(format!("== {}", sides.join(" ")), Test::Is(is))
                }
            }
        }
        ("contains", Some(left), Some(right)) => match (constants(left), constant(right)) {
            (Some(these), None) => one(right.to_string(), Test::OneOf(these, is)),
            _ => one(json.to_string(), Test::Is(is)),
        },
        ("in", Some(left), Some(right)) => {
            let targets = match right.get("Set").and_then(Value::as_array) {
                Some(set) => {
                    set.iter().map(|one| Entity::of_json(one.get("Value")?)).collect::<Option<Vec<_>>>()?
                }
                None => vec![Entity::of_json(right.get("Value")?)?],
            };
            let each = targets
                .into_iter()
                .map(|target| Atom { of: left.to_string(), test: Test::Within(target, is) });
            if is { Some(each.map(|atom| vec![atom]).collect()) } else { Some(vec![each.collect()]) }
        }
        ("is", Some(left), _) => {
            let kind = BTreeSet::from([operand("entity_type")?.to_string()]);
            let of_kind = one(format!("type of {left}"), Test::OneOf(kind, is))?;
            let Some(within) = operand("in") else { return Some(of_kind) };
            let within = ways(&json!({ "in": { "left": left, "right": within } }), is)?;
            if is { both(&of_kind, &within) } else { either(of_kind, within) }
        }
        ("<" | "<=" | ">" | ">=", Some(left), Some(right)) => {
            let number = |json: &Value| json.get("Value").and_then(Value::as_i64);
            let (of, number, operator) = match (number(left), number(right)) {
                (None, Some(number)) => (left, number, operator.as_str()),
                (Some(number), None) => (right, number, turned(operator)),
                _ => return one(json.to_string(), Test::Is(is)),
            };
            let (least, greatest) = match (operator, is) {
                ("<", true) | (">=", false) => (i64::MIN, number.checked_sub(1)?),
                ("<=", true) | (">", false) => (i64::MIN, number),
                (">", true) | ("<=", false) => (number.checked_add(1)?, i64::MAX),
                _ => (number, i64::MAX),
            };
            one(of.to_string(), Test::Between(least, greatest))
        }
        _ => one(json.to_string(), Test::Is(is)),
    }
}

/// Whether something equals a constant; an entity tells its type, too.
fn equal(of: &Value, value: &str, is: bool) -> Option<Vec<Way>> {
    match value {
        "true" => return ways(of, is),
        "false" => return ways(of, !is),
        _ => {}
    }
    let test = Test::OneOf(BTreeSet::from([value.to_owned()]), is);
    let mut way = vec![Atom { of: of.to_string(), test }];
    if let Some(Entity { kind, .. }) = Entity::of(value).filter(|_| is) {
        let kind = BTreeSet::from([json!(kind).to_string()]);
        way.push(Atom { of: format!("type of {of}"), test: Test::OneOf(kind, true) });
    }
    Some(vec![way])
}

/// The operator with its sides changed.
fn turned(operator: &str) -> &'static str {
    match operator {
        "<" => ">",
        "<=" => ">=",
        ">" => "<",
        _ => "<=",
    }
}

/// A constant of one value, always written alike.
fn constant(json: &Value) -> Option<String> {
    let value = json.get("Value").filter(|value| !value.is_array())?;
    Some(Entity::of_json(value).map_or_else(|| value.to_string(), |entity| entity.constant()))
}

/// Those of a set of constants.
fn constants(json: &Value) -> Option<BTreeSet<String>> {
    match (json.get("Set"), json.get("Value")) {
        (Some(Value::Array(all)), _) => all.iter().map(constant).collect(),
        (_, Some(Value::Array(all))) => Some(all.iter().map(Value::to_string).collect()),
        _ => None,
    }
}

fn both(some: &[Way], others: &[Way]) -> Option<Vec<Way>> {
    let all = some.len().checked_mul(others.len()).filter(|all| *all <= WAYS_MAX);
    all.map(|_| {
        some.iter().flat_map(|one| others.iter().map(|other| [one.clone(), other.clone()].concat())).collect()
    })
}

fn either(mut some: Vec<Way>, others: Vec<Way>) -> Option<Vec<Way>> {
    some.extend(others);
    Some(some).filter(|all| all.len() <= WAYS_MAX)
}

/// How a person writes what an atom speaks of.
fn shown(of: &str) -> String {
    fn written(json: &Value) -> Option<String> {
        if let Some(name) = json.get("Var") {
            return name.as_str().map(str::to_owned);
        }
        let access = json.get(".")?;
        Some(format!("{}.{}", written(access.get("left")?)?, access.get("attr")?.as_str()?))
    }
    let json = of.trim_start_matches("type of ");
    let json = serde_json::from_str(json).ok();
    json.as_ref().and_then(written).map_or_else(|| "one thing".to_owned(), |name| format!("`{name}`"))
}
