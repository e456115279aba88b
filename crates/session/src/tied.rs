//! What becomes of the literals of a statement where it is recorded: by the columns that they are tied to.

use mask::{Classes, ColumnId};
use sql::catalog::Relation;
use sql::facts::Effect;
use sql::facts::RelationUse;
use sql::values::{Target, Tie, Tied, Values};
use sql::{Catalog, Statement};

use crate::recorded::Treat;
use crate::shown::{Known, Reach, is_system};
use crate::state::Environment;

/// Functions that are given secrets, by how their names begin: keys, passwords, connection strings.
const TAKING_SECRETS: [&str; 9] =
    ["crypt", "dblink", "decrypt", "encrypt", "hmac", "pgp_", "set_config", "gen_salt", "lo_from_bytea"];

/// A statement with what is known of the columns that it names.
pub(crate) struct Literals<'a> {
    pub(crate) statement: &'a Statement,
    pub(crate) values: &'a Values,
    pub(crate) known: &'a Known<'a>,
    pub(crate) env: &'a Environment<'a>,
    /// What nobody knows the ties of does not stay.
    pub(crate) hides_unknown: bool,
}

/// Whether literals of `statement`, which does `whole` with what follows from it, may be values of sensitive columns where nobody
/// knows what they are tied to.
pub(crate) fn hides_unknown(
    statement: &Statement,
    whole: &Statement,
    known: &Known<'_>,
    env: &Environment<'_>,
) -> bool {
    let is_of_rows = |effect: &Effect| {
        matches!(
            effect,
            Effect::Select
                | Effect::Insert
                | Effect::Update
                | Effect::Delete
                | Effect::Merge
                | Effect::Explain
                | Effect::Truncate
                | Effect::Transaction
        )
    };
    let takes_secrets = |name: &str| TAKING_SECRETS.iter().any(|begin| name.starts_with(begin));
    let is_new = |used: &RelationUse| {
        known.catalog.named_in(used.schema.as_deref(), &used.name).any(|found| known.catalog.is_new(found))
    };
    !env.catalog_holds
        || !statement.effects.iter().chain(&whole.effects).all(is_of_rows)
        || statement.calls().chain(whole.calls()).any(takes_secrets)
        || statement.relations.iter().chain(&whole.relations).any(is_new)
        || Reach::of(statement, known).is_any()
        || Reach::of(whole, known).is_any()
}

impl Literals<'_> {
    /// What becomes of what is tied so.
    pub(crate) fn treat(&self, tie: &Tie) -> Treat {
        match self.by_tie(tie) {
            Treat::Doubt if !self.hides_unknown => Treat::Free,
            treat => treat,
        }
    }

    fn by_tie(&self, tie: &Tie) -> Treat {
        match tie {
            Tie::Unknown => Treat::Doubt,
            Tie::Grammar => Treat::Keep,
            Tie::Setting => Treat::Look,
            Tie::Key => Treat::Key,
            Tie::To(all) => all.iter().map(|tied| self.tied(tied)).max().unwrap_or(Treat::Doubt),
        }
    }

    fn tied(&self, tied: &Tied) -> Treat {
        match tied {
            Tied::Behind(key) if mask::is_sensitive_key(key) => Treat::Hide,
            Tied::Behind(_) => Treat::Look,
            Tied::Column(name) => self.column(name),
            Tied::Written { schema, relation, column } => {
                let found = self.known.catalog.named_in(schema.as_deref(), relation);
                self.of_any(found, relation, |relation| match column {
                    Target::Named(name) => relation.columns.iter().position(|column| column.name == *name),
                    Target::At(at) => Some(*at),
                })
            }
        }
    }

    /// A column of any relation that the statement names.
    fn column(&self, name: &str) -> Treat {
        let Literals { statement, values, known, .. } = self;
        let can_be_other = values.has_other_rows
            || values.given.iter().any(|given| given == name)
            || statement.functions.iter().any(|function| function == name);
        if can_be_other {
            return Treat::Doubt;
        }
        let is_own = |used: &RelationUse| is_system(used.schema.as_deref(), &used.name, known.catalog);
        if !statement.relations.is_empty()
            && statement.mentions.is_empty()
            && statement.relations.iter().all(is_own)
        {
            return Treat::Look;
        }
        let mentioned = statement.mentions.iter().map(|name| (None, name));
        let used =
            statement.relations.iter().map(|used| (used.schema.as_deref(), &used.name)).chain(mentioned);
        let treat = |(schema, relation): (Option<&str>, &String)| {
            let found = known.catalog.named_in(schema, relation);
            self.of_any_that_has(found, relation, |relation| {
                relation.columns.iter().position(|column| column.name == name)
            })
        };
        used.filter_map(treat).max().unwrap_or(Treat::Doubt)
    }

    fn of_any<'r>(
        &self,
        found: impl Iterator<Item = &'r Relation>,
        name: &str,
        place: impl Fn(&Relation) -> Option<usize>,
    ) -> Treat {
        self.of_any_that_has(found, name, place).unwrap_or(Treat::Doubt)
    }

    /// What becomes of values of a column of any of these relations, which all have this name; `None` where none has one.
    fn of_any_that_has<'r>(
        &self,
        found: impl Iterator<Item = &'r Relation>,
        name: &str,
        place: impl Fn(&Relation) -> Option<usize>,
    ) -> Option<Treat> {
        let Literals { known: Known { catalog, classes, stains, .. }, env, .. } = self;
        let treat = |relation: &Relation| {
            let column = relation.columns.get(place(relation)?)?;
            let is_stained = |stain: &crate::stains::NamedStain| {
                stain.names.contains(&column.name)
                    || stain.number == Some(column.number)
                    || stain.names.is_empty() && stain.number.is_none()
            };
            Some(match holds(relation, column.number, classes) || stains.of(name).iter().any(is_stained) {
                true => Treat::Hide,
                false if !env.catalog_holds || is_new(relation, catalog) => Treat::Doubt,
                false => Treat::Look,
            })
        };
        found.filter_map(treat).max()
    }
}

fn holds(relation: &Relation, number: i16, classes: &Classes) -> bool {
    classes.get(&ColumnId { table_oid: relation.oid, number }).is_some()
}

fn is_new(relation: &Relation, catalog: &Catalog) -> bool {
    catalog.is_new(relation)
}
