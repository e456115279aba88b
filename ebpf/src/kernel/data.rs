//! Data of a client that came to a server, by whichever kind of socket, and what is told of it.

use core::arch::asm;
use core::ptr::addr_of_mut;

use ebpf_abi::{Endpoint, Kind, STARTUP_BYTES, Said, Startup};

/// Data that a server reads next.
pub trait Data {
    /// Bytes that came before it on the connection.
    fn offset(&self) -> u32;
    fn bytes(&self) -> u32;
    /// Cookie of the server's socket; 0 where the data makes it.
    fn cookie(&self) -> u64;
    /// The client's and the server's.
    fn ends(&self) -> (Endpoint, Endpoint);
    fn read<T>(&self, at: u32) -> Option<T>;
    /// Copies from 1 to `STARTUP_BYTES` of its bytes.
    ///
    /// # Safety
    /// `to` has room for that many.
    unsafe fn copy(&self, at: u32, bytes: u32, to: *mut u8) -> bool;
    /// Whether all that was read of it so far is it.
    fn is_still_there(&self) -> bool;
}

/// What is told of data, besides whose it is.
#[derive(Clone, Copy)]
pub struct Told {
    pub kind: Kind,
    pub said: Said,
    pub offset: u8,
    pub at_boot_ns: u64,
    /// Where in the data begins what is copied.
    pub from: u32,
    /// How much that is; at most `STARTUP_BYTES`.
    pub bytes: u32,
}

/// Writes what is told of data. Of the message nothing is touched but what is copied: it is too long for the stack.
#[inline(always)]
pub fn fill(data: &impl Data, told: &Told, to: *mut Startup) {
    let Told { kind, mut said, offset, at_boot_ns, from, bytes } = *told;
    let mut copied = 0;
    if 0 < bytes {
        let bytes = up_to_1024(u64::from(bytes)) as u32;
        // SAFETY: `to` is a whole entry of the ring, whose `message` has room for that many bytes.
        if unsafe { data.copy(from, bytes, addr_of_mut!((*to).message).cast()) } {
            copied = bytes as u16;
        }
    }
    if !data.is_still_there() {
        (said, copied) = (Said::Other, 0);
    }
    let (client, server) = data.ends();
    // SAFETY: the same, of which each field is in its place.
    unsafe {
        addr_of_mut!((*to).kind).write(kind);
        addr_of_mut!((*to).said).write(said);
        addr_of_mut!((*to).offset).write(offset);
        addr_of_mut!((*to).reserved).write([0; 3]);
        addr_of_mut!((*to).copied).write(copied);
        addr_of_mut!((*to).at_boot_ns).write(at_boot_ns);
        addr_of_mut!((*to).cookie).write(data.cookie());
        addr_of_mut!((*to).client).write(client);
        addr_of_mut!((*to).server).write(server);
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
