//! Tells what policies that nobody goes by would say of statements that were recorded, by the catalog and the classes of columns that
//! sessions go by. They are kept for one connection to the console, are no session's, and end with it. Who may ask says `authority`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use policy::{Policies, Setup, Verdict, Who};
use policy_files::{CandidateSetup, RecordedStatement};
use rustix::process::setpriority_process;
use session::{Allowance, Explained, MovedNames, Readings};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::catalog::{CatalogKeeper, Snapshot};
use crate::config::{Config, Upstream};
use crate::connection::Shared;
use crate::explain::{self, ExplainError};
use crate::identity::Identity;

/// Policies that are tried at once. Each can take some hundred times the bytes of their texts.
const TRIALS_MAX: usize = 2;

/// How long statements are judged until those that have been are answered; one is, however long it takes.
const SLICE: Duration = Duration::from_secs(2);

/// Bytes of rules in one answer, after which it ends likewise.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// How little those threads want of a core that sessions want (setpriority(2)).
const NICE: i32 = 19;

/// Room for policies that are tried.
pub(crate) struct Trials(Arc<Semaphore>);

impl Default for Trials {
    fn default() -> Self {
        Trials(Arc::new(Semaphore::new(TRIALS_MAX)))
    }
}

/// Policies that somebody tries. No session can get at them, nor they at what sessions go by.
pub(crate) struct Trial {
    policies: Arc<Policies>,
    /// The last database that was asked about. All of its statements are judged by the same catalog.
    seen: Option<Seen>,
    _place: OwnedSemaphorePermit,
}

/// A database at one moment.
#[derive(Clone)]
struct Seen {
    database: String,
    snapshot: Arc<Snapshot>,
    moved: Option<MovedNames>,
}

/// What they say of a statement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Again {
    /// Nothing where it cannot be judged.
    pub(crate) verdict: &'static str,
    /// Those that are against it or, where it is allowed, that only observe.
    pub(crate) rules: Vec<String>,
    /// It runs nothing that its session had prepared or opened before.
    pub(crate) is_whole: bool,
}

impl Trial {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// [`ExplainError`] where they are none, or others try some.
    pub(crate) async fn of(shared: &Shared, candidate: CandidateSetup) -> Result<Self, ExplainError> {
        let place = Arc::clone(&shared.trials.0).try_acquire_owned().map_err(|_| ExplainError::Tried)?;
        let read = move || {
            yield_to_sessions();
            let policies = policy_files::load(Setup::try_from(candidate)?).map_err(ExplainError::Policies)?;
            Ok(Trial { policies: Arc::new(policies), seen: None, _place: place })
        };
        explain::beside(&shared.explains, read).await
    }

    /// How many rules they are, with the shipped ones.
    pub(crate) fn rules(&self) -> usize {
        self.policies.rules().len()
    }

    /// Whether the catalog of this database is at hand.
    pub(crate) fn has_seen(&self, database: &str) -> bool {
        self.seen.as_ref().is_some_and(|seen| seen.database == database)
    }

    /// Takes the catalog of this database, which was read a moment ago.
    pub(crate) fn see(&mut self, database: &str, catalog: CatalogKeeper) {
        let (snapshot, moved) = explain::newest(catalog);
        self.seen = Some(Seen { database: database.to_owned(), snapshot, moved });
    }

    /// What they say of statements in the database that was seen last: of the first, and as many behind it as there is time for.
    ///
    /// # Errors
    ///
    /// [`ExplainError`] where there is no answer.
    pub(crate) async fn judge(
        &self,
        shared: &Shared,
        config: &Config,
        upstream: Arc<Upstream>,
        statements: Vec<RecordedStatement>,
    ) -> Result<Vec<Again>, ExplainError> {
        let Some(seen) = self.seen.clone() else { return Err(ExplainError::Failed) };
        let policies = Arc::clone(&self.policies);
        let (methods, max_probes) = (Arc::clone(&config.methods), config.limits.max_probes);
        let recording = Arc::clone(&shared.recording);
        let judge = move || {
            yield_to_sessions();
            let (began, mut bytes) = (Instant::now(), 0);
            let mut readings = Readings::recorded(recording);
            let mut judged = Vec::new();
            for statement in &statements {
                if !judged.is_empty() && (SLICE < began.elapsed() || ANSWER_BYTES_MAX < bytes) {
                    break;
                }
                // What others ask about hidden values, or it has asked before, is nothing to it.
                let allowance = Arc::new(Allowance::new(max_probes));
                let who = who(statement, &seen.database, &upstream);
                let again = Identity::tried(who, &policies, &methods, allowance).ok().and_then(|identity| {
                    let mut environment =
                        seen.snapshot.environment(&identity, (seen.moved.as_ref(), false), &mut readings);
                    let own = statement.temporary.iter().map(String::as_str);
                    session::explain(statement.text.as_bytes(), own, &mut environment)
                });
                let again = again.map_or_else(Again::unknown, Again::of);
                bytes += again.rules.iter().map(String::len).sum::<usize>();
                judged.push(again);
            }
            Ok(judged)
        };
        explain::beside(&shared.explains, judge).await
    }
}

/// The calling thread takes what others leave.
fn yield_to_sessions() {
    // Where it may not, it takes its share.
    let _ = setpriority_process(None, NICE);
}

/// Who that was to the policies.
fn who(statement: &RecordedStatement, database: &str, upstream: &Upstream) -> Who {
    let RecordedStatement { user, groups, kind, actor, authentication, application, .. } = statement.clone();
    let who = Who {
        user,
        groups,
        kind,
        actor,
        authentication,
        application,
        source: statement.source.parse().unwrap_or(Who::default().source),
        database: database.to_owned(),
        environment: statement.environment.clone(),
        hour: statement.hour,
        weekday: statement.weekday,
        ..Who::default()
    };
    // Whoever has no role any more could not log in, and is judged as if.
    let role = upstream.roles.of(&who).map(|role| role.keeps()).unwrap_or_default();
    Who { keeps: role.into_iter().chain(upstream.tells.keeps()).collect(), ..who }
}

impl Again {
    fn unknown() -> Self {
        Again { verdict: "", rules: Vec::new(), is_whole: false }
    }

    /// Of a text, which is one statement or does nothing.
    fn of(explained: Vec<Explained>) -> Self {
        let Some(Explained { statement, verdict, runs_unseen, .. }) = explained.into_iter().next() else {
            return Again { verdict: "allow", rules: Vec::new(), is_whole: true };
        };
        let (word, rules) = match &verdict {
            Verdict::Allow(_) => ("allow", &statement.observed_by),
            Verdict::Hold { otherwise, .. } => ("hold", &otherwise.rules),
            Verdict::Refuse(refusal) => ("refuse", &refusal.rules),
        };
        let rules = rules.iter().map(ToString::to_string).collect();
        Again { verdict: word, rules, is_whole: !runs_unseen }
    }
}
