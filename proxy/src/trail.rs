//! Turns what a session has to say into records, and hands them to the spool before anything is forwarded.
// SALVAGE NOTE: seen before commit 06f3bcb, which added `outcome`: `outcome: String::new()` in `statement`, and in
// `finished` before the `if let Outcome::Failed`: `record.outcome = match &outcome { … }.to_owned()`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use audit::record::{Record, SessionRecord, StatementRecord, UnixMicros};
use audit::spool::{Spool, SpoolError};
use session::{Evidence, Finished, Outcome, Started};

/// The trail of one session.
pub(crate) struct Trail {
    spool: Arc<Spool>,
    session: SessionRecord,
    /// When the statements that have not finished were judged, by sequence.
    running: HashMap<u64, UnixMicros>,
    waiting: Vec<Record>,
}

impl Trail {
    /// Records that a session began.
    pub(crate) fn begin(spool: Arc<Spool>, session: SessionRecord) -> Result<Self, SpoolError> {
        spool.append(&[Record::Session(session.clone())])?;
        Ok(Trail { spool, session, running: HashMap::new(), waiting: Vec::new() })
    }

    /// Takes a record; it is stored by the next `store`.
    pub(crate) fn take(&mut self, evidence: Evidence) {
        let record = match evidence {
            Evidence::Started(started) => {
                let now = now();
                self.running.insert(started.sequence, now);
                self.statement(started, now)
            }
            Evidence::Finished(finished) => self.finished(*finished),
        };
        self.waiting.push(Record::Statement(record));
    }

    /// Stores what was taken, in one call.
    pub(crate) fn store(&mut self) -> Result<(), SpoolError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.spool.append(&self.waiting)?;
        self.waiting.clear();
        Ok(())
    }

    /// Records that the session ended.
    pub(crate) fn end(mut self, reason: &str) -> Result<(), SpoolError> {
        let mut session = self.session.clone();
        session.ended_at = Some(now());
        session.end_reason = reason.to_owned();
        self.waiting.push(Record::Session(session));
        self.store()
    }

    fn finished(&mut self, finished: Finished) -> StatementRecord {
        let Finished { started, outcome, rows, bytes, returned, masked } = finished;
        let started_at = self.running.remove(&started.sequence).unwrap_or_else(now);
        let mut record = self.statement(started, started_at);
        record.finished_at = Some(now());
        record.columns.extend(returned);
        record.columns.sort_unstable();
        record.columns.dedup();
        record.masked_columns = masked;
        (record.rows, record.bytes) = (rows, bytes);
        record.outcome = match &outcome {
            Outcome::Completed => "completed",
            Outcome::Failed(_) => "failed",
            Outcome::Skipped => "skipped",
            Outcome::Lost => "lost",
        }
        .to_owned();
        if let Outcome::Failed(sqlstate) = outcome {
            record.sqlstate = sqlstate;
        }
        record
    }

    fn statement(&self, started: Started, started_at: UnixMicros) -> StatementRecord {
        let Started { sequence, text, fingerprint, effects, touched, refused_by, readers_disagree } = started;
        StatementRecord {
            session_id: self.session.session_id,
            sequence,
            started_at,
            finished_at: None,
            principal: self.session.principal.clone(),
            database: self.session.database.clone(),
            text,
            fingerprint,
            effects: effects.into_iter().map(str::to_owned).collect(),
            relations_read: touched.read,
            relations_written: touched.written,
            columns: touched.columns,
            masked_columns: Vec::new(),
            verdict: if refused_by.is_some() { "refuse" } else { "allow" }.to_owned(),
            rules: refused_by.into_iter().map(str::to_owned).collect(),
            readers_disagree,
            outcome: String::new(),
            rows: 0,
            bytes: 0,
            sqlstate: String::new(),
        }
    }
}

/// The present moment. A clock before 1970 counts as 1970.
pub(crate) fn now() -> UnixMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMicros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
