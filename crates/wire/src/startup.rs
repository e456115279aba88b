//! The first packet of a connection, which has a length but no tag.

use thiserror::Error;

use crate::reader::{BodyError, Reader};

/// Longest first packet, as PostgreSQL has it (`MAX_STARTUP_PACKET_LENGTH`, pqcomm.h).
pub const STARTUP_BYTES_MAX: u32 = 10_000;

/// Protocol 3.0: what every client speaks.
pub const PROTOCOL_3_0: u32 = 0x0003_0000;

/// Protocol 3.2 (PostgreSQL 18): 3.0 with secrets of any length in BackendKeyData. There is no 3.1.
pub const PROTOCOL_3_2: u32 = 0x0003_0002;

/// Type of a TLS record that carries a handshake (RFC 8446, 5.1). As the first byte of a length it would be far too
/// long for a start-up packet.
const TLS_HANDSHAKE: u8 = 0x16;

const SSL_REQUEST: u32 = 80_877_103;
const GSSENC_REQUEST: u32 = 80_877_104;
const CANCEL_REQUEST: u32 = 80_877_102;

/// What a client may open with.
#[derive(Clone, Copy, Debug)]
pub enum First<'a> {
    /// Asks whether the connection can be encrypted with TLS.
    SslRequest,
    /// Asks whether the connection can be encrypted with GSSAPI.
    GssEncRequest,
    /// Asks to cancel what another connection runs.
    Cancel {
        /// Process id from that connection's BackendKeyData.
        pid: i32,
        /// Secret from the same message.
        secret: &'a [u8],
    },
    /// Opens a session.
    Startup(Startup<'a>),
}

/// A `StartupMessage`.
#[derive(Clone, Copy, Debug)]
pub struct Startup<'a> {
    /// Protocol version asked for: major in the high half, minor in the low.
    pub version: u32,
    parameters: &'a [u8],
}

/// A start-up parameter: its name and its value.
pub type Parameter<'a> = (&'a [u8], &'a [u8]);

/// A first packet that no client of protocol 3 sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StartupError {
    /// Its length is out of bounds.
    #[error("start-up packet has the impossible length {len}")]
    Length {
        /// What the length field says.
        len: u32,
    },
    /// Its fields are not whole.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It asks for a protocol that Picket does not speak.
    #[error("unsupported frontend protocol {}.{}: server supports 3.0 to 3.2", version >> 16, version & 0xffff)]
    Version {
        /// The version asked for.
        version: u32,
    },
}

/// Whether a client begins with TLS at once, without asking for it (`sslnegotiation=direct` of PostgreSQL 17).
pub fn opens_with_tls(input: &[u8]) -> bool {
    input.first() == Some(&TLS_HANDSHAKE)
}

/// Splits the first packet off `input` and reads it. `Ok(None)` asks for more bytes; otherwise also says how
/// many bytes it took.
pub fn split_first(input: &[u8]) -> Result<Option<(First<'_>, usize)>, StartupError> {
    let Some((len, _)) = input.split_first_chunk::<4>() else { return Ok(None) };
    let len = u32::from_be_bytes(*len);
    if !(8..=STARTUP_BYTES_MAX).contains(&len) {
        return Err(StartupError::Length { len });
    }
    let Some(packet) = input.get(4..len as usize) else { return Ok(None) };
    let mut reader = Reader::new(packet);
    let first = match reader.u32("protocol version")? {
        SSL_REQUEST => First::SslRequest,
        GSSENC_REQUEST => First::GssEncRequest,
        CANCEL_REQUEST => First::Cancel { pid: reader.i32("process id")?, secret: reader.rest() },
        version if version >> 16 == 3 => First::Startup(Startup { version, parameters: reader.rest() }),
        version => return Err(StartupError::Version { version }),
    };
    Ok(Some((first, len as usize)))
}

impl<'a> Startup<'a> {
    /// The newest protocol that both sides speak.
    pub fn spoken_version(&self) -> u32 {
        if self.version < PROTOCOL_3_2 { PROTOCOL_3_0 } else { PROTOCOL_3_2 }
    }

    /// The parameters in the order they were sent, checked to be whole.
    pub fn parameters(&self) -> Result<Vec<Parameter<'a>>, BodyError> {
        let mut reader = Reader::new(self.parameters);
        let mut pairs = Vec::new();
        loop {
            let name = reader.cstr("parameter name")?;
            if name.is_empty() {
                break;
            }
            pairs.push((name, reader.cstr("parameter value")?));
        }
        reader.end("parameters")?;
        Ok(pairs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_what_psql_opens_with() {
        let (first, len) = split_first(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]).unwrap().unwrap();
        assert!(matches!(first, First::SslRequest) && len == 8);
        let packet = b"\0\0\0\x14\0\x03\0\0user\0alice\0\0";
        let Some((First::Startup(startup), _)) = split_first(packet).unwrap() else {
            panic!("not a start-up")
        };
        assert_eq!(startup.parameters().unwrap(), [(&b"user"[..], &b"alice"[..])]);
    }

    #[test]
    fn the_newest_protocol_that_both_speak_is_spoken() {
        for (asked, spoken) in [(0, 0), (1, 0), (2, 2), (3, 2), (9_999, 2)] {
            let startup = Startup { version: PROTOCOL_3_0 + asked, parameters: b"\0" };
            assert_eq!(startup.spoken_version(), PROTOCOL_3_0 + spoken, "3.{asked}");
        }
    }

    #[test]
    fn tls_is_no_start_up_packet() {
        let hello = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc];
        assert!(opens_with_tls(&hello) && split_first(&hello).is_err());
        assert!(!opens_with_tls(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]) && !opens_with_tls(&[]));
    }

    #[test]
    fn other_protocols_are_named() {
        assert_eq!(
            split_first(b"\0\0\0\x08\0\x02\0\0").unwrap_err(),
            StartupError::Version { version: 0x20000 }
        );
        assert!(matches!(split_first(b"GET / HTTP/1.1").unwrap_err(), StartupError::Length { .. }));
    }

    proptest! {
        #[test]
        fn no_packet_panics(packet: Vec<u8>) {
            if let Ok(Some((First::Startup(startup), _))) = split_first(&packet) {
                let _ = startup.parameters();
            }
        }
    }
}
