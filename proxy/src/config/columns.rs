//! What columns of a database hold, where somebody says so: it counts before what names, comments and values tell.

use std::collections::BTreeMap;

use audit::ledger::Object;
use mask::{Class, Classes, ColumnId, Unsearched};
use sql::Catalog;

use super::words;

/// The word for a column that holds nothing sensitive.
pub(crate) const NONE: &str = "none";

/// The class of each column that the file names, by `schema.relation.column`; `None`: it is not sensitive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Columns(BTreeMap<String, Option<Class>>);

impl Columns {
    pub(super) fn check(written: &BTreeMap<String, String>) -> Result<Self, String> {
        let check = |(column, class): (&String, &String)| {
            let name = column.parse::<Object>().ok().map(|object| object.name().to_owned());
            let Some(name) = name.filter(|name| 1 < name.matches('.').count()) else {
                return Err(format!(
                    "`upstream.columns` names columns as \"schema.relation.column\", got `{column}`"
                ));
            };
            match Class::named(class) {
                None if class != NONE => {
                    let names = words(Class::ALL.into_iter().map(Class::name));
                    Err(format!(
                        "`upstream.columns.\"{column}\"` must be `{NONE}` or one of {names}, got `{class}`"
                    ))
                }
                class => Ok((name, class)),
            }
        };
        written.iter().map(check).collect::<Result<_, _>>().map(Columns)
    }

    /// Puts it into what is known of the columns of `catalog`.
    pub(crate) fn apply(&self, catalog: &Catalog, classes: &mut Classes) {
        for (id, class) in self.of(catalog) {
            match class {
                Some(class) => _ = classes.insert(id, class),
                None => _ = classes.remove(&id),
            }
        }
    }

    /// Whether it says anything of this column.
    pub(crate) fn names(&self, object: &str) -> bool {
        self.0.contains_key(object)
    }

    /// Takes those out that need no look.
    pub(crate) fn apply_to_unsearched(&self, catalog: &Catalog, unsearched: &mut Unsearched) {
        self.of(catalog).for_each(|(id, _)| _ = unsearched.remove(&id));
    }

    /// Columns of `catalog` of which it says something.
    pub(crate) fn ids<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = ColumnId> + 'a {
        self.of(catalog).map(|(id, _)| id)
    }

    fn of<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = (ColumnId, Option<Class>)> + 'a {
        let relations = catalog.relations().filter(|_| !self.0.is_empty());
        relations.flat_map(|relation| {
            relation.columns.iter().filter_map(|column| {
                let class = self.0.get(&format!("{}.{}", relation.path(), column.name))?;
                Some((ColumnId { table_oid: relation.oid, number: column.number }, *class))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(column: &str, class: &str) -> Result<Columns, String> {
        Columns::check(&BTreeMap::from([(column.to_owned(), class.to_owned())]))
    }

    #[test]
    fn columns_and_classes_are_checked() {
        let of = |name: &str, class| Columns(BTreeMap::from([(name.to_owned(), class)]));
        assert_eq!(check("Public.things.C1", "email"), Ok(of("public.things.c1", Some(Class::Email))));
        assert_eq!(check("public.\"Order\".sku", "none"), Ok(of("public.Order.sku", None)));
        let error = check("things.c1", "email").unwrap_err();
        assert_eq!(error, "`upstream.columns` names columns as \"schema.relation.column\", got `things.c1`");
        let error = check("public.things.c1", "mail").unwrap_err();
        assert!(
            error.contains("must be `none` or one of `email`, `phone`") && error.ends_with("got `mail`"),
            "{error}"
        );
    }
}
