//! What the programs ask the kernel about the task that runs. As of sockets, no field of it is part of an interface.

use core::ffi::c_void;
use core::ptr::{self, addr_of};

use aya_ebpf::helpers::bpf_get_current_task;
use ebpf_abi::{Offset, Process};

use super::sockets::{pointer, read};

/// Whether the programs may read the kernel's memory, and know where fields of tasks lie. Written by the agent before the kernel sees the
/// programs: what is never called is no part of them.
#[unsafe(no_mangle)]
static TASK_FACTS: u8 = 1;

/// Adds to the process that runs when it started, who started it and in which network namespace it is: once it has ended nobody can tell.
#[inline(always)]
pub fn describe(process: &mut Process) {
    // SAFETY: it is there. The compiler must not take what the agent replaces for the value.
    if unsafe { ptr::read_volatile(addr_of!(TASK_FACTS)) } == 0 {
        return;
    }
    // SAFETY: the helper takes nothing.
    let task = unsafe { bpf_get_current_task() } as *const c_void;
    // The task is one thread of the process.
    let Some(leader) = pointer(task, Offset::TaskLeader) else { return };
    process.started_boot_ns = read(leader, Offset::TaskStarted).unwrap_or(0);
    process.network_namespace = pointer(leader, Offset::TaskNamespaces)
        .and_then(|namespaces| pointer(namespaces, Offset::NamespacesNetwork))
        .and_then(|network| read(network, Offset::NetworkInode))
        .unwrap_or(0);
    let parent = pointer(leader, Offset::TaskParent).and_then(|parent| pointer(parent, Offset::TaskLeader));
    let Some(parent) = parent else { return };
    if let (Some(pid), Some(command)) = (read(parent, Offset::TaskGroup), read(parent, Offset::TaskCommand)) {
        (process.parent_pid, process.parent_command) = (pid, command);
    }
}
