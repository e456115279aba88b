//! Columns that hold the values of others: those of partitions, children and parents of the same name, those that refer to a key,
//! those that are generated of others, and those of composite types.

use mask::{Class, Classes, ColumnId};
use sql::Catalog;

/// Adds to `classes` what has its values from columns that are there.
pub(super) fn spread(catalog: &Catalog, classes: &mut Classes) {
    let mut before = usize::MAX;
    while classes.len() != before {
        before = classes.len();
        for part in catalog.hooks().all_parts() {
            let (Some(whole), Some(part)) = (catalog.relation(part.of), catalog.relation(part.part)) else {
                continue;
            };
            for column in &whole.columns {
                for own in part.columns.iter().filter(|own| own.name == column.name) {
                    let of_whole = ColumnId { table_oid: whole.oid, number: column.number };
                    let of_part = ColumnId { table_oid: part.oid, number: own.number };
                    give(classes, of_whole, of_part);
                    give(classes, of_part, of_whole);
                }
            }
        }
        for holds in catalog.holds() {
            let is_sensitive = |number| classes.contains_key(&ColumnId { table_oid: holds.of, number });
            let holds_some = match (holds.of_column, catalog.relation(holds.of)) {
                (Some(number), _) => is_sensitive(number),
                (None, Some(of)) => of.columns.iter().any(|column| is_sensitive(column.number)),
                (None, None) => false,
            };
            if holds_some {
                let id = ColumnId { table_oid: holds.relation, number: holds.column };
                classes.entry(id).or_insert(Class::Derived);
            }
        }
        for key in catalog.hooks().foreign_keys() {
            for (key_number, number) in key.keys.iter().zip(&key.columns) {
                let from = ColumnId { table_oid: key.to, number: *key_number };
                give(classes, from, ColumnId { table_oid: key.on, number: *number });
            }
        }
    }
}

fn give(classes: &mut Classes, from: ColumnId, to: ColumnId) {
    if let Some(class) = classes.get(&from).copied() {
        classes.entry(to).or_insert(class);
    }
}
