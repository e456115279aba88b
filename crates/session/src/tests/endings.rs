//! Random conversations in which time passes: a session that rests for too long ends when its time is over and not
//! before, one that is asked to drain breaks nothing off, and whatever ends, its client is told between two messages and
//! nothing that started stays without an end.

use std::time::Duration;

use proptest::prelude::*;
use wire::compose::{self, ErrorText};
use wire::{backend, split_frame};

use super::interleavings::{Proxied, cancels, cuts, frames, messages, tells};
use super::server::Server;
use super::talk::{MESSAGE_BYTES_MAX, sync};
use crate::{Patience, Resting, Rests, Stop};

/// Why a session was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Rested(Resting),
    Stopped(Stop),
}

/// A conversation as a shell with a clock drives it.
struct Timed<'a> {
    proxied: Proxied<'a>,
    patience: Patience,
    rests: Rests,
    stop: Stop,
    now: Duration,
    /// ReadyForQuery as often as the client has seen it, and since when so often.
    answered: (usize, Duration),
}

impl<'a> Timed<'a> {
    fn new(sent: &'a [u8], server: Server, patience: Patience) -> Self {
        let proxied = Proxied::new(sent, server, Vec::new());
        let (rests, now) = (Rests::new(patience), Duration::ZERO);
        Timed { proxied, patience, rests, stop: Stop::No, now, answered: (0, now) }
    }

    /// What a shell does before it waits: whether the session ends here.
    fn look(&mut self) -> Option<Ended> {
        let Timed { proxied, rests, stop, now, .. } = self;
        let session = &proxied.talk.session;
        if session.obeys(*stop) {
            return Some(Ended::Stopped(*stop));
        }
        let now = *now;
        rests.note(session.resting(), || now);
        rests.too_long_at().filter(|(end, _)| *end <= now).map(|(_, resting)| Ended::Rested(resting))
    }

    /// Some bytes move, and then so much time passes.
    fn turn(&mut self, cut: u8, wait: Duration) -> Option<Ended> {
        self.proxied.turn(cut);
        let answers = answers(&self.proxied.seen);
        if answers != self.answered.0 {
            self.answered = (answers, self.now);
        }
        if let Some(ended) = self.look() {
            return Some(ended);
        }
        self.now += wait;
        self.look()
    }

    fn most(&self, resting: Resting) -> Option<Duration> {
        match resting {
            Resting::Idle => self.patience.idle,
            Resting::InTransaction => self.patience.in_transaction,
        }
    }

    /// What must be true of a session that went on.
    fn check_going_on(&self) {
        let Some(resting) = self.proxied.talk.session.resting() else { return };
        if let Some(most) = self.most(resting) {
            assert!(self.now < self.answered.1 + most, "a rest was overlooked");
        }
        assert!(self.stop == Stop::No || resting == Resting::InTransaction, "it should have drained");
    }

    /// What must be true where a session was ended.
    fn check(&mut self, ended: Ended) {
        let in_transaction = self.proxied.server.in_transaction;
        let may_be_told = self.proxied.talk.session.may_be_told();
        let lost = self.proxied.lose();
        match ended {
            Ended::Rested(resting) => {
                assert_eq!(lost, 0, "a statement was broken off");
                assert_eq!(resting == Resting::InTransaction, in_transaction, "a wrong transaction status");
                let most = self.most(resting).expect("a rest that may last for ever");
                assert!(self.answered.1 + most <= self.now, "it had not rested for so long");
            }
            Ended::Stopped(Stop::WhenIdle) => {
                assert_eq!(lost, 0, "a statement was broken off");
                assert!(!in_transaction, "a transaction was broken off");
            }
            Ended::Stopped(_) => {}
        }
        if may_be_told {
            let mut farewell = Vec::new();
            let text =
                ErrorText { severity: "FATAL", sqlstate: "57P01", message: "over", detail: "", hint: "" };
            compose::error(&mut farewell, &text);
            self.proxied.seen.extend_from_slice(&farewell);
            let whole = frames(&self.proxied.seen).expect("a farewell stands within a message");
            assert_eq!(whole.last(), Some(&farewell.as_slice()));
        }
        assert!(
            self.proxied.server.ran.iter().all(|text| !text.starts_with("drop")),
            "a refused statement ran"
        );
    }
}

/// How many ReadyForQuery there are in whole messages.
fn answers(mut seen: &[u8]) -> usize {
    let mut answers = 0;
    while let Ok(Some((frame, rest))) = split_frame(seen, MESSAGE_BYTES_MAX) {
        answers += usize::from(frame.tag == backend::tag::READY_FOR_QUERY);
        seen = rest;
    }
    answers
}

fn patience() -> impl Strategy<Value = Patience> {
    let most = || prop::option::of((1..9_u64).prop_map(Duration::from_secs));
    (most(), most()).prop_map(|(idle, in_transaction)| Patience { idle, in_transaction })
}

/// Time that passes between turns: often none.
fn waits() -> impl Strategy<Value = Vec<Duration>> {
    let wait = prop_oneof![3 => Just(0), 1 => 0..3_000_u64, 1 => 3_000..12_000_u64];
    prop::collection::vec(wait.prop_map(Duration::from_millis), 1..24)
}

/// When the proxy is asked to stop, and how.
fn stops() -> impl Strategy<Value = Option<(usize, Stop)>> {
    prop::option::of((0..60_usize, prop_oneof![3 => Just(Stop::WhenIdle), 1 => Just(Stop::Now)]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_ends_a_session_breaks_off_nothing_that_runs(
        messages in messages(), cuts in cuts(), cancels in cancels(), tells in tells(),
        patience in patience(), waits in waits(), stop in stops(),
    ) {
        let sent = [messages.concat(), sync()].concat();
        let mut timed = Timed::new(&sent, Server::behind_proxy(cancels, tells), patience);
        let mut turns = cuts.iter().copied().cycle().zip(waits.into_iter().cycle()).enumerate();
        while !timed.proxied.is_over() {
            let Some((number, (cut, wait))) = turns.next() else { break };
            if let Some((_, stop)) = stop.filter(|(at, _)| *at == number) {
                timed.stop = stop;
            }
            if let Some(ended) = timed.turn(cut, wait) {
                timed.check(ended);
                return Ok(());
            }
            timed.check_going_on();
        }
        // The client says nothing more.
        timed.now += Duration::from_secs(100);
        match (timed.look(), timed.proxied.talk.session.resting().and_then(|resting| timed.most(resting))) {
            (Some(ended), _) => timed.check(ended),
            (None, None) => prop_assert_eq!(timed.proxied.lose(), 0, "a statement was not told to have ended"),
            (None, Some(_)) => prop_assert!(false, "a rest was overlooked"),
        }
    }
}

#[test]
fn a_rest_is_counted_from_where_it_began_and_each_has_its_own_time() {
    let secs = Duration::from_secs;
    let mut rests = Rests::new(Patience { idle: Some(secs(30)), in_transaction: Some(secs(10)) });
    assert_eq!(rests.too_long_at(), None);
    rests.note(Some(Resting::Idle), || secs(1));
    rests.note(Some(Resting::Idle), || secs(7));
    assert_eq!(rests.too_long_at(), Some((secs(31), Resting::Idle)));
    rests.note(None, || secs(8));
    assert_eq!(rests.too_long_at(), None);
    rests.note(Some(Resting::InTransaction), || secs(9));
    assert_eq!(rests.too_long_at(), Some((secs(19), Resting::InTransaction)));
}

#[test]
fn nobody_asks_for_the_time_where_no_rest_is_too_long() {
    let mut rests = Rests::new(Patience::default());
    rests.note(Some(Resting::Idle), || panic!("the time was asked for"));
    assert_eq!(rests.too_long_at(), None);
}
