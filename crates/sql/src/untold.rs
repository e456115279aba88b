//! What code is handed that runs texts which it puts together: whether these can be told, and what they name. It does not follow them.

use std::collections::{BTreeSet, HashSet};

use crate::catalog::Catalog;
use crate::computed::words;
use crate::facts::{Effect, Statement};
use crate::lineage::of_statement;
use crate::routine::Routine;
use crate::script::Script;
use crate::tree::Tree;

/// PostgreSQL's types whose values are no statements.
const PLAIN: [&str; 14] = [
    "bool",
    "date",
    "float4",
    "float8",
    "int2",
    "int4",
    "int8",
    "interval",
    "numeric",
    "oid",
    "time",
    "timestamp",
    "timestamptz",
    "uuid",
];

impl Statement {
    /// Whether code that it runs puts texts together and runs them, and nobody can tell which.
    pub fn runs_untold(&self) -> bool {
        self.runs_texts && self.effects.contains(&Effect::OpaqueCall)
    }

    /// Names that such code has in texts, or is handed in one by `own`, whose text is `text`; `None` where it is handed a text that is not
    /// told. The statement is `own` with its reach. Call it on a thread with [`READ_STACK_BYTES`](crate::READ_STACK_BYTES) of stack.
    pub fn names_handed(&self, text: &str, own: &Self, catalog: &Catalog) -> Option<BTreeSet<String>> {
        let runs = |name: &&str| {
            let call = Statement { functions: vec![(*name).to_owned()], ..Statement::default() };
            call.with_calls(catalog).is_some_and(|called| called.runs_untold())
        };
        let running: HashSet<String> = self.calls().filter(runs).map(str::to_owned).collect();
        let mut names = self.words.clone();
        let mut is_told = true;
        of_statement(text, |statement| {
            constants(statement, &mut names);
            is_told = match statement.kind {
                "DoStmt" => Script::of_block(statement)
                    .is_some_and(|script| tells_all(&script.all, &running, &BTreeSet::new())),
                _ => tells_all(statement, &running, &BTreeSet::new()),
            };
        });
        let within: Vec<&Routine> = running.iter().flat_map(|name| catalog.routines(name)).collect();
        let tells = |script: &Script| tells_all(&script.all, &running, &script.kept());
        // A definition names what it defines.
        let calls = |routine: &Routine, of: &dyn Fn(&String) -> bool| {
            routine.calls().any(|name| *name != routine.name && of(name))
        };
        let is_told_within = within.iter().all(|routine| {
            !calls(routine, &|name| running.contains(name)) || routine.script().is_some_and(tells)
        });
        // What operators, casts and views give to theirs is not known.
        let is_called = |name: &String| {
            own.calls().any(|called| called == name)
                || within.iter().any(|routine| calls(routine, &|called| called == name))
        };
        // Defaults of parameters; the constants of bodies are among the statement's words.
        within.iter().for_each(|routine| of_statement(&routine.definition, |it| constants(it, &mut names)));
        (is_told && is_told_within && running.iter().all(is_called)).then_some(names)
    }
}

impl Script {
    /// Its parameters, but for those under whose names it has something else.
    fn kept(&self) -> BTreeSet<String> {
        fn given<'t>(tree: &'t Tree, into: &mut HashSet<&'t str>) {
            if tree.kind == "ResTarget" {
                into.insert(tree.text("name"));
            }
            tree.nodes().for_each(|node| given(node, into));
        }
        let mut names = HashSet::new();
        given(&self.all, &mut names);
        self.parameters.iter().filter(|name| !names.contains(name.as_str())).cloned().collect()
    }
}

/// Words of all constants in it.
fn constants(tree: &Tree, into: &mut BTreeSet<String>) {
    if tree.kind == "AConst" {
        tree.nodes().for_each(|value| into.extend(words(value.text("sval"))));
    }
    tree.nodes().for_each(|node| constants(node, into));
}

/// Whether all that functions of these names are handed in it are constants, or one of these parameters as it is.
fn tells_all(tree: &Tree, running: &HashSet<String>, parameters: &BTreeSet<String>) -> bool {
    let is_running = |name: Option<&str>| name.is_some_and(|name| running.contains(name));
    let is_told = match tree.kind {
        "FuncCall" if is_running(tree.name("funcname").pop()) => {
            tree.all("args").all(|given| is_constant(given, parameters))
        }
        // `(value).name` and `row.name` can be calls.
        "AIndirection" => !is_running(tree.name("indirection").pop()),
        "ColumnRef" => tree.name("fields").len() < 2 || !is_running(tree.name("fields").pop()),
        _ => true,
    };
    is_told && tree.nodes().all(|node| tells_all(node, running, parameters))
}

fn is_constant(given: &Tree, parameters: &BTreeSet<String>) -> bool {
    match given.kind {
        // Texts that differ in their literals alone are judged once: any may stand there but in the body of a function.
        "AConst" => !parameters.is_empty() || given.nodes().all(|value| value.kind != "String"),
        "AArrayExpr" | "NamedArgExpr" | "RowExpr" => given
            .all("arg")
            .chain(given.all("elements"))
            .chain(given.all("args"))
            .all(|one| is_constant(one, parameters)),
        "ColumnRef" => matches!(given.name("fields")[..], [name] if parameters.contains(name)),
        "TypeCast" => {
            let to = given.one("type_name");
            let is_plain = to.is_some_and(|to| {
                !to.has(&["array_bounds"]) && to.name("names").pop().is_some_and(|name| PLAIN.contains(&name))
            });
            is_plain || given.one("arg").is_some_and(|arg| is_constant(arg, parameters))
        }
        _ => false,
    }
}
