//! Turns the visited nodes of one statement into its facts. Of writes and definitions more is known from a second look (`writes`,
//! `definitions`).

use std::collections::{BTreeSet, HashMap, HashSet};

use pg_query::ParseResult;
use pg_query::protobuf::{
    AlterTableType, CmdType, DiscardMode, DropBehavior, ObjectType, OnCommitAction, OnConflictAction,
    TransactionStmtKind, VariableSetKind,
};
use serde::Serialize;

use crate::body::{self, Part};
use crate::ctes;
use crate::definitions;
use crate::facts::{
    Access, ColumnUse, Effect, Forgets, Makes, NewWord, RelationUse, Runs, Setting, Statement, Write,
};
use crate::handing;
use crate::landing;
use crate::lineage;
use crate::names::{self, Name};
use crate::objects;
use crate::scope::Scope;
use crate::search_path::SEARCH_PATH;
use crate::setting::{joined, setting_name};
use crate::temporary;
use crate::tree::Tree;
use crate::walk::{Visit, WalkError, walk};
use crate::within::Own;
use crate::writes;

/// Of DECLARE: WITH HOLD (parsenodes.h, CURSOR_OPT_HOLD).
const CURSOR_HOLDS: i64 = 0x0020;

/// What can be the session's own by its schema alone, and is no relation that rows are read of.
const OWN: [ObjectType; 10] = [
    ObjectType::ObjectAggregate,
    ObjectType::ObjectCollation,
    ObjectType::ObjectDomain,
    ObjectType::ObjectFunction,
    ObjectType::ObjectIndex,
    ObjectType::ObjectOperator,
    ObjectType::ObjectProcedure,
    ObjectType::ObjectRoutine,
    ObjectType::ObjectSequence,
    ObjectType::ObjectType,
];

/// Functions that read a cursor by its name.
const READ_CURSORS: [&str; 2] = ["cursor_to_xml", "cursor_to_xmlschema"];

/// A constant of type boolean, in the field `command` of its node and of the call that has it for its last argument.
const FALSE: i64 = 1;
const TRUE: i64 = 2;

/// How many bodies are read of which each makes the next.
const BODIES_MAX: usize = 3;

/// Gathers facts while the tree of one statement is walked.
#[derive(Default)]
pub(crate) struct Collector {
    statement: Statement,
    columns: HashSet<ColumnUse>,
    functions: HashSet<String>,
    operators: HashSet<String>,
    types: HashSet<String>,
    targets: HashSet<Write>,
    assigned: HashSet<String>,
    /// Where each stands in `statement.relations`, as it was when it came.
    relations: HashMap<RelationUse, usize>,
    /// Where what each mention of a relation means stands there, in the order of the text.
    mentions: Vec<usize>,
    open: Vec<Open>,
    /// Of the body that is read.
    variables: BTreeSet<String>,
    /// Around the statement of it that is read.
    scope: Scope,
    /// Tables that it has made for itself, where that can be told.
    own: Option<Own>,
    /// More of it must be known.
    defines: bool,
    gives_names: bool,
    names: bool,
    writes: bool,
}

/// A node that has begun and not ended.
#[derive(Default)]
struct Open {
    kind: &'static str,
    field: &'static str,
    /// Texts directly below: parts of a name, a constant.
    parts: Vec<String>,
    schema: String,
    alias: String,
    /// Constant arguments, in order; `None` for what is computed.
    arguments: Vec<Option<String>>,
    /// Dotted names in a list below: what a DROP names.
    names: Vec<Vec<String>>,
    /// Name of an option, and what was gathered from the options `language` and `as` of a function.
    option: String,
    language: String,
    body: Option<String>,
    /// Names of a function's parameters.
    parameters: Vec<String>,
    star: bool,
    has_columns: bool,
    /// Of a relation or join: its columns have other names, or are not named where they are meant.
    renames: bool,
    /// How many mentions of relations there were when it began, and which of them is its target.
    begins: usize,
    own: Option<usize>,
    cascades: bool,
    code: i64,
    command: i64,
}

impl Collector {
    /// What is known of the statement that was walked, `raw`.
    pub(crate) fn finish(mut self, raw: &impl Serialize) -> Result<Statement, WalkError> {
        // A definition that names it does not say of which setting.
        if self.functions.contains("set_config") && self.statement.settings.is_empty() {
            self.effect(Effect::Set);
            self.statement.settings.push(Setting::default());
        }
        if READ_CURSORS.iter().any(|name| self.functions.contains(*name)) {
            self.runs(Runs::AnyCursor);
        }
        self.look_again(raw)?;
        self.statement.know_own_paths();
        Ok(self.statement)
    }

    fn look_again(&mut self, raw: &impl Serialize) -> Result<(), WalkError> {
        let hands = !self.functions.is_empty() && (!self.columns.is_empty() || !self.open.is_empty());
        // What stands in a body has a scope of its own.
        let is_body = |effect: &Effect| matches!(effect, Effect::Do | Effect::Other("CreateFunctionStmt"));
        let has_ctes = self.open.is_empty()
            && !self.statement.ctes.is_empty()
            && !self.statement.effects.iter().any(is_body);
        let numbers = lineage::ASKING.iter().any(|name| self.functions.contains(*name));
        if self.defines || self.gives_names || self.names || self.writes || hands || has_ctes || numbers {
            let tree = Tree::of(raw)?;
            self.statement.picks_sequence |= numbers && lineage::picks_sequence(&tree);
            if has_ctes {
                self.statement.only_ctes = ctes::only_ctes(&tree);
            }
            if hands {
                handing::look(&tree, (&self.variables, &self.scope), &mut self.statement);
            }
            if self.writes {
                writes::look(&tree, (&self.variables, &self.scope), &mut self.statement);
            }
            if self.defines {
                definitions::look(&tree, &mut self.statement);
            }
            if self.names {
                objects::look(&tree, &mut self.statement);
                landing::look(&tree, !self.open.is_empty(), &mut self.statement);
            }
            if self.gives_names {
                names::look(&tree, &mut self.statement);
                self.statement.names_within |= !self.open.is_empty() && !self.statement.names.is_empty();
            }
        }
        Ok(())
    }

    fn effect(&mut self, effect: Effect) {
        self.statement.add(effect);
    }

    fn runs(&mut self, runs: Runs) {
        if !self.statement.runs.contains(&runs) {
            self.statement.runs.push(runs);
        }
    }

    /// Commands about prepared statements and cursors. Within another one, such as a body, it runs who knows when.
    fn name_in_sql(&mut self, node: Open) {
        let name = node.parts.into_iter().next();
        let forgets = match node.kind {
            "ExecuteStmt" => return self.runs(Runs::Prepared(name.unwrap_or_default())),
            "FetchStmt" => return self.runs(Runs::Cursor(name.unwrap_or_default())),
            _ if !self.open.is_empty() => {
                self.statement.meddles |= !self.open.iter().any(|outer| outer.kind == "ExplainStmt");
                return;
            }
            "PrepareStmt" => {
                self.statement.makes = name.map(Makes::Prepared);
                return;
            }
            "DeclareCursorStmt" => {
                let name = name.unwrap_or_default();
                let holds = node.code & CURSOR_HOLDS != 0;
                self.statement.makes = Some(Makes::Cursor { name: name.clone(), holds });
                Forgets::Portal(name)
            }
            "DeallocateStmt" => name.map_or(Forgets::All, Forgets::Statement),
            _ => name.map_or(Forgets::Portals, Forgets::Portal),
        };
        self.statement.forgets.push(forgets);
    }

    fn column(&mut self, mut parts: Vec<String>, star: bool) {
        let name = if star { None } else { parts.pop() };
        if star || name.is_some() {
            self.names_column(ColumnUse { qualifier: parts, name, is_target: false });
        }
    }

    /// A column is given a value.
    fn target(&mut self, mut parts: Vec<String>) {
        if let Some(name) = parts.pop() {
            self.names_column(ColumnUse { qualifier: parts, name: Some(name), is_target: true });
        }
    }

    fn names_column(&mut self, column: ColumnUse) {
        if self.columns.insert(column.clone()) {
            self.statement.columns.push(column);
        }
    }

    fn relation(&mut self, schema: String, name: String, alias: String, access: Access, whole: bool) {
        let relation = RelationUse {
            schema: (!schema.is_empty()).then_some(schema),
            name,
            alias: (!alias.is_empty()).then_some(alias),
            access,
            whole,
        };
        let next = self.statement.relations.len();
        let index = *self.relations.entry(relation.clone()).or_insert(next);
        if index == next {
            self.statement.relations.push(relation);
        }
        self.mentions.push(index);
    }

    /// Rows of what a mention means are written.
    fn write(&mut self, effect: Effect, mention: Option<usize>) {
        let target = mention.and_then(|mention| self.statement.relations.get(mention));
        let Some(RelationUse { schema, name, .. }) = target else { return };
        let write = Write { effect, schema: schema.clone(), name: name.clone() };
        if self.targets.insert(write.clone()) {
            self.statement.writes.push(write);
        }
    }

    /// A column gets a value: in an INSERT of a new row, elsewhere perhaps of one that is there.
    fn assign(&mut self, node: &Open) {
        let is_update = self.open.last().is_some_and(|parent| parent.kind != "InsertStmt");
        if let Some(name) = node.parts.last().filter(|_| is_update)
            && self.assigned.insert(name.clone())
        {
            self.statement.assigned.push(name.clone());
        }
    }

    /// The statement means all columns of these relations.
    fn mean_all(&mut self, mentions: impl Iterator<Item = usize>) {
        for mention in mentions {
            if let Some(relation) = self.statement.relations.get_mut(mention) {
                relation.whole = true;
            }
        }
    }

    /// A command begins. Only what is known from its kind alone is told here.
    fn command(&mut self, kind: &'static str) {
        self.defines |= definitions::KINDS.contains(&kind);
        self.gives_names |= names::KINDS.contains(&kind);
        self.names |= objects::are_named_by(kind) || objects::CHANGING.contains(&kind);
        self.writes |= writes::KINDS.contains(&kind);
        match kind {
            "InsertStmt" => self.effect(Effect::Insert),
            "UpdateStmt" => self.effect(Effect::Update),
            "DeleteStmt" => self.effect(Effect::Delete),
            "MergeStmt" => self.effect(Effect::Merge),
            "TruncateStmt" => self.effect(Effect::Truncate),
            "CreateStmt" | "CreateTableAsStmt" | "IntoClause" => self.effect(Effect::CreateTable),
            "AlterTableStmt" => self.effect(Effect::AlterTable),
            "AlterDomainStmt" => {
                self.statement.changes_type = true;
                self.effect(Effect::Other(kind));
            }
            "AlterSystemStmt" => self.effect(Effect::AlterSystem),
            "AlterDefaultPrivilegesStmt" => self.effect(Effect::AlterDefaultPrivileges),
            "CreateRoleStmt" | "AlterRoleStmt" | "AlterRoleSetStmt" | "DropRoleStmt" => {
                self.effect(Effect::Role)
            }
            "ReassignOwnedStmt" => self.effect(Effect::Reassign),
            "DropOwnedStmt" => self.effect(Effect::DropOwned),
            "DropdbStmt" => self.effect(Effect::DropDatabase),
            "DoStmt" => self.effect(Effect::Do),
            "CallStmt" => self.effect(Effect::Call),
            "PrepareStmt" => self.effect(Effect::Prepare),
            "ExecuteStmt" => self.effect(Effect::Execute),
            "ExplainStmt" => self.effect(Effect::Explain),
            "TransactionStmt" => self.effect(Effect::Transaction),
            "VariableSetStmt" => self.effect(Effect::Set),
            "LockingClause" => self.statement.locks = true,
            "PartitionSpec" => self.statement.partitions = true,
            // The grammar has a DROP of these by itself.
            "DropSubscriptionStmt" | "DropTableSpaceStmt" | "DropUserMappingStmt" => {
                self.effect(Effect::Other(kind));
                self.effect(Effect::Drop);
            }
            "ReturningClause" | "OnConflictClause" => self.statement.returns = true,
            // Known from their fields, when they end.
            "CopyStmt" | "DropStmt" | "GrantStmt" | "GrantRoleStmt" | "RawStmt" | "ReturnStmt" => {}
            "SelectStmt" if self.open.is_empty() => self.effect(Effect::Select),
            // Inside of another statement it reads if it has relations.
            "SelectStmt" => {}
            other if other.ends_with("Stmt") => self.effect(Effect::Other(other)),
            _ => {}
        }
    }

    fn range_var(&mut self, node: Open) {
        let Some(parent) = self.open.last() else { return };
        // FOR UPDATE OF names by its alias what stands in FROM already.
        if parent.kind == "LockingClause" {
            return;
        }
        let read = matches!(
            (parent.kind, parent.field),
            ("SelectStmt" | "UpdateStmt", "from_clause")
                | ("DeleteStmt", "using_clause")
                | ("MergeStmt", "source_relation")
                | ("JoinExpr", "larg" | "rarg")
                | ("RangeTableSample", "relation")
                | ("TableLikeClause", "relation")
        );
        let target = match (parent.kind, parent.field) {
            ("DeleteStmt", "relation") => Some(Effect::Delete),
            ("InsertStmt", "relation") => Some(Effect::Insert),
            ("MergeStmt", "relation") => Some(Effect::Merge),
            ("TruncateStmt", "relations") => Some(Effect::Truncate),
            ("UpdateStmt", "relation") => Some(Effect::Update),
            _ => None,
        };
        let copied = parent.kind == "CopyStmt";
        let written_whole = matches!(parent.kind, "InsertStmt" | "DeleteStmt" | "TruncateStmt") && !read;
        // COPY says its direction after its relation: `copy` turns reading into writing where it must.
        let access = if read || copied { Access::Read } else { Access::Write };
        let name = node.parts.into_iter().next_back().unwrap_or_default();
        let makes = matches!(
            self.open.last().map(|parent| (parent.kind, parent.field)),
            Some(("CreateStmt", "relation") | ("IntoClause", "rel"))
        );
        let is_temporary = node.option == "t" || node.schema == temporary::SCHEMA;
        let is_view =
            self.open.last().is_some_and(|parent| (parent.kind, parent.field) == ("ViewStmt", "view"));
        if (makes || is_view) && is_temporary {
            self.statement.shadows.push(name.clone());
        }
        let foreign = self.open.iter().any(|outer| outer.kind == "CreateForeignTableStmt");
        let in_body = self.open.iter().any(has_body);
        if makes && !foreign && !in_body && is_temporary {
            self.statement.temporary.push(name.clone());
        }
        let is_sequence = self
            .open
            .last()
            .is_some_and(|parent| (parent.kind, parent.field) == ("CreateSeqStmt", "sequence"));
        if (is_view || is_sequence) && !in_body && is_temporary {
            self.statement.scratch.push(name.clone());
        }
        if read {
            self.effect(Effect::Select);
        }
        self.relation(node.schema, name, node.alias, access, copied || written_whole || node.renames);
        if let Some(effect) = target {
            self.write(effect, self.mentions.last().copied());
        }
        if let Some(parent) = self.open.last_mut()
            && matches!((parent.kind, parent.field), ("InsertStmt" | "CopyStmt" | "MergeStmt", "relation"))
        {
            parent.own = self.mentions.last().copied();
        }
    }

    fn copy(&mut self, node: &Open) {
        let inward = node.code == 1;
        self.effect(if inward { Effect::CopyIn } else { Effect::CopyOut });
        match (node.parts.is_empty(), node.command != 0) {
            (true, _) => {}
            (false, true) => self.effect(Effect::ServerProgram),
            (false, false) => self.effect(Effect::ServerFile),
        }
        if inward {
            self.write(Effect::CopyIn, node.own);
            for relation in &mut self.statement.relations {
                if relation.whole {
                    relation.access = Access::Write;
                }
            }
        }
        if node.has_columns {
            self.name_columns(node);
        }
    }

    /// A write lists the columns it means of its target.
    fn name_columns(&mut self, write: &Open) {
        let own = write.own.filter(|own| self.mentions.iter().filter(|mention| *mention == own).count() == 1);
        if let Some(relation) = own.and_then(|own| self.statement.relations.get_mut(own)) {
            relation.whole = false;
        }
    }

    fn drop(&mut self, node: Open) {
        let object = i32::try_from(node.code).ok().and_then(|code| ObjectType::try_from(code).ok());
        let is_own =
            |parts: &Vec<String>| matches!(&parts[..], [.., schema, _] if schema == temporary::SCHEMA);
        let are_own = !node.cascades && !node.names.is_empty() && node.names.iter().all(is_own);
        let is_table = matches!(object, Some(ObjectType::ObjectTable | ObjectType::ObjectForeignTable));
        let relation = match object {
            Some(object) if are_own && OWN.contains(&object) => {
                self.effect(Effect::DropTemporary);
                false
            }
            Some(ObjectType::ObjectTable | ObjectType::ObjectForeignTable) => {
                self.effect(Effect::DropTable);
                // Also with a temporary table can go what lasts: a function, or a column of its row type.
                if node.cascades {
                    self.effect(Effect::DropCascade);
                }
                true
            }
            Some(ObjectType::ObjectSchema) => {
                self.effect(Effect::DropSchema);
                false
            }
            Some(ObjectType::ObjectView | ObjectType::ObjectMatview) => {
                self.effect(Effect::Drop);
                true
            }
            // A partitioned table depends on the functions of its key.
            Some(ObjectType::ObjectFunction | ObjectType::ObjectProcedure | ObjectType::ObjectRoutine) => {
                self.effect(Effect::Drop);
                if node.cascades {
                    self.effect(Effect::DropCascade);
                }
                false
            }
            // Nothing that is a table depends on these.
            Some(
                ObjectType::ObjectIndex
                | ObjectType::ObjectTrigger
                | ObjectType::ObjectRule
                | ObjectType::ObjectPolicy
                | ObjectType::ObjectSequence,
            ) => {
                self.effect(Effect::Drop);
                false
            }
            // Tables can belong to it (ALTER EXTENSION … ADD TABLE), and go with it even without CASCADE.
            Some(ObjectType::ObjectExtension) => {
                self.effect(Effect::DropCascade);
                false
            }
            _ => {
                self.effect(if node.cascades { Effect::DropCascade } else { Effect::Drop });
                false
            }
        };
        if relation {
            for mut parts in node.names {
                let name = parts.pop().unwrap_or_default();
                let schema = parts.pop().unwrap_or_default();
                if is_table {
                    let schema = (!schema.is_empty()).then(|| schema.clone());
                    self.statement.drops.push(Name { schema, name: name.clone() });
                }
                self.relation(schema, name, String::new(), Access::Write, true);
            }
        }
    }

    /// A DROP names this, where one is open.
    fn dropped(&mut self, name: Vec<String>) {
        if let Some(parent) = self.open.last_mut().filter(|parent| parent.kind == "DropStmt") {
            parent.names.push(name);
        }
    }

    /// What an arm of MERGE does. One that inserts means all columns where it names none.
    fn merge_when(&mut self, node: &Open) {
        let command = i32::try_from(node.command).map(CmdType::try_from);
        let inserts = matches!(command, Ok(Ok(CmdType::CmdInsert)));
        let own = self.open.last().and_then(|merge| merge.own);
        match command {
            Ok(Ok(CmdType::CmdDelete)) => self.write(Effect::Delete, own),
            Ok(Ok(CmdType::CmdInsert)) => self.write(Effect::Insert, own),
            Ok(Ok(CmdType::CmdUpdate)) => self.write(Effect::Update, own),
            _ => {}
        }
        if let Some(merge) = self.open.last_mut().filter(|_| inserts && !node.has_columns) {
            let own = merge.own;
            self.mean_all(own.into_iter());
        }
    }

    /// One option of a function: its language, or its body as a text.
    fn option(&mut self, node: Open) {
        // CREATE OPERATOR and AGGREGATE take names of functions also as texts.
        let parent = self.open.last().map(|parent| parent.kind);
        if matches!(parent, Some("DefineStmt" | "AlterOperatorStmt" | "CreateRangeStmt")) {
            let is_linked = matches!(node.option.as_str(), "commutator" | "negator" | "subtype_opclass");
            let lists = node.names.into_iter().filter_map(|mut name| name.pop());
            for name in node.parts.into_iter().chain(lists) {
                // One is put in the other's place.
                if is_linked {
                    self.operator(&name);
                }
                // Whoever calls what is defined changes a setting, and nobody sees which.
                if name == "set_config" {
                    self.effect(Effect::Set);
                    self.statement.settings.push(Setting::default());
                }
                self.called(name);
            }
            return;
        }
        let Some(function) = self.open.last_mut().filter(|parent| has_body(parent)) else { return };
        match node.option.as_str() {
            "language" => function.language = node.parts.into_iter().next().unwrap_or_default(),
            "as" => {
                let texts = node.names.into_iter().flatten().chain(node.parts);
                function.body = Some(texts.collect::<Vec<_>>().join("\n"));
            }
            _ => {}
        }
    }

    /// What the body of a function, or of a DO block, does that is given as a text.
    fn body(&mut self, mut function: Open) {
        let Some(text) = &function.body else { return };
        let (language, opaque) = match function.kind {
            "DoStmt" if function.language.is_empty() => ("plpgsql", Effect::OpaqueDo),
            "DoStmt" => (function.language.as_str(), Effect::OpaqueDo),
            _ => (function.language.as_str(), Effect::OpaqueBody),
        };
        let within = self.open.iter().filter(|outer| has_body(outer)).count();
        let read = if within < BODIES_MAX { body::read(language, text) } else { None };
        let Some(body) = read else { return self.effect(opaque) };
        if body.is_opaque {
            self.effect(opaque);
        }
        for name in body.calls {
            self.called(name);
        }
        body.qualified.into_iter().for_each(|name| self.called_in(name));
        body.operators.into_iter().for_each(|name| self.operator(&name));
        // Of SQL they are read with its statements.
        for (name, value) in body.settings.into_iter().filter(|_| language == "plpgsql") {
            self.effect(Effect::Set);
            // Where things come, it may be by then.
            let value = value.filter(|value| name == SEARCH_PATH && landing::own_path(value).is_some());
            self.statement.settings.push(Setting { name: Some(name), value, ..Setting::default() });
        }
        self.statement.mentions.extend(body.names);
        self.statement.looked_up.extend(body.looked_up);
        self.statement.meddles |= body.meddles;
        let computes = !body.computed.is_empty();
        self.statement.computed.extend(body.computed);
        self.statement.words.extend(body.words);
        self.statement.takes_row |= body.takes_row;
        self.statement.puts.extend(body.puts);
        self.statement.opens = self.statement.opens.max(body.opens);
        self.statement.loops |= body.loops;
        if body.fetches {
            self.runs(Runs::AnyCursor);
        }
        let mut variables = body.variables;
        if !variables.is_empty() {
            variables.extend(std::mem::take(&mut function.parameters));
        }
        for Part { parsed, scope, .. } in &body.asked {
            for raw in &parsed.protobuf.stmts {
                match Tree::of(&raw.stmt) {
                    Ok(tree) => {
                        handing::look(&tree, (&variables, scope), &mut self.statement);
                        self.statement.picks_sequence |= lineage::picks_sequence(&tree);
                    }
                    Err(_) => self.effect(opaque),
                }
            }
        }
        // Texts that it runs could take them away.
        let tells_own = language == "plpgsql" && body.executed.is_empty() && !computes;
        let outer_own = std::mem::replace(&mut self.own, tells_own.then(Own::default));
        self.open.push(function);
        for (statements, variables) in [(body.statements, variables), (body.executed, BTreeSet::new())] {
            let outer = std::mem::replace(&mut self.variables, variables);
            for part in statements {
                if let Some(own) = &mut self.own {
                    own.is_certain = part.begins() < body.certain;
                }
                let Part { parsed, scope, .. } = part;
                let outer = std::mem::replace(&mut self.scope, scope);
                if !self.read_all(&parsed) {
                    self.effect(opaque);
                }
                self.scope = outer;
            }
            self.variables = outer;
        }
        self.own = outer_own;
        self.open.pop();
    }

    /// Takes in statements of a body. Whether all of them could be.
    fn read_all(&mut self, statements: &ParseResult) -> bool {
        let mut raws = statements.protobuf.stmts.iter();
        raws.all(|raw| {
            let before = self.statement.unfiltered.len();
            let read = walk(&raw.stmt, self).and_then(|()| self.look_again(&raw.stmt));
            let tree = self.own.as_ref().map(|_| Tree::of(&raw.stmt)).transpose();
            if let (Some(own), Ok(Some(tree))) = (&mut self.own, &tree) {
                own.note(tree, before, &mut self.statement);
            }
            read.is_ok() && tree.is_ok()
        })
    }

    /// Notes the name of a function.
    fn function(&mut self, node: &Open) {
        if let Some(name) = node.parts.last() {
            self.called(name.clone());
        }
    }

    /// Notes an operator: BETWEEN is two of them.
    fn operator(&mut self, name: &str) {
        if name.contains("BETWEEN") {
            return body::BETWEEN.iter().for_each(|name| self.operator(name));
        }
        if !self.operators.contains(name) {
            self.operators.insert(name.to_owned());
            self.statement.operators.push(name.to_owned());
        }
    }

    fn type_name(&mut self, name: &str) {
        if !self.types.contains(name) {
            self.types.insert(name.to_owned());
            self.statement.types.push(name.to_owned());
        }
    }

    fn called_in(&mut self, name: Name) {
        if !self.statement.qualified.contains(&name) {
            self.statement.qualified.push(name);
        }
    }

    fn called(&mut self, name: String) {
        if self.functions.insert(name.clone()) {
            self.statement.functions.push(name);
        }
    }

    /// What ALTER TABLE does that takes values away, or switches off what else runs when rows are changed or read.
    fn alter_table(&mut self, node: &Open) {
        let subtype = i32::try_from(node.code).ok().and_then(|code| AlterTableType::try_from(code).ok());
        match subtype {
            Some(AlterTableType::AtDropColumn) => self.effect(Effect::DropColumn),
            Some(AlterTableType::AtChangeOwner) => self.effect(Effect::Reassign),
            Some(
                AlterTableType::AtDisableTrig
                | AlterTableType::AtDisableTrigAll
                | AlterTableType::AtDisableTrigUser
                | AlterTableType::AtDisableRule
                | AlterTableType::AtEnableReplicaTrig
                | AlterTableType::AtEnableReplicaRule
                | AlterTableType::AtDisableRowSecurity
                | AlterTableType::AtNoForceRowSecurity,
            ) => self.effect(Effect::DisableProtection),
            _ => {}
        }
    }

    fn new_word(&mut self, word: Option<NewWord>) {
        let known = &mut self.statement.newest_word;
        if let Some(word) = word
            && known.is_none_or(|known| known.since < word.since)
        {
            *known = Some(word);
        }
    }

    fn function_call(&mut self, node: Open) {
        self.function(&node);
        if let [.., schema, name] = node.parts.as_slice() {
            // As the grammar writes it.
            if schema == "pg_catalog" && name == NewWord::SYSTEM_USER.word {
                self.new_word(Some(NewWord::SYSTEM_USER));
            }
            self.called_in(Name { schema: Some(schema.clone()), name: name.clone() });
        }
        if node.parts.last().is_some_and(|name| name == "set_config") {
            let mut arguments = node.arguments.into_iter();
            let name = arguments.next().flatten().map(|name| setting_name(&name));
            let value = arguments.next().flatten();
            self.effect(Effect::Set);
            self.statement.settings.push(Setting {
                name,
                value,
                is_local: node.command != FALSE,
                ..Setting::default()
            });
        }
    }

    fn set(&mut self, node: Open) {
        let name = node.parts.into_iter().next().map(|name| setting_name(&name));
        let value = joined(name.as_deref(), node.arguments);
        let is = |kind: VariableSetKind| node.code == kind as i64;
        let is_reset = is(VariableSetKind::VarReset) || is(VariableSetKind::VarSetDefault);
        let is_reset_all = is(VariableSetKind::VarResetAll);
        let is_local = node.command != 0;
        self.statement.settings.push(Setting { name, value, is_reset, is_reset_all, is_local });
    }

    /// Hands a leaf's text to the node that gives it meaning.
    fn leaf(&mut self, node: Open) {
        let Some(parent) = self.open.last_mut() else { return };
        match (parent.kind, parent.field) {
            ("RangeVar", "alias") => {
                parent.alias = node.parts.into_iter().next().unwrap_or_default();
                parent.renames = node.has_columns;
            }
            ("JoinExpr", "alias") => parent.renames = true,
            ("Alias", "colnames") => parent.has_columns = true,
            ("ColumnRef", "fields")
            | ("FuncCall", "funcname")
            | ("ObjectWithArgs", "objname")
            | ("CreateTrigStmt" | "CreateEventTrigStmt", "funcname")
            | ("TypeName", "names")
            | ("AExpr", "name")
            | ("SubLink", "oper_name")
            | ("SortBy", "use_op")
            | ("List", "items")
            | ("AConst", _) => {
                parent.parts.extend(node.parts);
            }
            ("DefElem", "arg") => parent.parts.extend(node.parts),
            // By the name of an operator class its functions are known.
            ("IndexElem" | "PartitionElem", "opclass") | ("CreateOpClassStmt", "opclassname") => {
                node.parts.iter().for_each(|name| self.operator(name));
            }
            // `(value).name` calls a function where there is no such field.
            ("JoinExpr", "using_clause") => {
                self.operator("=");
                self.column(node.parts, false);
            }
            ("AIndirection", "indirection") => node.parts.into_iter().for_each(|name| self.called(name)),
            ("DropStmt", "objects") => parent.names.push(node.parts),
            ("CopyStmt", "attlist") => self.column(node.parts, false),
            _ => {}
        }
    }
}

/// Whether an object of this kind is a type.
fn is_type(kind: i64) -> bool {
    [ObjectType::ObjectDomain, ObjectType::ObjectType].iter().any(|of| *of as i64 == kind)
}

/// Whether it is given a text that it runs, now or later.
fn has_body(node: &Open) -> bool {
    matches!(node.kind, "CreateFunctionStmt" | "DoStmt")
}

impl Visit for Collector {
    fn open(&mut self, kind: &'static str) {
        self.command(kind);
        self.new_word(NewWord::of(kind));
        // What is between the brackets can be a key.
        self.statement.rests_on_literals |= kind == "AIndices";
        if let Some(parent) = self.open.last_mut() {
            match (parent.kind, parent.field) {
                ("ColumnRef", "fields") if kind == "AStar" => parent.star = true,
                ("AConst", _) if kind == "String" => self.statement.has_string = true,
                ("InsertStmt", "cols") | ("CopyStmt", "attlist") | ("MergeWhenClause", "target_list") => {
                    parent.has_columns = true;
                }
                _ => {}
            }
        }
        self.open.push(Open { kind, begins: self.mentions.len(), ..Open::default() });
    }

    fn field(&mut self, name: &'static str) {
        if let Some(node) = self.open.last_mut() {
            node.field = name;
        }
    }

    fn text(&mut self, text: &str) {
        let Some(node) = self.open.last_mut() else { return };
        match (node.kind, node.field) {
            ("DefElem", "defname") => node.option = text.to_owned(),
            ("FunctionParameter", "name") => node.option = text.to_owned(),
            ("RangeVar", "schemaname") => node.schema = text.to_owned(),
            ("RangeVar", "relpersistence") | ("IndexStmt", "idxname") => node.option = text.to_owned(),
            ("RangeVar", "relname")
            | ("ResTarget" | "IndexElem", "name")
            | ("VariableSetStmt" | "DeallocateStmt" | "ExecuteStmt" | "PrepareStmt", "name")
            | ("ClosePortalStmt" | "DeclareCursorStmt" | "FetchStmt", "portalname")
            | ("CommonTableExpr", "ctename")
            | ("Alias", "aliasname")
            | ("String", "sval")
            | ("Float", "fval")
            | ("CopyStmt", "filename")
            | ("AlterEventTrigStmt", "tgenabled")
                if !text.is_empty() =>
            {
                node.parts.push(text.to_owned());
            }
            _ => {}
        }
    }

    fn number(&mut self, number: i64) {
        let Some(node) = self.open.last_mut() else { return };
        match (node.kind, node.field) {
            ("DropStmt", "remove_type")
            | ("DeclareCursorStmt", "options")
            | ("CopyStmt", "is_from")
            | ("VariableSetStmt", "kind")
            | ("GrantStmt" | "GrantRoleStmt", "is_grant")
            | ("AlterTableCmd", "subtype") => node.code = number,
            ("CreateStmt", "oncommit") | ("IntoClause", "on_commit") => {
                self.statement.passes |= number == OnCommitAction::OncommitDrop as i64;
            }
            ("CopyStmt", "is_program")
            | ("VariableSetStmt", "is_local")
            | ("MergeWhenClause", "command_type")
            | ("OnConflictClause", "action") => {
                node.command = number;
            }
            // Which columns are the same only the catalog knows.
            ("JoinExpr", "is_natural") => {
                node.renames |= number != 0;
                if number != 0 {
                    self.operator("=");
                }
            }
            // It may be another relation that exists.
            ("CreateStmt" | "CreateTableAsStmt", "if_not_exists") if number != 0 => {
                self.statement.temporary.clear();
            }
            ("TransactionStmt", "kind") => {
                let kind = i32::try_from(number).map(TransactionStmtKind::try_from);
                self.statement.undoes |= matches!(
                    kind,
                    Ok(Ok(TransactionStmtKind::TransStmtRollback | TransactionStmtKind::TransStmtRollbackTo))
                );
                self.statement.commits_prepared |=
                    matches!(kind, Ok(Ok(TransactionStmtKind::TransStmtCommitPrepared)));
            }
            ("RenameStmt", "rename_type") => node.code = number,
            ("RenameStmt" | "AlterTableStmt", "relation_type") | ("AlterTableStmt", "objtype") => {
                self.statement.changes_type |= number == ObjectType::ObjectType as i64;
            }
            ("Integer", "ival") => node.parts.push(number.to_string()),
            ("Boolean", "boolval") => node.command = if number == 0 { FALSE } else { TRUE },
            ("DropStmt" | "TruncateStmt", "behavior") => {
                node.cascades = number == DropBehavior::DropCascade as i64;
            }
            ("DiscardStmt", "target") => node.code = number,
            _ => {}
        }
    }

    fn close(&mut self) {
        let Some(node) = self.open.pop() else { return };
        let kind = node.kind;
        if let Some(parent) = self.open.last_mut()
            && matches!((parent.kind, parent.field), ("FuncCall" | "VariableSetStmt", "args"))
        {
            let constant = matches!(kind, "AConst" | "String" | "Integer" | "Float");
            parent.arguments.push(if constant { node.parts.first().cloned() } else { None });
            if parent.kind == "FuncCall" {
                parent.command = node.command;
            }
        }
        match kind {
            "String" | "Integer" | "Float" | "Alias" => self.leaf(node),
            "Boolean" => {
                if let Some(parent) = self.open.last_mut().filter(|parent| parent.kind == "AConst") {
                    parent.command = node.command;
                }
            }
            "List" => {
                if let Some(parent) = self.open.last_mut() {
                    parent.names.push(node.parts);
                }
            }
            "RangeVar" => self.range_var(node),
            "ColumnRef" => self.column(node.parts, node.star),
            "ResTarget" => {
                let assigned = self.open.last().is_some_and(|parent| {
                    matches!(
                        (parent.kind, parent.field),
                        ("InsertStmt", "cols")
                            | ("UpdateStmt" | "OnConflictClause" | "MergeWhenClause", "target_list")
                    )
                });
                if assigned {
                    self.assign(&node);
                    self.target(node.parts);
                }
            }
            "InsertStmt" if node.has_columns => self.name_columns(&node),
            "OnConflictClause" if node.command == OnConflictAction::OnconflictUpdate as i64 => {
                self.write(Effect::Update, self.open.last().and_then(|insert| insert.own));
            }
            "TruncateStmt" => self.statement.cascades |= node.cascades,
            "JoinExpr" if node.renames => {
                let within: Vec<usize> = self.mentions.iter().skip(node.begins).copied().collect();
                self.mean_all(within.into_iter());
            }
            // ON CONFLICT (column).
            "IndexElem" if self.open.last().is_some_and(|parent| parent.kind == "InferClause") => {
                self.column(node.parts, false);
            }
            "GrantStmt" | "GrantRoleStmt" => {
                self.effect(if node.code == 0 { Effect::Revoke } else { Effect::Grant });
            }
            "AlterTableCmd" => self.alter_table(&node),
            // `D` is off, `R` for replicas only (event_trigger.c).
            "AlterEventTrigStmt" if node.parts.iter().any(|state| state == "D" || state == "R") => {
                self.effect(Effect::DisableProtection);
            }
            "IndexStmt" if !node.option.is_empty() => self.statement.indexes.push(node.option),
            "ObjectWithArgs" | "CreateTrigStmt" | "CreateEventTrigStmt" => {
                self.function(&node);
                self.dropped(node.parts);
            }
            // `x IN (SELECT …)` and `CASE x WHEN …` have no operator of their own.
            "AExpr" | "SortBy" | "SubLink" => {
                if let Some(name) = node.parts.last() {
                    self.operator(name);
                } else if kind == "SubLink" {
                    self.operator("=");
                }
            }
            "CaseExpr" => self.operator("="),
            "TypeName" => {
                if let Some(name) = node.parts.last() {
                    self.type_name(name);
                }
                // CREATE OPERATOR, AGGREGATE and TYPE name their functions as if these were types.
                if self.open.iter().any(|outer| matches!(outer.kind, "DefineStmt" | "CreateRangeStmt")) {
                    self.function(&node);
                }
                if self.open.last().is_some_and(|option| option.option == "subtype_opclass") {
                    node.parts.iter().for_each(|name| self.operator(name));
                }
                self.dropped(node.parts);
            }
            "MergeWhenClause" => self.merge_when(&node),
            // It shows what would be done.
            "ExplainStmt" => self.statement.temporary.clear(),
            "CopyStmt" => self.copy(&node),
            "RenameStmt" if is_type(node.code) => {
                node.names
                    .into_iter()
                    .filter_map(|mut name| name.pop())
                    .for_each(|name| self.type_name(&name));
            }
            "DropStmt" => self.drop(node),
            "DefElem" => self.option(node),
            "FunctionParameter" => {
                if let Some(function) = self.open.last_mut() {
                    function.parameters.push(node.option);
                }
            }
            "CreateFunctionStmt" | "DoStmt" => self.body(node),
            "FuncCall" => self.function_call(node),
            "VariableSetStmt" => self.set(node),
            "ClosePortalStmt" | "DeallocateStmt" | "DeclareCursorStmt" | "ExecuteStmt" | "FetchStmt"
            | "PrepareStmt" => {
                self.name_in_sql(node);
            }
            "DiscardStmt" if node.code == DiscardMode::DiscardTemp as i64 => {
                self.statement.forgets.push(Forgets::Temporary);
            }
            "DiscardStmt" if node.code == DiscardMode::DiscardAll as i64 => {
                self.statement.forgets.extend([Forgets::All, Forgets::Portals, Forgets::Temporary]);
                self.statement.settings.push(Setting { is_reset_all: true, ..Setting::default() });
            }
            "CommonTableExpr" => self.statement.ctes.extend(node.parts),
            _ => {}
        }
    }
}
