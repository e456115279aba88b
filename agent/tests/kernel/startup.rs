//! What clients say first, and ways to say it so that it is not understood or taken for something else.

mod local;

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use audit::record::{ConnectionClass, ConnectionRecord, Encryption, StartupFacts};

use crate::eye::{Eye, late_server};
use crate::namespaces::Namespace;

const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];
const GSSENC_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x30];
const CANCEL_REQUEST: &[u8] = &[0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2];
const TLS_RECORD: &[u8] = &[0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0];
const GSS_TOKEN: &[u8] = &[0, 0, 0, 6, 0x60, 0x82, 1, 2, 3, 4];
const PASSWORD: &[u8] = b"p\0\0\0\x0bsecret\0";
/// Nothing may be told later: an alert has two seconds to get to whoever must know, the way included.
const TOLD_WITHIN: Duration = Duration::from_millis(1500);

fn message(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = 0x0003_0000_u32.to_be_bytes().to_vec();
    for (name, value) in parameters {
        body.extend([name.as_bytes(), b"\0", value.as_bytes(), b"\0"].concat());
    }
    body.push(0);
    [&u32::try_from(body.len() + 4).unwrap().to_be_bytes()[..], &body].concat()
}

/// What psql of alice says.
fn alice() -> Vec<u8> {
    message(&[("user", "alice"), ("database", "shop"), ("application_name", "psql")])
}

fn facts(encryption: Encryption) -> StartupFacts {
    StartupFacts {
        encryption,
        database_role: "alice".to_owned(),
        database: "shop".to_owned(),
        application_name: "psql".to_owned(),
    }
}

fn nameless(encryption: Encryption) -> StartupFacts {
    StartupFacts { encryption, ..StartupFacts::default() }
}

/// What is told of one connection whose client says these, each where the server has read what was said before.
fn told_at(listen: &str, said: &[&[u8]]) -> ConnectionRecord {
    let listener = TcpListener::bind(listen).unwrap();
    let address = listener.local_addr().unwrap();
    let mut eye = Eye::on(address.port());
    let mut client = TcpStream::connect(address).unwrap();
    client.set_nodelay(true).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    for said in said {
        client.write_all(said).unwrap();
        server.read_exact(&mut vec![0; said.len()]).unwrap();
    }
    drop((client, server));
    let (opened, closed) = eye.one();
    assert_eq!(opened.startup, closed.startup);
    assert_eq!(eye.alerts().len(), 1);
    assert_eq!(eye.alerts()[0].connection.as_ref(), Some(&opened));
    assert_eq!(eye.counts().startups_lost, 0);
    opened
}

fn told(said: &[&[u8]]) -> StartupFacts {
    told_at("127.0.0.1:0", said).startup
}

#[test]
fn who_goes_around_is_told_by_role_database_and_application() {
    for listen in ["127.0.0.1:0", "[::1]:0"] {
        let record = told_at(listen, &[&alice(), PASSWORD]);
        assert_eq!(
            (record.class, record.startup),
            (ConnectionClass::Bypass, facts(Encryption::None)),
            "{listen}"
        );
    }
}

#[test]
fn the_alert_names_them_before_the_client_has_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut eye = Eye::on(address.port());
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(&alice()).unwrap();
    eye.until_told(1);
    let message = &eye.alerts()[0].message;
    let asked = format!(
        "to {address} from {} around the proxy, role \"alice\", database \"shop\", application \"psql\", not encrypted",
        client.local_addr().unwrap()
    );
    assert!(message.contains(&asked), "{message}");
}

/// It waits no longer than there is time for.
#[test]
fn who_says_nothing_is_told_all_the_same_and_what_comes_later_is_added() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut eye = Eye::on(address.port());
    let (mut client, began) = (TcpStream::connect(address).unwrap(), Instant::now());
    eye.until_told(1);
    assert!(began.elapsed() < TOLD_WITHIN, "{:?}", began.elapsed());
    assert_eq!((eye.alerts().len(), &eye.connections()[0].startup), (1, &StartupFacts::default()));
    client.write_all(SSL_REQUEST).unwrap();
    client.write_all(&alice()).unwrap();
    eye.until_told(2);
    assert_eq!(eye.connections()[1].startup, facts(Encryption::Refused));
    assert_eq!(eye.alerts().len(), 1, "once is enough");
}

#[test]
fn what_is_asked_for_and_what_comes_of_it_is_told() {
    assert_eq!(told(&[SSL_REQUEST, TLS_RECORD]), nameless(Encryption::Tls));
    assert_eq!(told(&[SSL_REQUEST, &alice()]), facts(Encryption::Refused));
    assert_eq!(told(&[GSSENC_REQUEST, SSL_REQUEST, &alice()]), facts(Encryption::Refused));
    assert_eq!(told(&[GSSENC_REQUEST, SSL_REQUEST, TLS_RECORD]), nameless(Encryption::Tls));
    assert_eq!(told(&[GSSENC_REQUEST, GSS_TOKEN]), nameless(Encryption::Gss));
    assert_eq!(told(&[TLS_RECORD]), nameless(Encryption::Tls), "direct TLS");
    assert_eq!(told(&[CANCEL_REQUEST]), nameless(Encryption::None));
    assert_eq!(told(&[SSL_REQUEST, CANCEL_REQUEST]), nameless(Encryption::Refused));
    assert_eq!(told(&[SSL_REQUEST]), StartupFacts::default(), "gone before the answer");
    // One that does not wait for the answer.
    assert_eq!(told(&[&[SSL_REQUEST, &alice()].concat()]), facts(Encryption::Refused));
}

#[test]
fn what_cannot_be_understood_is_told_as_nothing_and_never_as_another() {
    let alice = alice();
    let unknown = StartupFacts::default();
    assert_eq!(told(&[b"GET / HTTP/1.1\r\n\r\n"]), unknown);
    assert_eq!(told(&[&[0xff; 2000]]), unknown);
    assert_eq!(told(&[PASSWORD]), unknown);
    assert_eq!(told(&[&alice[..3], &alice[3..]]), unknown, "in two pieces");
    assert_eq!(told(&[&alice[..1], &alice[1..]]), unknown);
    // A piece that looks like a message of its own.
    let bob = message(&[("user", "bob")]);
    assert_eq!(told(&[&alice[..8], &bob]), nameless(Encryption::None));
    assert_eq!(told(&[&[0; 8], &bob]), unknown);
    assert_eq!(told(&[TLS_RECORD, &bob]), nameless(Encryption::Tls));
    assert_eq!(told(&[SSL_REQUEST, &SSL_REQUEST[..7], &bob]), unknown);
    assert_eq!(told(&[SSL_REQUEST, SSL_REQUEST, SSL_REQUEST, &bob]), unknown, "one request too many");
    // Cut where a header is whole and the names are not.
    assert_eq!(told(&[&alice[..20], &alice[20..]]), nameless(Encryption::None));
    // What stands behind the message.
    assert_eq!(told(&[&[&alice[..], &bob].concat()]), facts(Encryption::None));
    assert_eq!(told(&[&alice, &bob]), facts(Encryption::None));
}

/// The last of two counts for PostgreSQL, and of a message that was not read to its end nobody knows the last.
#[test]
fn a_name_is_the_one_that_counts_or_none() {
    let twice =
        message(&[("user", "bob"), ("user", "alice"), ("database", "shop"), ("application_name", "psql")]);
    assert_eq!(told(&[&twice]), facts(Encryption::None));
    let options = "-c ".repeat(3300);
    let long = message(&[("user", "bob"), ("options", &options), ("user", "alice")]);
    assert!(9_000 < long.len() && long.len() <= 10_000);
    assert_eq!(told(&[&long]), nameless(Encryption::None));
    let too_long = message(&[("user", "bob"), ("options", &"x".repeat(10_000))]);
    assert_eq!(told(&[&too_long]), StartupFacts::default(), "PostgreSQL takes no such message");
}

#[test]
fn names_are_told_whole_as_far_as_a_message_is() {
    let name = "n".repeat(300);
    let said = told(&[&message(&[("user", &name), ("database", &name), ("application_name", &name)])]);
    assert_eq!(
        (said.database_role, said.database, said.application_name),
        (name.clone(), name.clone(), name)
    );
    let odd = told(&[&message(&[("user", "a\nb\u{1b}[31m"), ("database", "Größe")])]);
    assert_eq!((odd.database_role.as_str(), odd.database.as_str()), ("a\u{fffd}b\u{fffd}[31m", "Größe"));
    // As PostgreSQL fills in what is missing; who streams everything has no database.
    assert_eq!(told(&[&message(&[("user", "alice")])]).database, "alice");
    assert_eq!(told(&[&message(&[("user", "alice"), ("replication", "true")])]).database, "");
    let logical = message(&[("user", "alice"), ("database", "shop"), ("replication", "database")]);
    assert_eq!(told(&[&logical]).database, "shop");
}

/// A server may wait with its socket until the client says something.
#[test]
fn what_comes_with_the_packet_that_makes_the_socket_is_told() {
    let (mut server, port) = late_server();
    let mut eye = Eye::on(port);
    let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    client.write_all(&alice()).unwrap();
    drop(client);
    eye.until_closed(1);
    assert!(server.wait().unwrap().success());
    let served = eye.connections().into_iter().find(|it| it.class == ConnectionClass::Bypass).unwrap();
    assert_eq!(served.startup, facts(Encryption::None));
}

#[test]
fn a_client_in_another_namespace_is_told() {
    let namespace = Namespace::new();
    let listener = TcpListener::bind((namespace.address(1), 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let mut eye = Eye::on(server.port());
    let said: String = alice().iter().map(|byte| format!("\\x{byte:02x}")).collect();
    let connect =
        format!("exec 3<>/dev/tcp/{}/{}; printf '{said}' >&3; exec 3>&-", server.ip(), server.port());
    let mut client =
        Command::new("ip").args(["netns", "exec", &namespace.name, "bash", "-c", &connect]).spawn().unwrap();
    let mut served = listener.accept().unwrap().0;
    served.read_to_end(&mut Vec::new()).unwrap();
    drop(served);
    assert!(client.wait().unwrap().success());
    assert_eq!(eye.one().0.startup, facts(Encryption::None));
}

#[test]
fn of_the_proxys_own_connections_nothing_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    fs::write(&pid_file, std::process::id().to_string()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut eye = Eye::new(&[&pid_file]);
    eye.kernel.watch_port(address.port()).unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    client.write_all(&alice()).unwrap();
    let (mut server, _) = listener.accept().unwrap();
    server.read_exact(&mut vec![0; alice().len()]).unwrap();
    drop((client, server));
    let (opened, closed) = eye.one();
    assert_eq!(opened.class, ConnectionClass::Proxied);
    assert_eq!((opened.startup, closed.startup), (StartupFacts::default(), StartupFacts::default()));
}

/// A port that nobody watches, and a client whose own port has a watched number.
#[test]
fn nothing_is_read_where_nobody_watches() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut eye = Eye::on(1);
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.write_all(&alice()).unwrap();
    listener.accept().unwrap().0.read_exact(&mut vec![0; alice().len()]).unwrap();
    eye.read();
    assert_eq!(eye.counts().startups, 0);
}
