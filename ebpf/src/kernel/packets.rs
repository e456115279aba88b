//! What the programs ask the kernel about a packet that comes to a socket.

use core::arch::asm;
use core::mem::offset_of;
use core::ptr::{self, addr_of, addr_of_mut};

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{__sk_buff, bpf_sock, bpf_tcp_sock};
use aya_ebpf::helpers::{bpf_get_socket_cookie, bpf_skb_load_bytes, bpf_tcp_sock as tcp_sock};
use aya_ebpf::programs::SkBuffContext;
use ebpf_abi::{Endpoint, Kind, STARTUP_BYTES, Said, Startup, TcpState};

use super::{mapped, read_context};

/// `IPPROTO_TCP` of the kernel's `include/uapi/linux/in.h`.
const IPPROTO_TCP: u8 = 6;
/// Flags of a TCP header (RFC 9293, 3.1).
const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

/// Data that a socket takes next.
pub struct Data {
    /// Where it begins in the packet, and how many bytes there are.
    pub at: u32,
    pub bytes: u32,
    /// Bytes that came before it on the connection.
    pub offset: u32,
    /// 0 where the packet makes the socket.
    pub cookie: u64,
    pub client: Endpoint,
    pub server: Endpoint,
}

/// What is told of data, besides whose it is.
pub struct Told {
    pub kind: Kind,
    pub said: Said,
    pub offset: u8,
    pub at_boot_ns: u64,
    /// Where in the packet begins what is copied.
    pub from: u32,
    /// How much that is; at most `STARTUP_BYTES`.
    pub bytes: u32,
}

pub fn local_port(context: &SkBuffContext) -> u16 {
    read_context!(context.as_ptr(), offset_of!(__sk_buff, local_port), "u32") as u16
}

/// The data in a packet, where the socket takes it next and has taken no more than `received_max` bytes before.
#[inline(always)]
pub fn next_data(context: &SkBuffContext, received_max: u32) -> Option<Data> {
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
    let makes_socket = state == TcpState::LISTEN;
    // The kernel counts bytes before it moves on: in this order they are none too few.
    let (next, received) = if makes_socket { (0, 0) } else { (next_sequence(tcp), bytes_received(tcp)) };
    if u64::from(received_max) < received {
        return None;
    }
    let packet = Packet::read(context)?;
    // What comes again or too early is not what the socket takes. The packet that makes a socket is asked for no data before.
    let is_next = if makes_socket { packet.flags & (SYN | ACK) == ACK } else { packet.sequence == next };
    let length = read_context!(context.as_ptr(), offset_of!(__sk_buff, len), "u32") as u32;
    let bytes = length.saturating_sub(packet.data_at);
    if !is_next || packet.flags & SYN != 0 || bytes == 0 {
        return None;
    }
    // SAFETY: the helper takes the context that the kernel gave to this program.
    let cookie = if makes_socket { 0 } else { unsafe { bpf_get_socket_cookie(context.as_ptr()) } };
    Some(Data {
        at: packet.data_at,
        bytes,
        offset: received as u32,
        cookie,
        client: packet.source,
        server: packet.destination,
    })
}

/// Bytes of the packet.
#[inline(always)]
pub fn read<T>(context: &SkBuffContext, at: u32) -> Option<T> {
    context.load(at as usize).ok()
}

/// Writes what is told of data. Of the message nothing is touched but what is copied: it is too long for the stack.
#[inline(always)]
pub fn fill(context: &SkBuffContext, data: &Data, told: &Told, to: *mut Startup) {
    let Told { kind, said, offset, at_boot_ns, from, bytes } = *told;
    let mut copied = 0;
    if 0 < bytes {
        let bytes = up_to_1024(u64::from(bytes)) as u32;
        // SAFETY: `to` is a whole entry of the ring, whose `message` has room for that many bytes.
        let done =
            unsafe { bpf_skb_load_bytes(context.as_ptr(), from, addr_of_mut!((*to).message).cast(), bytes) };
        if done == 0 {
            copied = bytes as u16;
        }
    }
    // SAFETY: the same, of which each field is in its place.
    unsafe {
        addr_of_mut!((*to).kind).write(kind);
        addr_of_mut!((*to).said).write(said);
        addr_of_mut!((*to).offset).write(offset);
        addr_of_mut!((*to).reserved).write([0; 3]);
        addr_of_mut!((*to).copied).write(copied);
        addr_of_mut!((*to).at_boot_ns).write(at_boot_ns);
        addr_of_mut!((*to).cookie).write(data.cookie);
        addr_of_mut!((*to).client).write(data.client);
        addr_of_mut!((*to).server).write(data.server);
    }
}

/// The same number, of which the verifier knows then that it is from 1 to 1024: that of Linux 6.1 takes no length that may be 0.
fn up_to_1024(value: u64) -> u64 {
    const _: () = assert!(STARTUP_BYTES == 1024);
    let mut value = value.wrapping_sub(1);
    // SAFETY: it changes nothing but the number.
    unsafe { asm!("{0} &= 1023", "{0} += 1", inout(reg) value) };
    value
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
