//! What a process was started with, as a keyed hash or as it is, and what its file is called. What the kernel programs told counts, which is what
//! was true within the `connect`: a process may run another program since, or have ended. `/proc` is asked of whom they told nothing.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ebpf_abi::{self as abi, Process};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::heard::Heard;
use super::{secrets, shown, until_zero};
use crate::asker::Asker;
use crate::proc;

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
    /// Name of the file, without folders.
    pub(super) executable: String,
}

impl Arguments {
    /// Tells them hashed with `key`, and `kept` as they are too.
    pub fn new(key: ArgumentsKey, kept: bool) -> Self {
        Arguments { keep: Some(Keep { key, are_told: kept }), ..Arguments::none() }
    }

    /// Reads none.
    pub fn none() -> Self {
        Arguments { keep: None, warned_at: None, is_untold: false, heard: Heard::default() }
    }

    /// Those of the process, whose folder in `/proc` this is where it still runs the same program.
    pub(super) fn of(&mut self, folder: Option<&Arc<OwnedFd>>, process: &Process, asker: &mut Asker) -> Told {
        let Some(keep) = &self.keep else { return Told::default() };
        let heard = self.heard.of(process).cloned().unwrap_or_default();
        let Some(folder) = folder.filter(|_| heard.hash.is_empty()).cloned() else { return heard };
        // A process that has ended has none.
        match asker.ask(move || proc::arguments(&folder).unwrap_or_default()) {
            Ok(line) if line.is_empty() => heard,
            Ok(line) => Told { executable: heard.executable, ..keep.tell(&line) },
            Err(why) => {
                self.warn(&why);
                heard
            }
        }
    }

    /// What the kernel programs told of a process: what `/proc` would have said within its `connect`.
    pub(super) fn hear(&mut self, told: &abi::Arguments) {
        let Some(keep) = &self.keep else { return };
        let line = told.line.get(..usize::from(told.copied)).unwrap_or_default();
        let arguments = if line.is_empty() { Told::default() } else { keep.tell(line) };
        let executable = name(&told.executable);
        let key = (told.pid, told.started_boot_ns, told.executions);
        self.heard.note(key, Told { executable, ..arguments });
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
        let arguments = if self.are_told { told(line) } else { Vec::new() };
        Told { arguments, hash: self.key.hash(line), executable: String::new() }
    }
}

/// The name of a file. What is as long as there is room for may be longer.
fn name(bytes: &[u8; abi::EXECUTABLE_BYTES]) -> String {
    let name = until_zero(bytes);
    let more = if name.len() + 1 < bytes.len() { "" } else { MORE };
    shown(name) + more
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

    use tempfile::TempDir;

    use super::*;

    fn folder_of(dir: &TempDir) -> Arc<OwnedFd> {
        Arc::new(OwnedFd::from(File::open(dir.path()).unwrap()))
    }

    fn key() -> ArgumentsKey {
        ArgumentsKey::new(b"key")
    }

    fn told_of(arguments: &mut Arguments, line: &[u8]) -> Told {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("cmdline"), line).unwrap();
        arguments.of(Some(&folder_of(&dir)), &Process::UNKNOWN, &mut Asker::patient())
    }

    fn kept_of(line: &[u8]) -> Told {
        told_of(&mut Arguments::new(key(), true), line)
    }

    /// What the kernel tells of the process with pid 7.
    fn kernel_tells(executions: u32, executable: &[u8], line: &[u8]) -> abi::Arguments {
        let mut told = abi::Arguments {
            kind: abi::Kind::Arguments,
            reserved: 0,
            copied: u16::try_from(line.len()).unwrap(),
            pid: 7,
            at_boot_ns: 0,
            started_boot_ns: 9,
            executions,
            reserved_2: 0,
            executable: [0; abi::EXECUTABLE_BYTES],
            line: [0; abi::ARGUMENTS_BYTES],
        };
        told.executable[..executable.len()].copy_from_slice(executable);
        told.line[..line.len()].copy_from_slice(line);
        told
    }

    const PROCESS: Process = Process { pid: 7, started_boot_ns: 9, executions: 1, ..Process::UNKNOWN };

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
        let mut arguments = Arguments::new(key(), true);
        assert_eq!(arguments.of(Some(&gone), &Process::UNKNOWN, &mut Asker::patient()), Told::default());
    }

    #[test]
    fn the_kernels_word_counts_and_that_of_who_is_there_where_it_said_none() {
        let (mut arguments, mut asker) = (Arguments::new(key(), true), Asker::patient());
        arguments.hear(&kernel_tells(1, b"psql", b"psql\0-c\0SELECT 1\0"));
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("cmdline"), b"other\0").unwrap();
        let (gone, there) = (None, folder_of(&dir));
        let heard = arguments.of(gone, &PROCESS, &mut asker);
        assert_eq!(
            (heard.executable.as_str(), &heard.arguments[..2]),
            ("psql", &["psql", "-c"].map(str::to_owned)[..])
        );
        assert_eq!(arguments.of(Some(&there), &PROCESS, &mut asker), heard);
        // Another one with its pid, and another program of its own.
        for other in [Process { started_boot_ns: 10, ..PROCESS }, Process { executions: 2, ..PROCESS }] {
            assert_eq!(arguments.of(gone, &other, &mut asker), Told::default());
            assert_eq!(arguments.of(Some(&there), &other, &mut asker).arguments, ["other"]);
        }
        // It has a title in their place.
        arguments.hear(&kernel_tells(2, b"postgres", b""));
        let titled = arguments.of(Some(&there), &Process { executions: 2, ..PROCESS }, &mut asker);
        assert_eq!((titled.executable.as_str(), titled.arguments), ("postgres", vec!["other".to_owned()]));
        let mut none = Arguments::none();
        none.hear(&kernel_tells(1, b"psql", b"psql\0"));
        assert_eq!(none.of(gone, &PROCESS, &mut asker), Told::default());
    }

    #[test]
    fn what_is_cut_off_is_said() {
        let line = [b"psql\0".as_slice(), &[b'a'; 2 * proc::BYTES_MAX]].concat();
        let kept = kept_of(&line);
        assert_eq!((kept.arguments.len(), kept.arguments.last().map(String::as_str)), (3, Some("…")));
        assert_eq!(kept.hash, key().hash(&line));
        let of = |bytes: usize| name(&kernel_tells(1, &[b'a'].repeat(bytes), b"").executable);
        assert_eq!((of(62), of(63)), ("a".repeat(62), "a".repeat(63) + "…"));
    }

    /// A hash that was told stays the same.
    #[test]
    fn the_form_stays() {
        assert_eq!(key().hash(b"psql\0"), "6e1e795dce59c49e62756bb36124e872");
    }

    #[test]
    fn that_they_could_not_be_read_is_said_once() {
        let dir = TempDir::new().unwrap();
        let mut arguments = Arguments::new(key(), true);
        let mut asker = Asker::that_waits_for_nobody();
        assert_eq!(arguments.of(Some(&folder_of(&dir)), &PROCESS, &mut asker), Told::default());
        assert!(arguments.take_untold() && !arguments.take_untold());
        arguments.hear(&kernel_tells(1, b"psql", b"psql\0"));
        assert_eq!(arguments.of(Some(&folder_of(&dir)), &PROCESS, &mut asker).arguments, ["psql"]);
        assert!(!arguments.take_untold());
    }
}
