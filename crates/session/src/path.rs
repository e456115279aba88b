//! Where a session looks for relations that it names without a schema, and what such names mean in records. No judgment rests on
//! it, but for what comes into PostgreSQL's own schemas (see `landing`): what is not known for certain here costs a record that says too much.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use sql::facts::{Effect, Setting};
use sql::{Catalog, SEARCH_PATH, SearchPath, Statement};

use crate::evidence::Described;
use crate::following::{Becomes, Change, Followed};
use crate::landing::{Landing, LandingChange, OwnPath};

/// Most paths for which it is kept what a statement means by them.
const PATHS_MAX: usize = 16;

/// The path of a session, and the role that looks.
#[derive(Debug, Default)]
pub(crate) struct Path {
    setting: Followed,
    role: Followed,
    landing: Landing,
    /// What the server has said last, if it tells of changes (PostgreSQL 18).
    told: Option<Rc<str>>,
    /// Statements that may change it and are not answered.
    on_the_way: usize,
    /// Those that may end the transaction.
    ending: usize,
    /// How many were sent that may do either.
    changes: u64,
    /// What those mean together; `None` until somebody asks.
    now: RefCell<Option<Option<Rc<SearchPath>>>>,
}

/// What a statement may do to it.
#[derive(Clone, Debug)]
pub(crate) struct PathChange {
    setting: Option<Change>,
    role: Option<Change>,
    landing: Option<LandingChange>,
    /// It may end the transaction, and with it what was set for that alone.
    may_end: bool,
}

impl PathChange {
    /// What nobody can tell.
    pub(crate) fn unknown() -> Self {
        let unknown = || Some(Change { value: Becomes::Unknown, is_local: false });
        let landing = LandingChange::of(unknown(), []);
        PathChange { setting: unknown(), role: unknown(), landing, may_end: true }
    }

    /// What a statement of this text does, `own`, with all that it reaches, `whole`.
    pub(crate) fn of(text: &str, own: &Statement, whole: &Statement, catalog: &Catalog) -> Option<Self> {
        let may_end = |effect: &Effect| matches!(effect, Effect::Call | Effect::Do | Effect::Transaction);
        let sets = Sets { text, own, whole, catalog };
        // As long as its transaction lasts, names may mean what no catalog shows.
        let defined = || may_define(whole).then_some(Change { value: Becomes::Unknown, is_local: true });
        let path = sets.path();
        let landing = LandingChange::of(path.clone(), sets.own_paths());
        let setting = path.or_else(defined);
        let may_end = own.effects.iter().any(may_end);
        let change = PathChange { setting, role: sets.role(), landing, may_end };
        (change.setting.is_some() || change.role.is_some() || change.may_end).then_some(change)
    }

    /// The same where nobody can tell whether it is done, and either of two.
    pub(crate) fn perhaps(&self, other: Option<&Self>) -> Self {
        let unknown = |of: fn(&Self) -> &Option<Change>| {
            let is_any = of(self).is_some() || other.is_some_and(|other| of(other).is_some());
            is_any.then_some(Change { value: Becomes::Unknown, is_local: false })
        };
        let may_end = self.may_end || other.is_some_and(|other| other.may_end);
        let of_other = other.and_then(|other| other.landing.as_ref());
        let landing = LandingChange::perhaps(self.landing.as_ref(), of_other);
        PathChange { setting: unknown(|of| &of.setting), role: unknown(|of| &of.role), landing, may_end }
    }

    /// What it does to where things come that are made without a schema.
    pub(crate) fn landing(&self) -> Option<&LandingChange> {
        self.landing.as_ref()
    }
}

/// Whether a statement, with all that it reaches, may give names of relations another meaning.
fn may_define(whole: &Statement) -> bool {
    const HARMLESS: [&str; 12] = [
        "CheckPointStmt",
        "ClosePortalStmt",
        "ConstraintsSetStmt",
        "DeallocateStmt",
        "DeclareCursorStmt",
        "DiscardStmt",
        "FetchStmt",
        "ListenStmt",
        "LockStmt",
        "NotifyStmt",
        "UnlistenStmt",
        "VariableShowStmt",
    ];
    let defines = |effect: &Effect| match effect {
        Effect::Other(kind) => !HARMLESS.contains(kind),
        Effect::Call | Effect::Do | Effect::Execute | Effect::OpaqueCall | Effect::OpaqueDo => true,
        effect => effect.defines(),
    };
    let reached = whole.reached.iter().flat_map(|reached| &reached.does.effects);
    whole.effects.iter().chain(reached).any(defines)
}

/// A statement that may set something.
struct Sets<'a> {
    text: &'a str,
    own: &'a Statement,
    whole: &'a Statement,
    catalog: &'a Catalog,
}

impl Sets<'_> {
    fn path(&self) -> Option<Change> {
        self.becomes(SEARCH_PATH, |set| match &set.value {
            _ if set.is_reset || set.is_reset_all => Becomes::First,
            Some(value) => Becomes::Given(value.as_str().into()),
            None => Becomes::Unknown,
        })
    }

    fn role(&self) -> Option<Change> {
        let becomes = |set: &Setting| match &set.value {
            _ if set.is_reset || self.discards() => Becomes::First,
            Some(role) if role != "none" => Becomes::Given(role.as_str().into()),
            _ => Becomes::Unknown,
        };
        // RESET ALL leaves both alone (guc.c, `GUC_NO_RESET_ALL`).
        let resets = self.own.settings.iter().any(|set| set.is_reset_all);
        let by_role = self.becomes("role", becomes).filter(|_| self.discards() || !resets);
        let by_session = || self.becomes("session_authorization", |_| Becomes::Unknown);
        by_role.or_else(|| by_session().filter(|_| !resets))
    }

    /// Paths that name a schema of PostgreSQL's own and that it sets for the session, in its text or in code that runs with it.
    fn own_paths(&self) -> Vec<Rc<str>> {
        let own = self.own.own_paths().filter(|_| !self.is_for_others()).map(Rc::from);
        own.chain(sql::code_sets_own_paths(self.whole, self.catalog).map(Rc::from)).collect()
    }

    /// What becomes of the setting of this name.
    fn becomes(&self, name: &str, becomes: impl Fn(&Setting) -> Becomes) -> Option<Change> {
        let unknown = Some(Change { value: Becomes::Unknown, is_local: false });
        if sql::code_may_set(self.whole, self.catalog, name) {
            return unknown;
        }
        let is_it =
            |set: &&Setting| set.is_reset_all || set.name.as_deref().is_none_or(|changed| changed == name);
        let set = self.own.settings.iter().rfind(is_it)?;
        if self.is_for_others() {
            return None;
        }
        match self.only_sets() && (set.name.is_some() || set.is_reset_all) {
            true => Some(Change { value: becomes(set), is_local: set.is_local }),
            false => unknown,
        }
    }

    /// Whether it does no more than change what it names.
    fn only_sets(&self) -> bool {
        self.own.effects == [Effect::Set] || self.discards() || sql::only_sets(self.text)
    }

    fn discards(&self) -> bool {
        self.own.effects.contains(&Effect::Other("DiscardStmt"))
    }

    /// Whether what it sets is a function's, a role's or a database's, or set when what it prepares is run.
    fn is_for_others(&self) -> bool {
        let defines = |effect: &Effect| {
            let kinds = ["AlterDatabaseSetStmt", "AlterFunctionStmt", "CreateFunctionStmt"];
            matches!(effect, Effect::AlterSystem | Effect::Role)
                || matches!(effect, Effect::Other(kind) if kinds.contains(kind))
        };
        let effects = &self.own.effects;
        self.own.makes.is_some() || effects.iter().any(defines) && !effects.contains(&Effect::Do)
    }
}

impl Path {
    /// That of a session that begins with this setting, in this role; `first` is what it goes back to.
    pub(crate) fn beginning(role: &str, setting: &str, first: &str) -> Self {
        let mut path = Path {
            setting: Followed::beginning(first.into()),
            role: Followed::beginning(role.into()),
            ..Path::default()
        };
        path.setting.is(setting.into());
        path.landing = Landing::beginning(setting, first);
        path
    }

    /// The server says that the setting is this.
    pub(crate) fn told(&mut self, setting: &str) {
        let setting: Rc<str> = setting.into();
        self.told = Some(Rc::clone(&setting));
        self.landing.is(&setting);
        self.setting.is(setting);
        self.now.take();
    }

    /// What it is for a statement that is sent now, where that is certain. `all_answered` of what was sent in front of its section.
    pub(crate) fn now(&self, all_answered: bool) -> Option<Rc<SearchPath>> {
        let is_open = self.setting.is_open() || self.role.is_open();
        if 0 < self.on_the_way || is_open && (0 < self.ending || !all_answered) {
            return None;
        }
        let of = || SearchPath::of(self.setting.now()?, self.role.now().map(|role| &**role)).map(Rc::new);
        self.now.borrow_mut().get_or_insert_with(of).clone()
    }

    /// Where it looks, where that may name a schema of PostgreSQL's own.
    pub(crate) fn own(&self, all_answered: bool) -> OwnPath<'_> {
        let is_over = || self.ending == 0 && all_answered;
        self.landing.own(|is_open| self.on_the_way == 0 && (!is_open || is_over()))
    }

    /// A statement with this change is bound to these values.
    pub(crate) fn bound<'v>(&mut self, change: &PathChange, values: impl Iterator<Item = &'v [u8]>) {
        let own = change.landing.as_ref().and_then(|change| change.bound(values));
        own.iter().flatten().for_each(|own| self.landing.may_be(own));
    }

    /// What tells whether anything was sent in between that may change it.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// A statement is sent that may change it.
    pub(crate) fn sent(&mut self, change: &PathChange) {
        self.changes += 1;
        change.landing.iter().for_each(|change| self.landing.sent(change));
        self.ending += usize::from(change.may_end);
        self.on_the_way += usize::from(change.setting.is_some() || change.role.is_some());
    }

    /// That is answered.
    pub(crate) fn answered(&mut self, change: &PathChange, is_done: bool) {
        let PathChange { setting, role, landing, may_end } = change;
        landing.iter().for_each(|change| self.landing.answered(change, is_done));
        self.ending = self.ending.saturating_sub(usize::from(*may_end));
        self.on_the_way = self.on_the_way.saturating_sub(usize::from(setting.is_some() || role.is_some()));
        let is_unknown = |change: &Change| matches!(change.value, Becomes::Unknown);
        let may_be_done = *may_end && setting.iter().chain(role).any(is_unknown);
        // A procedure can commit what it has done, and fail then.
        if is_done || may_be_done {
            setting.iter().for_each(|change| self.setting.changed(change));
            role.iter().for_each(|change| self.role.changed(change));
            self.now.take();
        }
    }

    /// Something failed, or a transaction or a part of it was rolled back.
    pub(crate) fn undone(&mut self) {
        self.setting.undone();
        self.role.undone();
        self.landing.setting().undone();
        self.now.take();
    }

    /// A transaction was committed.
    pub(crate) fn committed(&mut self) {
        self.setting.committed();
        self.role.committed();
        self.landing.setting().committed();
        self.now.take();
    }

    /// The server is ready for more; no transaction is open any more (`is_over`), and nothing is on its way (`is_all`).
    pub(crate) fn is_ready(&mut self, is_over: bool, is_all: bool) {
        if is_over {
            self.setting.transaction_is_over();
            self.role.transaction_is_over();
            self.landing.setting().transaction_is_over();
        }
        // Before that it has told what has changed.
        if let Some(told) = self.told.as_ref().filter(|_| is_all) {
            self.setting.is(Rc::clone(told));
            self.landing.is(told);
        }
        self.now.take();
    }
}

/// What a statement means by names that its path decides about.
#[derive(Debug)]
pub(crate) struct ByPath {
    statement: Statement,
    names: BTreeSet<String>,
    known: RefCell<Vec<Known>>,
}

/// What was worked out.
#[derive(Debug)]
struct Known {
    path: Rc<SearchPath>,
    /// As it is described where nobody knows the path.
    of: Rc<Described>,
    described: Rc<Described>,
}

impl ByPath {
    /// Of a statement, with what it reaches, whose names mean several relations.
    pub(crate) fn of(own: &Statement, whole: &Statement, catalog: &Catalog) -> Option<Self> {
        let names = sql::found_by_path(own, whole, catalog);
        let statement = (!names.is_empty()).then(|| whole.clone())?;
        Some(ByPath { statement, names, known: RefCell::default() })
    }

    /// The statement as it is described, with what it means by this path.
    pub(crate) fn described(
        &self,
        described: &Rc<Described>,
        path: &Rc<SearchPath>,
        catalog: impl FnOnce() -> Catalog,
    ) -> Rc<Described> {
        let mut known = self.known.borrow_mut();
        let is_this = |known: &&Known| Rc::ptr_eq(&known.of, described) && known.path == *path;
        if let Some(known) = known.iter().find(is_this) {
            return Rc::clone(&known.described);
        }
        let touched = sql::touched_by_path(&self.statement, &catalog(), path, &self.names);
        let by_path = Rc::new(described.with_touched(touched));
        if PATHS_MAX <= known.len() {
            known.remove(0);
        }
        let (path, of) = (Rc::clone(path), Rc::clone(described));
        known.push(Known { path, of, described: Rc::clone(&by_path) });
        by_path
    }
}

#[cfg(test)]
mod tests;
