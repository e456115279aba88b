//! The same over UNIX sockets, where nothing counts what came before, and the server may have read it already.

use std::path::Path;

use super::*;
use crate::local::{Client, Server};

/// What is told of one connection whose client says these, each where the server has read what was said before.
fn told_of(said: &[&[u8]]) -> ConnectionRecord {
    let server = Server::start();
    let mut eye = server.watch();
    let mut client = server.connect();
    let mut served = server.listener.accept().unwrap().0;
    for said in said {
        client.write_all(said).unwrap();
        served.read_exact(&mut vec![0; said.len()]).unwrap();
    }
    eye.read();
    // Nobody says more.
    eye.stop();
    assert_eq!((eye.alerts().len(), eye.counts().startups_lost), (1, 0));
    (*eye.connections().last().unwrap()).clone()
}

fn told(said: &[&[u8]]) -> StartupFacts {
    told_of(said).startup
}

#[test]
fn who_goes_around_is_told_at_once() {
    let server = Server::start();
    let mut eye = server.watch();
    let mut client = server.connect();
    client.write_all(&alice()).unwrap();
    eye.read();
    let [record] = eye.connections()[..] else { panic!("{:?}", eye.connections()) };
    assert_eq!((record.class, &record.startup), (ConnectionClass::Bypass, &facts(Encryption::None)));
    let message = &eye.alerts()[0].message;
    let path = server.shown();
    let asked =
        format!("{path} around the proxy, role \"alice\", database \"shop\", application \"psql\"; runs ");
    assert!(message.contains(&asked), "{message}");
}

#[test]
fn what_is_asked_for_is_told() {
    assert_eq!(told(&[&alice(), PASSWORD]), facts(Encryption::None));
    assert_eq!(told(&[SSL_REQUEST, &alice()]), facts(Encryption::Refused));
    assert_eq!(told(&[GSSENC_REQUEST, SSL_REQUEST, &alice(), PASSWORD]), facts(Encryption::Refused));
    assert_eq!(told(&[&[SSL_REQUEST, &alice()].concat()]), facts(Encryption::Refused));
    assert_eq!(told(&[&[&alice()[..], PASSWORD].concat()]), facts(Encryption::None));
    assert_eq!(told(&[CANCEL_REQUEST]), nameless(Encryption::None));
    assert_eq!(told(&[SSL_REQUEST]), StartupFacts::default());
    let options = "-c ".repeat(330);
    let long = message(&[("options", &options), ("user", "alice")]);
    assert!((964..1024).contains(&long.len()));
    assert_eq!(told(&[&long]).database_role, "alice");
}

#[test]
fn what_cannot_be_understood_is_told_as_nothing_and_never_as_another() {
    let (alice, bob) = (alice(), message(&[("user", "bob")]));
    let unknown = StartupFacts::default();
    assert_eq!(told(&[b"GET / HTTP/1.1\r\n\r\n"]), unknown);
    assert_eq!(told(&[&[0xff; 200_000]]), unknown);
    assert_eq!(told(&[PASSWORD]), unknown);
    assert_eq!(told(&[&alice[..3], &bob]), unknown);
    assert_eq!(told(&[&[0; 8], &bob]), unknown);
    assert_eq!(told(&[&alice[..8], &bob]), nameless(Encryption::None));
    assert_eq!(told(&[&alice[..20], &bob]), nameless(Encryption::None));
    assert_eq!(told(&[SSL_REQUEST, &SSL_REQUEST[..7], &bob]), unknown);
    assert_eq!(told(&[SSL_REQUEST, SSL_REQUEST, SSL_REQUEST, &bob]), unknown);
    assert_eq!(told(&[&alice, &bob]), facts(Encryption::None));
    let long = message(&[("user", "bob"), ("options", &"x".repeat(1_000)), ("user", "alice")]);
    assert_eq!(told(&[&long]), nameless(Encryption::None));
}

/// What the server has not read stands before it, and nobody knows how much that is.
#[test]
fn what_comes_behind_what_was_not_read_names_nobody() {
    let server = Server::start();
    let mut eye = server.watch();
    let mut client = server.connect();
    client.write_all(SSL_REQUEST).unwrap();
    client.write_all(&alice()).unwrap();
    eye.read();
    eye.stop();
    assert_eq!(eye.connections().last().unwrap().startup, StartupFacts::default());
}

/// It may say anything that looks like a beginning, in the middle of its data.
#[test]
fn a_connection_from_before_is_not_named_by_what_it_says_later() {
    let server = Server::start();
    let mut client = server.connect();
    let mut served = server.listener.accept().unwrap().0;
    let mut say = || {
        client.write_all(&alice()).unwrap();
        served.read_exact(&mut vec![0; alice().len()]).unwrap();
    };
    say();
    let mut eye = Eye::on(server.port);
    let look = eye.begin_look(server.port);
    say();
    eye.end_look(&look);
    say();
    eye.read();
    let mut later = server.watch();
    say();
    for eye in [&mut eye, &mut later] {
        eye.read();
        eye.stop();
        assert!(eye.connections().iter().all(|it| it.startup == StartupFacts::default()));
        assert_eq!(eye.alerts().len(), 1);
    }
}

/// Each of its bytes is told, and which was the first nobody knows.
#[test]
fn a_socket_without_memory_names_nobody() {
    let server = Server::start();
    let mut eye = server.watch();
    let script = "echo 0 > /proc/sys/net/core/optmem_max && exec \"$@\"";
    let without_memory = ["unshare", "--net", "sh", "-c", script, "sh"];
    let client = Client::saying(Path::new("/"), &server.shown(), &without_memory, &[b"x", &alice()]);
    eye.read();
    eye.stop();
    let record = eye.connections()[0];
    assert_eq!((record.class, &record.startup), (ConnectionClass::Bypass, &StartupFacts::default()));
    drop(client);
}

#[test]
fn of_the_proxys_own_connections_nothing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    fs::write(&pid_file, std::process::id().to_string()).unwrap();
    let server = Server::start();
    let mut eye = Eye::new(&[&pid_file]);
    eye.kernel.watch_port(server.port).unwrap();
    eye.look(server.port);
    server.connect().write_all(&alice()).unwrap();
    eye.read();
    let record = eye.connections()[0];
    assert_eq!((record.class, &record.startup), (ConnectionClass::Proxied, &StartupFacts::default()));
}
