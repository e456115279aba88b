//! What stands for each port in the map `PORTS`: two bits.

/// Nothing is told of its connections.
pub const PORT_UNWATCHED: u8 = 0;
/// They are told …
pub const PORT_WATCHED: u8 = 1;
/// … and those around the proxy are refused where the agent says so.
pub const PORT_ACTED_ON: u8 = 3;

/// Words of the map.
pub const PORT_WORDS: u32 = (u16::MAX as u32 + 1) / PORTS_OF_WORD;

const PORTS_OF_WORD: u32 = u64::BITS / BITS_OF_PORT;
const BITS_OF_PORT: u32 = 2;
const MASK: u64 = (1 << BITS_OF_PORT) - 1;

/// Where the bits of a port are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortPlace {
    /// In which word of the map.
    pub word: u32,
    shift: u32,
}

impl PortPlace {
    /// That of this port.
    #[inline(always)]
    pub const fn of(port: u16) -> Self {
        let port = port as u32;
        PortPlace { word: port / PORTS_OF_WORD, shift: port % PORTS_OF_WORD * BITS_OF_PORT }
    }

    /// What a word says of it.
    #[inline(always)]
    pub const fn value(self, word: u64) -> u8 {
        (word >> self.shift & MASK) as u8
    }

    /// The word, where it says this of it.
    pub const fn with(self, word: u64, value: u8) -> u64 {
        word & !(MASK << self.shift) | (value as u64 & MASK) << self.shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_port_has_bits_of_its_own() {
        let mut words = [0_u64; PORT_WORDS as usize];
        for port in 0..=u16::MAX {
            let place = PortPlace::of(port);
            let word = &mut words[place.word as usize];
            assert_eq!(place.value(*word), PORT_UNWATCHED, "{port}");
            *word = place.with(*word, if port % 2 == 0 { PORT_WATCHED } else { PORT_ACTED_ON });
        }
        for port in 0..=u16::MAX {
            let place = PortPlace::of(port);
            let word = words[place.word as usize];
            assert_eq!(place.value(word), if port % 2 == 0 { PORT_WATCHED } else { PORT_ACTED_ON });
            assert_eq!(place.value(place.with(word, PORT_UNWATCHED)), PORT_UNWATCHED);
        }
    }
}
