//! Hands events to the agent, and counts those that found no room.

use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP, BPF_RB_RING_SIZE};
use aya_ebpf::macros::map;
use aya_ebpf::maps::{PerCpuArray, RingBuf};
use aya_log_ebpf::warn;
use ebpf_abi::Counter;

use crate::kernel;

/// The agent says how large it is before the kernel sees it.
const RING_BYTES: u32 = 4 * 1024 * 1024;
/// Waking costs more than the event: the agent is woken at most this often, and reads by itself in between …
const WAKE_GAP_NS: u64 = 5_000_000;
/// … unless more than one part in this many of the ring waits.
const WAKE_ABOVE_SHARE: u64 = 8;

#[map]
static EVENTS: RingBuf = RingBuf::with_byte_size(RING_BYTES, 0);

#[map]
static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(Counter::COUNT, 0);

/// Tells of this. It is taken where it stands: on a stack there is no room for it twice.
#[inline(always)]
pub fn emit<T: Copy + 'static>(
    context: &impl EbpfContext,
    event: &T,
    now_boot_ns: u64,
    submitted: Counter,
    lost: Counter,
) {
    emit_filled::<T>(context, now_boot_ns, submitted, lost, |to| kernel::put(to, event));
}

/// The same of an event that is too large for any stack: `fill` writes it where it goes.
#[inline(always)]
pub fn emit_filled<T: 'static>(
    context: &impl EbpfContext,
    now_boot_ns: u64,
    submitted: Counter,
    lost: Counter,
    fill: impl FnOnce(*mut T),
) {
    let Some(mut entry) = EVENTS.reserve::<T>(0) else {
        count(lost);
        if kernel::due(kernel::Moment::RingFullWarned, now_boot_ns, kernel::SECOND_NS) {
            warn!(context, target: "kernel", "the event ring is full: events are lost");
        }
        return;
    };
    fill(entry.as_mut_ptr());
    entry.submit(wake_flag(now_boot_ns));
    count(submitted);
}

/// Whether half of the ring waits for the agent.
pub fn is_half_full() -> bool {
    waits_above(2)
}

/// Whether so much of it waits that the agent is woken for each event.
pub fn fills_up() -> bool {
    waits_above(WAKE_ABOVE_SHARE)
}

fn waits_above(share: u64) -> bool {
    EVENTS.query(BPF_RB_AVAIL_DATA.into()) > EVENTS.query(BPF_RB_RING_SIZE.into()) / share
}

pub fn count(counter: Counter) {
    if let Some(value) = COUNTERS.get_ptr_mut(counter as u32) {
        kernel::add_one(value);
    }
}

fn wake_flag(now_boot_ns: u64) -> u64 {
    if fills_up() || kernel::due(kernel::Moment::Woken, now_boot_ns, WAKE_GAP_NS) {
        BPF_RB_FORCE_WAKEUP.into()
    } else {
        BPF_RB_NO_WAKEUP.into()
    }
}
