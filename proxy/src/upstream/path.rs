//! Asks where a session looks for relations that are named without a schema, which role, database, configuration and start-up packet
//! decide together.

use tokio::time::timeout;

use super::{CONNECT_WAIT, Connected, UpstreamError, asked};

/// What is in front of `pg_catalog` on that path does not decide about this.
const QUERY: &[u8] = b"SELECT current_user, s.setting, s.reset_val FROM pg_catalog.pg_settings s \
    WHERE s.name OPERATOR(pg_catalog.=) 'search_path'";

/// Where a session looks that has just begun.
pub(crate) struct Looks {
    pub(crate) role: String,
    pub(crate) setting: String,
    /// What the setting goes back to.
    pub(crate) first: String,
}

/// Asks for it; `None` where the server does not say.
///
/// # Cancel safety
///
/// Not cancel safe: drop the connection with it.
pub(crate) async fn ask(connected: &mut Connected) -> Result<Option<Looks>, UpstreamError> {
    let asked = timeout(CONNECT_WAIT, asked::ask(connected, QUERY));
    let found = match asked.await.map_err(|_| UpstreamError::TimedOut)? {
        Ok(found) => found,
        Err(UpstreamError::Refused { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let texts: Result<Vec<String>, _> = found.into_iter().map(String::from_utf8).collect();
    Ok(texts.ok().and_then(|texts| <[String; 3]>::try_from(texts).ok()).map(|[role, setting, first]| Looks {
        role,
        setting,
        first,
    }))
}
