//! Random conversations, cut and interleaved at random: the client sees through the proxy what it would have seen
//! from a server that refuses and masks by itself, and nothing runs that was not recorded first.

use proptest::prelude::*;

use super::server::{NEWER_SQL, NO_SQL, Server};
use super::talk::{
    NONCE, Talk, bind, close_statement, describe_portal, describe_statement, execute, parse, query, sync,
    tags,
};
use crate::{Action, Evidence, Step, refusal};

/// What the client sends.
fn client_message() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        3 => Just("select id, email from users"),
        2 => Just("drop table users"),
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
        3 => (name.clone(), text).prop_map(|(name, text)| parse(name, text)),
        1 => name.clone().prop_map(|name| parse(name, NEWER_SQL)),
        3 => (name.clone(), name.clone()).prop_map(|(portal, statement)| bind(portal, statement)),
        1 => name.clone().prop_map(describe_portal),
        1 => name.clone().prop_map(describe_statement),
        3 => name.clone().prop_map(execute),
        1 => name.prop_map(close_statement),
        3 => Just(sync()),
    ]
}

/// The ErrorResponse that the proxy gives for a refused statement.
fn refused(text: &str) -> Vec<u8> {
    let reading = sql::read(text.as_bytes());
    let why = match policy::judge(&policy::Modes::default(), &reading, |_| false) {
        policy::Judgement::Unreadable(policy::Verdict::Refuse(why)) => why,
        policy::Judgement::Unreadable(other) => panic!("{other:?}"),
        policy::Judgement::Statements(verdicts) => match verdicts.into_iter().next() {
            Some(policy::Verdict::Refuse(why)) => why,
            other => panic!("{other:?}"),
        },
    };
    let mut out = Vec::new();
    refusal::answer(&why, &mut out);
    out
}

/// Runs the conversation through a session. `cuts` decides how many bytes move at each turn, and which way.
fn through_proxy(sent: &[u8], cuts: &[u8]) -> (Vec<u8>, Server, usize) {
    let (mut talk, mut server) = (Talk::new(), Server::default());
    let (mut from_client, mut at_proxy, mut from_server, mut to_proxy, mut seen) =
        (sent, Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut recorded, mut waits) = (0, false);
    let mut cuts = cuts.iter().copied().cycle();
    while !from_client.is_empty() || !from_server.is_empty() || !at_proxy.is_empty() {
        let cut = cuts.next().map_or(1, usize::from);
        if !waits && (cut % 2 == 0 && !from_client.is_empty() || from_server.is_empty()) {
            let (now, later) = from_client.split_at(from_client.len().min(cut / 2 + 1));
            from_client = later;
            at_proxy.extend_from_slice(now);
            let (step, actions) = talk.step_client(&at_proxy);
            let mut forwarded = Vec::new();
            for action in actions {
                match action {
                    Action::Record(Evidence::Started(_)) => recorded += 1,
                    Action::ForwardToServer(range) => forwarded.extend_from_slice(&at_proxy[range]),
                    Action::SendToServer(bytes) => forwarded.extend(bytes),
                    other => panic!("{other:?} on input of the client"),
                }
                // Evidence precedes effect: what has run by now was recorded by now.
                from_server.extend(server.answer(&std::mem::take(&mut forwarded)));
                assert!(server.ran.len() <= recorded, "something ran that was not recorded");
            }
            let Ok(Step::More(used) | Step::NeedsReplies(used)) = step else { panic!("{step:?}") };
            waits = matches!(step, Ok(Step::NeedsReplies(_)));
            at_proxy.drain(..used);
        } else {
            waits = false;
            let taken = from_server.len().min(cut / 2 + 1);
            to_proxy.extend(from_server.drain(..taken));
            let (step, actions) = talk.step_server(&to_proxy);
            for action in actions {
                match action {
                    Action::Record(_) => {}
                    Action::ForwardToClient(range) => seen.extend_from_slice(&to_proxy[range]),
                    Action::SendToClient(bytes) => seen.extend(bytes),
                    other => panic!("{other:?} on input of the server"),
                }
            }
            let Ok(Step::More(used)) = step else { panic!("{step:?}") };
            to_proxy.drain(..used);
        }
    }
    let mut lost = Vec::new();
    talk.session.on_lost(&mut lost);
    assert!(at_proxy.is_empty() && to_proxy.is_empty());
    (seen, server, lost.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_client_sees_what_it_would_have_seen(
        messages in prop::collection::vec(client_message(), 1..16),
        cuts in prop::collection::vec(any::<u8>(), 1..24),
    ) {
        let sent = [messages.concat(), sync()].concat();
        let mut direct = Server::default();
        direct.refuses = Some(refused);
        let expected = direct.answer(&sent);
        let (seen, server, lost) = through_proxy(&sent, &cuts);
        let nonce = format!("{NONCE:016x}");
        prop_assert!(!seen.windows(nonce.len()).any(|window| window == nonce.as_bytes()), "a replacement was shown");
        // Texts of errors about unknown names are Picket's own; everything else is the same byte for byte.
        prop_assert_eq!(tags(&seen), tags(&expected));
        prop_assert!(!seen.windows(5).any(|window| window == b"bob@s"), "an e-mail was shown");
        prop_assert!(server.ran.iter().all(|text| !text.starts_with("drop")), "a refused statement ran");
        prop_assert!(!server.ran.iter().any(|text| text == NEWER_SQL), "an unread statement ran");
        prop_assert_eq!(server.ran, direct.ran);
        prop_assert_eq!(lost, 0, "a statement was not told to have ended");
    }
}
