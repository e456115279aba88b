//! What a body puts into its variables, each value selected under the name that it gets.

use super::reader::Reader;
use super::{column, selected};
use crate::tree::{Child, Tree};

/// The rows that a trigger is about: what is put into their columns is followed by these.
pub(super) const ROWS: [&str; 2] = ["new", "old"];

/// What is put into, and where it ends: names of the variable and of its fields.
pub(super) struct Target {
    pub(super) names: Vec<String>,
    pub(super) end: usize,
}

impl Reader<'_, '_> {
    pub(super) fn assignment(&mut self, at: usize, end: usize) -> Option<()> {
        let words = self.words;
        let target = self.target(at)?;
        if !matches!(words.text(target.end), Some(":=" | "=")) {
            return None;
        }
        let text = words.slice(target.end + 1..end)?;
        self.give_text(text, &target.names)
    }

    /// The variables that stand behind the word at `at`.
    pub(super) fn targets(&mut self, at: usize) -> Option<Vec<Target>> {
        let mut next = at + 1 + usize::from(self.raw(at + 1) == "strict");
        let mut targets = Vec::new();
        loop {
            let target = self.target(next)?;
            next = target.end + 1;
            targets.push(target);
            if self.words.text(next - 1) != Some(",") {
                return Some(targets);
            }
        }
    }

    /// A variable, a field of one, or an element: which element is a part of what it is given.
    pub(super) fn target(&mut self, at: usize) -> Option<Target> {
        let words = self.words;
        let mut names = vec![words.name(at).filter(|_| self.is_name(at))?];
        let mut next = at + 1;
        loop {
            match words.text(next) {
                Some(".") => {
                    names.push(words.name(next + 1).filter(|_| self.is_name(next + 1))?);
                    next += 2;
                }
                Some("[") => {
                    let mut depth = 0_usize;
                    let close = (next..words.len()).find(|at| {
                        match words.text(*at) {
                            Some("[") => depth += 1,
                            Some("]") => depth = depth.saturating_sub(1),
                            _ => {}
                        }
                        depth == 0
                    })?;
                    for part in words.slice(next + 1..close).into_iter().flat_map(|text| text.split(':')) {
                        if !part.trim().is_empty() {
                            self.give_text(part, &names)?;
                        }
                    }
                    next = close + 1;
                }
                _ => return Some(Target { names, end: next }),
            }
        }
    }

    /// Each row of a query gets into variables.
    pub(super) fn give_rows(&mut self, query: Tree, targets: &[Target]) -> Option<()> {
        self.push(query.clone());
        let all: Vec<String> = targets.iter().flat_map(|target| target.names.iter().cloned()).collect();
        self.assigned.extend(targets.iter().filter_map(|target| target.names.first().cloned()));
        let values = values_of(&query);
        // A row type has names of its own for what it is given one by one.
        if let ([target], Some(_)) = (targets, &values)
            && let [name] = target.names.as_slice()
            && !self.records.contains(name)
        {
            self.script.wholes.insert(name.clone());
        }
        let values = values.filter(|values| values.len() == targets.len());
        for (value, target) in values.iter().flatten().zip(targets) {
            for name in self.give_field(value, &target.names) {
                self.script.copies.push("stmts", Child::Node(selected(value.clone(), name)));
            }
        }
        // A single one can be a whole row.
        match (targets, &values) {
            ([target], Some(_)) if is_field(&target.names) => {
                self.script.rows.push((target.names.get(1..).unwrap_or_default().to_vec(), query));
            }
            ([_], _) | ([_, ..], None) => self.script.rows.push((all, query)),
            _ => {}
        }
        Some(())
    }

    /// An expression gets into a variable.
    pub(super) fn give_text(&mut self, text: &str, names: &[String]) -> Option<()> {
        let query = self.query(&format!("SELECT {text}"))?;
        self.assigned.extend(names.first().cloned());
        let value = values_of(&query)?.into_iter().next()?;
        self.note_whole(&value, names);
        // `x := a FROM t` is one too.
        if is_more(&query) {
            self.push(query);
        }
        for name in self.give_field(&value, names) {
            self.push(selected(value.clone(), name));
        }
        Some(())
    }

    /// Notes what a column of the row gets that a trigger is about: the names that are left.
    fn give_field<'n>(&mut self, value: &Tree, names: &'n [String]) -> &'n [String] {
        match names {
            [row, fields @ ..] if is_field(names) => {
                let column = fields.first().cloned().unwrap_or_default();
                self.script.fields.push((column, selected(value.clone(), row)));
                fields
            }
            _ => names,
        }
    }

    /// A row that is made of something has that under whatever names its type has.
    fn note_whole(&mut self, value: &Tree, names: &[String]) {
        let [name] = names else { return };
        match value.name("fields").as_slice() {
            _ if ROWS.contains(&name.as_str()) => {}
            // It may be a row, of the same type or another.
            [from] if value.kind == "ColumnRef" => {
                let is_other = self.records.contains(*from) && !self.records.contains(name);
                if is_other || self.script.wholes.contains(*from) {
                    self.script.wholes.insert(name.clone());
                }
            }
            _ => {
                self.script.wholes.insert(name.clone());
            }
        }
    }

    pub(super) fn give_name(&mut self, from: &str, name: &str) {
        self.push(selected(column(from), name));
    }
}

/// Whether a column of the row is put into that a trigger is about, or a field of one.
fn is_field(names: &[String]) -> bool {
    matches!(names, [row, _, ..] if ROWS.contains(&row.as_str()))
}

/// The expressions of what a statement gives, where they stand there one by one.
pub(super) fn values_of(query: &Tree) -> Option<Vec<Tree>> {
    if query.has(&["larg", "values_lists"]) {
        return None;
    }
    let targets: Vec<&Tree> = match query.kind {
        "SelectStmt" => query.all("target_list").collect(),
        _ => {
            let returning = query.one("returning_clause").into_iter().flat_map(|clause| clause.all("exprs"));
            query.all("returning_list").chain(returning).collect()
        }
    };
    let is_star = |value: &Tree| {
        ["fields", "indirection"].iter().any(|field| value.all(field).any(|part| part.kind == "AStar"))
    };
    let values = targets.into_iter().map(|target| target.one("val").filter(|value| !is_star(value)).cloned());
    values.collect()
}

/// Whether it takes what it gives from somewhere.
pub(super) fn is_more(query: &Tree) -> bool {
    query.children().any(|(field, child)| matches!(child, Child::Node(_)) && *field != "target_list")
}
