//! Performs what a session asks for, as the proxy does, and watches it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use mask::{Class, Classes, ColumnId};
use policy::{Mode, Policies, Setup, Subject, Who};
use session::{Action, Environment, Evidence, Readings, Session, Step};
use sql::catalog::{Catalog, Column, Relation};

/// Small, so that a fuzzer gets past it.
const MESSAGE_BYTES_MAX: u32 = 1 << 8;

/// Policies by the rules that observe, since making them takes longer than a session.
static POLICIES: LazyLock<Mutex<HashMap<u8, Arc<Policies>>>> = LazyLock::new(Mutex::default);

/// The shipped policies, where each rule observes whose bit is set; the ninth has that of the first again.
fn observing(bits: u8) -> Arc<Policies> {
    let mut known = POLICIES.lock().unwrap_or_else(PoisonError::into_inner);
    let policies = known.entry(bits).or_insert_with(|| {
        let shipped = Policies::new(Setup::default()).expect("the shipped policies");
        let names: BTreeSet<_> =
            shipped.rules().iter().filter(|rule| !rule.permits).map(|rule| &rule.name).collect();
        let observed = names.iter().zip((0..u8::BITS).cycle()).filter(|(_, bit)| bits >> bit & 1 == 1);
        let modes: BTreeMap<_, _> = observed.map(|(name, _)| (name.to_string(), Mode::Observe)).collect();
        Arc::new(Policies::new(Setup { modes, ..Setup::default() }).expect("rules that there are"))
    });
    Arc::clone(policies)
}

fn subject(policies: &Policies) -> Arc<Subject> {
    policies.subject(&Who::default()).expect("somebody")
}

/// A session with a table `users` (20000), whose second column is masked, and `orders` (20001).
pub(super) struct Shell {
    session: Session,
    catalog: Catalog,
    classes: Classes,
    policies: Arc<Policies>,
    subject: Arc<Subject>,
    catalog_version: u64,
    readings: Readings,
    /// What came from each side and is not used.
    from_client: Vec<u8>,
    from_server: Vec<u8>,
    client_waits: bool,
    seen: Vec<u8>,
    started: BTreeSet<u64>,
    ended: BTreeSet<u64>,
}

impl Shell {
    pub(super) fn new() -> Self {
        let relation = |oid, name: &str, columns: &[(&str, u32)]| Relation {
            oid,
            schema: "public".to_owned(),
            name: name.to_owned(),
            columns: (1..)
                .zip(columns)
                .map(|(number, (name, type_oid))| Column {
                    number,
                    name: (*name).to_owned(),
                    type_oid: *type_oid,
                })
                .collect(),
        };
        let policies = observing(0);
        Shell {
            session: Session::new(7, MESSAGE_BYTES_MAX),
            catalog: Catalog::new([
                relation(20000, "users", &[("id", 23), ("email", 25)]),
                relation(20001, "orders", &[("id", 23)]),
            ]),
            classes: Classes::from([(ColumnId { table_oid: 20000, number: 2 }, Class::Email)]),
            subject: subject(&policies),
            policies,
            catalog_version: 1,
            readings: Readings::default(),
            from_client: Vec::new(),
            from_server: Vec::new(),
            client_waits: false,
            seen: Vec::new(),
            started: BTreeSet::new(),
            ended: BTreeSet::new(),
        }
    }

    /// The client sends. Whether the session goes on.
    pub(super) fn client(&mut self, bytes: &[u8]) -> bool {
        self.from_client.extend_from_slice(bytes);
        self.client_waits || self.client_sent()
    }

    /// The server sends. Whether the session goes on.
    pub(super) fn server(&mut self, bytes: &[u8]) -> bool {
        self.from_server.extend_from_slice(bytes);
        self.server_sent() && (!self.client_waits || self.client_sent())
    }

    /// The catalog was read again, and shows the same.
    pub(super) fn newer_catalog(&mut self) -> bool {
        self.catalog_version += 1;
        true
    }

    /// Other rules observe from now on.
    pub(super) fn change_modes(&mut self, bits: u8) -> bool {
        self.policies = observing(bits);
        self.subject = subject(&self.policies);
        true
    }

    /// The connection ends: what the client has seen, and how many statements have started.
    pub(super) fn end(mut self) -> (Vec<u8>, usize) {
        let mut lost = Vec::new();
        self.session.on_lost(&mut lost);
        for action in lost {
            let Action::Record(evidence) = action else { panic!("{action:?} after the end") };
            self.record(&evidence);
        }
        assert_eq!(self.started, self.ended, "a statement has no end");
        (self.seen, self.started.len())
    }

    fn client_sent(&mut self) -> bool {
        let mut actions = Vec::new();
        let Shell { session, catalog, classes, policies, subject, catalog_version, readings, .. } = self;
        let catalog_version = *catalog_version;
        let mut environment = Environment {
            catalog,
            classes,
            unsearched: None,
            methods: &Arc::default(),
            moved: None,
            allowance: None,
            stains: &session::Stains::default(),
            has_own_stains: true,
            policies,
            subject,
            catalog_version,
            catalog_holds: true,
            catalog_is_new: true,
            readings,
        };
        let step = session.on_client(&self.from_client, &mut environment, &mut actions);
        let from_client = std::mem::take(&mut self.from_client);
        self.perform(actions, &from_client);
        let Ok(step) = step else { return false };
        self.client_waits = matches!(step, Step::NeedsReplies(_));
        let (Step::More(used)
        | Step::NeedsCatalog(used)
        | Step::NeedsReading(used)
        | Step::NeedsReplies(used)
        | Step::NeedsAnswer(used)) = step;
        self.from_client = from_client[used..].to_vec();
        if matches!(step, Step::NeedsCatalog(_)) {
            self.catalog_version += 1;
            return self.client_sent();
        }
        true
    }

    fn server_sent(&mut self) -> bool {
        loop {
            let mut actions = Vec::new();
            let Shell { session, catalog, classes, policies, subject, catalog_version, readings, .. } = self;
            let catalog_version = *catalog_version;
            let mut environment = Environment {
                catalog,
                classes,
                unsearched: None,
                methods: &Arc::default(),
                moved: None,
                allowance: None,
                stains: &session::Stains::default(),
                has_own_stains: true,
                policies,
                subject,
                catalog_version,
                catalog_holds: true,
                catalog_is_new: true,
                readings,
            };
            let step = session.on_server(&self.from_server, &mut environment, &mut actions);
            let from_server = std::mem::take(&mut self.from_server);
            self.perform(actions, &from_server);
            let Ok(step) = step else { return false };
            let (Step::More(used)
            | Step::NeedsCatalog(used)
            | Step::NeedsReading(used)
            | Step::NeedsReplies(used)
            | Step::NeedsAnswer(used)) = step;
            self.from_server = from_server[used..].to_vec();
            match step {
                // One reading is enough: what the next does not know either stays unknown.
                Step::NeedsCatalog(_) => self.catalog_version += 1,
                _ => return true,
            }
        }
    }

    fn perform(&mut self, actions: Vec<Action>, input: &[u8]) {
        for action in actions {
            match action {
                Action::Record(evidence) => self.record(&evidence),
                Action::ForwardToClient(range) => self.seen.extend_from_slice(&input[range]),
                Action::SendToClient(bytes) => self.seen.extend(bytes),
                Action::ForwardToServer(range) => assert!(range.end <= input.len()),
                Action::SendToServer(bytes) => assert!(!bytes.is_empty()),
                Action::Ask(_) => panic!("nobody can be asked"),
                Action::Stain(_)
                | Action::Sighted(_)
                | Action::CatalogChanged
                | Action::RelationsChanged(_)
                | Action::Close(_) => {}
            }
        }
    }

    fn record(&mut self, evidence: &Evidence) {
        match evidence {
            Evidence::Started(started) => {
                assert!(self.started.insert(started.sequence), "a statement started twice");
            }
            Evidence::Finished(finished) => {
                assert!(self.started.contains(&finished.started.sequence), "what never started has ended");
                assert!(self.ended.insert(finished.started.sequence), "a statement ended twice");
            }
            Evidence::Renamed(_) | Evidence::Probing(_) => {}
        }
    }
}
