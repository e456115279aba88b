//! The protocol itself: a refusal through the proxy is answered, message by message and with the same transaction
//! states, as PostgreSQL answers a statement that fails in the same place.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use e2e::login::Login;
use e2e::psql;
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;

use crate::stack::{Stack, words};

/// A client that sends exactly the messages it is told to.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    received: BytesMut,
    /// What the server has reported since the log-in, as `name=value`.
    pub(crate) greeted: Vec<String>,
}

/// What is sent before one `ReadyForQuery` is awaited.
#[derive(Clone, Copy, Debug)]
enum Send<'a> {
    /// A simple query.
    Query(&'a str),
    /// Parse (unnamed), Bind, Describe, Execute of each, then one Sync.
    Pipeline(&'a [&'a str]),
    /// Parse under the name `s`, then Sync.
    ParseNamed(&'a str),
    /// Bind and Execute of `s`, then Sync.
    RunNamed,
}

impl Client {
    pub(crate) fn connect(login: &Login) -> Result<Self> {
        Self::over(TcpStream::connect(("127.0.0.1", login.port)).context("connect")?, login)
    }

    /// Logs in over a connection that is there.
    pub(crate) fn over(stream: TcpStream, login: &Login) -> Result<Self> {
        stream.set_read_timeout(Some(Duration::from_secs(60))).context("bound the reads")?;
        let mut client = Self { stream, received: BytesMut::new(), greeted: Vec::new() };
        client.start(login)?;
        Ok(client)
    }

    fn start(&mut self, login: &Login) -> Result<()> {
        let parameters = [("user", login.user.as_str()), ("database", &login.database)];
        let mut buffer = BytesMut::new();
        frontend::startup_message(parameters, &mut buffer).context("write the start-up message")?;
        self.write(&mut buffer)?;
        let mut scram = ScramSha256::new(login.password.as_bytes(), ChannelBinding::unsupported());
        loop {
            match self.read()? {
                Message::AuthenticationSasl(_) => {
                    frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut buffer)?;
                    self.write(&mut buffer)?;
                }
                Message::AuthenticationSaslContinue(body) => {
                    scram.update(body.data())?;
                    frontend::sasl_response(scram.message(), &mut buffer)?;
                    self.write(&mut buffer)?;
                }
                Message::AuthenticationSaslFinal(body) => scram.finish(body.data())?,
                Message::ErrorResponse(_) => bail!("the log-in was refused"),
                Message::ParameterStatus(body) => {
                    self.greeted.push(format!("{}={}", body.name()?, body.value()?))
                }
                Message::ReadyForQuery(_) => return Ok(()),
                _ => {}
            }
        }
    }

    /// Sends and returns the answers in brief: one letter per message, tags and states spelled out.
    fn talk(&mut self, send: Send<'_>) -> Result<String> {
        let mut buffer = BytesMut::new();
        match send {
            Send::Query(text) => frontend::query(text, &mut buffer)?,
            Send::Pipeline(statements) => {
                for text in statements {
                    frontend::parse("", text, [], &mut buffer)?;
                    run("", &mut buffer)?;
                }
                frontend::sync(&mut buffer);
            }
            Send::ParseNamed(text) => {
                frontend::parse("s", text, [], &mut buffer)?;
                frontend::sync(&mut buffer);
            }
            Send::RunNamed => {
                run("s", &mut buffer)?;
                frontend::sync(&mut buffer);
            }
        }
        self.write(&mut buffer)?;
        let mut answers = Vec::new();
        loop {
            let (answer, last) = brief(&self.read()?)?;
            answers.extend(answer);
            if last {
                return Ok(answers.join(" "));
            }
        }
    }

    /// Sends all of it at once, and returns the answers in brief up to the `readies`th ReadyForQuery.
    pub(crate) fn exchange(&mut self, messages: &[u8], readies: usize) -> Result<String> {
        self.stream.write_all(messages).context("write to the server")?;
        let (mut answers, mut seen) = (Vec::new(), 0);
        while seen < readies {
            let (answer, last) = brief(&self.read()?)?;
            answers.extend(answer);
            seen += usize::from(last);
        }
        Ok(answers.join(" "))
    }

    /// The same, with the answers as they came.
    pub(crate) fn exchange_bytes(&mut self, messages: &[u8], readies: usize) -> Result<Vec<u8>> {
        self.stream.write_all(messages).context("write to the server")?;
        let (mut answers, mut seen) = (Vec::new(), 0);
        while seen < readies {
            let mut header = [0; 5];
            self.stream.read_exact(&mut header).context("read a header")?;
            let [tag, len @ ..] = header;
            let mut body = vec![0; (u32::from_be_bytes(len) as usize).saturating_sub(4)];
            self.stream.read_exact(&mut body).context("read a body")?;
            answers.extend([&header[..], &body].concat());
            seen += usize::from(tag == b'Z');
        }
        Ok(answers)
    }

    pub(crate) fn write(&mut self, buffer: &mut BytesMut) -> Result<()> {
        self.stream.write_all(&buffer.split()).context("write to the server")
    }

    pub(crate) fn read(&mut self) -> Result<Message> {
        loop {
            if let Some(message) = Message::parse(&mut self.received).context("parse the server's message")? {
                return Ok(message);
            }
            let mut chunk = [0; 4096];
            let count = self.stream.read(&mut chunk).context("read from the server")?;
            if count == 0 {
                bail!("the server closed the connection");
            }
            self.received.extend_from_slice(chunk.get(..count).unwrap_or_default());
        }
    }
}

fn run(statement: &str, buffer: &mut BytesMut) -> Result<()> {
    let none: [i16; 0] = [];
    let values: [Option<i32>; 0] = [];
    let bound =
        frontend::bind("", statement, none, values, |_, _| Ok(postgres_protocol::IsNull::Yes), none, buffer);
    bound.map_err(|_| anyhow::anyhow!("write a Bind message"))?;
    frontend::describe(b'P', "", buffer)?;
    frontend::execute("", 0, buffer)?;
    Ok(())
}

/// Settings and notices are no part of the comparison, and neither is the wording of an error.
fn brief(message: &Message) -> Result<(Option<String>, bool)> {
    let text = match message {
        Message::ParseComplete => "parsed".to_string(),
        Message::BindComplete => "bound".to_string(),
        Message::CloseComplete => "closed".to_string(),
        Message::CopyInResponse(_) => "copy-in".to_string(),
        Message::NoData => "no-data".to_string(),
        Message::RowDescription(body) => format!("columns:{}", body.fields().count()?),
        Message::DataRow(_) => "row".to_string(),
        Message::EmptyQueryResponse => "empty".to_string(),
        Message::CommandComplete(body) => format!("done:{}", body.tag()?.replace(' ', "_")),
        Message::ErrorResponse(_) => "error".to_string(),
        Message::ReadyForQuery(body) => {
            return Ok((Some(format!("ready:{}", char::from(body.status()))), true));
        }
        _ => return Ok((None, false)),
    };
    Ok((Some(text), false))
}

/// The refused statement, as the owner sends it through the proxy and could have it executed.
const DROP: &str = "DROP TABLE users CASCADE";
/// Fails when it is executed, as a refused simple query does: staff do not own the table.
const FAILS_AT_EXECUTION: &str = "DROP TABLE orders";
/// Fails when it is parsed, as a refused Parse does.
const FAILS_AT_PARSE: &str = "SELECT 1 FROM nowhere";

/// Holds the same conversation twice: through the proxy with `DROP`, directly with what fails in the same place.
fn assert_same_answers(stack: &Stack, conversation: &[Send<'_>]) -> Result<()> {
    let mut proxied = Client::connect(&stack.alice()?)?;
    let mut direct = Client::connect(&stack.staff())?;
    for send in conversation {
        let through = proxied.talk(*send)?;
        let expected = match send {
            Send::Query(text) => direct.talk(Send::Query(&text.replace(DROP, FAILS_AT_EXECUTION)))?,
            Send::ParseNamed(text) => direct.talk(Send::ParseNamed(&text.replace(DROP, FAILS_AT_PARSE)))?,
            Send::RunNamed => direct.talk(*send)?,
            Send::Pipeline(statements) => {
                let statements: Vec<String> =
                    statements.iter().map(|text| text.replace(DROP, FAILS_AT_PARSE)).collect();
                let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
                direct.talk(Send::Pipeline(&statements))?
            }
        };
        assert_eq!(through, expected, "{send:?} in {conversation:?}");
    }
    let there = psql::run(&stack.owner(), "SELECT to_regclass('public.users') IS NOT NULL")?.success()?;
    assert_eq!(there.trim(), "t", "the table is gone after {conversation:?}");
    Ok(())
}

#[test]
fn a_refused_query_is_answered_as_one_that_fails() -> Result<()> {
    let stack = Stack::start()?;
    for conversation in [
        [Send::Query(DROP), Send::Query("SELECT 1")].as_slice(),
        &[Send::Query("SELECT 1; DROP TABLE users CASCADE"), Send::Query("SELECT 1")],
        &[Send::Query("DROP TABLE users CASCADE; SELECT 1"), Send::Query("")],
        &[Send::Query("SELECT 1; DROP TABLE users CASCADE; SELECT 2"), Send::Query("SELECT 1")],
        &[
            Send::Query("BEGIN; SELECT 1; DROP TABLE users CASCADE"),
            Send::Query("SELECT 1"),
            Send::Query("ROLLBACK"),
        ],
        &[Send::Query("BEGIN; DROP TABLE users CASCADE; COMMIT"), Send::Query("COMMIT")],
        &[Send::Query("BEGIN; COMMIT; DROP TABLE users CASCADE"), Send::Query("SELECT 1")],
    ] {
        assert_same_answers(&stack, conversation)?;
    }
    Ok(())
}

#[test]
fn a_refusal_in_a_transaction_leaves_its_state_exact() -> Result<()> {
    let stack = Stack::start()?;
    assert_same_answers(
        &stack,
        &[
            Send::Query("BEGIN"),
            Send::Query("SAVEPOINT a"),
            Send::Query(DROP),
            Send::Query("SELECT 1"),
            Send::Query("ROLLBACK TO a"),
            Send::Query("SELECT 1"),
            Send::Pipeline(&["SELECT 1", DROP, "SELECT 2"]),
            Send::Query("SELECT 1"),
            Send::Query("COMMIT"),
            Send::Query("SELECT 1"),
        ],
    )
}

#[test]
fn a_refused_parse_skips_to_the_sync() -> Result<()> {
    let stack = Stack::start()?;
    for conversation in [
        [Send::Pipeline(&[DROP]), Send::Query("SELECT 1")].as_slice(),
        &[Send::Pipeline(&["SELECT 1", DROP, "SELECT 2"]), Send::Pipeline(&["SELECT 3"])],
        &[Send::Pipeline(&[DROP, DROP]), Send::Pipeline(&["SELECT 1"])],
        &[
            Send::Pipeline(&["BEGIN", "SELECT 1", DROP]),
            Send::Pipeline(&["SELECT 1"]),
            Send::Pipeline(&["ROLLBACK"]),
        ],
    ] {
        assert_same_answers(&stack, conversation)?;
    }
    Ok(())
}

#[test]
fn a_refused_named_statement_does_not_exist() -> Result<()> {
    let stack = Stack::start()?;
    assert_same_answers(&stack, &[Send::ParseNamed(DROP), Send::RunNamed, Send::Query("SELECT 1")])?;
    assert_same_answers(
        &stack,
        &[Send::ParseNamed("SELECT 1"), Send::RunNamed, Send::ParseNamed(DROP), Send::RunNamed],
    )
}

/// One message: its tag and its body.
pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&[tag][..], &len.to_be_bytes(), body].concat()
}

pub(crate) fn query(text: &str) -> Vec<u8> {
    message(b'Q', format!("{text}\0").as_bytes())
}

/// Parse, Bind and Execute, all unnamed.
pub(crate) fn extended(text: &str) -> Vec<u8> {
    [message(b'P', format!("\0{text}\0\0\0").as_bytes()), message(b'B', &[0; 8]), message(b'E', &[0; 5])]
        .concat()
}

/// Holds the same conversation with the same rights through the proxy and directly.
pub(crate) fn assert_same(stack: &Stack, conversation: &[(Vec<u8>, usize)]) -> Result<()> {
    let mut proxied = Client::connect(&stack.alice()?)?;
    let mut direct = Client::connect(&stack.owner())?;
    for (messages, readies) in conversation {
        let through = proxied.exchange(messages, *readies)?;
        let expected = direct.exchange(messages, *readies)?;
        assert_eq!(through, expected, "{}", messages.escape_ascii());
    }
    Ok(())
}

/// Fast-path calls are refused, and leave what is prepared as one that fails does.
#[test]
fn a_refused_call_leaves_the_unnamed_statement() -> Result<()> {
    let stack = Stack::start()?;
    // `loread(9, 1)`: no large object is open.
    let number = |value: u32| [4_u32.to_be_bytes(), value.to_be_bytes()].concat();
    let arguments = [&[0, 1, 0, 1, 0, 2][..], &number(9), &number(1), &[0, 0]].concat();
    let call = message(b'F', &[&954_u32.to_be_bytes()[..], &arguments].concat());
    let (parse, sync) = (message(b'P', b"\0SELECT 1\0\0\0"), message(b'S', b""));
    let run = [message(b'B', &[0; 8]), message(b'E', &[0; 5])].concat();
    for conversation in [
        [(vec![parse.clone(), sync.clone(), call.clone()], 2), (vec![run.clone(), sync.clone()], 1)]
            .as_slice(),
        &[(vec![parse.clone(), call.clone(), run.clone(), sync.clone()], 2)],
        &[
            (vec![query("BEGIN"), parse.clone(), sync.clone(), call.clone(), call.clone()], 4),
            (vec![query("ROLLBACK"), run.clone(), sync.clone()], 2),
        ],
        &[(vec![query("SELECT 1 FROM nowhere"), call.clone(), query("SELECT 1")], 3)],
    ] {
        let conversation: Vec<_> =
            conversation.iter().map(|(sent, readies)| (sent.concat(), *readies)).collect();
        assert_same(&stack, &conversation)?;
    }
    Ok(())
}

#[test]
fn a_copy_that_is_sent_at_once_is_answered_as_by_the_server() -> Result<()> {
    let stack = Stack::start()?;
    let (data, bad) = (message(b'd', b"1\n2\n"), message(b'd', b"no number\n"));
    let (done, fail, sync) = (message(b'c', b""), message(b'f', b"enough\0"), message(b'S', b""));
    let (copy, count) = ("COPY numbers FROM STDIN", query("SELECT count(*) FROM numbers"));
    let missing = "COPY nowhere FROM STDIN";
    let conversations = [
        (vec![query(copy), data.clone(), done.clone(), count.clone()], 2),
        (vec![query(copy), bad.clone(), done.clone(), count.clone()], 2),
        (vec![query(copy), data.clone(), fail.clone(), count.clone()], 2),
        (vec![query(missing), data.clone(), done.clone(), count.clone()], 2),
        (
            vec![
                query(&format!("{copy}; {copy}; SELECT 1")),
                data.clone(),
                done.clone(),
                data.clone(),
                done.clone(),
                count.clone(),
            ],
            2,
        ),
        (vec![extended(copy), data.clone(), data.clone(), done.clone(), sync.clone(), count.clone()], 2),
        (vec![extended(copy), sync.clone(), data.clone(), done.clone(), sync.clone(), count.clone()], 2),
        (vec![extended(copy), sync.clone(), bad, done.clone(), sync.clone(), count.clone()], 2),
        (vec![extended(copy), data.clone(), fail, sync.clone(), count.clone()], 2),
        (vec![extended(missing), data.clone(), done.clone(), sync.clone(), count.clone()], 2),
        (vec![extended(copy), data, done, extended("SELECT 1"), sync, count], 2),
    ];
    let begin = (query("CREATE TEMP TABLE numbers (number int)"), 1);
    let conversations = conversations.map(|(messages, readies)| (messages.concat(), readies));
    assert_same(&stack, &[vec![begin], conversations.to_vec()].concat())
}

/// A server that takes COPY data ignores a Sync, and answers it where the COPY has failed before.
#[test]
fn a_sync_among_copy_data_is_answered_as_by_the_server() -> Result<()> {
    let stack = Stack::start()?;
    let [data, twice, bad] = [&b"1\n"[..], b"2\n2\n", b"no number\n"].map(|data| message(b'd', data));
    let (done, fail, sync) = (message(b'c', b""), message(b'f', b"enough\0"), message(b'S', b""));
    let close = message(b'C', b"Snobody\0");
    let (text, count) = ("COPY numbers FROM STDIN", query("SELECT count(*) FROM numbers"));
    let (copy, simple) = (extended(text), query(text));
    let several = query(&format!("{text}; {text}; SELECT 1"));
    let (select, begin, commit) = (extended("SELECT 1"), query("BEGIN"), query("COMMIT"));
    let conversations: [(&[&Vec<u8>], usize); 21] = [
        (&[&copy, &bad, &sync, &done, &sync], 2),
        (&[&copy, &sync, &bad, &done, &sync], 1),
        (&[&copy, &data, &sync, &bad, &data, &sync, &sync, &data, &done, &sync], 3),
        (&[&copy, &data, &sync, &sync, &done, &select, &sync], 1),
        (&[&copy, &data, &sync, &fail, &sync], 1),
        (&[&copy, &bad, &sync, &fail, &sync], 2),
        (&[&copy, &twice, &sync, &done, &sync], 1),
        (&[&copy, &twice, &sync, &done, &close, &sync, &close, &sync], 2),
        (&[&copy, &bad, &sync, &close, &sync, &done, &close, &sync], 3),
        (&[&copy, &bad, &select, &sync], 1),
        (&[&copy, &bad, &sync, &select, &sync], 2),
        (&[&copy, &bad, &sync, &copy, &data, &sync, &done, &sync], 2),
        (&[&copy, &bad, &sync, &count], 2),
        (&[&copy, &sync, &bad, &count, &sync], 1),
        (&[&simple, &data, &sync, &done, &sync], 2),
        (&[&simple, &bad, &sync, &sync, &done, &sync], 4),
        (&[&simple, &sync, &twice, &sync, &done, &sync], 2),
        (&[&simple, &bad, &count], 2),
        (&[&several, &data, &sync, &done, &sync, &bad, &sync, &done, &sync], 3),
        (&[&begin, &copy, &sync, &data, &sync, &bad, &sync, &select, &sync, &commit], 4),
        (&[&begin, &copy, &data, &sync, &done, &select, &sync, &commit], 3),
    ];
    let made = (query("CREATE TEMP TABLE numbers (number int UNIQUE)"), 1);
    let emptied = (query("TRUNCATE numbers"), 1);
    for (messages, readies) in conversations {
        let sent = messages.iter().flat_map(|message| message.iter().copied()).collect();
        let all = [made.clone(), (sent, readies), (count.clone(), 1), emptied.clone()];
        assert_same(&stack, &all)?;
        // The client says more where it was told all, or a moment later.
        let (first, rest) = messages.split_at(messages.len() - 1);
        let first: Vec<u8> = first.iter().flat_map(|message| message.iter().copied()).collect();
        if 1 < readies && rest == [&sync] {
            let apart = [made.clone(), (first, readies - 1), (sync.clone(), 1), (count.clone(), 1)];
            assert_same(&stack, &apart)?;
        }
    }
    Ok(())
}

#[test]
fn a_name_that_was_not_deallocated_can_be_bound() -> Result<()> {
    let stack = Stack::start()?;
    let parse = message(b'P', b"s\0SELECT 1\0\0\0");
    let run = [message(b'B', b"\0s\0\0\0\0\0\0\0"), message(b'E', &[0; 5]), message(b'S', b"")].concat();
    let sync = message(b'S', b"");
    assert_same(
        &stack,
        &[
            ([parse.clone(), sync.clone()].concat(), 1),
            (query("BEGIN; SELECT 1/0"), 1),
            (query("DEALLOCATE s"), 1),
            (query("ROLLBACK"), 1),
            (run.clone(), 1),
            (query("DEALLOCATE s; SELECT 1/0"), 1),
            (run.clone(), 1),
            ([parse, extended("DEALLOCATE ALL"), run, sync].concat(), 2),
        ],
    )
}

#[test]
fn a_client_that_says_goodbye_at_once_gets_its_replies() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let sent = [query("SELECT id FROM users ORDER BY id LIMIT 1"), message(b'X', b"")].concat();
    assert_eq!(client.exchange(&sent, 1)?, "columns:1 row done:SELECT_1 ready:I");
    let mut left = Vec::new();
    client.stream.read_to_end(&mut left).context("read to the end")?;
    assert!(left.is_empty(), "{}", left.escape_ascii());
    Ok(())
}

#[test]
fn a_syntax_error_is_the_server_s_own_byte_for_byte() -> Result<()> {
    let stack = Stack::start()?;
    let (mut proxied, mut direct) = (Client::connect(&stack.alice()?)?, Client::connect(&stack.owner())?);
    let sync = message(b'S', b"");
    let parse = |name: &str, text: &str| message(b'P', format!("{name}\0{text}\0\0\0").as_bytes());
    for (messages, readies) in [
        (query("SELECT 1 FRM users"), 1),
        (query("SELECT 1; SELEC 2; SELECT 3"), 1),
        (query("SELECT 'open"), 1),
        (query("SELECT (1"), 1),
        ([extended("SELEC 1"), sync.clone()].concat(), 1),
        ([parse("s", "SELEC 1"), parse("s", "SELECT 1"), sync.clone()].concat(), 1),
        ([parse("s", "SELECT 1"), sync.clone()].concat(), 1),
        ([parse("s", "SELEC 1"), sync.clone()].concat(), 1),
        ([message(b'B', b"\0s\0\0\0\0\0\0\0"), message(b'E', &[0; 5]), sync.clone()].concat(), 1),
        ([extended("SELECT 1"), query("SELEC 1"), query("SELECT 1")].concat(), 2),
        ([extended("SELECT 1/0"), query("SELEC 1"), sync.clone()].concat(), 1),
        (query("BEGIN"), 1),
        (query("SELEC 1"), 1),
        (query("SELEC 1"), 1),
        ([extended("SELEC 1"), sync].concat(), 1),
        (query("SELECT 1"), 1),
        (query("ROLLBACK"), 1),
    ] {
        let through = proxied.exchange_bytes(&messages, readies)?;
        let expected = direct.exchange_bytes(&messages, readies)?;
        assert_eq!(
            through.escape_ascii().to_string(),
            expected.escape_ascii().to_string(),
            "{}",
            messages.escape_ascii()
        );
    }
    Ok(())
}

/// Longer than the proxy may hold: `max-message-bytes` is 64 MiB where nothing is said.
const LONG_BYTES: usize = 80 << 20;

#[test]
fn a_parameter_longer_than_the_limit_passes_and_a_statement_is_refused() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let value = vec![b'x'; LONG_BYTES];
    let bind = [
        &b"\0\0\0\0\0\x01"[..],
        &u32::try_from(value.len()).context("count the value")?.to_be_bytes(),
        &value,
        &[0; 2],
    ]
    .concat();
    let sent = [
        message(b'P', b"\0SELECT length($1)\0\0\0"),
        message(b'B', &bind),
        message(b'E', &[0; 5]),
        message(b'S', b""),
    ];
    assert_eq!(client.exchange(&sent.concat(), 1)?, "parsed bound row done:SELECT_1 ready:I");
    let long = format!("SELECT '{}'", String::from_utf8(value).context("read the value")?);
    // Only a message that was not held is refused with this SQLSTATE.
    let refused = client.exchange_bytes(&query(&long), 1)?;
    assert!(refused.windows(7).any(|field| field == b"C54000\0"), "{}", refused.escape_ascii());
    assert!(refused.ends_with(b"Z\0\0\0\x05I"), "{}", refused.escape_ascii());
    assert_eq!(client.exchange(&query("SELECT 1"), 1)?, "columns:1 row done:SELECT_1 ready:I");
    Ok(())
}

/// As drivers send them that write values into the text: psycopg2's `execute_values`, Django's `bulk_create`.
#[test]
fn an_insert_of_several_megabytes_is_read_and_recorded() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    client.exchange(&query("CREATE TEMP TABLE notes (id int, body text)"), 1)?;
    let rows: Vec<_> = (0..20_000).map(|id| format!("({id}, '{}')", "note ".repeat(40))).collect();
    let insert = format!("INSERT INTO notes VALUES {}", rows.join(", "));
    assert!(4 << 20 < insert.len());
    assert_eq!(client.exchange(&query(&insert), 1)?, "done:INSERT_0_20000 ready:I");
    let recorded = "SELECT rows FROM statements FINAL WHERE startsWith(text, 'INSERT INTO notes') \
         AND outcome = 'completed'";
    let recorded = stack.ledger.wait_row("the INSERT", recorded)?;
    assert_eq!(recorded["rows"], 20_000, "{recorded}");
    // What has so many words and signs that its tree would take gigabytes is not read.
    let refused = client.exchange_bytes(&query(&format!("SELECT 1{}", ",1".repeat(1 << 20))), 1)?;
    let refused = String::from_utf8_lossy(&refused).into_owned();
    assert!(refused.contains("more than 1048576 words and signs"), "{refused}");
    assert!(refused.ends_with("Z\0\0\0\u{5}I"), "{}", refused.escape_debug());
    Ok(())
}

/// EXECUTE runs what the protocol has prepared too: then no text says what.
#[test]
fn what_execute_runs_is_recorded_with_it() -> Result<()> {
    let stack = Stack::start()?;
    let mut client = Client::connect(&stack.alice()?)?;
    let parse = message(b'P', b"zap\0UPDATE users SET city = upper(city) WHERE id = 1\0\0\0");
    assert_eq!(client.exchange(&[parse, message(b'S', b"")].concat(), 1)?, "parsed ready:I");
    assert_eq!(client.exchange(&query("EXECUTE zap"), 1)?, "done:UPDATE_1 ready:I");
    let row = stack.statement("EXECUTE zap")?;
    assert_eq!(words(&row, "relations_written")?, ["public.users"]);
    assert_eq!(words(&row, "effects")?, ["execute", "update"]);
    client.exchange(&query("PREPARE look AS SELECT count(*) FROM users WHERE email IS NOT NULL"), 1)?;
    client.exchange(&query("EXECUTE look"), 1)?;
    let row = stack.statement("EXECUTE look")?;
    assert_eq!(words(&row, "relations_read")?, ["public.users"]);
    assert!(words(&row, "columns")?.contains(&"public.users.email"), "{row}");
    Ok(())
}
