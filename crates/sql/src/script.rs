//! The body of a function as statements of SQL: what plpgsql gives a variable is selected under its name, and what it asks is a condition.
//! So values can be followed through it by names, as through one statement (`lineage::follow`). A body of which a part is not understood is
//! none.

use std::collections::BTreeSet;

use pg_query::protobuf::FunctionParameterMode;

mod giving;
mod reader;
mod stars;

use self::reader::Reader;
use self::stars::name_stars;
use crate::read::tree;
use crate::tree::{Child, Tree};

/// All that a body does.
#[derive(Debug)]
pub(crate) struct Script {
    /// Its statements, below one node: those that it has, conditions, and one for each value that a variable is given.
    pub(crate) all: Tree,
    /// The same of what queries among them give variables.
    pub(crate) copies: Tree,
    /// What the row that its trigger is about gets, column by column: names of the columns, and the row as it gets the value.
    pub(crate) fields: Vec<(String, Tree)>,
    /// A variable of its own has that row's name.
    pub(crate) hides_row: bool,
    /// Queries whose rows get into variables, with the names of these.
    pub(crate) rows: Vec<(Vec<String>, Tree)>,
    /// What it gives back.
    pub(crate) returned: Vec<Tree>,
    /// Variables that it gives back, as they are at its end.
    pub(crate) outputs: Vec<String>,
    /// Names of what it is given.
    pub(crate) parameters: BTreeSet<String>,
    /// It goes on behind an error.
    pub(crate) catches: bool,
    /// It says something on its way.
    pub(crate) says: bool,
    /// Loops in it.
    pub(crate) loops: Vec<Loop>,
    /// What is read off it as it is, wherever it gets: codes of errors.
    pub(crate) read_off: Vec<Tree>,
    /// Variables of which each field can have whatever they are given.
    pub(crate) wholes: BTreeSet<String>,
    /// What it decides by which of its statements it runs.
    pub(crate) decisions: Tree,
    /// It is a block that does the same as its statements would one by one: nothing that it keeps in variables says what comes next, and nothing
    /// is done again.
    pub(crate) is_straight: bool,
}

/// Something that a body does again and again.
#[derive(Debug, Default)]
pub(crate) struct Loop {
    /// What says how often.
    pub(crate) counts: Vec<Tree>,
    /// The same by an error, which leaves nothing but what was said.
    pub(crate) fails: Vec<Tree>,
    /// Each time is seen: it says something, writes rows or gives one back.
    pub(crate) is_seen: bool,
    /// It says something.
    pub(crate) says: bool,
    /// Names of functions that it calls each time.
    pub(crate) calls: BTreeSet<String>,
}

/// What a definition says of what the function is given and gives back.
#[derive(Default)]
struct Signature {
    inputs: BTreeSet<String>,
    outputs: Vec<String>,
    /// What parameters are that get no value, by their names.
    defaults: Vec<(String, Tree)>,
    returns_nothing: bool,
    /// What it does, where that is part of the definition.
    body: Option<Tree>,
}
impl Script {
    /// What a routine in `language` does, by `pg_proc.prosrc` and what `pg_get_functiondef` shows.
    pub(crate) fn of_routine(language: &str, body: &str, definition: &str) -> Option<Self> {
        let signature = Signature::of(definition)?;
        match language {
            "plpgsql" if !body.is_empty() => Reader::read(body, signature),
            "sql" => Script::of_sql(body, signature),
            _ => None,
        }
    }

    /// The same of one that `created` makes, which is written as `definition`.
    pub(crate) fn of_function(created: &Tree, definition: &str) -> Option<Self> {
        let language = option(created, "language").unwrap_or("sql");
        Script::of_routine(language, Script::body_of(created).unwrap_or_default(), definition)
    }

    /// The body of the function that `created` makes, where it is a text.
    pub(crate) fn body_of(created: &Tree) -> Option<&str> {
        option(created, "as")
    }

    /// What a DO block does.
    pub(crate) fn of_block(block: &Tree) -> Option<Self> {
        let options = || block.all("args").filter(|option| option.kind == "DefElem");
        let option = |name: &str| {
            let arg = options().find(|option| option.text("defname") == name)?.one("arg")?;
            Some(arg.text("sval"))
        };
        if option("language").is_some_and(|language| language != "plpgsql") {
            return None;
        }
        Reader::read(option("as")?, Signature::default())
    }

    fn of_sql(body: &str, signature: Signature) -> Option<Self> {
        let mut all = Tree::new("");
        let mut last = None;
        match &signature.body {
            Some(body) => {
                for statement in statements_of(body) {
                    last = Some(statement.clone());
                    all.push("stmts", Child::Node(statement.clone()));
                }
            }
            None => {
                let parsed = tree(body).ok()?;
                for raw in &parsed.protobuf.stmts {
                    let mut statement = Tree::of(&raw.stmt).ok()?.into_first()?;
                    name_stars(&mut statement);
                    name_parameters(&mut statement);
                    last = Some(statement.clone());
                    all.push("stmts", Child::Node(statement));
                }
            }
        }
        let returned = last.into_iter().filter(|_| !signature.returns_nothing);
        Some(Script {
            all,
            copies: defaults_of(&signature),
            fields: Vec::new(),
            hides_row: false,
            rows: Vec::new(),
            returned: returned.collect(),
            outputs: Vec::new(),
            parameters: signature.inputs,
            catches: false,
            says: false,
            loops: Vec::new(),
            read_off: Vec::new(),
            wholes: BTreeSet::new(),
            decisions: Tree::new(""),
            is_straight: false,
        })
    }
}

/// What this option of a function says.
fn option<'t>(created: &'t Tree, name: &str) -> Option<&'t str> {
    let option = created.all("options").find(|option| option.text("defname") == name)?;
    let value = option.one("arg")?;
    Some(value.one("items").unwrap_or(value).text("sval"))
}

/// Gives parameters that are known by a number a name, so that they are followed like those that have one.
fn name_parameters(tree: &mut Tree) {
    if tree.kind == "ParamRef" {
        *tree = column(&numbered(tree.number("number")));
        return;
    }
    for (_, child) in tree.children_mut() {
        if let Child::Node(node) = child {
            name_parameters(node);
        }
    }
}

/// The name of the parameter with this number.
fn numbered(number: i64) -> String {
    format!("${number}")
}

/// A column, or variable, of this name.
fn column(name: &str) -> Tree {
    let mut text = Tree::new("String");
    text.push("sval", Child::Text(name.to_owned()));
    let mut column = Tree::new("ColumnRef");
    column.push("fields", Child::Node(text));
    column
}

/// The statements of a body that is part of a definition: a list of lists, or what stands behind RETURN.
fn statements_of(body: &Tree) -> Vec<&Tree> {
    match body.kind {
        "List" => body.nodes().flat_map(statements_of).collect(),
        _ => vec![body],
    }
}

impl Signature {
    fn of(definition: &str) -> Option<Self> {
        let mut signature = Signature::default();
        let parsed = tree(definition).ok()?;
        let [raw] = parsed.protobuf.stmts.as_slice() else { return None };
        let created = Tree::of(&raw.stmt).ok()?.into_first().filter(|it| it.kind == "CreateFunctionStmt")?;
        let mut inputs = 0;
        for (place, parameter) in (1..).zip(created.all("parameters")) {
            let mode = parameter.number("mode");
            let is = |modes: &[FunctionParameterMode]| modes.iter().any(|known| *known as i64 == mode);
            let name = parameter.text("name").to_owned();
            let (out, inout) = (FunctionParameterMode::FuncParamOut, FunctionParameterMode::FuncParamInout);
            if is(&[out, inout, FunctionParameterMode::FuncParamTable]) {
                signature.outputs.extend(Some(name.clone()).filter(|name| !name.is_empty()));
            }
            if is(&[out, FunctionParameterMode::FuncParamTable]) {
                continue;
            }
            // In plpgsql what is given back has a number too.
            inputs += 1;
            let names = [name, numbered(place), numbered(inputs)];
            if let Some(default) = parameter.one("defexpr") {
                let named = names.iter().filter(|name| !name.is_empty());
                signature.defaults.extend(named.map(|name| (name.clone(), default.clone())));
            }
            signature.inputs.extend(names);
        }
        let returns = created.one("return_type").map(|of| of.name("names").pop() == Some("void"));
        signature.returns_nothing = returns.unwrap_or_default();
        signature.body = created.into_field("sql_body");
        Some(signature)
    }
}

/// Parameters that get no value are given these.
fn defaults_of(signature: &Signature) -> Tree {
    let mut copies = Tree::new("");
    for (name, value) in &signature.defaults {
        copies.push("stmts", Child::Node(selected(value.clone(), name)));
    }
    copies
}

/// `SELECT value AS name`.
fn selected(value: Tree, name: &str) -> Tree {
    let mut target = Tree::new("ResTarget");
    target.push("name", Child::Text(name.to_owned()));
    target.push("val", Child::Node(value));
    let mut select = Tree::new("SelectStmt");
    select.push("target_list", Child::Node(target));
    select
}

/// A statement in which this says of how many rows.
fn counted_by(value: Tree) -> Tree {
    let mut select = Tree::new("SelectStmt");
    select.push("limit_count", Child::Node(value));
    select
}
