//! What the programs ask the kernel about UNIX sockets. No field of them is part of an interface: where each lies in the
//! running kernel stands in `OFFSETS`, which the agent fills in before the programs are loaded.

use core::arch::asm;
use core::ffi::c_void;
use core::ptr::{self, addr_of};

use aya_ebpf::bindings::BPF_SK_STORAGE_GET_F_CREATE;
use aya_ebpf::btf_maps::SkStorage;
use aya_ebpf::helpers::{
    bpf_get_current_comm, bpf_get_current_pid_tgid, bpf_get_socket_cookie, bpf_probe_read_kernel,
    bpf_probe_read_kernel_str_bytes, bpf_sk_storage_get, bpf_skc_to_unix_sock, generated,
};
use aya_ebpf::macros::btf_map;
use aya_ebpf::programs::{BtfTracePointContext, FEntryContext, FExitContext, LsmContext};
use ebpf_abi::{COMMAND_BYTES, Endpoint, Offset, PATH_BYTES, Process};

use super::{Data, task};

/// `AF_UNIX` of the kernel's `include/linux/socket.h`.
const AF_UNIX: u16 = 1;
/// `SOCK_STREAM` of `include/linux/net.h`.
const SOCK_STREAM: u16 = 1;
/// `TCP_ESTABLISHED` of `include/net/tcp_states.h`, which UNIX sockets have too.
const ESTABLISHED: u8 = 1;
/// Where `sun_path` lies in `struct sockaddr_un`, which is part of the interface.
const SUN_PATH: usize = 2;

/// Written by the agent before the kernel sees the programs.
#[unsafe(no_mangle)]
static OFFSETS: [u32; Offset::COUNT] = [0; Offset::COUNT];

/// What is kept with a server's socket whose connection was told. It goes with the socket.
#[repr(C)]
struct Told {
    cookie: u64,
    /// How many bytes its client has sent when it speaks again before anything is encrypted; 0 where nothing more is looked at.
    again: u32,
    reserved: u32,
}

#[btf_map]
static TOLD: SkStorage<Told> = SkStorage::new();

/// A socket that data came to.
#[derive(Clone, Copy)]
pub struct Socket(*const c_void);

/// A UNIX socket of a stream that is connected, and bound to a name as servers' sockets are.
#[derive(Clone, Copy)]
pub struct Served {
    socket: *const c_void,
    peer: *const c_void,
    pub name: Name,
}

/// What a UNIX socket is bound to.
#[derive(Clone, Copy)]
pub struct Name {
    at: *const u8,
    bytes: usize,
}

/// The client's socket, and the one that listens, while the first is connected to the second.
#[derive(Clone, Copy)]
pub struct Connecting {
    client: *const c_void,
    listener: *const c_void,
}

/// The socket of the tracepoint `sk_data_ready`.
pub fn reader(context: &BtfTracePointContext) -> Socket {
    Socket(context.arg(0))
}

/// The socket of the tracepoints `sock_recv_length` and `sock_send_length`.
pub fn spoken_by(context: &BtfTracePointContext) -> Socket {
    Socket(context.arg(0))
}

/// That of the function `sock_def_readable`.
pub fn readable(context: &FEntryContext) -> Socket {
    Socket(context.arg(0))
}

/// That of the functions `unix_stream_recvmsg` and `unix_stream_sendmsg`, which are given it with its file.
pub fn of_file(context: &FExitContext) -> Socket {
    Socket(field(context.arg(0), Offset::SocketOfFile))
}

/// That of the function `unix_release`.
pub fn released(context: &FEntryContext) -> Socket {
    Socket(field(context.arg(0), Offset::SocketOfFile))
}

impl Socket {
    /// Its cookie, where it is a server's whose connection was told.
    pub fn told_cookie(self) -> Option<u64> {
        let family: u16 = self.field(Offset::SocketFamily);
        if family != AF_UNIX {
            return None;
        }
        let told = told(self.0, 0);
        // SAFETY: the helper returned what the socket keeps, which lives as long as the socket.
        (!told.is_null()).then(|| unsafe { ptr::read_volatile(&raw const (*told).cookie) })
    }

    pub fn is_unix_stream(self) -> bool {
        let family: u16 = self.field(Offset::SocketFamily);
        // Few sockets are: the others are asked no more.
        family == AF_UNIX
            && self.field::<u8>(Offset::SocketState) == ESTABLISHED
            && self.field::<u16>(Offset::SocketType) == SOCK_STREAM
    }

    /// After how many bytes of its client, which were told, the client speaks again; `None` where nothing is told of it.
    pub fn told(self) -> Option<u32> {
        let told = told(self.0, 0);
        // SAFETY: the helper returned what the socket keeps, which lives as long as the socket.
        (!told.is_null()).then(|| unsafe { ptr::read_volatile(&raw const (*told).again) })
    }

    /// `None` where it has no name, or no other end any more.
    pub fn served(self) -> Option<Served> {
        // SAFETY: the helper takes the tracepoint's socket, and checks of which family it is.
        let unix = unsafe { bpf_skc_to_unix_sock(self.0.cast_mut()) };
        if unix.is_null() {
            return None;
        }
        let unix = unix.cast::<c_void>().cast_const();
        let peer: *const c_void = field(unix, Offset::UnixPeer);
        if peer.is_null() {
            return None;
        }
        Some(Served { socket: self.0, peer, name: Name::of(unix)? })
    }

    fn field<T>(self, which: Offset) -> T {
        field(self.0, which)
    }
}

impl Connecting {
    /// Those of the hook `unix_stream_connect`.
    pub fn of(context: &LsmContext) -> Self {
        Connecting { client: context.arg(0), listener: context.arg(1) }
    }

    /// What the listener is bound to; `None` where it is none of a stream.
    pub fn name(&self) -> Option<Name> {
        if field::<u16>(self.listener, Offset::SocketType) != SOCK_STREAM {
            return None;
        }
        // SAFETY: the helper takes the hook's socket, and checks of which family it is.
        let unix = unsafe { bpf_skc_to_unix_sock(self.listener.cast_mut()) };
        if unix.is_null() {
            return None;
        }
        Name::of(unix.cast::<c_void>().cast_const())
    }

    pub fn client_cookie(&self) -> u64 {
        cookie(self.client)
    }

    /// Inode of the network namespace that the client's socket is in.
    pub fn network_namespace(&self) -> u32 {
        network_of(self.client)
    }
}

impl Name {
    /// `None` where the socket has none, or it cannot be read.
    fn of(unix: *const c_void) -> Option<Self> {
        let address: *const c_void = field(unix, Offset::UnixAddress);
        if address.is_null() {
            return None;
        }
        let bytes: i32 = read(address, Offset::AddressBytes)?;
        let name = address.wrapping_byte_add(offset(Offset::AddressName)).wrapping_byte_add(SUN_PATH);
        // One that is in no file system has a zero byte before it, any other one behind it.
        let name = name.cast::<u8>();
        let is_abstract = read_from(name)? == 0u8;
        let name_bytes = (bytes as usize).wrapping_sub(SUN_PATH + usize::from(!is_abstract));
        (0 < name_bytes && name_bytes <= PATH_BYTES)
            .then_some(Name { at: name, bytes: below_128(name_bytes) })
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Its last bytes; what lies before a shorter one is whatever it is.
    pub fn tail<const N: usize>(&self) -> Option<[u8; N]> {
        read_from(self.at.wrapping_add(self.bytes).wrapping_sub(N).cast())
    }

    pub fn copy(&self, to: &mut [u8; PATH_BYTES]) {
        // SAFETY: both helpers write no more than the length of what they are given, and a name that cannot be read
        // leaves zeros.
        unsafe {
            let Some((first, rest)) = to.split_first_mut() else { return };
            *first = read_from(self.at).unwrap_or(0);
            let _ = bpf_probe_read_kernel_str_bytes(self.at.wrapping_add(1), rest);
        }
    }
}

/// The same number, of which the verifier knows then that it is so small: that of Linux 6.12 has forgotten it, since LLVM compares `value - 1`.
fn below_128(mut value: usize) -> usize {
    // SAFETY: it changes nothing but the number.
    unsafe { asm!("{0} &= 127", inout(reg) value) };
    value
}

impl Served {
    /// Notes that its connection is told, and after how many bytes its client speaks again. Says whether there was memory for that.
    pub fn mark_told(&self, again: u32) -> bool {
        let told = told(self.socket, BPF_SK_STORAGE_GET_F_CREATE.into());
        if told.is_null() {
            return false;
        }
        // SAFETY: the same.
        unsafe {
            ptr::write_volatile(&raw mut (*told).cookie, self.cookie());
            ptr::write_volatile(&raw mut (*told).again, again);
        }
        true
    }

    /// Whether the data that just came is all that waits for the server.
    pub fn has_one_waiting(&self) -> bool {
        alone(self.socket).is_some()
    }

    /// The data that just came, where that is all that waits for the server. What came with other data, or was read already, is not
    /// known by its place in the stream.
    pub fn waiting(&self, offset: u32) -> Option<Waiting> {
        let buffer = alone(self.socket)?;
        let (bytes, paged): (u32, u32) =
            (read(buffer, Offset::BufferBytes)?, read(buffer, Offset::BufferPagedBytes)?);
        let data = pointer(buffer, Offset::BufferData)?;
        let bytes = bytes.checked_sub(paged)?;
        Some(Waiting { socket: self.socket, buffer, data: data.cast(), bytes, offset })
    }

    pub fn cookie(&self) -> u64 {
        cookie(self.socket)
    }

    pub fn peer_cookie(&self) -> u64 {
        cookie(self.peer)
    }

    /// Who connected: the kernel notes it with the server's socket, which it makes within the client's `connect`. Whether that can be read; it is
    /// written where it stays, for want of room on the stack.
    #[inline(always)]
    pub fn connected_by(&self, process: &mut Process) -> bool {
        let socket = self.socket;
        let pid = pointer(socket, Offset::SocketPeerPid).and_then(|pid| read(pid, Offset::PidNumber));
        let uid = pointer(socket, Offset::SocketPeerCred).and_then(|cred| read(cred, Offset::CredUid));
        let cgroup_id = pointer(socket, Offset::SocketCgroup)
            .and_then(|cgroup| pointer(cgroup, Offset::CgroupNode))
            .and_then(|node| read(node, Offset::NodeId));
        let (Some(pid), Some(uid)) = (pid, uid) else { return false };
        (process.pid, process.uid, process.cgroup_id) = (pid, uid, cgroup_id.unwrap_or(0));
        // The kernel makes the server's end in the namespace of the client's.
        process.network_namespace = network_of(socket);
        if (bpf_get_current_pid_tgid() >> 32) as u32 == pid {
            process.command = bpf_get_current_comm().unwrap_or([0; COMMAND_BYTES]);
            task::describe(process);
        }
        true
    }
}

/// Data that waits for a server alone. Nobody keeps the server from reading it: where that has happened meanwhile, what was read here
/// is anything.
pub struct Waiting {
    socket: *const c_void,
    buffer: *const c_void,
    data: *const u8,
    bytes: u32,
    offset: u32,
}

impl Data for Waiting {
    fn offset(&self) -> u32 {
        self.offset
    }

    fn bytes(&self) -> u32 {
        self.bytes
    }

    fn cookie(&self) -> u64 {
        cookie(self.socket)
    }

    /// Nobody has an address.
    fn ends(&self) -> (Endpoint, Endpoint) {
        let nowhere = || Endpoint { address: [0; 16], port: 0, reserved: [0; 6] };
        (nowhere(), nowhere())
    }

    #[inline(always)]
    fn read<T>(&self, at: u32) -> Option<T> {
        read_from(self.data.wrapping_add(at as usize).cast())
    }

    #[inline(always)]
    unsafe fn copy(&self, at: u32, bytes: u32, to: *mut u8) -> bool {
        let from = self.data.wrapping_add(at as usize);
        // SAFETY: `to` has room for that many bytes, as whoever calls promises; the helper reads any address, and fails where
        // there is nothing.
        unsafe { generated::bpf_probe_read_kernel(to.cast(), bytes, from.cast()) == 0 }
    }

    fn is_still_there(&self) -> bool {
        alone(self.socket) == Some(self.buffer)
    }
}

/// Inode of the network namespace that a socket is in: its process may have gone to another since it made the socket, or be in none of it. 0 where it
/// cannot be read.
pub(super) fn network_of(socket: *const c_void) -> u32 {
    pointer(socket, Offset::SocketNetwork)
        .and_then(|network| read(network, Offset::NetworkInode))
        .unwrap_or(0)
}

/// The one buffer that waits to be read from a socket.
fn alone(socket: *const c_void) -> Option<*const c_void> {
    let (next, previous) = (pointer(socket, Offset::QueueNext)?, pointer(socket, Offset::QueuePrevious)?);
    let queue = socket.wrapping_byte_add(offset(Offset::QueueNext));
    (next == previous && next != queue).then_some(next)
}

fn told(socket: *const c_void, flags: u64) -> *mut Told {
    // SAFETY: the socket is the tracepoint's, which lives while data comes to it; nothing is copied into a new value.
    let told = unsafe {
        bpf_sk_storage_get(addr_of!(TOLD).cast_mut().cast(), socket.cast_mut(), ptr::null_mut(), flags)
    };
    told.cast()
}

fn cookie(socket: *const c_void) -> u64 {
    // SAFETY: whoever sends holds both ends while its data comes to one of them, and whoever connects its own.
    unsafe { bpf_get_socket_cookie(socket.cast_mut()) }
}

pub(super) fn offset(which: Offset) -> usize {
    // SAFETY: the index is a variant's, and there is a place for each. The compiler must not take the zeros that the
    // agent replaces for the value.
    unsafe { ptr::read_volatile(addr_of!(OFFSETS).cast::<u32>().add(which as usize)) as usize }
}

/// A field of a socket that the kernel gave, which the verifier knows the type of.
pub(super) fn field<T>(of: *const c_void, which: Offset) -> T {
    // SAFETY: the verifier checks that a field of that size lies there.
    unsafe { ptr::read_volatile(of.byte_add(offset(which)).cast()) }
}

/// A field of something else in the kernel's memory.
pub(super) fn read<T>(of: *const c_void, which: Offset) -> Option<T> {
    read_from(of.wrapping_byte_add(offset(which)).cast())
}

pub(super) fn pointer(of: *const c_void, which: Offset) -> Option<*const c_void> {
    read::<*const c_void>(of, which).filter(|it| !it.is_null())
}

fn read_from<T>(from: *const T) -> Option<T> {
    // SAFETY: the helper reads any address, and fails where there is nothing.
    unsafe { bpf_probe_read_kernel(from) }.ok()
}
