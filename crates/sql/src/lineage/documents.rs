//! What is taken out of documents (JSON, hstore), and what of it can still be told apart where it gets: a value that is kept whole is looked
//! at by its keys on the way to the client. What makes something else of one hides them.

use pg_query::protobuf::AExprKind;

use crate::plain::uncast;
use crate::tree::Tree;

/// Operators that take out what stands behind a key, and those that do behind a path.
pub(crate) const TAKING: [&str; 4] = ["->", "->>", "#>", "#>>"];

/// Operators that tell no more of their operands than whether they are the same, put them together or take something away, or work on
/// numbers.
const KEEPING_OPERATORS: [&str; 9] = ["#-", "%", "*", "+", "-", "/", "<>", "=", "||"];

/// Types that a value can be cast to and keep its keys as they are written.
const DOCUMENTS: [&str; 5] = ["bpchar", "json", "jsonb", "text", "varchar"];

/// What happens to a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It gets into the result as it is, maybe among others.
    Kept,
    /// It gets into a document, where columns of a row are keys.
    InDocument,
    /// Something else is made of it.
    Cut,
    /// It is made a value of a type that has no documents.
    NoDocument,
    /// Its members get into columns, without their keys.
    Apart,
}

/// What something takes values from, each with what happens to them, and by which keys.
#[derive(Default)]
pub(super) struct Taken<'t> {
    pub(super) from: Vec<(&'t Tree, Use)>,
    pub(super) keys: Vec<String>,
}

/// Nodes that give back what they are given, or put it into a list or document.
const KEEPING: [&str; 18] = [
    "",
    "AArrayExpr",
    "BoolExpr",
    "CaseExpr",
    "CaseWhen",
    "CoalesceExpr",
    "CollateClause",
    "JsonAggConstructor",
    "JsonArrayAgg",
    "JsonArrayConstructor",
    "JsonKeyValue",
    "JsonObjectAgg",
    "JsonObjectConstructor",
    "JsonValueExpr",
    "List",
    "MinMaxExpr",
    "ResTarget",
    "SubLink",
];

/// Functions that do, besides those of one argument.
const KEEPING_FUNCTIONS: [&str; 36] = [
    "array_agg",
    "avg",
    "bool_and",
    "bool_or",
    "concat",
    "concat_ws",
    "every",
    "first_value",
    "json_agg",
    "json_array_elements",
    "json_array_elements_text",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "json_strip_nulls",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_array_elements_text",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_insert",
    "jsonb_object_agg",
    "jsonb_pretty",
    "jsonb_set",
    "jsonb_set_lax",
    "jsonb_strip_nulls",
    "lag",
    "last_value",
    "lead",
    "max",
    "min",
    "row_to_json",
    "string_agg",
    "sum",
    "to_json",
    "to_jsonb",
];

/// Those of them that make a document of a row.
pub(super) const ROW_KEEPING_FUNCTIONS: [&str; 11] = [
    "json_agg",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "jsonb_agg",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "row_to_json",
    "to_json",
    "to_jsonb",
];

/// Functions that cut off what else they are given.
const KEEPING_ALONE: [&str; 3] = ["btrim", "ltrim", "rtrim"];

/// Functions that take out what stands behind keys.
pub(crate) const BY_KEYS: [&str; 4] =
    ["json_extract_path", "json_extract_path_text", "jsonb_extract_path", "jsonb_extract_path_text"];

/// How functions are called that take out what stands behind a path, and those of SQL/JSON.
pub(super) const BY_PATHS: [&str; 4] = ["json_query", "json_table", "json_value", "jsonb_path_"];

/// Functions that give each member of a document as a row, and the columns of those.
const EACH: [&str; 4] = ["json_each", "json_each_text", "jsonb_each", "jsonb_each_text"];
const EACH_COLUMNS: [&str; 2] = ["key", "value"];

/// Functions that make columns of members, under their names.
const MAKING_COLUMNS: [&str; 4] =
    ["json_to_record", "json_to_recordset", "jsonb_to_record", "jsonb_to_recordset"];

/// Whether a function of this name, in capitals or not, makes columns of members, under their names.
pub(super) fn makes_columns(name: &str) -> bool {
    MAKING_COLUMNS.iter().any(|own| name.eq_ignore_ascii_case(own))
}

/// Types that no document is a value of.
const NO_DOCUMENTS: [&str; 14] = [
    "bool",
    "date",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "interval",
    "numeric",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "uuid",
];

/// What happens to the parts of a node of this kind, to which `how` happens.
pub(super) fn of_parts(kind: &str, how: Use) -> Use {
    kept_if(KEEPING.contains(&kind), how)
}

fn kept_if(is_kept: bool, how: Use) -> Use {
    if is_kept || how == Use::Apart { how } else { Use::Cut }
}

/// What an operator, a cast or a subscript takes.
pub(super) fn taken(tree: &Tree, how: Use) -> Taken<'_> {
    if let Some((from, keys)) = by_keys(tree) {
        return Taken { from: vec![(from, how)], keys };
    }
    // A row is written as no document is.
    let how = if how == Use::InDocument { Use::Kept } else { how };
    let how = match tree.kind {
        "TypeCast" => {
            // What is kept of a document is none of these.
            if plain_value(tree).is_some() { Use::NoDocument } else { kept_if(is_of(tree, &DOCUMENTS), how) }
        }
        "AExpr" => kept_if(is_keeping(tree), how),
        _ => kept_if(false, how),
    };
    Taken { from: tree.nodes().map(|node| (node, how)).collect(), keys: Vec::new() }
}

/// What a cast makes a value of a type of that has no documents.
pub(super) fn plain_value(cast: &Tree) -> Option<&Tree> {
    cast.one("arg").filter(|_| cast.kind == "TypeCast" && of_any(cast, &NO_DOCUMENTS))
}

/// What is taken from in the end, and all keys on the way.
pub(super) fn by_all_keys(tree: &Tree) -> Option<(&Tree, Vec<String>)> {
    let (mut from, mut keys) = by_keys(tree)?;
    while let Some((next, more)) = by_keys(from) {
        keys.extend(more);
        from = next;
    }
    Some((from, keys))
}

/// What a function takes.
pub(super) fn taken_by_call(call: &Tree, how: Use) -> Taken<'_> {
    let name = call.name("funcname");
    let own = match name.as_slice() {
        [name] | ["pg_catalog", name] => *name,
        _ => "",
    };
    let arguments: Vec<&Tree> = call.all("args").collect();
    if let (true, [of, path @ ..]) = (BY_KEYS.contains(&own), arguments.as_slice())
        && let Some(keys) = path.iter().map(|key| constant(key)).collect::<Option<Vec<_>>>()
        && let Some(keys) =
            if call.has(&["func_variadic"]) { self::path(&keys.concat()) } else { Some(keys.concat()) }
    {
        return Taken { from: vec![(*of, how)], keys };
    }
    if EACH.contains(&own) {
        return Taken { from: arguments.into_iter().map(|of| (of, Use::Apart)).collect(), keys: Vec::new() };
    }
    let by_path = BY_PATHS.iter().any(|begin| own.starts_with(begin));
    let paths = arguments.iter().filter(|_| by_path).filter_map(|path| constant(uncast(path)));
    let keys = paths.flatten().flat_map(|path| path_keys(&path)).collect();
    let is_kept = KEEPING_FUNCTIONS.contains(&own) || KEEPING_ALONE.contains(&own) && arguments.len() == 1;
    let how = match how {
        Use::Kept | Use::InDocument if ROW_KEEPING_FUNCTIONS.contains(&own) => Use::InDocument,
        Use::InDocument if own != "array_agg" => Use::Kept,
        how => how,
    };
    let how = kept_if(is_kept, how);
    let all = arguments.into_iter().chain(call.all("agg_order"));
    Taken { from: all.map(|argument| (argument, how)).collect(), keys }
}

/// What stands in a FROM is called, with its columns, where that is each member of a document.
pub(super) fn each_columns(item: &Tree) -> Option<(&str, [&'static str; 2])> {
    let (_, name) = only_call(item)?;
    EACH.contains(&name).then_some((name, EACH_COLUMNS))
}

/// The columns of what stands in a FROM, and what each takes from where, where they are made of members of one document that are called
/// as they are: `x.name` is what `document ->> 'name'` would be.
pub(super) fn member_columns(item: &Tree) -> Option<Vec<(&str, Taken<'_>)>> {
    let (call, _) = only_call(item).filter(|(_, name)| MAKING_COLUMNS.contains(name))?;
    let mut arguments = call.all("args");
    let (Some(document), None) = (arguments.next(), arguments.next()) else { return None };
    let how = |column: &Tree| match () {
        () if is_of(column, &DOCUMENTS) => Some(Use::Kept),
        () if of_any(column, &NO_DOCUMENTS) => Some(Use::NoDocument),
        () => None,
    };
    let columns = item.all("coldeflist").map(|column| {
        let name = column.text("colname");
        Some((name, Taken { from: vec![(document, how(column)?)], keys: vec![name.to_owned()] }))
    });
    columns.collect::<Option<Vec<_>>>().filter(|columns| !columns.is_empty())
}

/// The one call that stands in a FROM, and the name of PostgreSQL's function that it can be of.
fn only_call(item: &Tree) -> Option<(&Tree, &str)> {
    let mut calls = item.all("functions").map(|call| call.one("items").unwrap_or(call));
    let call = calls.next().filter(|call| call.kind == "FuncCall")?;
    match (calls.next(), call.name("funcname").as_slice()) {
        (None, [name] | ["pg_catalog", name]) => Some((call, name)),
        _ => None,
    }
}

/// What of a path of SQL/JSON, or of one that is written as an array, can be keys.
pub(super) fn path_keys(path: &str) -> Vec<String> {
    let is_in_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '_' | '-');
    // An escape can stand for any letter.
    if path.contains('\\') {
        return vec![String::new()];
    }
    let words = |(at, part): (usize, &str)| match at % 2 {
        0 => part.split(|letter| !is_in_word(letter)).map(str::to_owned).collect(),
        _ => vec![part.to_owned()],
    };
    let whole = std::iter::once(path.to_owned());
    path.split('"').enumerate().flat_map(words).chain(whole).filter(|word| !word.is_empty()).collect()
}

/// The keys of a node of SQL/JSON: those in its path, or the name of a column that has none.
pub(super) fn keys_of_node(node: &Tree) -> Vec<String> {
    let path = match node.kind {
        "JsonFuncExpr" => node.one("pathspec"),
        "JsonTablePathSpec" => node.one("string"),
        "JsonTableColumn" if !node.has(&["pathspec"]) => return vec![node.text("name").to_owned()],
        _ => None,
    };
    let written = path.and_then(|path| constant(uncast(path))).unwrap_or_default();
    written.iter().flat_map(|path| path_keys(path)).collect()
}

/// Whether an operator keeps its operands, or tells no more of them than whether they are the same.
fn is_keeping(tree: &Tree) -> bool {
    let kind = tree.number("kind");
    let is_of = |kinds: &[AExprKind]| kinds.iter().any(|known| *known as i64 == kind);
    is_of(&[AExprKind::AexprDistinct, AExprKind::AexprNotDistinct, AExprKind::AexprNullif])
        || is_of(&[AExprKind::AexprOp, AExprKind::AexprOpAny, AExprKind::AexprIn])
            && matches!(tree.name("name").as_slice(), [name] if KEEPING_OPERATORS.contains(name))
}

/// What is taken from, and by which keys, where those are in the text.
fn by_keys(tree: &Tree) -> Option<(&Tree, Vec<String>)> {
    match tree.kind {
        "AExpr" => {
            let is_path = match tree.name("name").as_slice() {
                ["->" | "->>"] => false,
                ["#>" | "#>>"] => true,
                _ => return None,
            };
            let written = constant(tree.one("rexpr")?)?;
            let keys = match is_path {
                true => path(&written)?,
                false => written,
            };
            Some((tree.one("lexpr")?, keys))
        }
        "AIndirection" => {
            let mut keys = Vec::new();
            for part in tree.all("indirection") {
                let is_index = part.kind == "AIndices" && !part.has(&["is_slice"]);
                keys.extend(constant(part.one("uidx").filter(|_| is_index)?)?);
            }
            Some((tree.one("arg")?, keys))
        }
        _ => None,
    }
}

/// The keys of paths as an array writes them. `None` where what is written can say something else.
fn path(written: &[String]) -> Option<Vec<String>> {
    let keys = |path: &str| path.trim_matches(['{', '}']).split(',').map(key).collect::<Vec<_>>();
    (!written.iter().any(|path| path.contains('\\')))
        .then(|| written.iter().flat_map(|path| keys(path)).collect())
}

/// A key of a path as an array writes it.
fn key(written: &str) -> String {
    written.trim().trim_matches('"').to_owned()
}

/// A text, or nothing for a number; `None` where it is no constant.
fn constant(tree: &Tree) -> Option<Vec<String>> {
    match tree.kind {
        "TypeCast" if is_of(tree, &["text", "varchar"]) => {
            let written = constant(tree.one("arg")?)?;
            match tree.one("type_name")?.has(&["array_bounds"]) {
                true => path(&written),
                false => Some(written),
            }
        }
        // A place in an array.
        "TypeCast" if is_of(tree, &["int2", "int4", "int8"]) => {
            constant(tree.one("arg")?).map(|_| Vec::new())
        }
        "AArrayExpr" => {
            let all = tree.all("elements").map(constant).collect::<Option<Vec<_>>>()?;
            Some(all.concat())
        }
        "AConst" => Some(
            tree.nodes()
                .filter(|value| value.kind == "String")
                .map(|value| value.text("sval").to_owned())
                .collect(),
        ),
        "AExpr" if matches!(tree.name("name").as_slice(), ["-"]) && !tree.has(&["lexpr"]) => {
            constant(tree.one("rexpr")?)
        }
        _ => None,
    }
}

/// Whether it is a cast to one of these, or a column of such a type, or to an array of them, without a limit of length.
fn is_of(cast: &Tree, types: &[&str]) -> bool {
    of_any(cast, types) && !cast.one("type_name").is_some_and(|of| of.has(&["typmods"]))
}

fn of_any(cast: &Tree, types: &[&str]) -> bool {
    match cast.one("type_name").map(|of| of.name("names")).unwrap_or_default().as_slice() {
        [name] | ["pg_catalog", name] => types.contains(name),
        _ => false,
    }
}

/// Whether a function of this name keeps documents whole, if it is PostgreSQL's own.
pub fn keeps_documents(name: &str) -> bool {
    KEEPING_FUNCTIONS.contains(&name) || KEEPING_ALONE.contains(&name) || BY_KEYS.contains(&name)
}

/// Whether a function of this name, if it is PostgreSQL's own, takes members of a document apart from their keys.
pub fn takes_apart(name: &str) -> bool {
    EACH.contains(&name)
}

/// Whether a text can take something out of a document by its keys.
pub fn takes_by_keys(text: &str) -> bool {
    text.contains('[')
        || TAKING.iter().any(|sign| text.contains(sign))
        || text.as_bytes().windows(4).any(|word| word.eq_ignore_ascii_case(b"json"))
}
