//! What a client says first on a connection to a watched port, before anything can be encrypted.

use zerocopy::{Immutable, IntoBytes, KnownLayout, TryFromBytes};

use crate::{Endpoint, Kind};

/// Bytes of a `StartupMessage` that are copied. Few clients say more; of one that does nothing is told but that it came.
pub const STARTUP_BYTES: usize = 1024;

/// A request for encryption has so many bytes, and so far behind it the client speaks again.
pub const REQUEST_BYTES: u32 = 8;

/// Requests for encryption before the `StartupMessage`: one for GSSAPI and one for TLS.
pub const REQUESTS_MAX: u32 = 2;

/// What a client says (<https://www.postgresql.org/docs/current/protocol-message-formats.html>), by its first bytes.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub enum Said {
    /// `SSLRequest`.
    SslRequest = 1,
    /// `GSSENCRequest`.
    GssEncRequest = 2,
    /// A TLS record with a handshake: from here on all is encrypted.
    TlsRecord = 3,
    /// A packet with a token of GSSAPI, the same.
    GssToken = 4,
    /// `StartupMessage` of protocol 3.
    StartupMessage = 5,
    /// `CancelRequest`.
    CancelRequest = 6,
    /// None of these, or not enough of it to tell.
    Other = 7,
}

impl Said {
    /// What begins with these bytes, of which the last may be missing where there are fewer.
    pub const fn of(first: u8, head: Option<[u8; 8]>) -> Self {
        // RFC 8446, 5.1.
        const TLS_HANDSHAKE: u8 = 0x16;
        // RFC 2743, 3.1, behind a length.
        const GSS_TOKEN: u8 = 0x60;
        // `src/include/libpq/pqcomm.h` of PostgreSQL.
        const SSL_REQUEST: u32 = 80_877_103;
        const GSSENC_REQUEST: u32 = 80_877_104;
        const CANCEL_REQUEST: u32 = 80_877_102;
        const STARTUP_BYTES_MAX: u32 = 10_000;

        if first == TLS_HANDSHAKE {
            return Said::TlsRecord;
        }
        let Some([a, b, c, d, e, f, g, h]) = head else { return Said::Other };
        let (length, code) = (u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h]));
        match code {
            SSL_REQUEST if length == REQUEST_BYTES => Said::SslRequest,
            GSSENC_REQUEST if length == REQUEST_BYTES => Said::GssEncRequest,
            CANCEL_REQUEST => Said::CancelRequest,
            version if version >> 16 == 3 && REQUEST_BYTES < length && length <= STARTUP_BYTES_MAX => {
                Said::StartupMessage
            }
            _ if e == GSS_TOKEN => Said::GssToken,
            _ => Said::Other,
        }
    }

    /// Whether the client waits for an answer, and speaks again behind it.
    pub const fn is_request(self) -> bool {
        matches!(self, Said::SslRequest | Said::GssEncRequest)
    }
}

/// A client said something first, or behind requests for encryption. Bytes are copied of a `StartupMessage` only, which
/// holds no password, and none of what stands behind it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, TryFromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Startup {
    /// [`Kind::Startup`].
    pub kind: Kind,
    /// What it is.
    pub said: Said,
    /// Bytes that the client had sent before it.
    pub offset: u8,
    /// Zero.
    pub reserved: [u8; 3],
    /// Bytes of `message` that are used.
    pub copied: u16,
    /// Nanoseconds since the kernel started, time asleep included.
    pub at_boot_ns: u64,
    /// Cookie of the server's socket; 0 where it came with the packet that makes that socket.
    pub cookie: u64,
    /// Where it came from.
    pub client: Endpoint,
    /// Where it came to.
    pub server: Endpoint,
    /// A `StartupMessage`, as far as it came in one packet. What lies behind the bytes that are used is anything.
    pub message: [u8; STARTUP_BYTES],
}

const _: () = assert!(size_of::<Startup>() == 1096);
const _: () = assert!(align_of::<Startup>() == 8);

#[cfg(test)]
mod tests {
    use super::*;

    fn said(bytes: &[u8]) -> Said {
        Said::of(*bytes.first().unwrap(), bytes.first_chunk().copied())
    }

    #[test]
    fn what_a_client_says_is_told_by_its_first_bytes() {
        assert_eq!(said(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]), Said::SslRequest);
        assert_eq!(said(&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x30]), Said::GssEncRequest);
        assert_eq!(said(&[0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0]), Said::CancelRequest);
        assert_eq!(said(b"\0\0\0\x14\0\x03\0\0user\0alice\0\0"), Said::StartupMessage);
        assert_eq!(said(b"\0\0\x27\x10\0\x03\0\x02user\0"), Said::StartupMessage);
        assert_eq!(said(&[0x16, 3, 1]), Said::TlsRecord);
        assert_eq!(said(&[0, 0, 2, 0, 0x60, 0x82, 1, 2]), Said::GssToken);
    }

    /// A password or a statement that is taken for a `StartupMessage` would be copied.
    #[test]
    fn what_comes_later_is_no_start_up_message() {
        for other in [
            &b"\0\0\0"[..],
            b"\0\0\0\x08\0\x03\0\0",
            b"\0\0\x27\x11\0\x03\0\0",
            b"\0\0\0\x14\0\x02\0\0user\0alice\0\0",
            b"\0\0\0\x09\x04\xd2\x16\x2f",
            b"p\0\0\0\x0bsecret\0",
            b"p\0\x03\0\0\0\x03\0\0",
            b"Q\0\0\0\x0dselect 1\0",
            b"GET / HTTP/1.1\r\n",
        ] {
            assert_eq!(said(other), Said::Other, "{other:?}");
        }
    }
}
