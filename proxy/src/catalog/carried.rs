//! What was known of columns of another system that was here before, by their names: a database that was restored or upgraded has its
//! tables under other numbers.

use std::collections::HashMap;
use std::time::Duration;

use mask::{Class, ColumnId};
use serde::{Deserialize, Serialize};
use sql::Catalog;

/// Most columns that are kept so.
const CARRIED_MAX: usize = 262_144;

/// How long one is kept that is not seen: by then what is restored is there.
const CARRIED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Schema, relation and column.
pub(super) type Path = [String; 3];

/// How the column is called.
pub(super) fn path(catalog: &Catalog, id: ColumnId) -> Option<Path> {
    let relation = catalog.relation(id.table_oid)?;
    let column = relation.column(id.number)?;
    Some([relation.schema.clone(), relation.name.clone(), column.name.clone()])
}

/// Columns of which none was seen yet where they are looked for now.
#[derive(Debug, Default)]
pub(super) struct Carried(HashMap<Path, Known>);

#[derive(Clone, Copy, Debug)]
struct Known {
    class: Option<Class>,
    /// Parts of values were written into it.
    is_part: bool,
    /// In seconds since 1970.
    at_secs: u64,
}

/// The same in the file of what is remembered.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct CarriedStored {
    path: Path,
    class: Option<String>,
    is_part: bool,
    at_secs: u64,
}

impl Carried {
    pub(super) fn open(stored: Vec<CarriedStored>) -> Self {
        let known = |CarriedStored { path, class, is_part, at_secs }| {
            // A class of a newer Picket is a class.
            let class = class.map(|class: String| Class::named(&class).unwrap_or(Class::Derived));
            (path, Known { class, is_part, at_secs })
        };
        Carried(stored.into_iter().map(known).collect())
    }

    /// As it is stored, in order.
    pub(super) fn stored(&self) -> Vec<CarriedStored> {
        let stored = |(path, known): (&Path, &Known)| CarriedStored {
            path: path.clone(),
            class: known.class.map(|class| class.name().to_owned()),
            is_part: known.is_part,
            at_secs: known.at_secs,
        };
        let mut all: Vec<_> = self.0.iter().map(stored).collect();
        all.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        all
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Keeps what was known of a column. Where there is no room nobody is told: `false`.
    pub(super) fn keep(&mut self, path: Path, class: Option<Class>, is_part: bool, at_secs: u64) -> bool {
        let has_room = self.0.len() < CARRIED_MAX || self.0.contains_key(&path);
        if has_room {
            self.0.insert(path, Known { class, is_part, at_secs });
        }
        has_room
    }

    /// Those that `catalog` has by their names.
    fn found<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = (ColumnId, Known)> + 'a {
        self.0.iter().flat_map(move |([schema, relation, name], known)| {
            catalog.named_in(Some(schema), relation).filter_map(move |relation| {
                let column = relation.columns.iter().find(|column| column.name == *name)?;
                Some((ColumnId { table_oid: relation.oid, number: column.number }, *known))
            })
        })
    }

    pub(super) fn classes<'a>(
        &'a self,
        catalog: &'a Catalog,
    ) -> impl Iterator<Item = (ColumnId, Class)> + 'a {
        self.found(catalog).filter_map(|(id, known)| Some((id, known.class?)))
    }

    /// Those into which parts of values were written.
    pub(super) fn parts<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = ColumnId> + 'a {
        self.found(catalog).filter(|(_, known)| known.is_part).map(|(id, _)| id)
    }

    /// What `catalog` has is remembered by itself from now on.
    pub(super) fn settle(&mut self, catalog: &Catalog, now_secs: u64) {
        let since = now_secs.saturating_sub(CARRIED_FOR.as_secs());
        self.0.retain(|[schema, relation, name], known| {
            let mut named = catalog.named_in(Some(schema), relation);
            let is_there = named.any(|relation| relation.columns.iter().any(|column| column.name == *name));
            !is_there && since <= known.at_secs
        });
    }
}
