//! Asks the provider whether a token still holds (RFC 7662), at the log-in and every now and then while the session lives, on a few
//! threads of its own.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;
use ureq::Agent;

use super::fetching::{self, agent};
use super::json::Once;
use super::settings::{Introspecting, Settings};
use super::{basic, claims};

/// Threads that ask, so that one answer that takes its time does not keep all others waiting.
const THREADS: usize = 4;

/// Most questions that wait for one of them. One more counts as one that the provider did not answer.
const QUEUE_MAX: usize = 1_024;

/// Longest answer of the provider, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// A token, for as long as it is asked about. It is never shown.
pub(crate) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    pub(super) fn new(text: &[u8]) -> Option<Self> {
        std::str::from_utf8(text).ok().map(|text| Token(text.to_owned()))
    }
}

/// What the provider says of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It holds; and these are the groups of its user, where the provider says them.
    Holds(Option<BTreeSet<String>>),
    /// It does not, or no more.
    TakenBack,
    /// The provider does not say.
    Unknown(String),
}

/// How often something came of it.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) asked: AtomicU64,
    pub(crate) taken_back: AtomicU64,
    pub(crate) unanswered: AtomicU64,
}

struct Question {
    token: Arc<Token>,
    answer: oneshot::Sender<Standing>,
}

/// The threads. They end when this is dropped.
#[derive(Debug)]
pub(crate) struct Introspection {
    ask: SyncSender<Question>,
    pub(crate) counts: Arc<Counts>,
}

impl Introspection {
    /// `None` where there is no thread to be had.
    pub(super) fn start(settings: &Arc<Settings>) -> Option<Self> {
        let (ask, asked) = sync_channel(QUEUE_MAX);
        let (asked, counts) = (Arc::new(Mutex::new(asked)), Arc::new(Counts::default()));
        for _ in 0..THREADS {
            let (settings, asked, counts) = (Arc::clone(settings), Arc::clone(&asked), Arc::clone(&counts));
            let thread = thread::Builder::new().name("oidc-asks".to_owned());
            if let Err(error) = thread.spawn(move || answer_all(&settings, &asked, &counts)) {
                tracing::error!(%error, "the provider is not asked about tokens");
                return None;
            }
        }
        Some(Introspection { ask, counts })
    }

    /// What the provider says of it, as soon as it has said something.
    pub(crate) fn ask(&self, token: &Arc<Token>) -> oneshot::Receiver<Standing> {
        let (answer, comes) = oneshot::channel();
        if let Err(full) = self.ask.try_send(Question { token: Arc::clone(token), answer }) {
            let (std::sync::mpsc::TrySendError::Full(question)
            | std::sync::mpsc::TrySendError::Disconnected(question)) = full;
            self.counts.unanswered.fetch_add(1, Ordering::Relaxed);
            let why = format!("more than {QUEUE_MAX} questions wait for it");
            // Whoever asked may have gone meanwhile.
            let _ = question.answer.send(Standing::Unknown(why));
        }
        comes
    }
}

fn answer_all(settings: &Settings, asked: &Mutex<Receiver<Question>>, counts: &Counts) {
    let Some(introspecting) = &settings.introspecting else { return };
    let agent = agent(settings);
    let mut place = None;
    let mut trouble = String::new();
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Question { token, answer }) = next else { return };
        // Its session has ended while it waited.
        if answer.is_closed() {
            continue;
        }
        counts.asked.fetch_add(1, Ordering::Relaxed);
        let standing = ask(&agent, settings, introspecting, &mut place, &token);
        match &standing {
            Standing::TakenBack => _ = counts.taken_back.fetch_add(1, Ordering::Relaxed),
            Standing::Unknown(why) => {
                counts.unanswered.fetch_add(1, Ordering::Relaxed);
                // Each trouble is told once.
                if *why != trouble {
                    tracing::warn!(
                        why,
                        "the identity provider does not say whether tokens hold: sessions go on until theirs ends"
                    );
                    trouble.clone_from(why);
                }
            }
            Standing::Holds(_) => trouble.clear(),
        }
        let _ = answer.send(standing);
    }
}

fn ask(
    agent: &Agent,
    settings: &Settings,
    introspecting: &Introspecting,
    place: &mut Option<String>,
    token: &Token,
) -> Standing {
    let known = match place.take() {
        Some(known) => Ok(known),
        None => fetching::address_of(agent, settings, "introspection_endpoint"),
    };
    match known
        .and_then(|at| answer(agent, settings, introspecting, &at, token).map(|standing| (at, standing)))
    {
        Ok((at, standing)) => {
            *place = Some(at);
            standing
        }
        // Next time it is looked for anew.
        Err(why) => Standing::Unknown(why),
    }
}

fn answer(
    agent: &Agent,
    settings: &Settings,
    introspecting: &Introspecting,
    at: &str,
    token: &Token,
) -> Result<Standing, String> {
    let failed = |error: ureq::Error| format!("{at}: {error}");
    let authorization = basic(&introspecting.client_id, &introspecting.client_secret);
    let form = [("token", token.0.as_str()), ("token_type_hint", "access_token")];
    let request = agent.post(at).header("accept", "application/json");
    let mut answer = request.header("authorization", authorization).send_form(form).map_err(failed)?;
    if answer.status() != 200 {
        return Err(format!("{at}: it answered with {}", answer.status()));
    }
    let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
    let Ok(Once(answer)) = serde_json::from_slice::<Once>(&body) else {
        return Err(format!("{at}: its answer is no JSON, or has a name twice"));
    };
    match answer.get("active").and_then(serde_json::Value::as_bool) {
        None => Err(format!("{at}: its answer does not say whether the token is `active`")),
        Some(false) => Ok(Standing::TakenBack),
        Some(true) if answer.get(&settings.groups_claim).is_none() => Ok(Standing::Holds(None)),
        Some(true) => match claims::groups(&answer, settings) {
            Ok(groups) => Ok(Standing::Holds(Some(groups))),
            Err(why) => Err(format!("{at}: {why}")),
        },
    }
}
