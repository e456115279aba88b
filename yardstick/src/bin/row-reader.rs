//! A client that costs less than any proxy it measures: it reads results whole, counts rows, and looks at no value.

use std::io::{Read, Write, stdin};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use bytes::BytesMut;
use clap::{Parser, Subcommand};
use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256};
use postgres_protocol::message::backend::Message;
use postgres_protocol::message::frontend;
use serde_json::json;

/// Read rows from a PostgreSQL of 127.0.0.1 and count them. The password is in PGPASSWORD.
#[derive(Parser)]
struct Args {
    /// The port of 127.0.0.1.
    #[arg(long)]
    port: u16,
    #[arg(long)]
    user: String,
    #[arg(long)]
    database: String,
    #[arg(long, env = "PGPASSWORD", hide_env_values = true)]
    password: String,
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run a statement again and again, and print rows, bytes and seconds as JSON.
    Read {
        statement: String,
        /// Begin no further run after this time.
        #[arg(long)]
        seconds: u64,
    },
    /// Open connections, print "holding NUMBER", and keep them until standard input ends.
    Hold { connections: usize },
}

/// As much as one read takes.
const READ_BYTES_MAX: usize = 256 << 10;
/// Longer than any answer takes, so that a proxy that is stuck is an error.
const ANSWER_SECS_MAX: u64 = 120;

fn main() -> Result<()> {
    let args = Args::parse();
    match &args.task {
        Task::Read { statement, seconds } => read(&args, statement, Duration::from_secs(*seconds)),
        Task::Hold { connections } => hold(&args, *connections),
    }
}

fn read(args: &Args, statement: &str, time: Duration) -> Result<()> {
    let mut stream = connect(args)?;
    let mut buffer = vec![0; READ_BYTES_MAX];
    let mut total = Counted::default();
    let started = Instant::now();
    loop {
        let mut query = BytesMut::new();
        frontend::query(statement, &mut query).context("write the query")?;
        stream.write_all(&query).context("send the query")?;
        let counted = count_result(&mut stream, &mut buffer)?;
        if counted.rows == 0 {
            bail!("the statement returned no rows");
        }
        total.rows += counted.rows;
        total.bytes += counted.bytes;
        if time <= started.elapsed() {
            break;
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{}", json!({"rows": total.rows, "bytes": total.bytes, "seconds": seconds}));
    Ok(())
}

#[derive(Default)]
struct Counted {
    rows: u64,
    bytes: u64,
}

/// Reads to ReadyForQuery. Only headers of messages are looked at.
fn count_result(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Counted> {
    let mut counted = Counted::default();
    // Bytes of the message at hand that are still to come, and the part of a header that has come.
    let (mut skip, mut header, mut held) = (0_usize, [0_u8; 5], 0_usize);
    loop {
        let count = stream.read(buffer).context("read the result")?;
        if count == 0 {
            bail!("the connection was closed in the middle of a result");
        }
        counted.bytes += count as u64;
        let mut rest = buffer.get(..count).unwrap_or_default();
        loop {
            let skipped = skip.min(rest.len());
            skip -= skipped;
            rest = rest.get(skipped..).unwrap_or_default();
            if rest.is_empty() {
                break;
            }
            let taken = rest.len().min(header.len() - held);
            let (head, tail) = rest.split_at(taken);
            if let Some(place) = header.get_mut(held..held + taken) {
                place.copy_from_slice(head);
            }
            held += taken;
            rest = tail;
            if held < header.len() {
                break;
            }
            held = 0;
            let [tag, length @ ..] = header;
            skip = (u32::from_be_bytes(length) as usize).checked_sub(4).context("read a message's length")?;
            match tag {
                b'D' | b'd' => counted.rows += 1,
                b'E' => bail!("the statement failed: {}", String::from_utf8_lossy(rest)),
                // One byte of state follows, and nothing else.
                b'Z' => {
                    if rest.is_empty() {
                        stream.read_exact(&mut [0]).context("read the last byte")?;
                    }
                    return Ok(counted);
                }
                _ => {}
            }
        }
    }
}

fn hold(args: &Args, connections: usize) -> Result<()> {
    let mut held = Vec::with_capacity(connections);
    for number in 1..=connections {
        held.push(connect(args).with_context(|| format!("open connection {number}"))?);
    }
    println!("holding {}", held.len());
    stdin().read_to_end(&mut Vec::new()).context("wait for the end")?;
    Ok(())
}

fn connect(args: &Args) -> Result<TcpStream> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, args.port)).context("connect")?;
    stream.set_nodelay(true).context("send small packets at once")?;
    stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECS_MAX))).context("bound the reads")?;
    let mut out = BytesMut::new();
    let parameters = [("user", args.user.as_str()), ("database", &args.database)];
    frontend::startup_message(parameters, &mut out).context("write the start-up message")?;
    let mut scram = ScramSha256::new(args.password.as_bytes(), ChannelBinding::unsupported());
    let mut received = BytesMut::new();
    loop {
        stream.write_all(&out.split()).context("send the log-in")?;
        match next_message(&mut stream, &mut received)? {
            Message::AuthenticationSasl(_) => {
                frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut out)?;
            }
            Message::AuthenticationSaslContinue(body) => {
                scram.update(body.data())?;
                frontend::sasl_response(scram.message(), &mut out)?;
            }
            Message::AuthenticationSaslFinal(body) => scram.finish(body.data())?,
            Message::ErrorResponse(body) => {
                let text = body.fields().find(|field| Ok(field.type_() == b'M')).ok().flatten();
                let text = text.map(|field| String::from_utf8_lossy(field.value_bytes()).into_owned());
                bail!("the log-in was refused: {}", text.unwrap_or_default());
            }
            Message::ReadyForQuery(_) => return Ok(stream),
            _ => {}
        }
    }
}

fn next_message(stream: &mut TcpStream, received: &mut BytesMut) -> Result<Message> {
    loop {
        if let Some(message) = Message::parse(received).context("read a message")? {
            return Ok(message);
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk).context("read the answer to the log-in")?;
        if count == 0 {
            bail!("the connection was closed during the log-in");
        }
        received.extend_from_slice(chunk.get(..count).unwrap_or_default());
    }
}
