//! Feeds a recording to a session as a shell would, and checks at each step what must always be true.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};
use std::thread;

use policy::{Policies, Setup, Subject, Who};
use session::{
    Action, Environment, Evidence, Finished, Outcome, Readings, Resting, ResultNames, Session, Step,
};
use wire::frame::HEADER_BYTES;
use wire::{frontend, split_frame};

use crate::recording::{From, Recording};

const MESSAGE_BYTES_MAX: u32 = 1 << 24;

/// The records of a conversation, a line for each execution.
pub(crate) fn records(name: &str) -> String {
    replay(&Recording::read(name), &[usize::MAX]).join("\n")
}

/// Replays a conversation, each piece of it cut into pieces of these lengths; the records of it.
pub(crate) fn replay(recording: &Recording, cuts: &[usize]) -> Vec<String> {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(sql::READ_STACK_BYTES);
        thread.spawn_scoped(scope, || replay_here(recording, cuts)).unwrap().join().unwrap()
    })
}

fn replay_here(recording: &Recording, cuts: &[usize]) -> Vec<String> {
    let mut replay = Replay::new(recording);
    let mut cuts = cuts.iter().copied().cycle();
    for (from, piece) in &recording.pieces {
        let mut left = piece.as_slice();
        while !left.is_empty() {
            let (now, later) = left.split_at(left.len().min(cuts.next().unwrap()));
            replay.feed(*from, now);
            left = later;
        }
    }
    replay.end()
}

/// The policies that are shipped.
static SHIPPED: LazyLock<Policies> = LazyLock::new(|| Policies::new(Setup::default()).unwrap());

struct Replay<'a> {
    recording: &'a Recording,
    session: Session,
    policies: &'static Policies,
    subject: Arc<Subject>,
    readings: Readings,
    catalog_version: u64,
    from_client: Vec<u8>,
    from_server: Vec<u8>,
    to_server: Output,
    to_client: Output,
    /// Messages that were sent by which something runs.
    runs: usize,
    /// The last message to the client that answers something.
    answered: Option<(u8, Vec<u8>)>,
    /// The client is not read before the server has answered more.
    waits: bool,
    started: BTreeSet<u64>,
    ended: BTreeSet<u64>,
    refused: Vec<String>,
    records: Vec<String>,
    closed: bool,
}

impl<'a> Replay<'a> {
    fn new(recording: &'a Recording) -> Self {
        Replay {
            recording,
            session: Session::new(recording.nonce(), MESSAGE_BYTES_MAX),
            policies: &SHIPPED,
            subject: SHIPPED.subject(&Who::default()).unwrap(),
            readings: Readings::default(),
            catalog_version: 1,
            from_client: Vec::new(),
            from_server: Vec::new(),
            to_server: Output::default(),
            to_client: Output::default(),
            runs: 0,
            answered: None,
            waits: false,
            started: BTreeSet::new(),
            ended: BTreeSet::new(),
            refused: Vec::new(),
            records: Vec::new(),
            closed: false,
        }
    }

    fn feed(&mut self, from: From, bytes: &[u8]) {
        match from {
            From::Client => {
                self.from_client.extend_from_slice(bytes);
                if !self.waits {
                    self.client();
                }
            }
            From::Server => {
                self.from_server.extend_from_slice(bytes);
                self.server();
                if self.waits {
                    self.client();
                }
            }
        }
        self.check_rest();
    }

    fn client(&mut self) {
        let input = std::mem::take(&mut self.from_client);
        let (step, actions) = self.step(From::Client, &input);
        self.perform(actions, &input);
        self.waits = matches!(step, Step::NeedsReplies(_));
        // What is asked for by itself is not there.
        if let (Step::NeedsCatalog(used), Some(_)) = (step, self.session.take_unknown()) {
            self.session.unknown_is_read();
            self.from_client = input[used..].to_vec();
            return self.client();
        }
        let (Step::More(used) | Step::NeedsReplies(used)) = step else { panic!("{step:?}") };
        self.from_client = input[used..].to_vec();
    }

    fn server(&mut self) {
        loop {
            let input = std::mem::take(&mut self.from_server);
            let (step, actions) = self.step(From::Server, &input);
            self.perform(actions, &input);
            let (Step::More(used) | Step::NeedsCatalog(used)) = step else { panic!("{step:?}") };
            self.from_server = input[used..].to_vec();
            if matches!(step, Step::More(_)) {
                return;
            }
            // The newer catalog is the same.
            self.catalog_version += 1;
        }
    }

    fn step(&mut self, from: From, input: &[u8]) -> (Step, Vec<Action>) {
        let Replay { recording, session, policies, subject, readings, catalog_version, .. } = self;
        let (catalog, classes) = (&recording.catalog, &recording.classes);
        let catalog_version = *catalog_version;
        let mut env = Environment {
            catalog,
            classes,
            unsearched: Some(&recording.unsearched),
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
        let mut actions = Vec::new();
        let step = match from {
            From::Client => session.on_client(input, &mut env, &mut actions),
            From::Server => session.on_server(input, &mut env, &mut actions),
        };
        (step.unwrap(), actions)
    }

    fn perform(&mut self, actions: Vec<Action>, input: &[u8]) {
        for action in actions {
            match action {
                Action::Record(evidence) => self.record(evidence),
                Action::ForwardToServer(range) => self.to_server.bytes.extend_from_slice(&input[range]),
                Action::SendToServer(bytes) => self.to_server.bytes.extend(bytes),
                Action::ForwardToClient(range) => self.to_client.bytes.extend_from_slice(&input[range]),
                Action::SendToClient(bytes) => self.to_client.bytes.extend(bytes),
                Action::Stain(stains) => self.records.push(format!("{} columns stained", stains.len())),
                // No record.
                Action::Sighted(_) | Action::RelationsChanged(_) => {}
                Action::CatalogChanged => self.records.push("definitions changed".to_owned()),
                Action::Ask(_) => panic!("nobody can be asked"),
                Action::Close(_) => self.closed = true,
            }
            self.runs += self.to_server.new_messages().filter(is_run).count();
            assert!(self.runs <= self.started.len(), "something is to run that was not recorded");
            let is_chatter = |tag: u8| matches!(tag, b'N' | b'A' | b'S');
            if let Some((tag, body)) =
                self.to_client.new_messages().filter(|(tag, _)| !is_chatter(*tag)).last()
            {
                self.answered = Some((tag, body.to_vec()));
            }
        }
    }

    fn record(&mut self, evidence: Evidence) {
        match evidence {
            Evidence::Started(started) => {
                assert!(self.started.insert(started.sequence), "a statement started twice");
                if !started.statement.refused_by.is_empty() {
                    self.refused.push(started.statement.text.clone());
                }
            }
            Evidence::Finished(finished) => {
                let sequence = finished.started.sequence;
                assert!(self.started.contains(&sequence), "what never started has ended");
                assert!(self.ended.insert(sequence), "a statement ended twice");
                self.records.push(shown(&finished));
            }
            Evidence::Renamed(name) => self.records.push(format!("the name is now {name}")),
            Evidence::Probing(_) => self.records.push("too many questions".to_owned()),
        }
    }

    /// Where the session rests, the client was told so, and nothing has been answered since.
    fn check_rest(&self) {
        let Some(resting) = self.session.resting() else { return };
        let expected = match self.answered.as_ref().map(|(tag, body)| (*tag, body.as_slice())) {
            None | Some((b'Z', b"I")) => Resting::Idle,
            Some((b'Z', _)) => Resting::InTransaction,
            Some(other) => panic!("it rests after {other:?}"),
        };
        assert_eq!(resting, expected, "a wrong transaction status");
    }

    fn end(self) -> Vec<String> {
        assert!(!self.session.is_owed_replies(), "a reply was not matched");
        assert_eq!(self.started, self.ended, "a statement has no end");
        assert!(self.closed == self.session.is_leaving(), "the client said goodbye, and nobody left");
        assert!(self.from_client.is_empty() && self.from_server.is_empty(), "a message was not whole");
        same("server", &self.to_server.bytes, &self.recording.to_server);
        same("client", &self.to_client.bytes, &self.recording.to_client);
        for (tag, body) in frames(&self.to_server.bytes) {
            let runs = |text: &String| body.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(tag != b'Q' || !self.refused.iter().any(runs), "what was refused was sent to run");
        }
        self.records
    }
}

/// What goes to one side.
#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
    /// Up to here messages were looked at.
    looked: usize,
}

impl Output {
    /// The messages that have become whole since the last call.
    fn new_messages(&mut self) -> impl Iterator<Item = (u8, &[u8])> {
        let from = self.looked;
        self.looked += frames(&self.bytes[from..]).map(|(_, body)| HEADER_BYTES + body.len()).sum::<usize>();
        frames(&self.bytes[from..self.looked])
    }
}

/// Whether something runs by a message of the client.
fn is_run((tag, body): &(u8, &[u8])) -> bool {
    match *tag {
        frontend::tag::QUERY => body.iter().any(|byte| !b" ;\n\0".contains(byte)),
        tag => matches!(tag, frontend::tag::EXECUTE | frontend::tag::FUNCTION_CALL),
    }
}

/// What went to a side is what went there when it was recorded.
fn same(side: &str, is: &[u8], was: &[u8]) {
    let at = is.iter().zip(was).take_while(|(is, was)| is == was).count();
    let shown =
        |bytes: &[u8]| bytes[at.saturating_sub(40)..bytes.len().min(at + 80)].escape_ascii().to_string();
    assert!(is == was, "to the {side} at byte {at}:\n  is  {}\n  was {}", shown(is), shown(was));
}

fn shown(finished: &Finished) -> String {
    let Finished { started, outcome, rows, bytes, masked: _, result } = finished;
    let outcome = match outcome {
        Outcome::Failed(sqlstate) => format!("failed {sqlstate}"),
        other => format!("{other:?}").to_lowercase(),
    };
    let ResultNames { returned: _, masked, revealed: _ } = result.as_deref().cloned().unwrap_or_default();
    let refused =
        started.statement.refused_by.iter().map(|rule| format!(", refused by {rule}")).collect::<String>();
    let masked = if masked.is_empty() { String::new() } else { format!(", masked {}", masked.join(" ")) };
    let effects = started.statement.effects.join("+");
    format!("{} {effects}: {outcome}, {rows} rows, {bytes} bytes{refused}{masked}", started.sequence)
}

/// Tag and body of each whole message.
fn frames(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (frame, rest) = split_frame(bytes, u32::MAX).ok()??;
        bytes = rest;
        Some((frame.tag, frame.body))
    })
}
