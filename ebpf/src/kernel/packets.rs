//! What the programs ask the kernel about a packet that comes to a socket.

use core::arch::asm;
use core::mem::offset_of;
use core::ptr::{self, addr_of};

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{__sk_buff, bpf_sock, bpf_tcp_sock};
use aya_ebpf::helpers::{bpf_get_socket_cookie, bpf_skb_load_bytes, bpf_tcp_sock as tcp_sock};
use aya_ebpf::programs::SkBuffContext;
use ebpf_abi::{Endpoint, TcpState};

use super::{Data, mapped, read_context};

/// `IPPROTO_TCP` of the kernel's `include/uapi/linux/in.h`.
const IPPROTO_TCP: u8 = 6;
/// Flags of a TCP header (RFC 9293, 3.1).
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// Data in a packet that its socket takes next.
pub struct InPacket<'a> {
    context: &'a SkBuffContext,
    /// Where it begins in the packet, and how many bytes there are.
    at: u32,
    bytes: u32,
    offset: u32,
    cookie: u64,
    client: Endpoint,
    server: Endpoint,
}

pub fn local_port(context: &SkBuffContext) -> u16 {
    read_context!(context.as_ptr(), offset_of!(__sk_buff, local_port), "u32") as u16
}

/// What a packet's socket has taken so far. Each field is written: a kernel before Linux 6.3 takes no program that reads one which may not be.
pub struct Taken {
    pub bytes: u64,
    /// The sequence number that it takes next.
    next: u32,
    /// Whether the packet makes the socket: then it has taken nothing.
    makes_socket: bool,
}

#[inline(always)]
pub fn taken(context: &SkBuffContext) -> Option<Taken> {
    let socket =
        read_context!(context.as_ptr(), offset_of!(__sk_buff, __bindgen_anon_2), "u64") as *mut bpf_sock;
    if socket.is_null() {
        return None;
    }
    let state = TcpState(read_context!(socket, offset_of!(bpf_sock, state), "u32") as u8);
    // SAFETY: the socket is the context's own and not null.
    let tcp = unsafe { tcp_sock(socket) };
    if tcp.is_null() {
        return None;
    }
    if state == TcpState::LISTEN {
        return Some(Taken { bytes: 0, next: 0, makes_socket: true });
    }
    // The kernel counts bytes before it moves on: in this order they are none too few.
    let next = next_sequence(tcp);
    Some(Taken { bytes: bytes_received(tcp), next, makes_socket: false })
}

/// The data in a packet, where the socket takes it next.
#[inline(always)]
pub fn next_data<'a>(context: &'a SkBuffContext, taken: &Taken) -> Option<InPacket<'a>> {
    let packet = Packet::read(context)?;
    // What comes again or too early is not what the socket takes. The packet that makes a socket is asked for no data before.
    let is_next =
        if taken.makes_socket { packet.flags & (SYN | ACK) == ACK } else { packet.sequence == taken.next };
    let length = read_context!(context.as_ptr(), offset_of!(__sk_buff, len), "u32") as u32;
    let bytes = length.saturating_sub(packet.data_at);
    if !is_next || packet.flags & SYN != 0 || bytes == 0 {
        return None;
    }
    // SAFETY: the helper takes the context that the kernel gave to this program.
    let cookie = if taken.makes_socket { 0 } else { unsafe { bpf_get_socket_cookie(context.as_ptr()) } };
    Some(InPacket {
        context,
        at: packet.data_at,
        bytes,
        offset: taken.bytes as u32,
        cookie,
        client: packet.source,
        server: packet.destination,
    })
}

/// Bytes of the packet.
#[inline(always)]
fn read<T>(context: &SkBuffContext, at: u32) -> Option<T> {
    context.load(at as usize).ok()
}

impl Data for InPacket<'_> {
    fn offset(&self) -> u32 {
        self.offset
    }

    fn bytes(&self) -> u32 {
        self.bytes
    }

    fn cookie(&self) -> u64 {
        self.cookie
    }

    fn ends(&self) -> (Endpoint, Endpoint) {
        (self.client, self.server)
    }

    #[inline(always)]
    fn read<T>(&self, at: u32) -> Option<T> {
        read(self.context, self.at + at)
    }

    #[inline(always)]
    unsafe fn copy(&self, at: u32, bytes: u32, to: *mut u8) -> bool {
        // SAFETY: `to` has room for that many bytes, as whoever calls promises.
        unsafe { bpf_skb_load_bytes(self.context.as_ptr(), self.at + at, to.cast(), bytes) == 0 }
    }

    /// The kernel holds the packet while the program runs.
    fn is_still_there(&self) -> bool {
        true
    }
}

/// Headers of a packet.
struct Packet {
    source: Endpoint,
    destination: Endpoint,
    sequence: u32,
    flags: u8,
    data_at: u32,
}

impl Packet {
    /// `None` where it is no TCP. What has headers between IPv6's and TCP's is not looked at.
    #[inline(always)]
    fn read(context: &SkBuffContext) -> Option<Self> {
        const V4: u8 = 4;
        const V6: u8 = 6;
        let first: u8 = read(context, 0)?;
        let (protocol, tcp_at, source, destination) = match first >> 4 {
            V4 => {
                let header: [u8; 20] = read(context, 0)?;
                let [.., a, b, c, d, e, f, g, h] = header;
                let [source, destination] =
                    [[a, b, c, d], [e, f, g, h]].map(|it| address(mapped(u32::from_ne_bytes(it))));
                (header[9], u32::from(first & 0xf) * 4, source, destination)
            }
            V6 => {
                let protocol: u8 = read(context, 6)?;
                (protocol, 40, read(context, 8)?, read(context, 24)?)
            }
            _ => return None,
        };
        if protocol != IPPROTO_TCP {
            return None;
        }
        let header: [u8; 14] = read(context, tcp_at)?;
        let [sa, sb, da, db, a, b, c, d, _, _, _, _, words, flags] = header;
        let endpoint = |address, port| Endpoint { address, port: u16::from_be_bytes(port), reserved: [0; 6] };
        Some(Packet {
            source: endpoint(source, [sa, sb]),
            destination: endpoint(destination, [da, db]),
            sequence: u32::from_be_bytes([a, b, c, d]),
            flags,
            data_at: tcp_at + u32::from(words >> 4) * 4,
        })
    }
}

fn address([a, b, c, d]: [u32; 4]) -> [u8; 16] {
    super::endpoint([a, b, c, d], 0).address
}

fn next_sequence(socket: *const bpf_tcp_sock) -> u32 {
    // SAFETY: the helper gave the socket, and the verifier checks that the field lies in it.
    unsafe { ptr::read_volatile(addr_of!((*socket).rcv_nxt)) }
}

fn bytes_received(socket: *const bpf_tcp_sock) -> u64 {
    // SAFETY: the same.
    unsafe { ptr::read_volatile(addr_of!((*socket).bytes_received)) }
}
