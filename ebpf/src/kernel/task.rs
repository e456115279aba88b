//! What the programs ask the kernel about the task that runs. As of sockets, no field of it is part of an interface.

use core::arch::asm;
use core::ffi::c_void;
use core::ptr::{self, addr_of_mut};

use aya_ebpf::helpers::{
    bpf_get_current_task, bpf_probe_read_kernel_str_bytes, bpf_probe_read_user, generated,
};
use ebpf_abi::{ARGUMENTS_BYTES, Arguments, EXECUTABLE_BYTES, Kind, NO_LOGIN, Offset, Process};

use super::sockets::{offset, pointer, read};

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

/// Adds to the process that runs when it started, who started it, which file it runs and who logged in: once it has ended, or become another
/// program, nobody can tell.
#[inline(always)]
pub fn describe(process: &mut Process) {
    if !reads_kernel() {
        return;
    }
    let Some(leader) = pointer(current(), Offset::TaskLeader) else { return };
    process.started_boot_ns = read(leader, Offset::TaskStarted).unwrap_or(0);
    process.executions =
        read::<u64>(leader, Offset::TaskExecutions).map_or(0, |executions| executions as u32);
    if offset(Offset::TaskLogin) != 0 {
        process.login_uid = read(leader, Offset::TaskLogin).unwrap_or(NO_LOGIN);
    }
    if let Some((inode, mount)) = executable().and_then(identity) {
        (process.executable_inode, process.executable_mount) = (inode, mount);
    }
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

/// Whether somebody asks for arguments.
pub fn tells_arguments() -> bool {
    is_on(&raw const TASK_ARGUMENTS)
}

/// The file that the process runs.
fn executable() -> Option<*const c_void> {
    pointer(pointer(current(), Offset::TaskMemory)?, Offset::MemoryExecutable)
}

/// What tells a file from all others: its inode, and the mount that it is on.
#[inline(always)]
fn identity(file: *const c_void) -> Option<(u64, u32)> {
    let inode = read(pointer(file, Offset::FileInode)?, Offset::InodeNumber)?;
    let shared = pointer(file, Offset::FileMount)?;
    let mount = read(shared.wrapping_byte_sub(offset(Offset::MountShared)), Offset::MountNumber)?;
    Some((inode, mount))
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

/// Writes what is told of the program that the process runs. Of the line nothing is touched but what is copied.
#[inline(always)]
pub fn fill(line: Option<CommandLine>, kind: Kind, process: &Process, at_boot_ns: u64, to: *mut Arguments) {
    // SAFETY: `to` is a whole entry of the ring.
    let copied = line.map_or(0, |line| unsafe { line.copy(to) });
    // SAFETY: the same, of which each field is in its place.
    unsafe {
        addr_of_mut!((*to).kind).write(kind);
        addr_of_mut!((*to).reserved).write(0);
        addr_of_mut!((*to).copied).write(copied);
        addr_of_mut!((*to).pid).write(process.pid);
        addr_of_mut!((*to).at_boot_ns).write(at_boot_ns);
        addr_of_mut!((*to).started_boot_ns).write(process.started_boot_ns);
        addr_of_mut!((*to).executions).write(process.executions);
        addr_of_mut!((*to).reserved_2).write(0);
        addr_of_mut!((*to).executable).write([0; EXECUTABLE_BYTES]);
    }
    let name = executable()
        .and_then(|file| pointer(file, Offset::FileEntry))
        .and_then(|entry| pointer(entry, Offset::EntryName));
    if let Some(name) = name {
        // SAFETY: the same; the helper reads any address, writes no more than the length of what it is given, and leaves zeros where there is nothing.
        let _ = unsafe { bpf_probe_read_kernel_str_bytes(name.cast(), &mut *addr_of_mut!((*to).executable)) };
    }
}

impl CommandLine {
    /// Copies it. Returns how many bytes that were.
    ///
    /// # Safety
    /// `to` is a whole entry of the ring.
    #[inline(always)]
    unsafe fn copy(&self, to: *mut Arguments) -> u16 {
        let bytes = up_to_4096(self.bytes);
        // SAFETY: `line` has room for that many bytes; the helper reads any address of the process, and fails where there is nothing.
        let is_copied = unsafe {
            let line = addr_of_mut!((*to).line).cast();
            generated::bpf_probe_read_user(line, bytes as u32, self.at.cast()) == 0
        };
        if is_copied { bytes as u16 } else { 0 }
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
