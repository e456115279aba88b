//! Which columns the text of a statement gives to a table: by names and types, or those of another relation.

use pg_query::protobuf::{AlterTableType, ObjectType};

use crate::lineage::of_statement;
use crate::source::Source;
use crate::tree::Tree;

/// A table that a statement makes, or gives columns to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tells {
    /// Name without the schema.
    pub name: String,
    /// The columns, in the order of the text.
    pub columns: Vec<TellsColumn>,
    /// Why the table has columns.
    pub how: Telling,
}

/// What a statement does to the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// Makes the table, and those are all of its columns.
    Makes,
    /// Makes the table, which can have more columns, or these in another order.
    MakesMore,
    /// Makes the table where none has its name.
    Ensures,
    /// Adds these to those that it has, perhaps only where they are not there, or takes others away.
    Alters,
    /// One gets this name.
    Renames,
}

/// A column, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TellsColumn {
    /// Of this name and type (`pg_type.oid`); `None` where the text does not tell it.
    Named(String, Option<u32>),
    /// Those of the relation with this schema and name.
    Like(Option<String>, String),
}

/// Types of PostgreSQL's own by their names (pg_type.dat). A serial is a number, and what is not among them counts as a text, as types
/// that are not PostgreSQL's own do.
#[rustfmt::skip]
const TYPES: [(&str, u32); 55] = [
    ("bool", 16), ("bytea", 17), ("char", 18), ("name", 19), ("int8", 20), ("int2", 21), ("int4", 23), ("text", 25), ("oid", 26),
    ("json", 114), ("xml", 142), ("point", 600), ("lseg", 601), ("path", 602), ("box", 603), ("polygon", 604), ("line", 628),
    ("cidr", 650), ("float4", 700), ("float8", 701), ("circle", 718), ("macaddr8", 774), ("money", 790), ("macaddr", 829),
    ("inet", 869), ("bpchar", 1042), ("varchar", 1043), ("date", 1082), ("time", 1083), ("timestamp", 1114), ("timestamptz", 1184),
    ("interval", 1186), ("timetz", 1266), ("bit", 1560), ("varbit", 1562), ("numeric", 1700), ("uuid", 2950), ("pg_lsn", 3220),
    ("tsvector", 3614), ("tsquery", 3615), ("jsonb", 3802), ("int4range", 3904), ("numrange", 3906), ("tsrange", 3908),
    ("tstzrange", 3910), ("daterange", 3912), ("int8range", 3926), ("serial", 23), ("serial2", 21), ("serial4", 23), ("serial8", 20),
    ("smallserial", 21), ("bigserial", 20), ("regclass", 2205), ("xid8", 5069),
];

const TEXT: u32 = 25;
const INET: u32 = 869;
const INET_ARRAY: u32 = 1041;

/// What `text`, which is one statement, tells of the columns of tables. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn tells(text: &str) -> Vec<Tells> {
    let mut found = Vec::new();
    of_statement(text, |statement| match statement.kind {
        "CreateSchemaStmt" => {
            let tables = statement.all("schema_elts").filter(|element| element.kind == "CreateStmt");
            found.extend(tables.filter_map(made));
        }
        "CreateStmt" => found.extend(made(statement)),
        "AlterTableStmt" => found.extend(altered(statement)),
        "RenameStmt" => found.extend(renamed(statement)),
        _ => {}
    });
    found
}

fn made(statement: &Tree) -> Option<Tells> {
    let name = statement.one("relation")?.text("relname").to_owned();
    let parents = statement.all("inh_relations").map(like);
    let of_type = statement.one("of_typename").and_then(|of| {
        let mut names = of.name("names");
        let name = names.pop()?.to_owned();
        Some(TellsColumn::Like(names.pop().map(str::to_owned), name))
    });
    let mut columns: Vec<TellsColumn> = parents.chain(of_type).collect();
    let has_others = !columns.is_empty();
    for element in statement.all("table_elts") {
        match element.kind {
            // Of a table like another it may say more of a column that this has.
            "ColumnDef" => columns.push(column(element)),
            "TableLikeClause" => columns.extend(element.one("relation").map(like)),
            _ => {}
        }
    }
    let how = match statement.number("if_not_exists") {
        0 if has_others => Telling::MakesMore,
        0 => Telling::Makes,
        _ => Telling::Ensures,
    };
    Some(Tells { name, columns, how })
}

fn altered(statement: &Tree) -> Option<Tells> {
    let name = statement.one("relation")?.text("relname").to_owned();
    let of_kind = |kind: AlterTableType| move |command: &&Tree| command.number("subtype") == kind as i64;
    let added = statement.all("cmds").filter(of_kind(AlterTableType::AtAddColumn));
    let columns: Vec<TellsColumn> = added.flat_map(|command| command.all("def")).map(column).collect();
    let drops = statement.all("cmds").any(|command| of_kind(AlterTableType::AtDropColumn)(&command));
    (drops || !columns.is_empty()).then_some(Tells { name, columns, how: Telling::Alters })
}

fn renamed(statement: &Tree) -> Option<Tells> {
    let is_column = statement.number("rename_type") == ObjectType::ObjectColumn as i64;
    let name = statement.one("relation").filter(|_| is_column)?.text("relname").to_owned();
    let column = TellsColumn::Named(statement.text("newname").to_owned(), None);
    Some(Tells { name, columns: vec![column], how: Telling::Renames })
}

fn like(relation: &Tree) -> TellsColumn {
    let (schema, name) = Source::name(relation);
    TellsColumn::Like(Some(schema.to_owned()).filter(|schema| !schema.is_empty()), name.to_owned())
}

fn column(definition: &Tree) -> TellsColumn {
    let type_oid = definition.one("type_name").map(type_oid);
    TellsColumn::Named(definition.text("colname").to_owned(), type_oid)
}

/// An array holds what its elements do, but for one of addresses of networks, which its name must tell.
fn type_oid(of: &Tree) -> u32 {
    let own = match of.name("names").as_slice() {
        ["pg_catalog", name] | [name] => TYPES.iter().find(|(own, _)| own == name).map(|(_, oid)| *oid),
        _ => None,
    };
    match own {
        Some(INET) if of.has(&["array_bounds"]) => INET_ARRAY,
        own => own.unwrap_or(TEXT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let column = |column: &TellsColumn| match column {
            TellsColumn::Named(name, of) => format!("{name} {}", of.unwrap_or_default()),
            TellsColumn::Like(schema, name) => format!("like {schema:?} {name}"),
        };
        let of = |tells: &Tells| {
            let columns: Vec<String> = tells.columns.iter().map(column).collect();
            format!("{:?} {}: {}", tells.how, tells.name, columns.join(", "))
        };
        tells(text).iter().map(of).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_table_tells_names_and_types_of_its_columns() {
        for (text, expected) in [
            ("CREATE TABLE s.t (id serial, a text, n int, m mood)", "Makes t: id 23, a 25, n 23, m 25"),
            ("CREATE TEMP TABLE IF NOT EXISTS t (a varchar(5)[], i inet[])", "Ensures t: a 1043, i 1041"),
            ("CREATE TABLE t (LIKE s.u, a date)", "Makes t: like Some(\"s\") u, a 1082"),
            ("CREATE TABLE t (a date) INHERITS (u)", "MakesMore t: like None u, a 1082"),
            ("CREATE TABLE t PARTITION OF u DEFAULT", "MakesMore t: like None u"),
            ("CREATE TABLE t OF u", "MakesMore t: like None u"),
            ("CREATE SCHEMA s CREATE TABLE t (a bytea)", "Makes t: a 17"),
            ("ALTER TABLE t ADD a json, ADD b inet, ADD CHECK (true)", "Alters t: a 114, b 869"),
            ("ALTER TABLE t DROP a", "Alters t: "),
            ("ALTER TABLE t RENAME a TO b", "Renames t: b 0"),
            ("ALTER TABLE t RENAME TO u", ""),
            ("ALTER TABLE t ADD CHECK (true)", ""),
            ("CREATE TABLE t AS SELECT 1 AS a", ""),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
