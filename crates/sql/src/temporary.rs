//! Which of the relations that a text names are temporary tables of the session's own.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use crate::facts::{Access, Effect, Facts, Object, RelationUse, Statement, Write};
use crate::names::{Name, Naming};

/// Where the session's own temporary relations are, whatever the schema's real name is (namespace.c).
pub(crate) const SCHEMA: &str = "pg_temp";

impl Facts {
    /// The same for a session that has the temporary tables of which `is_own` tells: they are named with their schema, and
    /// writing all their rows is nothing. A name without a schema means one of them only where no other relation has it
    /// (`is_only`): what PostgreSQL takes it for depends on the search path. DROP TABLE and TRUNCATE mean own tables also
    /// where it is certain that nothing else has the name at this moment (`is_absent`), or nothing at all. A DROP of something else
    /// means the session's own where `is_scratch` says so.
    #[must_use]
    pub fn with_temporary(
        &self,
        is_own: impl Fn(&str) -> bool,
        is_only: impl Fn(&str) -> bool,
        is_absent: impl Fn(&str) -> bool,
        is_scratch: impl Fn(&str, Scratch) -> bool,
    ) -> Cow<'_, Self> {
        let mut facts = Cow::Borrowed(self);
        // Those that an earlier statement of the text makes, and names that it may have taken from others.
        let (mut made, mut ended) = (HashSet::<&str>::new(), HashSet::<&str>::new());
        // Those among them that are gone when the transaction ends.
        let mut passing = HashSet::<&str>::new();
        let mut made_scratch = HashSet::<String>::new();
        // Temporary relations of any kind that it may make or give names to.
        let mut in_front = BTreeSet::<String>::new();
        let mut is_undone = false;
        // Whether nothing stands before that may have given a name to what lasts.
        let mut is_still = true;
        for (at, statement) in self.statements.iter().enumerate() {
            let may_be_absent = is_still && statement.takes().is_some();
            let is_table = |name: &str| {
                let was_own = !is_undone && !ended.contains(name) && is_own(name);
                was_own || made.contains(name)
            };
            let is_own = |name: &str| is_table(name) || may_be_absent && is_absent(name);
            let shadows = statement.shadows(|name| is_own(name) || in_front.contains(name));
            in_front.extend(shadows.iter().cloned());
            if shadows.len() != statement.shadows.len()
                && let Some(statement) = facts.to_mut().statements.get_mut(at)
            {
                statement.shadows = shadows.into_iter().collect();
            }
            if statement.runs_at_once()
                && statement.relations.iter().any(|used| is_own(&used.name))
                && let Some(statement) = facts.to_mut().statements.get_mut(at)
            {
                statement.know_temporary(&is_own, &is_only);
            }
            if statement.effects.as_slice() == [Effect::Drop] {
                let is_scratch = |name: &str| {
                    let is_known = !is_undone && !ended.contains(name) && is_scratch(name, Scratch::Made);
                    // Something of an own table, as its trigger, is its too.
                    let is_here = made_scratch.contains(name) || is_table(name);
                    is_known
                        || is_here && is_scratch(name, Scratch::MadeHere)
                        || may_be_absent && is_scratch(name, Scratch::Absent)
                };
                if statement.drops_only(is_scratch)
                    && let Some(statement) = facts.to_mut().statements.get_mut(at)
                {
                    statement.drop_own();
                }
            }
            let known = facts.statements.get(at);
            is_still &= known.is_some_and(Statement::is_still);
            if statement.effects.contains(&Effect::Transaction) {
                made.retain(|name| !passing.contains(name));
                passing.clear();
            }
            if statement.undoes {
                made.clear();
                made_scratch.clear();
                is_undone = true;
            }
            if !statement.keeps_names() {
                for name in statement.names_changed() {
                    made.remove(name);
                    made_scratch.remove(name);
                    ended.insert(name);
                }
            }
            for name in &statement.indexes {
                made_scratch.remove(name);
                ended.insert(name);
            }
            let temporary = statement.temporary.iter().map(String::as_str);
            if statement.passes {
                passing.extend(temporary.clone());
            }
            made.extend(temporary);
            made_scratch.extend(known.into_iter().flat_map(Statement::scratch_made).map(str::to_owned));
        }
        facts
    }
}

/// How it is known that something which is no table is the session's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scratch {
    /// The session has made it.
    Made,
    /// The text makes it, before.
    MadeHere,
    /// Nothing else can have its name now.
    Absent,
}

impl Statement {
    /// Names that it calls or could: a column with a qualifier is a call where there is no such column (parse_func.c).
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        let qualified = self.columns.iter().filter(|column| !column.qualifier.is_empty());
        let fields = qualified.filter_map(|column| column.name.as_deref());
        self.functions.iter().map(String::as_str).chain(fields)
    }

    /// Whether all relations that it changes are named as the session's own temporary ones: `pg_temp.NAME`.
    pub fn changes_only_temporary(&self) -> bool {
        let mut changed = self.relations.iter().filter(|used| used.access == Access::Write).peekable();
        changed.peek().is_some() && changed.all(|used| used.schema.as_deref() == Some(SCHEMA))
    }

    /// The table that it takes away, or whose rows it does, or the view, index or sequence, where that is all that it does. For a second one
    /// it could wait while the first is named anew by others.
    pub fn takes(&self) -> Option<(Option<&str>, &str)> {
        let takes = |effect: &Effect| matches!(effect, Effect::DropTable | Effect::Truncate);
        match (self.relations.as_slice(), self.effects.as_slice(), self.objects.as_slice()) {
            (_, [Effect::Drop], [Object::Relation { schema, name }]) => Some((schema.as_deref(), name)),
            ([used], effects, _) if effects.iter().all(takes) => Some((used.schema.as_deref(), &used.name)),
            _ => None,
        }
    }

    /// Whether it takes a table away, or its rows, and does nothing else.
    pub fn takes_table(&self) -> bool {
        self.takes().is_some() && !self.effects.contains(&Effect::Drop)
    }

    /// Whether all that a DROP of something that is no table names is the session's own.
    fn drops_only(&self, is_scratch: impl Fn(&str) -> bool) -> bool {
        let is_own = |object: &Object| match object {
            Object::Relation { schema: None, name } => is_scratch(name),
            Object::Relation { schema: Some(schema), .. } => schema == SCHEMA,
            Object::Column(_) | Object::Schema(_) | Object::Anywhere => false,
        };
        !self.objects.is_empty() && self.objects.iter().all(is_own)
    }

    /// Names what such a DROP is about as the session's own.
    fn drop_own(&mut self) {
        for object in &mut self.objects {
            if let Object::Relation { schema, .. } = object {
                *schema = Some(SCHEMA.to_owned());
            }
        }
        for used in &mut self.relations {
            used.schema = Some(SCHEMA.to_owned());
        }
        self.effects = vec![Effect::DropTemporary];
    }

    /// Names of what it makes that is the session's own and no table: views, sequences, and indexes of its temporary tables.
    pub fn scratch_made(&self) -> impl Iterator<Item = &str> {
        let makes = |kind: &'static str| {
            let is_it = |effect: &Effect| *effect == Effect::Other(kind) || *effect == Effect::Select;
            self.effects.contains(&Effect::Other(kind)) && self.effects.iter().all(is_it)
        };
        let (is_view, is_sequence) = (makes("ViewStmt"), makes("CreateSeqStmt"));
        let own = self.scratch.iter().filter(move |_| is_view || is_sequence);
        // One on a temporary table is temporary with it.
        let led = self.shadows.iter().filter(move |_| is_view);
        let of_own = makes("IndexStmt") && self.changes_only_temporary();
        let indexes = self.indexes.iter().filter(move |_| of_own);
        own.chain(led).chain(indexes).map(String::as_str)
    }

    /// Whether it runs nobody's code and changes no name but those of the session's own temporary tables.
    pub fn is_still(&self) -> bool {
        let runs_nothing = |effect: &Effect| {
            matches!(
                effect,
                Effect::DropTable
                    | Effect::DropTemporary
                    | Effect::Set
                    | Effect::Transaction
                    | Effect::Truncate
            )
        };
        let is_own = |used: &RelationUse| used.schema.as_deref() == Some(SCHEMA);
        self.effects.iter().all(runs_nothing) && self.relations.iter().all(is_own)
    }

    /// Names that may mean another relation afterwards, or none.
    pub fn names_changed(&self) -> impl Iterator<Item = &str> {
        let given = self.names.iter().filter_map(|naming| match naming {
            Naming::Renames { to, .. } => Some(to.name.as_str()),
            _ => None,
        });
        self.relations.iter().map(|used| used.name.as_str()).chain(given)
    }

    /// Names that relations get by it, itself and by what it reaches, but for temporary ones that it makes.
    pub fn names_given(&self) -> impl Iterator<Item = String> {
        let is_own = |name: &Name| {
            matches!(name.schema.as_deref(), None | Some(SCHEMA))
                && (self.temporary.contains(&name.name) || self.shadows.contains(&name.name))
        };
        let named = self.all_names().into_iter().filter_map(move |naming| match naming {
            Naming::Makes(name) => (!is_own(&name)).then_some(name.name),
            Naming::Renames { to, .. } => Some(to.name),
            Naming::RenamesSchema { .. }
            | Naming::Leads { .. }
            | Naming::IsPart { .. }
            | Naming::Takes(_)
            | Naming::Casts(_)
            | Naming::Coins(_)
            | Naming::LeadsType { .. } => None,
        });
        let reached = self.reached.iter().flat_map(|reached| &reached.does.indexes);
        let lasts = !self.changes_only_temporary();
        let indexes = self.indexes.iter().filter(move |_| lasts);
        named.chain(indexes.chain(reached).cloned())
    }

    /// Whether each relation has the name afterwards that it had before.
    pub fn keeps_names(&self) -> bool {
        self.effects.iter().all(|effect| match effect {
            // RENAME and SET SCHEMA are no ALTER TABLE to the grammar.
            Effect::AlterTable
            | Effect::CopyIn
            | Effect::CopyOut
            | Effect::Delete
            | Effect::DropColumn
            | Effect::Explain
            | Effect::Insert
            | Effect::Merge
            | Effect::Select
            | Effect::Truncate
            | Effect::Update => true,
            Effect::Other(kind) => {
                matches!(*kind, "CommentStmt" | "CreateTrigStmt" | "IndexStmt" | "LockStmt" | "VacuumStmt")
            }
            _ => false,
        })
    }

    /// Whether a name means what it means now: nothing is kept to be run later.
    fn runs_at_once(&self) -> bool {
        self.effects.iter().all(|effect| {
            matches!(
                effect,
                Effect::AlterTable
                    | Effect::CopyIn
                    | Effect::Delete
                    | Effect::DisableProtection
                    | Effect::Drop
                    | Effect::DropColumn
                    | Effect::DropTable
                    | Effect::Explain
                    | Effect::Insert
                    | Effect::Merge
                    | Effect::Select
                    | Effect::Truncate
                    | Effect::Update
                    | Effect::Other("IndexStmt")
            )
        })
    }

    fn know_temporary(&mut self, is_own: &impl Fn(&str) -> bool, is_only: &impl Fn(&str) -> bool) {
        let is_temporary = |schema: Option<&str>, name: &str| match schema {
            None => is_own(name) && is_only(name) && !self.ctes.iter().any(|cte| cte == name),
            Some(schema) => schema == SCHEMA && is_own(name),
        };
        let lasts = |write: &Write| !is_temporary(write.schema.as_deref(), &write.name);
        self.unfiltered.retain(lasts);
        self.conditions.retain(|condition| lasts(&condition.write));
        self.hands.retain(|handing| !is_temporary(handing.table.schema.as_deref(), &handing.table.name));
        for object in &mut self.objects {
            if let Object::Relation { schema, name } = object
                && is_temporary(schema.as_deref(), name)
            {
                *schema = Some(SCHEMA.to_owned());
            }
        }
        for used in &mut self.relations {
            if is_temporary(used.schema.as_deref(), &used.name) {
                used.schema = Some(SCHEMA.to_owned());
            }
        }
        for Name { schema, name } in &mut self.drops {
            if is_temporary(schema.as_deref(), name) {
                *schema = Some(SCHEMA.to_owned());
            }
        }
        for write in &mut self.writes {
            if is_temporary(write.schema.as_deref(), &write.name) {
                write.schema = Some(SCHEMA.to_owned());
            }
        }
        // One of its own that others have lasting ones of the name of: what hangs on either may run.
        let may_be_own = |write: &&Write| write.schema.is_none() && is_own(&write.name);
        let own: Vec<Write> = self.writes.iter().filter(may_be_own).cloned().collect();
        self.writes.extend(own.into_iter().map(|write| Write { schema: Some(SCHEMA.to_owned()), ..write }));
    }
}
