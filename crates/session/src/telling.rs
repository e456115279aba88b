//! Which of the server's messages can tell of sensitive values: those of a statement that reaches some, also by what it sets going, and
//! those of what its transaction has put off to its end.

use sql::catalog::Relation;
use sql::facts::{Access, Effect, RelationUse, Via, Write};
use sql::{Naming, Statement};

use crate::judged::{Judged, Read};
use crate::moving::MovedNames;
use crate::owed::Owed;
use crate::shown::{Known, Reach, may_tell};
use crate::spills::is_given_of_row;
use crate::state::{Environment, Session};

/// Whether statements that can tell of something were sent. Constraints and triggers that are deferred run at the end of a transaction,
/// and a cursor WITH HOLD is run to its end there.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    /// In the transaction that is open.
    in_transaction: bool,
    /// Since the last ReadyForQuery: a transaction that nobody has begun by name ends before the next.
    in_section: bool,
    /// Code that can tell of something has opened cursors in the transaction that is open.
    pub(crate) opened: bool,
    /// The number of the last execution that has opened some of which it said the names.
    pub(crate) named: Option<u64>,
    /// When something was sent, code that tells of something ran where the catalog did not show it. It may by the time of the answer.
    beside_catalog: bool,
}

impl Telling {
    pub(crate) fn sent(&mut self) {
        self.in_transaction = true;
        self.in_section = true;
    }

    /// Whether the open transaction has put something off that can tell of something.
    pub(crate) fn is_in_transaction(&self) -> bool {
        self.in_transaction
    }

    pub(crate) fn sent_beside_catalog(&mut self) {
        self.beside_catalog = true;
        self.sent();
    }

    /// ReadyForQuery, and nothing is on its way.
    pub(crate) fn is_answered(&mut self, is_in_transaction: bool) {
        self.in_section = false;
        self.beside_catalog = false;
        self.in_transaction &= is_in_transaction;
        self.opened &= is_in_transaction;
        self.named = self.named.filter(|_| is_in_transaction);
    }
}

/// Whether what a statement runs, with all that it sets going, may read something sensitive, or nobody knows what. A new check of a domain is
/// given what all columns of the domain hold.
pub(crate) fn tells(whole: &Statement, known: &Known<'_>) -> bool {
    !known.is_empty()
        && (whole.effects.contains(&Effect::Other("AlterDomainStmt"))
            || may_tell(whole, known)
            || whole.reached.iter().any(|reached| may_tell(&reached.does, known)))
}

/// Whether what was put off may run in it: it ends the transaction, or has constraints checked at once, itself or by what it runs.
pub(crate) fn may_settle(whole: &Statement) -> bool {
    let settles = |effect: &Effect| {
        matches!(
            effect,
            Effect::Call
                | Effect::Do
                | Effect::Execute
                | Effect::Other("ConstraintsSetStmt" | "FetchStmt")
                | Effect::Transaction
        )
    };
    let reached = whole.reached.iter().flat_map(|reached| &reached.does.effects);
    whole.effects.iter().chain(reached).any(settles)
}

/// Whether it makes code that can tell of something sensitive, or has such code run elsewhere than before.
pub(crate) fn hangs_telling_code(statement: &Statement, known: &Known<'_>) -> bool {
    let reach = Reach::of(statement, known);
    // What is made like another, or as its child or part, runs what hangs on that.
    reach.is_by_code()
        || reach.fills()
        || statement.makes_code() && reach.is_any()
        || statement.hangs_code() && names_telling(statement, known)
}

/// Whether it makes code that can give something sensitive to rows which are written, or has such code run elsewhere than before. That a relation
/// has sensitive columns gives nothing to what is written there.
pub(crate) fn hangs_giving_code(statement: &Statement, known: &Known<'_>) -> bool {
    let reach = Reach::of(statement, known);
    reach.is_by_code()
        || reach.fills()
        || statement.makes_code() && reach.is_any()
        || statement.hangs_code() && there(statement, known).any(|relation| has_giving_code(relation, known))
}

/// Whether it gives another name or schema to a relation on which such code hangs: nobody knows it by the new one.
pub(crate) fn renames_giving(statement: &Statement, known: &Known<'_>) -> bool {
    renames(statement) && there(statement, known).any(|relation| has_giving_code(relation, known))
}

/// What code does that hangs on the relations to which a statement gives another name or schema: by the new one nobody knows that it hangs there.
pub(crate) fn code_of_renamed(statement: &Statement, known: &Known<'_>) -> Statement {
    let is_renamed = |relation: &&Relation| {
        statement.names.iter().any(|naming| {
            matches!(naming, Naming::Renames { from, .. } if from.name == relation.name)
                || matches!(naming, Naming::RenamesSchema { from, .. } if *from == relation.schema)
        })
    };
    let renames = |naming: &Naming| matches!(naming, Naming::Renames { .. } | Naming::RenamesSchema { .. });
    let mut reached = Vec::new();
    if !known.is_empty() && statement.names.iter().any(renames) {
        for relation in known.catalog.relations().filter(is_renamed) {
            reached.extend(written(relation).with_reach(known.catalog).into_owned().reached);
        }
    }
    Statement { reached, ..Statement::default() }
}

/// Whether code hangs on a relation, or on its parts, that can give something sensitive to a row that is written there.
fn has_giving_code(relation: &Relation, known: &Known<'_>) -> bool {
    let catalog = known.catalog;
    let is_beside = |below: &Relation| {
        catalog.hooks().is_part(relation.oid, below.oid) || catalog.hooks().is_part(below.oid, relation.oid)
    };
    let below = catalog.with_underlying(relation);
    // Of what a view leads to nobody knows which of it is written.
    if below.iter().skip(1).any(|below| !is_beside(below)) {
        return true;
    }
    let mut open: Vec<&Relation> = below;
    let mut seen: Vec<u32> = Vec::new();
    while let Some(part) = open.pop() {
        if seen.contains(&part.oid) {
            continue;
        }
        seen.push(part.oid);
        let all = written(part);
        let all = all.with_reach(catalog);
        let mut code = all.reached.iter().filter(|reached| reached.via != Via::ForeignKey);
        if code.any(|reached| may_tell(&reached.does, known) || is_given_of_row(reached, part, known)) {
            return true;
        }
        open.extend(catalog.parts(part.oid).iter().filter_map(|part| catalog.relation(part.part)));
    }
    false
}

/// Whether it gives another name or schema to a relation on which such code hangs: nobody knows the new one.
pub(crate) fn renames_telling(statement: &Statement, known: &Known<'_>) -> bool {
    renames(statement) && names_telling(statement, known)
}

fn renames(statement: &Statement) -> bool {
    let renames = |effect: &Effect| matches!(effect, Effect::Other("AlterObjectSchemaStmt" | "RenameStmt"));
    statement.effects.iter().any(renames)
}

/// Whether code hangs on a relation that it names which can tell of something sensitive.
fn names_telling(statement: &Statement, known: &Known<'_>) -> bool {
    there(statement, known).any(|relation| {
        let used = RelationUse {
            schema: Some(relation.schema.clone()),
            name: relation.name.clone(),
            alias: None,
            access: Access::Read,
            whole: false,
        };
        let all = Statement { relations: vec![used], ..written(relation) };
        tells(&all.with_reach(known.catalog), known)
    })
}

/// Relations that a statement names: nothing hangs on what it makes.
fn there<'a>(statement: &'a Statement, known: &'a Known<'a>) -> impl Iterator<Item = &'a Relation> {
    let is_made = |used: &&RelationUse| {
        let makes = |naming: &Naming| matches!(naming, Naming::Makes(made) if made.name == used.name);
        used.access == Access::Write && statement.names.iter().any(makes)
    };
    let there = statement.relations.iter().filter(move |used| !is_made(used));
    there.flat_map(|used| known.catalog.named(&used.name))
}

/// What writes its rows in every way.
fn written(relation: &Relation) -> Statement {
    let Relation { schema, name, .. } = relation;
    let write = |effect| Write { effect, schema: Some(schema.clone()), name: name.clone() };
    let all = [Effect::Insert, Effect::Update, Effect::Delete, Effect::Truncate];
    Statement { writes: all.map(write).into(), ..Statement::default() }
}

impl Session {
    /// Whether what the server says now can tell of something that is kept from the subject.
    pub(crate) fn hides_messages(&self, env: &Environment<'_>) -> bool {
        env.hides() && self.is_told_now(env)
    }

    /// Whether a sensitive value may say which constraint it is that what runs now does not meet.
    pub(crate) fn chooses_constraint(&self, is_of_table: bool, env: &Environment<'_>) -> bool {
        let chooses = |judged: &Judged| judged.chooses_constraint(is_of_table, env);
        match self.owed.front() {
            Some(Owed::Query(batch)) => batch.front().is_none_or(|running| chooses(&running.judged)),
            Some(Owed::Execute { running, .. }) => chooses(&running.judged),
            Some(Owed::Unread(unread)) => chooses(&unread.running.judged),
            None | Some(Owed::Sync | Owed::Settling { .. }) => true,
            Some(_) => false,
        }
    }

    fn is_told_now(&self, env: &Environment<'_>) -> bool {
        // Code that was just made runs where no catalog shows it.
        if self.telling.beside_catalog || self.moving.tells() || env.moved.is_some_and(MovedNames::tells) {
            return true;
        }
        let of = |judged: &Judged| judged.tells_with(env) || self.telling.in_transaction && judged.may_settle;
        let of_read = |read: &Read| of(&read.judge(env, self.seen()).one);
        match self.owed.front() {
            None | Some(Owed::Sync | Owed::Settling { .. }) => self.telling.in_transaction,
            Some(Owed::Query(batch)) => match batch.front() {
                Some(running) => of(&running.judged) || batch.len() == 1 && self.telling.in_section,
                None => self.telling.in_transaction,
            },
            Some(Owed::Unread(unread)) => of(&unread.running.judged),
            Some(Owed::Execute { running, .. }) => of(&running.judged),
            // The server runs code when it reads a statement, plans it and takes its parameters.
            Some(Owed::Parse(changed, _)) => {
                self.prepared.meant(changed).is_some_and(|prepared| of_read(&prepared.reading.read))
            }
            Some(Owed::Bind(changed, _)) => {
                self.portals.meant(changed).is_some_and(|portal| of_read(&portal.prepared.reading.read))
            }
            Some(Owed::DescribeStatement { prepared, .. }) => of_read(&prepared.reading.read),
            Some(Owed::DescribePortal { portal: Some(portal), .. } | Owed::DescribeCopied { portal, .. }) => {
                of_read(&portal.prepared.reading.read)
            }
            // What a COPY copies is read and planned in its place.
            Some(Owed::Hidden { .. }) => self
                .owed
                .iter()
                .any(|owed| matches!(owed, Owed::Execute { running, .. } if of(&running.judged))),
            Some(
                Owed::DescribePortal { portal: None, .. }
                | Owed::CloseStatement(_)
                | Owed::ClosePortal(_)
                | Owed::Refused(_)
                | Owed::RefusedUnrecorded(_),
            ) => false,
        }
    }
}

impl Judged {
    /// Whether what the server says of it can tell of something sensitive.
    pub(crate) fn tells(&self) -> bool {
        self.says || self.shown.is_anything()
    }

    /// Whether such a value may be checked: it is put into a table, or cast to a domain, and not what the text or its parameters say.
    fn chooses_constraint(&self, is_of_table: bool, env: &Environment<'_>) -> bool {
        let is_read = |own: &Statement| {
            own.reads_what_it_writes() || own.relations.iter().any(|used| used.access == Access::Read)
        };
        let runs_code = |own: &Statement| own.calls().any(|name| !env.catalog.lacks_routine(name));
        let is_put = || self.spills.are_any || !self.spills.into.is_empty();
        let by = |own: &Statement| runs_code(own) || if is_of_table { is_put() } else { is_read(own) };
        self.may_settle || self.refers || self.own.as_deref().is_none_or(by)
    }

    /// The same where the catalog may have changed since it was sent: it may have waited for that.
    fn tells_with(&self, env: &Environment<'_>) -> bool {
        let catalog = env.catalog;
        let known = Known::of(catalog, env);
        let tells =
            |own: &Statement| Reach::of(own, &known).is_any() || tells(&own.with_reach(catalog), &known);
        self.tells() || self.catalog_version != env.catalog_version && self.own.as_deref().is_some_and(tells)
    }
}
