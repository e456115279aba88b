//! What goes on in the kernel without an agent, where `act.without-agent` says so: links of programs and the ring of events, pinned
//! in a folder of the BPF file system (`bpf(2)`, BPF_OBJ_PIN). The next agent reads what was refused meanwhile, and takes them away
//! once its own programs refuse.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use aya::maps::{Map, MapData, RingBuf};
use aya::programs::links::{FdLink, PinnedLink};
use rustix::fs::statfs;
use uuid::Uuid;

use crate::event::Event;

use super::LoadError;

/// `BPF_FS_MAGIC` (include/uapi/linux/magic.h).
const BPF_FS_MAGIC: i64 = 0xcafe_4a11;
/// The ring's name beside the links.
const EVENTS: &str = "events";
/// A ring that nobody reads has so many events at most.
const EVENTS_MAX: usize = 65_536;

/// A program at work, for as long as this lives, or longer.
#[derive(Debug)]
pub(super) enum Hold {
    /// Detached when this is dropped.
    Own(FdLink),
    /// Detached when its file is gone.
    Kept(PinnedLink),
}

/// Where one agent's programs may go on without it.
#[derive(Clone, Debug)]
pub struct Pins {
    dir: PathBuf,
    /// Whose they are; a name of the file system, which takes no dot.
    owner: String,
}

/// The folder of one agent's life.
#[derive(Debug)]
pub(super) struct Keeping {
    folder: PathBuf,
}

/// What agents have left that have ended.
#[derive(Debug, Default)]
pub struct Left {
    folders: Vec<PathBuf>,
}

impl Keeping {
    /// Begins a life, with the ring that its programs write to.
    pub(super) fn begin(pins: &Pins, events: &RingBuf<MapData>) -> Result<Self, LoadError> {
        let Pins { dir, owner } = pins;
        let failed = |because: io::Error| LoadError::Kept { dir: dir.clone(), because: because.to_string() };
        make(dir).map_err(failed)?;
        let folder = dir.join(format!("{owner}_{}", Uuid::now_v7().simple()));
        fs::create_dir(&folder).map_err(failed)?;
        let keeping = Keeping { folder };
        let ring = events.as_fd().try_clone_to_owned().map_err(failed)?;
        let ring = MapData::from_fd(ring).map_err(|error| failed(io::Error::other(error)))?;
        ring.pin(keeping.path(EVENTS)).map_err(|error| failed(io::Error::other(error)))?;
        Ok(keeping)
    }

    /// Keeps what this holds, under this name.
    pub(super) fn keep(&self, name: &str, hold: Hold) -> Result<Hold, LoadError> {
        let link = match hold {
            Hold::Own(link) => link,
            // Somebody has taken its file away.
            Hold::Kept(link) => FdLink::from(link),
        };
        let path = self.path(name);
        let failed = |because: String| LoadError::Kept { dir: self.folder.clone(), because };
        // That of one that was detached behind the agent's back.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error.to_string())),
            _ => {}
        }
        link.pin(path).map(Hold::Kept).map_err(|error| failed(error.to_string()))
    }

    /// Whether it is where these say.
    pub(super) fn is_at(&self, pins: &Pins) -> bool {
        self.folder.parent() == Some(&pins.dir)
    }

    /// Takes it all away: what is held by nothing else ends.
    pub(super) fn end(self) -> Result<(), LoadError> {
        clear(&self.folder)
            .map_err(|because| LoadError::Kept { dir: self.folder, because: because.to_string() })
    }

    /// Whether this name is still there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.path(name).exists()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Hold {
    /// It is detached with this from now on, once its file is gone.
    pub(super) fn own(self) -> Self {
        match self {
            Hold::Own(link) => Hold::Own(link),
            Hold::Kept(link) => Hold::Own(FdLink::from(link)),
        }
    }

    /// Detaches it.
    pub(super) fn let_go(self) {
        if let Hold::Kept(link) = self {
            // Whose file is gone is let go of by that.
            let _ = link.unpin();
        }
    }
}

impl Pins {
    /// Those in `dir` of the agent with this spool.
    pub fn new(dir: &Path, spool: &Path) -> Self {
        let mut owner = String::new();
        for byte in spool.as_os_str().as_bytes() {
            match byte {
                b'/' => owner.push('-'),
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => owner.push(char::from(*byte)),
                other => owner.push_str(&format!("_{other:02x}")),
            }
        }
        Pins { dir: dir.to_owned(), owner }
    }

    fn is_own(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
        name.rsplit_once('_').is_some_and(|(owner, _)| owner == self.owner)
    }
}

impl Left {
    /// What is there now.
    pub fn find(pins: &Pins) -> Self {
        let found = fs::read_dir(&pins.dir).into_iter().flatten().flatten();
        let folders = found.map(|entry| entry.path()).filter(|path| pins.is_own(path));
        Left { folders: folders.collect() }
    }

    /// Whether somebody has left anything.
    pub fn is_empty(&self) -> bool {
        self.folders.is_empty()
    }

    /// What was told and nobody has read.
    pub fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        for folder in &self.folders {
            let ring =
                MapData::from_pin(folder.join(EVENTS)).and_then(|map| RingBuf::try_from(Map::RingBuf(map)));
            let mut ring = match ring {
                Ok(ring) => ring,
                Err(error) => {
                    tracing::warn!(%error, folder = %folder.display(), "what was refused without an agent is not known");
                    continue;
                }
            };
            while events.len() < EVENTS_MAX
                && let Some(bytes) = ring.next()
            {
                events.extend(Event::read(&bytes));
            }
        }
        events
    }

    /// Ends what goes on without an agent.
    ///
    /// # Errors
    ///
    /// A file that cannot be removed.
    pub fn take_away(self) -> io::Result<()> {
        self.folders.iter().try_for_each(|folder| clear(folder))
    }
}

/// Removes the folder of one life.
fn clear(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        fs::remove_file(entry?.path())?;
    }
    fs::remove_dir(folder)
}

/// Makes the folder, in a BPF file system.
fn make(dir: &Path) -> io::Result<()> {
    let above = dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(dir);
    if statfs(above)?.f_type != BPF_FS_MAGIC {
        let message = format!(
            "`{}` is in no BPF file system; mount one (`mount -t bpf bpf /sys/fs/bpf`) or set `act.pin-dir`",
            above.display()
        );
        return Err(io::Error::other(message));
    }
    fs::create_dir_all(dir)
}
