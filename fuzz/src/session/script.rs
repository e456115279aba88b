//! Reads a script: steps of one byte that says what, one that says how long, and that many bytes. Most steps are whole
//! messages, so that a fuzzer soon meets what lies behind the first checks.

use wire::compose;

/// One thing that happens to a session.
pub(super) enum Step {
    /// The client sends.
    Client(Vec<u8>),
    /// The server sends.
    Server(Vec<u8>),
    /// The catalog was read again.
    Catalog,
    /// Rules change their mode, by bits.
    Mode(u8),
}

/// Messages of a server that are whole by themselves: their type and body.
const ANSWERS: [(u8, &[u8]); 24] = [
    (b'1', b""),
    (b'2', b""),
    (b'3', b""),
    (b'n', b""),
    (b's', b""),
    (b'I', b""),
    (b'c', b""),
    (b'Z', b"I"),
    (b'Z', b"T"),
    (b'Z', b"E"),
    (b'C', b"SELECT 1\0"),
    (b'C', b"ALTER TABLE\0"),
    (b't', b"\0\0"),
    (b'T', b"\0\x02id\0\0\0\x4e\x20\0\x01\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0email\0\0\0\x4e\x20\0\x02\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"),
    (b'T', b"\0\x01x\0\0\0\x75\x30\0\x01\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\0"),
    (b'D', b"\0\x02\0\0\0\x011\0\0\0\x0cbob@shop.org"),
    (b'D', b"\0\x01\0\0\0\x0cbob@shop.org"),
    (b'E', b"SERROR\0VERROR\0C22012\0Mno\0\0"),
    (b'E', b"SFATAL\0VFATAL\0C57P01\0Mgone\0\0"),
    (b'N', b"SNOTICE\0C00000\0Mhello\0\0"),
    (b'A', b"\0\0\0\x01c\0p\0"),
    (b'S', b"standard_conforming_strings\0off\0"),
    (b'G', b"\0\0\0"),
    (b'H', b"\0\0\0"),
];

pub(super) fn steps(mut data: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some(([what, len], rest)) = data.split_first_chunk::<2>() {
        let (body, rest) = rest.split_at(usize::from(*len).min(rest.len()));
        data = rest;
        steps.push(step(*what, body));
    }
    steps
}

fn step(what: u8, body: &[u8]) -> Step {
    // Half of all steps is of the server.
    if 128 <= what {
        return Step::Server(match usize::from(what - 128) {
            answer if answer < ANSWERS.len() => message(ANSWERS[answer].0, ANSWERS[answer].1),
            tag if tag < 100 => message(ANSWERS[tag % ANSWERS.len()].0, body),
            // The error of the last replacement shows this session's nonce.
            120 => message(
                b'E',
                &[b"SERROR\0VERROR\0C22P02\0M\"refused by Picket 0000000000000007\"\0\0", body].concat(),
            ),
            _ => body.to_vec(),
        });
    }
    let (name, rest) = body.split_at(body.len().min(1));
    Step::Client(match what % 16 {
        0 => message(b'Q', &[body, b"\0"].concat()),
        1 => message(b'P', &[name, b"\0", rest, b"\0\0\0"].concat()),
        2 => message(b'B', &[name, b"\0", rest, b"\0\0\0\0\0\0\0"].concat()),
        3 => message(b'D', &[name, rest, b"\0"].concat()),
        4 => message(b'E', &[body, b"\0\0\0\0\0"].concat()),
        5 => message(b'C', &[name, rest, b"\0"].concat()),
        6 | 7 => message(b'S', b""),
        8 => message(b'd', body),
        9 => message(b'c', b""),
        10 => message(b'f', &[body, b"\0"].concat()),
        11 => message(b'H', b""),
        12 => message(b'F', body),
        13 => message(b'X', b""),
        14 => return if what < 64 { Step::Catalog } else { Step::Mode(body.first().copied().unwrap_or(0)) },
        _ => body.to_vec(),
    })
}

/// A message whose strings may be broken: the fuzzer decides what is in them.
fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    compose::frame(&mut out, tag, |out| out.extend_from_slice(body));
    out
}
