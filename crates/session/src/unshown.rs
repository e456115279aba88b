//! What a statement stains by what no catalog shows yet: names that its transaction has moved, code that it has made, relations that it has
//! made beside others of their name.

use sql::catalog::Relation;
use sql::facts::{Effect, RelationUse, Write};
use sql::{Catalog, EXTENDING, Statement};

use crate::judged::{Implied, Judged, is_widened};
use crate::moving::{MovedNames, Written};
use crate::shown::Known;
use crate::spills::{refreshes, rests_on_moved, spilled, spilled_by_moved};
use crate::stains::{NamedStain, Stain};
use crate::state::{Environment, Session};
use crate::ways::Ways;

impl Session {
    /// What `judged` stains besides what the catalog tells, where `moving` was sent before it in the transaction, and `is_moved` says whether it names
    /// any of that. It may wait for a lock until others have ended theirs.
    pub(crate) fn unshown_stains(
        &self,
        judged: &Judged,
        moving: &MovedNames,
        is_moved: bool,
        env: &Environment<'_>,
    ) -> Vec<Stain> {
        let mut stains: Vec<Stain> = Vec::new();
        let Some(own) = judged.own.as_deref() else { return stains };
        let known = Known::of(env.catalog, env);
        let elsewhere = env.moved.filter(|moved| judged.waits_for(moved) || judged.implies_any(moved));
        let refreshes = refreshes(own) && !moving.is_empty();
        let mut writes_moved = false;
        for moved in (is_moved || refreshes).then_some(moving).into_iter().chain(elsewhere) {
            let is_implied = judged.implies_any(moved);
            let is_changed = is_implied || !is_widened(own, moved);
            let before = stains.len();
            if is_changed {
                stains.extend(judged.spills.could_be_by_code.iter().cloned());
                if is_implied || moved.hangs() || runs_code(own) {
                    stains.extend(judged.spills.could_be.iter().cloned());
                }
            }
            let reveals = |class| env.reveals(class);
            stains.extend(spilled_by_moved(
                &judged.described.text,
                (own, is_changed),
                moved,
                &known,
                reveals,
            ));
            writes_moved |= before < stains.len();
        }
        // What a view gives now that rests on one of these stays in it when that means what it did again.
        let rests = |view: &&String| {
            let on = env.catalog.named(view).flat_map(|view| env.catalog.with_underlying(view));
            let mut on = on.map(|below| &below.name);
            let mut elsewhere = || env.moved.is_some_and(|moved| on.any(|name| moved.has_itself(name)));
            rests_on_moved(view, moving, &known) || elsewhere()
        };
        let refreshed = judged.spills.refreshed.iter().filter(rests);
        stains.extend(refreshed.map(|view| Stain::Named(NamedStain::any(view, Vec::new()))));
        // By another name in this transaction, whichever the catalog knows by it.
        for (table, column) in judged.spills.into.iter().filter(|(table, _)| moving.has_renamed(table)) {
            let names = match column {
                Some(Written::Named(name)) if !moving.is_recolumned(table) => vec![name.clone()],
                Some(_) | None => Vec::new(),
            };
            stains.push(Stain::Named(NamedStain { names, ..NamedStain::any(table, Vec::new()) }));
        }
        let made = judged.moves.as_ref().map(|moves| &moves.ways);
        let ways = Ways::all([moving.ways()].into_iter().chain(made).chain(env.moved.map(MovedNames::ways)));
        if !ways.is_empty() {
            let is_recolumned = |name: &str| {
                moving.is_recolumned(name) || env.moved.is_some_and(|moved| moved.is_recolumned(name))
            };
            for (table, column) in &judged.spills.into {
                stains.extend(ways.stains(table, column.as_ref(), is_recolumned, env.catalog));
            }
            self.add_given(judged, (&ways, moving), env, &mut stains);
        }
        // What was put off runs at the end.
        let settles = judged.may_settle && self.telling.is_in_transaction();
        if is_moved || settles || judged.may_give() {
            stains.extend(moving.fills().iter().cloned());
        }
        // A new table that has another's name gets what the text writes; where more than that decides, whatever it may be.
        let is_own_code = |name: &str| env.catalog.routines(name).next().is_some() || moving.has(name);
        let is_followed =
            !writes_moved && !moving.tells() && !runs_code(own) && !own.calls().any(is_own_code);
        let doubled = |name: &str, names: Vec<String>| {
            let not = env.catalog.named(name).map(|relation| relation.oid).collect();
            Stain::Named(NamedStain { names, ..NamedStain::any(name, not) })
        };
        if !is_followed && (is_moved || judged.may_give()) {
            let written = own.writes.iter().filter(|write| moving.is_doubled(&write.name));
            stains.extend(written.map(|write| doubled(&write.name, Vec::new())));
        }
        for (table, column) in judged.spills.into.iter().filter(|(table, _)| moving.is_doubled(table)) {
            stains.push(match column {
                Some(Written::Named(name)) if !moving.is_recolumned(table) => {
                    doubled(table, vec![name.clone()])
                }
                Some(_) | None => doubled(table, Vec::new()),
            });
        }
        let is_extending =
            |name: &&str| moving.has_made(name) || env.moved.is_some_and(|moved| moved.has(name));
        if EXTENDING.iter().any(is_extending) {
            stains.extend(judged.spills.if_extending_moves.iter().cloned());
        }
        stains.retain(|stain| !env.stains.has(stain, env.classes));
        stains
    }

    /// Adds what code gives to rows that `judged` writes by one name where another is reached on which that code hangs, and what it writes
    /// elsewhere.
    fn add_given(
        &self,
        judged: &Judged,
        (ways, moving): (&Ways, &MovedNames),
        env: &Environment<'_>,
        stains: &mut Vec<Stain>,
    ) {
        let mut writes = judged.spills.writes.clone();
        for read in judged.runs.iter().flat_map(|runs| self.run_by(runs)) {
            writes.extend(read.judge(env, self.seen()).one.spills.writes.iter().cloned());
        }
        let all_moved = || [Some(moving), env.moved].into_iter().flatten();
        let is_recolumned = |name: &str| all_moved().any(|moved| moved.is_recolumned(name));
        let known = Known::of(env.catalog, env);
        let mut elsewhere: Vec<Stain> = Vec::new();
        for write in &writes {
            for part in ways.reached(&write.name, env.catalog) {
                let mut given = |column: Option<&str>| {
                    stains.extend(ways.given((&write.name, &part), column, is_recolumned, env.catalog));
                };
                if all_moved().any(|moved| moved.hangs() && moved.has(&part) && !moved.is_widened(&part)) {
                    given(None);
                }
                for relation in env.catalog.named(&part) {
                    let own = written(write, relation);
                    let whole = own.with_reach(env.catalog);
                    if all_moved().any(|moved| Implied::of(&own, &whole).is_changed(moved)) {
                        given(None);
                    }
                    for stain in spilled("", (&own, &whole), &known, |class| env.reveals(class)).stains {
                        match stain {
                            Stain::Column(id, _) if id.table_oid == relation.oid => {
                                given(relation.column(id.number).map(|column| column.name.as_str()));
                            }
                            other => elsewhere.push(other),
                        }
                    }
                }
            }
        }
        stains.extend(elsewhere);
    }
}

/// What writes the same rows by the name of `relation`; an UPDATE can put them into another partition.
fn written(write: &Write, Relation { schema, name, .. }: &Relation) -> Statement {
    let effects: &[Effect] = match write.effect {
        Effect::Update => &[Effect::Update, Effect::Delete, Effect::Insert],
        ref effect => std::slice::from_ref(effect),
    };
    let write = |effect: &Effect| Write { effect: *effect, schema: Some(schema.clone()), name: name.clone() };
    Statement { writes: effects.iter().map(write).collect(), ..Statement::default() }
}

/// Whether what a statement writes may come from elsewhere than its own text says.
fn runs_code(own: &Statement) -> bool {
    let runs = |effect: &Effect| {
        matches!(effect, Effect::Call | Effect::Do | Effect::Execute | Effect::OpaqueCall | Effect::OpaqueDo)
    };
    !own.runs.is_empty() || own.effects.iter().any(runs)
}

impl Judged {
    /// Whether it writes rows of a relation that neither the catalog shows nor the transaction has made, as far as `moving` knows.
    pub(crate) fn writes_unseen(&self, moving: &MovedNames, catalog: &Catalog) -> bool {
        let is_unseen = |name: &str| catalog.named(name).next().is_none() && !moving.has_made(name);
        self.own.as_ref().is_some_and(|own| own.writes.iter().any(|write| is_unseen(&write.name)))
    }

    /// Whether it names a relation that another transaction, which is not over, has given another meaning.
    pub(crate) fn waits_for(&self, moved: &MovedNames) -> bool {
        let is_moved = |used: &RelationUse| moved.has_itself(&used.name);
        self.own.as_ref().is_some_and(|own| own.relations.iter().any(is_moved))
    }

    /// Whether it, or what it runs, can give something sensitive to code that it sets going.
    pub(crate) fn may_give(&self) -> bool {
        self.tells() || !self.runs.is_empty()
    }
}
