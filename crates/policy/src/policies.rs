//! Policies that are ready to judge: read, held against the schema, and sorted by what they can be about.

use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{
    ActionConstraint, Authorizer, Entities, EntityUid, Policy, PolicyId, PolicySet, Schema, ValidationError,
    ValidationMode, ValidationWarning, Validator,
};
use miette::Diagnostic;
use sql::catalog::Relation;

use crate::answer::{Answers, WORDS_OF_WHOLE, Whole};
use crate::asks::{Apart, Ask, FILTER, MASK, OF_VALUES, REVEAL};
use crate::cedar::{CedarError, Types};
use crate::columns::{self, Told};
use crate::keeps;
use crate::resource::{parts_of, schema_of};
use crate::rule::Rule;
use crate::setup::{Mode, PolicyError, SCHEMA, SHIPPED, Setup, Source, line_of};
use crate::subject::{Subject, Who};
use crate::unreachable::{self, Shape};
use crate::words::{self, Known, METHODS, Places};

/// Most policies that are judged with.
const POLICIES_MAX: usize = 1_024;

/// Most operators and brackets in one policy.
const OPERATORS_MAX: usize = 200;

/// Names that say of a verdict that no rule made it.
const RESERVED: [&str; 3] = [keeps::KEPT, "not-judged", "not-permitted"];

/// Most subjects that are remembered.
const SUBJECTS_MAX: usize = 4_096;

/// Numbers subjects.
static NEXT_SUBJECT: AtomicU64 = AtomicU64::new(1);

/// All policies that hold at a time.
#[derive(Debug)]
pub struct Policies {
    setup: Setup,
    /// By the number that is their policy's id.
    rules: Vec<Rule>,
    by_action: HashMap<String, Relevant>,
    /// Of those whose head is about columns.
    of_columns: HashMap<String, Relevant>,
    /// Columns that those may tell from others.
    told: Told,
    /// Something permits whatever nothing forbids.
    permits_all: bool,
    /// Numbers of the policies that are about `reveal`, `filter` or `mask` alone.
    of_values: BTreeSet<usize>,
    /// Something says how values are masked.
    masks: bool,
    warnings: Vec<PolicyError>,
    shapes: Vec<Shape>,
    /// Databases and environments that own policies name, each with the number of the policy.
    places: Vec<(usize, Places)>,
    looks: Looks,
    /// Groups that policies name, of each policy.
    named_groups: Vec<BTreeSet<String>>,
    groups: BTreeSet<String>,
    /// Columns that policies name, whatever the table.
    columns: BTreeSet<String>,
    /// Settings that own policies name.
    settings: BTreeSet<String>,
    /// Schemas that policies name, whatever the database.
    schemas: BTreeSet<String>,
    /// Own policies make a difference between relations.
    tell_relations: bool,
    /// By these names, or by any.
    relations: BTreeSet<String>,
    /// In these schemas, whatever their names.
    whole_schemas: BTreeSet<String>,
    tell_any_names: bool,
    subjects: Mutex<HashMap<Who, Arc<Subject>>>,
    answers: Answers,
    actions: Entities,
    pub(crate) types: Types,
    pub(crate) authorizer: Authorizer,
}

/// What own policies look at. The shipped ones look at none of it.
#[derive(Debug)]
struct Looks {
    at_application: bool,
    at_classes: bool,
    at_source: bool,
    at_time: bool,
    at_whole: bool,
}

impl Looks {
    fn of(own: &[Source]) -> Self {
        let at = |words: &[&str]| own.iter().any(|source| speak_of(&source.text, words));
        Looks {
            at_application: at(&["application"]),
            at_classes: at(&["classes"]),
            at_source: at(&["source"]),
            at_time: at(&["hour", "weekday"]),
            at_whole: at(&WORDS_OF_WHOLE),
        }
    }
}

/// Policies that can be about one action.
#[derive(Debug, Default)]
pub(crate) struct Relevant {
    /// One of those that forbid is an own one.
    own_forbid: bool,
    pub(crate) forbids: PolicySet,
    pub(crate) permits: PolicySet,
}

/// The rules of this name that are against something; there is one.
fn forbidding<'r>(
    rules: &'r mut [Rule],
    name: &str,
) -> Result<impl Iterator<Item = &'r mut Rule>, PolicyError> {
    let forbids = |rule: &Rule| !rule.permits && *rule.name == *name;
    if !rules.iter().any(forbids) {
        let all: BTreeSet<_> =
            rules.iter().filter(|rule| !rule.permits).map(|rule| rule.name.to_string()).collect();
        return Err(PolicyError::UnknownRule { name: name.to_owned(), rules: all.into_iter().collect() });
    }
    Ok(rules.iter_mut().filter(move |rule| forbids(rule)))
}

impl From<CedarError> for PolicyError {
    fn from(error: CedarError) -> Self {
        PolicyError::Cedar { message: error.to_string() }
    }
}

impl Policies {
    /// Reads the shipped policies and those of `setup`.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] where one of them cannot be read, is not as the schema says, or a rule is named that there is not.
    pub fn new(setup: Setup) -> Result<Self, PolicyError> {
        let cedar = |error: &dyn ToString| PolicyError::Cedar { message: error.to_string() };
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| cedar(&error))?;
        let actions = schema.action_entities().map_err(|error| cedar(&error))?;
        let names: Vec<EntityUid> = schema.actions().cloned().collect();
        let validator = Validator::new(schema);

        let known = |name: &String| SHIPPED.iter().any(|(shipped, _)| shipped == name);
        if let Some(name) = setup.without.iter().find(|name| !known(name)) {
            let rules = SHIPPED.iter().map(|(name, _)| (*name).to_owned()).collect();
            return Err(PolicyError::UnknownRule { name: name.clone(), rules });
        }
        let shipped = SHIPPED.iter().filter(|(name, _)| !setup.without.contains(*name));
        let shipped =
            shipped.map(|(name, text)| Source { name: format!("{name}.cedar"), text: (*text).to_owned() });
        let sources: Vec<Source> = shipped.chain(setup.own.iter().cloned()).collect();
        let (mut rules, mut policies, mut warnings) = (Vec::<Rule>::new(), Vec::new(), Vec::new());
        let (mut origins, mut impossible) = (Vec::new(), BTreeSet::new());
        let shipped = sources.len() - setup.own.len();
        for (number, source) in sources.iter().enumerate() {
            check_size(source)?;
            for (policy, mut rule, is_impossible) in read(source, &validator, &names, &mut warnings)? {
                impossible.extend(is_impossible.then_some(rules.len()));
                policies.push(policy.new_id(PolicyId::new(rules.len().to_string())));
                origins.push(source);
                rule.is_own = shipped <= number;
                rules.push(rule);
            }
            if POLICIES_MAX < rules.len() {
                return Err(PolicyError::TooMany { limit: POLICIES_MAX });
            }
        }
        let taken = |rule: &&Rule| {
            let name = rule.name.to_string();
            RESERVED.contains(&&*rule.name) || known(&name) && !setup.without.contains(&name)
        };
        if let Some(rule) = rules.iter().filter(|rule| rule.is_own).find(taken) {
            return Err(PolicyError::Taken { file: rule.file.clone(), name: rule.name.to_string() });
        }
        let shipped = SHIPPED.iter().map(|(name, _)| (*name).to_owned());
        let all_rules = shipped.chain(rules.iter().map(|rule| rule.name.to_string())).collect();
        for (policy, source) in policies.iter().zip(origins) {
            let known = Known { actions: &names, rules: &all_rules };
            warnings.extend(words::check(policy, source, &known)?);
        }
        for (name, mode) in &setup.modes {
            forbidding(&mut rules, name)?.for_each(|rule| rule.mode = *mode);
        }
        for (name, needed) in &setup.holds {
            forbidding(&mut rules, name)?.for_each(|rule| rule.hold = Some(needed.clone()));
        }
        let shapes = policies.iter().enumerate().map(|(number, policy)| {
            let meant = names.iter().filter(|action| can_be_about(policy, action, &actions));
            let meant = meant.map(|action| action.id().unescaped().to_owned()).collect();
            Shape::of(policy, &meant, is_unconditional_permit(policy), impossible.contains(&number))
        });
        let shapes = shapes.collect();

        let (mut by_action, mut of_columns) = (HashMap::new(), HashMap::new());
        for action in &names {
            let (mut relevant, mut about_columns) = (Relevant::default(), Relevant::default());
            let name = action.id().unescaped();
            let can_be = |policy: &Policy, rule: &Rule| {
                can_be_about(policy, action, &actions)
                    && !([FILTER, REVEAL].contains(&name) && is_unconditional_permit(policy))
                    && (name != MASK || rule.method.is_some())
            };
            for (policy, rule) in policies.iter().zip(&rules).filter(|(policy, rule)| can_be(policy, rule)) {
                let relevant = if columns::is_about(policy) { &mut about_columns } else { &mut relevant };
                relevant.own_forbid |= rule.is_own && !rule.permits;
                let set = match policy.effect() {
                    cedar_policy::Effect::Permit => &mut relevant.permits,
                    cedar_policy::Effect::Forbid => &mut relevant.forbids,
                };
                set.add(about_any_action(policy)?).map_err(|error| cedar(&error))?;
            }
            by_action.insert(name.to_owned(), relevant);
            of_columns.insert(name.to_owned(), about_columns);
        }
        let literals = policies.iter().enumerate();
        let literals = literals.flat_map(|(number, policy)| {
            policy.entity_literals().into_iter().map(move |literal| (number, literal))
        });
        let types = Types::new()?;
        let tells_relations = |policy: &Policy| {
            let mut literals = policy.entity_literals().into_iter();
            let is_one = |kind: &EntityUid| [&types.schema, &types.table].contains(&kind.type_name());
            literals.any(|literal| is_one(&literal))
                || columns::is_about(policy)
                || words::tells_names(policy)
        };
        let tell_relations =
            policies.iter().zip(&rules).any(|(policy, rule)| rule.is_own && tells_relations(policy));
        let mut named_groups = vec![BTreeSet::new(); policies.len()];
        let mut schemas: BTreeSet<String> = policies.iter().flat_map(words::schemas).collect();
        let (mut relations, mut whole_schemas) = (schemas.clone(), schemas.clone());
        for (number, literal) in literals {
            let id = literal.id().unescaped();
            if *literal.type_name() == types.group {
                if let Some(named) = named_groups.get_mut(number) {
                    named.insert(id.to_owned());
                }
            } else if *literal.type_name() == types.column {
                schemas.extend(schema_of(id));
            } else if *literal.type_name() == types.schema || *literal.type_name() == types.table {
                schemas.extend(schema_of(id));
                match *literal.type_name() == types.table {
                    true => relations.extend(parts_of(id).pop()),
                    false => whole_schemas.extend(schema_of(id)),
                }
            }
        }
        Ok(Policies {
            permits_all: policies.iter().any(is_unconditional_permit),
            looks: Looks::of(&setup.own),
            setup,
            by_action,
            of_columns,
            told: Told::of(policies.iter(), &types),
            of_values: policies
                .iter()
                .enumerate()
                .filter(|(_, policy)| is_about_values(policy))
                .map(|(number, _)| number)
                .collect(),
            masks: rules.iter().any(|rule| rule.method.is_some()),
            warnings,
            shapes,
            places: policies.iter().map(words::places).enumerate().collect(),
            groups: named_groups.iter().flatten().cloned().collect(),
            named_groups,
            settings: policies
                .iter()
                .zip(&rules)
                .filter(|(_, rule)| rule.is_own)
                .flat_map(|(policy, _)| words::settings(policy))
                .collect(),
            columns: policies.iter().flat_map(words::columns).collect(),
            tell_relations,
            tell_any_names: policies
                .iter()
                .zip(&rules)
                .any(|(policy, rule)| rule.is_own && words::tells_any_names(policy)),
            relations,
            whole_schemas,
            rules,
            schemas,
            subjects: Mutex::default(),
            answers: Answers::default(),
            actions: if policies.iter().any(compares_actions) { actions } else { Entities::empty() },
            types,
            authorizer: Authorizer::new(),
        })
    }

    /// What it was made of.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Every policy, in the order in which their reasons are told.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What is odd about own policies, each by itself, and does not keep them from being judged with.
    pub fn warnings(&self) -> &[PolicyError] {
        &self.warnings
    }

    /// Own policies that never decide anything, and those of one `@id`.
    pub fn unreachable(&self) -> Vec<PolicyError> {
        unreachable::odd(&self.shapes, &self.rules)
    }

    /// Own policies that name databases and environments other than these, which are all of a configuration.
    pub fn odd_places(&self, databases: &BTreeSet<&str>, environments: &BTreeSet<&str>) -> Vec<String> {
        let mut odd = Vec::new();
        for (number, places) in &self.places {
            let Some(rule) = self.rules.get(*number).filter(|rule| rule.is_own) else { continue };
            let of = |what: &str, all: &BTreeSet<String>, known: &BTreeSet<&str>| {
                let unknown = all.iter().filter(|name| !known.contains(name.as_str()));
                let Rule { file, line, name, .. } = rule;
                let told = unknown.map(|place| format!("{file}:{line}: {what} `{place}` (rule \"{name}\")"));
                told.collect::<Vec<_>>()
            };
            odd.extend(of("no database is called", &places.databases, databases));
            odd.extend(of("no database has the environment", &places.environments, environments));
        }
        odd
    }

    /// Groups that own policies name, and those of users to be exempt from rules that there are not, have a meaning only where
    /// somebody is in them: what is odd about these, which all users of a configuration have.
    pub fn odd_groups(&self, groups: &BTreeSet<String>) -> Vec<String> {
        let own = self.rules.iter().zip(&self.named_groups).filter(|(rule, _)| rule.is_own);
        let named = own.flat_map(|(rule, named)| named.iter().map(move |group| (rule, group)));
        let nobodys = named.filter(|(_, group)| !groups.contains(*group));
        let nobodys = nobodys.map(|(rule, group)| {
            format!("{}: no user is in the group `{group}` (rule \"{}\")", rule.file, rule.name)
        });
        let is_rule = |name: &str| self.rules.iter().any(|rule| *rule.name == *name);
        let exempt = groups.iter().filter_map(|group| group.strip_prefix("exempt:"));
        let exempt = exempt.filter(|rule| !is_rule(rule) && !self.setup.without.contains(*rule));
        nobodys
            .chain(exempt.map(|rule| {
                let meant = words::meant(rule, self.rules.iter().map(|rule| &*rule.name));
                format!("there is no rule `{rule}` that a user could be exempt from{meant}")
            }))
            .collect()
    }

    /// Own policies that permit what is permitted anyway.
    pub fn shadowed(&self) -> Vec<&Rule> {
        let numbered = self.rules.iter().enumerate().filter(|(number, _)| !self.of_values.contains(number));
        let rules = numbered.map(|(_, rule)| rule);
        rules.filter(|rule| rule.is_own && rule.permits && self.permits_all).collect()
    }

    /// Whether every policy of this rule only observes, or there is none.
    pub fn observes(&self, rule: &str) -> bool {
        self.rules.iter().filter(|own| *own.name == *rule).all(|own| own.mode == Mode::Observe)
    }

    /// Whether `subject` may see values of this class as they are.
    pub fn reveals(&self, subject: &Subject, class: &'static str) -> bool {
        self.permit_of(REVEAL, subject, class)
    }

    /// Whether conditions may look into values of this class that `subject` may not see, however often. Where they may not they are refused
    /// ([`judge_one`](Policies::judge_one)) or counted.
    pub fn filters(&self, subject: &Subject, class: &'static str) -> bool {
        self.permit_of(FILTER, subject, class)
    }

    fn permit_of(&self, action: &'static str, subject: &Subject, class: &'static str) -> bool {
        let answer = self.answer(subject, &Ask::of_class(action, class), &Whole::default());
        answer.is_permitted && answer.failure.is_none() && answer.forbidding.is_empty()
    }

    /// How values of this class are masked for `subject`, of [`METHODS`](crate::METHODS), where own policies say it.
    pub fn method(&self, subject: &Subject, class: &'static str) -> Option<&'static str> {
        if !self.masks {
            return None;
        }
        let answer = self.answer(subject, &Ask::of_class(MASK, class), &Whole::default());
        if answer.failure.is_some() {
            return METHODS.first().copied();
        }
        let said = answer.permitting.iter().filter_map(|number| self.rules.get(*number)?.method);
        said.min_by_key(|said| METHODS.iter().position(|method| method == said))
    }

    /// Whether verdicts change with the time of day.
    pub fn tell_time(&self) -> bool {
        self.looks.at_time
    }

    /// Whether own policies make a difference between relations, so that it matters which one a name means.
    pub fn tell_relations(&self) -> bool {
        self.tell_relations
    }

    /// By what own policies may say something else of the second relation than of the first.
    pub(crate) fn tell_apart(&self, one: &Relation, other: &Relation) -> Apart {
        let is_named = |relation: &Relation| self.relations.contains(&relation.name);
        let is_within = |relation: &Relation| self.whole_schemas.contains(&relation.schema);
        if self.tell_any_names || self.looks.at_classes || is_named(one) || is_named(other) {
            Apart::ByName
        } else if one.schema != other.schema && (is_within(one) || is_within(other)) {
            Apart::BySchema
        } else {
            Apart::No
        }
    }

    /// What `who` is to these policies. Sessions that they cannot tell apart are one subject.
    ///
    /// # Errors
    ///
    /// [`PolicyError`] where Cedar does not take what is said of it.
    pub fn subject(&self, who: &Who) -> Result<Arc<Subject>, PolicyError> {
        let who = self.seen(who);
        let mut subjects = self.subjects.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(subject) = subjects.get(&who) {
            return Ok(Arc::clone(subject));
        }
        if SUBJECTS_MAX <= subjects.len() {
            subjects.clear();
        }
        let id = NEXT_SUBJECT.fetch_add(1, Ordering::Relaxed);
        let subject = Arc::new(Subject::new(id, &who, &self.types, &self.actions)?);
        subjects.insert(who, Arc::clone(&subject));
        Ok(subject)
    }

    /// What can be about an action of the schema.
    pub(crate) fn about(&self, action: &str) -> Option<&Relevant> {
        self.by_action.get(action)
    }

    /// What can be about an action of the schema on a column.
    pub(crate) fn about_columns(&self, action: &str) -> Option<&Relevant> {
        self.of_columns.get(action)
    }

    /// Columns that policies may tell from others, where there are such policies.
    pub(crate) fn columns_told(&self) -> Option<&Told> {
        Some(&self.told).filter(|told| told.are_any())
    }

    /// Whether they look at what the columns of a relation hold.
    pub(crate) fn look_at_classes(&self) -> bool {
        self.looks.at_classes
    }

    /// Whether an own policy could forbid an action of the schema.
    pub(crate) fn own_may_forbid(&self, action: &str) -> bool {
        self.about(action).is_none_or(|relevant| relevant.own_forbid)
    }

    /// Whether they look at what else a statement does.
    pub(crate) fn look_at_whole(&self) -> bool {
        self.looks.at_whole
    }

    pub(crate) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// Settings that own policies name.
    pub(crate) fn settings(&self) -> impl Iterator<Item = &str> {
        self.settings.iter().map(String::as_str)
    }

    /// Columns that policies name.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(String::as_str)
    }

    /// Schemas that policies name.
    pub(crate) fn schemas(&self) -> impl Iterator<Item = &str> {
        self.schemas.iter().map(String::as_str)
    }

    pub(crate) fn has_own(&self) -> bool {
        !self.setup.own.is_empty()
    }

    pub(crate) fn permits_all(&self) -> bool {
        self.permits_all
    }

    /// What of `who` can make a difference: the shipped policies look at groups only.
    fn seen(&self, who: &Who) -> Who {
        let groups = who.groups.intersection(&self.groups).cloned().collect();
        if !self.has_own() {
            return Who { groups, keeps: who.keeps.clone(), ..Who::default() };
        }
        let mut seen = Who { groups, ..who.clone() };
        let nobody = Who::default();
        if !self.looks.at_application {
            seen.application = nobody.application;
        }
        if !self.looks.at_source {
            seen.source = nobody.source;
        }
        if !self.looks.at_time {
            (seen.hour, seen.weekday) = (nobody.hour, nobody.weekday);
        }
        seen
    }
}

/// Whether policies of this text have one of these words, which they need to ask for the attributes of those names.
fn speak_of(text: &str, words: &[&str]) -> bool {
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    // An attribute's name can be written with escapes.
    text.contains('\\') || text.split(|letter| !is_word(letter)).any(|own| words.contains(&own))
}

/// Cedar reads and judges nested expressions by recursion.
fn check_size(source: &Source) -> Result<(), PolicyError> {
    let mut offset = 0;
    for piece in source.text.split_inclusive(';') {
        let operators =
            piece.bytes().filter(|byte| b"([{|&!+-*".contains(byte)).count() + piece.matches(" if ").count();
        if OPERATORS_MAX < operators {
            let message = format!(
                "a policy may have {OPERATORS_MAX} operators and brackets, this one has {operators}; compare with a set: [...].contains(...)"
            );
            return Err(PolicyError::at(source, offset, message));
        }
        offset += piece.len();
    }
    Ok(())
}

/// The policies of a file, and whether types alone rule each out.
fn read(
    source: &Source,
    validator: &Validator,
    actions: &[EntityUid],
    warnings: &mut Vec<PolicyError>,
) -> Result<Vec<(Policy, Rule, bool)>, PolicyError> {
    let set = PolicySet::from_str(&source.text).map_err(|errors| {
        let first = errors.iter().next();
        let offset = first.and_then(offset).unwrap_or_default();
        PolicyError::at(source, offset, first.map(ToString::to_string).unwrap_or_default())
    })?;
    if let Some(template) = set.templates().next() {
        let message =
            format!("`?principal` and `?resource` make a template, which nothing fills ({})", template.id());
        return Err(PolicyError::at(source, 0, message));
    }
    let checked = validator.validate(&set, ValidationMode::Strict);
    if let Some(error) = checked.validation_errors().next() {
        return Err(PolicyError::at(source, offset(error).unwrap_or_default(), with_meant(error, actions)));
    }
    let mut impossible = HashMap::new();
    for warning in checked.validation_warnings() {
        let (ValidationWarning::ImpossiblePolicy(_) | ValidationWarning::InvalidActionApplication(_)) =
            warning
        else {
            warnings.push(PolicyError::at(source, offset(warning).unwrap_or_default(), warning));
            continue;
        };
        impossible.insert(warning.policy_id().clone(), warning.to_string());
    }
    // Their ids are `policy` and a number, in the order of the text.
    let number =
        |policy: &Policy| policy.id().to_string().trim_start_matches("policy").parse::<usize>().unwrap_or(0);
    let mut policies: Vec<Policy> = set.policies().cloned().collect();
    policies.sort_by_key(number);
    let (mut read, mut offset) = (Vec::new(), 0);
    for policy in policies {
        let mut rule = Rule::of(&policy, source).map_err(|message| PolicyError::at(source, 0, message))?;
        offset += source.text.get(offset..).and_then(|rest| rest.find(&rule.text)).unwrap_or_default();
        rule.line = line_of(&source.text, offset);
        offset += rule.text.len();
        let why = impossible.get(policy.id());
        if let Some(why) = why {
            let (of, why) = (rule.line, why.split_once("`, ").map_or(why.as_str(), |(_, why)| why));
            let message =
                format!("rule \"{}\" never decides: {why}; mend its conditions, or remove it", rule.name);
            warnings.push(PolicyError::Text { name: source.name.clone(), line: of, message });
        }
        read.push((policy, rule, why.is_some()));
    }
    Ok(read)
}

/// Where in its text something is wrong.
fn offset(error: &(impl Diagnostic + ?Sized)) -> Option<usize> {
    error.labels()?.next().map(|label| label.offset())
}

/// What is wrong, and the word that is meant where one that nobody knows is like it.
fn with_meant(error: &ValidationError, actions: &[EntityUid]) -> String {
    let message = error.to_string();
    let meant = match error {
        ValidationError::UnrecognizedActionId(_) => {
            let unknown = message.split('"').nth(1).unwrap_or_default();
            words::meant(unknown, actions.iter().map(|action| action.id().unescaped()))
        }
        ValidationError::UnsafeAttributeAccess(_) | ValidationError::UnrecognizedEntityType(_) => error
            .help()
            .map(|help| format!("; {}", help.to_string().trim_end_matches('?')))
            .unwrap_or_default(),
        _ => String::new(),
    };
    message + &meant
}

fn can_be_about(policy: &Policy, action: &EntityUid, actions: &Entities) -> bool {
    match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(only) => only == *action,
        ActionConstraint::In(any) => {
            any.iter().any(|group| group == action || actions.is_ancestor_of(group, action))
        }
    }
}

fn is_about_values(policy: &Policy) -> bool {
    matches!(policy.action_constraint(), ActionConstraint::Eq(only) if OF_VALUES.contains(&only.id().unescaped()))
}

/// The same policy where it need not look which action it is: it is asked about those alone that it can be about.
fn about_any_action(policy: &Policy) -> Result<Policy, CedarError> {
    let mut json = policy.to_json().map_err(CedarError::new)?;
    if let Some(action) = json.get_mut("action") {
        *action = serde_json::json!({ "op": "All" });
    }
    Policy::from_json(Some(policy.id().clone()), json).map_err(CedarError::new)
}

/// Whether a condition of the policy looks at the action.
fn compares_actions(policy: &Policy) -> bool {
    fn looks(json: &serde_json::Value) -> bool {
        match json {
            serde_json::Value::Object(fields) => {
                fields.get("Var").and_then(|name| name.as_str()) == Some("action")
                    || fields.values().any(looks)
            }
            serde_json::Value::Array(values) => values.iter().any(looks),
            _ => false,
        }
    }
    policy.to_json().map_or(true, |json| json.get("conditions").is_none_or(looks))
}

/// `permit (principal, action, resource);`
fn is_unconditional_permit(policy: &Policy) -> bool {
    let Ok(json) = policy.to_json() else { return false };
    let says = |key: &str, value: &str| json.get(key).and_then(|own| own.as_str()) == Some(value);
    let is_all =
        |part: &str| json.get(part).and_then(|part| part.get("op")).and_then(|op| op.as_str()) == Some("All");
    says("effect", "permit")
        && ["principal", "action", "resource"].into_iter().all(is_all)
        && json.get("conditions").and_then(|all| all.as_array()).is_some_and(|all| all.is_empty())
}
