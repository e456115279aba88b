//! What is known of a text whoever sends it and however often: what its statements do, whether they may, how their
//! results are treated. Worked out once for each text, catalog and policy.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use mask::{Class, ColumnId, Unsearched};
use policy::{Meaning, Refusal, Verdict};
use sql::catalog::{Column, Relation, Routine};
use sql::facts::{Access, Effect, Forgets, Makes, Object, Opens, RelationUse, Runs};
use sql::values::Tie;
use sql::{
    Catalog, Code, Facts, Given, Naming, Probe, Scratch, SearchPath, Sensitive, Statement, Touched,
    Unreadable,
};
use wire::BodyError;

use crate::copied::Copied;
use crate::evidence::Described;
use crate::following::Change;
use crate::given::GivenNames;
use crate::keyed::Keys;
use crate::landing::OwnPath;
use crate::moving::{MovedNames, Moves, ToldColumns};
use crate::names::{Columns, ResultColumns};
use crate::path::{ByPath, PathChange};
use crate::probed::{hands_over, has_sinks, makes_sink, probes, replaces_code};
use crate::put_back::PutBack;
use crate::reasons;
use crate::recorded::{Recorded, Treat};
use crate::referred::takes_referred;
use crate::results::Planned;
use crate::ruled::{Returned, shown_by_rules};
use crate::shown::{Known, Reach, Shown, classed, moved_in};
use crate::sliding::Sliding;
use crate::spills::{Spills, fills, spilled};
use crate::state::Environment;
use crate::telling::{
    self, code_of_renamed, hangs_giving_code, hangs_telling_code, renames_giving, renames_telling, tells,
};
use crate::temporary::{Temporary, TemporaryChange};
use crate::tied::{Literals, hides_unknown};
use crate::ways::Ways;

/// Most verdicts on one text that are kept: sessions on one thread take turns, with several databases and with users whom the
/// policies tell apart.
const JUDGED_MAX: usize = 8;

/// How long a body may be, in bytes, that the catalog is read with. Its queries say the same number.
const BODY_BYTES_MAX: usize = 48_000;

/// Reads and judges a text as a session without temporary tables does, or remembers it: how many of its statements may run.
/// For whoever measures that alone. Call it on a thread with `sql::READ_STACK_BYTES` of stack.
pub fn may_run(text: &[u8], env: &mut Environment<'_>) -> usize {
    let Some(reading) = env.readings.read(text) else { return 0 };
    let judged = reading.read.judge_alone(env);
    judged.statements.iter().filter(|statement| statement.refusal().is_none()).count()
}

/// A text that was read.
#[derive(Debug)]
pub(crate) struct Read {
    text: Box<str>,
    source: Source,
    /// The newest last.
    judged: RefCell<Vec<Rc<JudgedText>>>,
    /// Numbers of parameters that may be keys of documents.
    key_parameters: OnceCell<Box<[u16]>>,
}

/// Where a statement comes from.
#[derive(Debug)]
enum Source {
    /// From its text.
    Text(Result<Facts, Unreadable>),
    /// Something of this kind and name was made in a way that was not seen; it has this SQLSTATE where there is none.
    Unseen { kind: &'static str, sqlstate: &'static str, name: String },
    /// From a fast-path call of the function with this OID.
    Call(u32),
    /// From the replication protocol: this command, or something that is none.
    Replication(Option<&'static str>),
}

/// What a session knows that others do not see.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) temporary: &'a Temporary,
    pub(crate) given: &'a GivenNames,
    pub(crate) path: OwnPath<'a>,
}

/// What a statement does not name itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Implied {
    /// Functions that run because it calls others or reads views, and relations that all these name.
    called: Rc<[String]>,
    /// The same of triggers, rules and the like.
    reached: Rc<[String]>,
}

/// Verdicts on a text with one version of the catalog, for one subject of the policies.
#[derive(Debug)]
pub(crate) struct JudgedText {
    versions: Versions,
    /// In the order of the text; what could not be read counts as one statement.
    pub(crate) statements: Vec<Rc<Judged>>,
    /// The only statement, for a message that carries one; something that does nothing where the text has none.
    pub(crate) one: Rc<Judged>,
    /// It is one statement that may run, and all there is to it is what it reads and writes: nothing that the session or others have
    /// done decides about it again.
    is_plain: bool,
    /// Policies tell relations apart, and it reads or writes one that the catalog does not show: only one that was read afterwards
    /// tells whether somebody has given it this name.
    pub(crate) has_unknown: Cell<bool>,
    /// It takes something away that is there for nobody else as the catalog shows it: each time a newer one must say so.
    pub(crate) rests_on_absence: bool,
    /// `one` where its parameters were last bound to these keys of documents.
    pub(crate) bound: RefCell<Option<(Keys, Rc<Judged>)>>,
}

/// What verdicts were made with.
#[derive(Debug)]
struct Versions {
    catalog: u64,
    /// Tells policies apart too.
    subject: u64,
    /// Names in it that are temporary tables of the session.
    temporary: Vec<String>,
    /// Names in it of what else is the session's own.
    scratch: Vec<String>,
    /// By which the session's own names are known.
    given: u64,
    /// What the catalog does not have is not there.
    is_certain: bool,
    /// What was written into temporary relations is known by their names.
    has_own_stains: bool,
    /// Where the session looks, where that names a schema of PostgreSQL's own.
    path: Option<Arc<[String]>>,
}

impl Versions {
    fn are(
        &self,
        env: &Environment<'_>,
        (temporary, scratch): (&[String], &[String]),
        (given, path): (u64, Option<&Arc<[String]>>),
        is_certain: bool,
    ) -> bool {
        self.catalog == env.catalog_version
            && self.path.as_ref() == path
            && self.given == given
            && self.has_own_stains == env.has_own_stains
            && self.subject == env.subject.id()
            && self.temporary == temporary
            && self.scratch == scratch
            && self.is_certain == is_certain
    }
}

/// One statement with its verdict.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    pub(crate) described: Rc<Described>,
    /// Where it stands in the text.
    pub(crate) span: Range<usize>,
    pub(crate) verdict: Verdict,
    /// What it does is known.
    pub(crate) is_read: bool,
    pub(crate) forgets: Vec<Forgets>,
    /// What it makes in SQL, and what that is judged by when it is run.
    pub(crate) makes: Option<(Makes, Rc<Read>)>,
    /// The statement of the cursor that it makes, as its names are meant now.
    pub(crate) opens_as: Option<Rc<Judged>>,
    /// What it runs that was made in SQL.
    pub(crate) runs: Vec<Runs>,
    /// The relations that what it runs reads and writes, as in `Touched`, where all of that was seen.
    ran: Option<Vec<String>>,
    /// It may make or take away prepared statements and cursors in a way that is not seen.
    pub(crate) meddles: bool,
    /// The catalog's that it was judged by.
    pub(crate) catalog_version: u64,
    /// Its conditions look into values that the subject may not see.
    pub(crate) probes: Option<Probe>,
    /// What of it can differ from one such question to the next.
    pub(crate) sliding: Option<Rc<Sliding>>,
    /// Constants that it writes over masked values.
    pub(crate) put_back: Option<Rc<PutBack>>,
    /// What computed columns of its result can show.
    pub(crate) shown: Shown,
    /// What it runs and sets going can tell of something sensitive, whatever its result shows.
    pub(crate) says: bool,
    /// Which constraint is not met a sensitive value can say: it takes keys away that such columns refer to, or has such a column checked.
    pub(crate) refers: bool,
    /// It puts values where no column is, by what it calls or sets going.
    pub(crate) has_sinks: bool,
    /// It makes a function that hands what it is given to what puts it where no column is.
    pub(crate) makes_sink: bool,
    /// It makes code under a name by which others may run it already.
    pub(crate) replaces_code: bool,
    /// Which cursors it opens within code.
    pub(crate) opens: Opens,
    /// What its transaction has put off may run in it.
    pub(crate) may_settle: bool,
    /// What it copies to the client, where that must be masked.
    pub(crate) copied: Option<Rc<Copied>>,
    /// The same of any COPY to the client that can be asked about: what it names may have another meaning when it runs.
    pub(crate) copiable: Option<Rc<Copied>>,
    /// Whether it is a COPY to the client.
    pub(crate) copies_to_client: bool,
    /// What it writes elsewhere.
    pub(crate) spills: Spills,
    /// It names what has another meaning than the catalog shows.
    pub(crate) is_moved: bool,
    /// Its rows are of what names meant when its portal was made, and they may mean something else by now.
    pub(crate) is_older: bool,
    /// What it does to the meaning of names.
    pub(crate) moves: Option<Moves>,
    /// Functions that it makes, and what it calls, or names in a definition.
    pub(crate) makes_functions: Vec<String>,
    pub(crate) calls: Vec<String>,
    /// What tells what its result shows, where something is sensitive.
    pub(crate) own: Option<Rc<Statement>>,
    /// What it does not name, as the catalog shows it.
    implied: Implied,
    /// The code that it reaches, as it was.
    pub(crate) code: Rc<Code>,
    /// Names that need not be those of something of PostgreSQL's.
    own_names: HashSet<String>,
    /// What it does to the session's temporary tables, if anything.
    pub(crate) temporary: Option<TemporaryChange>,
    /// What it does to the reason that the session gives, if anything.
    pub(crate) gives_reason: Option<Change>,
    /// What it may do to where the session looks for relations, if anything.
    path: Option<PathChange>,
    /// What it means by names that mean something else on other paths; `None` where it has no such.
    by_path: Option<Rc<ByPath>>,
    /// What it does to names of relations.
    pub(crate) namings: Rc<[Naming]>,
    /// It takes something away that is its own only where the catalog shows no other of the name.
    rests_on_absence: bool,
    /// It makes or changes something by a name without a schema.
    names_bare: bool,
    /// It gives a column another type.
    pub(crate) retypes: bool,
    /// It gives no other name to what lasts.
    pub(crate) is_still: bool,
    /// Names that it gives to what may last.
    pub(crate) gives: Box<[String]>,
    /// Names that it gives to relations, or takes away.
    pub(crate) renames: Box<[String]>,
    /// Relations that it alters, where it does nothing else.
    pub(crate) alters: Box<[String]>,
    /// The server may run somebody's code when it only reads it.
    pub(crate) runs_code_when_read: bool,
    /// How long its text is, and the names in it, in bytes.
    pub(crate) kept_bytes: usize,
    /// It is a COPY to a table. One from a file on the server looks the same.
    pub(crate) takes_copy_data: bool,
    /// The columns that its result had when it was described the last time.
    columns: RefCell<Option<Columns>>,
    /// What its parameters are bound to that are keys of documents.
    pub(crate) keys: Option<Keys>,
    /// How that result is treated.
    pub(crate) planned: RefCell<Option<Rc<Planned>>>,
    /// How it was described the last time, with what it ran.
    ran_as: RefCell<Option<Rc<Described>>>,
}

impl Read {
    fn of(text: Box<str>, source: Source) -> Rc<Self> {
        Rc::new(Read { text, source, judged: RefCell::default(), key_parameters: OnceCell::new() })
    }

    pub(crate) fn new(text: &[u8], facts: Result<Facts, Unreadable>) -> Rc<Self> {
        Read::of(String::from_utf8_lossy(text).into(), Source::Text(facts))
    }

    /// What stands for a prepared statement or portal that was made in a way that was not seen.
    pub(crate) fn unseen(kind: &'static str, sqlstate: &'static str, name: &[u8]) -> Rc<Self> {
        let name = String::from_utf8_lossy(name).into_owned();
        let text = format!("({kind} \"{name}\", made in a way that Picket has not seen)").into();
        Read::of(text, Source::Unseen { kind, sqlstate, name })
    }

    /// One statement of a text that makes something which is run later.
    fn within(read: &Read, statement: &Statement) -> Rc<Self> {
        let text = read.text.get(statement.span.clone()).unwrap_or_default().into();
        let statement = Statement { makes: None, ..statement.clone() };
        let facts = Facts { statements: vec![statement], readers_disagree: None };
        Read::of(text, Source::Text(Ok(facts)))
    }

    /// What stands for a fast-path call.
    pub(crate) fn call(function: u32) -> Rc<Self> {
        Read::of("".into(), Source::Call(function))
    }

    /// What came over a replication connection: this command, or something that is none and may not run.
    pub(crate) fn replication(text: &[u8], command: Option<&'static str>) -> Rc<Self> {
        let text = String::from_utf8_lossy(text).into();
        Read::of(text, Source::Replication(command))
    }

    /// Whether PostgreSQL's grammar, as it is known here, does not accept it.
    pub(crate) fn is_no_sql(&self) -> bool {
        matches!(self.source, Source::Text(Err(Unreadable::Syntax { .. })))
    }

    /// Whether reading it took too long: the next time it may not.
    pub(crate) fn was_too_slow(&self) -> bool {
        matches!(self.source, Source::Text(Err(Unreadable::TooSlow { .. })))
    }

    /// Whether other texts with the same skeleton say the same.
    pub(crate) fn holds_for_skeleton(&self) -> bool {
        matches!(&self.source, Source::Text(Ok(facts)) if facts.hold_for_skeleton())
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Functions that a statement of it calls or names, by its place.
    pub(crate) fn functions(&self, at: usize) -> &[String] {
        match &self.source {
            Source::Text(Ok(facts)) => facts.statements.get(at).map_or(&[], |one| &one.functions),
            _ => &[],
        }
    }

    /// What a statement of it does in words, by its place.
    pub(crate) fn summary(&self, at: usize, catalog: &Catalog) -> sql::Summary {
        match &self.source {
            Source::Text(Ok(facts)) => {
                facts.statements.get(at).map(|one| one.with_reach(catalog).summary()).unwrap_or_default()
            }
            _ => sql::Summary::default(),
        }
    }

    /// Numbers of its parameters that may be keys of documents.
    pub(crate) fn key_parameters(&self) -> &[u16] {
        self.key_parameters.get_or_init(|| sql::key_parameters(&self.text).into())
    }

    /// The verdicts on it with the catalog and the policy as they are now.
    pub(crate) fn judge(&self, env: &Environment<'_>, seen: Seen<'_>) -> Rc<JudgedText> {
        self.judge_with(env, seen, false)
    }

    /// The same of the only statement, for a message that carries one.
    pub(crate) fn judge_one(&self, env: &Environment<'_>, seen: Seen<'_>) -> Rc<Judged> {
        let knows_more = !seen.given.are_none() || !seen.temporary.is_empty();
        let plain = if knows_more { None } else { self.plain(env) };
        plain.unwrap_or_else(|| Rc::clone(&self.judge(env, seen).one))
    }

    /// The same for a session that knows no more than others.
    pub(crate) fn judge_alone(&self, env: &Environment<'_>) -> Rc<JudgedText> {
        let (temporary, given) = (Temporary::default(), GivenNames::default());
        self.judge(env, Seen { temporary: &temporary, given: &given, path: OwnPath::default() })
    }

    /// The same where the catalog was read a moment ago, and has all names that the session sees (`is_certain`).
    pub(crate) fn judge_with(
        &self,
        env: &Environment<'_>,
        seen: Seen<'_>,
        is_certain: bool,
    ) -> Rc<JudgedText> {
        let mut judged = self.judged.borrow_mut();
        let (own, given) = (self.temporary(seen.temporary), seen.given.number());
        let scratch = self.scratch(seen.temporary);
        let are_these = |judged: &&Rc<JudgedText>| {
            let paths = (given, seen.path.now);
            judged.versions.are(env, (own.as_slice(), scratch.as_slice()), paths, is_certain)
        };
        if let Some(judged) = judged.iter().find(are_these) {
            return Rc::clone(judged);
        }
        let (catalog, subject) = (env.catalog_version, env.subject.id());
        let versions = Versions {
            catalog,
            subject,
            temporary: own,
            scratch,
            given,
            is_certain,
            has_own_stains: env.has_own_stains,
            path: seen.path.now.cloned(),
        };
        if JUDGED_MAX <= judged.len() {
            judged.remove(0);
        }
        let new = Rc::new(JudgedText::new(self, versions, seen, env));
        judged.push(Rc::clone(&new));
        new
    }

    /// The only statement, where it is plain, for a session that knows no more than others: as `judge` would give it.
    pub(crate) fn plain(&self, env: &Environment<'_>) -> Option<Rc<Judged>> {
        let (catalog, subject) = (env.catalog_version, env.subject.id());
        let judged = self.judged.borrow();
        let is_this = |judged: &&Rc<JudgedText>| {
            // What is plain makes and changes nothing that a path decides about.
            let Versions {
                catalog: of,
                subject: by,
                temporary,
                scratch,
                given,
                is_certain,
                has_own_stains,
                path: _,
            } = &judged.versions;
            judged.is_plain
                && *has_own_stains == env.has_own_stains
                && (*of, *by, *given) == (catalog, subject, 0)
                && temporary.is_empty()
                && scratch.is_empty()
                && !is_certain
        };
        judged.iter().rfind(is_this).map(|judged| Rc::clone(&judged.one))
    }

    /// Whether it takes tables away, or their rows, of which nobody but the session can have any: the catalog has none that
    /// lasts.
    pub(crate) fn rests_on_absence(&self, env: &Environment<'_>, temporary: &Temporary) -> bool {
        let Source::Text(Ok(facts)) = &self.source else { return false };
        let may_be_absent = |statement: &Statement, name: &str| {
            let is_known = temporary.contains(name) || temporary.contains_scratch(name);
            let is_free = statement.takes_table() || !env.catalog.has_other(name);
            !is_known && is_free && is_only_temporary(name, env.catalog, env)
        };
        // Before it takes anything, an event trigger may give names.
        let is_told = !env.catalog.hooks().on_definitions().is_empty();
        !is_told
            && facts.statements.iter().any(|statement| {
                let taken = statement.takes().filter(|(schema, _)| schema.is_none());
                taken.is_some_and(|(_, name)| may_be_absent(statement, name))
            })
    }

    /// Whether it names a temporary table of the session of which it is not known whether something else is meant by then.
    pub(crate) fn is_doubtful(&self, temporary: &Temporary) -> bool {
        let Source::Text(Ok(facts)) = &self.source else { return false };
        let named = |statement: &Statement| {
            statement.relations.iter().any(|used| used.schema.is_none() && temporary.is_doubtful(&used.name))
        };
        facts.statements.iter().any(named)
    }

    /// Whether it names one of these, or a table that is new among them and has rows in partitions or the name of another.
    pub(crate) fn names_any(&self, moved: &MovedNames) -> bool {
        let fills = |statement: &Statement| {
            statement.writes.iter().any(|write| moved.is_partitioned(&write.name))
                || statement.relations.iter().any(|used| moved.is_doubled(&used.name))
        };
        let names_any = |statement: &Statement| names_any(statement, moved) || fills(statement);
        matches!(&self.source, Source::Text(Ok(facts)) if facts.statements.iter().any(names_any))
    }

    /// Whether it names a relation of this name that is there already.
    pub(crate) fn names_relation(&self, name: &str) -> bool {
        let names = |statement: &Statement| {
            let is_made =
                statement.names.iter().any(|does| matches!(does, Naming::Makes(made) if made.name == *name));
            let is_used =
                |used: &&RelationUse| used.name == *name && !(is_made && used.access == Access::Write);
            statement.relations.iter().any(|used| is_used(&used))
        };
        matches!(&self.source, Source::Text(Ok(facts)) if facts.statements.iter().any(names))
    }

    /// Prepared statements and cursors that its own text runs.
    pub(crate) fn runs(&self) -> impl Iterator<Item = &Runs> {
        let facts = match &self.source {
            Source::Text(Ok(facts)) => Some(facts),
            _ => None,
        };
        facts.into_iter().flat_map(|facts| &facts.statements).flat_map(|statement| &statement.runs)
    }

    /// Names in it that are temporary tables of the session.
    fn temporary(&self, temporary: &Temporary) -> Vec<String> {
        match &self.source {
            Source::Text(Ok(facts)) if !temporary.is_empty() => {
                let named = facts.statements.iter().flat_map(|statement| &statement.relations);
                let named = named.map(|used| &used.name).chain(dropped(facts));
                // Some of it may stand behind the end of the transaction.
                let may_end = facts.statements.iter().any(|one| one.effects.contains(&Effect::Transaction));
                let is_there =
                    |name: &&String| temporary.contains(name) && !(may_end && temporary.passes(name));
                named.filter(is_there).cloned().collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Read {
    /// Names of what it drops that is the session's own, and no table.
    fn scratch(&self, temporary: &Temporary) -> Vec<String> {
        match &self.source {
            Source::Text(Ok(facts)) if !temporary.is_empty() => {
                dropped(facts).filter(|name| temporary.contains_scratch(name)).cloned().collect()
            }
            _ => Vec::new(),
        }
    }
}

/// Names without a schema of what statements take away that do nothing else.
fn dropped(facts: &Facts) -> impl Iterator<Item = &String> {
    let drops = facts.statements.iter().filter(|one| one.effects.as_slice() == [Effect::Drop]);
    drops.flat_map(|one| &one.objects).filter_map(|object| match object {
        Object::Relation { schema: None, name } => Some(name),
        _ => None,
    })
}

impl JudgedText {
    fn new(read: &Read, versions: Versions, seen: Seen<'_>, env: &Environment<'_>) -> Self {
        let recording = &env.readings.recording;
        let whole = |verdict, recorded| Judged::unread(&read.text, verdict, env).recorded(recorded);
        let mut has_unknown = false;
        let statements = match &read.source {
            Source::Text(Ok(facts)) => {
                let readers_disagree = facts.readers_disagree.as_deref();
                Texts {
                    read,
                    seen,
                    versions: &versions,
                    env,
                    readers_disagree,
                    is_alone: facts.statements.len() == 1,
                }
                .judge(facts, &mut has_unknown)
            }
            Source::Text(Err(unreadable)) => {
                let recorded = match unreadable {
                    Unreadable::Syntax { .. } => Recorded::loose(&read.text, true, recording),
                    _ => Recorded::unread(&read.text, recording),
                };
                vec![whole(env.policies.judge_unreadable(env.subject, unreadable), recorded)]
            }
            Source::Unseen { kind, sqlstate, name } => {
                let verdict = env.policies.judge_unknown_name(env.subject, kind, sqlstate, name);
                vec![whole(verdict, Recorded::default())]
            }
            Source::Call(function) => vec![Judged::call(*function, env, seen)],
            Source::Replication(None) => {
                let recorded = Recorded::loose(&read.text, true, recording);
                vec![whole(policy::refuse_sql_in_replication(), recorded)]
            }
            Source::Replication(Some(command)) => vec![Judged::replication(&read.text, command, env)],
        };
        let one = statements.first().map(Rc::clone).unwrap_or_else(|| {
            let (span, verdict) = (0..read.text.len(), policy::permit_nothing());
            let nothing = Some(&Statement::default());
            let judged = Judged::new(&read.text, span, nothing, verdict, String::new(), env.catalog);
            Rc::new(judged).recorded(Recorded::loose(&read.text, false, recording))
        });
        let takes_table = match &read.source {
            Source::Text(Ok(facts)) => facts.statements.iter().any(|one| one.takes().is_some()),
            _ => true,
        };
        JudgedText {
            versions,
            is_plain: statements.len() == 1
                && one.is_plain()
                && !takes_table
                && !has_unknown
                && !one.rests_on_absence,
            rests_on_absence: statements.iter().any(|statement| statement.rests_on_absence),
            statements,
            one,
            has_unknown: Cell::new(has_unknown),
            bound: RefCell::default(),
        }
    }
}

/// A text that is judged, by whom it is sent.
struct Texts<'a> {
    read: &'a Read,
    seen: Seen<'a>,
    versions: &'a Versions,
    env: &'a Environment<'a>,
    readers_disagree: Option<&'a str>,
    /// It is one statement.
    is_alone: bool,
}

impl Texts<'_> {
    /// Judges each statement by what those before it do to names. Notes whether one is about what the catalog does not show.
    fn judge(&self, as_read: &Facts, has_unknown: &mut bool) -> Vec<Rc<Judged>> {
        let Texts { seen, versions, env, .. } = self;
        let mut catalog = seen.given.catalog(env);
        // What a statement gives a name to is what the next one means by it.
        let mut given_here = Vec::new();
        let names_own = !versions.temporary.is_empty() || !versions.scratch.is_empty();
        if names_own && !self.is_alone {
            let statements = as_read.statements.iter();
            given_here.extend(
                statements.flat_map(|one| one.with_reach(&catalog).names_given().collect::<Vec<_>>()),
            );
        }
        let is_own = |name: &str| {
            versions.temporary.iter().any(|own| own == name) && !given_here.iter().any(|given| given == name)
        };
        let is_only = |name: &str| is_only_temporary(name, &catalog, env);
        let is_scratch = |name: &str, how| {
            let is_so = match how {
                Scratch::Made => {
                    let is_given = given_here.iter().any(|given| given == name);
                    !is_given && versions.scratch.iter().any(|own| own == name)
                }
                Scratch::MadeHere => true,
                Scratch::Absent => versions.is_certain,
            };
            is_so && is_only(name) && !catalog.has_other(name)
        };
        let is_absent = |name: &str| versions.is_certain && is_only(name);
        let facts = as_read.with_temporary(is_own, is_only, is_absent, is_scratch).into_owned();
        let tells = env.policies.tell_relations();
        let mut given = Arc::clone(seen.given.names());
        let mut path = seen.path.now.cloned();
        if path.is_some() {
            catalog = self.look_along(&mut given, path.clone(), catalog);
        }
        let may_undo = |one: &Statement| one.effects.contains(&Effect::Transaction);
        let may_undo = facts.statements.iter().any(may_undo);
        let mut judged: Vec<Rc<Judged>> = Vec::with_capacity(facts.statements.len());
        for (statement, own) in facts.statements.iter().zip(&as_read.statements) {
            let mut whole = statement.with_reach(&catalog);
            let namings: Rc<[Naming]> = if tells { whole.all_names() } else { whole.ways() }.into();
            *has_unknown |= tells && self.is_about_unknown(&whole, &catalog, &given);
            // A body can use what it has named.
            if whole.names_within || !namings.is_empty() && !whole.reached.is_empty() {
                catalog = self.take(&mut given, &namings, catalog);
                whole = statement.with_reach(&catalog);
                judged.push(self.one(&whole, own, namings, &catalog));
            } else {
                judged.push(self.one(&whole, own, Rc::clone(&namings), &catalog));
                catalog = self.take(&mut given, &namings, catalog);
            }
            let changed = judged.last().and_then(|last| last.path.as_ref()?.landing());
            if let Some(change) = changed {
                let after = change.after(OwnPath { now: path.as_ref(), ..seen.path }, may_undo);
                if after != path {
                    path.clone_from(&after);
                    catalog = self.look_along(&mut given, after, catalog);
                }
            }
        }
        judged
    }

    /// The catalog after what a statement does to names.
    fn take(&self, given: &mut Arc<Given>, namings: &[Naming], before: Catalog) -> Catalog {
        if namings.is_empty() {
            return before;
        }
        // So that they need not be copied.
        drop(before);
        match self.env.policies.tell_relations() {
            true => Arc::make_mut(given).take(namings, self.env.catalog),
            false => Arc::make_mut(given).take_ways(namings, self.env.catalog),
        }
        self.env.catalog.with_given(given)
    }

    /// The catalog where the session looks along a path that names a schema of PostgreSQL's own, or does no more.
    fn look_along(&self, given: &mut Arc<Given>, path: Option<Arc<[String]>>, before: Catalog) -> Catalog {
        drop(before);
        Arc::make_mut(given).look_along(path);
        self.env.catalog.with_given(given)
    }

    /// Whether it reads or writes rows of a relation that is not known to be there, nor to be new.
    fn is_about_unknown(&self, statement: &Statement, catalog: &Catalog, given: &Given) -> bool {
        let is_known = |used: &RelationUse| {
            let is_own =
                matches!(used.schema.as_deref(), Some("pg_temp" | "pg_catalog" | "information_schema"));
            is_own
                || used.name.starts_with("pg_")
                || used.schema.is_none() && statement.ctes.contains(&used.name)
                || self.seen.temporary.contains(&used.name)
                || given.has_made(&used.name)
                || catalog.named_in(used.schema.as_deref(), &used.name).next().is_some()
        };
        let is_used = |used: &&RelationUse| used.access == Access::Read || statement.is_written(used);
        statement.relations.iter().filter(is_used).any(|used| !is_known(used))
    }

    fn one(
        &self,
        statement: &Statement,
        own: &Statement,
        namings: Rc<[Naming]>,
        catalog: &Catalog,
    ) -> Rc<Judged> {
        let Texts { read, seen: _, versions, env, readers_disagree, is_alone: _ } = self;
        let known = Known { temporary: &versions.temporary, ..Known::of(catalog, env) };
        let text = read.text.get(own.span.clone()).unwrap_or_default();
        let unread = if env.hides() { unread(text, statement, catalog) } else { None };
        let with_unread = unread.map(|effect| {
            let effects = statement.effects.iter().copied().chain([effect]).collect();
            Statement { effects, ..statement.clone() }
        });
        let statement = with_unread.as_ref().unwrap_or(statement);
        let disagreement = readers_disagree.unwrap_or_default().to_owned();
        // Of several statements in one string, a COPY cannot be kept apart.
        let copied = if self.is_alone { Copied::of(&read.text, statement).map(Rc::new) } else { None };
        let hides = || env.hides() && Shown::of("", statement, &known).is_anything();
        let copies_masked = |statement: &Statement| {
            copies_out(statement) && (touches_masked(statement, catalog, env) || hides())
        };
        let is_masked =
            |statement: &Statement| touches_masked(statement, catalog, env) || copies_masked(statement);
        let is_maskable = |statement: &Statement| !copies_out(statement) || copied.is_some();
        let class_of = |relation: &Relation, column: &Column| {
            let id = ColumnId { table_oid: relation.oid, number: column.number };
            env.classes.get(&id).map(|class| class.name())
        };
        let has_none = env.classes.is_empty() && env.unsearched.is_none_or(|columns| columns.is_empty());
        let asks_of = |hides: &dyn Fn(Class) -> bool, of_wholes: bool| match has_none {
            true => None,
            false => probes(text, own, catalog, env, (hides, of_wholes)),
        };
        let looks_into = |_: &Statement| {
            let classes = Class::ALL.into_iter().filter(|class| !env.reveals(*class));
            let is_asked = |class: &Class| asks_of(&|own| own == *class, true).is_some();
            classes.filter(is_asked).map(Class::name).collect()
        };
        let meaning = Meaning {
            catalog,
            is_masked: &is_masked,
            is_maskable: &is_maskable,
            class_of: &class_of,
            looks_into: &looks_into,
        };
        let verdict = match (catalog.knows_names(), own.unread_by(catalog)) {
            (false, _) => env.policies.refuse_names(),
            (true, Some(unreadable)) if !env.policies.observes("unreadable") => {
                env.policies.judge_unreadable(env.subject, &unreadable)
            }
            (true, _) => env.policies.judge_one(env.subject, statement, readers_disagree.is_some(), &meaning),
        };
        // What it does beyond its own text.
        let is_more = statement.effects.contains(&Effect::Other("AlterDomainStmt"))
            || !statement.reached.is_empty()
            || statement.functions.len() != own.functions.len()
            || statement.effects.len() != own.effects.len()
            || statement.relations.len() != own.relations.len();
        let judged =
            Judged::new(&read.text, statement.span.clone(), Some(statement), verdict, disagreement, catalog);
        let spills = match judged.verdict {
            Verdict::Allow(_) | Verdict::Hold { .. } => {
                spilled(text, (own, statement), &known, |class| env.reveals(class))
            }
            Verdict::Refuse(_) => Spills::default(),
        };
        let asks = asks_of(&|class| env.counts(class), false);
        let sliding = matches!(asks, Some(Probe::Asks(_))).then(|| {
            let values = own.values.as_deref();
            let literals = values.map(|values| Literals {
                statement: own,
                values,
                known: &known,
                env,
                hides_unknown: true,
            });
            Rc::new(Sliding::of(text, own, literals.as_ref()))
        });
        let makes_sink = !known.is_empty() && env.hides() && makes_sink(text, statement, catalog);
        let replaces_code = env.hides() && replaces_code(statement, catalog);
        let hands_over = env.hides()
            && (spills.route || makes_sink && replaces_code || hands_over(text, own, statement, &known));
        let mut described = judged.described;
        let recorded = self.recorded((own, statement), text, &known);
        let Described { effects, recorded: of_text, normalised: without_literals, .. } =
            Rc::make_mut(&mut described);
        if spills.are_any {
            effects.push("spill");
        }
        *without_literals = sql::normalised(text, own.values.as_deref(), is_somebodys);
        let code = match judged.verdict {
            Verdict::Refuse(_) => Code::default(),
            Verdict::Allow(_) | Verdict::Hold { .. } => statement.code(catalog),
        };
        let kept_bytes = judged.kept_bytes + recorded.len() + without_literals.len() + code.kept_bytes();
        *of_text = recorded;
        // To whoever may see all values it shows nothing that columns would tell more of.
        let shows_some = || {
            touches(statement, catalog, |relation| classed(relation, env.classes).next().is_some())
                || Shown::of("", statement, &known).is_anything()
        };
        let is_kept = |_: &Rc<Copied>| {
            copies_masked(statement)
                // What they give can be something else while it comes.
                || env.hides() && code.calls()
                || touches_unsearched(statement, catalog, env) && (!env.reveals_all() || shows_some())
        };
        let is_hidden = |id: &ColumnId| env.classes.get(id).is_some_and(|class| !env.reveals(*class));
        let is_checked = asks.is_some() && own.effects.contains(&Effect::AlterTable);
        let refers = env.hides() && (is_checked || takes_referred(statement, catalog, &is_hidden));
        let copiable = copied.clone();
        let copied = copied.clone().filter(is_kept);
        let given_back = copied.as_ref().map_or(text, |copied| copied.query.trim_start());
        let shown = Shown::of(given_back, own, &known);
        let by_rules = shown_by_rules((own, statement), &shown, &known);
        Rc::new(Judged {
            described,
            kept_bytes,
            catalog_version: env.catalog_version,
            path: PathChange::of(text, own, statement, catalog),
            by_path: ByPath::of(own, statement, catalog).map(Rc::new),
            makes: own.makes.clone().map(|makes| (makes, Read::within(read, own))),
            probes: asks.max(hands_over.then_some(Probe::HandsOver)),
            sliding,
            put_back: if env.hides() { PutBack::of(own, &known, env).map(Rc::new) } else { None },
            // Of whoever may see it too: it is recorded.
            shown: match by_rules {
                Some(by_rules) => by_rules,
                None if spills.spoil_documents => Shown::Anything,
                None => shown,
            },
            says: refers || is_more && tells(statement, &known),
            refers,
            has_sinks: !known.is_empty() && has_sinks(statement),
            makes_sink,
            replaces_code,
            moves: may_move(statement).then(|| {
                let renamed = code_of_renamed(statement, &known);
                let fills = [statement, &renamed]
                    .into_iter()
                    .flat_map(|done| fills(done, &known, |class| env.reveals(class)))
                    .collect();
                Moves { fills, ..moves(text, statement, &known) }
            }),
            copied,
            copiable,
            own: (!known.is_empty()).then(|| Rc::new(own.clone())),
            implied: if known.is_empty() { Implied::default() } else { Implied::of(own, statement) },
            code: Rc::new(code),
            own_names: catalog.own_names(),
            spills,
            namings,
            ..judged
        })
    }
}

impl Texts<'_> {
    /// What of the text is recorded.
    fn recorded(&self, (own, whole): (&Statement, &Statement), text: &str, known: &Known<'_>) -> Recorded {
        let Texts { env, is_alone, .. } = self;
        let values = own.values.as_deref();
        let recording = &env.readings.recording;
        let hides_unknown = recording.is_strict
            || self.is_about_unknown(own, known.catalog, self.seen.given.names())
            || self.is_about_unknown(whole, known.catalog, self.seen.given.names())
            || hides_unknown(own, whole, known, env);
        let treat = |tie: &Tie| match values {
            Some(values) => Literals { statement: own, values, known, env, hides_unknown }.treat(tie),
            None => Treat::Hide,
        };
        let is_one_of_many =
            *is_alone && matches!(&self.read.source, Source::Text(Ok(facts)) if facts.hold_for_skeleton());
        Recorded::of(text, values, is_one_of_many, treat, recording)
    }
}

impl Judged {
    fn new(
        text: &str,
        span: Range<usize>,
        statement: Option<&Statement>,
        verdict: Verdict,
        readers_disagree: String,
        catalog: &Catalog,
    ) -> Self {
        let effects = statement.map(effects);
        let refused_by = verdict.refusal().map(|refusal| refusal.rules.clone()).unwrap_or_default();
        let observed_by = match &verdict {
            Verdict::Allow(permit) => permit.observed().to_vec(),
            Verdict::Hold { .. } | Verdict::Refuse(_) => Vec::new(),
        };
        let described = Described {
            text: text.get(span.clone()).unwrap_or_default().trim().to_owned(),
            recorded: Recorded::default(),
            fingerprint: statement.map_or(0, |statement| statement.fingerprint),
            normalised: String::new(),
            effects: effects.unwrap_or_default(),
            touched: statement.map(|statement| sql::touched(statement, catalog)).unwrap_or_default(),
            refused_by,
            observed_by,
            readers_disagree,
        };
        let sql::Touched { read, written, columns } = &described.touched;
        let names = [read, written, columns].into_iter().flatten();
        let calls = statement.iter().flat_map(|statement| &statement.functions);
        let kept_bytes = described.text.len() + names.chain(calls).map(|name| name.len()).sum::<usize>();
        Judged {
            catalog_version: 0,
            probes: None,
            sliding: None,
            put_back: None,
            kept_bytes,
            described: Rc::new(described),
            span,
            verdict,
            is_read: statement.is_some(),
            forgets: statement.map(|statement| statement.forgets.clone()).unwrap_or_default(),
            makes: None,
            makes_functions: statement.map(makes_functions).unwrap_or_default(),
            calls: statement.map(|statement| statement.functions.clone()).unwrap_or_default(),
            opens_as: None,
            runs: statement.map(runs).unwrap_or_default(),
            ran: None,
            meddles: statement.is_none_or(|statement| meddles(statement) || is_opaque(statement)),
            shown: Shown::Nothing,
            says: false,
            refers: false,
            has_sinks: statement.is_none(),
            makes_sink: false,
            replaces_code: false,
            opens: statement.map_or(Opens::Named, opens),
            may_settle: statement.is_none_or(telling::may_settle),
            copied: None,
            copiable: None,
            copies_to_client: statement.is_some_and(Copied::is_to_client),
            spills: Spills::default(),
            is_moved: false,
            is_older: false,
            moves: None,
            own: None,
            implied: Implied::default(),
            code: Rc::default(),
            own_names: HashSet::new(),
            temporary: statement.and_then(TemporaryChange::of),
            gives_reason: statement.and_then(reasons::change),
            path: statement.is_none().then(PathChange::unknown),
            by_path: None,
            namings: Rc::default(),
            rests_on_absence: statement.is_some_and(|statement| statement.rests_on_absence),
            names_bare: statement.is_some_and(Statement::names_bare),
            retypes: statement.is_some_and(Statement::retypes),
            is_still: statement.is_some_and(Statement::is_still),
            gives: statement.map(|statement| statement.names_given().collect()).unwrap_or_default(),
            renames: statement.map(renames).unwrap_or_default(),
            alters: statement.map(alters).unwrap_or_default(),
            runs_code_when_read: statement.is_none_or(|statement| statement.has_string),
            takes_copy_data: statement.is_none_or(|statement| statement.effects.contains(&Effect::CopyIn)),
            columns: RefCell::default(),
            keys: None,
            planned: RefCell::default(),
            ran_as: RefCell::default(),
        }
    }

    /// A fast-path call of the function with this OID: where such calls may be, it is what a call of that function in a SELECT is.
    fn call(function: u32, env: &Environment<'_>, seen: Seen<'_>) -> Rc<Self> {
        let name = env.catalog.function(function);
        let text = match name {
            Some(name) => format!("(fast-path call of {name}, function {function})"),
            None => format!("(fast-path call of function {function})"),
        };
        let effects = Statement { effects: vec![Effect::Call], ..Statement::default() };
        let verdict = match (env.policies.judge_fast_path(env.subject), name) {
            (Verdict::Allow(_), None) => policy::refuse_unknown_function(function),
            (verdict, _) => verdict,
        };
        let judged = Judged::new(&text, 0..text.len(), Some(&effects), verdict, String::new(), env.catalog);
        let path = Some(PathChange::unknown());
        let judged = Judged { meddles: true, says: true, path, ..judged };
        let (Some(name), Verdict::Allow(_)) = (name, &judged.verdict) else { return Rc::new(judged) };

        let select = format!("SELECT {name}()");
        let select = Read::new(select.as_bytes(), sql::read(select.as_bytes())).judge(env, seen);
        let select = &select.one;
        if let Some(refusal) = select.refusal() {
            return judged.refused(refusal.clone());
        }
        let does = select.described.effects.iter().filter(|effect| !["select", "call"].contains(*effect));
        let described = Described {
            effects: judged.described.effects.iter().chain(does).copied().collect(),
            touched: select.described.touched.clone(),
            observed_by: [&judged.described.observed_by[..], &select.described.observed_by].concat(),
            ..(*judged.described).clone()
        };
        Rc::new(Judged {
            described: Rc::new(described),
            shown: select.shown.clone(),
            own: select.own.clone(),
            implied: select.implied.clone(),
            own_names: select.own_names.clone(),
            namings: Rc::clone(&select.namings),
            ..judged
        })
    }

    /// A command of the replication protocol: its answers are of any number, and may be COPY both ways.
    fn replication(text: &str, command: &'static str, env: &Environment<'_>) -> Rc<Self> {
        let effects = Statement { effects: vec![Effect::Replication(command)], ..Statement::default() };
        let verdict = env.policies.judge_replication(env.subject, command);
        let judged = Judged::new(text, 0..text.len(), Some(&effects), verdict, String::new(), env.catalog);
        Rc::new(Judged { is_read: false, takes_copy_data: true, ..judged })
    }

    /// Something that shows no statement.
    pub(crate) fn unread(text: &str, verdict: Verdict, env: &Environment<'_>) -> Rc<Self> {
        let judged = Judged::new(text, 0..text.len(), None, verdict, String::new(), env.catalog);
        let shown = if env.hides() { Shown::Anything } else { Shown::Nothing };
        Rc::new(Judged { shown, ..judged })
    }

    /// The same where this is recorded of its text.
    fn recorded(self: Rc<Self>, recorded: Recorded) -> Rc<Self> {
        let described = Described { recorded, ..(*self.described).clone() };
        Rc::new(Judged { described: Rc::new(described), ..Rc::unwrap_or_clone(self) })
    }

    /// What is copied to the client, where the server can be asked about it.
    pub(crate) fn copied_or_copiable(&self) -> Option<&Copied> {
        self.copied.as_deref().or(self.copiable.as_deref())
    }

    /// Whether there is no more to it than what it reads and writes.
    fn is_plain(&self) -> bool {
        matches!(self.verdict, Verdict::Allow(_))
            && self.is_read
            && self.makes.is_none()
            && self.runs.is_empty()
            && self.probes.is_none()
            && !self.may_put_literals_back()
            && self.copied.is_none()
            && self.spills.stains.is_empty()
            && self.spills.placed.is_empty()
            && self.moves.is_none()
            && self.namings.is_empty()
            && !self.names_bare
            && !self.is_moved
    }

    /// The same statement where this was decided about it.
    pub(crate) fn decided(
        &self,
        verdict: Verdict,
        refused_by: Vec<Arc<str>>,
        observed_by: Vec<Arc<str>>,
    ) -> Rc<Self> {
        let described = Described { refused_by, observed_by, ..(*self.described).clone() };
        Rc::new(Judged { described: Rc::new(described), verdict, ..self.clone() })
    }

    /// The same statement where this refuses it.
    pub(crate) fn refused(&self, refusal: Refusal) -> Rc<Self> {
        let rules = refusal.rules.clone();
        self.decided(Verdict::Refuse(refusal), rules, Vec::new())
    }

    /// The same where what it runs shows this in its result, does this to names too, and `is_moved`.
    pub(crate) fn running(&self, shown: Shown, namings: Vec<Naming>, is_moved: bool) -> Self {
        let namings = self.namings.iter().cloned().chain(namings).collect();
        let more = self.copiable.as_ref().filter(|_| is_moved);
        let copied = self.copied.as_ref().or(more).cloned();
        Judged { shown, namings, is_moved, copied, planned: RefCell::default(), ..self.clone() }
    }

    /// How it is described where what it runs touches and does this too.
    pub(crate) fn described_running(&self, ran: &Touched, does: &[&'static str]) -> Rc<Described> {
        let mut touched = self.described.touched.clone();
        touched.extend(ran);
        let mut effects = self.described.effects.clone();
        for effect in does {
            if !effects.contains(effect) {
                effects.push(effect);
            }
        }
        let mut known = self.ran_as.borrow_mut();
        match &*known {
            Some(known) if known.touched == touched && known.effects == effects => Rc::clone(known),
            _ => {
                let described = Described { effects, ..self.described.with_touched(touched) };
                Rc::clone(known.insert(Rc::new(described)))
            }
        }
    }

    /// The same where what it runs reads and writes these relations, if all of it was seen, and does this to where the session looks
    /// for relations.
    pub(crate) fn having_run(self, ran: Option<Vec<String>>, path: Option<&PathChange>) -> Rc<Self> {
        let path = match (&ran, path) {
            (None, _) => Some(PathChange::unknown()),
            (Some(_), Some(path)) => Some(path.perhaps(self.path.as_ref())),
            (Some(_), None) => self.path.clone(),
        };
        Rc::new(Judged { ran, path, ..self })
    }

    /// What it may do to where the session looks for relations, if it runs and does anything.
    pub(crate) fn path_change(&self) -> Option<&PathChange> {
        self.path.as_ref().filter(|_| self.refusal().is_none())
    }

    /// Whether names may mean other relations behind it, or what was made may be gone: it sets something, is about its transaction, or runs
    /// code.
    pub(crate) fn renews_names(&self) -> bool {
        let renews = |effect: &Effect| {
            matches!(
                effect,
                Effect::Call
                    | Effect::Do
                    | Effect::Drop
                    | Effect::DropTable
                    | Effect::Execute
                    | Effect::OpaqueCall
                    | Effect::OpaqueDo
                    | Effect::Set
                    | Effect::Transaction
            )
        };
        let Implied { called, reached } = &self.implied;
        let runs_code =
            || self.has_sinks || !self.runs.is_empty() || !called.is_empty() || !reached.is_empty();
        runs_code()
            || self
                .own
                .as_ref()
                .is_none_or(|own| own.calls().next().is_some() || own.effects.iter().any(renews))
    }

    /// As it is described to whoever looks for relations on this path. `catalog` is the session's, of this version.
    pub(crate) fn described_by(
        &self,
        path: impl FnOnce() -> Option<Rc<SearchPath>>,
        catalog_version: u64,
        catalog: impl FnOnce() -> Catalog,
    ) -> Rc<Described> {
        let by_path = self.by_path.as_ref().filter(|_| self.catalog_version == catalog_version);
        match by_path.and_then(|by_path| Some((by_path, path()?))) {
            Some((by_path, path)) => by_path.described(&self.described, &path, catalog),
            None => Rc::clone(&self.described),
        }
    }

    /// The same where what it runs can tell of something sensitive, if `says`.
    pub(crate) fn saying(self: Rc<Self>, says: bool) -> Rc<Self> {
        match says && !self.says {
            true => Rc::new(Judged { says, ..Rc::unwrap_or_clone(self) }),
            false => self,
        }
    }

    /// Whether it runs code of somebody's own, which may be another by the time its portal gives rows. Relations cannot be: the portal holds
    /// locks on them.
    pub(crate) fn runs_own_code(&self, catalog: &Catalog) -> bool {
        let is_own = |name: &str| catalog.routines(name).next().is_some();
        self.implied.called.iter().any(|name| is_own(name))
            || self.own.as_ref().is_some_and(|own| own.calls().any(is_own))
    }

    /// Whether it reads a relation with one of these columns, or what does nobody knows.
    pub(crate) fn reads_any(&self, columns: &Unsearched, catalog: &Catalog) -> bool {
        self.reads(catalog, |relation| has_one(relation, columns))
    }

    /// Whether it reads a relation that the catalog does not show yet, and that is none of PostgreSQL's own.
    pub(crate) fn reads_unknown(&self, catalog: &Catalog) -> bool {
        let own = ["information_schema.", "pg_"];
        self.described.touched.read.iter().any(|path| {
            let is_own = own.iter().any(|own| path.starts_with(own)) && !path.starts_with("pg_temp");
            !is_own && !ends(path).any(|name| catalog.named(name).next().is_some())
        })
    }

    /// Whether it reads or writes a relation of this name.
    pub(crate) fn reads_name(&self, name: &str) -> bool {
        self.relations_reached().any(|path| ends(path).any(|end| end == name))
    }

    /// Names of relations that it, or what it runs, reads or writes, and that the catalog does not show yet: of a path any end can be the name.
    pub(crate) fn unknown_names(&self, catalog: &Catalog) -> impl Iterator<Item = String> {
        let is_unknown = |path: &&String| !ends(path).any(|name| catalog.named(name).next().is_some());
        self.relations_reached().filter(is_unknown).flat_map(|path| ends(path)).map(str::to_owned)
    }

    /// Whether it reads relations, and no others than these.
    pub(crate) fn reads_only(&self, is_one: impl Fn(&str) -> bool) -> bool {
        let mut all = self.relations_reached().peekable();
        all.peek().is_some() && all.all(|path| ends(path).any(&is_one))
    }

    /// Whether it names a relation that something sensitive was written into a moment ago.
    pub(crate) fn reads_stained(&self, env: &Environment<'_>) -> bool {
        let mut named = self.own.iter().flat_map(|own| &own.relations);
        !env.stains.is_empty()
            && (!self.runs.is_empty() || named.any(|used| !env.stains.of(&used.name).is_empty()))
    }

    /// Whether it reads a relation of which only a newer catalog than it was judged by shows that it is sensitive, or runs code that is another
    /// by that one.
    pub(crate) fn reads_newly_sensitive(&self, env: &Environment<'_>) -> bool {
        let is_sensitive = |relation: &Relation| classed(relation, env.classes).next().is_some();
        self.catalog_version != env.catalog_version
            && env.hides()
            && (!self.code.is_as_it_was(env.catalog)
                || !self.shown.is_anything() && self.reads(env.catalog, is_sensitive))
    }

    /// Whether its functions may give something sensitive by now that they did not give when it was judged.
    pub(crate) fn gives_newly_sensitive(&self, env: &Environment<'_>) -> bool {
        let is_moved = || env.hides() && env.moved.is_some_and(|moved| self.names_any(moved));
        self.code.calls() && (self.reads_newly_sensitive(env) || is_moved())
    }

    /// The relations that it reads, as the catalog has them.
    pub(crate) fn relations_read<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = &'a Relation> {
        // Names can have dots in them.
        let ends = |path: &'a str| path.match_indices('.').filter_map(move |(dot, _)| path.get(dot + 1..));
        self.described.touched.read.iter().flat_map(move |path| {
            ends(path).flat_map(|name| catalog.named(name)).filter(move |relation| relation.path() == *path)
        })
    }

    /// The paths of relations that it reads and writes.
    pub(crate) fn relations_touched(&self) -> impl Iterator<Item = &String> {
        let Touched { read, written, columns: _ } = &self.described.touched;
        read.iter().chain(written)
    }

    /// Whether it writes rows, or runs what may.
    pub(crate) fn may_write(&self) -> bool {
        !self.described.touched.written.is_empty() || !self.runs.is_empty()
    }

    /// The same, and of those that what it runs reads and writes.
    pub(crate) fn relations_reached(&self) -> impl Iterator<Item = &String> {
        self.relations_touched().chain(self.ran.iter().flatten())
    }

    /// Whether it reads such a relation, or what does nobody knows.
    fn reads(&self, catalog: &Catalog, is_such: impl Fn(&Relation) -> bool) -> bool {
        // Names can have dots in them.
        let mut names = self
            .relations_reached()
            .flat_map(|path| path.match_indices('.').map(|(dot, _)| path.get(dot + 1..).unwrap_or_default()));
        let runs_unseen = !self.runs.is_empty() && self.ran.is_none();
        runs_unseen || names.any(|name| catalog.named(name).any(&is_such))
    }

    /// What stands behind sensitive keys in its result.
    pub(crate) fn shown_by_keys(&self) -> Shown {
        let text = self
            .copied_or_copiable()
            .map_or(self.described.text.as_str(), |copied| copied.query.trim_start());
        if !sql::takes_by_keys(text) {
            return Shown::Nothing;
        }
        let shown = Shown::by_keys(text);
        self.keys.as_ref().map_or_else(|| shown.clone(), |keys| shown.with_keys(keys))
    }

    /// What its result shows where these names, of which it names one, may mean something sensitive.
    pub(crate) fn shown_with(&self, moved: &MovedNames, catalog: &Catalog) -> Shown {
        match &self.own {
            // A view can give anything for its columns, and a default for those of a table.
            Some(own) if self.implies_any(moved) => {
                let named = own.relations.iter().flat_map(|used| catalog.named(&used.name));
                Shown::ByRules(named.map(Returned::anything).collect()).or(&self.shown)
            }
            Some(own) if is_widened(own, moved) && self.shown.is_traced() => self.shown.with_columns(own),
            Some(own) => Shown::moved(&self.described.text, own, moved).or(&self.shown),
            None => self.shown.clone(),
        }
    }

    /// Whether it names one of these, where something is sensitive.
    pub(crate) fn names_any(&self, moved: &MovedNames) -> bool {
        self.own.as_ref().is_some_and(|own| names_any(own, moved)) || self.implies_any(moved)
    }

    /// Whether it runs or reads one of these that has changed in another way than by new columns, and does not name it.
    pub(crate) fn implies_any(&self, moved: &MovedNames) -> bool {
        self.implied.is_changed(moved)
    }

    /// What of it is sensitive where these names may mean something that is: what runs because of what it calls or reads can give that.
    fn moved_in(&self, own: &Statement, moved: &MovedNames) -> Sensitive {
        let mut sensitive = Sensitive { own_names: self.own_names.clone(), ..moved_in(own, moved) };
        if is_changed(&self.implied.called, moved) {
            sensitive.relations.extend(relations(own).cloned());
            sensitive.functions.extend(own.calls().map(str::to_owned));
        }
        sensitive
    }

    /// How it looks into what functions give that these may be.
    pub(crate) fn probes_with(&self, moved: &MovedNames) -> Option<Probe> {
        let own = self.own.as_deref()?;
        let has_new = own.calls().any(|name| moved.has_new_function(name));
        let is_implied = is_changed(&self.implied.called, moved);
        if !has_new && !is_implied && (!names_any(own, moved) || is_widened(own, moved)) {
            return None;
        }
        let asked = sql::probes(&self.described.text, &self.moved_in(own, moved), mask::is_sensitive_key);
        // What is asked within new functions nobody has seen.
        Probe::both(asked, has_new.then_some(Probe::Asks(1)))
    }

    /// Whether it reaches something sensitive, and calls what puts things where no column is.
    pub(crate) fn hands_over_to(&self, moved: &MovedNames) -> bool {
        self.own.as_ref().is_some_and(|own| {
            let operators = own.operators.iter().map(String::as_str);
            let called: Vec<&str> = own.calls().chain(operators).collect();
            own.effects.contains(&Effect::Execute) && called.iter().any(|name| moved.has(name))
                || self.spills.into.iter().any(|(table, column)| moved.routes(table, column.as_ref()))
                || called.iter().any(|name| moved.is_sink(name))
                    && (own.hangs_code()
                        || self.replaces_code
                        || self.shown.is_anything()
                        || names_any(own, moved))
                || self.makes_sink && own.coined.iter().any(|name| moved.has(name) || moved.is_called(name))
                || self.names_any(moved)
                    && has_sinks(own)
                    && sql::sinks(
                        &self.described.text,
                        &self.moved_in(own, moved),
                        &HashSet::new(),
                        mask::is_sensitive_key,
                    )
        })
    }

    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.verdict.refusal()
    }

    /// The columns that a RowDescription with this body tells.
    pub(crate) fn columns(&self, description: &[u8]) -> Result<Columns, BodyError> {
        let mut known = self.columns.borrow_mut();
        if let Some(columns) = known.as_ref().filter(|columns| columns.is_described_by(description)) {
            return Ok(Rc::clone(columns));
        }
        Ok(Rc::clone(known.insert(Rc::new(ResultColumns::read(description)?))))
    }
}

impl Implied {
    pub(crate) fn of(own: &Statement, whole: &Statement) -> Self {
        let owned = |names: Vec<&String>| names.into_iter().cloned().collect();
        let reached = implied(own, whole.reached.iter().map(|reached| &reached.does)).into_iter();
        let calls = whole.reached.iter().map(|reached| &reached.calls);
        Implied {
            called: owned(implied(own, std::iter::once(whole))),
            reached: owned(reached.chain(calls).collect()),
        }
    }

    /// Whether one of them has changed in another way than by new columns.
    pub(crate) fn is_changed(&self, moved: &MovedNames) -> bool {
        is_changed(&self.called, moved) || is_changed(&self.reached, moved)
    }
}

/// Whether one of these has changed in another way than by new columns.
fn is_changed(names: &[String], moved: &MovedNames) -> bool {
    names.iter().any(|name| moved.has(name) && !moved.is_widened(name))
}

/// Whether a statement names one of these, as a relation, function, operator or type.
fn names_any(statement: &Statement, moved: &MovedNames) -> bool {
    names(statement).any(|name| moved.has(name))
}

/// Whether it names none that has changed in another way than by new columns.
pub(crate) fn is_widened(statement: &Statement, moved: &MovedNames) -> bool {
    names(statement).filter(|name| moved.has(name)).all(|name| moved.is_widened(name))
}

fn names(statement: &Statement) -> impl Iterator<Item = &str> {
    let relations = statement.relations.iter().map(|used| &used.name);
    let unnamed = statement.operators.iter().chain(&statement.types);
    relations.chain(&statement.mentions).chain(unnamed).map(String::as_str).chain(statement.calls())
}

/// Names that `own` does not say: of functions that `all` of these call, and of relations that they name.
fn implied<'a>(own: &Statement, all: impl Iterator<Item = &'a Statement> + Clone) -> Vec<&'a String> {
    let functions = all.clone().flat_map(|does| &does.functions);
    let mut names: Vec<&String> = functions.filter(|name| !own.functions.contains(name)).collect();
    let is_own = |name: &&String| relations(own).any(|own| own == *name);
    names.extend(all.flat_map(relations).filter(|name| !is_own(name)));
    names.sort_unstable();
    names.dedup();
    names
}

/// Relations that a statement names.
fn relations(statement: &Statement) -> impl Iterator<Item = &String> {
    statement.relations.iter().map(|used| &used.name).chain(&statement.mentions)
}

/// Whether it may give names another meaning, or run code where it did not run before.
fn may_move(statement: &Statement) -> bool {
    statement.moves_names() || statement.hangs_code()
}

/// What a statement gives another meaning.
fn moves(text: &str, statement: &Statement, known: &Known<'_>) -> Moves {
    let objects = statement.objects.iter().filter_map(|object| match object {
        Object::Relation { name, .. } => Some(name),
        _ => None,
    });
    let relations = statement.relations.iter().map(|used| &used.name);
    let all = relations.chain(objects).chain(&statement.functions).chain(&statement.mentions);
    // What is written into a new table is known to be sensitive where what is read is, but for one that a function makes, or a block that
    // makes a view as well.
    let makes_view = || statement.effects.contains(&Effect::Other("ViewStmt"));
    let makes_table =
        statement.effects.contains(&Effect::CreateTable) && !statement.makes_code() && !makes_view();
    let is_read = |name: &str| {
        let leads_to = |naming: &Naming| matches!(naming, Naming::Leads { to, .. } if to.name == name);
        makes_table || statement.names.iter().any(leads_to)
    };
    let (mut made_of, mut names): (Vec<String>, Vec<String>) = all.cloned().partition(|name| is_read(name));
    made_of.extend(statement.operators.iter().chain(&statement.types).cloned());
    let written = statement.relations.iter().filter(|used| used.access != Access::Read);
    names.extend(written.map(|used| used.name.clone()));
    // Its rows are there already, in columns of any name.
    let is_foreign = sql::defines_foreign(text);
    let imports = statement.effects.contains(&Effect::Other("ImportForeignSchemaStmt"));
    let mut are_all = imports || statement.commits_prepared || statement.effects.contains(&Effect::OpaqueDo);
    let mut retells = Vec::new();
    for naming in &statement.names {
        match naming {
            Naming::Makes(name) => names.push(name.name.clone()),
            Naming::Renames { from, to } => names.extend([from.name.clone(), to.name.clone()]),
            Naming::Leads { from, .. } => {
                names.push(from.name.clone());
                retells.push(from.name.clone());
            }
            Naming::IsPart { part, of } => {
                names.extend([part.name.clone(), of.name.clone()]);
                retells.push(of.name.clone());
            }
            Naming::RenamesSchema { from, .. } => {
                let mut within = known.catalog.relations().filter(|relation| relation.schema == *from);
                let is_unsearched = |relation: &Relation, column: &Column| {
                    let id = ColumnId { table_oid: relation.oid, number: column.number };
                    known.unsearched.is_some_and(|unsearched| unsearched.contains_key(&id))
                };
                let rests_on_some = |relation: &Relation| {
                    known.catalog.with_underlying(relation).into_iter().any(|below| {
                        !known.stains.of(&below.name).is_empty()
                            || classed(below, known.classes).next().is_some()
                            || below.columns.iter().any(|column| is_unsearched(below, column))
                    })
                };
                are_all |= known.catalog.may_have_routine_in(from) || within.any(rests_on_some);
            }
            Naming::Casts(_) | Naming::Coins(_) | Naming::LeadsType { .. } | Naming::Takes(_) => {}
        }
    }
    if !retells.is_empty() {
        let is_retold = |below: &&Relation| retells.contains(&below.name);
        let above = known
            .catalog
            .relations()
            .filter(|relation| known.catalog.with_underlying(relation).iter().skip(1).any(is_retold));
        let above: Vec<String> = above.map(|relation| relation.name.clone()).collect();
        names.extend(above.iter().cloned());
        retells.extend(above);
    }
    let mut made: Vec<String> = sql::new_name(text).into_iter().collect();
    made.extend(statement.coined.iter().cloned());
    names.extend(made.iter().cloned());
    let has_sinks = statement.functions.iter().any(|name| sql::is_sink(name))
        || !statement.calls_with_sinks(known.catalog).is_empty()
        || !statement.calls_that_name_cursors(known.catalog).is_empty()
        || statement.opens == Opens::ByCaller
        || statement.picks_sequence
        || statement.puts_elsewhere();
    // That the columns of a new table are told moves nothing of it: what is called otherwise is told by its new name.
    let is_alone = |effect: &Effect| {
        matches!(
            effect,
            Effect::AlterTable
                | Effect::DropColumn
                | Effect::Other("CommentStmt" | "IndexStmt" | "RenameStmt")
        )
    };
    let leaves_told = statement.effects.iter().all(is_alone) && statement.calls().next().is_none();
    let untold = leaves_told.then(|| known.stains.untold()).flatten();
    let untold = Known { stains: untold.as_ref().unwrap_or(known.stains), ..*known };
    let is_sensitive = !known.is_empty()
        && (are_all
            || is_foreign
            || renames_telling(statement, known)
            // What it reads of cursors is whatever there is then.
            || statement.runs.contains(&Runs::AnyCursor)
            || !makes_table && (is_opaque(statement) || Reach::of(statement, &untold).is_any()));
    let tells =
        !known.is_empty() && (are_all || is_opaque(statement) || hangs_telling_code(statement, known));
    let hangs = match sql::is_quiet(text) {
        true => !known.is_empty() && (are_all || hangs_giving_code(statement, known)),
        false => tells || !known.is_empty() && renames_giving(statement, known),
    };
    let makes_code = statement.makes_code();
    let partitioned = if statement.partitions { sql::partitioned(text) } else { None };
    let renames = statement.effects.contains(&Effect::Other("RenameStmt"));
    // Of a relation alone, by its own text.
    let is_renamed = |naming: &Naming| matches!(naming, Naming::Renames { .. });
    let recolumns = renames && (statement.effects.len() != 1 || !statement.names.iter().any(is_renamed));
    let is_cast = |naming: &Naming| matches!(naming, Naming::Casts(_) | Naming::LeadsType { .. });
    let casts = statement.names.iter().any(is_cast);
    if !statement.moves_names() {
        return Moves {
            tells,
            hangs,
            partitioned,
            casts,
            ways: Ways::of(&statement.names),
            ..Moves::default()
        };
    }
    // Casts and operator classes are used, and columns of types are filled, where no name says so.
    let is_unnamed = |effect: &Effect| {
        matches!(effect, Effect::Other("AlterOpFamilyStmt" | "CreateCastStmt" | "CreateOpClassStmt"))
    };
    let are_all = are_all || statement.changes_type || statement.effects.iter().any(is_unnamed);
    let makes = statement.names.iter().filter_map(|naming| match naming {
        Naming::Makes(name) => Some(&name.name),
        _ => None,
    });
    let is_doubled =
        |name: &&String| !statement.temporary.contains(name) && known.catalog.named(name).next().is_some();
    let doubled = makes.filter(is_doubled).cloned().collect();
    let fills = Vec::new();
    let widens = statement.effects == [Effect::AlterTable] && sql::widens(text);
    Moves {
        names,
        made_of,
        are_all,
        is_sensitive,
        made,
        has_sinks,
        tells,
        hangs,
        makes_code,
        partitioned,
        renames,
        recolumns,
        widens,
        told: told(text, statement, known),
        retells,
        doubled,
        fills,
        ways: Ways::of(&statement.names),
        casts,
    }
}

/// The table that a statement makes, by schema and name, where its text tells which columns that has.
fn told(
    text: &str,
    statement: &Statement,
    known: &Known<'_>,
) -> Option<(Option<String>, String, ToldColumns)> {
    // LIKE reads.
    let is_made = |effect: &Effect| matches!(effect, Effect::CreateTable | Effect::Select);
    if !statement.effects.iter().all(is_made) {
        return None;
    }
    let sql::Told { schema, name, columns, like } = sql::told(text)?;
    let names = match &like {
        Some((schema, name)) => columns_of(schema.as_deref(), name, known.catalog)?,
        None => columns,
    };
    Some((schema, name, ToldColumns { names, like }))
}

/// The columns of the one relation that has this name.
pub(crate) fn columns_of(schema: Option<&str>, name: &str, catalog: &Catalog) -> Option<Vec<String>> {
    let mut named = catalog.named_in(schema, name);
    let only = named.next().filter(|only| !catalog.is_new(only))?;
    named.next().is_none().then(|| only.columns.iter().map(|column| column.name.clone()).collect())
}

/// Whether a name has something in it that is known by its form.
fn is_somebodys(name: &str) -> bool {
    mask::detect::all(name.as_bytes()).any(|found| found.is_distinct())
}

/// What the name of a relation can be at the end of its path: names can have dots in them.
fn ends(path: &str) -> impl Iterator<Item = &str> {
    let dots = path.match_indices('.').map(|(dot, _)| dot + 1);
    dots.chain([0]).filter_map(|begin| path.get(begin..))
}

/// Names that it gives to relations, or takes away.
fn renames(statement: &Statement) -> Box<[String]> {
    let named = statement.names.iter().flat_map(|naming| match naming {
        Naming::Makes(name) => [Some(&name.name), None],
        Naming::Renames { from, to } => [Some(&from.name), Some(&to.name)],
        Naming::RenamesSchema { .. }
        | Naming::Leads { .. }
        | Naming::IsPart { .. }
        | Naming::Takes(_)
        | Naming::Casts(_)
        | Naming::Coins(_)
        | Naming::LeadsType { .. } => [None, None],
    });
    let dropped = statement.objects.iter().filter(|_| statement.effects.contains(&Effect::Drop));
    let dropped = dropped.filter_map(|object| match object {
        Object::Relation { name, .. } => Some(name),
        _ => None,
    });
    named.flatten().chain(dropped).cloned().collect()
}

/// Relations that it alters, with all else that it names, where it does nothing but ALTER TABLE.
fn alters(statement: &Statement) -> Box<[String]> {
    let is_alone = statement.effects == [Effect::AlterTable] && statement.reached.is_empty();
    relations(statement).filter(|_| is_alone).cloned().collect()
}

/// Prepared statements and cursors that it runs, itself or by what it reaches.
fn runs(statement: &Statement) -> Vec<Runs> {
    let reached = statement.reached.iter().flat_map(|reached| &reached.does.runs);
    statement.runs.iter().chain(reached).cloned().collect()
}

/// Whether it makes them or takes them away within, or what it reaches does.
fn meddles(statement: &Statement) -> bool {
    statement.meddles || statement.reached.iter().any(|reached| reached.does.meddles)
}

/// Which cursors code opens that it runs; any, where nobody knows.
fn opens(statement: &Statement) -> Opens {
    let of = |does: &Statement| if does.meddles || is_opaque(does) { Opens::Named } else { does.opens };
    statement.reached.iter().map(|reached| of(&reached.does)).fold(of(statement), Opens::max)
}

/// Whether it runs code that is not read.
pub(crate) fn is_opaque(statement: &Statement) -> bool {
    let is_opaque = |effect: &Effect| matches!(effect, Effect::OpaqueCall | Effect::OpaqueDo);
    statement.effects.iter().any(is_opaque)
}

/// Names of functions that it makes.
fn makes_functions(statement: &Statement) -> Vec<String> {
    match statement.effects.contains(&Effect::Other("CreateFunctionStmt")) {
        true => statement.coined.clone(),
        false => Vec::new(),
    }
}

/// Words for what a statement does, and then for how it reaches more.
fn effects(statement: &Statement) -> Vec<&'static str> {
    let mut words: Vec<_> = statement.effects.iter().map(|effect| effect.name()).collect();
    for reached in &statement.reached {
        let word = reached.via.name();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// What of its code nobody reads whom something is kept from: what hangs on rows, where it is too long for the catalog, and a function that will
/// be.
fn unread(text: &str, statement: &Statement, catalog: &Catalog) -> Option<Effect> {
    let is_unread = |routine: &Routine| {
        matches!(routine.language.as_str(), "plpgsql" | "sql") && routine.definition.is_empty()
    };
    let reached = statement.reached.iter();
    let mut called = reached.flat_map(|reached| reached.does.functions.iter().chain([&reached.calls]));
    let makes = statement.effects.contains(&Effect::Other("CreateFunctionStmt"));
    match () {
        () if called.any(|name| catalog.routines(name).any(is_unread)) => Some(Effect::OpaqueCall),
        () if makes && BODY_BYTES_MAX < text.len() => Some(Effect::OpaqueBody),
        () => None,
    }
}

/// Whether no relation that outlives its session has this name. PostgreSQL's own are not in the catalog, and all that could
/// be written begin like this.
fn is_only_temporary(name: &str, catalog: &Catalog, env: &Environment<'_>) -> bool {
    env.catalog_holds
        && !name.starts_with("pg_")
        && !name.starts_with("sql_")
        && catalog.named(name).all(|relation| relation.schema.starts_with("pg_temp_"))
}

/// Whether it names a relation in whose columns nobody has looked for sensitive values.
fn touches_unsearched(statement: &Statement, catalog: &Catalog, env: &Environment<'_>) -> bool {
    let Some(columns) = env.unsearched else { return false };
    touches(statement, catalog, |relation| has_one(relation, columns))
}

/// Whether it names a relation that is such, or is made of one.
fn touches(statement: &Statement, catalog: &Catalog, is_such: impl Fn(&Relation) -> bool) -> bool {
    statement.relations.iter().filter(|used| !statement.is_cte(used)).any(|used| {
        let mut found = catalog.named_in(used.schema.as_deref(), &used.name);
        found.any(|relation| catalog.with_underlying(relation).into_iter().any(&is_such))
    })
}

/// Whether a relation has one of these columns.
fn has_one(relation: &Relation, columns: &Unsearched) -> bool {
    let id = |column: &Column| ColumnId { table_oid: relation.oid, number: column.number };
    relation.columns.iter().any(|column| columns.contains_key(&id(column)))
}

fn copies_out(statement: &Statement) -> bool {
    statement.effects.contains(&Effect::CopyOut)
}

/// Whether a statement may touch columns that are masked: any relation that has some, and any that the catalog does
/// not have, where there are masked columns at all. PostgreSQL's own relations have none. Where the catalog does not
/// hold, any other may.
fn touches_masked(statement: &Statement, catalog: &Catalog, env: &Environment<'_>) -> bool {
    let is_masked =
        |relation: &Relation| classed(relation, env.classes).any(|(_, class)| !env.reveals(class));
    let may_be_masked = |used: &RelationUse| {
        let schema = used.schema.as_deref();
        if matches!(schema, Some("pg_catalog" | "information_schema")) || statement.is_cte(used) {
            return false;
        }
        if !env.catalog_holds {
            return !env.reveals(Class::Derived);
        }
        let found = || catalog.named_in(schema, &used.name);
        // A common table expression, unless there is a relation of its name: that can be meant outside of its scope.
        let is_cte = schema.is_none() && statement.ctes.contains(&used.name);
        let unknown = found().all(|relation| catalog.is_new(relation)) && !is_cte;
        unknown && !env.reveals(Class::Derived)
            || found().any(|relation| catalog.with_underlying(relation).into_iter().any(is_masked))
    };
    (!env.classes.is_empty() || !env.catalog_holds) && statement.relations.iter().any(may_be_masked)
}
