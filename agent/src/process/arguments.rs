//! What a process was started with, as a keyed hash or as it is. `/proc/PID/cmdline` is no field of the kernel but a window into the
//! process's memory: who reads it waits for the lock of that memory, which the process may hold for as long as it likes (an `mmap` of a
//! file whose server does not answer). So threads of their own read it, and are waited for so long and no longer.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{secrets, shown};
use crate::proc;

/// For the arguments of one process the agent waits no longer …
const WAIT: Duration = Duration::from_millis(200);
/// … and of each second no longer for those of all: events come meanwhile.
const WAITED_MAX: Duration = Duration::from_millis(250);
/// Threads that may hang at a time; beyond it nobody's arguments are read.
const READERS_MAX: usize = 4;
/// Between two warnings that some were not read.
const WARN_EVERY: Duration = Duration::from_secs(60);
/// Keeps these hashes apart from all else that may be made with the same key.
const PURPOSE: &[u8] = b"picket arguments 1\0";
/// Of a hash that is told: nobody finds two that have these in common.
const HASH_BYTES: usize = 16;
/// Stands for what was cut off.
const MORE: &str = "…";

/// Reads arguments, as far as somebody has asked for them.
#[derive(Debug)]
pub struct Arguments {
    /// `None` where they are not asked for.
    keep: Option<Keep>,
    /// Waits for the next process.
    reader: Option<Reader>,
    /// As many as there are threads, and one.
    alive: Arc<()>,
    wait: Duration,
    /// When the second began in which so long was waited.
    waited: (Instant, Duration),
    warned_at: Option<Instant>,
    /// Some were not read since that was asked last.
    is_untold: bool,
}

#[derive(Debug)]
struct Keep {
    key: ArgumentsKey,
    are_told: bool,
}

/// What the ledger says of arguments; empty where they are not known.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) arguments: Vec<String>,
    pub(super) hash: String,
}

impl Arguments {
    /// Tells them hashed with `key`, and `kept` as they are too.
    pub fn new(key: ArgumentsKey, kept: bool) -> Self {
        Arguments { keep: Some(Keep { key, are_told: kept }), ..Arguments::none() }
    }

    /// Reads none.
    pub fn none() -> Self {
        let waited = (Instant::now(), Duration::ZERO);
        Arguments {
            keep: None,
            reader: None,
            alive: Arc::new(()),
            wait: WAIT,
            waited,
            warned_at: None,
            is_untold: false,
        }
    }

    /// Those of the process whose folder in `/proc` this is.
    pub(super) fn of(&mut self, folder: &Arc<OwnedFd>) -> Told {
        if self.keep.is_none() {
            return Told::default();
        }
        let line = self.read(folder).unwrap_or_default();
        let Some(keep) = self.keep.as_ref().filter(|_| !line.is_empty()) else { return Told::default() };
        let arguments = if keep.are_told { told(&line) } else { Vec::new() };
        Told { arguments, hash: keep.key.hash(&line) }
    }

    fn read(&mut self, folder: &Arc<OwnedFd>) -> Option<Vec<u8>> {
        let (began, now) = (self.waited.0, Instant::now());
        if Duration::from_secs(1) <= now - began {
            self.waited = (now, Duration::ZERO);
        }
        if WAITED_MAX <= self.waited.1 {
            self.warn("too long was waited for those of others");
            return None;
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None if READERS_MAX < Arc::strong_count(&self.alive) => {
                self.warn("reading those of others does not end");
                return None;
            }
            None => match Reader::start(&self.alive) {
                Ok(reader) => reader,
                Err(error) => {
                    self.warn(&error.to_string());
                    return None;
                }
            },
        };
        let read = reader.read(folder, self.wait);
        self.waited.1 += now.elapsed();
        match read {
            Some(read) => {
                self.reader = Some(reader);
                // A process that has ended has none.
                read.ok()
            }
            // The thread ends by itself, once what it reads is there.
            None => {
                self.warn("reading them takes too long");
                None
            }
        }
    }

    /// Whether some were not read since that was asked last.
    pub(super) fn take_untold(&mut self) -> bool {
        std::mem::take(&mut self.is_untold)
    }

    fn warn(&mut self, why: &str) {
        self.is_untold = true;
        if self.warned_at.is_none_or(|at| WARN_EVERY <= at.elapsed()) {
            self.warned_at = Some(Instant::now());
            tracing::warn!(why, "arguments of a process are not told");
        }
    }
}

/// A thread that reads.
#[derive(Debug)]
struct Reader {
    ask: SyncSender<Arc<OwnedFd>>,
    told: Receiver<io::Result<Vec<u8>>>,
}

impl Reader {
    fn start(alive: &Arc<()>) -> io::Result<Self> {
        let ((ask, asked), (tell, told)) = (sync_channel::<Arc<OwnedFd>>(1), sync_channel(1));
        let alive = Arc::clone(alive);
        thread::Builder::new().name("arguments".to_owned()).spawn(move || {
            let _alive = alive;
            // Until nobody asks any more, or waits.
            while let Ok(folder) = asked.recv() {
                if tell.send(proc::arguments(&folder)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Reader { ask, told })
    }

    /// `None` where it takes too long.
    fn read(&self, folder: &Arc<OwnedFd>, wait: Duration) -> Option<io::Result<Vec<u8>>> {
        self.ask.send(Arc::clone(folder)).ok()?;
        self.told.recv_timeout(wait).ok()
    }
}

/// What hashes of arguments are made with.
#[derive(Clone)]
pub struct ArgumentsKey(Hmac<Sha256>);

impl ArgumentsKey {
    /// Of a secret that is long enough (`audit::secret`).
    pub fn new(secret: &[u8]) -> Self {
        // A key of HMAC may have any length (RFC 2104, section 3).
        let mut mac = Hmac::new_from_slice(secret).unwrap_or_else(|_| Hmac::new(&Default::default()));
        mac.update(PURPOSE);
        ArgumentsKey(mac)
    }

    /// The hash of a command line as `/proc/PID/cmdline` has it: each argument with a zero behind it. It is HMAC-SHA-256 (RFC 2104), the
    /// first 128 bits in hexadecimal. Of a longer line its first 4,096 bytes count.
    pub fn hash(&self, line: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(line.get(..proc::BYTES_MAX).unwrap_or(line));
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        digest.iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The key stays out of logs.
impl std::fmt::Debug for ArgumentsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ArgumentsKey")
    }
}

/// The arguments of a command line, without what is known as a password.
fn told(line: &[u8]) -> Vec<String> {
    let is_cut = proc::BYTES_MAX <= line.len();
    let whole = line.strip_suffix(&[0]).unwrap_or(line);
    let mut arguments: Vec<String> = whole.split(|byte| *byte == 0).map(shown).collect();
    secrets::hide(&mut arguments);
    if is_cut {
        arguments.push(MORE.to_owned());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tempfile::TempDir;

    use super::*;

    fn folder_of(dir: &TempDir) -> Arc<OwnedFd> {
        Arc::new(OwnedFd::from(File::open(dir.path()).unwrap()))
    }

    /// A machine that is busy starts a thread late.
    const LONG: Duration = Duration::from_secs(60);

    fn key() -> ArgumentsKey {
        ArgumentsKey::new(b"key")
    }

    fn told_of(arguments: &mut Arguments, line: &[u8]) -> Told {
        arguments.wait = LONG;
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("cmdline"), line).unwrap();
        arguments.of(&folder_of(&dir))
    }

    fn kept_of(line: &[u8]) -> Told {
        told_of(&mut Arguments::new(key(), true), line)
    }

    #[test]
    fn they_are_told_as_somebody_has_asked_for() {
        let line = b"psql\0-c\0SELECT\n1\0";
        assert_eq!(told_of(&mut Arguments::none(), line), Told::default());
        let hashed = told_of(&mut Arguments::new(key(), false), line);
        assert_eq!((hashed.arguments.len(), hashed.hash.len()), (0, 32));
        let kept = kept_of(line);
        assert_eq!(kept.arguments, ["psql", "-c", "SELECT\u{fffd}1"]);
        assert_eq!((&kept.hash, &kept.hash), (&hashed.hash, &key().hash(line)));
        assert_ne!(kept.hash, ArgumentsKey::new(b"other").hash(line));
        assert_ne!(kept.hash, kept_of(b"psql\0-c\0SELECT\n1").hash);
    }

    #[test]
    fn who_has_none_or_is_gone_tells_nothing() {
        assert_eq!(kept_of(b""), Told::default());
        let gone = folder_of(&TempDir::new().unwrap());
        assert_eq!(Arguments::new(key(), true).of(&gone), Told::default());
    }

    #[test]
    fn what_is_cut_off_is_said() {
        let line = [b"psql\0".as_slice(), &[b'a'; 2 * proc::BYTES_MAX]].concat();
        let kept = kept_of(&line);
        assert_eq!((kept.arguments.len(), kept.arguments.last().map(String::as_str)), (3, Some("…")));
        assert_eq!(kept.hash, key().hash(&line));
    }

    /// A hash that was told stays the same.
    #[test]
    fn the_form_stays() {
        assert_eq!(key().hash(b"psql\0"), "6e1e795dce59c49e62756bb36124e872");
    }

    /// Nobody writes to the queue that stands where the arguments are read: reading does not end.
    #[test]
    fn who_does_not_let_its_arguments_be_read_holds_up_nobody_for_long() {
        let dir = TempDir::new().unwrap();
        let queue = dir.path().join("cmdline");
        mknodat(CWD, &queue, FileType::Fifo, Mode::RWXU, 0).unwrap();
        let stuck = folder_of(&dir);
        let good = TempDir::new().unwrap();
        std::fs::write(good.path().join("cmdline"), b"psql\0").unwrap();
        let good = folder_of(&good);
        let mut arguments = Arguments::new(key(), true);
        for _ in 0..READERS_MAX {
            arguments.waited.1 = Duration::ZERO;
            assert_eq!(arguments.of(&stuck), Told::default());
        }
        assert!(arguments.take_untold() && !arguments.take_untold());
        // Another one is not asked: all who could are waited for.
        arguments.waited.1 = Duration::ZERO;
        assert_eq!(arguments.of(&good), Told::default());
        assert!(arguments.waited.1 < WAIT);
        assert_eq!(Arc::strong_count(&arguments.alive), 1 + READERS_MAX);
        // Each opens the queue, finds its end, and goes.
        let deadline = Instant::now() + Duration::from_secs(20);
        while 1 < Arc::strong_count(&arguments.alive) {
            assert!(Instant::now() < deadline);
            drop(File::options().read(true).write(true).open(&queue).unwrap());
        }
        (arguments.wait, arguments.waited.1) = (LONG, Duration::ZERO);
        assert_eq!(arguments.of(&good).arguments, ["psql"]);
        // So long was waited that it is enough for this second.
        arguments.waited = (Instant::now(), WAITED_MAX);
        assert_eq!(arguments.of(&good), Told::default());
        arguments.waited.0 -= Duration::from_secs(1);
        assert_eq!(arguments.of(&good).arguments, ["psql"]);
    }
}
