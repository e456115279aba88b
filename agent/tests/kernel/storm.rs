//! Many connections at once: none is lost, or each that is lost is counted.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::eye::Eye;

const WAIT: Duration = Duration::from_secs(30);

/// Opens and closes `count` connections from four threads.
fn storm(listener: &TcpListener, address: SocketAddr, count: usize) {
    const THREADS: usize = 4;
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..count / THREADS).for_each(|_| drop(TcpStream::connect(address).unwrap())));
        }
        (0..count).for_each(|_| drop(listener.accept().unwrap()));
    });
}

#[test]
fn two_thousand_quick_connections_are_all_told() {
    const COUNT: usize = 2000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut eye = Eye::on(address.port());
    storm(&listener, address, COUNT);
    eye.until_closed(COUNT);
    let counts = eye.until_submitted(4 * COUNT as u64);
    let connections = eye.connections();
    assert_eq!(connections.len(), 2 * COUNT, "each opens once and closes once");
    let cookies: HashSet<u64> = connections.iter().map(|record| record.cookie).collect();
    assert_eq!(cookies.len(), COUNT);
    assert!(connections.iter().all(|record| record.client_cookie != 0), "both ends are paired");
    let me = std::process::id();
    assert!(
        connections.iter().all(|record| record.process.as_ref().is_some_and(|process| process.pid == me))
    );
    assert_eq!((counts.submitted, counts.lost), (4 * COUNT as u64, 0));
}

#[test]
fn a_full_ring_counts_every_event_that_it_loses() {
    // Nobody reads while this many come: four events each, more than the ring holds.
    const COUNT: usize = 14_000;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut eye = Eye::on(address.port());
    storm(&listener, address, COUNT);
    assert!(0 < eye.counts().lost, "{:?}", eye.counts());
    let mut read = 0;
    let deadline = Instant::now() + WAIT;
    // On a busy machine some ends come late.
    let counts = loop {
        while let Some(event) = eye.kernel.next_event() {
            event.unwrap();
            read += 1;
        }
        let counts = eye.counts();
        if read == counts.submitted {
            break counts;
        }
        assert!(Instant::now() < deadline, "{read} were read of {counts:?}");
    };
    assert!(counts.submitted + counts.lost <= 4 * COUNT as u64);
    assert!(2 * COUNT as u64 <= counts.submitted + counts.lost);
}
