//! What somebody who has proven who they are may see and do. The console and the HTTP interface are two doors to the same: both
//! ask here, and neither decides by itself.

use std::sync::Arc;

use audit::ledger::Object;
use audit::record::{AlertKind, AlertRecord, Record};
use policy::Approver;
use policy_files::{CandidateSetup, RecordedStatement, STATEMENTS_MAX};
use thiserror::Error;
use uuid::Uuid;

use crate::backtest::{Again, Trial};
use crate::catalog::{CatalogKeeper, CorrectionError, Says};
use crate::config::{Config, Upstream};
use crate::connection::Shared;
use crate::explain::{self, Asked, ExplainError, Told};
use crate::naming;
use crate::oidc::{self, Person};
use crate::sessions::{About, Killed};
use crate::trail::now;

/// Letters of a reason.
const REASON_LETTERS_MAX: usize = 500;

/// A person who may answer.
#[derive(Debug)]
pub(crate) struct Somebody {
    pub(crate) user: String,
    /// Of somebody whom the identity provider knows: what its token says.
    person: Option<Person>,
}

/// Whoever approves is a person, not what acts for one.
#[derive(Debug, Error)]
#[error("{actor} acts for {user} by this token")]
pub(crate) struct ActsForAnother {
    pub(crate) actor: String,
    pub(crate) user: String,
}

/// Why a session is not ended.
#[derive(Debug, Error)]
pub(crate) enum KillError {
    #[error("nobody may end sessions here: `approvals.kill-group` names no group")]
    NoGroup,
    #[error("only somebody of {0} may end sessions")]
    NotOfGroup(String),
    #[error("a reason has {REASON_LETTERS_MAX} letters at most")]
    LongReason,
    #[error("no session \"{0}\" is open on this proxy")]
    Unknown(String),
    #[error("several sessions end in \"{0}\"")]
    Ambiguous(String),
}

/// Why nobody goes by what somebody says of a column.
#[derive(Debug, Error)]
pub(crate) enum StewardError {
    #[error("nobody says here what columns hold: `approvals.steward-group` names no group")]
    NoGroup,
    #[error("only somebody of {0} says what columns hold")]
    NotOfGroup(String),
    #[error("say why, in 1 to {REASON_LETTERS_MAX} letters: it is recorded")]
    Reason,
    #[error("\"{0}\" names no column: it is schema.relation.column, written as in SQL")]
    Column(String),
    #[error("\"{0}\" is no class: it is {names}, `none` (it holds nothing sensitive) or `auto` (what Picket finds counts)", names = Says::classes())]
    Class(String),
    #[error(transparent)]
    NoCatalog(#[from] NoCatalog),
    #[error(transparent)]
    Correction(#[from] CorrectionError),
}

/// Why nobody is told what would become of a statement.
#[derive(Debug, Error)]
pub(crate) enum AskError {
    #[error("nobody asks here about statements: `approvals.explain-group` names no group")]
    NoGroup,
    #[error("only somebody of {0} asks what would become of statements")]
    NotOfGroup(String),
    #[error(transparent)]
    NoCatalog(#[from] NoCatalog),
    #[error("there are no policies to try: BACKTEST WITH says them first")]
    NoPolicies,
    #[error("{STATEMENTS_MAX} statements at once at most")]
    Statements,
    #[error(transparent)]
    Explain(#[from] ExplainError),
}

/// Why nothing is known of a database.
#[derive(Debug, Error)]
pub(crate) enum NoCatalog {
    #[error("the database \"{0}\" is not in Picket's configuration")]
    Unknown(String),
    #[error("the catalog of the database \"{0}\" cannot be read now; Picket's log has the reason")]
    Unread(String),
}

impl Somebody {
    /// Whoever has logged in so.
    pub(crate) fn admit(user: String, person: Option<Person>) -> Result<Self, ActsForAnother> {
        match person {
            Some(Person { actor, .. }) if !actor.is_empty() => Err(ActsForAnother { actor, user }),
            person => Ok(Somebody { user, person }),
        }
    }

    /// Whether the identity provider says who it is.
    pub(crate) fn is_of_provider(&self) -> bool {
        self.person.is_some()
    }

    /// Whether the token is over with which it has logged in.
    pub(crate) fn has_ended(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.rests_until <= oidc::now())
    }

    /// Who answers. Groups are those of this moment, or of the token.
    pub(crate) fn approver(&self, config: &Config) -> Approver {
        let groups = match &self.person {
            Some(person) => person.groups.clone(),
            None => config.users.get(&self.user).map(|user| user.groups.clone()).unwrap_or_default(),
        };
        Approver { user: self.user.clone(), groups }
    }
}

/// Whether `somebody` may end sessions, and see those of others.
fn may_kill(somebody: &Approver, config: &Config) -> Result<(), KillError> {
    let group = config.approvals.as_ref().and_then(|approvals| approvals.kill_group.as_ref());
    is_of(somebody, group.ok_or(KillError::NoGroup)?, KillError::NotOfGroup)
}

fn is_of<E>(somebody: &Approver, group: &String, otherwise: impl FnOnce(String) -> E) -> Result<(), E> {
    somebody.groups.contains(group).then_some(()).ok_or_else(|| otherwise(group.clone()))
}

/// As much of what somebody has typed as is said again.
fn short(text: &str) -> String {
    text.chars().take(REASON_LETTERS_MAX).collect()
}

/// Ends the session of this UUID, or of which this is the end.
pub(crate) fn kill(
    shared: &Shared,
    config: &Config,
    somebody: &Approver,
    session: &str,
    reason: String,
) -> Result<Uuid, KillError> {
    may_kill(somebody, config)?;
    if REASON_LETTERS_MAX < reason.chars().count() {
        return Err(KillError::LongReason);
    }
    let none = || KillError::Unknown(short(session));
    let open = shared.sessions.all();
    let mut called = open.iter().filter(|about| naming::is_called(about.id, session));
    let id = match (called.next(), called.next()) {
        (None, _) => return Err(none()),
        (Some(about), None) => about.id,
        (Some(_), Some(_)) => return Err(KillError::Ambiguous(short(session))),
    };
    let killed = Killed { by: somebody.user.clone(), reason };
    shared.sessions.kill(id, killed).then_some(id).ok_or_else(none)
}

/// The sessions that `somebody` may see, the oldest first: all, where they may be ended, or else their own.
pub(crate) fn sessions_seen_by(shared: &Shared, config: &Config, somebody: &Approver) -> Vec<Arc<About>> {
    let sees_all = may_kill(somebody, config).is_ok();
    let mut sessions = shared.sessions.all();
    sessions.retain(|session| sees_all || session.principal == somebody.user);
    sessions
}

/// Says of a column what it holds: a class, `none` or `auto`. It counts once this has returned.
pub(crate) async fn classify(
    shared: &Shared,
    config: &Config,
    somebody: &Approver,
    database: &str,
    column: &str,
    class: &str,
    reason: &str,
) -> Result<(), StewardError> {
    may_steward(somebody, config)?;
    if reason.trim().is_empty() || REASON_LETTERS_MAX < reason.chars().count() {
        return Err(StewardError::Reason);
    }
    let says = Says::read(class).ok_or_else(|| StewardError::Class(short(class)))?;
    let object = column.parse::<Object>().map_err(|_| StewardError::Column(short(column)))?;
    let path = object.name();
    let (_, catalog) = catalog(shared, config, database)?;
    catalog.is_read_again().await;
    is_read(&catalog, database)?;
    let user = &somebody.user;
    let message = format!("{user} says of {path} in {database} that it is `{}`: {reason}", says.name());
    let evidence = || {
        let alert = AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: now(),
            host: shared.host.clone(),
            kind: AlertKind::Reclassified,
            message,
            connection: None,
        };
        shared.spool.append(&[Record::Alert(alert)])
    };
    catalog.correct(path, says, user, evidence)?;
    // What follows from it, such as the classes of views, is known then.
    catalog.is_read_again().await;
    Ok(())
}

/// Reads the catalog of a database again, and looks at the values of all its tables behind it.
pub(crate) async fn rescan(
    shared: &Shared,
    config: &Config,
    somebody: &Approver,
    database: &str,
) -> Result<(), StewardError> {
    may_steward(somebody, config)?;
    let (_, catalog) = catalog(shared, config, database)?;
    catalog.is_rescanned().await;
    Ok(is_read(&catalog, database)?)
}

/// Tells what would become of statements, by whomever they were sent.
pub(crate) async fn explain(
    shared: &Shared,
    config: &Config,
    somebody: &Approver,
    asked: Asked,
) -> Result<Vec<Told>, AskError> {
    may_ask(somebody, config)?;
    let asked = match &asked.user {
        Some(_) => asked,
        // A token may say more of whoever asks than the configuration.
        None => {
            let groups = somebody.groups.union(&asked.groups).cloned().collect();
            Asked { user: Some(somebody.user.clone()), groups, ..asked }
        }
    };
    let (upstream, catalog) = catalog(shared, config, &asked.database)?;
    catalog.is_read_again().await;
    is_read(&catalog, &asked.database)?;
    Ok(explain::explain(shared, config, &upstream, catalog, asked).await?)
}

/// Takes policies that somebody tries.
pub(crate) async fn try_policies(
    shared: &Shared,
    config: &Config,
    somebody: &Approver,
    candidate: CandidateSetup,
) -> Result<Trial, AskError> {
    may_ask(somebody, config)?;
    Ok(Trial::of(shared, candidate).await?)
}

/// Tells what policies that somebody tries say of statements that were recorded.
pub(crate) async fn backtest(
    shared: &Shared,
    config: &Config,
    somebody: &Approver,
    trial: Option<&mut Trial>,
    database: &str,
    statements: Vec<RecordedStatement>,
) -> Result<Vec<Again>, AskError> {
    may_ask(somebody, config)?;
    let trial = trial.ok_or(AskError::NoPolicies)?;
    if STATEMENTS_MAX < statements.len() {
        return Err(AskError::Statements);
    }
    let (upstream, catalog) = catalog(shared, config, database)?;
    if !trial.has_seen(database) {
        catalog.is_read_again().await;
        is_read(&catalog, database)?;
        trial.see(database, catalog);
    }
    Ok(trial.judge(shared, config, upstream, statements).await?)
}

/// Whether `somebody` may ask what would become of statements.
pub(crate) fn may_ask(somebody: &Approver, config: &Config) -> Result<(), AskError> {
    let group = config.approvals.as_ref().and_then(|approvals| approvals.explain_group.as_ref());
    is_of(somebody, group.ok_or(AskError::NoGroup)?, AskError::NotOfGroup)
}

fn may_steward(somebody: &Approver, config: &Config) -> Result<(), StewardError> {
    let group = config.approvals.as_ref().and_then(|approvals| approvals.steward_group.as_ref());
    is_of(somebody, group.ok_or(StewardError::NoGroup)?, StewardError::NotOfGroup)
}

/// The database that clients ask for by this name, and its catalog.
fn catalog(
    shared: &Shared,
    config: &Config,
    database: &str,
) -> Result<(Arc<Upstream>, CatalogKeeper), NoCatalog> {
    let upstream = config.upstream(database).ok_or_else(|| NoCatalog::Unknown(short(database)))?;
    let most = config.limits.max_wildcard_databases;
    let catalog = shared.catalogs.of(&upstream, most).map_err(|_| NoCatalog::Unread(short(database)))?;
    Ok((upstream, catalog))
}

/// Whether the last attempt to read it has succeeded.
fn is_read(catalog: &CatalogKeeper, database: &str) -> Result<(), NoCatalog> {
    catalog.snapshot().is_new().then_some(()).ok_or_else(|| NoCatalog::Unread(short(database)))
}
