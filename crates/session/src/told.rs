//! Which columns of tables that no catalog shows yet are sensitive by what the text says that makes them: by names and types, as the catalog
//! will have it.

use mask::{Class, class_of, is_town};
use sql::catalog::Relation;
use sql::facts::{Effect, Statement};
use sql::{Telling, Tells, TellsColumn, tells};

use crate::shown::Known;
use crate::stains::{NamedStain, ToldOf};

/// `text`.
const TEXT: u32 = 25;

/// What the text of `own` tells of columns that the catalog does not show.
pub(crate) fn told(text: &str, own: &Statement, known: &Known<'_>) -> Vec<NamedStain> {
    let may_tell = |effect: &Effect| {
        matches!(effect, Effect::AlterTable | Effect::CreateTable | Effect::Other("RenameStmt"))
    };
    match own.effects.iter().any(may_tell) && !own.effects.contains(&Effect::Do) {
        true => tells(text).iter().flat_map(|one| of_table(one, own, known)).collect(),
        false => Vec::new(),
    }
}

fn of_table(tells: &Tells, own: &Statement, known: &Known<'_>) -> Vec<NamedStain> {
    let Tells { name, how, .. } = tells;
    let (columns, are_known) = columns(tells, known);
    let names = columns.iter().map(|column| column.name.clone()).collect();
    let of = ToldOf { columns: names, are_all: are_known && *how == Telling::Makes };
    let mut stains = Vec::new();
    for class in Class::ALL {
        let of_class = columns.iter().filter(|column| column.class == Some(class));
        let names: Vec<String> = of_class.map(|column| column.name.clone()).collect();
        if names.is_empty() {
            continue;
        }
        let has_all = |relation: &&Relation| {
            names.iter().all(|name| relation.columns.iter().any(|column| column.name == *name))
        };
        let there: Vec<&Relation> = known.catalog.named(name).collect();
        let with_all = there.iter().copied().filter(has_all);
        let not: Vec<u32> = with_all.map(|relation| relation.oid).collect();
        let is_there = match how {
            Telling::Ensures => !not.is_empty(),
            Telling::Alters => !not.is_empty() && not.len() == there.len(),
            Telling::Makes | Telling::MakesMore | Telling::Renames => false,
        };
        if !is_there {
            stains.push(NamedStain {
                relation: name.clone(),
                not,
                number: None,
                names,
                of: Some(class),
                is_copy: true,
                is_part: false,
                is_temporary: own.temporary.contains(name),
                told: Some(of.clone()),
            });
        }
    }
    // Where the others stand nobody knows from now on.
    if stains.is_empty() && matches!(how, Telling::Alters | Telling::Renames) {
        let told = known.stains.of(name).iter().filter(|stain| stain.told.is_some());
        stains.extend(told.map(|stain| NamedStain { told: Some(of.clone()), ..stain.clone() }));
    }
    stains
}

/// A column that is told.
struct Column {
    name: String,
    class: Option<Class>,
    /// It has towns, which beside an address are a part of it.
    is_town: bool,
}

/// The columns that a text tells, and whether there are no others.
fn columns(tells: &Tells, known: &Known<'_>) -> (Vec<Column>, bool) {
    let mut columns: Vec<Column> = Vec::new();
    let mut are_all = true;
    let column = |name: &str, type_oid| Column {
        name: name.to_owned(),
        class: class_of(name, type_oid),
        is_town: is_town(name, type_oid),
    };
    for one in &tells.columns {
        match one {
            TellsColumn::Named(name, type_oid) => columns.push(column(name, type_oid.unwrap_or(TEXT))),
            TellsColumn::Like(schema, of) => {
                let mut like = known.catalog.named_in(schema.as_deref(), of).peekable();
                let is_shown = like.peek().is_some();
                let mut count = 0;
                for relation in like {
                    count += 1;
                    columns.extend(relation.columns.iter().map(|own| column(&own.name, own.type_oid)));
                }
                let told = || known.stains.of(of).iter().filter(|stain| stain.told.is_some());
                let row = known.stains.row(of).filter(|_| !is_shown);
                are_all &= row.is_some() || count == 1 && told().next().is_none();
                let class = |name: &String| told().find(|stain| stain.names.contains(name))?.of;
                let names = told().flat_map(|stain| &stain.names);
                let names: Vec<&String> = match row {
                    Some(row) => row.iter().collect(),
                    None => names.collect(),
                };
                let told = names.into_iter();
                columns.extend(told.map(|name| Column {
                    name: name.clone(),
                    class: class(name),
                    is_town: false,
                }));
            }
        }
    }
    if columns.iter().any(|column| column.class == Some(Class::Address)) {
        for column in columns.iter_mut().filter(|column| column.is_town && column.class.is_none()) {
            column.class = Some(Class::Address);
        }
    }
    (columns, are_all)
}

#[cfg(test)]
mod tests {
    use mask::Classes;
    use sql::Catalog;
    use sql::catalog;

    use super::*;
    use crate::stains::Stains;

    /// What the last of these texts tells, after those before it.
    fn told_by(texts: &[&str]) -> Vec<String> {
        let column = |number, name: &str| catalog::Column { number, name: name.to_owned(), type_oid: TEXT };
        let (schema, name) = ("public".to_owned(), "users".to_owned());
        let columns = vec![column(1, "note"), column(2, "email")];
        let catalog = Catalog::new([Relation { oid: 20_000, schema, name, columns }]);
        let (mut stains, mut last) = (Stains::default(), Vec::new());
        for text in texts {
            let known = Known {
                catalog: &catalog,
                classes: &Classes::new(),
                stains: &stains,
                unsearched: None,
                temporary: &[],
                of_wholes: false,
            };
            let statements = sql::read(text.as_bytes()).unwrap().statements;
            last = told(text, &statements[0], &known);
            last.iter().for_each(|stain| _ = stains.add(stain.clone()));
        }
        let shown = |stain: &NamedStain| {
            let ToldOf { columns, are_all } = stain.told.as_ref().unwrap();
            let class = stain.of.map_or("", Class::name);
            let more = if *are_all { "" } else { " and more" };
            let kind = if stain.is_temporary { "temporary " } else { "" };
            format!("{kind}{} {class} {:?} of {columns:?}{more}", stain.relation, stain.names)
        };
        last.iter().map(shown).collect()
    }

    #[test]
    fn columns_of_new_tables_are_classed_by_names_and_types() {
        for (texts, expected) in [
            (
                &["CREATE TABLE pw (id int, password text)"][..],
                &[r#"pw credential ["password"] of ["id", "password"]"#][..],
            ),
            (&["CREATE TABLE seen (id int, what text, email_sent boolean)"], &[]),
            (
                &["CREATE TEMP TABLE p (street text, city text, email text)"],
                &[
                    r#"temporary p email ["email"] of ["street", "city", "email"]"#,
                    r#"temporary p address ["street", "city"] of ["street", "city", "email"]"#,
                ],
            ),
            (&["CREATE TABLE IF NOT EXISTS users (email text)"], &[]),
            (&["ALTER TABLE users ADD IF NOT EXISTS email text"], &[]),
            (&["ALTER TABLE users ADD phone text"], &[r#"users phone ["phone"] of ["phone"] and more"#]),
            (
                &["ALTER TABLE users RENAME note TO phone"],
                &[r#"users phone ["phone"] of ["phone"] and more"#],
            ),
            (&["CREATE TABLE b (LIKE users)"], &[r#"b email ["email"] of ["note", "email"]"#]),
            (
                &["CREATE TABLE a (email text, n int)", "CREATE TABLE b (LIKE a, m int)"],
                &[r#"b email ["email"] of ["email", "n", "m"]"#],
            ),
            (
                &["CREATE TABLE a (email text)", "CREATE TABLE b () INHERITS (a)"],
                &[r#"b email ["email"] of ["email"] and more"#],
            ),
            (
                &["CREATE TABLE a (email text)", "ALTER TABLE a ADD n int"],
                &[r#"a email ["email"] of ["n"] and more"#],
            ),
            (&["CREATE TABLE a (n int)", "ALTER TABLE a ADD m int"], &[]),
        ] {
            assert_eq!(told_by(texts), expected, "{texts:?}");
        }
    }
}
