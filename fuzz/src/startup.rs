//! The first packet: it is not taken before it is whole, and says the same when it is written again.

use wire::compose;
use wire::startup::{First, split_first};

/// The bytes that a client opens with.
pub fn startup(data: &[u8]) {
    let Ok(Some((first, len))) = split_first(data) else { return };
    for cut in 0..len {
        assert!(matches!(split_first(&data[..cut]), Ok(None)), "a packet was taken before it was whole");
    }
    let First::Startup(startup) = first else { return };
    let Ok(parameters) = startup.parameters() else { return };
    let mut again = Vec::new();
    compose::startup(&mut again, startup.version, parameters.iter().copied());
    assert_eq!(again, &data[..len], "a start-up packet says something else when it is written again");
}
