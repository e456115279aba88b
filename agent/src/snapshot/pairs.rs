//! Makes connections of the sockets of two lists. A connection that ends while lists are made has one end in them: it
//! must not look like one to another host.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;

use ebpf_abi::TcpState;

use super::{Socket, Standing};

/// Client and server; each network namespace has loopback addresses of its own.
type Key = (SocketAddr, SocketAddr, u64);

/// Connections of which both lists have all the ends that the first one has.
pub(super) fn standing(ports: &BTreeSet<u16>, first: &[Socket], second: &[Socket]) -> Vec<Standing> {
    let still: HashMap<u64, TcpState> = second.iter().map(|it| (it.cookie, it.state)).collect();
    let listening: HashSet<(u64, u16)> = first
        .iter()
        .filter(|it| it.state == TcpState::LISTEN)
        .map(|it| (it.namespace, it.local.port()))
        .collect();
    let mut clients: HashMap<Key, &Socket> = HashMap::new();
    let mut servers: Vec<(Key, &Socket)> = Vec::new();
    // A socket that is connected to itself is no database's.
    for socket in first.iter().filter(|it| it.state != TcpState::LISTEN && it.local != it.remote) {
        let is_server = ports.contains(&socket.local.port())
            && (!ports.contains(&socket.remote.port())
                || listening.contains(&(socket.namespace, socket.local.port())));
        if is_server {
            servers.push((key(socket.remote, socket.local, socket.namespace), socket));
        } else {
            clients.insert(key(socket.local, socket.remote, socket.namespace), socket);
        }
    }
    // The first list may have passed by an end before it was made.
    let late: HashMap<Key, &Socket> = second
        .iter()
        .filter(|it| it.state != TcpState::LISTEN)
        .map(|it| (key(it.local, it.remote, it.namespace), it))
        .collect();
    let mut standing = Vec::new();
    for (key, server) in servers {
        let client = clients.remove(&key).or_else(|| late.get(&key).copied());
        let client_stands = client.is_none_or(|client| still.contains_key(&client.cookie));
        let Some(state) = still.get(&server.cookie).filter(|_| is_open(server) && client_stands) else {
            continue;
        };
        // Its client was here, and is in no list.
        let is_from_here = server.remote.ip().is_loopback() || server.remote.ip() == server.local.ip();
        let is_client_closed = client.is_none() && *state != TcpState::ESTABLISHED && is_from_here;
        standing.push(Standing { is_client_closed, ..connection(server, client, true) });
    }
    for client in clients.into_values() {
        if late.contains_key(&key(client.remote, client.local, client.namespace)) {
            continue;
        }
        // Its end may wait for a process that has forgotten it, long after the server's is gone. Where the server's end
        // goes while the first list is made, the second one tells.
        if client.state == TcpState::ESTABLISHED && still.get(&client.cookie) == Some(&TcpState::ESTABLISHED)
        {
            standing.push(connection(client, Some(client), false));
        }
    }
    standing
}

/// Its end has not sent a FIN: somebody may still use it.
fn is_open(socket: &Socket) -> bool {
    matches!(socket.state, TcpState::ESTABLISHED | TcpState::CLOSE_WAIT)
}

fn key(client: SocketAddr, server: SocketAddr, namespace: u64) -> Key {
    (client, server, if server.ip().is_loopback() { namespace } else { 0 })
}

fn connection(teller: &Socket, client: Option<&Socket>, is_served_here: bool) -> Standing {
    let (client_end, server_end) =
        if is_served_here { (teller.remote, teller.local) } else { (teller.local, teller.remote) };
    Standing {
        cookie: teller.cookie,
        client_cookie: client.map_or(0, |client| client.cookie),
        client: client_end,
        server: server_end,
        socket_path: String::new(),
        is_served_here,
        bytes: teller.bytes,
        holders: Vec::new(),
        client_inode: client.map_or(0, |client| client.inode),
        network_namespace: client.and_then(|client| u32::try_from(client.namespace).ok()).unwrap_or(0),
        is_client_closed: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::Bytes;

    fn socket(cookie: u64, namespace: u64, state: TcpState, local: &str, remote: &str) -> Socket {
        let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
        Socket { cookie, namespace, state, local, remote, inode: 1, cgroup_id: None, bytes: Bytes::default() }
    }

    fn found(first: &[Socket], second: &[Socket]) -> Vec<String> {
        let mut found: Vec<_> = standing(&BTreeSet::from([5432]), first, second)
            .into_iter()
            .map(|it| {
                let what = if it.is_served_here { "here" } else { "elsewhere" };
                format!("{}/{} {}->{} {what}", it.cookie, it.client_cookie, it.client, it.server)
            })
            .collect();
        found.sort();
        found
    }

    const OPEN: TcpState = TcpState::ESTABLISHED;

    #[test]
    fn two_ends_are_one_connection_also_across_namespaces() {
        let ends = [
            socket(1, 1, OPEN, "10.0.0.1:40000", "10.0.0.2:5432"),
            socket(2, 2, OPEN, "10.0.0.2:5432", "10.0.0.1:40000"),
            socket(3, 2, OPEN, "10.0.0.2:5432", "10.0.0.9:40000"),
            socket(4, 2, OPEN, "10.0.0.2:40000", "10.0.0.9:5432"),
            socket(5, 2, TcpState::LISTEN, "0.0.0.0:5432", "0.0.0.0:0"),
        ];
        let expected = [
            "2/1 10.0.0.1:40000->10.0.0.2:5432 here",
            "3/0 10.0.0.9:40000->10.0.0.2:5432 here",
            "4/4 10.0.0.2:40000->10.0.0.9:5432 elsewhere",
        ];
        assert_eq!(found(&ends, &ends), expected);
    }

    #[test]
    fn loopback_addresses_of_two_namespaces_are_two_connections() {
        let ends = [
            socket(1, 1, OPEN, "[::1]:40000", "[::1]:5432"),
            socket(2, 2, OPEN, "[::1]:5432", "[::1]:40000"),
        ];
        assert_eq!(
            found(&ends, &ends),
            ["1/1 [::1]:40000->[::1]:5432 elsewhere", "2/0 [::1]:40000->[::1]:5432 here"]
        );
    }

    #[test]
    fn what_ends_or_begins_between_the_lists_is_left_out() {
        let client = socket(1, 1, OPEN, "127.0.0.1:40000", "127.0.0.1:5432");
        let server = socket(2, 1, OPEN, "127.0.0.1:5432", "127.0.0.1:40000");
        assert!(found(&[client, server], &[]).is_empty());
        assert!(found(&[], &[client, server]).is_empty());
        assert!(found(&[client, server], &[client]).is_empty(), "not one to another host");
        assert!(found(&[client, server], &[server]).is_empty(), "not one from another host");
        let leaked = socket(1, 1, TcpState::CLOSE_WAIT, "127.0.0.1:40000", "127.0.0.1:5432");
        assert!(found(&[leaked], &[leaked]).is_empty(), "its server is gone");
        assert!(found(&[client], &[leaked]).is_empty(), "its server went while the first list was made");
        let both = ["2/1 127.0.0.1:40000->127.0.0.1:5432 here"];
        assert_eq!(
            found(&[server], &[client, server]),
            both,
            "its client came while the first list was made"
        );
        assert!(found(&[client], &[client, server]).is_empty(), "not one to another host either");
    }

    #[test]
    fn a_client_of_this_host_that_has_closed_is_none_of_another_host() {
        let closed = |remote: &str, state| {
            let server = socket(2, 1, state, "10.0.0.5:5432", remote);
            let found = standing(&BTreeSet::from([5432]), &[server], &[server]);
            found.iter().all(|it| it.is_client_closed)
        };
        assert!(closed("10.0.0.5:40000", TcpState::CLOSE_WAIT));
        assert!(!closed("10.0.0.5:40000", OPEN), "somebody hides it");
        assert!(!closed("10.0.0.9:40000", TcpState::CLOSE_WAIT));
    }

    #[test]
    fn the_listener_tells_the_server_where_both_ports_are_watched() {
        let ends = [
            socket(1, 1, OPEN, "10.0.0.1:5432", "10.0.0.2:5432"),
            socket(2, 2, OPEN, "10.0.0.2:5432", "10.0.0.1:5432"),
            socket(3, 2, TcpState::LISTEN, "0.0.0.0:5432", "0.0.0.0:0"),
        ];
        assert_eq!(found(&ends, &ends), ["2/1 10.0.0.1:5432->10.0.0.2:5432 here"]);
    }
}
