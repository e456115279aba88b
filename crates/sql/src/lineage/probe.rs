//! Whether a statement asks about a sensitive value bit by bit: what it compares it with, other than as a whole, tells something
//! of it with each answer.

use std::collections::{BTreeSet, HashSet};

use pg_query::protobuf::{AExprKind, SetOperation, SubLinkType};

mod checked;
mod conflicts;
mod failing;
mod frames;
mod made;
mod operators;
mod passed;
mod placed;
mod referred;
mod sized;
mod strict;
mod windows;

pub use self::referred::asks_of_referring;
use super::Sensitive;
use super::documents;
use super::flows::{Flows, defined};
use super::mentions::Mentions;
use super::origins::Origins;
use super::results::{DEFAULT_NAMES, alias_names, arms, words};
use super::tainted::Tainted;
use super::wholes;
use crate::own::REGISTERED;
use crate::plain::uncast;
use crate::read::kept_tree;
use crate::source::SCALARS;
use crate::tree::{Child, Tree};
use crate::writes::only_shows;

/// How much a statement asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Probe {
    /// So many questions about each value.
    Asks(u32),
    /// It tells each value at once: parts of values are compared with columns of something else, or say how many rows there are, or it
    /// asks too many questions.
    Extracts,
    /// Values are handed to functions that put them where no columns are.
    HandsOver,
}

/// Whether a condition of `text`, or what it counts or sorts by, looks into a value of a sensitive column. To compare one as a whole
/// for equality, to sort by it and to count it does not, and neither does a number or the like behind keys of a document that `is_key`
/// does not say are sensitive. Call it on a thread with
/// [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
pub fn probes(text: &str, sensitive: &Sensitive, is_key: fn(&str) -> bool) -> Option<Probe> {
    let Ok(parsed) = kept_tree(text) else { return Some(Probe::Asks(1)) };
    let Ok(root) = Tree::of(&parsed.protobuf) else { return Some(Probe::Asks(1)) };
    asks(&Asked { root: &root, copies: None, rows: &[], given: &BTreeSet::new() }, sensitive, is_key)
}

/// What is looked into: statements, or a body.
#[derive(Clone, Copy)]
pub(super) struct Asked<'t> {
    /// All of it, below one node.
    pub(super) root: &'t Tree,
    /// What is given other names elsewhere in it, which asks nothing.
    pub(super) copies: Option<&'t Tree>,
    /// Queries of which whole rows are.
    pub(super) rows: &'t [(Vec<String>, Tree)],
    /// Names of what is constant in it.
    pub(super) given: &'t BTreeSet<String>,
}

/// How much conditions in it look into values of sensitive columns.
pub(super) fn asks(asked: &Asked<'_>, sensitive: &Sensitive, is_key: fn(&str) -> bool) -> Option<Probe> {
    let root = asked.root;
    let mut flows = Flows::default();
    flows.visit(root);
    asked.copies.into_iter().for_each(|copies| flows.visit(copies));
    for (names, query) in asked.rows {
        flows.rows(query, names.clone());
    }
    flows.0.retain(|flow| !flow.is_comparison);
    let mut listed = Vec::new();
    list(root, &mut listed);
    let mut parts = sensitive.parts.clone();
    let has_rows = of_functions(root, &sensitive.functions, &mut parts);
    // What functions give is looked for where they are called.
    let own = Sensitive { functions: HashSet::new(), ..sensitive.clone() };
    let (tainted, functions) = (flows.follow(&own, None), &sensitive.functions);
    let origins = Origins::of(asked.copies.into_iter().chain([root]));
    let given = asked.given;
    let mut probes = Probes { tainted, functions, has_rows, parts, listed, given, origins, is_key };
    probes.note_parts(asked);
    match probes.within(root, Place::Result, None)? {
        Probe::Asks(questions) if QUESTIONS_MAX < questions => Some(Probe::Extracts),
        probe => Some(probe),
    }
}

impl Probe {
    /// As much as one statement may ask.
    pub const MOST: Probe = Probe::Asks(QUESTIONS_MAX);

    /// A question for each row that an INSERT writes out; of a query there are as many as it gives.
    fn of_rows(insert: &Tree) -> Self {
        let rows = insert.one("select_stmt").map_or(0, |select| select.all("values_lists").count());
        match u32::try_from(rows) {
            Ok(0) | Err(_) => Probe::Extracts,
            Ok(rows) => Probe::Asks(rows),
        }
    }

    /// What both come to, where there are any.
    pub fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter().chain(other).reduce(Probe::and)
    }

    /// What both come to.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Probe::Asks(some), Probe::Asks(more)) => Probe::Asks(some.saturating_add(more)),
            (one, other) => one.max(other),
        }
    }
}

/// Most questions of one statement: whoever asks for more, one for each bit of each letter, is told each value.
const QUESTIONS_MAX: u32 = 16;

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Its value is shown, and masked for that.
    Result,
    /// Its value decides what is shown, and how it stands here all of it does.
    Whole,
    /// Its value decides what is shown.
    Condition,
}

struct Probes<'s> {
    tainted: Tainted<'s>,
    /// Functions that give sensitive values or parts of some; whether rows of such are in a FROM, whose columns only the function knows.
    functions: &'s HashSet<String>,
    has_rows: bool,
    /// Names of what is computed of a part of a value.
    parts: HashSet<String>,
    /// Names in lists behind aliases, which columns can have.
    listed: Vec<String>,
    /// Names of what is constant.
    given: &'s BTreeSet<String>,
    origins: Origins,
    is_key: fn(&str) -> bool,
}

/// What columns that something is compared with may be of, and tell nothing more.
#[derive(Clone, Copy)]
enum Beside<'t> {
    /// Of nothing.
    Nothing,
    /// Of the rows whose sensitive columns stand in this.
    Columns(&'t Tree),
    /// Of the relations that this function reads.
    Function(&'t str),
}

/// Fields whose values decide which rows there are, and in which order.
const CONDITIONS: [&str; 7] =
    ["where_clause", "having_clause", "quals", "agg_filter", "join_condition", "condition", "functions"];

/// Fields that say of how many rows, or at which place: what is in them is read off the result.
const NUMBERS: [&str; 5] = ["end_offset", "limit_count", "limit_offset", "repeatable", "start_offset"];

/// Fields of what is sorted and grouped by, and counted.
const WHOLE: [&str; 5] = ["sort_clause", "group_clause", "distinct_clause", "agg_order", "window_clause"];

/// Functions of PostgreSQL that leave of a value what tells it from others.
const WHOLE_FUNCTIONS: [&str; 10] =
    ["btrim", "lower", "ltrim", "max", "md5", "min", "rtrim", "sha256", "trim", "upper"];

/// Functions of PostgreSQL (pg_proc.dat, `proretset`, where they are given something) and of what comes with it that make as many rows as what they are
/// given says.
pub(super) const ROWS_FUNCTIONS: [&str; 59] = [
    "_pg_expandarray",
    "aclexplode",
    "each",
    "generate_series",
    "generate_subscripts",
    "int_array_enum",
    "json_array_elements",
    "json_array_elements_text",
    "json_each",
    "json_each_text",
    "json_object_keys",
    "json_populate_recordset",
    "json_to_recordset",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_each",
    "jsonb_each_text",
    "jsonb_object_keys",
    "jsonb_path_query",
    "jsonb_path_query_tz",
    "jsonb_populate_recordset",
    "jsonb_to_recordset",
    "normal_rand",
    "pg_event_trigger_ddl_commands",
    "pg_event_trigger_dropped_objects",
    "pg_extension_update_paths",
    "pg_get_multixact_members",
    "pg_get_publication_tables",
    "pg_logical_slot_get_binary_changes",
    "pg_logical_slot_get_changes",
    "pg_logical_slot_peek_binary_changes",
    "pg_logical_slot_peek_changes",
    "pg_ls_dir",
    "pg_ls_replslotdir",
    "pg_ls_tmpdir",
    "pg_mcv_list_items",
    "pg_options_to_table",
    "pg_partition_ancestors",
    "pg_partition_tree",
    "pg_snapshot_xip",
    "pg_stat_get_activity",
    "pg_stat_get_backend_io",
    "pg_stat_get_progress_info",
    "pg_stat_get_subscription",
    "pg_tablespace_databases",
    "pg_wal_summary_contents",
    "pgp_armor_headers",
    "regexp_matches",
    "regexp_split_to_table",
    "skeys",
    "string_to_table",
    "svals",
    "ts_debug",
    "ts_parse",
    "ts_stat",
    "ts_token_type",
    "txid_snapshot_xip",
    "unnest",
    "xpath_table",
];

/// Those whose only column is called as they are, or as their rows.
pub(super) const ONE_COLUMN_FUNCTIONS: [&str; 11] = [
    "generate_series",
    "generate_subscripts",
    "int_array_enum",
    "json_array_elements_text",
    "jsonb_array_elements_text",
    "normal_rand",
    "regexp_matches",
    "regexp_split_to_table",
    "skeys",
    "string_to_table",
    "unnest",
];

/// Functions that make a document of a value as it is.
const DOCUMENT_FUNCTIONS: [&str; 4] = ["hstore", "row_to_json", "to_json", "to_jsonb"];

/// Operators that make a boolean, and those that fail with some operands.
const COMPARISONS: [&str; 24] = [
    "<", ">", "<=", ">=", "~", "~*", "!~", "!~*", "~~", "~~*", "!~~", "!~~*", "^@", "@@", "@>", "<@", "?",
    "?|", "?&", "&&", "/", "%", "=", "<>",
];

/// Names by which a value is taken to stay whole, or not to become any greater.
pub(crate) const TRUSTED: [&[&str]; 12] = [
    &WHOLE_FUNCTIONS,
    &DOCUMENT_FUNCTIONS,
    &TEXT_TYPES,
    &documents::ROW_KEEPING_FUNCTIONS,
    &failing::KEEPING_FUNCTIONS,
    &failing::USUAL_FUNCTIONS,
    &failing::PARTS_FUNCTIONS,
    &sized::LENGTH_FUNCTIONS,
    &sized::PLACE_FUNCTIONS,
    &wholes::FUNCTIONS,
    &wholes::JOINING,
    &wholes::TYPES,
];

/// Kinds of `A_Expr` (parsenodes.h) whose operands are compared as they are: these where the operator is one of equality, those always.
const BY_OPERATOR: [AExprKind; 4] =
    [AExprKind::AexprOp, AExprKind::AexprOpAny, AExprKind::AexprOpAll, AExprKind::AexprIn];
const BY_KIND: [AExprKind; 3] =
    [AExprKind::AexprDistinct, AExprKind::AexprNotDistinct, AExprKind::AexprNullif];

/// Types that a text is as a whole.
const TEXT_TYPES: [&str; 5] = ["bpchar", "citext", "name", "text", "varchar"];

impl Probes<'_> {
    /// `atom` is the comparison that it is a part of.
    fn within(&self, tree: &Tree, place: Place, atom: Option<&Tree>) -> Option<Probe> {
        match tree.kind {
            "ColumnRef" => return self.column(tree, place, atom),
            "AExpr" | "AIndirection" | "FuncCall" if self.is_of_unsearched(tree) => return None,
            "FuncCall" => return self.call(tree, place, atom),
            "TypeCast" if documents::plain_value(tree).is_some_and(|value| self.is_harmless(value)) => {
                return None;
            }
            "AExpr" | "AIndirection" if place == Place::Whole && self.is_harmless(tree) => return None,
            "AIndirection" if self.is_harmless_field(tree) => return None,
            _ => {}
        }
        let here = match tree.kind {
            "NullTest" if !tree.one("arg").is_some_and(|arg| self.is_null_as_column(arg)) => Place::Condition,
            _ => self.of_operands(tree, place),
        };
        let around = atom;
        let sorts_by_own = self.sorts_by_own(tree);
        let wholes = self.tainted.sensitive.of_wholes;
        let atom = match tree.kind {
            "BoolExpr" | "SelectStmt" => None,
            "AExpr" if here != Place::Result => atom.or(Some(tree)),
            "NullTest" if here == Place::Condition => atom.or(Some(tree)),
            "SortBy" if sorts_by_own => atom.or(Some(tree)),
            "SubLink" => atom.or(tree.one("testexpr")),
            _ => atom,
        };
        let repeats = repeats(tree);
        // Looked for once: a list may have as many nodes as a text has letters.
        let [on_conflict, is_distinct, is_set] =
            ["on_conflict_clause", "distinct_clause", "larg"].map(|field| tree.has(&[field]));
        let all = tree.children().filter_map(|(field, child)| {
            let Child::Node(node) = child else { return None };
            // What a function gives as rows is compared elsewhere.
            if tree.kind == "RangeFunction" && *field == "functions" {
                let given = node.all("items").map(|item| match item.kind {
                    "FuncCall" => self.arguments(item, Place::Condition, None),
                    _ => self.within(item, Place::Condition, None),
                });
                return given.flatten().reduce(Probe::and);
            }
            // They make a row of each part that is found.
            if matches!(tree.kind, "JsonTable" | "RangeTableFunc")
                && matches!(*field, "context_item" | "docexpr" | "passing" | "rowexpr")
            {
                return self.within(node, Place::Condition, None).map(|_| Probe::Extracts);
            }
            if NUMBERS.contains(field) || *field == "args" && tree.kind == "RangeTableSample" {
                return self.within(node, Place::Condition, None).map(|_| Probe::Extracts);
            }
            // What a sub-select returns is compared where it stands, and rows with those beside them.
            let atom = match (tree.kind, *field) {
                ("SelectStmt", "larg" | "rarg") if wholes && tells_equal_rows(tree) => Some(tree),
                ("SelectStmt", "larg" | "rarg" | "target_list") if wholes => around,
                _ => atom,
            };
            if self.is_unique_key(tree, field) {
                return self.within(node, Place::Whole, None).map(|_| Probe::Extracts);
            }
            // What is inserted is compared with what is there.
            if *field == "select_stmt" && on_conflict {
                return self.within(node, Place::Whole, None).map(|_| Probe::Extracts);
            }
            // What a sub-select returns is compared where it stands.
            if *field == "target_list"
                && place != Place::Result
                && around.is_some_and(|around| self.has_others(around, Beside::Nothing))
            {
                return self.within(node, place, atom).map(|_| Probe::Extracts);
            }
            let place = match (*field, tree.kind) {
                // What is computed below can be compared above.
                ("target_list", "SelectStmt") if place == Place::Condition => Place::Condition,
                ("target_list", "SelectStmt") if place == Place::Whole || is_distinct => Place::Whole,
                ("larg" | "rarg" | "subquery" | "ctequery", _) => Place::Whole,
                ("sort_clause", _) if is_set => Place::Condition,
                ("expr", "CaseWhen") => Place::Condition,
                ("node", _) if sorts_by_own => Place::Condition,
                ("args", "BoolExpr" | "CoalesceExpr")
                    if here == Place::Result && self.decides(tree, node) =>
                {
                    Place::Condition
                }
                // How much memory each step takes is told.
                ("query", "ExplainStmt") if !only_shows(tree) => Place::Whole,
                // It is compared with what stands behind each WHEN.
                ("arg", "CaseExpr") if here == Place::Result => match self.postgres(&["="]) {
                    Some(_) => Place::Whole,
                    None => Place::Condition,
                },
                (field, _) if CONDITIONS.contains(&field) => Place::Condition,
                (field, _) if WHOLE.contains(&field) => Place::Whole,
                _ => here,
            };
            self.within(node, place, atom)
        });
        // What is asked again for the rows that came of it asks as often as a value says.
        let asked = all.reduce(Probe::and).map(|asked| if repeats { Probe::Extracts } else { asked });
        let asked = asked.max(self.joins_parts(tree).then_some(Probe::Extracts));
        let asked = asked
            .max((self.is_picked(tree) || self.tells_distances(tree)).then_some(Probe::Extracts))
            .max(self.conflicts(tree))
            .max(self.sorts_mixed(tree))
            .max(self.checks(tree))
            .max(self.tells_rows_in_windows(tree))
            .max(self.calls_by_operator(tree));
        let fails =
            if place == Place::Result { self.failing(tree).max(self.fails_within(tree)) } else { None };
        asked.max(fails).max((wholes && on_conflict && self.looks_for_row(tree)).then_some(Probe::Asks(1)))
    }

    /// Whether an INSERT looks for a row by what it puts into a sensitive column.
    fn looks_for_row(&self, insert: &Tree) -> bool {
        let sensitive = self.tainted.sensitive;
        let into = insert.one("relation").map(|relation| relation.text("relname")).unwrap_or_default();
        let of = insert.one("on_conflict_clause").and_then(|clause| clause.one("infer"));
        let by: Vec<&str> =
            of.into_iter().flat_map(|of| of.all("index_elems")).map(|element| element.text("name")).collect();
        sensitive.relations.contains(into)
            && (by.is_empty() || by.iter().any(|name| name.is_empty() || sensitive.columns.contains(*name)))
    }

    /// Whether it is a field of a record that says nothing, or does not hold what is asked about.
    fn is_harmless_field(&self, tree: &Tree) -> bool {
        let of = tree.one("arg").filter(|arg| arg.kind == "ColumnRef");
        let of = of.and_then(|arg| self.tainted.sensitive.records.get(arg.name("fields").pop()?));
        let [field] = tree.all("indirection").collect::<Vec<_>>()[..] else { return false };
        field.kind == "String" && of.is_some_and(|harmless| harmless.contains(field.text("sval")))
    }

    /// `USING` and NATURAL compare columns of one name.
    fn joins_parts(&self, join: &Tree) -> bool {
        let sensitive = self.tainted.sensitive;
        let wholes = match self.postgres(&["="]) {
            Some(_) => Some(&sensitive.columns).filter(|_| sensitive.of_wholes),
            None => Some(&self.tainted.names),
        };
        let is_part =
            |name: &&str| self.parts.contains(*name) || wholes.is_some_and(|wholes| wholes.contains(*name));
        let has_some = || !self.parts.is_empty() || wholes.is_some_and(|wholes| !wholes.is_empty());
        join.kind == "JoinExpr"
            && (join.number("is_natural") != 0 && has_some() || join.name("using_clause").iter().any(is_part))
    }

    /// What a function gives that reads sensitive values can be a part of one.
    fn call(&self, call: &Tree, place: Place, atom: Option<&Tree>) -> Option<Probe> {
        let name = call.name("funcname").pop().unwrap_or_default();
        let is_told = place != Place::Result && self.functions.contains(name);
        let own =
            is_told.then(|| match atom.is_some_and(|atom| self.has_others(atom, Beside::Function(name))) {
                true => Probe::Extracts,
                false => Probe::Asks(1),
            });
        let fails =
            if place == Place::Result { self.failing(call).max(self.fails_within(call)) } else { None };
        // What it compares, it can be told for each row.
        let compares = self.tainted.sensitive.comparing.contains(name)
            && call.all("args").any(|arg| self.is_hidden(arg))
            && self.has_others(call, Beside::Columns(call));
        let tells = (compares || self.is_sized(call)).then_some(Probe::Extracts);
        self.arguments(call, place, atom)
            .max(own)
            .max(fails)
            .max(tells)
            .max(self.tells_rows(call))
            .max(self.runs_for(call))
    }

    /// Whether a part of a value is in it.
    fn has_part(&self, tree: &Tree) -> bool {
        tree.kind == "ColumnRef" && tree.name("fields").pop().is_some_and(|name| self.is_part(name))
            || tree.name("funcname").pop().is_some_and(|name| self.functions.contains(name))
            || tree.nodes().any(|node| self.has_part(node))
    }

    fn arguments(&self, call: &Tree, place: Place, atom: Option<&Tree>) -> Option<Probe> {
        let name = call.name("funcname").pop().unwrap_or_default();
        let of_arguments = match (self.called(call), place) {
            ("count", _) => Place::Whole,
            (_, Place::Result) if ROWS_FUNCTIONS.contains(&name) => Place::Condition,
            (_, Place::Result) => Place::Result,
            // With a second argument they take away what that says.
            (name, Place::Whole) if WHOLE_FUNCTIONS.contains(&name) && call.all("args").count() == 1 => {
                Place::Whole
            }
            _ => Place::Condition,
        };
        let atom = atom.or((of_arguments == Place::Condition).then_some(call));
        let all = call.children().filter_map(|(field, child)| {
            let Child::Node(node) = child else { return None };
            let place = self.placed(call, field, place).unwrap_or(match *field {
                "args" => of_arguments,
                field if CONDITIONS.contains(&field) => Place::Condition,
                _ => Place::Whole,
            });
            self.within(node, place, atom)
        });
        let probe = all.reduce(Probe::and)?;
        // How many elements a value has is one question, and all else that is made of one an answer.
        let is_given = |arg: &Tree| arg.name("fields").iter().all(|name| self.given.contains(*name));
        let is_constant = |arg: &Tree| match uncast(arg) {
            arg if arg.kind == "ColumnRef" => is_given(arg),
            arg => matches!(arg.kind, "AConst" | "ParamRef"),
        };
        let is_value = |arg: &Tree| self.is_of_column(uncast(arg)) || documents::by_all_keys(arg).is_some();
        let of_value = usize::from(name.ends_with("_populate_recordset"));
        let mut args = call.all("args").enumerate();
        let is_taken_apart = !name.starts_with("generate_")
            && args.all(|(at, arg)| is_constant(arg) || at == of_value && is_value(arg));
        let counts = ROWS_FUNCTIONS.contains(&name) && !is_taken_apart;
        Some(if counts { Probe::Extracts } else { probe })
    }

    fn column(&self, column: &Tree, place: Place, atom: Option<&Tree>) -> Option<Probe> {
        let is_part = || column.name("fields").pop().is_some_and(|name| self.is_part(name));
        let is_compared = || atom.is_some() && self.tainted.sensitive.of_wholes && self.is_sensitive(column);
        let looks = match place {
            Place::Result => false,
            Place::Whole => is_part() || is_compared(),
            Place::Condition => self.is_sensitive(column) || is_part(),
        };
        looks.then(|| match atom.is_some_and(|atom| self.has_others(atom, Beside::Columns(atom))) {
            true => Probe::Extracts,
            false => Probe::Asks(1),
        })
    }

    /// Whether it is NULL where the columns in it are, whatever else their values are: then that it is tells nothing of these.
    fn is_null_as_column(&self, tree: &Tree) -> bool {
        match tree.kind {
            "ColumnRef" | "AConst" | "ParamRef" => true,
            "TypeCast" => tree.one("arg").is_some_and(|arg| self.is_null_as_column(arg)),
            "CoalesceExpr" => tree.all("args").all(|arg| self.is_null_as_column(arg)),
            "FuncCall" => {
                let name = self.called(tree);
                let keeps = WHOLE_FUNCTIONS.contains(&name) || matches!(name, "count" | "max" | "min");
                keeps && tree.all("args").all(|arg| self.is_null_as_column(arg))
            }
            "SubLink" => tree.one("subselect").is_some_and(|select| {
                let mut values = select.all("target_list").filter_map(|target| target.one("val"));
                select.has(&["target_list"]) && values.all(|value| self.is_null_as_column(value))
            }),
            // Keys that a value has chosen are its letters.
            _ => documents::by_all_keys(tree).is_some_and(|(from, _)| {
                from.kind == "ColumnRef" && !from.name("fields").pop().is_some_and(|name| self.is_part(name))
            }),
        }
    }

    fn is_part(&self, name: &str) -> bool {
        self.parts.contains(name) || self.has_rows && !self.tainted.known.contains(name)
    }

    /// Whether it is what stands behind keys of a document that do not say that it is sensitive.
    fn is_harmless(&self, tree: &Tree) -> bool {
        let are_own = || ["->", "->>", "#>", "#>>"].iter().any(|name| self.postgres(&[name]).is_none());
        documents::by_all_keys(tree).is_some_and(|(from, keys)| {
            let name = from.name("fields").pop().unwrap_or_default();
            let is_document = from.kind == "ColumnRef" && self.tainted.sensitive.documents.contains(name);
            is_document && !are_own() && !keys.iter().any(|key| (self.is_key)(key))
        })
    }

    /// Whether it is harmless, and of a document that nobody has looked at.
    fn is_of_unsearched(&self, tree: &Tree) -> bool {
        let unsearched = &self.tainted.sensitive.unsearched;
        let is_its = |from: &Tree| from.name("fields").pop().is_some_and(|name| unsearched.contains(name));
        !unsearched.is_empty()
            && documents::by_all_keys(tree).is_some_and(|(from, _)| is_its(from))
            && self.is_harmless(tree)
    }

    /// The last part of a dotted name, if that must mean something of PostgreSQL's.
    fn postgres<'t>(&self, name: &[&'t str]) -> Option<&'t str> {
        match *name {
            ["pg_catalog", name] => Some(name),
            [name] => Some(name).filter(|name| !self.tainted.sensitive.own_names.contains(*name)),
            // It comes with an extension, which can be in any schema.
            [_, name @ "citext"] => self.postgres(&[name]),
            _ => None,
        }
    }

    /// The name of a function that is PostgreSQL's; empty where it need not be.
    fn called<'t>(&self, call: &'t Tree) -> &'t str {
        self.postgres(&call.name("funcname")).unwrap_or_default()
    }

    /// Whether it is a column, or a document of one: of a row, that has as many keys as the row has columns.
    fn is_of_column(&self, tree: &Tree) -> bool {
        let makes_document = || {
            DOCUMENT_FUNCTIONS.contains(&self.called(tree))
                && tree.all("args").all(|arg| arg.kind == "ColumnRef")
        };
        tree.kind == "ColumnRef" || tree.kind == "FuncCall" && makes_document()
    }

    /// Whether a type is PostgreSQL's, or checks nothing.
    fn is_known_type(&self, name: &[&str]) -> bool {
        self.postgres(name).is_some_and(|name| {
            TEXT_TYPES.contains(&name) || SCALARS.contains(&name) || REGISTERED.contains(&name)
        })
    }

    /// Where the operands of an expression stand that stands here.
    fn of_operands(&self, tree: &Tree, place: Place) -> Place {
        let is_equality = |name: &[&str]| {
            matches!(self.postgres(if name.is_empty() { &["="] } else { name }), Some("=" | "<>" | "!="))
        };
        let is_whole = match tree.kind {
            "AExpr" => {
                let (name, kind) = (tree.name("name"), tree.number("kind"));
                let is_of = |kinds: &[AExprKind]| kinds.iter().any(|known| *known as i64 == kind);
                let compares = !is_of(&[AExprKind::AexprOp])
                    || name.last().is_some_and(|name| COMPARISONS.contains(name));
                if place == Place::Result && !compares {
                    return Place::Result;
                }
                (is_of(&BY_KIND) || is_of(&BY_OPERATOR)) && is_equality(&name)
            }
            "SubLink" => match tree.number("sub_link_type") {
                kind if kind == SubLinkType::ExistsSublink as i64 => return Place::Result,
                kind if kind == SubLinkType::AllSublink as i64 || kind == SubLinkType::AnySublink as i64 => {
                    is_equality(&tree.name("oper_name"))
                }
                _ => return place,
            },
            "TypeCast" if place != Place::Result => {
                let of = tree.one("type_name");
                let name = of.and_then(|of| self.postgres(&of.name("names")));
                name.is_some_and(|name| TEXT_TYPES.contains(&name))
                    && of.is_some_and(|of| !of.has(&["typmods"]))
            }
            // By such a one, values that differ can be equal.
            "CollateClause" if place != Place::Result => self.postgres(&tree.name("collname")).is_some(),
            "NullTest" => true,
            "BoolExpr" | "AIndirection" | "MinMaxExpr" if place != Place::Result => false,
            // What stands in others is compared elsewhere, or as it is.
            _ => return place,
        };
        match (is_whole, place) {
            (_, Place::Result) if tree.kind == "NullTest" => Place::Result,
            (true, Place::Condition) if matches!(tree.kind, "CollateClause" | "TypeCast") => Place::Condition,
            (true, _) => Place::Whole,
            (false, _) => Place::Condition,
        }
    }

    fn is_sensitive(&self, tree: &Tree) -> bool {
        self.tainted.all || self.tainted.has(&Mentions::of(tree))
    }

    /// Whether there are columns of something else.
    fn has_others(&self, tree: &Tree, beside: Beside<'_>) -> bool {
        match tree.kind {
            "ColumnRef" => {
                let name = tree.name("fields").pop().unwrap_or_default();
                !self.given.contains(name)
                    && !self.is_part(name)
                    && !self.is_sensitive(tree)
                    && !self.is_beside(tree, beside)
            }
            "SubLink" => self.reaches_out(tree, beside),
            _ => tree.nodes().any(|node| self.has_others(node, beside)),
        }
    }

    /// Whether a sub-select takes columns of something else from around it.
    fn reaches_out(&self, sublink: &Tree, beside: Beside<'_>) -> bool {
        if matches!(beside, Beside::Nothing) {
            return false;
        }
        self.takes_others(sublink, &HashSet::new(), beside)
    }

    /// Whether columns of something else are in it that are none of `scope`.
    fn takes_others(&self, tree: &Tree, scope: &HashSet<&str>, beside: Beside<'_>) -> bool {
        let is_outer = |column: &Tree| match column.name("fields")[..] {
            [.., qualifier, _] => !scope.contains(qualifier),
            [name] => match self.origins.relation(column, self.tainted.sensitive) {
                Some(relation) => !scope.contains(relation),
                None => scope.is_empty() || self.origins.gives(name) && !scope.contains(name),
            },
            [] => false,
        };
        match tree.kind {
            "ColumnRef" => is_outer(tree) && self.has_others(tree, beside),
            "SelectStmt" => {
                let mut scope = scope.clone();
                tree.all("from_clause")
                    .chain(tree.all("with_clause"))
                    .for_each(|item| names_of(item, &mut scope));
                tree.nodes().any(|node| self.takes_others(node, &scope, beside))
            }
            _ => tree.nodes().any(|node| self.takes_others(node, scope, beside)),
        }
    }

    /// Whether a column that is not sensitive is of the row, or of one, that what is compared is of.
    fn is_beside(&self, column: &Tree, beside: Beside<'_>) -> bool {
        let sensitive = self.tainted.sensitive;
        let Some(relation) = self.origins.relation(column, sensitive) else { return false };
        match beside {
            Beside::Nothing => false,
            Beside::Columns(atom) => {
                sensitive.relations.contains(relation) && self.are_all_beside(atom, column)
            }
            Beside::Function(name) => sensitive.read_by.get(name).is_some_and(|read| read.contains(relation)),
        }
    }

    /// Whether all sensitive columns in it are of the row of this one.
    fn are_all_beside(&self, tree: &Tree, column: &Tree) -> bool {
        match tree.kind {
            "ColumnRef" => {
                let name = tree.name("fields").pop().unwrap_or_default();
                let is_looked_into = self.is_sensitive(tree) || self.is_part(name);
                !is_looked_into || self.origins.are_beside(tree, column, self.tainted.sensitive)
            }
            "SubLink" => true,
            _ => tree.nodes().all(|node| self.are_all_beside(node, column)),
        }
    }

    /// Names that something gets which is computed of a part of a value.
    fn note_parts(&mut self, asked: &Asked<'_>) {
        let mut before = usize::MAX;
        while self.parts.len() != before {
            before = self.parts.len();
            let mut names = HashSet::new();
            for tree in asked.copies.into_iter().chain([asked.root]) {
                self.parts_of(tree, false, &mut names);
            }
            for (into, query) in asked.rows {
                let mut within = HashSet::new();
                self.parts_of(query, false, &mut within);
                names.extend(into.iter().filter(|_| !within.is_empty()).cloned());
            }
            self.parts.extend(names);
        }
    }

    /// `is_arm`: it is a part of UNION or the like, which was looked at.
    fn parts_of(&self, tree: &Tree, is_arm: bool, into: &mut HashSet<String>) {
        self.note_mixed(tree, &self.listed, into);
        if tree.kind == "SelectStmt" {
            // Among others it can be sorted by where it stands between them.
            if !is_arm && tree.has(&["larg"]) && self.is_sensitive(tree) {
                into.extend(
                    arms(tree).into_iter().take(1).flat_map(|first| first.all("target_list")).flat_map(name),
                );
            }
            for target in tree.all("target_list") {
                let is_part = target.one("val").is_some_and(|value| {
                    // An operator makes something else of a value.
                    let place = if value.kind == "AExpr" { Place::Condition } else { Place::Whole };
                    self.within(value, place, None).is_some()
                });
                if is_part {
                    into.extend(name(target));
                    into.extend(self.listed.iter().cloned());
                }
            }
        }
        for (field, child) in tree.children() {
            if let Child::Node(node) = child {
                self.parts_of(node, matches!(*field, "larg" | "rarg"), into);
            }
        }
    }
}

/// Names that rows get which such functions give in a FROM, and their columns, as far as they are told. Whether there are any.
fn of_functions(tree: &Tree, functions: &HashSet<String>, into: &mut HashSet<String>) -> bool {
    let mut found = false;
    if tree.kind == "RangeFunction" {
        let calls = tree.all("functions").flat_map(|list| list.all("items"));
        let names: Vec<&str> = calls.filter_map(|call| call.name("funcname").pop()).collect();
        if names.iter().any(|name| functions.contains(*name)) {
            found = true;
            into.extend(names.into_iter().map(str::to_owned));
            into.extend(tree.one("alias").into_iter().flat_map(alias_names));
            let mut listed = Vec::new();
            defined(tree, &mut listed);
            into.extend(listed.into_iter().map(str::to_owned));
        }
    }
    tree.nodes().fold(found, |found, node| of_functions(node, functions, into) || found)
}

/// Whether it is a common table expression that reads its own rows.
fn repeats(tree: &Tree) -> bool {
    fn names(tree: &Tree, name: &str) -> bool {
        tree.kind == "RangeVar" && tree.text("relname") == name || tree.nodes().any(|node| names(node, name))
    }
    let name = tree.text("ctename");
    tree.kind == "CommonTableExpr" && tree.one("ctequery").is_some_and(|query| names(query, name))
}

/// Whether a query says which rows of two others are the same.
fn tells_equal_rows(query: &Tree) -> bool {
    let is_of = |kinds: &[SetOperation]| kinds.iter().any(|kind| *kind as i64 == query.number("op"));
    is_of(&[SetOperation::SetopIntersect, SetOperation::SetopExcept])
        || is_of(&[SetOperation::SetopUnion]) && query.number("all") == 0
}

/// Names that what stands in a FROM has, and its columns as far as the statement says.
fn names_of<'t>(item: &'t Tree, into: &mut HashSet<&'t str>) {
    match item.kind {
        "Alias" => into.extend([item.text("aliasname")].into_iter().chain(item.name("colnames"))),
        "CommonTableExpr" => {
            into.extend([item.text("ctename")].into_iter().chain(item.name("aliascolnames")));
        }
        "FuncCall" => return into.extend(item.name("funcname").pop()),
        "JoinExpr" => {
            return ["alias", "larg", "rarg"]
                .into_iter()
                .flat_map(|field| item.all(field))
                .for_each(|node| names_of(node, into));
        }
        "RangeVar" => into.extend([item.text("relname")]),
        "SelectStmt" => {
            into.extend(
                item.all("target_list").map(|target| target.text("name")).filter(|name| !name.is_empty()),
            );
            return item.all("larg").for_each(|first| names_of(first, into));
        }
        _ => {}
    }
    item.nodes().for_each(|node| names_of(node, into));
}

/// What a target can be called.
fn name(target: &Tree) -> Vec<String> {
    let given = target.text("name");
    let of_call = target.one("val").and_then(|value| value.name("funcname").pop());
    match (given, of_call) {
        ("", Some(function)) => vec![function.to_owned()],
        ("", None) => {
            let own = target.all("val").flat_map(|value| words(uncast(value)));
            DEFAULT_NAMES.into_iter().chain(own).map(str::to_owned).collect()
        }
        (given, _) => vec![given.to_owned()],
    }
}

/// Names in lists behind aliases.
fn list(tree: &Tree, into: &mut Vec<String>) {
    for field in ["colnames", "aliascolnames"] {
        into.extend(tree.name(field).into_iter().map(str::to_owned));
    }
    tree.nodes().for_each(|node| list(node, into));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(text: &str) -> Option<Probe> {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let (columns, relations) = (names(&["email", "born"]), names(&["people"]));
        let own = ["id", "email", "born", "n", "data"].map(str::to_owned);
        let known = own.iter().cloned().chain(["ch".to_owned()]).collect();
        let rows = [("people".to_owned(), own.into())].into();
        let documents = names(&["data"]);
        let (functions, parts) = (names(&["letter"]), names(&["tableoid"]));
        let sensitive = Sensitive {
            columns,
            relations,
            known,
            rows,
            documents,
            functions,
            parts,
            ..Sensitive::default()
        };
        probes(text, &sensitive, |key| key == "ssn")
    }

    fn does(text: &str) -> bool {
        asks(text).is_some()
    }

    #[test]
    fn parts_that_are_compared_with_something_else_are_taken_out_at_once() {
        for text in [
            "select p.id, g from people p, generate_series(97, 122) g where ascii(p.email) = g",
            "select o.id from orders o join people p on o.id = ascii(p.email)",
            "with s as (select id, substr(email, 1, 1) k from people) select s.id, d.ch from s join d on d.ch = s.k",
            "select d.ch from people p, lateral (select left(p.email, 1) k) l join d on d.ch = l.k",
            "select d.x, count(*) from d, people p where p.email like d.x || '%' group by 1",
            "select u from (select p as id, chr(c) as n, c as u from generate_series(1, 12) p, generate_series(97, 122) c) d, \
             (select email as e from people where id = 1) q where n = substr(e, id, 1)",
            "select n from d where id = (select ascii(substr(email, 2)) from people where people.id = 1)",
            "select q.n from people q where q.n = (select ascii(email) from people where id = 1)",
            "select g from (select email as e from people) q, (select g as n, g from generate_series(1, 200) g) p where n = ascii(e)",
            "select v.n from people p, (values (97, 1), (98, 2)) v (n, id) where v.n = ascii(p.email)",
            "select n from people p, json_each('{}') j where key = left(email, 1)",
            "select p.id, c, regexp_match(p.email, '^' || chr(c)) is not null from people p, generate_series(97, 122) c",
            "select g from people p, generate_series(97, 122) g where ascii(p.email) = (select g)",
            "select g from people p, generate_series(97, 122) g where ascii(p.email) = (select max(o.n) from orders o where o.id = g)",
            "select c, (select substring(p.email from '^' || chr(c)) from people p limit 1) is null from generate_series(97, 122) c",
        ] {
            assert_eq!(asks(text), Some(Probe::Extracts), "{text}");
        }
        for text in [
            "select id from people where coalesce(n::text, email) ilike '%a%'",
            "select id from people where length(people.email) > (select max(o.total) from orders o where o.person = people.id)",
            "select p.id from people p where length(p.email) > (select avg(x.size) from (select length(o.note) as size from orders o) x)",
            "select p.id from people p where length(p.email) > (select n from letters where ch = 'a')",
            "select substring(email from '^a') is not null from people",
            "select p.id from people p join orders o on o.person = p.id where p.email like 'a%' and o.n > 3",
            "select p.id from people p where p.email like p.n || '%'",
            "select id, n as k from people where n < extract(year from born)",
            "select p.id from people p, orders o where o.person = p.id and p.n > length(p.email)",
            "select (regexp_match(email, '^(a)'))[1] is null from people",
            "select jsonb_build_object(left(email, 1), 1) -> 'a' is null from people",
            "select id from people where (xpath('//b', email::xml))[70] is not null",
            "select id from people where ltrim(email, 'a') <> email",
            "select id from people where rtrim(email, 'abc') = ''",
        ] {
            assert_eq!(asks(text), Some(Probe::Asks(1)), "{text}");
        }
        let below =
            "select d -> 'a' is null from (select jsonb_build_object(left(email, 1), 1) as d from people) q";
        assert_eq!(asks(below), Some(Probe::Asks(2)));
    }

    #[test]
    fn what_says_how_many_rows_there_are_tells_all() {
        for text in [
            "select g from generate_series(1, 9) g offset (select ascii(email) from people where id = 1) limit 1",
            "select id from people limit (select length(email) from people)",
            "select count(*) over (rows between current row and (select ascii(email) from people) following) from orders",
            "select id from orders tablesample system_rows ((select ascii(email) from people))",
            "select id from orders tablesample system (50) repeatable ((select ascii(email) from people))",
            "select id, count(*) from (select id, generate_series(1, ascii(email)) from people) q group by id",
            "select id, string_to_table(repeat(',', ascii(email)), ',') from people",
            "select repeat('x', ascii(left(email, 1)) * 10240) from people",
            "select repeat('x', length(email) * 10240) from people",
            "select repeat(repeat('x', 10240), length(email)) from people",
            "select lpad('x', ascii(email)), id from people",
            "select rpad('x', k * 10240) from (select ascii(email) k from people) q",
            "select array_fill(0, array[length(email)]) from people",
            "insert into t select repeat('x', ascii(letter(1)))",
            "select generate_series(one, k) from (select 1 as one, ascii(email) k from people) q",
            "select t from (select left(email, 1) k from people) q, string_to_table('abcdefg', q.k) t",
            "select n from letters where ch = (select substr(email, 3, 1) from people where id = 1)",
            "select n from letters where ch in (select substr(email, 3, 1) from people)",
            "select n from letters order by ch = (select substr(email, 3, 1) from people where id = 1)",
            "select n from letters join (select left(email, 1) ch from people) s using (ch)",
            "select n from letters natural join (select left(email, 1) ch from people) s",
            "select l.n from letters l where l.ch = letter(3)",
            "select n from letters join generate_series(1, 9) p on ch = letter(p)",
            "select n from letters, letter(3) k where ch = k",
            "select ch from letters group by ch having ch = (select left(email, 1) from people where id = 1)",
            "with recursive r as (select 1 m union all select m + 1 from r where m < (select ascii(email) from people)) select count(*) from r",
            "select 1 from people, xmltable('/a/b' passing xmlparse(document repeat('<b/>', ascii(email))) columns z text path '.')",
            "select 1 from people p, json_table(('[' || repeat('1,', ascii(email)) || '1]')::jsonb, '$[*]' columns (z int path '$')) t",
        ] {
            assert_eq!(asks(text), Some(Probe::Extracts), "{text}");
        }
        for text in [
            "select n from letters where ch = (select left('a', 1))",
            "select id from orders where person in (select id from people where email like 'a%')",
            "select string_to_table(email, ','), unnest(born) from people",
            "select left(email, 1) || repeat('*', length(email) - 1), rpad(left(email, 2), greatest(length(email), 3), '*') from people",
            "select lpad(email, 20), repeat(email, 2), repeat('x', n) from people",
            "explain analyze select repeat('x', length(email)) from people",
            "delete from people where born >= all (select born from people)",
            "delete from people where n in (select max(born) from people group by email)",
        ] {
            assert_ne!(asks(text), Some(Probe::Extracts), "{text}");
        }
    }

    #[test]
    fn where_a_value_stands_among_hidden_ones_tells() {
        for text in [
            "select chr(64 + count(*)::int) from d where (select rank(d.ch) within group (order by email) from people where id = 2) = 1",
            "select count(*) from generate_series(1, 9) g where (select dense_rank(date '1970-01-01' + g) within group (order by born) from people) = 1",
            "select d.ch from d where d.ch = (select max(coalesce(p.email, d.ch)) from orders o left join people p on p.id = o.id)",
            "select d.ch from d where d.ch = (select min(case when p.id is null then d.ch else p.email end) from people p)",
            "select d.ch from d where d.ch = (select max(v) from people, lateral (values (email), (d.ch)) t (v) where people.id = 2)",
            "select d.ch from d where d.ch = (select max(v) from (select coalesce(p.email, d.ch) v from people p) q)",
        ] {
            assert_eq!(asks(text), Some(Probe::Extracts), "{text}");
        }
        for text in [
            "select 1 from people having rank('m') within group (order by email) = 1",
            "select 1 from people where id = 2 having cume_dist('m') within group (order by lower(email)) < 1",
            "select 1 from people having percentile_disc(0) within group (order by coalesce(email, 'm')) = 'm'",
            "select 1 where 'm' = (select max(coalesce(p.email, 'm')) from people p)",
            "select p.id, d.n from people p full join d on false order by coalesce(p.email, d.ch)",
            "select p.id, coalesce(p.email, d.ch) c from people p full join d on false order by c",
            "select coalesce(p.email, d.ch), p.id from people p full join d on false order by 1",
            "select row_number() over (order by coalesce(p.email, d.ch)), p.id from people p full join d on false",
        ] {
            assert_eq!(asks(text), Some(Probe::Asks(1)), "{text}");
        }
        for text in [
            "select rank('m') within group (order by email) from people",
            "select percentile_cont(0.5) within group (order by n), mode() within group (order by email) from people group by id",
            "select id from people where n = (select percentile_disc(0.5) within group (order by n) from people)",
            "select id from people order by coalesce(email, ''), coalesce(born, 'infinity'), coalesce(n, 0)",
            "select id from people where email = (select max(email) from people)",
            "select max(coalesce(email, 'nobody')), min(case when n > 1 then email else 'x' end) from people",
            "select coalesce(email, 'none') as email from people where people.email = 'a'",
            "select id from people order by case when id = 3 then 0 else 1 end, email",
            "select v.x from people, lateral (values (email), (lower(email))) v (x) order by v.x",
        ] {
            assert!(!does(text), "{text}");
        }
    }

    #[test]
    fn windows_that_hidden_values_sort_do_not_say_which_rows_are_near() {
        for text in [
            "select id, max(case when id > 1000 then id end) over (order by email) from people",
            "select id, lag(id) over (order by email desc) from people",
            "select id, array_agg(id) over (order by n, email) from people",
            "select id, count(*) filter (where id > 1000) over (order by email) from people",
            "select id, first_value(n) over w from people window w as (order by email)",
            "select id, last_value(n) over (w rows 1 preceding) from people window w as (order by email)",
            "select k from (select id, lead(id) over (order by lower(email)) k from people) q",
        ] {
            assert_eq!(asks(text), Some(Probe::Asks(QUESTIONS_MAX)), "{text}");
        }
        for text in [
            "select id, row_number() over (order by email), rank() over (order by born), count(*) over (order by email) from people",
            "select id, lag(email) over (order by email), first_value(email) over (order by born) from people",
            "select id, lag(id) over (partition by email order by id), sum(n) over (order by id) from people",
            "select id, ntile(4) over (order by email) from people",
            "select id, lag(n) over v from people window w as (order by email), v as (order by n)",
        ] {
            assert!(!does(text), "{text}");
        }
    }

    #[test]
    fn each_question_counts_and_many_are_an_answer() {
        let bits = |bits: u32| {
            let one = |bit| format!("count(*) filter (where ascii(email) & {} > 0)", 1 << bit);
            let all: Vec<_> = (0..bits).map(one).collect();
            asks(&format!("select id, {} from people group by id", all.join(", ")))
        };
        assert_eq!(bits(1), Some(Probe::Asks(1)));
        assert_eq!(bits(7), Some(Probe::Asks(7)));
        assert_eq!(bits(17), Some(Probe::Extracts));
    }

    #[test]
    fn conditions_that_look_into_a_value_do() {
        for text in [
            "select id from people where email like 'a%'",
            "select id from people where email ~ '^a'",
            "select id from people where email > 'm'",
            "select id from people where email between 'a' and 'b'",
            "select id from people where left(email, 1) = 'a'",
            "select id from people where ascii(email) = 97",
            "select id from people where length(email) = 5",
            "select id from people where email || '' = 'a'",
            "select id from people where (email collate \"C\") < 'b'",
            "select id from people where extract(year from born) = 1980",
            "select id from people where people::text like '%x%'",
            "select id from people where starts_with(email, 'a')",
            "select count(*) filter (where email like 'a%') from people",
            "select count(case when email like 'a%' then 1 end) from people",
            "select count(nullif(email like 'a%', false)) from people",
            "select id from people order by email like 'a%'",
            "select id from people order by case when email < 'm' then 1 else 2 end",
            "select 1 from people group by substr(email, 1, 1)",
            "select id from people limit (select length(email) from people)",
            "select g from people, generate_series(1, length(email)) g",
            "select o.id from orders o join people p on p.email like o.pattern",
            "select id from orders where exists (select from people where email like 'a%')",
            "select id from orders where (select email from people limit 1) like 'a%'",
            "update orders set n = 1 where id in (select id from people where email like 'a%')",
            "delete from people where email like 'a%'",
            "with x as (select id from people where email like 'a%') select * from x",
            "select id from people p where p.email[1] = 'a'",
            "select distinct on (left(email, 1)) id from people",
            "select row_number() over (order by email like 'a%') from people",
            "select id from (select id, email as x from people) s where x like 'a%'",
            "with x (a) as (select email from people) select 1 from x where a like 'a%'",
            "select 1 from people as q (a, b) where b like 'a%'",
            "select id from people p where p::text like '%x%'",
            "select id from people p where to_jsonb(p) ->> 'email' like 'z%'",
            "select id from (select id, email like 'z%' k from people) s where k",
            "select id from (select id, email like 'z%' k from people) s order by k",
            "select email like 'a%' from people",
            "select 1 / (case when email like 'z%' then 0 else 1 end) from people",
            "select 1 / (ascii(email) - 122) from people",
            "select id from people where email::\"char\" = 'z'",
            "select id from people where email::varchar(3) = 'zoe'",
            "select id from people where greatest(email, 'z') = email",
            "select 1 from (select email e, 0 k from people union all select 'zoe', 1) s order by e",
            "select generate_series(1, ascii(email)) from people",
            "select left(email, 1) from people intersect select 'a'",
            "select id from people where email operator(my.=) 'a'",
            "select id from people having max(email) like 'a%'",
            "select id from people where data->>'city' like 'a%'",
            "select id from people where (data->>'ssn')::int > 3",
            "select id from people where (data->'ssn'->>'x')::int > 3",
            "select id from people where (data->>n)::int > 3",
            "select letter(1) = 'a'",
            "select substr(letter(1), 1, 1) = 'a'",
            "select id from orders where letter(id) = 'a'",
            "select case letter(1) when 'a' then 1 end",
            "select 1 where letter(1) in ('a', 'b')",
            "select k from (select letter(1) as k) s where k = 'a'",
            "select 1 from letter(1) where letter = 'a'",
            "select 1 from letter(1) l where l = 'a'",
            "select 1 from letter(1) as l (k) where k <> 'a'",
            "select id from people where tableoid = 5",
            "select email::letters from people",
            "select upper(email::my.letters) from people",
            "explain analyze select left(email, 1) from people",
            "explain (analyze, serialize) with w as materialized (select email || 'x' as r from people) select r from w",
        ] {
            assert!(does(text), "{text}");
        }
    }

    #[test]
    fn to_compare_count_and_sort_whole_values_does_not() {
        for text in [
            "select id, email from people",
            "select lower(email), left(email, 3) from people where id = 7",
            "select id from people where email = $1",
            "select id from people where lower(email) = lower($1)",
            "select id from people where email in ('a', 'b') and email <> ''",
            "select email is null, lower(email) is not null, (select max(email) from people) is null from people",
            "select data->>'city' is null from people",
            "select id from people where email = any($1) or email is null",
            "select id from people where email is not distinct from $1",
            "select id from people where coalesce(email, '') = ''",
            "select id from people where email::text = 'a'",
            "select o.id from orders o join people p on p.email = o.contact",
            "select o.id from orders o join people p using (email)",
            "select count(email), count(distinct email) from people",
            "select email, count(*) from people group by email order by email desc",
            "select max(email), id > 3 from people",
            "select people.id, people.email from people where people.n > 5 limit 21",
            "insert into people (id, email) values (1, 'a') on conflict (id) do update set email = excluded.email",
            "select id from people where id like '7%' order by born",
            "select id from people where email in (select email from others)",
            "insert into people (email) values ('a')",
            "update people set email = lower(email) where id = 3",
            "select id from people where data->>'city' = 'a' and (data->'order'->>'total')::numeric > 3",
            "select letter(1), upper(letter(2)) from people where id = 3",
            "explain select left(email, 1) from people",
            "select email::citext, email::varchar(3), born::date, data::jsonb, n::letters from people",
            "explain (analyze false) select left(email, 1) from people",
            "explain analyze select email, lower(email), count(*) from people where email = 'a' group by 1 order by 1",
            "explain analyze update people set email = 'a' where id = 3",
            "select repeat('*', length(email)), lpad(email, 20), repeat('x', n) from people",
            "select json_value from (select json_value(data, '$.city') from people) s where json_value = 'a'",
            "select * from letter(1)",
            "select 1 from people p, letter(p.id) where p.n = 3",
        ] {
            assert!(!does(text), "{text}");
        }
    }
}
