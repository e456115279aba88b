//! What a definition names besides the relations in its own grammar: schemas, things within them, and relations behind a trigger,
//! a comment or a label, columns that are altered. A second look at definitions and grants; it tells nothing of reads and writes.

use pg_query::protobuf::{GrantTargetType, ObjectType, PublicationObjSpecType, ReindexObjectType};

use crate::builtin;
use crate::facts::{Effect, Object, Statement};
use crate::system;
use crate::tree::Tree;

/// Kinds of statements that name such, and in which field the dotted name is where it is no more than that.
const KINDS: [(&str, &str); 45] = [
    ("AlterCollationStmt", "collname"),
    ("AlterDefaultPrivilegesStmt", ""),
    ("AlterDomainStmt", "type_name"),
    ("AlterEnumStmt", "type_name"),
    ("AlterExtensionContentsStmt", ""),
    ("AlterFunctionStmt", ""),
    ("AlterObjectDependsStmt", ""),
    ("AlterObjectSchemaStmt", ""),
    ("AlterOpFamilyStmt", "opfamilyname"),
    ("AlterOperatorStmt", ""),
    ("AlterOwnerStmt", ""),
    ("AlterPublicationStmt", ""),
    ("AlterStatsStmt", "defnames"),
    ("AlterTableMoveAllStmt", ""),
    ("AlterTableStmt", ""),
    ("AlterTsConfigurationStmt", "cfgname"),
    ("AlterTsDictionaryStmt", "dictname"),
    ("AlterTypeStmt", "type_name"),
    ("ClusterStmt", ""),
    ("CommentStmt", ""),
    ("CreateCastStmt", ""),
    ("CreateConversionStmt", "conversion_name"),
    ("CreateDomainStmt", "domainname"),
    ("CreateEnumStmt", "type_name"),
    ("CreateExtensionStmt", ""),
    ("CreateFunctionStmt", "funcname"),
    ("CreateOpClassStmt", "opclassname"),
    ("CreateOpFamilyStmt", "opfamilyname"),
    ("CreatePublicationStmt", ""),
    ("CreateRangeStmt", "type_name"),
    ("CreateSchemaStmt", ""),
    ("CreateStatsStmt", "defnames"),
    ("CreateTrigStmt", ""),
    ("DefineStmt", "defnames"),
    ("DropOwnedStmt", ""),
    ("DropStmt", ""),
    ("GrantStmt", ""),
    ("ImportForeignSchemaStmt", ""),
    ("ReassignOwnedStmt", ""),
    ("ReindexStmt", ""),
    ("RenameStmt", ""),
    ("RuleStmt", ""),
    ("SecLabelStmt", ""),
    ("VacuumStmt", ""),
    ("ViewStmt", ""),
];

/// Those that make or change what they name.
pub(crate) const CHANGING: [&str; 30] = [
    "AlterDomainStmt",
    "AlterEnumStmt",
    "AlterFunctionStmt",
    "AlterObjectSchemaStmt",
    "AlterOpFamilyStmt",
    "AlterOperatorStmt",
    "AlterTableStmt",
    "AlterTsConfigurationStmt",
    "AlterTsDictionaryStmt",
    "AlterTypeStmt",
    "CompositeTypeStmt",
    "CreateCastStmt",
    "CreateConversionStmt",
    "CreateDomainStmt",
    "CreateEnumStmt",
    "CreateFunctionStmt",
    "CreateOpClassStmt",
    "CreateOpFamilyStmt",
    "CreatePolicyStmt",
    "CreateRangeStmt",
    "CreateSeqStmt",
    "CreateStatsStmt",
    "CreateStmt",
    "CreateTrigStmt",
    "DefineStmt",
    "IndexStmt",
    "IntoClause",
    "RenameStmt",
    "RuleStmt",
    "ViewStmt",
];

/// Fields in which one of those has a relation.
const RELATIONS: [&str; 6] = ["rel", "relation", "sequence", "table", "typevar", "view"];

/// Whether statements of this kind deserve the look.
pub(crate) fn are_named_by(kind: &str) -> bool {
    KINDS.binary_search_by(|(known, _)| (*known).cmp(kind)).is_ok()
}

/// Adds what the definition in `tree`, and each within it, names.
pub(crate) fn look(tree: &Tree, statement: &mut Statement) {
    let mut found = Vec::new();
    if tree.kind == "CreateExtensionStmt" {
        statement.ensure(tree);
    }
    if let Ok(at) = KINDS.binary_search_by(|(known, _)| (*known).cmp(tree.kind)) {
        match KINDS.get(at) {
            Some((_, "")) => named(tree, &mut found),
            Some((_, field)) => found.push(within(&tree.name(field))),
            None => {}
        }
    }
    let is_own = || match tree.kind {
        // It needs both: a cast from or to a type of somebody's own is that one's.
        "CreateCastStmt" => casts_builtin(tree),
        _ => found.iter().any(is_system) || has_system_relation(tree) || alters_builtin(tree),
    };
    if CHANGING.contains(&tree.kind) && is_own() {
        statement.add(Effect::AlterCatalog);
    }
    for object in found {
        if !statement.objects.contains(&object) {
            statement.objects.push(object);
        }
    }
    tree.nodes().for_each(|node| look(node, statement));
}

/// Whether something is PostgreSQL's own by its schema.
fn is_system(object: &Object) -> bool {
    match object {
        Object::Schema(schema) | Object::Relation { schema: Some(schema), .. } => {
            system::SCHEMAS.contains(&schema.as_str())
        }
        Object::Relation { schema: None, .. } | Object::Column(_) | Object::Anywhere => false,
    }
}

fn has_system_relation(tree: &Tree) -> bool {
    let relations = RELATIONS.into_iter().filter_map(|field| tree.one(field));
    relations.into_iter().any(|relation| system::SCHEMAS.contains(&relation.text("schemaname")))
}

/// Whether it changes what PostgreSQL comes with by a name without a schema.
fn alters_builtin(tree: &Tree) -> bool {
    let is_called =
        |kind: &str, field| matches!(&tree.name(field)[..], [name] if builtin::is_called(kind, name));
    let takes = |kind: &str, field| {
        let object = tree.one(field);
        object
            .is_some_and(|object| matches!(&parts(object)[..], [name] if builtin::takes(kind, name, object)))
    };
    let is_of_kind = |field| tree.one("object").is_some_and(|object| is_builtin(tree.number(field), object));
    let is_relation = || {
        let relation = tree.one("relation").filter(|relation| !relation.has(&["schemaname"]));
        relation
            .map(|relation| relation.text("relname"))
            .is_some_and(|name| builtin::is_called("relation", name) || system::is_information(name))
    };
    match tree.kind {
        "AlterDomainStmt" | "AlterTypeStmt" => is_called("type", "type_name"),
        "AlterFunctionStmt" => takes("function", "func"),
        "AlterObjectSchemaStmt" => is_relation() || is_of_kind("object_type"),
        "AlterOpFamilyStmt" => is_called("opfamily", "opfamilyname"),
        "AlterOperatorStmt" => takes("operator", "opername"),
        "AlterTableStmt" | "CreatePolicyStmt" | "CreateTrigStmt" | "IndexStmt" | "RuleStmt" => is_relation(),
        "AlterTsConfigurationStmt" => is_called("ts_configuration", "cfgname"),
        "AlterTsDictionaryStmt" => is_called("ts_dictionary", "dictname"),
        "RenameStmt" => is_relation() || is_of_kind("rename_type"),
        _ => false,
    }
}

/// Whether it is a cast between types that PostgreSQL comes with, which statements of others use without naming it.
fn casts_builtin(tree: &Tree) -> bool {
    let is_builtin = |field| {
        tree.one(field).is_some_and(|of| match of.name("names").as_slice() {
            [name] => builtin::is_called("type", name),
            [schema, _] => system::SCHEMAS.contains(schema),
            _ => false,
        })
    };
    is_builtin("sourcetype") && is_builtin("targettype")
}

/// Whether an object of this kind, by a name without a schema, is one that PostgreSQL comes with.
fn is_builtin(kind: i64, object: &Tree) -> bool {
    let Some(kind) = i32::try_from(kind).ok().and_then(|kind| ObjectType::try_from(kind).ok()) else {
        return false;
    };
    let word = match kind {
        ObjectType::ObjectAggregate
        | ObjectType::ObjectFunction
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine => "function",
        ObjectType::ObjectCollation => "collation",
        ObjectType::ObjectConversion => "conversion",
        ObjectType::ObjectDomain | ObjectType::ObjectDomconstraint | ObjectType::ObjectType => "type",
        ObjectType::ObjectOpclass => "opclass",
        ObjectType::ObjectOperator => "operator",
        ObjectType::ObjectOpfamily => "opfamily",
        ObjectType::ObjectTsconfiguration => "ts_configuration",
        ObjectType::ObjectTsdictionary => "ts_dictionary",
        ObjectType::ObjectTsparser => "ts_parser",
        ObjectType::ObjectTstemplate => "ts_template",
        _ => return false,
    };
    let parts = parts(object);
    match (kind, parts.as_slice()) {
        (ObjectType::ObjectDomconstraint, _) => {
            let of = object.nodes().map(self::parts).find(|of| !of.is_empty());
            matches!(of.as_deref(), Some([name]) if builtin::is_called(word, name))
        }
        // The first part is an access method.
        (ObjectType::ObjectOpclass | ObjectType::ObjectOpfamily, [_, name]) => builtin::is_called(word, name),
        (ObjectType::ObjectOpclass | ObjectType::ObjectOpfamily, _) => false,
        (_, [name]) if object.kind == "ObjectWithArgs" => builtin::takes(word, name, object),
        (_, [name]) => builtin::is_called(word, name),
        _ => false,
    }
}

fn named(tree: &Tree, found: &mut Vec<Object>) {
    match tree.kind {
        "AlterTableStmt" => {
            let names = tree.all("cmds").map(|command| command.text("name"));
            found.extend(names.filter(|name| !name.is_empty()).map(|name| Object::Column(name.to_owned())));
        }
        "DropStmt" => {
            let kind = tree.number("remove_type");
            tree.all("objects").for_each(|object| of_kind(kind, object, found));
            // What depends on it can be anywhere, and what an extension holds.
            if cascades(tree) || kind == ObjectType::ObjectExtension as i64 {
                found.push(Object::Anywhere);
            }
        }
        "CommentStmt" | "SecLabelStmt" | "AlterExtensionContentsStmt" => {
            tree.one("object").into_iter().for_each(|object| of_kind(tree.number("objtype"), object, found));
        }
        "AlterOwnerStmt" | "AlterObjectDependsStmt" | "AlterObjectSchemaStmt" => {
            let kind = tree.number("object_type");
            tree.one("object").into_iter().for_each(|object| of_kind(kind, object, found));
            found.extend(schema(tree.text("newschema")));
        }
        "RenameStmt" => {
            let kind = tree.number("rename_type");
            tree.one("object").into_iter().for_each(|object| of_kind(kind, object, found));
            if kind == ObjectType::ObjectColumn as i64 {
                found.push(Object::Column(tree.text("subname").to_owned()));
            }
            if kind == ObjectType::ObjectSchema as i64 {
                found.extend([tree.text("subname"), tree.text("newname")].into_iter().flat_map(schema));
            }
        }
        "GrantStmt" => {
            let in_schemas = tree.number("targtype") == GrantTargetType::AclTargetAllInSchema as i64;
            let kind = if in_schemas { ObjectType::ObjectSchema as i64 } else { tree.number("objtype") };
            tree.all("objects").for_each(|object| of_kind(kind, object, found));
            let columns = tree.all("privileges").flat_map(|privilege| privilege.name("cols"));
            found.extend(columns.map(|name| Object::Column(name.to_owned())));
        }
        "AlterDefaultPrivilegesStmt" => {
            let options = tree.all("options").filter(|option| option.text("defname") == "schemas");
            let schemas: Vec<_> =
                options.flat_map(|option| option.one("arg").into_iter().flat_map(parts)).collect();
            match schemas.is_empty() {
                true => found.push(Object::Anywhere),
                false => found.extend(schemas.into_iter().flat_map(schema)),
            }
        }
        "CreateSchemaStmt" => {
            let role = tree.one("authrole").map(|role| role.text("rolename")).unwrap_or_default();
            let name = Some(tree.text("schemaname")).filter(|name| !name.is_empty()).unwrap_or(role);
            found.push(schema(name).unwrap_or(Object::Anywhere));
        }
        "CreateExtensionStmt" => {
            let mut options = tree.all("options").filter(|option| option.text("defname") == "schema");
            let name = options.next().and_then(|option| option.one("arg")).map(|arg| arg.text("sval"));
            found.push(schema(name.unwrap_or_default()).unwrap_or(Object::Anywhere));
        }
        "ImportForeignSchemaStmt" => found.extend(schema(tree.text("local_schema"))),
        "AlterFunctionStmt" => found.extend(tree.one("func").map(|function| within(&parts(function)))),
        "AlterOperatorStmt" => found.extend(tree.one("opername").map(|operator| within(&parts(operator)))),
        "CreateCastStmt" => {
            let types = [tree.one("sourcetype"), tree.one("targettype")].into_iter().flatten();
            found.extend(types.map(|of| within(&parts(of))));
        }
        "ReindexStmt" => {
            match ReindexObjectType::try_from(i32::try_from(tree.number("kind")).unwrap_or_default()) {
                Ok(ReindexObjectType::ReindexObjectIndex | ReindexObjectType::ReindexObjectTable) => {}
                Ok(ReindexObjectType::ReindexObjectSchema) => found.extend(schema(tree.text("name"))),
                _ => found.push(Object::Anywhere),
            }
        }
        "CreatePublicationStmt" | "AlterPublicationStmt" => {
            if tree.number("for_all_tables") != 0 {
                found.push(Object::Anywhere);
            }
            for object in tree.all("pubobjects") {
                match object.number("pubobjtype") {
                    kind if kind == PublicationObjSpecType::PublicationobjTablesInCurSchema as i64 => {
                        found.push(Object::Anywhere);
                    }
                    _ => found.extend(schema(object.text("name"))),
                }
            }
        }
        "VacuumStmt" if !tree.has(&["rels"]) => found.push(Object::Anywhere),
        "ClusterStmt" if !tree.has(&["relation"]) => found.push(Object::Anywhere),
        "AlterTableMoveAllStmt" | "DropOwnedStmt" | "ReassignOwnedStmt" => found.push(Object::Anywhere),
        _ => {}
    }
}

/// What a name means of an object of this kind.
fn of_kind(kind: i64, object: &Tree, found: &mut Vec<Object>) {
    let Some(kind) = i32::try_from(kind).ok().and_then(|kind| ObjectType::try_from(kind).ok()) else {
        return;
    };
    // The grammar has it as a relation, which is known as one already.
    if object.kind == "RangeVar" {
        return;
    }
    let parts = parts(object);
    match kind {
        ObjectType::ObjectSchema => found.extend(parts.last().and_then(|name| schema(name))),
        ObjectType::ObjectForeignTable
        | ObjectType::ObjectIndex
        | ObjectType::ObjectMatview
        | ObjectType::ObjectSequence
        | ObjectType::ObjectTable
        | ObjectType::ObjectView => found.extend(relation(&parts)),
        ObjectType::ObjectColumn
        | ObjectType::ObjectPolicy
        | ObjectType::ObjectRule
        | ObjectType::ObjectTabconstraint
        | ObjectType::ObjectTrigger => {
            found.extend(parts.split_last().and_then(|(_, table)| relation(table)));
            let column = parts.last().filter(|_| kind == ObjectType::ObjectColumn);
            found.extend(column.map(|name| Object::Column((*name).to_owned())));
        }
        // The first part is an access method.
        ObjectType::ObjectOpclass | ObjectType::ObjectOpfamily => {
            found.push(within(parts.get(1..).unwrap_or_default()));
        }
        ObjectType::ObjectCast | ObjectType::ObjectDomconstraint | ObjectType::ObjectTransform => {
            let types = object.nodes().filter(|node| node.kind == "TypeName");
            found.extend(types.map(|of| within(&self::parts(of))));
        }
        ObjectType::ObjectAggregate
        | ObjectType::ObjectCollation
        | ObjectType::ObjectConversion
        | ObjectType::ObjectDomain
        | ObjectType::ObjectFunction
        | ObjectType::ObjectOperator
        | ObjectType::ObjectProcedure
        | ObjectType::ObjectRoutine
        | ObjectType::ObjectStatisticExt
        | ObjectType::ObjectTsconfiguration
        | ObjectType::ObjectTsdictionary
        | ObjectType::ObjectTsparser
        | ObjectType::ObjectTstemplate
        | ObjectType::ObjectType => found.push(within(&parts)),
        _ => {}
    }
}

fn cascades(tree: &Tree) -> bool {
    tree.number("behavior") == pg_query::protobuf::DropBehavior::DropCascade as i64
}

/// The parts of a dotted name, whatever it is wrapped in.
fn parts(object: &Tree) -> Vec<&str> {
    match object.kind {
        "String" => vec![object.text("sval")],
        "List" => object.name("items"),
        "TypeName" => object.name("names"),
        "ObjectWithArgs" => object.name("objname"),
        _ => Vec::new(),
    }
}

fn schema(name: &str) -> Option<Object> {
    (!name.is_empty()).then(|| Object::Schema(name.to_owned()))
}

fn relation(parts: &[&str]) -> Option<Object> {
    let (name, before) = parts.split_last()?;
    let schema = before.last().map(|schema| (*schema).to_owned());
    Some(Object::Relation { schema, name: (*name).to_owned() })
}

/// Something in the schema that its name gives, or in whichever the search path has.
fn within(parts: &[&str]) -> Object {
    match parts {
        [.., schema, _] => Object::Schema((*schema).to_owned()),
        _ => Object::Anywhere,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_because_they_are_in_order() {
        assert!(KINDS.is_sorted_by(|(one, _), (next, _)| one < next));
        assert!(are_named_by("CommentStmt") && !are_named_by("SelectStmt"));
    }
}
