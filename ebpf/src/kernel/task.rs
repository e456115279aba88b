//! What the programs ask the kernel about the task that runs. As of sockets, no field of it is part of an interface.

use core::arch::asm;
use core::ffi::c_void;
use core::ptr::{self, addr_of_mut};

use aya_ebpf::helpers::{bpf_get_current_task, bpf_probe_read_user, generated};
use ebpf_abi::{ARGUMENTS_BYTES, Arguments, Kind, Offset, Process};

use super::sockets::{pointer, read};

/// Whether the programs may read the kernel's memory, and know where fields of tasks lie. Written by the agent before the kernel sees the
/// programs: what is never called is no part of them.
#[unsafe(no_mangle)]
static TASK_FACTS: u8 = 1;

/// Whether the programs read what processes were started with, from the processes' own memory. Written in the same way.
#[unsafe(no_mangle)]
static TASK_ARGUMENTS: u8 = 1;

/// Where the arguments of the process that runs lie in its memory.
pub struct CommandLine {
    at: *const u8,
    /// As many as are told at most.
    bytes: u64,
}

/// Adds to the process that runs when it started and who started it: once it has ended nobody can tell.
#[inline(always)]
pub fn describe(process: &mut Process) {
    if !reads_kernel() {
        return;
    }
    let Some(leader) = pointer(current(), Offset::TaskLeader) else { return };
    process.started_boot_ns = read(leader, Offset::TaskStarted).unwrap_or(0);
    let parent = pointer(leader, Offset::TaskParent).and_then(|parent| pointer(parent, Offset::TaskLeader));
    let Some(parent) = parent else { return };
    if let (Some(pid), Some(command)) = (read(parent, Offset::TaskGroup), read(parent, Offset::TaskCommand)) {
        (process.parent_pid, process.parent_command) = (pid, command);
    }
}

/// Whether the programs may read the kernel's memory.
pub fn reads_kernel() -> bool {
    is_on(&raw const TASK_FACTS)
}

/// How often the process that runs has become another program; `None` where nobody asks for arguments.
#[inline(always)]
pub fn executions() -> Option<u32> {
    if !is_on(&raw const TASK_ARGUMENTS) {
        return None;
    }
    let leader = pointer(current(), Offset::TaskLeader)?;
    read::<u64>(leader, Offset::TaskExecutions).map(|executions| executions as u32)
}

/// What the process that runs was started with; `None` where it has none, where that cannot be read, or where it has written a title over it, which has
/// another form (`get_mm_proctitle` of the kernel's `fs/proc/base.c`).
#[inline(always)]
pub fn command_line() -> Option<CommandLine> {
    let memory = pointer(current(), Offset::TaskMemory)?;
    let at: u64 = read(memory, Offset::MemoryArguments)?;
    let end: u64 = read(memory, Offset::MemoryArgumentsEnd)?;
    let bytes = end.checked_sub(at).filter(|bytes| 0 < *bytes)?;
    let last = read_user((end - 1) as *const u8)?;
    (last == 0 && read_user(at as *const u8).is_some())
        .then_some(CommandLine { at: at as *const u8, bytes: bytes.min(ARGUMENTS_BYTES as u64) })
}

impl CommandLine {
    /// Writes what is told of it. Of the line nothing is touched but what is copied.
    #[inline(always)]
    pub fn fill(&self, kind: Kind, process: &Process, at_boot_ns: u64, to: *mut Arguments) {
        let bytes = up_to_4096(self.bytes);
        // SAFETY: `to` is a whole entry of the ring, whose `line` has room for that many bytes; the helper reads any address of the
        // process, and fails where there is nothing.
        let copied = unsafe {
            let line = addr_of_mut!((*to).line).cast();
            generated::bpf_probe_read_user(line, bytes as u32, self.at.cast()) == 0
        };
        // SAFETY: the same, of which each field is in its place.
        unsafe {
            addr_of_mut!((*to).kind).write(kind);
            addr_of_mut!((*to).reserved).write(0);
            addr_of_mut!((*to).copied).write(if copied { bytes as u16 } else { 0 });
            addr_of_mut!((*to).pid).write(process.pid);
            addr_of_mut!((*to).at_boot_ns).write(at_boot_ns);
            addr_of_mut!((*to).started_boot_ns).write(process.started_boot_ns);
        }
    }
}

/// The same number, of which the verifier knows then that it is from 1 to 4096.
fn up_to_4096(value: u64) -> u64 {
    const _: () = assert!(ARGUMENTS_BYTES == 4096);
    let mut value = value.wrapping_sub(1);
    // SAFETY: it changes nothing but the number.
    unsafe { asm!("{0} &= 4095", "{0} += 1", inout(reg) value) };
    value
}

fn current() -> *const c_void {
    // SAFETY: the helper takes nothing.
    unsafe { bpf_get_current_task() as *const c_void }
}

fn is_on(switch: *const u8) -> bool {
    // SAFETY: it is one of the switches above. The compiler must not take what the agent replaces for the value.
    unsafe { ptr::read_volatile(switch) != 0 }
}

fn read_user(from: *const u8) -> Option<u8> {
    // SAFETY: the helper reads any address of the process, and fails where there is nothing.
    unsafe { bpf_probe_read_user(from) }.ok()
}
