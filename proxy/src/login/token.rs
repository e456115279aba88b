//! A token of the identity provider as proof of who somebody is: as a password, or by OAUTHBEARER. Whatever is wrong with one,
//! the client is told the same; the log has the reason.

use std::sync::Arc;
use std::time::Instant;

use super::oauthbearer::{self, Initial, Malformed};
use super::way::Way;
use super::{LOGIN_BYTES_MAX, LoginError, Unread, read_password, refused, sasl_initial, send_authentication};
use crate::farewell::Farewell;
use crate::oidc::{self, Admitted, Provider};
use crate::pipe::Pipe;
use crate::throttle::Attempt;

/// Has the client show a token of `user`. Where that is the name of a local user (`is_local`), none is good.
///
/// # Cancel safety
///
/// Not cancel safe: drop the connection with it.
pub(super) async fn take(
    pipe: &mut Pipe,
    user: &str,
    is_local: bool,
    provider: &Arc<Provider>,
    way: Way,
    attempt: Attempt<'_>,
) -> Result<Admitted, LoginError> {
    if pipe.tls().is_none() {
        let farewell = Farewell::new("28000", "Picket takes tokens of the identity provider over TLS only")
            .hint("Connect with TLS: libpq's sslmode=require or stronger.");
        return Err(LoginError::Refused(farewell));
    }
    let taken = match way {
        Way::Password => as_password(pipe, user, provider).await?,
        Way::Oauth => by_oauthbearer(pipe, user, is_local, provider).await?,
    };
    let why = match taken {
        Ok(admitted) => {
            attempt.was_right(user, Instant::now());
            return Ok(admitted);
        }
        Err(why) => why,
    };
    if let Some(why) = why {
        // Nobody guesses a signature, so a good one is always taken. Bad ones cost no more than the limit.
        attempt.is_admitted(user, Instant::now()).map_err(|many| LoginError::Refused(many.farewell()))?;
        attempt.was_wrong(user, Instant::now());
        tracing::info!(user, %why, "token refused");
    }
    Err(match way {
        Way::Password => super::unproven(user),
        // As PostgreSQL has it (auth.c, `auth_failed`).
        Way::Oauth => refused("28000", format!("OAuth bearer authentication failed for user \"{user}\"")),
    })
}

/// Whose token it is, or why nobody's; `None` where there was none.
type Taken = Result<Admitted, Option<oidc::Refused>>;

async fn as_password(pipe: &mut Pipe, user: &str, provider: &Arc<Provider>) -> Result<Taken, LoginError> {
    // AuthenticationCleartextPassword.
    send_authentication(pipe, 3, &[]).await?;
    let password = match read_password(pipe, oidc::TOKEN_BYTES_MAX).await {
        Err(Unread::TooLong) => return Ok(Err(Some(oidc::Refused::TooLong))),
        password => password?,
    };
    let token = password.strip_suffix(b"\0").unwrap_or(&password);
    Ok(provider.admit(token, user).await.map_err(Some))
}

async fn by_oauthbearer(
    pipe: &mut Pipe,
    user: &str,
    is_local: bool,
    provider: &Arc<Provider>,
) -> Result<Taken, LoginError> {
    const MESSAGE_BYTES_MAX: u32 = oidc::TOKEN_BYTES_MAX + oauthbearer::AROUND_BYTES_MAX;
    send_authentication(pipe, 10, &[oauthbearer::NAME, b"\0\0"].concat()).await?;
    let mut message = match read_password(pipe, MESSAGE_BYTES_MAX).await {
        Err(Unread::TooLong) => return Ok(Err(Some(oidc::Refused::TooLong))),
        message => message?,
    };
    let (mechanism, data) =
        sasl_initial(&message).ok_or_else(|| refused("08P01", "malformed SASL response"))?;
    if mechanism != oauthbearer::NAME {
        return Err(refused("08P01", "client selected an invalid SASL authentication mechanism"));
    }
    if let Some(data) = data {
        message = data.to_vec();
    } else {
        // It has kept its first message for itself: it is asked for it.
        send_authentication(pipe, 11, &[]).await?;
        message = match read_password(pipe, MESSAGE_BYTES_MAX).await {
            Err(Unread::TooLong) => return Ok(Err(Some(oidc::Refused::TooLong))),
            message => message?,
        };
    }
    let why = match oauthbearer::initial(&message).map_err(malformed)? {
        Initial::Discovery => None,
        Initial::NoToken(why) => Some(oidc::Refused::NoToken(why)),
        Initial::Token(token) => match provider.admit(token, user).await {
            // Last of all, so that whoever asks learns nothing of names.
            Ok(_) if is_local => Some(oidc::Refused::Local),
            Ok(admitted) => return Ok(Ok(admitted)),
            Err(why) => Some(why),
        },
    };
    let refusal = oauthbearer::refusal(&provider.discovery(), provider.scope());
    send_authentication(pipe, 11, refusal.as_bytes()).await?;
    let answer = read_password(pipe, LOGIN_BYTES_MAX).await?;
    if answer != [oauthbearer::SEPARATOR] {
        return Err(malformed(Malformed::Answer));
    }
    Ok(Err(why))
}

fn malformed(why: Malformed) -> LoginError {
    match why {
        Malformed::Authorization => refused("0A000", why.to_string()),
        why => LoginError::Refused(Farewell::new("08P01", "malformed OAUTHBEARER message").detail(why)),
    }
}
