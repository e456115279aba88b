//! What must not be there twice, or not without what it refers to, or not in a partition, and what is sorted by: whether the rows with parts of
//! values are such tells these, and so does where they stand.

use pg_query::protobuf::{AlterTableType, ConstrType};

use super::{Place, Probe, Probes};
use crate::tree::Tree;

impl Probes<'_> {
    /// Whether a field is of keys that are computed, of which no two rows have the same.
    pub(super) fn is_unique_key(&self, tree: &Tree, field: &str) -> bool {
        match tree.kind {
            "IndexStmt" => field == "index_params" && tree.number("unique") != 0,
            "Constraint" => field == "exclusions",
            _ => false,
        }
    }

    /// What is asked by what must not be there twice, and by an INSERT that leaves out what is there.
    pub(super) fn conflicts(&self, tree: &Tree) -> Option<Probe> {
        match tree.kind {
            "ColumnDef" => self.generated_key(tree),
            "IndexStmt" => {
                let keys = || tree.all("index_params");
                // How many entries it has says nothing where each row has one, and in which order CLUSTER and queries ask.
                let is_counted = !["btree", "hash"].contains(&tree.text("access_method"));
                let told = keys().any(|key| self.is_told_by_place(key, is_counted)).then_some(Probe::MOST);
                let is_part = |key: &Tree| self.is_part(key.text("name"));
                told.max((tree.number("unique") != 0 && keys().any(is_part)).then_some(Probe::Asks(1)))
            }
            // A table that is made has no rows yet.
            "AlterTableCmd" => {
                let excluded = |pair: &Tree| pair.all("items").any(|key| self.is_told_by_place(key, true));
                let told = tree.one("def").is_some_and(|added| added.all("exclusions").any(excluded));
                told.then_some(Probe::MOST).max(self.met_by_rows(tree).then_some(Probe::Asks(1)))
            }
            // Rows in the default partition would not be there.
            "CreateStmt" => {
                let bound = tree.one("partbound").filter(|bound| bound.number("is_default") == 0)?;
                (bound.kind == "PartitionBoundSpec" && self.is_part("tableoid")).then_some(Probe::Asks(1))
            }
            "InsertStmt" if tree.has(&["on_conflict_clause"]) && self.meets_parts(tree) => {
                Some(Probe::of_rows(tree))
            }
            _ => None,
        }
    }

    /// Whether the order of an index by this, or how much it has, tells more of hidden values than the order of these does: it is computed of
    /// them, or compares them by an operator class that is none of PostgreSQL's.
    fn is_told_by_place(&self, key: &Tree, is_counted: bool) -> bool {
        let of = key.one("expr");
        key.kind == "IndexElem"
            && (is_counted && of.is_some_and(|of| self.within(of, Place::Whole, None).is_some())
                || self.is_own_operator(key.name("opclass").pop())
                    && (self.is_hidden_name(key.text("name")) || of.is_some_and(|of| self.is_hidden(of))))
    }

    /// Whether an operator, or operator class, of this name can be somebody's own.
    fn is_own_operator(&self, name: Option<&str>) -> bool {
        name.is_some_and(|name| self.tainted.sensitive.operators.contains_key(name))
    }

    /// Whether what a query sorts by is compared by an operator that is none of PostgreSQL's: values as they are need not be.
    pub(super) fn sorts_by_own(&self, sort: &Tree) -> bool {
        let operator = sort.name("use_op").pop();
        sort.kind == "SortBy"
            && (self.is_own_operator(operator) || operator.is_some_and(|name| !SORTING.contains(&name)))
    }

    /// Whether ALTER TABLE has all rows of a table meet something, and parts of values decide whether they do.
    fn met_by_rows(&self, command: &Tree) -> bool {
        let is_of = |kind: AlterTableType| command.number("subtype") == kind as i64;
        // Which columns these are about the catalog does not say.
        if is_of(AlterTableType::AtAttachPartition) || is_of(AlterTableType::AtValidateConstraint) {
            return !self.parts.is_empty();
        }
        let added = command.one("def").filter(|def| def.kind == "Constraint");
        let mut columns = added.into_iter().flat_map(|added| {
            let is_foreign = added.number("contype") == FOREIGN;
            let fields = [("keys", is_unique(added)), ("fk_attrs", is_foreign)];
            fields.into_iter().filter(|(_, is_it)| *is_it).flat_map(|(field, _)| added.name(field))
        });
        columns.any(|name| self.is_part(name))
    }

    /// A column that is made of a part of a value, and has no value twice.
    fn generated_key(&self, column: &Tree) -> Option<Probe> {
        let is_made = |constraint: &Tree| {
            let made = constraint.one("raw_expr").filter(|_| constraint.number("contype") == GENERATED);
            made.is_some_and(|made| self.within(made, Place::Whole, None).is_some())
        };
        let tells = column.all("constraints").any(is_unique) && column.all("constraints").any(is_made);
        tells.then_some(Probe::Extracts)
    }

    /// Whether an INSERT can meet rows by columns that have parts of values.
    fn meets_parts(&self, insert: &Tree) -> bool {
        let into = insert.one("relation").map(|relation| relation.text("relname")).unwrap_or_default();
        let sensitive = self.tainted.sensitive;
        if !sensitive.relations.contains(into) {
            return false;
        }
        let keys: Vec<&Tree> = insert
            .one("on_conflict_clause")
            .and_then(|clause| clause.one("infer"))
            .into_iter()
            .flat_map(|infer| infer.all("index_elems"))
            .collect();
        if !keys.is_empty() {
            return keys.into_iter().any(|key| {
                self.is_part(key.text("name"))
                    || key.one("expr").is_some_and(|expr| self.within(expr, Place::Whole, None).is_some())
            });
        }
        let listed: Vec<&str> = insert.all("cols").map(|column| column.text("name")).collect();
        match (listed.is_empty(), sensitive.rows.get(into)) {
            (false, _) => listed.into_iter().any(|name| self.is_part(name)),
            (true, Some(columns)) if !columns.is_empty() => columns.iter().any(|name| self.is_part(name)),
            (true, _) => !self.parts.is_empty(),
        }
    }
}

/// Operators that values are sorted by, as they are (pg_amop.dat).
const SORTING: [&str; 4] = ["<", ">", "~<~", "~>~"];

const FOREIGN: i64 = ConstrType::ConstrForeign as i64;
const GENERATED: i64 = ConstrType::ConstrGenerated as i64;

/// Whether it is a constraint by which no two rows have the same key.
fn is_unique(constraint: &Tree) -> bool {
    let is_of = |kind: &ConstrType| *kind as i64 == constraint.number("contype");
    constraint.kind == "Constraint" && [ConstrType::ConstrPrimary, ConstrType::ConstrUnique].iter().any(is_of)
}
