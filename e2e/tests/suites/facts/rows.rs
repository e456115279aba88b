//! Queries and writes beside PostgreSQL's analysis, its plan, and its statistics of what changed.

use std::collections::BTreeSet;

use sql::catalog::Relation;
use sql::facts::{Access, Effect, RelationUse};
use sql::{Catalog, Statement, Touched, touched};

use super::analysed::{Analysed, Used};
use super::findings::Compared;
use super::node::Node;
use super::server::Server;

/// Compares the facts of a text with what PostgreSQL makes of `query`, which is the same or within it. `None` where the server cannot
/// make a function's body of that: most often it refuses it.
pub(crate) fn compare<'t>(
    server: &Server,
    text: &'t str,
    query: &str,
    statement: &Statement,
) -> Option<Compared<'t>> {
    let analysed = Analysed::of(&Node::parse(&server.probe("analysed", query)?)?);
    let relations = server.relations(analysed.oids())?;
    let mut compared = Compared::new(text);
    let is_within = text != query;
    let found = Found { statement, analysed: &analysed, relations: &relations, is_within };
    found.commands(&mut compared);
    found.uses(&mut compared);
    found.columns(&mut compared);
    found.functions(&mut compared, &server.functions(analysed.functions.iter().copied())?);
    if let Some(planned) = server.probe("planned", query) {
        let others = found.not_named(&planned, false);
        found.expands(server, &others, &mut compared, [PLAN_BELOW, PLAN_BEYOND])?;
    }
    if analysed.commands.iter().any(|command| *command != SELECT)
        && let Some(changed) = server.probe("changed", query)
    {
        let others = found.not_named(&changed, true);
        found.expands(server, &others, &mut compared, [CHANGES_BELOW, CHANGES_BEYOND])?;
    }
    Some(compared)
}

const PLAN_BELOW: &str = "plan: views, children, partitions";
const PLAN_BEYOND: &str = "plan: other relations";
const CHANGES_BELOW: &str = "changes: partitions, children, tables of views";
const CHANGES_BEYOND: &str = "changes: other tables";

/// `CmdType` in nodes.h.
const SELECT: u32 = 1;

/// What both say of one statement.
struct Found<'f> {
    statement: &'f Statement,
    analysed: &'f Analysed,
    relations: &'f [Relation],
    /// It is about a statement within it: a query there that reads no relation has no effect of its own.
    is_within: bool,
}

impl Found<'_> {
    fn commands(&self, compared: &mut Compared<'_>) {
        const WRITES: [(u32, Effect); 4] =
            [(2, Effect::Update), (3, Effect::Insert), (4, Effect::Delete), (5, Effect::Merge)];
        for (command, effect) in WRITES {
            let (theirs, ours) =
                (self.analysed.commands.contains(&command), self.statement.effects.contains(&effect));
            if theirs != ours {
                compared.wrong(format!("{}: PostgreSQL {theirs}, facts {ours}", effect.name()));
            }
        }
        let reads = !self.is_within || !self.analysed.relations.is_empty();
        if self.analysed.commands.first() == Some(&SELECT)
            && reads
            && !self.statement.effects.iter().any(|effect| matches!(effect, Effect::CopyOut | Effect::Select))
        {
            compared.wrong("no select".to_string());
        }
    }

    /// Relations, and whether they are read or written.
    fn uses(&self, compared: &mut Compared<'_>) {
        for (used, relation) in self.used() {
            let access = if used.is_written { Access::Write } else { Access::Read };
            if !self.statement.relations.iter().any(|named| named.access == access && means(named, relation))
            {
                compared.wrong(format!("no {access:?} of {}", relation.path()));
            }
        }
        for named in &self.statement.relations {
            let is_there = self.used().any(|(used, relation)| {
                means(named, relation) && (named.access == Access::Read || used.is_written)
            });
            if !is_there && !self.statement.ctes.contains(&named.name) {
                compared.wrong(format!(
                    "{:?} of {}, which PostgreSQL does not see",
                    named.access,
                    named.path()
                ));
            }
        }
    }

    fn columns(&self, compared: &mut Compared<'_>) {
        let Touched { columns, .. } = touched(self.statement, &Catalog::new(self.relations.iter().cloned()));
        let mut theirs = BTreeSet::new();
        for (used, relation) in self.used() {
            for number in used.columns_read.iter().chain(&used.columns_written) {
                // Zero is the whole row; what is below are columns that every table has.
                let meant = relation
                    .columns
                    .iter()
                    .filter(|column| *number == 0 || i64::from(column.number) == *number);
                theirs.extend(meant.map(|column| format!("{}.{}", relation.path(), column.name)));
            }
        }
        for missing in theirs.iter().filter(|column| !columns.contains(column)) {
            compared.wrong(format!("no column {missing}"));
        }
        if columns.iter().any(|column| !theirs.contains(column)) {
            compared.differs("more columns");
        }
    }

    fn functions(&self, compared: &mut Compared<'_>, theirs: &[String]) {
        let Statement { functions, columns, .. } = self.statement;
        for missing in theirs.iter().filter(|name| !functions.contains(name)) {
            let is_attribute = columns
                .iter()
                .any(|column| !column.qualifier.is_empty() && column.name.as_ref() == Some(missing));
            match is_attribute {
                true => compared.differs("functions fewer"),
                false => compared.wrong(format!("no function {missing}")),
            }
        }
        if functions.iter().any(|name| !theirs.contains(name)) {
            compared.differs("more functions");
        }
    }

    /// Those of `paths`, one a line, that the statement does not name, or does not write to.
    fn not_named(&self, paths: &str, written: bool) -> Vec<String> {
        let is_named = |path: &str| {
            self.used().any(|(used, relation)| {
                let temporary = relation.schema.starts_with("pg_temp");
                (used.is_written || !written)
                    && (relation.path() == path || temporary && path == format!("pg_temp.{}", relation.name))
            })
        };
        paths.lines().filter(|path| !is_named(path)).map(str::to_string).collect()
    }

    /// Tells what is below the relations of the statement from what is not.
    fn expands(
        &self,
        server: &Server,
        others: &[String],
        compared: &mut Compared<'_>,
        [below, beyond]: [&'static str; 2],
    ) -> Option<()> {
        if others.is_empty() {
            return Some(());
        }
        let far = server.beyond(self.analysed.oids(), others)?;
        if far.len() < others.len() {
            compared.differs(below);
        }
        if !far.is_empty() {
            compared.differs(beyond);
        }
        Some(())
    }

    fn used(&self) -> impl Iterator<Item = (&Used, &Relation)> {
        self.analysed.relations.iter().filter_map(|used| {
            let relation = self.relations.iter().find(|relation| relation.oid == used.oid)?;
            Some((used, relation))
        })
    }
}

/// Whether a name can be that of this relation.
fn means(named: &RelationUse, relation: &Relation) -> bool {
    let schema = |schema: &String| {
        *schema == relation.schema || schema == "pg_temp" && relation.schema.starts_with("pg_temp")
    };
    named.name == relation.name && named.schema.as_ref().is_none_or(schema)
}
