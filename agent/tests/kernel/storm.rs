//! Many connections at once: none is lost, or each that is lost is counted.

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use audit::record::Record;

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

/// More than a ring holds many times over, while somebody reads: what is not told is counted, by what the clients counted.
#[test]
fn of_a_hundred_thousand_quick_connections_each_is_told_or_counted() {
    const COUNT: usize = 100_000;
    const THREADS: u8 = 4;
    // Each has a destination of its own: ports that wait for their end are used again by the others.
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut eye = Eye::on(port);
    let clients: Vec<_> = (1..=THREADS)
        .map(|number| {
            let address = (Ipv4Addr::new(127, 0, 0, number), port);
            let connect = move || drop(TcpStream::connect(address).unwrap());
            thread::spawn(move || (0..COUNT / usize::from(THREADS)).for_each(|_| connect()))
        })
        .collect();
    let server = thread::spawn(move || (0..COUNT).for_each(|_| drop(listener.accept().unwrap())));
    // By the cookie: opened and closed.
    let mut told: HashMap<u64, (u32, u32)> = HashMap::new();
    let deadline = Instant::now() + 4 * WAIT;
    let counts = loop {
        eye.read();
        for record in eye.take() {
            let Record::Connection(record) = record else { continue };
            let (opened, closed) = told.entry(record.cookie).or_default();
            *(if record.closed_at.is_some() { closed } else { opened }) += 1;
        }
        let counts = eye.counts();
        let are_done = server.is_finished() && clients.iter().all(thread::JoinHandle::is_finished);
        let is_all = told.values().filter(|(_, closed)| *closed == 1).count() == COUNT;
        if are_done && counts.submitted + counts.lost == 4 * COUNT as u64 && (is_all || 0 < counts.lost) {
            break counts;
        }
        assert!(Instant::now() < deadline, "{} were told, {counts:?}", told.len());
    };
    clients.into_iter().for_each(|client| client.join().unwrap());
    eye.read();
    assert!(told.values().all(|(opened, closed)| *opened <= 1 && *closed <= 1), "none is told twice");
    // What they were started with takes no room of theirs.
    assert_eq!((counts.arguments, counts.arguments_lost), (1, 0));
    // An event that is lost costs one of them at most.
    assert!(
        COUNT - told.len() <= usize::try_from(counts.lost).unwrap(),
        "{} were told, {counts:?}",
        told.len()
    );
}

#[test]
fn a_ring_of_one_page_is_enough_for_who_comes_one_by_one_and_counts_what_it_loses() {
    const COUNT: usize = 200;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut eye = Eye::through(4096, address.port());
    for count in 1..=10 {
        drop((TcpStream::connect(address).unwrap(), listener.accept().unwrap()));
        eye.until_closed(count);
    }
    assert_eq!(eye.counts().lost, 0);
    let before = eye.counts().submitted;
    storm(&listener, address, COUNT);
    let deadline = Instant::now() + WAIT;
    while eye.counts().submitted + eye.counts().lost < before + 4 * COUNT as u64 {
        assert!(Instant::now() < deadline, "{:?}", eye.counts());
        thread::yield_now();
    }
    assert!(0 < eye.counts().lost, "{:?}", eye.counts());
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
        // What this process was started with is told once.
        if read == counts.submitted + counts.arguments && counts.submitted + counts.lost == 4 * COUNT as u64 {
            break counts;
        }
        assert!(Instant::now() < deadline, "{read} were read of {counts:?}");
    };
    assert!(0 < counts.submitted && 0 < counts.lost, "{counts:?}");
}
