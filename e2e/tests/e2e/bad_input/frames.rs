//! Frames that are none: wrong lengths in every state, pieces of frames, frames that are too long, noise.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use anyhow::{Context, Result, bail};

use super::vitals::Vitals;
use crate::conversation::{Client, extended, message, query};
use crate::raw::{self, PROTOCOL_3_0, SSL_REQUEST, authentication, byte, plain, refusal, startup};
use crate::stack::Stack;

/// What a connection is at when something wrong comes.
#[derive(Clone, Copy, Debug)]
enum At {
    Connected,
    ToldThereIsNoTls,
    AskedForItsPassword,
    Idle,
    InTransaction,
    InAFailedTransaction,
    InAPipeline,
    InACopy,
    Waiting,
}

/// The first packet has a length and no tag.
const UNTAGGED: [At; 2] = [At::Connected, At::ToldThereIsNoTls];

const TAGGED: [At; 7] = [
    At::AskedForItsPassword,
    At::Idle,
    At::InTransaction,
    At::InAFailedTransaction,
    At::InAPipeline,
    At::InACopy,
    At::Waiting,
];

impl At {
    /// A connection that is at it.
    fn connection(self, stack: &Stack) -> Result<TcpStream> {
        let login = stack.alice()?;
        if matches!(self, At::Connected | At::ToldThereIsNoTls | At::AskedForItsPassword) {
            let mut stream = plain(login.port)?;
            if matches!(self, At::ToldThereIsNoTls) {
                stream.write_all(&SSL_REQUEST)?;
                assert_eq!(byte(&mut stream)?, b'N');
            } else if matches!(self, At::AskedForItsPassword) {
                stream.write_all(&startup(PROTOCOL_3_0, &login, ""))?;
                authentication(&mut stream, 10)?;
            }
            return Ok(stream);
        }
        let mut client = Client::connect(&login)?;
        match self {
            At::InTransaction => drop(client.exchange(&query("BEGIN"), 1)?),
            At::InAFailedTransaction => drop(client.exchange(&query("BEGIN; SELECT 1/0"), 1)?),
            At::InAPipeline => client.stream.write_all(&extended("SELECT 1"))?,
            At::InACopy => {
                client.exchange(&query("CREATE TEMP TABLE numbers (number int)"), 1)?;
                client.stream.write_all(&query("COPY numbers FROM STDIN"))?;
                let (tag, _) = raw::message(&mut client.stream)?;
                assert_eq!(tag, b'G');
            }
            At::Waiting => client.stream.write_all(&query("SELECT pg_sleep(601)"))?,
            At::Connected | At::ToldThereIsNoTls | At::AskedForItsPassword | At::Idle => {}
        }
        Ok(client.stream)
    }

    /// The message that belongs there.
    fn tag(self) -> u8 {
        match self {
            At::AskedForItsPassword => b'p',
            At::InACopy => b'd',
            _ => b'Q',
        }
    }
}

#[test]
fn a_wrong_length_is_told_in_every_state() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    for (at, len) in
        UNTAGGED.iter().flat_map(|at| [0, 3, 7, 10_001, 0x7fff_ffff, u32::MAX].map(|len| (at, len)))
    {
        let mut stream = at.connection(&stack)?;
        stream.write_all(&len.to_be_bytes())?;
        let (code, text) = refusal(&mut stream).with_context(|| format!("{len} where it is {at:?}"))?;
        assert_eq!(code, "08P01", "{len} where it is {at:?}: {text}");
    }
    for (at, len) in TAGGED.iter().flat_map(|at| [0, 3, 0x7fff_ffff, u32::MAX].map(|len| (at, len))) {
        let mut stream = at.connection(&stack)?;
        stream.write_all(&[&[at.tag()][..], &u32::to_be_bytes(len)].concat())?;
        let (code, text) = refusal(&mut stream).with_context(|| format!("{len} where it is {at:?}"))?;
        assert_eq!(code, "08P01", "{len} where it is {at:?}: {text}");
    }
    vitals.assert_unharmed()
}

#[test]
fn a_client_that_ends_within_a_message_leaves_nothing() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let whole = [extended("SELECT 1"), message(b'S', b""), query("SELECT 2")].concat();
    for cut in (1..whole.len()).step_by(7) {
        let mut client = Client::connect(&stack.alice()?)?;
        client.stream.write_all(&whole[..cut])?;
        client.stream.shutdown(Shutdown::Write)?;
        // Whatever was whole is answered, and then it ends.
        client.stream.read_to_end(&mut Vec::new()).with_context(|| format!("cut at {cut}"))?;
    }
    let first = startup(PROTOCOL_3_0, &stack.alice()?, "");
    for cut in 0..first.len() {
        let mut stream = plain(stack.proxy.port())?;
        stream.write_all(&first[..cut])?;
        stream.shutdown(Shutdown::Write)?;
        stream.read_to_end(&mut Vec::new()).with_context(|| format!("start-up cut at {cut}"))?;
    }
    vitals.assert_unharmed()
}

#[test]
fn a_statement_longer_than_is_read_is_refused_and_the_session_goes_on() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    let mut client = Client::connect(&stack.alice()?)?;
    let long = format!("SELECT '{}'", "x".repeat(17 << 20));
    for (sent, shape) in
        [(query(&long), "ready:I"), ([extended(&long), message(b'S', b"")].concat(), "ready:I")]
    {
        let answer = client.exchange_bytes(&sent, 1)?;
        assert!(answer.windows(7).any(|field| field == b"C54000\0"), "{}", answer.escape_ascii());
        assert_eq!(client.exchange(&query("SELECT 1"), 1)?, format!("columns:1 row done:SELECT_1 {shape}"));
    }
    let described = message(b'D', &vec![b'S'; 10_000]);
    client.stream.write_all(&described)?;
    assert_eq!(refusal(&mut client.stream)?.0, "08P01");
    vitals.assert_unharmed()
}

#[test]
fn a_row_too_long_to_be_masked_ends_the_session_with_a_clear_error() -> Result<()> {
    let stack = Stack::start_with("max-message-bytes = 65536\n")?;
    let vitals = Vitals::take(&stack)?;
    stack.truth(
        "INSERT INTO users (name, email, city) VALUES ('Long', repeat('a', 70000) || '@example.com', 'Rome')",
    )?;
    let select = "SELECT email FROM users WHERE name = 'Long'";
    let mut client = Client::connect(&stack.alice()?)?;
    client.stream.write_all(&query(select))?;
    assert_eq!(raw::message(&mut client.stream)?.0, b'T');
    let (code, text) = refusal(&mut client.stream)?;
    assert_eq!(code, "54000");
    assert!(text.contains("a row whose columns are masked"), "{text}");
    assert_eq!(stack.statement(select)?["outcome"], "lost");
    stack.proxy.wait_log("answer_too_long")?;
    // Without a mask it passes, however long it is.
    let mut client = Client::connect(&stack.alice()?)?;
    assert_eq!(
        client.exchange(&query("SELECT repeat('a', 70000)"), 1)?,
        "columns:1 row done:SELECT_1 ready:I"
    );
    drop(client);
    vitals.assert_unharmed()
}

#[test]
fn long_notices_and_errors_pass() -> Result<()> {
    let stack = Stack::start_with("max-message-bytes = 65536\n")?;
    let vitals = Vitals::take(&stack)?;
    stack.truth(
        "CREATE FUNCTION say(level text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN \
         IF level = 'notice' THEN RAISE NOTICE '%', repeat('x', 300000); \
         ELSE RAISE EXCEPTION '%', repeat('x', 300000); END IF; END $$",
    )?;
    let (mut proxied, mut direct) = (Client::connect(&stack.alice()?)?, Client::connect(&stack.owner())?);
    for level in ["notice", "error"] {
        let said = query(&format!("SELECT say('{level}')"));
        let through = proxied.exchange_bytes(&said, 1)?;
        assert!(300_000 < through.len());
        assert!(through == direct.exchange_bytes(&said, 1)?, "the {level} is another one");
    }
    let failed = stack.statement("SELECT say('error')")?;
    assert_eq!((failed["outcome"].as_str(), failed["sqlstate"].as_str()), (Some("failed"), Some("P0001")));
    drop((proxied, direct));
    vitals.assert_unharmed()
}

/// The same bytes at each run, and without a pattern (xorshift64*).
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let step = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_be_bytes()[0]
    };
    std::iter::repeat_with(step).take(len).collect()
}

#[test]
fn noise_ends_in_an_error_or_a_close() -> Result<()> {
    let stack = Stack::start()?;
    let vitals = Vitals::take(&stack)?;
    for seed in 1..=300 {
        let mut stream = plain(stack.proxy.port())?;
        end_with(&mut stream, &noise(seed, 200)).with_context(|| format!("noise {seed} at once"))?;
    }
    for seed in 1..=30 {
        let mut client = Client::connect(&stack.alice()?)?;
        end_with(&mut client.stream, &noise(seed, 2_000)).with_context(|| format!("noise {seed} later"))?;
        // The same behind the tag and length of a real message.
        let mut client = Client::connect(&stack.alice()?)?;
        let tag = b"QPBDECSHFdcf"[usize::try_from(seed)? % 12];
        let sent = [message(tag, &noise(seed, 40)), message(b'S', b""), message(b'X', b"")].concat();
        end_with(&mut client.stream, &sent).with_context(|| format!("noise {seed} in a message"))?;
    }
    vitals.assert_unharmed()
}

/// Sends it as all there is to say: what comes back must be whole messages, and then end.
fn end_with(stream: &mut TcpStream, sent: &[u8]) -> Result<()> {
    // Who is told to go while it speaks may be cut off.
    let _ = stream.write_all(sent).and_then(|()| stream.shutdown(Shutdown::Write));
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received);
    let mut rest = received.as_slice();
    while let Some(header) = rest.first_chunk::<5>() {
        let len = u32::from_be_bytes([header[1], header[2], header[3], header[4]]);
        rest = rest.get(1 + usize::try_from(len)?..).context("find the end of a message")?;
    }
    match read {
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => bail!("it does not end"),
        _ if rest.is_empty() => Ok(()),
        _ => bail!("what came is no message: {}", received.escape_ascii()),
    }
}
