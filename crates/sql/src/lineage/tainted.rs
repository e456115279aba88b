//! Names that hold values of sensitive columns.

use std::collections::{HashMap, HashSet};

use super::mentions::Mentions;
use super::outputs::Outputs;
use super::{Lineage, Sensitive, Shows};
use crate::touched::SYSTEM_COLUMNS;

/// Names that hold values of sensitive columns.
pub(super) struct Tainted<'s> {
    pub(super) sensitive: &'s Sensitive,
    pub(super) names: HashSet<String>,
    pub(super) known: HashSet<String>,
    /// Relations with sensitive columns, by name or alias: what their columns are called only the catalog knows.
    pub(super) rows: HashSet<String>,
    /// Which relations an alias is of; `None` for the name of something else, or where columns have other names behind it.
    pub(super) aliases: HashMap<String, Option<Vec<String>>>,
    pub(super) all: bool,
    /// Names of what is kept of documents, and what says of their keys which are sensitive.
    pub(super) documents: HashSet<String>,
    pub(super) has_any_documents: bool,
    /// Aliases of what gives rows with such.
    pub(super) document_rows: HashSet<String>,
    pub(super) is_key: Option<fn(&str) -> bool>,
    /// Nothing is sensitive but what is taken by keys: all columns of something are only where that got into one.
    pub(super) is_by_keys: bool,
}

impl Tainted<'_> {
    pub(super) fn has(&self, mentions: &Mentions) -> bool {
        let is_tainted = |name: &String| self.names.contains(name);
        let is_function = |name: &String| self.sensitive.functions.contains(name);
        mentions.star && !(self.is_by_keys && self.names.is_empty())
            || self.sensitive.anything
            || self.is_of_code(mentions)
            || self.cuts(mentions)
            || mentions.calls.iter().any(is_function)
            || mentions.names.iter().any(is_tainted)
            || self.sensitive.has_own_count && mentions.counted.iter().any(is_tainted)
            || mentions.fields.iter().any(|(qualifier, name)| {
                is_function(name)
                    || is_tainted(name)
                    || is_tainted(qualifier) && !self.is_column(qualifier, name)
            })
    }

    /// Whether anything can be anywhere.
    pub(super) fn is_all(&self) -> bool {
        self.all || self.sensitive.anything
    }

    /// Whether a name behind a dot is one of a column there, and not a call that is given the row.
    fn is_column(&self, qualifier: &str, name: &String) -> bool {
        if SYSTEM_COLUMNS.contains(&name.as_str()) {
            return true;
        }
        if self.sensitive.wholes.contains(qualifier) {
            return false;
        }
        match self.columns_of(qualifier) {
            Some(columns) => columns.into_iter().any(|columns| columns.contains(name)),
            _ if self.rows.contains(qualifier) => self.sensitive.known.contains(name),
            _ => self.known.contains(name),
        }
    }

    /// Names of the columns of the relations that this is an alias or name of; `None` where it is one of something else.
    pub(super) fn columns_of(&self, qualifier: &str) -> Option<Vec<&HashSet<String>>> {
        let of = |relation: &str| self.sensitive.columns_of.get(relation);
        match self.aliases.get(qualifier) {
            Some(None) => None,
            Some(Some(relations)) => relations.iter().map(|name| of(name)).collect(),
            None => of(qualifier).map(|columns| vec![columns]),
        }
    }

    /// Whether a name in it may be one of what code gives, whose columns only the code knows.
    fn is_of_code(&self, mentions: &Mentions) -> bool {
        self.all
            && (!mentions.names.is_empty()
                || mentions.fields.iter().any(|(qualifier, _)| self.columns_of(qualifier).is_none()))
    }

    /// Whether something of documents is hidden from those who look at their keys, or taken by one that is sensitive.
    fn cuts(&self, mentions: &Mentions) -> bool {
        let has_documents = self.sensitive.is_by_keys() || !self.sensitive.documents.is_empty();
        let Some(is_key) = self.is_key.filter(|_| has_documents) else { return false };
        mentions.keys.iter().any(|key| is_key(key))
            || self.sensitive.has_unread && !mentions.apart.is_empty()
            || mentions.rows.iter().any(|name| self.document_rows.contains(name))
            || mentions.cut.iter().any(|name| self.has_any_documents || self.documents.contains(name))
    }

    /// Whether documents, or what is taken out of some, are kept.
    pub(super) fn keeps(&self, mentions: &Mentions) -> bool {
        mentions.kept.iter().any(|name| self.documents.contains(name))
    }

    pub(super) fn lineage(self, outputs: &Outputs) -> Lineage {
        if self.all {
            return Lineage::All;
        }
        match outputs {
            Outputs::AnyOf(mentions) if mentions.star || self.has(mentions) => Lineage::All,
            // No names are known of what has documents.
            Outputs::AnyOf(mentions) if self.keeps(mentions) => Lineage::All,
            Outputs::AnyOf(_) => Lineage::Names(HashSet::new(), HashSet::new()),
            Outputs::Expressions(columns) => {
                Lineage::Columns(columns.iter().map(|from| self.shows(from)).collect())
            }
            // What flows into a name of the result has been followed too.
            Outputs::Named => Lineage::Names(self.names, self.documents),
        }
    }

    /// What something that takes its values from these shows.
    pub(super) fn shows(&self, from: &Mentions) -> Shows {
        if self.has(from) {
            Shows::Values
        } else if self.keeps(from) {
            Shows::Documents
        } else {
            Shows::Nothing
        }
    }
}
