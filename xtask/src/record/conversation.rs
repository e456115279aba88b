//! Picks one session out of what passed on both sides of the proxy, and writes it as a text. Logging in is left out.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};

use super::tap::{Door, From, Piece};

/// `application_name` of the connections on which the proxy reads catalogs.
const OF_THE_PROXY: &[u8] = b"picket-proxy catalog";

/// What a client's first packet is that asks for TLS, and one that cancels (protocol.h).
const SSL_REQUEST: u32 = 80_877_103;
const CANCEL_REQUEST: u32 = 80_877_102;

/// One session at one door: the number of its connection, and how many bytes of either side belong to logging in.
struct Session {
    connection: usize,
    login_bytes: [usize; 2],
    bytes: usize,
}

/// The longest session of the client, as a text: the relations there were, and one line for each piece in the order in
/// which it came. `client` and `server` have what they sent; `to-server` and `to-client`, at the end, what they got where
/// it is not the same.
pub(super) fn text(relations: &str, passed: &[Piece]) -> Result<String> {
    let (clients, servers) = (sessions(Door::Client, passed), sessions(Door::Server, passed));
    ensure!(
        clients.len() == servers.len(),
        "{} sessions of clients became {} of the server",
        clients.len(),
        servers.len()
    );
    let both = clients.iter().zip(&servers).max_by_key(|(client, _)| client.bytes);
    let (client, server) = both.context("find a session")?;
    let mut text = String::from("# Written by `cargo xtask record`.\n");
    for relation in relations.lines() {
        let _ = writeln!(text, "relation {relation}");
    }
    let mut all = [const { Vec::new() }; 4];
    let mut login = [client.login_bytes, server.login_bytes];
    for piece in passed {
        let (door, at) = match piece.door {
            Door::Client if piece.connection == client.connection => ("client", 0),
            Door::Server if piece.connection == server.connection => ("server", 1),
            _ => continue,
        };
        let side = usize::from(piece.from == From::Called);
        let left_out = piece.bytes.len().min(login[at][side]);
        login[at][side] -= left_out;
        let bytes = &piece.bytes[left_out..];
        all[2 * at + side].extend_from_slice(bytes);
        let is_sent = (piece.door == Door::Client) == (piece.from == From::Caller);
        if is_sent && !bytes.is_empty() {
            let _ = writeln!(text, "{door} {}", escaped(bytes));
        }
    }
    let [from_client, to_client, to_server, from_server] = all;
    for (name, sent, got) in [("to-server", from_client, to_server), ("to-client", from_server, to_client)] {
        if sent != got {
            let _ = writeln!(text, "{name} {}", escaped(&got));
        }
    }
    Ok(text)
}

/// The sessions at a door whose log-in was completed, in the order of their connections.
fn sessions(door: Door, passed: &[Piece]) -> Vec<Session> {
    let of_door = || passed.iter().filter(move |piece| piece.door == door);
    let mut connections: Vec<usize> = of_door().map(|piece| piece.connection).collect();
    connections.sort_unstable();
    connections.dedup();
    let session = |connection| {
        let pieces = || of_door().filter(move |piece| piece.connection == connection);
        let said = |from| {
            let pieces = pieces().filter(|piece| piece.from == from).map(|piece| piece.bytes.as_slice());
            pieces.collect::<Vec<_>>().concat()
        };
        let (called, caller) = (said(From::Called), said(From::Caller));
        let code = u32::from_be_bytes(*caller.get(4..)?.first_chunk()?);
        if code == CANCEL_REQUEST || caller.windows(OF_THE_PROXY.len()).any(|window| window == OF_THE_PROXY) {
            return None;
        }
        let called_login = ready(&called, usize::from(code == SSL_REQUEST))?;
        // What the caller has sent before it was told that it is in.
        let mut left = called_login;
        let before = pieces().take_while(|piece| {
            let goes_on = 0 < left;
            if piece.from == From::Called {
                left = left.saturating_sub(piece.bytes.len());
            }
            goes_on
        });
        let caller_login =
            before.filter(|piece| piece.from == From::Caller).map(|piece| piece.bytes.len()).sum();
        let bytes = called.len() + caller.len();
        Some(Session { connection, login_bytes: [caller_login, called_login], bytes })
    };
    connections.into_iter().filter_map(session).collect()
}

/// Where the first ReadyForQuery ends.
fn ready(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let tag = *bytes.get(at)?;
        let len = u32::from_be_bytes(*bytes.get(at + 1..)?.first_chunk()?);
        at += 1 + len as usize;
        if tag == b'Z' {
            return Some(at);
        }
    }
}

/// Bytes in one line of ASCII: `\0`, `\n`, `\\` and `\xff`.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0 => text.push_str("\\0"),
            b'\n' => text.push_str("\\n"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            other => {
                let _ = write!(text, "\\x{other:02x}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(door: Door, connection: usize, from: From, bytes: &[u8]) -> Piece {
        Piece { door, connection, from, bytes: bytes.to_vec() }
    }

    #[test]
    fn a_session_is_written_without_its_log_in() {
        let (startup, ready) = (b"\0\0\0\x08\0\x03\0\0", b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I");
        let asked = b"Q\0\0\0\x06a\0";
        let passed = [
            piece(Door::Server, 0, From::Caller, b"\0\0\0\x1e\0\x03\0\0picket-proxy catalog\0\0"),
            piece(Door::Server, 0, From::Called, ready),
            piece(Door::Client, 0, From::Caller, startup),
            piece(Door::Server, 1, From::Caller, startup),
            piece(Door::Server, 1, From::Called, ready),
            piece(Door::Client, 0, From::Called, ready),
            piece(Door::Client, 0, From::Caller, asked),
            piece(Door::Server, 1, From::Caller, asked),
            piece(Door::Server, 1, From::Called, b"1\0\0\0\x04"),
            piece(Door::Client, 0, From::Called, b"2\0\0\0\x04"),
        ];
        let text = text("7 public.a b:1:25", &passed).unwrap();
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "relation 7 public.a b:1:25",
                "client Q\\0\\0\\0\\x06a\\0",
                "server 1\\0\\0\\0\\x04",
                "to-client 2\\0\\0\\0\\x04"
            ]
        );
    }

    #[test]
    fn bytes_become_one_line() {
        assert_eq!(escaped(b"a\0\n\\\xc3 ~"), "a\\0\\n\\\\\\xc3 ~");
    }
}
