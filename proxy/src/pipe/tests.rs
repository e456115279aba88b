//! Pipes that are closed while their peers misbehave, encrypted by TLS.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::CryptoProvider;
use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
use rustls::crypto::ring::cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{
    ClientConfig, ClientConnection, ConnectionTrafficSecrets, ContentType, ProtocolVersion, RootCertStore,
    ServerConfig, ServerConnection, SupportedCipherSuite,
};

use super::*;
use crate::tls;

/// More than sockets have room for.
const LONG_BYTES: usize = 32 << 20;

/// What a record has before its body: type, version, length.
const RECORD_HEADER_BYTES: usize = 5;

const CERTIFICATE: &str = "localhost";

/// The peer's side of an encrypted pipe.
struct Peer {
    tls: ClientConnection,
    socket: TcpStream,
}

impl Peer {
    /// Connects and speaks TLS 1.2, the only version in which a peer may begin another handshake.
    fn connect(address: SocketAddr, certificate: CertificateDer<'static>) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let suites = vec![TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256];
        let provider = CryptoProvider { cipher_suites: suites, ..CryptoProvider::clone(&tls::provider()) };
        let builder = ClientConfig::builder_with_provider(provider.into());
        let builder = builder.with_protocol_versions(&[&rustls::version::TLS12]).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.enable_secret_extraction = true;
        let mut tls = ClientConnection::new(Arc::new(config), CERTIFICATE.try_into().unwrap()).unwrap();
        let mut socket = TcpStream::connect(address).unwrap();
        while tls.is_handshaking() {
            tls.complete_io(&mut socket).unwrap();
        }
        Peer { tls, socket }
    }

    /// Waits until the pipe has said that nothing more comes.
    fn wait_for_end(&mut self) {
        while !self.tls.process_new_packets().unwrap().peer_has_closed() {
            self.tls.read_tls(&mut self.socket).unwrap();
        }
    }

    /// Begins another handshake in the encrypted connection; the socket.
    fn renegotiate(self) -> TcpStream {
        let Peer { tls, mut socket } = self;
        let (sequence, secrets) = tls.dangerous_extract_secrets().unwrap().tx;
        let ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } = secrets else { panic!("other keys") };
        let SupportedCipherSuite::Tls12(suite) = TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 else {
            panic!("not of TLS 1.2")
        };
        let hello = client_hello();
        let hello = OutboundPlainMessage {
            typ: ContentType::Handshake,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(&hello),
        };
        let mut encrypter = suite.aead_alg.encrypter(key, iv.as_ref(), &[]);
        socket.write_all(&encrypter.encrypt(hello, sequence).unwrap().encode()).unwrap();
        socket
    }
}

/// What a client says first, without the record around it.
fn client_hello() -> Vec<u8> {
    let builder = ClientConfig::builder_with_provider(tls::provider());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    let mut other = ClientConnection::new(Arc::new(config), CERTIFICATE.try_into().unwrap()).unwrap();
    let mut hello = Vec::new();
    other.write_tls(&mut hello).unwrap();
    hello.split_off(RECORD_HEADER_BYTES)
}

/// An encrypted pipe, and what `peer` at its other end makes of it.
async fn encrypted<T: Send + 'static>(
    peer: impl FnOnce(Peer) -> T + Send + 'static,
) -> (Pipe, thread::JoinHandle<T>) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([CERTIFICATE.to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let builder = ServerConfig::builder_with_provider(tls::provider());
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = builder.with_single_cert(vec![cert.der().clone()], key).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let peer = thread::spawn(move || peer(Peer::connect(address, cert.der().clone())));
    let (socket, _) = listener.accept().unwrap();
    socket.set_nonblocking(true).unwrap();
    let mut pipe = Pipe::new(Stream::accepted(socket).unwrap());
    pipe.encrypt(ServerConnection::new(Arc::new(config)).unwrap().into()).await.unwrap();
    (pipe, peer)
}

#[tokio::test]
async fn closing_waits_for_no_peer_and_is_told_behind_what_is_queued() {
    let (all_queued, may_read) = std::sync::mpsc::channel::<()>();
    let (mut pipe, peer) = encrypted(move |mut peer| {
        may_read.recv().unwrap();
        let mut received = Vec::new();
        // Without a close_notify this is an error.
        rustls::Stream::new(&mut peer.tls, &mut peer.socket).read_to_end(&mut received).unwrap();
        received.len()
    })
    .await;
    pipe.queue(&vec![b'x'; LONG_BYTES]);
    pipe.close().unwrap();
    assert!(!pipe.is_flushed(), "nothing is left to be sent");
    all_queued.send(()).unwrap();
    pipe.flush_all().await.unwrap();
    drop(pipe);
    assert_eq!(peer.join().unwrap(), LONG_BYTES);
}

/// It is answered with an alert, which a socket that was shut down does not take.
#[tokio::test]
async fn a_handshake_that_begins_while_a_pipe_lingers_ends_it_at_once() {
    let (mut pipe, peer) = encrypted(|mut peer| {
        peer.wait_for_end();
        peer.renegotiate()
    })
    .await;
    let ended = timeout(GOODBYE_WAIT / 2, pipe.linger()).await;
    assert!(ended.is_ok(), "it goes on");
    drop(peer.join().unwrap());
}
