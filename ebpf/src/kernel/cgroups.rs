//! What the programs ask the kernel about a cgroup that was just made. As of sockets, no field of it is part of an interface.

use core::ffi::c_void;

use aya_ebpf::helpers::bpf_probe_read_kernel_str_bytes;
use aya_ebpf::programs::BtfTracePointContext;
use ebpf_abi::{CGROUP_PATH_BYTES, Offset};

use super::sockets::{pointer, read};

/// The number of the hierarchy of cgroup v2; each of version 1 has another one, and ids of its own.
const OF_VERSION_2: i32 = 0;

/// A cgroup that was made.
pub struct Made {
    pub id: u64,
    path: *const u8,
}

impl Made {
    /// The cgroup of the tracepoint `cgroup_mkdir`.
    pub fn of(context: &BtfTracePointContext) -> Option<Self> {
        let (cgroup, path): (*const c_void, *const u8) = (context.arg(0), context.arg(1));
        let hierarchy: i32 = read(pointer(cgroup, Offset::CgroupRoot)?, Offset::RootHierarchy)?;
        let id = read(pointer(cgroup, Offset::CgroupNode)?, Offset::NodeId)?;
        (hierarchy == OF_VERSION_2).then_some(Made { id, path })
    }

    /// Its path below the root, filled up with zeros; `None` where it is longer.
    pub fn path(&self, to: *mut [u8; CGROUP_PATH_BYTES]) -> Option<&[u8; CGROUP_PATH_BYTES]> {
        // SAFETY: `to` is a slot of a map, which the verifier checks, and nobody else uses it meanwhile.
        let to = unsafe { &mut *to };
        *to = [0; CGROUP_PATH_BYTES];
        // SAFETY: the helper reads any address, and writes no more than the length of what it is given.
        let read = unsafe { bpf_probe_read_kernel_str_bytes(self.path, to) }.ok()?;
        (read.len() + 1 < CGROUP_PATH_BYTES).then_some(to)
    }
}
