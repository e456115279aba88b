//! Tells what a process was started with, and the name of its file, once for each program that it runs: by the time that the agent asks, it may
//! have ended, or run another one.

use aya_ebpf::EbpfContext;
use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use ebpf_abi::{Arguments, Counter, Kind, Process};

use crate::kernel::{self, task};
use crate::ring;

/// Programs of which it is remembered that they were told. The agent remembers more of them.
const TOLD_MAX: u32 = 2048;

/// A program that a process runs: `exec` makes it another one.
#[repr(C)]
#[derive(Clone, Copy)]
struct Program {
    pid: u32,
    executions: u32,
    started_boot_ns: u64,
}

/// The oldest is pushed out, and told again.
#[map]
static ARGUMENTS_TOLD: LruHashMap<Program, u8> = LruHashMap::with_max_entries(TOLD_MAX, 0);

/// `process` is the one that runs, as far as the kernel told of it. On a stack of its own: all that are in use have 512 bytes together before
/// Linux 6.13.
#[inline(never)]
pub fn tell(context: &impl EbpfContext, process: &Process) {
    if !task::tells_arguments() {
        return;
    }
    let Process { pid, executions, started_boot_ns, .. } = *process;
    let program = Program { pid, executions, started_boot_ns };
    if program.started_boot_ns == 0 || ARGUMENTS_TOLD.get_ptr(&program).is_some() {
        return;
    }
    let line = task::command_line();
    // Arguments are worth less than what tells that somebody went around, and larger. Where no agent reads, most of the room is for who is refused.
    if ring::fills_up() {
        ring::count(Counter::ArgumentsLost);
        return;
    }
    let now_boot_ns = kernel::now_boot_ns();
    ring::emit_filled::<Arguments>(
        context,
        now_boot_ns,
        Counter::ArgumentsSubmitted,
        Counter::ArgumentsLost,
        |to| task::fill(line, Kind::Arguments, process, now_boot_ns, to),
    );
    // Where there is no room it is told again.
    let _ = ARGUMENTS_TOLD.insert(&program, &1, 0);
}
