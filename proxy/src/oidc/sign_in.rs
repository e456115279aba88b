//! Somebody signs in with a browser: the authorization code flow (OpenID Connect Core 1.0, 3.1) with PKCE (RFC 7636).

use std::sync::Arc;
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::{Semaphore, oneshot};
use url::Url;

use super::json::Once;
use super::{Person, Provider, Refused, basic, fetching};
use crate::config::LinksConfig;

/// Longest answer of the provider, in bytes.
const ANSWER_BYTES_MAX: u64 = 256 << 10;

/// Questions that the provider is asked at once, each on a thread; one more is refused.
static TURNS: Semaphore = Semaphore::const_new(4);

/// Random bytes of what nobody may guess.
const SECRET_BYTES: usize = 32;

/// Somebody who is at the provider's page now.
#[derive(Debug)]
pub(crate) struct SignIn {
    /// What comes back with the browser.
    pub(crate) state: String,
    /// What stands in the token.
    nonce: String,
    /// What only who has begun can show.
    verifier: String,
}

/// Why nobody can sign in.
#[derive(Debug, Error)]
pub(crate) enum NoSignIn {
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    #[error("{0}")]
    Provider(String),
}

/// What the provider says, which may take its time.
async fn asked<T: Send + 'static>(
    question: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    let _turn = TURNS.try_acquire().map_err(|_| "others sign in at this moment".to_owned())?;
    let (answer, comes) = oneshot::channel();
    // Whoever asked may have gone meanwhile.
    let ask = move || drop(answer.send(question()));
    thread::Builder::new().name("oidc-sign-in".to_owned()).spawn(ask).map_err(|error| error.to_string())?;
    comes.await.unwrap_or_else(|_| Err("the thread that asked it is gone".to_owned()))
}

/// What nobody can guess, in letters that an address takes.
pub(crate) fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Provider {
    /// Begins: what is kept of it, and the provider's page to which a browser goes.
    pub(crate) async fn sign_in(
        self: &Arc<Self>,
        client: &LinksConfig,
    ) -> Result<(SignIn, String), NoSignIn> {
        let begun = SignIn { state: secret()?, nonce: secret()?, verifier: secret()? };
        let provider = Arc::clone(self);
        let page = move || {
            let agent = fetching::agent(&provider.settings);
            fetching::address_of(&agent, &provider.settings, "authorization_endpoint")
        };
        let page = asked(page).await.map_err(NoSignIn::Provider)?;
        let mut page = Url::parse(&page).map_err(|error| NoSignIn::Provider(error.to_string()))?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&begun.verifier));
        page.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &client.client_id),
            ("redirect_uri", &client.redirect_uri()),
            ("scope", &client.scope),
            ("state", &begun.state),
            ("nonce", &begun.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        Ok((begun, page.into()))
    }

    /// Who has signed in, where the provider says so for this code.
    pub(crate) async fn signed_in(
        self: &Arc<Self>,
        client: &LinksConfig,
        begun: SignIn,
        code: String,
    ) -> Result<(String, Person), Refused> {
        let (provider, redeeming) = (Arc::clone(self), client.clone());
        let SignIn { nonce, verifier, .. } = begun;
        let redeemed = asked(move || provider.redeem(&redeeming, &code, &verifier)).await;
        let token = redeemed.map_err(Refused::NoSignIn)?;
        let claims = self.claims(token.as_bytes(), std::slice::from_ref(&client.client_id)).await?;
        if claims.get("nonce").and_then(serde_json::Value::as_str) != Some(&nonce) {
            return Err(Refused::Nonce);
        }
        // 3.1.3.7: of a token for several, that it was given to this one.
        if claims.get("azp").is_some_and(|given_to| given_to.as_str() != Some(&client.client_id)) {
            return Err(Refused::Audience);
        }
        self.person(&claims)
    }

    /// The ID token for a code (3.1.3).
    fn redeem(&self, client: &LinksConfig, code: &str, verifier: &str) -> Result<String, String> {
        let agent = fetching::agent(&self.settings);
        let at = fetching::address_of(&agent, &self.settings, "token_endpoint")?;
        let failed = |error: ureq::Error| format!("{at}: {error}");
        let redirect_uri = client.redirect_uri();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect_uri),
            ("code_verifier", verifier),
        ];
        let mut request = agent.post(&at).header("accept", "application/json");
        match &client.client_secret {
            Some(secret) => request = request.header("authorization", basic(&client.client_id, secret)),
            None => form.push(("client_id", &client.client_id)),
        }
        let mut answer = request.send_form(form).map_err(failed)?;
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec().map_err(failed)?;
        let Ok(Once(answer)) = serde_json::from_slice::<Once>(&body) else {
            return Err(format!("{at}: its answer is no JSON, or has a name twice"));
        };
        let token = answer.get("id_token").and_then(serde_json::Value::as_str);
        Ok(token.ok_or_else(|| format!("{at}: its answer has no `id_token`"))?.to_owned())
    }
}
