//! What people say that columns hold: the configuration, by their names, and before that data stewards, each of one column. It counts
//! before what names, comments and values tell.

use std::collections::HashMap;
use std::sync::Arc;

use audit::spool::SpoolError;
use mask::{Class, Classes, ColumnId, Unsearched};
use serde::{Deserialize, Serialize};
use sql::Catalog;
use thiserror::Error;

use super::MemoryError;
use crate::config::{Columns, NONE, words};

/// The word for a column of which nobody says anything: what Picket finds counts again.
const AUTO: &str = "auto";

/// Most columns of a database of which something is said.
pub(super) const CORRECTED_MAX: usize = 65_536;

/// What is said of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// It is of this class; `None`: it holds nothing sensitive.
    Class(Option<Class>),
    /// Nothing any more.
    Auto,
}

impl Says {
    /// What a word says.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word {
            NONE => Some(Says::Class(None)),
            AUTO => Some(Says::Auto),
            class => Class::named(class).map(|class| Says::Class(Some(class))),
        }
    }

    /// All classes, in words.
    pub(crate) fn classes() -> String {
        words(Class::ALL.into_iter().map(Class::name))
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Says::Class(class) => class.map_or(NONE, Class::name),
            Says::Auto => AUTO,
        }
    }
}

/// Why it does not count.
#[derive(Debug, Error)]
pub(crate) enum CorrectionError {
    #[error("no column \"{0}\" is in the catalog: name it as schema.relation.column, written as in SQL")]
    Unknown(String),
    #[error(
        "`upstream.columns` of the configuration says what {0} holds, and counts before what is said here"
    )]
    Configured(String),
    #[error("nothing was said of {0}")]
    Unsaid(String),
    #[error("something is said of {CORRECTED_MAX} columns already")]
    Full,
    #[error("it cannot be recorded, and so does not count")]
    Spool(#[from] SpoolError),
    #[error("it cannot be kept over a restart, and so does not count")]
    Memory(#[from] MemoryError),
}

/// What one person says of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Corrected {
    /// `None`: it holds nothing sensitive.
    pub(super) class: Option<Class>,
    pub(super) by: String,
}

/// The same in the file of what is remembered.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CorrectedStored {
    relation: u32,
    number: i16,
    class: String,
    by: String,
}

impl CorrectedStored {
    pub(super) fn of((id, corrected): (&ColumnId, &Corrected)) -> Self {
        let Corrected { class, by } = corrected;
        CorrectedStored {
            relation: id.table_oid,
            number: id.number,
            class: Says::Class(*class).name().to_owned(),
            by: by.clone(),
        }
    }

    /// What orders the file.
    pub(super) fn place(&self) -> (u32, i16) {
        (self.relation, self.number)
    }

    /// A class of a newer Picket is a class.
    pub(super) fn corrected(self) -> (ColumnId, Corrected) {
        let CorrectedStored { relation, number, class, by } = self;
        let class = (class != NONE).then(|| Class::named(&class).unwrap_or(Class::Derived));
        (ColumnId { table_oid: relation, number }, Corrected { class, by })
    }
}

/// All that people say of the columns of a database.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pinned {
    configured: Columns,
    corrected: Arc<HashMap<ColumnId, Corrected>>,
}

impl Pinned {
    /// What the configuration says from now on.
    pub(super) fn configure(&mut self, configured: &Columns) {
        if self.configured != *configured {
            self.configured = configured.clone();
        }
    }

    pub(super) fn corrected(&self) -> &HashMap<ColumnId, Corrected> {
        &self.corrected
    }

    pub(super) fn corrected_mut(&mut self) -> &mut HashMap<ColumnId, Corrected> {
        Arc::make_mut(&mut self.corrected)
    }

    /// Puts it into what is known of the columns of `catalog`.
    pub(super) fn apply(&self, catalog: &Catalog, classes: &mut Classes) {
        for (id, corrected) in &*self.corrected {
            match corrected.class {
                Some(class) if has(catalog, *id) => _ = classes.insert(*id, class),
                _ => _ = classes.remove(id),
            }
        }
        self.configured.apply(catalog, classes);
    }

    /// Takes those out that need no look.
    pub(super) fn apply_to_unsearched(&self, catalog: &Catalog, unsearched: &mut Unsearched) {
        for id in self.corrected.keys() {
            unsearched.remove(id);
        }
        self.configured.apply_to_unsearched(catalog, unsearched);
    }

    /// Columns of `catalog` of which the configuration says something.
    pub(super) fn configured<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = ColumnId> + 'a {
        self.configured.ids(catalog)
    }

    /// Whether the configuration says anything of this column.
    pub(super) fn is_configured(&self, object: &str) -> bool {
        self.configured.names(object)
    }

    /// Who says what counts of this column, in words.
    pub(super) fn evidence(&self, id: ColumnId, object: &str) -> Option<String> {
        if self.is_configured(object) {
            return Some("configuration".to_owned());
        }
        self.corrected.get(&id).map(|corrected| format!("correction by {}", corrected.by))
    }
}

/// The column of this path, as the ledger writes it. Names may have dots: none where two are called so.
pub(super) fn find(catalog: &Catalog, path: &str) -> Option<ColumnId> {
    let mut called = catalog.relations().flat_map(|relation| {
        let of_it = path.strip_prefix(&*relation.path()).and_then(|rest| rest.strip_prefix('.'));
        let columns = relation.columns.iter().filter(move |column| of_it == Some(&*column.name));
        columns.map(|column| ColumnId { table_oid: relation.oid, number: column.number })
    });
    called.next().filter(|_| called.next().is_none())
}

pub(super) fn has(catalog: &Catalog, id: ColumnId) -> bool {
    catalog.relation(id.table_oid).is_some_and(|relation| relation.column(id.number).is_some())
}
