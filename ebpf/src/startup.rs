//! Tells what a client says first on a connection to a watched port: which encryption it asks for, or its start-up message. It looks
//! at the first data of a connection only, and tells of proxies' connections too: who is one the agent knows.

use aya_ebpf::EbpfContext;
use aya_ebpf::programs::SkBuffContext;
use ebpf_abi::{Counter, Kind, REQUEST_BYTES, REQUESTS_MAX, STARTUP_BYTES, Said, Startup};

use crate::kernel::packets::{self, Taken};
use crate::kernel::{self, Data, Told};
use crate::{ports, ring};

/// Bytes of a client after which nothing is looked at.
const HEARD_MAX: u32 = REQUESTS_MAX * REQUEST_BYTES;

/// Most packets are none of a connection that has just begun: what is asked of each is little, and stands apart from all that follows.
pub fn packet(context: &SkBuffContext) {
    if ports::is_watched(packets::local_port(context))
        && let Some(taken) = packets::taken(context)
        && taken.bytes <= HEARD_MAX.into()
    {
        hear_packet(context, &taken);
    }
}

#[inline(never)]
fn hear_packet(context: &SkBuffContext, taken: &Taken) {
    if let Some(data) = packets::next_data(context, taken) {
        hear(context, &data);
    }
}

/// Tells what this data says. Returns after how many bytes its client speaks again before anything is encrypted; 0 where it does not.
#[inline(always)]
pub fn hear(context: &impl EbpfContext, data: &impl Data) -> u32 {
    // A client may say more without waiting for the answer: one that is refused encryption is heard all the same.
    let mut skipped = 0;
    for _ in 0..=REQUESTS_MAX {
        let (offset, left) = (data.offset() + skipped, data.bytes().saturating_sub(skipped));
        if HEARD_MAX < offset || offset % REQUEST_BYTES != 0 {
            return 0;
        }
        if left == 0 {
            return offset;
        }
        let Some(first) = data.read::<u8>(skipped) else { return 0 };
        let head = if REQUEST_BYTES <= left { data.read(skipped) } else { None };
        let said = Said::of(first, head);
        tell(context, data, skipped, said, head);
        if !said.is_request() {
            return 0;
        }
        skipped += REQUEST_BYTES;
    }
    0
}

#[inline(always)]
fn tell(context: &impl EbpfContext, data: &impl Data, skipped: u32, said: Said, head: Option<[u8; 8]>) {
    // Names are worth less than what tells that somebody went around.
    if ring::is_half_full() {
        ring::count(Counter::StartupLost);
        return;
    }
    let now_boot_ns = kernel::now_boot_ns();
    // It may come with more behind it, which nobody is to read.
    let bytes = match (said, head) {
        (Said::StartupMessage, Some([a, b, c, d, ..])) => {
            let whole = u32::from_be_bytes([a, b, c, d]);
            whole.min(data.bytes().saturating_sub(skipped)).min(STARTUP_BYTES as u32)
        }
        _ => 0,
    };
    let told = Told {
        kind: Kind::Startup,
        said,
        offset: (data.offset() + skipped) as u8,
        at_boot_ns: now_boot_ns,
        from: skipped,
        bytes,
    };
    ring::emit_filled::<Startup>(
        context,
        now_boot_ns,
        Counter::StartupSubmitted,
        Counter::StartupLost,
        |to| kernel::fill(data, &told, to),
    );
}
