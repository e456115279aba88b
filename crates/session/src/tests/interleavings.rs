//! Random conversations, cut and interleaved at random: the client sees through the proxy what it would have seen
//! from a server that refuses and masks by itself, nothing runs that was not recorded first, and whatever was recorded
//! to start is recorded to end, once. What needs an approval runs where it gets it, and there alone.

use std::collections::BTreeSet;

use policy::Approver;
use proptest::prelude::*;

use super::server::{
    APPROVED, BAD_DATA, COPY_MASKED, NEWER_SQL, NO_SQL, Server, copy_data, copy_done, copy_fail,
};
use super::talk::{
    NONCE, SHIPPED, Talk, bind, close_portal, close_statement, describe_portal, describe_statement, execute,
    execute_rows, flush, function_call, parse, query, subject, sync, tags,
};
use crate::{Action, Answer, Evidence, Request, Resting, Step, refusal};

/// What the client sends.
fn client_message() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        3 => Just("select id, email from users"),
        1 => Just("select 'constant', email from users"),
        2 => Just("drop table users"),
        1 => Just("copy orders to stdout"),
        1 => Just(COPY_MASKED),
        1 => Just("select 1/0"),
        1 => Just(NO_SQL),
        1 => Just("begin"),
        1 => Just("rollback"),
        1 => Just(""),
    ];
    let name = prop_oneof![Just(""), Just("a"), Just("b")];
    prop_oneof![
        2 => text.clone().prop_map(query),
        1 => Just(query(NEWER_SQL)),
        1 => (text.clone(), text.clone()).prop_map(|(first, second)| query(&format!("{first};{second}"))),
        2 => copy(),
        3 => (name.clone(), text).prop_map(|(name, text)| parse(name, text)),
        1 => name.clone().prop_map(|name| parse(name, NEWER_SQL)),
        3 => (name.clone(), name.clone()).prop_map(|(portal, statement)| bind(portal, statement)),
        1 => name.clone().prop_map(describe_portal),
        1 => name.clone().prop_map(describe_statement),
        3 => name.clone().prop_map(execute),
        2 => (name.clone(), 1..3_u8).prop_map(|(name, rows)| execute_rows(name, rows)),
        1 => name.clone().prop_map(close_statement),
        1 => name.prop_map(close_portal),
        1 => Just(flush()),
        1 => Just(function_call()),
        3 => Just(sync()),
    ]
}

/// A COPY and its data. Whether the server takes it or not, the client has sent it.
fn copy() -> impl Strategy<Value = Vec<u8>> {
    const COPY: &str = "copy orders from stdin";
    let begin = prop_oneof![
        Just(query(COPY)),
        Just(query(&format!("{COPY};select id, email from users"))),
        Just(query(&format!("select id, email from users;{COPY};drop table users"))),
        // Under a name that nothing else executes without data.
        Just([close_statement("c"), parse("c", COPY), bind("c", "c"), execute("c")].concat()),
    ];
    let data = prop_oneof![4 => Just(copy_data(b"1\n")), 1 => Just(copy_data(BAD_DATA)), 1 => Just(sync())];
    let end = prop_oneof![
        3 => Just(copy_done()),
        1 => Just(copy_fail("enough")),
        // It has failed by then: what comes next is a message like any other.
        1 => Just(copy_data(BAD_DATA)),
    ];
    (begin, prop::collection::vec(data, 0..4), end)
        .prop_map(|(begin, data, end)| [begin, data.concat(), end].concat())
}

/// The ErrorResponse that the proxy gives for a refused statement.
fn refused(text: &str) -> Vec<u8> {
    let (policies, nobody) = (&SHIPPED, subject(&SHIPPED));
    let (is_masked, catalog) = (|_: &sql::Statement| text.contains("users"), sql::Catalog::default());
    let meaning = policy::Meaning {
        catalog: &catalog,
        is_masked: &is_masked,
        is_maskable: &|_| false,
        class_of: &|_, _| None,
        looks_into: &|_| Vec::new(),
    };
    let verdict = match sql::read(text.as_bytes()) {
        Err(unreadable) => Some(policies.judge_unreadable(&nobody, &unreadable)),
        Ok(facts) => policies.judge(&nobody, &facts, &meaning).into_iter().next(),
    };
    let Some(policy::Verdict::Refuse(why)) = verdict else { panic!("{verdict:?}") };
    let mut out = Vec::new();
    refusal::answer(&why, &mut out);
    out
}

/// A conversation through a session. Bytes are on their way at four places.
pub(super) struct Proxied<'a> {
    pub(super) talk: Talk,
    pub(super) server: Server,
    from_client: &'a [u8],
    at_proxy: Vec<u8>,
    from_server: Vec<u8>,
    to_proxy: Vec<u8>,
    pub(super) seen: Vec<u8>,
    started: BTreeSet<u64>,
    ended: BTreeSet<u64>,
    /// What has started.
    texts: BTreeSet<String>,
    /// The client's next turn comes after the server's.
    waits: bool,
    /// What somebody answers who is asked.
    answers: Vec<bool>,
    /// How often somebody was asked.
    asked: usize,
}

impl<'a> Proxied<'a> {
    pub(super) fn new(sent: &'a [u8], server: Server, answers: Vec<bool>) -> Self {
        Proxied {
            talk: Talk::asking(),
            server,
            from_client: sent,
            at_proxy: Vec::new(),
            from_server: Vec::new(),
            to_proxy: Vec::new(),
            seen: Vec::new(),
            started: BTreeSet::new(),
            ended: BTreeSet::new(),
            texts: BTreeSet::new(),
            waits: false,
            answers,
            asked: 0,
        }
    }

    /// Moves bytes, at most `turns` times. `cuts` decides how many at each turn, and which way.
    fn run(&mut self, cuts: &[u8], turns: usize) {
        for cut in cuts.iter().copied().cycle().take(turns) {
            if self.is_over() {
                return;
            }
            self.turn(cut);
        }
    }

    /// Whether nothing is on its way.
    pub(super) fn is_over(&self) -> bool {
        self.from_client.is_empty() && self.from_server.is_empty() && self.at_proxy.is_empty()
    }

    /// Moves bytes. `cut` decides how many, and which way.
    pub(super) fn turn(&mut self, cut: u8) {
        let bytes = usize::from(cut / 2) + 1;
        if !self.waits
            && (cut.is_multiple_of(2) && !self.from_client.is_empty() || self.from_server.is_empty())
        {
            self.waits = self.client_turn(bytes);
        } else {
            self.waits = false;
            self.server_turn(bytes);
        }
    }

    /// Whether the client must wait for the server.
    fn client_turn(&mut self, bytes: usize) -> bool {
        let (now, later) = self.from_client.split_at(self.from_client.len().min(bytes));
        self.from_client = later;
        self.at_proxy.extend_from_slice(now);
        let (step, actions) = self.talk.step_client(&self.at_proxy);
        for action in actions {
            let forwarded = match action {
                Action::ForwardToServer(range) => self.at_proxy[range].to_vec(),
                Action::SendToServer(bytes) => bytes,
                Action::Record(evidence) => {
                    self.record(&evidence);
                    continue;
                }
                Action::Ask(request) => {
                    self.asked(&request);
                    continue;
                }
                other => panic!("{other:?} on input of the client"),
            };
            self.from_server.extend(self.server.answer(&forwarded));
            // Evidence precedes effect: what has run by now was recorded by now.
            assert!(self.server.ran.len() <= self.started.len(), "something ran that was not recorded");
            let mut prepared = self.server.prepared.iter();
            assert!(
                prepared.all(|text| self.texts.contains(text)),
                "something was planned that was not recorded"
            );
        }
        let Ok(Step::More(used) | Step::NeedsReplies(used) | Step::NeedsAnswer(used)) = step else {
            panic!("{step:?}")
        };
        self.at_proxy.drain(..used);
        self.check_rest();
        matches!(step, Ok(Step::NeedsReplies(_)))
    }

    /// Somebody answers. The client can be told that it waits: all that it has sent is answered, in no failed transaction.
    fn asked(&mut self, request: &Request) {
        assert_eq!(request.otherwise.rules, ["asked".into()]);
        let session = &self.talk.session;
        assert!(session.may_be_told() && !session.is_owed_replies(), "it asks too early");
        assert!(!self.server.has_failed(), "it asks about what cannot run");
        let groups = ["dba".to_owned()].into();
        let approvers = vec![Approver { user: "bob".to_owned(), groups }];
        let is_approved = self.answers.get(self.asked).copied().unwrap_or(true);
        self.asked += 1;
        self.talk.session.answered(match is_approved {
            true => Answer::Approved { approvers, requester: "alice".to_owned() },
            false => Answer::Refused(request.otherwise.clone()),
        });
    }

    fn server_turn(&mut self, bytes: usize) {
        let taken = self.from_server.len().min(bytes);
        self.to_proxy.extend(self.from_server.drain(..taken));
        let (step, actions) = self.talk.step_server(&self.to_proxy);
        for action in actions {
            match action {
                Action::Record(evidence) => self.record(&evidence),
                Action::ForwardToClient(range) => self.seen.extend_from_slice(&self.to_proxy[range]),
                Action::SendToClient(bytes) => self.seen.extend(bytes),
                other => panic!("{other:?} on input of the server"),
            }
        }
        let Ok(Step::More(used)) = step else { panic!("{step:?}") };
        self.to_proxy.drain(..used);
        self.check_rest();
    }

    fn record(&mut self, evidence: &Evidence) {
        match evidence {
            Evidence::Started(started) => {
                assert!(self.started.insert(started.sequence), "a statement started twice");
                self.texts.insert(started.text.as_deref().unwrap_or(&started.statement.text).to_owned());
            }
            Evidence::Finished(finished) => {
                let sequence = finished.started.sequence;
                assert!(self.started.contains(&sequence), "what never started has ended");
                assert!(self.ended.insert(sequence), "a statement ended twice");
            }
            Evidence::Renamed(_) | Evidence::Probing(_) => {}
        }
    }

    /// Where the proxy's own time-outs would end the session, the client has been told everything, ReadyForQuery with
    /// this state last; where an error of the proxy's own may be said, it would stand between two messages.
    fn check_rest(&self) {
        let whole = frames(&self.seen);
        if self.talk.session.may_be_told() {
            assert!(whole.is_some(), "an error would stand within a message");
        }
        if let (Some(resting), Some(whole)) = (self.talk.session.resting(), whole) {
            let status = whole.iter().rev().find(|frame| frame[0] == b'Z').map(|frame| frame[5]);
            let expected = if status.is_none_or(|status| status == b'I') {
                Resting::Idle
            } else {
                Resting::InTransaction
            };
            assert_eq!(resting, expected);
            let is_chatter = |frame: &[u8]| matches!(frame[0], b'N' | b'A' | b'S');
            let last = whole.iter().rev().find(|frame| !is_chatter(frame));
            assert!(last.is_none_or(|frame| frame[0] == b'Z'), "it rests in the middle of an answer");
        }
    }

    /// The connection is lost: every statement that started has ended then.
    pub(super) fn lose(&mut self) -> usize {
        let mut lost = Vec::new();
        self.talk.session.on_lost(&mut lost);
        for action in &lost {
            let Action::Record(evidence) = action else { panic!("{action:?} after the end") };
            self.record(evidence);
        }
        assert_eq!(self.started, self.ended, "a statement has no end");
        lost.len()
    }
}

/// The messages in `bytes`; `None` where the last is not whole.
pub(super) fn frames(mut bytes: &[u8]) -> Option<Vec<&[u8]>> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let len = u32::from_be_bytes(*bytes.get(1..)?.first_chunk()?);
        let (frame, rest) = bytes.split_at_checked(1 + len as usize)?;
        frames.push(frame);
        bytes = rest;
    }
    Some(frames)
}

/// What the server told unasked, and everything else.
fn apart(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let is_unasked = |frame: &&[u8]| matches!(frame[0], b'N' | b'A' | b'S');
    let (unasked, rest): (Vec<&[u8]>, Vec<&[u8]>) =
        frames(bytes).expect("whole messages").into_iter().partition(is_unasked);
    (unasked.concat(), rest.concat())
}

pub(super) fn messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(client_message(), 1..16)
}

pub(super) fn cuts() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 1..24)
}

/// When statements are cancelled: seldom, and soon.
pub(super) fn cancels() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![4 => Just(u8::MAX), 1 => 0..3_u8], 0..16)
}

/// What somebody says who is asked.
pub(super) fn answers() -> impl Strategy<Value = Vec<bool>> {
    prop::collection::vec(prop_oneof![2 => Just(true), 1 => Just(false)], 0..8)
}

pub(super) fn tells() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(prop_oneof![3 => Just(u8::MAX), 1 => 0..3_u8], 0..40)
}

/// Whether the client sees through the proxy what it would have seen without.
fn is_as_directly(
    messages: &[Vec<u8>],
    cuts: &[u8],
    cancels: Vec<u8>,
    tells: Vec<u8>,
    answers: Vec<bool>,
) -> Result<(), TestCaseError> {
    let sent = [messages.concat(), sync()].concat();
    let mut direct = Server::without_proxy(cancels.clone(), answers.clone(), refused);
    let expected = direct.answer(&sent);
    let mut proxied = Proxied::new(&sent, Server::behind_proxy(cancels, tells), answers);
    proxied.run(cuts, usize::MAX);
    prop_assert!(proxied.at_proxy.is_empty() && proxied.to_proxy.is_empty());
    prop_assert_eq!(proxied.lose(), 0, "a statement was not told to have ended");
    let nonce = format!("{NONCE:016x}");
    let (unasked, seen) = apart(&proxied.seen);
    prop_assert!(
        !seen.windows(nonce.len()).any(|window| window == nonce.as_bytes()),
        "a replacement was shown"
    );
    // Texts of errors about unknown names are Picket's own; everything else is the same byte for byte.
    prop_assert_eq!(tags(&seen), tags(&expected));
    prop_assert!(!seen.windows(5).any(|window| window == b"bob@s"), "an e-mail was shown");
    prop_assert_eq!(proxied.asked, direct.asked, "somebody was asked too often, or not at all");
    let Server { ran, told, .. } = proxied.server;
    prop_assert_eq!(unasked, told, "something that was told unasked was lost");
    prop_assert!(ran.iter().all(|text| !text.starts_with("drop")), "a refused statement ran");
    prop_assert!(!ran.iter().any(|text| text == NEWER_SQL), "an unread statement ran");
    let copies = ran.iter().filter(|text| APPROVED.contains(&text.as_str())).count();
    prop_assert!(copies <= direct.approved, "something ran that nobody has approved");
    prop_assert_eq!(ran, direct.ran);
    Ok(())
}

/// It was approved, and not executed at once; when it is, the transaction has taken it away.
#[test]
fn an_approved_portal_can_be_gone() {
    let messages = [parse("b", "copy orders to stdout"), bind("a", "b"), query(NEWER_SQL), execute("a")];
    for cut in [0, 20, 21, 60, 255] {
        is_as_directly(&messages, &[cut], Vec::new(), Vec::new(), Vec::new()).unwrap();
    }
}

/// PostgreSQL binds nothing but the end of it in a transaction that has failed.
#[test]
fn a_failed_transaction_binds_nothing() {
    let texts = [query("begin"), query(NEWER_SQL)];
    let messages = [&[parse("a", "copy orders to stdout")], texts.as_slice(), &[bind("", "a")]].concat();
    for cut in [0, 20, 60, 255] {
        is_as_directly(&messages, &[cut], Vec::new(), Vec::new(), Vec::new()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_client_sees_what_it_would_have_seen(
        messages in messages(), cuts in cuts(), cancels in cancels(), tells in tells(), answers in answers(),
    ) {
        is_as_directly(&messages, &cuts, cancels, tells, answers)?;
    }

    #[test]
    fn whenever_the_connection_is_lost_everything_has_ended(
        messages in messages(), cuts in cuts(), cancels in cancels(), tells in tells(), answers in answers(),
        turns in 0..200_usize,
    ) {
        let sent = messages.concat();
        let mut proxied = Proxied::new(&sent, Server::behind_proxy(cancels, tells), answers);
        proxied.run(&cuts, turns);
        proxied.lose();
    }
}
