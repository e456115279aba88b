//! Which columns a statement reads, gives values to or names in a definition, as questions. Own policies that forbid are asked
//! about those that they may tell from others; nobody need be permitted one, since its table is asked about already.

use std::collections::BTreeSet;

use cedar_policy::{Policy, ResourceConstraint};
use serde_json::Value;
use sql::catalog::{Column, Relation};
use sql::facts::{Effect, Object, RelationUse};
use sql::{Catalog, Statement};

use crate::asks::{Ask, Details, action_of, command_of, is_cte};
use crate::cedar::Types;
use crate::resource::{Resource, TEMPORARY, parts_of};

/// The type of columns in conditions.
const TYPE: &str = "Picket::Column";

/// Columns that own policies may tell from others.
#[derive(Debug, Default)]
pub(crate) struct Told {
    named: BTreeSet<Named>,
    /// A policy is about whichever column its conditions say.
    any: bool,
}

/// A column as policies name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    table: String,
    schema: String,
    name: String,
}

/// What questions about columns rest on.
pub(crate) struct Columns<'a> {
    pub(crate) told: &'a Told,
    pub(crate) class_of: &'a dyn Fn(&Relation, &Column) -> Option<&'static str>,
}

/// Whether a policy is about columns: its head says so.
pub(crate) fn is_about(policy: &Policy) -> bool {
    match policy.resource_constraint() {
        ResourceConstraint::Any => false,
        ResourceConstraint::In(one) | ResourceConstraint::Eq(one) => one.type_name().to_string() == TYPE,
        ResourceConstraint::Is(kind) | ResourceConstraint::IsIn(kind, _) => kind.to_string() == TYPE,
    }
}

/// Whether the conditions of a policy speak of columns.
pub(crate) fn are_spoken_of(conditions: &Value) -> bool {
    match conditions {
        Value::Object(fields) => {
            let is_type = |field: &str| fields.get(field).and_then(Value::as_str) == Some(TYPE);
            is_type("entity_type") || is_type("type") || fields.values().any(are_spoken_of)
        }
        Value::Array(values) => values.iter().any(are_spoken_of),
        _ => false,
    }
}

impl Told {
    pub(crate) fn of<'p>(policies: impl Iterator<Item = &'p Policy>, types: &Types) -> Self {
        let mut told = Told::default();
        for policy in policies.filter(|policy| is_about(policy)) {
            match policy.resource_constraint() {
                ResourceConstraint::In(one) | ResourceConstraint::Eq(one)
                    if *one.type_name() == types.column =>
                {
                    if let [_, schema, table, name] = parts_of(one.id().unescaped()).as_slice() {
                        let (table, schema, name) = (table.clone(), schema.clone(), name.clone());
                        told.named.insert(Named { table, schema, name });
                    }
                }
                _ => told.any = true,
            }
        }
        told
    }

    pub(crate) fn are_any(&self) -> bool {
        self.any || !self.named.is_empty()
    }

    /// Those of relations of this name, in whichever schema where none is given.
    fn of_table<'t>(&'t self, schema: Option<&'t str>, table: &'t str) -> impl Iterator<Item = &'t Named> {
        let is_its =
            move |named: &&Named| named.table == table && schema.is_none_or(|schema| schema == named.schema);
        self.named.iter().filter(is_its)
    }

    fn tells(&self, relation: &Relation, column: &Column) -> bool {
        let is_it = |named: &Named| named.name == column.name;
        self.any || self.of_table(Some(&relation.schema), &relation.name).any(is_it)
    }
}

/// What `statement` does with columns, as questions.
pub(crate) fn of(statement: &Statement, columns: &Columns<'_>, catalog: &Catalog) -> Vec<Ask> {
    let mut asks = Asks { statement, columns, catalog, found: Vec::new() };
    statement.relations.iter().for_each(|used| asks.used(used));
    for object in &statement.objects {
        if let Object::Relation { schema, name } = object {
            asks.defined(&RelationUse::written(schema.clone(), name.clone()));
        }
    }
    // What a body of plpgsql reads is not told column by column.
    for relation in statement.mentions.iter().flat_map(|name| catalog.named(name)) {
        let below = catalog.with_underlying(relation);
        below.into_iter().for_each(|relation| asks.all_of(relation, &["select"]));
    }
    asks.found
}

struct Asks<'a> {
    statement: &'a Statement,
    columns: &'a Columns<'a>,
    catalog: &'a Catalog,
    found: Vec<Ask>,
}

impl Asks<'_> {
    fn used(&mut self, used: &RelationUse) {
        let Asks { statement, catalog, .. } = *self;
        let is_own = used.schema.as_deref() == Some(TEMPORARY)
            || used.schema.is_none() && statement.temporary.contains(&used.name);
        let known: Vec<&Relation> = catalog.meant(used.schema.as_deref(), &used.name).collect();
        let is_cte = statement.is_cte(used) || is_cte(statement, used) && known.is_empty();
        if is_own || is_cte {
            return;
        }
        for relation in self.relations(used, &known) {
            self.relation(used, &relation);
        }
    }

    /// What a definition names of a relation that is none to its grammar.
    fn defined(&mut self, used: &RelationUse) {
        let known: Vec<&Relation> = self.catalog.meant(used.schema.as_deref(), &used.name).collect();
        for relation in self.relations(used, &known) {
            for column in &relation.columns {
                self.definitions(used, &relation, column, (&relation, column));
            }
        }
    }

    /// What a name can mean. Of a relation that the catalog does not show, or of which it shows no columns, those are meant that
    /// policies name.
    fn relations(&self, used: &RelationUse, known: &[&Relation]) -> Vec<Relation> {
        let shown: Vec<&Relation> = known.iter().copied().filter(|known| !known.columns.is_empty()).collect();
        if !shown.is_empty() {
            return shown.into_iter().cloned().collect();
        }
        let mut guessed: Vec<Relation> = Vec::new();
        for Named { table, schema, name } in self.columns.told.of_table(used.schema.as_deref(), &used.name) {
            let column = |number| Column { number, name: name.clone(), type_oid: 0 };
            match guessed.last_mut().filter(|last| last.schema == *schema) {
                Some(last) => last.columns.push(column(0)),
                None => guessed.push(Relation {
                    oid: 0,
                    schema: schema.clone(),
                    name: table.clone(),
                    columns: vec![column(0)],
                }),
            }
        }
        guessed
    }

    fn relation(&mut self, used: &RelationUse, relation: &Relation) {
        let Asks { statement, catalog, .. } = *self;
        let others = sql::rows_of(catalog, relation);
        let named = |of: &Relation, column: &Column| {
            of.columns.iter().find(|other| other.name == column.name).cloned()
        };
        for column in &relation.columns {
            let mut same = vec![(relation, column.clone())];
            let parts = others.iter().filter(|(_, is_same)| *is_same);
            same.extend(parts.filter_map(|(part, _)| Some((*part, named(part, column)?))));
            // What is generated of it shows it, and what it is generated of gives it a value.
            let is_read = |column: &Column| sql::reads_column(statement, used, relation, &column.name);
            let is_read = is_read(column) || catalog.results(relation, column).any(is_read);
            let given = self.writes(used).into_iter().filter(|effect| {
                let is_given =
                    |column: &Column| sql::writes_column(statement, *effect, used, relation, &column.name);
                is_given(column) || catalog.sources(relation, column).any(is_given)
            });
            let given: Vec<_> = given.map(action_of).collect();
            for (of, own) in &same {
                if is_read {
                    self.reads(of, own);
                }
                given.iter().for_each(|action| self.ask(action, "", of, own));
                self.definitions(used, relation, column, (of, own));
            }
        }
        let reads = if sql::reads_rows(statement, used) { self.reading() } else { Vec::new() };
        let writes: Vec<_> = self.writes(used).into_iter().map(action_of).collect();
        for (below, _) in others.iter().filter(|(_, is_same)| !is_same) {
            for column in &below.columns {
                if sql::may_show(catalog, relation, below, column) {
                    reads.iter().for_each(|action| self.ask(action, "", below, column));
                }
                if sql::may_give(catalog, relation, below, column) {
                    writes.iter().for_each(|action| self.ask(action, "", below, column));
                }
            }
        }
    }

    /// Actions by which it reads rows.
    fn reading(&self) -> Vec<&'static str> {
        let Statement { effects, .. } = self.statement;
        let selects = effects.contains(&Effect::Select) || self.statement.reads_what_it_writes();
        let copies = effects.contains(&Effect::CopyOut);
        [selects.then_some("select"), copies.then_some("copy_out")].into_iter().flatten().collect()
    }

    /// Effects by which it gives values to columns of what it uses.
    fn writes(&self, used: &RelationUse) -> Vec<Effect> {
        let writes = self.statement.writes.iter();
        let its = writes.filter(|write| write.name == used.name && write.schema == used.schema);
        let gives = |effect: &Effect| {
            matches!(effect, Effect::CopyIn | Effect::Insert | Effect::Merge | Effect::Update)
        };
        let is_written = used.access == sql::facts::Access::Write;
        its.map(|write| write.effect).filter(gives).filter(|_| is_written).collect()
    }

    fn reads(&mut self, relation: &Relation, column: &Column) {
        for action in self.reading() {
            self.ask(action, "", relation, column);
        }
    }

    /// What definitions and grants do that name `column` of `relation`, to the same one of another.
    fn definitions(
        &mut self,
        used: &RelationUse,
        relation: &Relation,
        column: &Column,
        (of, own): (&Relation, &Column),
    ) {
        let Asks { statement, .. } = *self;
        let is_written = used.access == sql::facts::Access::Write;
        if !is_written || !sql::names_column(statement, used, relation, &column.name) {
            return;
        }
        for effect in &statement.effects {
            let action = action_of(*effect);
            if matches!(action, "alter_table" | "drop_column" | "grant" | "revoke" | "utility") {
                self.ask(action, command_of(*effect), of, own);
            }
        }
    }

    fn all_of(&mut self, relation: &Relation, actions: &[&'static str]) {
        for column in &relation.columns {
            actions.iter().for_each(|action| self.ask(action, "", relation, column));
        }
    }

    fn ask(&mut self, action: &'static str, command: &'static str, relation: &Relation, column: &Column) {
        let Columns { told, class_of } = self.columns;
        if told.tells(relation, column) {
            let resource = Resource::Column {
                schema: relation.schema.clone(),
                table: relation.name.clone(),
                name: column.name.clone(),
                class: class_of(relation, column).unwrap_or_default(),
            };
            let details = Details { command, ..Details::default() };
            self.found.push(Ask { action, resource, details });
        }
    }
}
