//! Tells what would become of statements before anybody sends them: by the policies, the catalog and the classes of columns that
//! sessions go by at the moment. The database is asked for its catalog alone. Who may ask says `authority`.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use policy::{Needed, PolicyError, Refusal, Verdict, Who};
use policy_files::CandidateError;
use session::{Allowance, Explained, MovedNames, Readings};
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::catalog::{CatalogKeeper, Snapshot};
use crate::config::{Config, Upstream};
use crate::connection::Shared;
use crate::identity::{Account, Identity};

/// How long an answer may take, and whoever waits for the turn of others.
const WITHIN: Duration = Duration::from_secs(10);

/// Most bytes of an answer: each relation, and each of its columns, can be told for each statement.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// Questions that are looked into at once. What takes too long keeps its turn until it ends.
pub(crate) struct Turns(Arc<Semaphore>);

impl Default for Turns {
    fn default() -> Self {
        Turns(Arc::new(Semaphore::new(1)))
    }
}

/// Statements, and who would send them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The database, by the name that clients use.
    pub(crate) database: String,
    pub(crate) text: String,
    /// Whoever asks, where it is nobody else.
    pub(crate) user: Option<String>,
    /// Groups that the user is in beside those that the configuration names.
    pub(crate) groups: BTreeSet<String>,
    pub(crate) kind: Option<String>,
    pub(crate) actor: String,
    pub(crate) authentication: String,
    pub(crate) application: String,
    pub(crate) source: Option<IpAddr>,
}

/// One statement, and what would become of it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) statement: String,
    pub(crate) verdict: &'static str,
    pub(crate) rules: Vec<String>,
    pub(crate) approvers: Vec<String>,
    pub(crate) observed: Vec<String>,
    pub(crate) sqlstate: &'static str,
    pub(crate) message: String,
    pub(crate) detail: String,
    pub(crate) hint: String,
    pub(crate) effects: Vec<&'static str>,
    pub(crate) reads: Vec<String>,
    pub(crate) writes: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) functions: Vec<String>,
    pub(crate) fingerprint: u64,
    pub(crate) readers_disagree: String,
    pub(crate) normalised: String,
    pub(crate) summary: sql::Summary,
}

/// Why nothing is told.
#[derive(Debug, Error)]
pub(crate) enum ExplainError {
    #[error("the policies cannot be told of that user")]
    Who(#[source] PolicyError),
    #[error("\"{0}\" has no role at that database, and could not log in")]
    NoRole(String),
    #[error("others ask at the moment")]
    Busy,
    #[error("it has taken more than {} s", WITHIN.as_secs())]
    TooSlow,
    #[error("the answer is too long: ask about less at once")]
    TooLong,
    #[error("it could not be looked into")]
    Failed,
    #[error("others try policies at the moment")]
    Tried,
    #[error("these are no policies")]
    Candidate(#[from] CandidateError),
    #[error("these are no policies of this proxy")]
    Policies(#[source] PolicyError),
}

/// What a session of that user would decide about each statement now, if it had just begun.
///
/// # Cancel safety
///
/// Cancel safe: what was begun ends by itself, and holds up only others who ask this.
pub(crate) async fn explain(
    shared: &Shared,
    config: &Config,
    upstream: &Upstream,
    catalog: CatalogKeeper,
    asked: Asked,
) -> Result<Vec<Told>, ExplainError> {
    let identity = identity(config, upstream, &asked)?;
    let (text, recording) = (asked.text, Arc::clone(&shared.recording));
    let explain = move || {
        let (snapshot, moved) = newest(catalog);
        let mut readings = Readings::recorded(recording);
        let mut environment = snapshot.environment(&identity, (moved.as_ref(), false), &mut readings);
        let explained = session::explain(text.as_bytes(), [], &mut environment);
        explained.ok_or(ExplainError::Failed).and_then(bounded)
    };
    beside(&shared.explains, explain).await
}

/// What comes of work that takes as much time as it likes, and as much stack as a text is nested: on a thread of its own, when it is its
/// turn. It is given up where it takes too long, and keeps the turn until it ends.
///
/// # Cancel safety
///
/// As of [`explain`].
pub(crate) async fn beside<T: Send + 'static>(
    turns: &Turns,
    work: impl FnOnce() -> Result<T, ExplainError> + Send + 'static,
) -> Result<T, ExplainError> {
    let turn = timeout(WITHIN, Arc::clone(&turns.0).acquire_owned()).await;
    let turn = turn.map_err(|_| ExplainError::Busy)?.map_err(|_| ExplainError::Failed)?;
    let (tell, told) = oneshot::channel();
    let thread = thread::Builder::new().name("explain".to_owned()).stack_size(sql::READ_STACK_BYTES);
    let work = move || {
        let _turn = turn;
        let _ = tell.send(work());
    };
    thread.spawn(work).map_err(|_| ExplainError::Failed)?;
    timeout(WITHIN, told).await.map_err(|_| ExplainError::TooSlow)?.map_err(|_| ExplainError::Failed)?
}

/// The catalog as it is now, and what has another meaning than it shows.
pub(crate) fn newest(mut catalog: CatalogKeeper) -> (Arc<Snapshot>, Option<MovedNames>) {
    let mut snapshot = catalog.snapshot();
    catalog.renew(&mut snapshot);
    let moved = catalog.moved().cloned();
    (snapshot, moved)
}

/// Who that would be to the policies.
fn identity(config: &Config, upstream: &Upstream, asked: &Asked) -> Result<Identity, ExplainError> {
    let user = asked.user.clone().unwrap_or_default();
    let account = config.users.get(&user);
    let groups = account.map(|account| account.groups.clone()).unwrap_or_default();
    let kind = asked.kind.clone().or_else(|| account.map(|account| account.kind.to_owned()));
    let who = Who {
        user: user.clone(),
        groups: groups.union(&asked.groups).cloned().collect(),
        kind: kind.unwrap_or_default(),
        actor: asked.actor.clone(),
        authentication: asked.authentication.clone(),
        application: asked.application.clone(),
        source: asked.source.unwrap_or(Who::default().source),
        database: asked.database.clone(),
        environment: upstream.environment.clone(),
        ..Who::default()
    };
    // What it asks about hidden values is nobody's.
    let allowance = Arc::new(Allowance::new(config.limits.max_probes));
    let identity = Identity::new(who, Account::OfProvider, config, allowance);
    let mut identity = identity.map_err(ExplainError::Who)?;
    let role = upstream.roles.of(identity.who()).ok_or(ExplainError::NoRole(user))?;
    let keeps = role.keeps().into_iter().chain(upstream.tells.keeps()).collect();
    identity.keep(keeps).map_err(ExplainError::Who)?;
    Ok(identity)
}

/// The same in words, where it is not too much.
fn bounded(explained: Vec<Explained>) -> Result<Vec<Told>, ExplainError> {
    let mut bytes = 0;
    let each = explained.into_iter().map(|explained| {
        let told = Told::of(explained);
        bytes += told.len();
        if ANSWER_BYTES_MAX < bytes { Err(ExplainError::TooLong) } else { Ok(told) }
    });
    each.collect()
}

impl Told {
    fn of(Explained { statement, functions, summary, verdict, runs_unseen: _ }: Explained) -> Self {
        let owned = |names: &[Arc<str>]| names.iter().map(|name| name.to_string()).collect();
        let (word, approvers) = match &verdict {
            Verdict::Allow(_) => ("allow", Vec::new()),
            Verdict::Hold { approvers, .. } => ("hold", approvers.iter().map(Needed::to_string).collect()),
            Verdict::Refuse(_) => ("refuse", Vec::new()),
        };
        let refusal = verdict.refusal().cloned().unwrap_or(Refusal {
            rules: Vec::new(),
            sqlstate: "",
            message: String::new(),
            detail: String::new(),
            hint: String::new(),
        });
        let Refusal { rules, sqlstate, message, detail, hint } = refusal;
        Told {
            statement: statement.text.clone(),
            verdict: word,
            rules: owned(&rules),
            approvers,
            observed: owned(&statement.observed_by),
            sqlstate,
            message,
            detail,
            hint,
            effects: statement.effects.clone(),
            reads: statement.touched.read.clone(),
            writes: statement.touched.written.clone(),
            columns: statement.touched.columns.clone(),
            functions,
            fingerprint: statement.fingerprint,
            readers_disagree: statement.readers_disagree.clone(),
            normalised: statement.normalised.clone(),
            summary,
        }
    }

    /// How many bytes it has, about.
    fn len(&self) -> usize {
        let sql::Summary { filtered, unfiltered, settings, columns_read, columns_written } = &self.summary;
        let own = [filtered, unfiltered, settings, columns_read, columns_written];
        let lists =
            [&self.reads, &self.writes, &self.columns, &self.functions].into_iter().chain(own).flatten();
        lists.map(String::len).sum::<usize>() + self.statement.len() + self.detail.len()
    }
}
