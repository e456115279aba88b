//! Sees that a session has the role that was set for it, and has it again after a reset, before a client is let near it.
//! Servers before CVE-2024-10978 was mended drop the role at RESET SESSION AUTHORIZATION, those of the week after take none from a
//! start-up packet, and poolers pass it on or not.

use wire::backend::{self, tag};
use wire::{compose, split_frame};

use super::{Connected, STARTUP_BYTES_MAX, UpstreamError, send};

/// As DISCARD ALL does it, and then who that is.
const QUERY: &[u8] = b"RESET ROLE; RESET SESSION AUTHORIZATION; SELECT current_user";

/// Goes on where the session is `role`.
///
/// # Cancel safety
///
/// Not cancel safe: drop the connection with it.
pub(super) async fn see(connected: &mut Connected, role: &str) -> Result<(), UpstreamError> {
    let mut out = Vec::new();
    compose::query(&mut out, QUERY);
    send(&mut connected.pipe, &out).await?;
    let mut found = None;
    loop {
        let Some((frame, _)) = split_frame(connected.pipe.unread(), STARTUP_BYTES_MAX)? else {
            connected.pipe.read_more().await?;
            continue;
        };
        let (tag, body, len) = (frame.tag, frame.body.to_vec(), frame.wire_len());
        connected.pipe.use_up(len);
        match tag {
            tag::DATA_ROW => {
                found = backend::DataRow::read(&body)?.next().transpose()?.flatten().map(<[u8]>::to_vec)
            }
            tag::PARAMETER_STATUS => {
                let (name, value) = backend::parameter_status(&body)?;
                connected.parameters.retain(|(known, _)| known != name);
                connected.parameters.push((name.to_vec(), value.to_vec()));
            }
            tag::ERROR_RESPONSE => return Err(super::refusal(&body)),
            tag::READY_FOR_QUERY => {
                return if found.as_deref() == Some(role.as_bytes()) {
                    Ok(())
                } else {
                    Err(UpstreamError::RoleNotKept)
                };
            }
            _ => {}
        }
    }
}
