//! Names that statements give to relations, and relations that become a way to others, before a catalog shows it. It does not
//! tell what a name means (see `given`).

use pg_query::protobuf::{AlterTableType, CmdType, ObjectType};

use crate::facts::Statement;
use crate::own::is_trusted;
use crate::tree::Tree;

/// Kinds of statements that give names, or lead from one relation to another.
pub(crate) const KINDS: [&str; 15] = [
    "AlterObjectSchemaStmt",
    "AlterOperatorStmt",
    "AlterTableStmt",
    "CreateCastStmt",
    "CreateDomainStmt",
    "CreateEnumStmt",
    "CreateFunctionStmt",
    "CreateOpClassStmt",
    "CreateRangeStmt",
    "CreateStmt",
    "CreateTableAsStmt",
    "DefineStmt",
    "RenameStmt",
    "RuleStmt",
    "ViewStmt",
];

/// A relation as a statement names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// Schema, where the statement gives one.
    pub schema: Option<String>,
    /// Name without the schema.
    pub name: String,
}

/// What a statement does to names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Naming {
    /// A relation of this name is new: no catalog need show it.
    Makes(Name),
    /// A relation is called otherwise.
    Renames {
        /// As before.
        from: Name,
        /// As afterwards.
        to: Name,
    },
    /// A schema is called otherwise.
    RenamesSchema {
        /// As before.
        from: String,
        /// As afterwards.
        to: String,
    },
    /// A view reads something.
    Leads {
        /// The view.
        from: Name,
        /// What it reads.
        to: Name,
    },
    /// A table is a part of another: a partition or child.
    IsPart {
        /// The part.
        part: Name,
        /// What it is a part of.
        of: Name,
    },
    /// A function that is made takes it for a temporary table of whoever calls it.
    Takes(Name),
    /// Something else than a relation gets a name that is taken for one of PostgreSQL's, or is a collation.
    Coins(String),
    /// What is cast to this type, a function computes from now on.
    Casts(Name),
    /// A type is called otherwise, or a domain is of another type: what is cast to `to` is cast as if to `from`.
    LeadsType {
        /// As before, or what the domain is of.
        from: Name,
        /// As afterwards, or the domain.
        to: Name,
    },
}

/// Adds what the statement in `tree`, and each within it, does to names.
pub(crate) fn look(tree: &Tree, statement: &mut Statement) {
    statement.names.extend(namings(tree));
    statement.coined.extend(new_name(tree).map(str::to_owned));
    statement.coined.extend(stand_ins(tree).map(str::to_owned));
    tree.nodes().for_each(|node| look(node, statement));
}

/// What a statement calls something from now on, but for relations that it makes.
fn new_name(tree: &Tree) -> Option<&str> {
    match tree.kind {
        "CreateDomainStmt" => tree.name("domainname").pop(),
        "CreateFunctionStmt" => tree.name("funcname").pop(),
        "CreateOpClassStmt" => tree.name("opclassname").pop(),
        "CreateRangeStmt" => tree.name("type_name").pop(),
        "DefineStmt" => tree.name("defnames").pop(),
        "RenameStmt" => Some(tree.text("newname")),
        _ => None,
    }
}

/// The operators that the planner takes one for from now on: what negates it or commutes it. Each of both can stand in the other's place.
fn stand_ins(tree: &Tree) -> impl Iterator<Item = &str> {
    let options = match tree.kind {
        "AlterOperatorStmt" => Some("options"),
        "DefineStmt" if tree.number("kind") == ObjectType::ObjectOperator as i64 => Some("definition"),
        _ => None,
    };
    let options = options.into_iter().flat_map(move |field| tree.all(field));
    // PostgreSQL takes these names in small letters alone, and leaves out others.
    let linked = options.filter(|option| matches!(option.text("defname"), "negator" | "commutator"));
    let linked = linked.filter_map(|option| option.one("arg")).filter_map(|other| other.name("items").pop());
    let own = tree.one("opername").filter(|_| tree.kind == "AlterOperatorStmt");
    linked.chain(own.and_then(|own| own.name("objname").pop()))
}

fn namings(tree: &Tree) -> Vec<Naming> {
    match tree.kind {
        "CreateStmt" => {
            let Some(own) = tree.one("relation").map(name) else { return Vec::new() };
            let parents = tree.all("inh_relations").filter(|of| of.kind == "RangeVar");
            let parents = parents.map(|of| Naming::IsPart { part: own.clone(), of: name(of) });
            std::iter::once(Naming::Makes(own.clone())).chain(parents).collect()
        }
        "CreateTableAsStmt" => {
            let own = tree.one("into").and_then(|into| into.one("rel")).map(name);
            let is_view = tree.number("objtype") == ObjectType::ObjectMatview as i64;
            own.map(|own| view(own, tree.one("query").filter(|_| is_view))).unwrap_or_default()
        }
        "ViewStmt" => tree.one("view").map(|own| view(name(own), tree.one("query"))).unwrap_or_default(),
        // Only that of a view reads.
        "RuleStmt" if tree.number("event") == CmdType::CmdSelect as i64 => {
            let own = tree.one("relation").map(name);
            own.map(|own| tree.all("actions").flat_map(|read| view(own.clone(), Some(read))).collect())
                .unwrap_or_default()
        }
        "CreateCastStmt" if tree.has(&["func"]) => tree
            .one("targettype")
            .and_then(|to| dotted(to.name("names")))
            .map(Naming::Casts)
            .into_iter()
            .collect(),
        "CreateDomainStmt" => {
            let from = tree.one("type_name").and_then(|of| dotted(of.name("names")));
            let leads = leads_type(from, dotted(tree.name("domainname")));
            leads.into_iter().chain(coined(tree, "domainname")).collect()
        }
        "RenameStmt" if is_type(tree.number("rename_type")) => {
            let from = tree.one("object").and_then(|object| dotted(object.name("items")));
            let new =
                |from: &Name| Name { schema: from.schema.clone(), name: tree.text("newname").to_owned() };
            let to = from.as_ref().map(new);
            leads_type(from, to).into_iter().chain(renamed(tree)).collect()
        }
        "RenameStmt" => renamed(tree).into_iter().collect(),
        "CreateEnumStmt" | "CreateRangeStmt" => coined(tree, "type_name"),
        "CreateFunctionStmt" => coined(tree, "funcname"),
        "DefineStmt" => coined(tree, "defnames"),
        "AlterObjectSchemaStmt" => {
            let moved = tree.one("relation").map(name).map(|from| {
                let to = Name { schema: Some(tree.text("newschema").to_owned()), name: from.name.clone() };
                Naming::Renames { from, to }
            });
            moved.into_iter().collect()
        }
        "AlterTableStmt" => {
            let Some(own) = tree.one("relation").map(name) else { return Vec::new() };
            tree.all("cmds").flat_map(|command| altered(&own, command)).collect()
        }
        _ => Vec::new(),
    }
}

/// What is made that is no relation.
fn coined(tree: &Tree, field: &'static str) -> Vec<Naming> {
    let is_collation = tree.number("kind") == ObjectType::ObjectCollation as i64;
    let name = tree.name(field).pop().filter(|name| is_collation || is_trusted(name));
    name.map(|name| Naming::Coins(name.to_owned())).into_iter().collect()
}

fn is_type(kind: i64) -> bool {
    [ObjectType::ObjectDomain, ObjectType::ObjectType].iter().any(|of| *of as i64 == kind)
}

fn leads_type(from: Option<Name>, to: Option<Name>) -> Option<Naming> {
    Some(Naming::LeadsType { from: from?, to: to? })
}

/// What a dotted name is.
fn dotted(mut parts: Vec<&str>) -> Option<Name> {
    let name = parts.pop()?.to_owned();
    Some(Name { schema: parts.pop().map(str::to_owned), name })
}

/// A view, and what it reads: also common table expressions, which are not told from relations here.
fn view(own: Name, query: Option<&Tree>) -> Vec<Naming> {
    let mut read = Vec::new();
    query.into_iter().for_each(|query| relations(query, &mut read));
    let leads = read.into_iter().map(|to| Naming::Leads { from: own.clone(), to });
    std::iter::once(Naming::Makes(own.clone())).chain(leads).collect()
}

fn relations(tree: &Tree, found: &mut Vec<Name>) {
    if tree.kind == "RangeVar" {
        found.push(name(tree));
    }
    tree.nodes().for_each(|node| relations(node, found));
}

fn renamed(tree: &Tree) -> Option<Naming> {
    let kind = ObjectType::try_from(i32::try_from(tree.number("rename_type")).ok()?).ok()?;
    let new = tree.text("newname").to_owned();
    match kind {
        ObjectType::ObjectSchema => {
            Some(Naming::RenamesSchema { from: tree.text("subname").to_owned(), to: new })
        }
        // These are something of a relation.
        ObjectType::ObjectAttribute
        | ObjectType::ObjectColumn
        | ObjectType::ObjectPolicy
        | ObjectType::ObjectRule
        | ObjectType::ObjectTabconstraint
        | ObjectType::ObjectTrigger => None,
        ObjectType::ObjectAggregate
        | ObjectType::ObjectCollation
        | ObjectType::ObjectDomain
        | ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectType => Some(Naming::Coins(new)),
        // ALTER INDEX renames tables too (tablecmds.c, `RangeVarCallbackForAlterRelation`).
        _ => {
            let from = name(tree.one("relation")?);
            let to = Name { schema: from.schema.clone(), name: new };
            Some(Naming::Renames { from, to })
        }
    }
}

/// What becomes a part of another by ALTER TABLE.
fn altered(own: &Name, command: &Tree) -> Vec<Naming> {
    let kind = i32::try_from(command.number("subtype")).map(AlterTableType::try_from);
    let def = command.one("def");
    let (part, of) = match (kind, def) {
        (Ok(Ok(AlterTableType::AtAddInherit)), Some(parent)) => (own.clone(), name(parent)),
        (Ok(Ok(AlterTableType::AtAttachPartition)), Some(def)) => match def.one("name") {
            Some(part) => (name(part), own.clone()),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    vec![Naming::IsPart { part, of }]
}

/// How a relation is named.
pub(crate) fn name(relation: &Tree) -> Name {
    let schema = relation.text("schemaname");
    Name {
        schema: (!schema.is_empty()).then(|| schema.to_owned()),
        name: relation.text("relname").to_owned(),
    }
}
