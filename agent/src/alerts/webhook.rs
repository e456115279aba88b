//! One request to one webhook. Its address may be a secret: errors name host and port only.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::queue::Group;
use super::shape;
use crate::config::{Shape, WebhookConfig};

/// Bound of one attempt. Others of the same webhook wait for it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

pub(super) struct Webhook {
    agent: Agent,
    url: String,
    place: String,
    shape: Shape,
}

impl Webhook {
    pub(super) fn new(config: WebhookConfig) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::new_with_certs(&config.roots))
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()));
        let agent = Agent::config_builder()
            .timeout_global(Some(ANSWER_WITHIN))
            .timeout_connect(Some(CONNECT_WITHIN))
            // An alert goes where it was meant to go.
            .max_redirects(0)
            .proxy(None)
            .tls_config(tls.build())
            .build()
            .new_agent();
        let place = config.place();
        Webhook { agent, url: config.url.into(), place, shape: config.shape }
    }

    /// Scheme, host and port.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Delivers them all, or says why not.
    pub(super) fn post(&self, groups: &[Group]) -> Result<(), String> {
        let body = shape::body(self.shape, groups).to_string();
        let sent = self.agent.post(&self.url).content_type("application/json").send(&body);
        match sent {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it answered {}", answer.status())),
            // Its text may repeat the address.
            Err(ureq::Error::StatusCode(code)) => Err(format!("it answered {code}")),
            Err(ureq::Error::Io(error)) => {
                let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
                Err(tls.map_or_else(|| error.kind().to_string(), ToString::to_string))
            }
            Err(ureq::Error::Timeout(_)) => Err("it did not answer in time".to_owned()),
            Err(ureq::Error::Rustls(error)) => Err(error.to_string()),
            Err(ureq::Error::HostNotFound) => Err("its host is not found".to_owned()),
            Err(_) => Err("the request failed".to_owned()),
        }
    }
}
