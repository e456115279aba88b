//! A query of the proxy's own in a session whose client is not let near it yet.

use wire::backend::{self, tag};
use wire::{compose, split_frame};

use super::{Connected, STARTUP_BYTES_MAX, UpstreamError, send};

/// The values of the last row that it gives, but for those that are NULL.
///
/// # Cancel safety
///
/// Not cancel safe: drop the connection with it.
pub(super) async fn ask(connected: &mut Connected, query: &[u8]) -> Result<Vec<Vec<u8>>, UpstreamError> {
    let mut out = Vec::new();
    compose::query(&mut out, query);
    send(&mut connected.pipe, &out).await?;
    let (mut found, mut failed) = (Vec::new(), None);
    loop {
        let Some((frame, _)) = split_frame(connected.pipe.unread(), STARTUP_BYTES_MAX)? else {
            connected.pipe.read_more().await?;
            continue;
        };
        let (tag, body, len) = (frame.tag, frame.body.to_vec(), frame.wire_len());
        connected.pipe.use_up(len);
        match tag {
            tag::DATA_ROW => {
                found.clear();
                for value in backend::DataRow::read(&body)? {
                    found.extend(value?.map(<[u8]>::to_vec));
                }
            }
            tag::PARAMETER_STATUS => {
                let (name, value) = backend::parameter_status(&body)?;
                connected.parameters.retain(|(known, _)| known != name);
                connected.parameters.push((name.to_vec(), value.to_vec()));
            }
            tag::ERROR_RESPONSE => {
                let refusal = super::refusal(&body);
                if backend::error_field(&body, b'V') != b"ERROR" {
                    return Err(refusal);
                }
                failed = Some(refusal);
            }
            tag::READY_FOR_QUERY => return failed.map_or(Ok(found), Err),
            _ => {}
        }
    }
}
