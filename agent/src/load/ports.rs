//! The map by which the kernel programs know which ports are watched.

use aya::Ebpf;
use aya::maps::{Array, MapData};
use ebpf_abi::PortPlace;

use super::{LoadError, map};

const NAME: &str = "PORTS";

/// What is said of each port. Nobody but the agent writes it, and a word at a time: no program sees another port's bits change.
pub(super) struct Ports(Array<MapData, u64>);

impl Ports {
    pub(super) fn of(programs: &mut Ebpf) -> Result<Self, LoadError> {
        Array::try_from(map(programs, NAME)?).map(Ports).map_err(LoadError::map(NAME))
    }

    pub(super) fn get(&self, port: u16) -> Result<u8, LoadError> {
        let place = PortPlace::of(port);
        Ok(place.value(self.word(place)?))
    }

    pub(super) fn set(&mut self, port: u16, value: u8) -> Result<(), LoadError> {
        let place = PortPlace::of(port);
        let word = place.with(self.word(place)?, value);
        self.0.set(place.word, word, 0).map_err(LoadError::map(NAME))
    }

    fn word(&self, place: PortPlace) -> Result<u64, LoadError> {
        self.0.get(&place.word, 0).map_err(LoadError::map(NAME))
    }
}
