//! Sees that a session has the role that was set for it, and has it again after a reset, before a client is let near it.
//! Servers before CVE-2024-10978 was mended drop the role at RESET SESSION AUTHORIZATION, those of the week after take none from a
//! start-up packet, and poolers pass it on or not.

use super::{Connected, UpstreamError, asked};

/// As DISCARD ALL does it, and then who that is.
const QUERY: &[u8] = b"RESET ROLE; RESET SESSION AUTHORIZATION; SELECT current_user";

/// Goes on where the session is `role`.
///
/// # Cancel safety
///
/// Not cancel safe: drop the connection with it.
pub(super) async fn see(connected: &mut Connected, role: &str) -> Result<(), UpstreamError> {
    match asked::ask(connected, QUERY).await?.as_slice() {
        [found] if found == role.as_bytes() => Ok(()),
        _ => Err(UpstreamError::RoleNotKept),
    }
}
