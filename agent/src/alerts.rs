//! Delivers alerts to those who must know, within a second or two. Each webhook and syslog daemon has a thread and a queue of its own:
//! one that does not answer holds up neither the others nor the watch. An outage is an alert in the ledger, and what waits meanwhile
//! is kept over a restart.

mod kept;
mod queue;
mod shape;
mod syslog;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use audit::record::{AlertKind, AlertRecord, Record};
use audit::spool::Spool;
use daemon::webhook::{Outage, Undelivered, Webhook};
use uuid::Uuid;

use self::kept::Kept;
use self::queue::{Group, Queue};
use self::syslog::Syslog;
use crate::config::{Shape, SyslogConfig, WebhookConfig};
use crate::moment::Clock;

/// Alerts on their way to one thread.
const ON_THEIR_WAY_MAX: usize = 4096;
/// Alerts in one request.
const BATCH_MAX: usize = 64;
/// Between two looks at whether the agent ends.
const IDLE: Duration = Duration::from_secs(3600);

/// All who are told.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    couriers: Vec<Courier>,
}

#[derive(Debug)]
struct Courier {
    send: SyncSender<AlertRecord>,
    missed: Arc<AtomicU64>,
    /// Those that the thread has not kept yet.
    unkept: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl Alerts {
    /// Starts a thread for each who is told. What an earlier agent could not deliver is in `dir`.
    pub(crate) fn start(
        host: &str,
        webhooks: Vec<WebhookConfig>,
        syslogs: Vec<SyslogConfig>,
        spool: &Arc<Spool>,
        dir: &Path,
    ) -> io::Result<Self> {
        let webhooks = webhooks
            .into_iter()
            .map(|config| Recipient::Webhook(Box::new(Webhook::new(&config.address)), config.shape));
        let syslogs = syslogs.into_iter().map(|config| Recipient::Syslog(Syslog::new(config, host)));
        let (mut couriers, mut names) = (Vec::new(), BTreeSet::new());
        for recipient in webhooks.chain(syslogs) {
            // Two may be told at one place.
            let mut file = kept::name(&recipient.described(0));
            for number in 1.. {
                if names.insert(file.clone()) {
                    break;
                }
                file = kept::name(&recipient.described(number));
            }
            let (kept, waiting) = Kept::open(dir, &file);
            let mut queue = Queue::default();
            for alert in waiting {
                queue.offer(alert, Instant::now());
            }
            let (send, alerts) = sync_channel(ON_THEIR_WAY_MAX);
            let (missed, unkept) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
            let delivery = Delivery {
                host: host.to_owned(),
                recipient,
                spool: Arc::clone(spool),
                queue,
                kept,
                missed: Arc::clone(&missed),
                unkept: Arc::clone(&unkept),
                outage: None,
                is_unwanted: false,
            };
            let thread =
                thread::Builder::new().name("alerts".to_owned()).spawn(move || delivery.run(&alerts))?;
            couriers.push(Courier { send, missed, unkept, thread });
        }
        kept::forget_others(dir, &names);
        Ok(Alerts { couriers })
    }

    /// Takes the alerts among `records`, and never waits.
    pub(crate) fn offer(&self, records: &[Record]) {
        for record in records {
            let Record::Alert(alert) = record else { continue };
            for courier in &self.couriers {
                courier.unkept.fetch_add(1, Ordering::AcqRel);
                match courier.send.try_send(alert.clone()) {
                    Ok(()) => {}
                    Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                        courier.missed.fetch_add(1, Ordering::Relaxed);
                        courier.unkept.fetch_sub(1, Ordering::AcqRel);
                    }
                }
            }
        }
    }

    /// Whether all that were offered would be delivered after a restart.
    pub(crate) fn are_kept(&self) -> bool {
        self.couriers.iter().all(|courier| courier.unkept.load(Ordering::Acquire) == 0)
    }

    /// Waits for the last attempt, which has a bound.
    pub(crate) fn stop(self) {
        for Courier { send, thread, .. } in self.couriers {
            drop(send);
            if thread.join().is_err() {
                tracing::error!("delivery of alerts broke: they are in the ledger");
            }
        }
    }
}

/// Who is told.
enum Recipient {
    Webhook(Box<Webhook>, Shape),
    Syslog(Syslog),
}

impl Recipient {
    /// As it is called in logs and the ledger.
    fn place(&self) -> &str {
        match self {
            Recipient::Webhook(webhook, _) => webhook.place(),
            Recipient::Syslog(syslog) => syslog.place(),
        }
    }

    /// By what its file is known again; the number tells those at one place apart.
    fn described(&self, number: usize) -> String {
        match self {
            Recipient::Webhook(webhook, shape) => format!("{shape:?} {} {number}", webhook.place()),
            Recipient::Syslog(syslog) => format!("syslog {} {number}", syslog.place()),
        }
    }

    fn tell(&self, groups: &[Group]) -> Result<(), Undelivered> {
        match self {
            Recipient::Webhook(webhook, shape) => webhook.post(&shape::body(*shape, groups).to_string(), &[]),
            Recipient::Syslog(syslog) => {
                syslog.send(groups).map_err(|error| Undelivered::because(error.to_string()))
            }
        }
    }
}

struct Delivery {
    host: String,
    recipient: Recipient,
    spool: Arc<Spool>,
    queue: Queue,
    /// INVARIANT: what waits in the queue, but for those that are only counted.
    kept: Kept,
    missed: Arc<AtomicU64>,
    unkept: Arc<AtomicU64>,
    outage: Option<Outage>,
    /// In this outage the recipient is there: it may want what comes next.
    is_unwanted: bool,
}

impl Delivery {
    fn run(mut self, alerts: &Receiver<AlertRecord>) {
        loop {
            let now = Instant::now();
            let due = match &self.outage {
                Some(outage) => Some(outage.again_at()),
                None => self.queue.next_due(),
            };
            let wait = due.map_or(IDLE, |due| due.saturating_duration_since(now)).min(IDLE);
            let mut is_news = false;
            match alerts.recv_timeout(wait) {
                Ok(alert) => {
                    is_news = true;
                    self.take(alert);
                    // Those that came with it go with it.
                    for alert in alerts.try_iter().take(ON_THEIR_WAY_MAX) {
                        self.take(alert);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    // The last attempt waits for nothing.
                    self.queue.hurry(Instant::now());
                    self.deliver();
                    if 0 < self.queue.len() {
                        let (alerts, place) = (self.queue.len(), self.recipient.place());
                        tracing::warn!(
                            alerts,
                            place,
                            "alerts are not delivered: they wait for the next start"
                        );
                    }
                    return;
                }
            }
            let is_due = self.outage.as_ref().is_none_or(|outage| outage.again_at() <= Instant::now());
            if is_due || self.is_unwanted && is_news {
                self.deliver();
            }
        }
    }

    fn take(&mut self, alert: AlertRecord) {
        if let Some(alert) = self.queue.offer(alert, Instant::now()) {
            self.kept.waits(alert);
        }
        self.unkept.fetch_sub(1, Ordering::AcqRel);
    }

    /// Delivers one batch of what is due.
    fn deliver(&mut self) {
        self.queue.dropped += self.missed.swap(0, Ordering::Relaxed);
        let batch = self.queue.take_due(BATCH_MAX, Instant::now());
        if batch.is_empty() {
            return;
        }
        match self.recipient.tell(&batch) {
            Ok(()) => {
                self.delivered(batch);
                self.recover();
            }
            // One of them may be in the way of all others: what it says may be the client's words.
            Err(failure) if failure.is_unwanted && 1 < batch.len() => self.deliver_one_by_one(batch),
            Err(failure) => {
                self.queue.put_back(batch);
                self.fail(&failure);
            }
        }
    }

    /// Those that are not wanted are given up where others are.
    fn deliver_one_by_one(&mut self, batch: Vec<Group>) {
        let (mut taken, mut unwanted, mut why) = (Vec::new(), Vec::new(), None);
        let mut left = batch.into_iter();
        for group in left.by_ref() {
            match self.recipient.tell(std::slice::from_ref(&group)) {
                Ok(()) => taken.push(group),
                Err(failure) => {
                    let is_unwanted = failure.is_unwanted;
                    why = Some(failure);
                    unwanted.push(group);
                    if !is_unwanted {
                        break;
                    }
                }
            }
        }
        let Some(failure) = why else {
            self.delivered(taken);
            return self.recover();
        };
        if failure.is_unwanted && !taken.is_empty() {
            for Group { alert, .. } in &unwanted {
                let (host, place, id) = (&self.host, self.recipient.place(), alert.alert_id);
                let message = format!(
                    "{place} does not take the alert {id} of {host}, which is only in the ledger: {failure}"
                );
                tracing::error!("{message}");
                self.record(message);
            }
            taken.append(&mut unwanted);
            self.delivered(taken);
            return self.recover();
        }
        unwanted.extend(left);
        self.queue.put_back(unwanted);
        if !taken.is_empty() {
            self.delivered(taken);
        }
        self.fail(&failure);
    }

    fn delivered(&mut self, groups: Vec<Group>) {
        self.kept.delivered(groups.iter().map(|group| group.alert.alert_id), self.queue.waiting());
        self.queue.delivered(groups, Instant::now());
    }

    fn fail(&mut self, failure: &Undelivered) {
        let now = Instant::now();
        self.is_unwanted = failure.is_unwanted;
        match &mut self.outage {
            Some(outage) => outage.goes_on(now),
            None => {
                let message = format!(
                    "alerts of {} cannot be delivered to {}: {failure}",
                    self.host,
                    self.recipient.place()
                );
                tracing::error!("{message}");
                self.outage = Some(Outage::begin(now));
                self.record(message);
            }
        }
    }

    /// Tells of what delivery has cost, now that it works.
    fn recover(&mut self) {
        self.is_unwanted = false;
        let (outage, dropped) = (self.outage.take(), std::mem::take(&mut self.queue.dropped));
        let (host, place) = (&self.host, self.recipient.place());
        let cost = format!("{dropped} found no room and are only in the ledger");
        let message = match outage {
            Some(outage) => {
                let seconds = outage.lasted().as_secs();
                format!("alerts of {host} are delivered to {place} again, after {seconds} s; {cost}")
            }
            None if 0 < dropped => format!("too many alerts of {host} for {place}: {cost}"),
            None => return,
        };
        tracing::warn!("{message}");
        self.record(message);
    }

    /// An outage is told where everything is.
    fn record(&self, message: String) {
        let alert = AlertRecord {
            alert_id: Uuid::now_v7(),
            raised_at: Clock.now(),
            host: self.host.clone(),
            kind: AlertKind::Undelivered,
            message,
            connection: None,
        };
        if let Err(error) = self.spool.append(&[Record::Alert(alert)]) {
            tracing::error!(error = &error as &dyn std::error::Error, "an outage cannot be recorded");
        }
    }
}
