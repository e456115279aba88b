//! Connections over UNIX sockets: that there are any, what they carry and when they end, as far as the kernel lets programs tell. Of what it does not, others
//! go on.

use aya::Btf;
use aya::maps::{HashMap, MapData};
use aya::programs::{FEntry, FExit, ProgramError};
use ebpf_abi::UnixTraffic;

use super::kept::Hold;
use super::{Kernel, said, until_read};
use crate::lack::Lack;

/// A program, and where it is called: a tracepoint, or a function of the kernel, at which some kernels let no program be called.
type Place = (&'static str, &'static str);

/// Tells of connections, from Linux 6.3 on …
const AT_TRACEPOINT: Place = ("unix_connections", "sk_data_ready");
/// … and before that, from 5.16 on.
const AT_FUNCTION: Place = ("unix_readable", "sock_def_readable");

/// What counts: at the functions of UNIX sockets …
const COUNTING: [Place; 2] =
    [("unix_recvmsg", "unix_stream_recvmsg"), ("unix_sendmsg", "unix_stream_sendmsg")];
/// … and at the tracepoints of all sockets (6.3).
const COUNTING_ANY: [Place; 2] = [("unix_received", "sock_recv_length"), ("unix_sent", "sock_send_length")];

/// Tells of ends.
const OF_ENDS: Place = ("unix_closed", "unix_release");

/// What servers' ends of connections over UNIX sockets have received and sent.
#[derive(Debug)]
pub struct UnixCounts(pub(super) HashMap<MapData, u64, UnixTraffic>);

impl UnixCounts {
    /// Of a connection that is over, by the cookie of the server's socket: it is forgotten. Zeros where nobody counted.
    pub fn take(&mut self, cookie: u64) -> UnixTraffic {
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
        self.attached.contains_key(OF_ENDS.0)
    }

    /// Tells of connections from now on, and follows them as far as the kernel lets it.
    pub(super) fn see_unix_sockets(&mut self, btf: &Btf) -> Result<(), String> {
        let (name, tracepoint) = AT_TRACEPOINT;
        let name = match self.load_tracepoint(name, tracepoint, btf) {
            Ok(()) => name,
            Err(error) => {
                let (name, _) = AT_FUNCTION;
                self.load_entry(AT_FUNCTION, btf).map_err(|other| {
                    let (error, other) = (said(&error), said(&other));
                    format!(
                        "{error}; at `{name}`: {other}; Linux 6.3 and newer can, and from 5.16 on those that let programs be called at their functions"
                    )
                })?;
                name
            }
        };
        // Before the first connection is told.
        self.follow_unix_sockets(btf);
        self.attach(name).map_err(|error| said(&error))
    }

    fn follow_unix_sockets(&mut self, btf: &Btf) {
        if let Err(error) = self.count(btf) {
            let problem = said(&error);
            tracing::warn!(problem, "bytes over UNIX sockets are not counted");
            self.lacks.insert(Lack::UnixBytes);
        }
        if let Err(error) = self.load_entry(OF_ENDS, btf).and_then(|()| self.attach(OF_ENDS.0)) {
            let problem = said(&error);
            tracing::warn!(
                program = OF_ENDS.0,
                problem,
                "ends of connections over UNIX sockets are found by looks, some seconds later: this kernel lets no program be called at \
                 its functions"
            );
            self.lacks.insert(Lack::UnixEnds);
        }
    }

    /// Both ways by the same means. Whoever uses no UNIX socket does not pay for what is at their functions.
    fn count(&mut self, btf: &Btf) -> Result<(), ProgramError> {
        let at_functions = COUNTING.into_iter().try_for_each(|place| {
            self.load_exit(place, btf)?;
            self.attach(place.0)
        });
        let Err(error) = at_functions else { return Ok(()) };
        let problem = said(&error);
        tracing::info!(problem, "bytes over UNIX sockets are counted where those of all sockets are");
        // Nothing counts twice.
        COUNTING.into_iter().filter_map(|(name, _)| self.attached.remove(name)).for_each(Hold::let_go);
        self.count_any(btf)
    }

    fn count_any(&mut self, btf: &Btf) -> Result<(), ProgramError> {
        COUNTING_ANY.into_iter().try_for_each(|(name, tracepoint)| {
            self.load_tracepoint(name, tracepoint, btf)?;
            self.attach(name)
        })
    }

    fn load_entry(&mut self, (name, function): Place, btf: &Btf) -> Result<(), ProgramError> {
        let program = self.programs.program_mut(name).ok_or(ProgramError::NotLoaded)?;
        let program = <&mut FEntry>::try_from(program)?;
        until_read(|| program.load(function, btf))
    }

    fn load_exit(&mut self, (name, function): Place, btf: &Btf) -> Result<(), ProgramError> {
        let program = self.programs.program_mut(name).ok_or(ProgramError::NotLoaded)?;
        let program = <&mut FExit>::try_from(program)?;
        until_read(|| program.load(function, btf))
    }
}
