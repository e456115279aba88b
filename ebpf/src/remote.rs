//! Asks whether a client on another host may be let in, before its connection is made. Clients of every network namespace that the
//! program is attached to come here.

use aya_ebpf::programs::SkLookupContext;

use crate::{act, kernel, ports};

/// Whether it may.
pub fn asked(context: &SkLookupContext) -> bool {
    if !kernel::is_tcp(context) || !ports::is_acted_on(kernel::looked_up_port(context)) {
        return true;
    }
    act::may_come(context, kernel::looked_up(context), kernel::looking(context))
}
