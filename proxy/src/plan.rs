//! Asks a database how it would run a statement that waits for an approval: on a connection of its own, as the role of the session,
//! in a transaction that writes nothing and ends. It is asked only where nothing that somebody has made runs by that
//! (`sql::planning`). A statement never waits for its plan.

mod code;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use audit::record::ProxyPurpose;
use sql::{Planning, Unplanned};
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use wire::backend::{self, DataRow, tag};
use wire::startup::PROTOCOL_3_0;
use wire::{compose, split_frame};

pub(crate) use self::tree::{Node, Plan};
use crate::catalog::{CatalogReader, Chronicle};
use crate::config::{Role, Upstream};
use crate::errand::Errand;
use crate::pipe::Pipe;
use crate::upstream::{self, UpstreamError};

/// Most plans that a proxy asks for at once: connections that its databases see beside those of sessions.
pub(crate) const PLANS_AT_ONCE_MAX: usize = 4;

/// How long a plan may take in all, a turn and the reading of the catalog included.
const WAIT: Duration = Duration::from_secs(20);

/// How long the database may take to make it.
const PLANNING_SECS_MAX: u64 = 2;

/// Longest message of the answer, in bytes.
const ANSWER_BYTES_MAX: u32 = 256 << 10;

/// Before anything is asked. Nothing of what the role or the database has set counts.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = '2s'; \
     SET LOCAL lock_timeout = '500ms'; SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL row_security = on; \
     SET LOCAL standard_conforming_strings = on; SET LOCAL plan_cache_mode = force_generic_plan; \
     SET LOCAL search_path = pg_catalog";

/// SQLSTATEs insufficient_privilege, lock_not_available and query_canceled.
const DENIED: &str = "42501";
const LOCKED: &str = "55P03";
const CANCELLED: &str = "57014";

/// How a session came to its database.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) role: Role,
    /// What the database is told of the session at its start.
    pub(crate) told: Vec<(Vec<u8>, Vec<u8>)>,
    /// Where another connection of the same way is recorded.
    pub(crate) chronicle: Chronicle,
}

/// What is to be planned.
pub(crate) struct Wanted {
    pub(crate) text: String,
    pub(crate) parameters: usize,
    /// Only the session sees what it is about.
    pub(crate) is_private: bool,
}

/// Why there is no plan. Values could be in the words of the database: its code is enough.
#[derive(Debug, Error)]
pub(crate) enum NoPlan {
    #[error(transparent)]
    Unplanned(#[from] Unplanned),
    #[error("it may be about what only its session sees")]
    Private,
    #[error("the catalog of the database cannot be read")]
    NoCatalog,
    #[error("it is about a foreign table, whose server could be asked too")]
    Foreign,
    #[error("what its tables are made of could run what somebody has made")]
    Code,
    #[error("it was not there within {} s", WAIT.as_secs())]
    Late,
    #[error("the database has not made it within {PLANNING_SECS_MAX} s")]
    Slow,
    #[error("somebody holds a table of it")]
    Locked,
    #[error("the role of the session may not")]
    Denied,
    #[error("the database says {0}")]
    Refused(String),
    #[error("the database cannot be reached")]
    Unreachable(#[source] UpstreamError),
    #[error("the connection was lost")]
    Lost(#[source] std::io::Error),
    #[error("it is too large, or not understood")]
    Odd,
}

/// The plan of a statement.
///
/// # Cancel safety
///
/// Cancel safe: the connection is dropped, and the database's timeouts end what it does.
pub(crate) async fn make(
    way: Way,
    catalog: CatalogReader,
    turns: Arc<Semaphore>,
    wanted: Wanted,
) -> Result<Plan, NoPlan> {
    if wanted.is_private {
        return Err(NoPlan::Private);
    }
    let made = async {
        let _turn = turns.acquire().await.map_err(|_| NoPlan::Late)?;
        // What somebody has made a moment ago counts.
        let snapshot = catalog.read_again().await;
        if !snapshot.is_new() {
            return Err(NoPlan::NoCatalog);
        }
        let planning = sql::planning(&wanted.text, wanted.parameters, &snapshot.catalog)?;
        ask(&way, &planning).await
    };
    timeout(WAIT, made).await.unwrap_or(Err(NoPlan::Late))
}

async fn ask(Way { upstream, role, told, chronicle }: &Way, planning: &Planning) -> Result<Plan, NoPlan> {
    let own = [("client_encoding", "UTF8"), ("application_name", "picket-proxy plan")];
    let own = own.map(|(name, value)| (name.into(), value.into()));
    // What the database is told of the session counts, as in its policies of rows.
    let parameters: Vec<_> = own.into_iter().chain(told.iter().cloned()).collect();
    let mut errand = Errand::new(chronicle, ProxyPurpose::Plan, upstream);
    let connected = upstream::connect(upstream, role, PROTOCOL_3_0, &parameters, &mut errand).await;
    let mut pipe = connected.map_err(NoPlan::Unreachable)?.pipe;
    let path = match planning.schemas.as_slice() {
        [] => "pg_catalog".to_owned(),
        schemas => schemas.iter().map(|schema| quoted(schema)).collect::<Vec<_>>().join(", "),
    };
    let count = code::count(&planning.relations);
    let mut request = Vec::new();
    compose::query(&mut request, format!("{BEGIN}; {count}; SET LOCAL search_path = {path}").as_bytes());
    match answer(&mut pipe, &request).await?.as_deref().and_then(|counts| counts.split_once(' ')) {
        Some(("0", "0")) => {}
        Some(("0", _)) => return Err(NoPlan::Code),
        Some(_) => return Err(NoPlan::Foreign),
        None => return Err(NoPlan::Odd),
    }
    request.clear();
    for text in planning.prepare.iter().chain([&planning.explain]) {
        // A Parse takes one statement, whatever its text is.
        compose::parse(&mut request, b"", text.as_bytes());
        compose::bind(&mut request, b"", b"");
        compose::execute(&mut request, b"");
    }
    compose::bare(&mut request, wire::frontend::tag::SYNC);
    let plan = answer(&mut pipe, &request).await?.ok_or(NoPlan::Odd)?;
    request.clear();
    compose::query(&mut request, b"ROLLBACK");
    compose::bare(&mut request, wire::frontend::tag::TERMINATE);
    pipe.queue(&request);
    // The end of the connection does the same.
    let _ = pipe.flush_all().await;
    Plan::read(&plan, planning.prepare.is_some()).ok_or(NoPlan::Odd)
}

/// A name as it stands in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Sends this, and takes the first value of the last row that comes up to the next ReadyForQuery.
async fn answer(pipe: &mut Pipe, request: &[u8]) -> Result<Option<String>, NoPlan> {
    pipe.queue(request);
    pipe.flush_all().await.map_err(NoPlan::Lost)?;
    let (mut found, mut failed) = (None, None);
    loop {
        let Some((frame, _)) = split_frame(pipe.unread(), ANSWER_BYTES_MAX).map_err(|_| NoPlan::Odd)? else {
            pipe.read_more().await.map_err(NoPlan::Lost)?;
            continue;
        };
        match frame.tag {
            tag::DATA_ROW => {
                let mut row = DataRow::read(frame.body).map_err(|_| NoPlan::Odd)?;
                let value = row.next().transpose().map_err(|_| NoPlan::Odd)?.flatten().unwrap_or_default();
                found = Some(String::from_utf8(value.to_vec()).map_err(|_| NoPlan::Odd)?);
            }
            tag::ERROR_RESPONSE => {
                let code = backend::error_field(frame.body, b'C');
                failed = Some(String::from_utf8_lossy(code).chars().take(5).collect::<String>());
            }
            _ => {}
        }
        let (is_end, len) = (frame.tag == tag::READY_FOR_QUERY, frame.wire_len());
        pipe.use_up(len);
        if is_end {
            return match failed.as_deref() {
                None => Ok(found),
                Some(DENIED) => Err(NoPlan::Denied),
                Some(LOCKED) => Err(NoPlan::Locked),
                Some(CANCELLED) => Err(NoPlan::Slow),
                Some(code) => Err(NoPlan::Refused(code.to_owned())),
            };
        }
    }
}
