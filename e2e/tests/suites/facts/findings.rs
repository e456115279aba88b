//! What came of comparing, statement by statement: each difference has a class that somebody has explained, or is told.

use std::collections::{BTreeMap, BTreeSet};

/// Ways in which facts and PostgreSQL's report differ, and why.
pub(crate) const CLASSES: [(&str, &str); 13] = [
    (
        "more columns",
        "`*` and a name without a table mean every relation of the statement that could have the column; DELETE, and INSERT \
         without a list, mean all columns: a record may say too much, never too little",
    ),
    (
        "more functions",
        "`regclass('t')` is a cast and `(value).field` a field, which only the catalog tells from calls",
    ),
    (
        "functions fewer",
        "`u.greeting` calls `greeting(u)` where there is no such column; the record has the whole row",
    ),
    (
        "plan: views, children, partitions",
        "only the server opens them: the record has the name that the statement gives",
    ),
    ("plan: other relations", "in a function of SQL that the planner puts in its place, or in a policy"),
    ("changes: partitions, children, tables of views", "only the server knows where rows go"),
    ("changes: other tables", "by triggers, rules and foreign keys"),
    (
        "changes: in code that is not the block's",
        "in functions that a DO block calls, and in what it computes and runs, which is its own effect",
    ),
    (
        "truncated: parts, and what refers to it",
        "children and partitions, and with CASCADE what refers to them",
    ),
    (
        "commands: what is made or changed with it",
        "sequences and indexes of a new table, children of an altered one",
    ),
    ("commands: by code that runs", "what DO and CALL run: the fact is that they do"),
    ("commands: what a role owns", "DROP OWNED names the role"),
    ("commands: what is dropped with it", "what depends on it, its types, constraints and partitions"),
];

#[derive(Default)]
pub(crate) struct Findings {
    /// Statements that were compared, by kind.
    pub(crate) statements: BTreeMap<&'static str, usize>,
    /// Statements in which there is such a difference.
    pub(crate) classes: BTreeMap<&'static str, usize>,
    pub(crate) unexplained: Vec<String>,
}

/// One statement.
pub(crate) struct Compared<'t> {
    text: &'t str,
    classes: BTreeSet<&'static str>,
    unexplained: Vec<String>,
}

impl<'t> Compared<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Compared { text, classes: BTreeSet::new(), unexplained: Vec::new() }
    }

    /// It differs in a way that is explained.
    ///
    /// # Panics
    ///
    /// Nobody has explained it.
    pub(crate) fn differs(&mut self, class: &'static str) {
        assert!(CLASSES.iter().any(|(name, _)| *name == class), "no class is called {class}");
        self.classes.insert(class);
    }

    /// It differs and must not.
    pub(crate) fn wrong(&mut self, what: String) {
        self.unexplained.push(format!("{what}: {}", self.text));
    }
}

impl Findings {
    pub(crate) fn add(&mut self, kind: &'static str, compared: Compared<'_>) {
        *self.statements.entry(kind).or_default() += 1;
        for class in compared.classes {
            *self.classes.entry(class).or_default() += 1;
        }
        self.unexplained.extend(compared.unexplained);
    }
}
