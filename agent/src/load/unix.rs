//! What connections over UNIX sockets carry, and when they end, as far as the kernel lets programs tell: without, they are told all the same.

use aya::Btf;
use aya::maps::{HashMap, MapData};
use aya::programs::{FEntry, ProgramError};
use ebpf_abi::UnixBytes;

use super::{Kernel, said, until_read};
use crate::lack::Lack;

/// What counts, and the tracepoints where that is done (Linux 6.3, as the one that tells of the connections).
const COUNTING: [(&str, &str); 2] =
    [("unix_received", "sock_recv_length"), ("unix_sent", "sock_send_length")];

/// Tells of ends, and the function of the kernel that it is called before.
const OF_ENDS: &str = "unix_closed";
const RELEASE: &str = "unix_release";

/// What servers' ends of connections over UNIX sockets have received and sent.
#[derive(Debug)]
pub struct UnixCounts(pub(super) HashMap<MapData, u64, UnixBytes>);

impl UnixCounts {
    /// Of a connection that is over, by the cookie of the server's socket: it is forgotten. Zeros where nobody counted.
    pub fn take(&mut self, cookie: u64) -> UnixBytes {
        let counted = self.0.get(&cookie, 0).unwrap_or_default();
        // One that nobody counted is not there.
        let _ = self.0.remove(&cookie);
        counted
    }
}

impl Kernel {
    /// What is counted of connections over UNIX sockets; `None` the second time.
    pub fn unix_counts(&mut self) -> Option<UnixCounts> {
        self.unix_counts.take()
    }

    /// Whether the ends of connections over UNIX sockets are told, but of those that a look has found.
    pub fn tells_unix_ends(&self) -> bool {
        self.attached.contains_key(OF_ENDS)
    }

    /// Counts, and tells of ends, where the kernel can: before the first connection is told.
    pub(super) fn follow_unix_sockets(&mut self, btf: &Btf) {
        for (name, tracepoint) in COUNTING {
            let counted = self.load_tracepoint(name, tracepoint, btf).and_then(|()| self.attach(name));
            if let Err(error) = counted {
                let problem = said(&error);
                tracing::warn!(program = name, problem, "bytes over UNIX sockets are not counted");
                self.lacks.insert(Lack::UnixBytes);
            }
        }
        if let Err(error) = self.load_unix_ends(btf).and_then(|()| self.attach(OF_ENDS)) {
            let problem = said(&error);
            tracing::warn!(
                program = OF_ENDS,
                problem,
                "ends of connections over UNIX sockets are found by looks, some seconds later: this kernel lets no program be called at \
                 its functions"
            );
            self.lacks.insert(Lack::UnixEnds);
        }
    }

    fn load_unix_ends(&mut self, btf: &Btf) -> Result<(), ProgramError> {
        let program = self.programs.program_mut(OF_ENDS).ok_or(ProgramError::NotLoaded)?;
        let program = <&mut FEntry>::try_from(program)?;
        until_read(|| program.load(RELEASE, btf))
    }
}
