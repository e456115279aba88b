//! Decides how a connection came.

use std::net::IpAddr;

use audit::record::{ConnectionClass, Evidence, UnixMicros};
use ebpf_abi::Process;

use super::{Arrival, Witness};
use crate::snapshot::{Look, Reach, Standing};

/// How a connection came, what that rests on, and the rule that allows it.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) class: ConnectionClass,
    pub(super) evidence: Evidence,
    pub(super) rule: String,
}

const BYPASS: Judgement = ruleless(ConnectionClass::Bypass, Evidence::None);
const UNKNOWN: Judgement = ruleless(ConnectionClass::Unknown, Evidence::None);

const fn ruleless(class: ConnectionClass, evidence: Evidence) -> Judgement {
    Judgement { class, evidence, rule: String::new() }
}

/// The database is on another host, whose own agent judges.
const OUTGOING: Judgement = ruleless(ConnectionClass::Outgoing, Evidence::None);

/// The database is on another host. There the address of this one vouches for all of its processes where a proxy is: only here it is known
/// which of them is the proxy. Another proxy is a way to a database as this one is.
pub(super) fn leaving(
    arrival: &Arrival<'_>,
    server: IpAddr,
    is_proxy: bool,
    witness: &mut impl Witness,
) -> Judgement {
    if is_proxy || !witness.has_proxy() || witness.is_proxy_address(server) {
        return OUTGOING;
    }
    match arrival.process {
        Some(_) => by_rule(arrival, Evidence::Kernel, witness),
        None => UNKNOWN,
    }
}

/// Both ends are here: only the registered proxy's own process may connect, whatever its address, and whom a rule allows.
pub(super) fn by_process(arrival: &Arrival<'_>, is_proxy: bool, witness: &mut impl Witness) -> Judgement {
    match arrival.process {
        Some(_) if is_proxy => ruleless(ConnectionClass::Proxied, Evidence::Kernel),
        Some(_) => by_rule(arrival, Evidence::Kernel, witness),
        // The kernel had no memory for it: a look asks who holds the connection.
        None => UNKNOWN,
    }
}

/// The client is elsewhere. Another process of a proxy's host has the proxy's address: the ledger tells whether a proxy says that it is its
/// own, and where none does the rule counts.
pub(super) fn by_address(arrival: &Arrival<'_>, witness: &mut impl Witness) -> Judgement {
    if arrival.client.is_some_and(|client| witness.is_proxy_address(client)) {
        let rule = witness.rule_for(arrival).unwrap_or_default();
        Judgement { class: ConnectionClass::Proxied, evidence: Evidence::Address, rule }
    } else {
        by_rule(arrival, Evidence::Address, witness)
    }
}

fn by_rule(arrival: &Arrival<'_>, evidence: Evidence, witness: &mut impl Witness) -> Judgement {
    match witness.rule_for(arrival) {
        Some(rule) => Judgement { class: ConnectionClass::Allowed, evidence, rule },
        None => BYPASS,
    }
}

/// It was open before the agent looked: whoever holds it now is taken for who asked for it. Returns also that process.
pub(super) fn by_look(
    standing: &Standing,
    at: UnixMicros,
    look: &Look,
    witness: &mut impl Witness,
) -> (Judgement, Option<Process>) {
    let nobody =
        Arrival { at, client: standing.client_address(), server_port: standing.server.port(), process: None };
    if standing.client_cookie == 0 && standing.socket_path.is_empty() {
        if standing.is_client_closed {
            return (UNKNOWN, None);
        }
        let judgement = by_address(&nobody, witness);
        // Its other end may be in a network namespace of this host that could not be seen.
        let is_sure = judgement.class == ConnectionClass::Proxied || look.reach == Reach::Whole;
        return (if is_sure { judgement } else { UNKNOWN }, None);
    }
    let held = by_holders(standing, &nobody, witness);
    let is_of_proxy = held.0.as_ref().is_some_and(|held| held.class == ConnectionClass::Proxied);
    let is_free = is_of_proxy || !witness.has_proxy() || witness.is_proxy_address(standing.server.ip());
    if !standing.is_served_here && is_free {
        return (if look.reach == Reach::Whole { OUTGOING } else { UNKNOWN }, held.1);
    }
    match held {
        (Some(judgement), process) => (judgement, process),
        // A process that could not be asked may hold it; what was closed nobody holds.
        (None, _) if !look.are_holders_whole || standing.is_client_closed => (UNKNOWN, None),
        // A socket may be on its way from one process to another, or be hidden.
        (None, _) => (BYPASS, None),
    }
}

/// The worst of those who hold it: one that nothing allows, else one that a rule does, else the proxy.
fn by_holders(
    standing: &Standing,
    nobody: &Arrival<'_>,
    witness: &mut impl Witness,
) -> (Option<Judgement>, Option<Process>) {
    let (mut worst, mut whose): (Option<Judgement>, _) = (None, None);
    for process in &standing.holders {
        let judgement = if witness.is_proxy(process) {
            ruleless(ConnectionClass::Proxied, Evidence::Holder)
        } else {
            by_rule(&Arrival { process: Some(process), ..*nobody }, Evidence::Holder, witness)
        };
        let badness = |judgement: &Judgement| match judgement.class {
            ConnectionClass::Proxied => 0,
            ConnectionClass::Allowed => 1,
            ConnectionClass::Bypass | ConnectionClass::Outgoing | ConnectionClass::Unknown => 2,
        };
        if worst.as_ref().is_none_or(|worst| badness(worst) < badness(&judgement)) {
            (worst, whose) = (Some(judgement), Some(*process));
        }
    }
    (worst, whose)
}
