//! Tells that a client's first byte came to the UNIX socket of a watched database, and what it says. At the `connect` itself no program sees
//! the server's end; a client that sends nothing gets nothing of PostgreSQL, and a look of the agent finds it.

use aya_ebpf::EbpfContext;
use ebpf_abi::{Counter, Kind, PATH_BYTES, Process, UnixOpened};

use crate::kernel::sockets::{Name, Served, Socket};
use crate::{arguments, kernel, ports, ring, startup, unix_bytes};

/// What the name of PostgreSQL's socket ends with, before its port (`UNIXSOCK_PATH` of its `src/include/libpq/pqcomm.h`).
const NAME: &[u8; 10] = b"/.s.PGSQL.";
/// `65535`.
const DIGITS_MAX: usize = 5;
/// Nothing more is looked at of a connection that was told.
const OVER: u32 = 0;
/// A byte more than both.
const TAIL: usize = size_of::<u128>();

/// What is told next of a connection.
#[derive(Clone, Copy, PartialEq)]
enum Follows {
    Nothing,
    End,
    /// What its client says, and its end.
    Speech,
}

#[inline(always)]
pub fn data_ready(context: &impl EbpfContext, reader: Socket) {
    if !reader.is_unix_stream() {
        return;
    }
    let told = reader.told();
    if told == Some(OVER) {
        return;
    }
    let Some(served) = reader.served() else { return };
    let offset = match told {
        Some(offset) => offset,
        None => {
            let Some(port) = database_port(&served.name).filter(|port| ports::is_watched(*port)) else {
                return;
            };
            // Where there is no memory (a network namespace may be given none), each of its bytes is told: the agent knows which
            // connections it knows, and nobody goes unseen. What it is then nobody can say.
            unix_bytes::begin(served.cookie());
            let is_first = served.mark_told(OVER);
            tell_arguments(context, &served);
            let follows = match is_first {
                true if served.has_one_waiting() && !ring::is_half_full() => Follows::Speech,
                true => Follows::End,
                false => Follows::Nothing,
            };
            tell(context, &served, port, follows);
            if !is_first {
                return;
            }
            0
        }
    };
    served.mark_told(hear(context, &served, offset));
}

/// Tells what the client says after so many bytes. Returns after how many it speaks again. On a stack of its own: all that are in use
/// have 512 bytes together before Linux 6.13.
#[inline(never)]
fn hear(context: &impl EbpfContext, served: &Served, offset: u32) -> u32 {
    served.waiting(offset).map_or(OVER, |data| startup::hear(context, &data))
}

/// Tells what who connected was started with. Of another process than the one that sends it is not known when it started. On a stack of its own, too.
#[inline(never)]
fn tell_arguments(context: &impl EbpfContext, served: &Served) {
    let mut process = Process::UNKNOWN;
    if served.connected_by(&mut process) {
        arguments::tell(context, &process);
    }
}

/// Tells the connection. On a stack of its own, too.
#[inline(never)]
fn tell(context: &impl EbpfContext, served: &Served, port: u16, follows: Follows) {
    let now_boot_ns = kernel::now_boot_ns();
    let mut opened = UnixOpened {
        kind: Kind::UnixOpened,
        path_bytes: served.name.bytes() as u8,
        port,
        is_heard: (follows == Follows::Speech).into(),
        end_untold: (follows == Follows::Nothing).into(),
        reserved: [0; 2],
        at_boot_ns: now_boot_ns,
        cookie: served.cookie(),
        client_cookie: served.peer_cookie(),
        process: Process::UNKNOWN,
        path: [0; PATH_BYTES],
        reserved_end: [0; 4],
    };
    if !served.connected_by(&mut opened.process) {
        ring::count(Counter::ProcessLost);
    }
    served.name.copy(&mut opened.path);
    ring::emit(context, &opened, now_boot_ns, Counter::UnixSubmitted, Counter::UnixLost);
}

/// The number in the name of PostgreSQL's socket.
pub fn database_port(name: &Name) -> Option<u16> {
    // As one number, whose bytes go off its end: the verifier knows no place of a stack that is counted from its end.
    let mut rest = u128::from_be_bytes(name.tail::<TAIL>()?);
    let (mut port, mut factor) = (0, 1);
    for digits in 1..=DIGITS_MAX {
        let digit = (rest as u8).wrapping_sub(b'0');
        if 9 < digit {
            return None;
        }
        port += u32::from(digit) * factor;
        factor *= 10;
        rest >>= u8::BITS;
        if NAME.len() + digits <= name.bytes() && rest & LAST == NAME_NUMBER {
            return u16::try_from(port).ok();
        }
    }
    None
}

/// As many bytes as the name has.
const LAST: u128 = (1 << (u8::BITS as usize * NAME.len())) - 1;

const NAME_NUMBER: u128 = {
    let (mut number, mut place) = (0, 0);
    while place < NAME.len() {
        number = number << u8::BITS | NAME[place] as u128;
        place += 1;
    }
    number
};
