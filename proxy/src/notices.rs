//! Tells those who may answer of requests, over webhooks. Each has a thread and a queue of its own: one that does not answer
//! holds up neither the others nor a session, and takes nothing from a request. An outage is an alert in the ledger.

mod message;

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use audit::record::{AlertKind, AlertRecord, ApprovalEvent, Record, UnixMicros};
use audit::spool::Spool;
use daemon::webhook::{Outage, Webhook};
use uuid::Uuid;

use crate::approvals::Held;
use crate::config::WebhookConfig;
use crate::links::Links;
use crate::trail::now;

/// Messages that wait for one webhook; beyond it new ones are dropped, and counted.
const WAITING_MAX: usize = 1_024;

/// How long a message is tried to be delivered.
const GIVE_UP_AFTER: Duration = Duration::from_secs(15 * 60);

/// Between two looks at whether the thread ends.
const IDLE: Duration = Duration::from_secs(3_600);

/// How long the last messages may take when the thread ends.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Something that has happened to a request, and is recorded.
pub(crate) struct Told {
    /// The same at each attempt.
    pub(crate) id: Uuid,
    pub(crate) at: UnixMicros,
    pub(crate) event: ApprovalEvent,
    pub(crate) held: Arc<Held>,
    /// Who has answered; empty where nobody has.
    pub(crate) by: String,
    pub(crate) reason: String,
    /// The end of the address at which it is answered, where it can be.
    pub(crate) link: Option<String>,
    heard_at: Instant,
}

/// All webhooks.
pub(crate) struct Notices {
    host: String,
    spool: Arc<Spool>,
    couriers: Mutex<Couriers>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Couriers {
    configs: Vec<WebhookConfig>,
    all: Vec<Courier>,
}

struct Courier {
    send: SyncSender<Arc<Told>>,
    thread: JoinHandle<()>,
}

/// What has become of messages since the proxy began, each webhook by itself.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) delivered: AtomicU64,
    /// Attempts that have failed.
    pub(crate) failures: AtomicU64,
    /// Messages that found no room, or were given up.
    pub(crate) lost: AtomicU64,
}

impl Told {
    pub(crate) fn new(
        event: ApprovalEvent,
        held: &Arc<Held>,
        by: &str,
        reason: &str,
        links: Option<&Links>,
    ) -> Self {
        let id = Uuid::now_v7();
        Told {
            id,
            link: links.map(|links| links.sign(held.id, id)),
            at: now(),
            event,
            held: Arc::clone(held),
            by: by.to_owned(),
            reason: reason.to_owned(),
            heard_at: Instant::now(),
        }
    }
}

impl Notices {
    pub(crate) fn new(host: String, spool: Arc<Spool>) -> Self {
        Notices { host, spool, couriers: Mutex::default(), counts: Arc::default() }
    }

    /// Goes by these webhooks from now on. Those before end once they have tried what they had.
    pub(crate) fn follow(&self, configs: &[WebhookConfig]) {
        let mut couriers = self.lock();
        if couriers.configs == configs {
            return;
        }
        // Their threads end by themselves.
        *couriers = Couriers { configs: configs.to_vec(), all: Vec::new() };
        for config in configs {
            match self.start(config.clone()) {
                Ok(courier) => couriers.all.push(courier),
                Err(error) => tracing::error!(%error, "a webhook is told nothing"),
            }
        }
    }

    fn start(&self, config: WebhookConfig) -> io::Result<Courier> {
        let (send, told) = sync_channel(WAITING_MAX);
        let delivery = Delivery {
            host: self.host.clone(),
            webhook: Webhook::new(&config.address),
            config,
            spool: Arc::clone(&self.spool),
            counts: Arc::clone(&self.counts),
            waiting: VecDeque::new(),
            outage: None,
            lost: 0,
        };
        let thread = thread::Builder::new().name("notices".to_owned()).spawn(move || delivery.run(&told))?;
        Ok(Courier { send, thread })
    }

    /// Takes what has happened, and never waits.
    pub(crate) fn offer(&self, told: impl FnOnce() -> Told) {
        let couriers = self.lock();
        if couriers.all.is_empty() {
            return;
        }
        let told = Arc::new(told());
        for courier in &couriers.all {
            match courier.send.try_send(Arc::clone(&told)) {
                Ok(()) => {}
                Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                    self.counts.lost.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(request = told.held.name(), "a webhook has no room: a message is lost");
                }
            }
        }
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Waits for the last attempts, which are bounded.
    pub(crate) fn stop(&self) {
        let couriers = std::mem::take(&mut *self.lock());
        for Courier { send, thread } in couriers.all {
            drop(send);
            if thread.join().is_err() {
                tracing::error!("delivery to a webhook broke: what has happened is in the ledger");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Couriers> {
        self.couriers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Delivery {
    host: String,
    webhook: Webhook,
    config: WebhookConfig,
    spool: Arc<Spool>,
    counts: Arc<Counts>,
    /// In the order in which it happened.
    waiting: VecDeque<Arc<Told>>,
    outage: Option<Outage>,
    /// Given up in this outage.
    lost: u64,
}

impl Delivery {
    fn run(mut self, told: &Receiver<Arc<Told>>) {
        loop {
            let wait = match (&self.outage, self.waiting.is_empty()) {
                (_, true) => IDLE,
                (None, false) => Duration::ZERO,
                (Some(outage), false) => outage.again_at().saturating_duration_since(Instant::now()),
            };
            // What waits here is bounded by what is taken; the rest waits in the channel, which is bounded too.
            let news = if self.waiting.len() < WAITING_MAX {
                told.recv_timeout(wait)
            } else {
                thread::sleep(wait);
                Err(RecvTimeoutError::Timeout)
            };
            match news {
                Ok(one) => self.waiting.push_back(one),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
            if self.outage.as_ref().is_none_or(|outage| outage.again_at() <= Instant::now()) {
                self.deliver();
            }
        }
    }

    /// Delivers the oldest that is not too old. Whether it could.
    fn deliver(&mut self) -> bool {
        while self.waiting.front().is_some_and(|told| GIVE_UP_AFTER < told.heard_at.elapsed())
            && let Some(told) = self.waiting.pop_front()
        {
            self.lost += 1;
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(request = told.held.name(), event = told.event.word(), "a message was given up");
        }
        let Some(told) = self.waiting.front() else { return false };
        let body = message::body(&self.config, &self.host, told).to_string();
        let headers = message::headers(&self.config, told, &body);
        match self.webhook.post(&body, &headers) {
            Ok(()) => {
                self.waiting.pop_front();
                self.counts.delivered.fetch_add(1, Ordering::Relaxed);
                self.recover();
                true
            }
            Err(error) => {
                self.counts.failures.fetch_add(1, Ordering::Relaxed);
                self.fail(&error.to_string());
                false
            }
        }
    }

    fn fail(&mut self, error: &str) {
        let now = Instant::now();
        if let Some(outage) = &mut self.outage {
            return outage.goes_on(now);
        }
        self.outage = Some(Outage::begin(now));
        let (host, place) = (&self.host, self.webhook.place());
        let message = format!("requests for approval of {host} cannot be told to {place}: {error}");
        tracing::error!("{message}");
        self.record(message);
    }

    /// Tells of what an outage has cost, now that it is over.
    fn recover(&mut self) {
        let Some(outage) = self.outage.take() else { return };
        let (host, place, lost) = (&self.host, self.webhook.place(), std::mem::take(&mut self.lost));
        let seconds = outage.lasted().as_secs();
        let message = format!(
            "requests for approval of {host} are told to {place} again, after {seconds} s; {lost} were given up"
        );
        tracing::warn!("{message}");
        self.record(message);
    }

    /// The last attempts wait for nothing.
    fn end(mut self) {
        let until = Instant::now() + LAST_WAIT;
        while Instant::now() < until && self.deliver() {}
        if !self.waiting.is_empty() {
            let (messages, place) = (self.waiting.len(), self.webhook.place());
            self.counts.lost.fetch_add(self.waiting.len() as u64, Ordering::Relaxed);
            tracing::warn!(messages, place, "messages are not delivered: what has happened is in the ledger");
        }
    }

    /// An outage is told where everything is.
    fn record(&self, message: String) {
        let alert = AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: now(),
            host: self.host.clone(),
            kind: AlertKind::Undelivered,
            message,
            connection: None,
        };
        if let Err(error) = self.spool.append(&[Record::Alert(alert)]) {
            tracing::error!(error = daemon::with_causes(&error), "an outage cannot be recorded");
        }
    }
}
