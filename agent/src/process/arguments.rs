//! What a process was started with, as a keyed hash or as it is. `/proc/PID/cmdline` is no field of the kernel but a window into the
//! process's memory: who reads it waits for the lock of that memory, which the process may hold for as long as it likes (an `mmap` of a
//! file whose server does not answer). So threads of their own read it, and are waited for so long and no longer. Of a process that has ended, or lets
//! nobody read, what the kernel programs told counts.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use ebpf_abi::Process;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::heard::Heard;
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
    /// What the kernel programs told.
    heard: Heard<Told>,
}

#[derive(Debug)]
struct Keep {
    key: ArgumentsKey,
    are_told: bool,
}

/// What the ledger says of arguments; empty where they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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
            heard: Heard::default(),
        }
    }

    /// Those of the process, whose folder in `/proc` this is where it still runs.
    pub(super) fn of(&mut self, folder: Option<&Arc<OwnedFd>>, process: &Process) -> Told {
        if self.keep.is_none() {
            return Told::default();
        }
        let read = folder.map_or(Ok(Vec::new()), |folder| self.read(folder));
        let (line, why) = match read {
            Ok(line) => (line, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        if let Some(keep) = self.keep.as_ref().filter(|_| !line.is_empty()) {
            return keep.tell(&line);
        }
        let heard = self.heard.of(process).cloned();
        if let Some(why) = why.filter(|_| heard.is_none()) {
            self.warn(&why);
        }
        heard.unwrap_or_default()
    }

    /// What the kernel programs told of a process: what `/proc` would have said within its `connect`.
    pub(super) fn hear(&mut self, pid: u32, started_boot_ns: u64, line: &[u8]) {
        if let Some(keep) = self.keep.as_ref().filter(|_| !line.is_empty()) {
            self.heard.note(pid, started_boot_ns, keep.tell(line));
        }
    }

    /// A process that has ended has none. Else why they were not read.
    fn read(&mut self, folder: &Arc<OwnedFd>) -> Result<Vec<u8>, String> {
        let (began, now) = (self.waited.0, Instant::now());
        if Duration::from_secs(1) <= now - began {
            self.waited = (now, Duration::ZERO);
        }
        if WAITED_MAX <= self.waited.1 {
            return Err("too long was waited for those of others".to_owned());
        }
        let reader = match self.reader.take() {
            Some(reader) => reader,
            None if READERS_MAX < Arc::strong_count(&self.alive) => {
                return Err("reading those of others does not end".to_owned());
            }
            None => match Reader::start(&self.alive) {
                Ok(reader) => reader,
                Err(error) => return Err(error.to_string()),
            },
        };
        let read = reader.read(folder, self.wait);
        self.waited.1 += now.elapsed();
        match read {
            Some(read) => {
                self.reader = Some(reader);
                Ok(read.unwrap_or_default())
            }
            // The thread ends by itself, once what it reads is there.
            None => Err("reading them takes too long".to_owned()),
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

impl Keep {
    fn tell(&self, line: &[u8]) -> Told {
        Told { arguments: if self.are_told { told(line) } else { Vec::new() }, hash: self.key.hash(line) }
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
        arguments.of(Some(&folder_of(&dir)), &Process::UNKNOWN)
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
        assert_eq!(Arguments::new(key(), true).of(Some(&gone), &Process::UNKNOWN), Told::default());
    }

    #[test]
    fn of_who_is_gone_the_kernels_word_counts_and_of_who_is_there_its_own() {
        let process = Process { pid: 7, started_boot_ns: 9, ..Process::UNKNOWN };
        let mut arguments = Arguments::new(key(), true);
        arguments.wait = LONG;
        arguments.hear(7, 9, b"psql\0-c\0SELECT 1\0");
        let heard = arguments.of(None, &process);
        assert_eq!(heard, kept_of(b"psql\0-c\0SELECT 1\0"));
        assert_eq!(arguments.of(Some(&folder_of(&TempDir::new().unwrap())), &process), heard);
        assert_eq!(arguments.of(None, &Process { started_boot_ns: 10, ..process }), Told::default());
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("cmdline"), b"other\0").unwrap();
        assert_eq!(arguments.of(Some(&folder_of(&dir)), &process).arguments, ["other"]);
        arguments.hear(7, 9, b"");
        assert_eq!(arguments.of(None, &process), heard, "nothing could be read");
        let mut none = Arguments::none();
        none.hear(7, 9, b"psql\0");
        assert_eq!(none.of(None, &process), Told::default());
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
            assert_eq!(arguments.of(Some(&stuck), &Process::UNKNOWN), Told::default());
        }
        assert!(arguments.take_untold() && !arguments.take_untold());
        // Another one is not asked: all who could are waited for.
        arguments.waited.1 = Duration::ZERO;
        assert_eq!(arguments.of(Some(&good), &Process::UNKNOWN), Told::default());
        assert!(arguments.take_untold());
        // What the kernel told is told all the same.
        arguments.hear(0, 0, b"hidden\0");
        assert_eq!(arguments.of(Some(&stuck), &Process::UNKNOWN).arguments, ["hidden"]);
        assert!(!arguments.take_untold() && arguments.waited.1 < WAIT);
        arguments.heard = Heard::default();
        assert_eq!(Arc::strong_count(&arguments.alive), 1 + READERS_MAX);
        // Each opens the queue, finds its end, and goes.
        let deadline = Instant::now() + Duration::from_secs(20);
        while 1 < Arc::strong_count(&arguments.alive) {
            assert!(Instant::now() < deadline);
            drop(File::options().read(true).write(true).open(&queue).unwrap());
        }
        (arguments.wait, arguments.waited.1) = (LONG, Duration::ZERO);
        assert_eq!(arguments.of(Some(&good), &Process::UNKNOWN).arguments, ["psql"]);
        // So long was waited that it is enough for this second.
        arguments.waited = (Instant::now(), WAITED_MAX);
        assert_eq!(arguments.of(Some(&good), &Process::UNKNOWN), Told::default());
        arguments.waited.0 -= Duration::from_secs(1);
        assert_eq!(arguments.of(Some(&good), &Process::UNKNOWN).arguments, ["psql"]);
    }
}
