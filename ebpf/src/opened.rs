//! Tells that a connection to a watched port was established.

use aya_ebpf::programs::SockOpsContext;
use aya_log_ebpf::warn;
use ebpf_abi::{Counter, Kind, Opened, Process, Side};

use crate::{kernel, ports, ring};

pub fn opened(context: &SockOpsContext, side: Side) {
    let database_port = match side {
        Side::Client => kernel::remote_port(context),
        Side::Server => kernel::local_port(context),
    };
    if !ports::is_watched(database_port) {
        return;
    }
    let now_boot_ns = kernel::now_boot_ns();
    // Before the event: who reads of an opening may count on its end, or on the count of unseen ends.
    let is_end_untold = kernel::ask_for_states(context).is_err();
    if is_end_untold {
        ring::count(Counter::EndUnseen);
        if kernel::due(kernel::Moment::EndUnseenWarned, now_boot_ns, kernel::SECOND_NS) {
            warn!(context, target: "kernel", "the end of a connection to port {} cannot be seen", database_port);
        }
    }
    let mut opened = Opened {
        kind: Kind::Opened,
        side,
        end_untold: u8::from(is_end_untold),
        reserved: [0; 5],
        at_boot_ns: now_boot_ns,
        cookie: kernel::socket_cookie(context),
        netns_cookie: kernel::netns_cookie(context),
        local: kernel::local(context),
        remote: kernel::remote(context),
        process: Process::UNKNOWN,
    };
    let is_client = matches!(side, Side::Client);
    if is_client && !kernel::take_process(context, &mut opened.process) {
        ring::count(Counter::ProcessLost);
        if kernel::due(kernel::Moment::ProcessLostWarned, now_boot_ns, kernel::SECOND_NS) {
            warn!(context, target: "kernel", "nothing is known of the process that connected to port {}", database_port);
        }
    }
    ring::emit(context, &opened, now_boot_ns, Counter::OpenedSubmitted, Counter::OpenedLost);
}
