//! Tells what a client says first on a connection to a watched port: which encryption it asks for, or its start-up message. It looks
//! at the first packets of a connection only, and tells of proxies' connections too: who is one the agent knows.

use aya_ebpf::programs::SkBuffContext;
use ebpf_abi::{Counter, Kind, REQUEST_BYTES, REQUESTS_MAX, STARTUP_BYTES, Said, Startup};

use crate::kernel::packets::{self, Data};
use crate::{kernel, ports, ring};

pub fn packet(context: &SkBuffContext) {
    if !ports::is_watched(packets::local_port(context)) {
        return;
    }
    let Some(data) = packets::next_data(context, REQUESTS_MAX * REQUEST_BYTES) else { return };
    // A client may say more without waiting for the answer: one that is refused encryption is heard all the same.
    let mut skipped = 0;
    for _ in 0..=REQUESTS_MAX {
        let (offset, left) = (data.offset + skipped, data.bytes.saturating_sub(skipped));
        if left == 0 || REQUESTS_MAX * REQUEST_BYTES < offset || offset % REQUEST_BYTES != 0 {
            return;
        }
        let Some(first) = packets::read::<u8>(context, data.at + skipped) else { return };
        let head = if REQUEST_BYTES <= left { packets::read(context, data.at + skipped) } else { None };
        let said = Said::of(first, head);
        tell(context, &data, skipped, said, head);
        if !said.is_request() {
            return;
        }
        skipped += REQUEST_BYTES;
    }
}

fn tell(context: &SkBuffContext, data: &Data, skipped: u32, said: Said, head: Option<[u8; 8]>) {
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
            whole.min(data.bytes.saturating_sub(skipped)).min(STARTUP_BYTES as u32)
        }
        _ => 0,
    };
    let told = packets::Told {
        kind: Kind::Startup,
        said,
        offset: (data.offset + skipped) as u8,
        at_boot_ns: now_boot_ns,
        from: data.at + skipped,
        bytes,
    };
    ring::emit_filled::<Startup>(
        context,
        now_boot_ns,
        Counter::StartupSubmitted,
        Counter::StartupLost,
        |to| packets::fill(context, data, &told, to),
    );
}
