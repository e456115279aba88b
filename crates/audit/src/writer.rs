//! Delivers what waits in the spool to the ledger, for as long as the daemon runs. Which columns there are is the
//! business of `ledger`.

mod back_off;
mod progress;

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;
use tokio::task::JoinError;

use crate::chain::Journal;
use crate::config::ClickHouseConfig;
use crate::ledger::{Ledger, LedgerError, Link};
use crate::spool::{Batch, Spool, SpoolError};

use self::back_off::BackOff;
pub use self::progress::{FAILURES, Progress};

/// So long the first record waits for company.
const FLUSH_AFTER: Duration = Duration::from_millis(250);
/// So many records in that time mean that they keep coming. The cost of an insert is hardly in its rows, and so they wait
/// for more company …
const COMPANY_RECORDS: u64 = 20;
/// … so often at most …
const COMPANY_WAITS_MAX: u32 = 6;
/// … and longer where so many come …
const CROWD_RECORDS: u64 = 1_000;
/// … but so often at most. An alert ends each of these waits.
const CROWD_WAITS_MAX: u32 = 12;
/// Most records in one batch.
const BATCH_RECORDS_MAX: usize = 50_000;
/// Most bytes of the spool in one batch.
const BATCH_BYTES_MAX: usize = 8 << 20;
/// Bound of everything that is asked of ClickHouse at once.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// Bound of the last attempt: a ledger that is new is made first.
const LAST_ATTEMPT: Duration = Duration::from_secs(15);

/// Takes records out of a spool and writes them to the ledger.
#[derive(Debug)]
pub struct Writer {
    spool: Arc<Spool>,
    ledger: Ledger,
    /// Where the ledger is from now on; `None` where that does not change.
    elsewhere: Option<watch::Receiver<ClickHouseConfig>>,
    is_migrated: bool,
    journal: Journal,
    back_off: BackOff,
    progress: Arc<Progress>,
}

/// Why the writer cannot go on. A ledger that does not answer is no reason.
#[derive(Debug, Error)]
pub enum WriterError {
    /// Reading the spool panicked.
    #[error("read the spool")]
    Reading(#[source] JoinError),
}

/// Why one attempt failed.
#[derive(Debug, Error)]
enum Obstacle {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Spool(#[from] SpoolError),
    #[error(transparent)]
    Writer(#[from] WriterError),
}

impl Obstacle {
    fn failure(&self) -> &'static str {
        match self {
            Obstacle::Ledger(error) => error.failure(),
            Obstacle::Spool(_) | Obstacle::Writer(_) => "spool",
        }
    }
}

impl Writer {
    /// Connects nothing yet.
    pub fn new(spool: Arc<Spool>, config: ClickHouseConfig) -> Self {
        let journal = Journal::new(spool.dir());
        Writer {
            spool,
            journal,
            ledger: Ledger::new(&config),
            elsewhere: None,
            is_migrated: false,
            back_off: BackOff::default(),
            progress: Arc::default(),
        }
    }

    /// How it gets on, for whoever watches.
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Goes by what comes here, from the next batch on.
    #[must_use]
    pub fn reconfigured_by(mut self, elsewhere: watch::Receiver<ClickHouseConfig>) -> Self {
        self.elsewhere = Some(elsewhere);
        self
    }

    /// Delivers until `shutdown` resolves, then tries once more for a few seconds. What is left stays in the spool.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: what was not acknowledged is sent again, as it was.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) -> Result<(), WriterError> {
        tracing::info!(public_key = %self.spool.signing_key().public(), "records are signed");
        let delivered = tokio::select! {
            never = self.deliver() => never,
            () = shutdown => Ok(()),
        };
        delivered?;
        match tokio::time::timeout(LAST_ATTEMPT, self.drain()).await {
            Ok(Ok(())) | Err(_) => {}
            Ok(Err(Obstacle::Writer(error))) => return Err(error),
            Ok(Err(obstacle)) => {
                tracing::debug!(error = &obstacle as &dyn std::error::Error, "last attempt failed")
            }
        }
        let left = self.spool.depth();
        if 0 < left.records {
            tracing::warn!(records = left.records, "records stay in the spool until the next start");
        }
        Ok(())
    }

    /// Goes on for ever, over every outage.
    async fn deliver(&mut self) -> Result<(), WriterError> {
        loop {
            match self.attempt().await {
                Ok(()) => {
                    if let Some(outage) = self.back_off.ended() {
                        tracing::info!(
                            url = self.ledger.url(),
                            seconds = outage.as_secs(),
                            "the ledger takes records"
                        );
                    }
                }
                Err(Obstacle::Writer(error)) => return Err(error),
                Err(obstacle) => {
                    self.progress.failed(obstacle.failure());
                    self.tell(&obstacle);
                    let is_unreachable =
                        matches!(&obstacle, Obstacle::Ledger(LedgerError::Unreachable { .. }));
                    tokio::select! {
                        () = tokio::time::sleep(self.back_off.failed(is_unreachable)) => {}
                        () = reconfigured(&mut self.elsewhere) => {}
                    }
                }
            }
        }
    }

    /// Makes the ledger, or ships the next batch when it is worth it.
    async fn attempt(&mut self) -> Result<(), Obstacle> {
        self.go_elsewhere();
        if !self.is_migrated {
            return self.migrate().await;
        }
        if !self.back_off.is_in_outage() {
            self.wait_for_enough().await;
        }
        self.ship().await.map(|_| ())
    }

    async fn wait_for_enough(&self) {
        while self.spool.depth().records == 0 {
            self.spool.appended().await;
        }
        let mut known = self.spool.depth().records;
        // By the clock: to be woken by every record would cost whoever appends it.
        for waits in 1.. {
            tokio::time::sleep(FLUSH_AFTER).await;
            let depth = self.spool.depth();
            let waits_max = match depth.records.saturating_sub(known) {
                CROWD_RECORDS.. => CROWD_WAITS_MAX,
                COMPANY_RECORDS.. => COMPANY_WAITS_MAX,
                _ => 0,
            };
            known = depth.records;
            let is_full = BATCH_RECORDS_MAX as u64 <= depth.records || BATCH_BYTES_MAX as u64 <= depth.bytes;
            if waits_max <= waits || is_full || self.spool.take_urgent() {
                return;
            }
        }
    }

    async fn drain(&mut self) -> Result<(), Obstacle> {
        if self.spool.depth().records == 0 {
            return Ok(());
        }
        while self.ship().await? {}
        Ok(())
    }

    async fn migrate(&mut self) -> Result<(), Obstacle> {
        self.ledger.migrate(ANSWER_WITHIN).await?;
        self.is_migrated = true;
        Ok(())
    }

    /// Takes another configuration, where there is one.
    fn go_elsewhere(&mut self) {
        if let Some(elsewhere) = &mut self.elsewhere
            && let config = elsewhere.borrow_and_update()
            && config.has_changed()
        {
            self.ledger = Ledger::new(&config);
            self.is_migrated = false;
        }
    }

    /// Ships one batch. `false`: nothing waited.
    async fn ship(&mut self) -> Result<bool, Obstacle> {
        self.go_elsewhere();
        if !self.is_migrated {
            self.migrate().await?;
        }
        let Some(batch) = self.next_batch().await? else { return Ok(false) };
        let link = Link { writer: batch.writer, before: batch.before, key: self.spool.signing_key() };
        let shipped = self.ledger.insert(&batch.records, &link, &batch.token(), ANSWER_WITHIN).await;
        let checkpoint = shipped.inspect_err(|error| {
            // Somebody may have dropped or changed tables: look again before the next attempt.
            if matches!(error, LedgerError::NoLedger { .. } | LedgerError::OtherSchema { .. }) {
                self.is_migrated = false;
                self.ledger.forget_schema();
            }
        })?;
        self.journal.note(&checkpoint);
        let head = checkpoint.head();
        let (spool, records) = (Arc::clone(&self.spool), batch.records.len());
        tokio::task::spawn_blocking(move || spool.acknowledge(&batch, head))
            .await
            .map_err(WriterError::Reading)?;
        self.progress.shipped(records);
        Ok(true)
    }

    async fn next_batch(&self) -> Result<Option<Batch>, Obstacle> {
        let spool = Arc::clone(&self.spool);
        let read = move || spool.next_batch(BATCH_RECORDS_MAX, BATCH_BYTES_MAX);
        Ok(tokio::task::spawn_blocking(read).await.map_err(WriterError::Reading)??)
    }

    /// Tells of an outage once, and again where its reason changes.
    fn tell(&mut self, obstacle: &Obstacle) {
        let reason = with_causes(obstacle);
        if self.back_off.is_news(&reason) {
            tracing::warn!("{reason}; the records are kept in the spool until the ledger takes them");
        }
    }
}

/// Waits for another configuration, which may never come.
///
/// # Cancel safety
///
/// Cancel safe: it only waits.
async fn reconfigured(elsewhere: &mut Option<watch::Receiver<ClickHouseConfig>>) {
    let Some(elsewhere) = elsewhere else { return std::future::pending().await };
    match elsewhere.changed().await {
        // It is still to be taken.
        Ok(()) => elsewhere.mark_changed(),
        Err(_) => std::future::pending().await,
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| (**error).source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
