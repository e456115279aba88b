//! Where root asks a running agent to end a connection: a UNIX socket beside the spool, one line there and one back. The kernel
//! says who asks.

use std::fs::{self, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use daemon::{Failure, Kind};
use rustix::net::sockopt::socket_peercred;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

const NAME: &str = "agent.sock";
/// Questions that wait for the agent.
const WAITING_MAX: usize = 8;
/// A connection and a reason.
const LINE_BYTES_MAX: u64 = 4096;
/// How long somebody may take to ask …
const ASK_WAIT: Duration = Duration::from_secs(5);
/// … and the agent to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(30);
/// After an error of the kernel.
const PAUSE: Duration = Duration::from_millis(100);

/// What is asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The client's address and port, or the connection's cookie.
    pub connection: String,
    /// Why.
    pub reason: String,
}

/// What is answered.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// What was ended.
    Ended(String),
    /// Why nothing was.
    Error(String),
}

/// A question, and who waits for its answer.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) question: Question,
    pub(crate) uid: u32,
    pub(crate) pid: i32,
    pub(crate) answer: oneshot::Sender<Result<String, String>>,
}

/// Opens the door in `dir`, whose lock the spool holds.
pub(crate) fn open(dir: &Path) -> io::Result<mpsc::Receiver<Wish>> {
    let path = dir.join(NAME);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let (send, wishes) = mpsc::channel(WAITING_MAX);
    // It ends with the process.
    thread::Builder::new().name("door".to_owned()).spawn(move || {
        for stream in listener.incoming() {
            let served = stream.and_then(|stream| serve(stream, &send));
            if let Err(error) = served {
                tracing::warn!(%error, "somebody who asked the agent got no answer");
                thread::sleep(PAUSE);
            }
        }
    })?;
    Ok(wishes)
}

fn serve(stream: UnixStream, send: &mpsc::Sender<Wish>) -> io::Result<()> {
    stream.set_read_timeout(Some(ASK_WAIT))?;
    stream.set_write_timeout(Some(ASK_WAIT))?;
    let asker = socket_peercred(&stream)?;
    let own = rustix::process::geteuid();
    if !asker.uid.is_root() && asker.uid != own {
        return answer(stream, Err("only root and the agent's own user may ask".to_owned()));
    }
    let mut line = String::new();
    BufReader::new((&stream).take(LINE_BYTES_MAX)).read_line(&mut line)?;
    let question: Question = match serde_json::from_str(&line) {
        Ok(question) => question,
        Err(error) => return answer(stream, Err(format!("this is no question: {error}"))),
    };
    let (tell, told) = oneshot::channel();
    let (uid, pid) = (asker.uid.as_raw(), asker.pid.as_raw_nonzero().get());
    if send.try_send(Wish { question, uid, pid, answer: tell }).is_err() {
        return answer(stream, Err("the agent ends, or too many ask at once; ask again".to_owned()));
    }
    answer(stream, told.blocking_recv().unwrap_or_else(|_| Err("the agent ends".to_owned())))
}

fn answer(mut stream: UnixStream, told: Result<String, String>) -> io::Result<()> {
    let told = told.map_or_else(Answer::Error, Answer::Ended);
    let mut line = serde_json::to_vec(&told).map_err(io::Error::other)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// Asks the agent whose spool is in `dir`. Returns what was ended.
pub fn ask(dir: &Path, question: &Question) -> Result<String, Failure> {
    let path: PathBuf = dir.join(NAME);
    let mut stream = UnixStream::connect(&path).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => Kind::NoRights,
            _ => Kind::Unavailable,
        };
        let mend = "start the agent with this configuration, and ask as root or as its user";
        kind.says(format!("cannot ask the agent at {}: {error}; {mend}", path.display()))
    })?;
    stream.set_read_timeout(Some(ANSWER_WAIT)).context("ask the agent")?;
    let mut line = serde_json::to_vec(question).context("ask the agent")?;
    line.push(b'\n');
    stream.write_all(&line).context("ask the agent")?;
    let mut told = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX))
        .read_line(&mut told)
        .context("wait for the agent's answer")?;
    match serde_json::from_str(&told).context("read the agent's answer")? {
        Answer::Ended(what) => Ok(what),
        Answer::Error(why) => Err(Kind::Failed.says(why)),
    }
}
