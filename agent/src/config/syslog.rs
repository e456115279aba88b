//! The section `[[alerts.syslog]]`: a syslog daemon that is told of alerts.

use std::fmt;
use std::path::PathBuf;

use daemon::config::{Refused, refused};
use serde::Deserialize;
use toml::Spanned;
use url::Url;

pub(super) const KEY: &str = "alerts.syslog";

/// RFC 5426 and, for TCP, what daemons are used to.
const PORT: u16 = 514;

/// What was written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct SyslogFile {
    url: Option<Spanned<String>>,
    #[serde(default)]
    facility: Facility,
}

/// A syslog daemon.
#[derive(Clone, Debug, PartialEq)]
pub struct SyslogConfig {
    /// Where it is.
    pub(crate) place: SyslogPlace,
    /// What alerts are to it.
    pub(crate) facility: Facility,
}

/// Where it takes messages.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SyslogPlace {
    /// A socket of this host.
    Unix(PathBuf),
    /// A host and port.
    Udp(String),
    /// A host and port.
    Tcp(String),
}

/// Facilities (RFC 5424, 6.2.1, by the names of syslog.h), but for those of the kernel and the daemon itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Facility {
    User = 1,
    Daemon = 3,
    Auth = 4,
    #[default]
    Authpriv = 10,
    Local0 = 16,
    Local1,
    Local2,
    Local3,
    Local4,
    Local5,
    Local6,
    Local7,
}

impl Facility {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for SyslogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SyslogPlace::Unix(path) => write!(f, "unix://{}", path.display()),
            SyslogPlace::Udp(place) => write!(f, "udp://{place}"),
            SyslogPlace::Tcp(place) => write!(f, "tcp://{place}"),
        }
    }
}

impl SyslogFile {
    pub(super) fn check(self) -> Result<SyslogConfig, Refused> {
        let SyslogFile { url, facility } = self;
        let place = match url {
            None => SyslogPlace::Unix("/dev/log".into()),
            Some(url) => place(url.get_ref()).ok_or_else(|| {
                let message = format!(
                    "`{KEY}.url` must be `unix:///dev/log`, `udp://HOST:{PORT}` or `tcp://HOST:{PORT}`, got `{}`",
                    url.get_ref()
                );
                refused(url.span(), message)
            })?,
        };
        Ok(SyslogConfig { place, facility })
    }
}

fn place(text: &str) -> Option<SyslogPlace> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let elsewhere = || {
        let host = url.host_str().filter(|host| !host.is_empty() && matches!(url.path(), "" | "/"))?;
        Some(format!("{host}:{}", url.port().unwrap_or(PORT)))
    };
    match url.scheme() {
        _ if !is_bare => None,
        "unix" if url.host_str().is_none_or(str::is_empty) && 1 < url.path().len() => {
            // As it was written: a path is no URL.
            Some(SyslogPlace::Unix(text.strip_prefix("unix://")?.into()))
        }
        "udp" => elsewhere().map(SyslogPlace::Udp),
        "tcp" => elsewhere().map(SyslogPlace::Tcp),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_paths_or_hosts() {
        let told = |text: &str| place(text).map(|place| place.to_string());
        for (text, place) in [
            ("unix:///dev/log", "unix:///dev/log"),
            ("unix:///run/a b", "unix:///run/a b"),
            ("udp://loghost", "udp://loghost:514"),
            ("udp://10.0.0.1:5514/", "udp://10.0.0.1:5514"),
            ("tcp://[::1]:601", "tcp://[::1]:601"),
        ] {
            assert_eq!(told(text).as_deref(), Some(place), "{text}");
        }
        for text in [
            "/dev/log",
            "unix://",
            "unix://dev/log",
            "udp://",
            "udp://a/b",
            "tcp://me@a",
            "tcp://a?b",
            "tls://a",
        ] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
