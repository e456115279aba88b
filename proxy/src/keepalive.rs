//! TCP keep-alive and user timeout: how soon a peer is noticed that is gone without a word. The names are PgBouncer's.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use daemon::config::Refused;
use rustix::net::sockopt;
use toml::Spanned;

use crate::config::within;

/// Longest time between probes, and before the first, that Linux takes (tcp.h, `MAX_TCP_KEEPIDLE`).
const SECS_MAX: u64 = 32_767;

/// Longest time for which the peer may acknowledge nothing.
const USER_TIMEOUT_SECS_MAX: u32 = 86_400;

/// Most probes that Linux takes (tcp.h, `MAX_TCP_KEEPCNT`).
const COUNT_MAX: u32 = 127;

/// How a socket asks whether its peer is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeepAlive {
    is_on: bool,
    /// Silence before the first probe; `None` is the system's.
    idle: Option<Duration>,
    /// Between two probes.
    interval: Option<Duration>,
    /// Probes without an answer after which the peer is gone.
    count: Option<u32>,
    /// How long what was sent may stay without an acknowledgement, in milliseconds (`TCP_USER_TIMEOUT`): the probes wait meanwhile. `None` is
    /// the system's. It also ends a client that takes nothing for so long, as one whose user reads a pager.
    user_timeout_millis: Option<u32>,
}

/// The keys as they are written.
pub(crate) struct Written {
    pub(crate) tcp_keepalive: Option<bool>,
    pub(crate) tcp_keepidle_secs: Option<Spanned<u64>>,
    pub(crate) tcp_keepintvl_secs: Option<Spanned<u64>>,
    pub(crate) tcp_keepcnt: Option<Spanned<u32>>,
    pub(crate) tcp_user_timeout_secs: Option<Spanned<u32>>,
}

impl Written {
    pub(crate) fn check(self) -> Result<KeepAlive, Refused> {
        let secs = |key, written, default| {
            let secs: u64 = within(key, written, 0..=SECS_MAX, default)?;
            Ok((secs != 0).then(|| Duration::from_secs(secs)))
        };
        let count = within("tcp-keepcnt", self.tcp_keepcnt, 0..=COUNT_MAX, 6)?;
        let user_timeout =
            within("tcp-user-timeout-secs", self.tcp_user_timeout_secs, 0..=USER_TIMEOUT_SECS_MAX, 0)?;
        Ok(KeepAlive {
            is_on: self.tcp_keepalive.unwrap_or(true),
            idle: secs("tcp-keepidle-secs", self.tcp_keepidle_secs, 60)?,
            interval: secs("tcp-keepintvl-secs", self.tcp_keepintvl_secs, 10)?,
            count: (count != 0).then_some(count),
            user_timeout_millis: (user_timeout != 0).then_some(user_timeout * 1000),
        })
    }
}

impl KeepAlive {
    /// Has `socket` ask.
    pub(crate) fn apply(&self, socket: &impl AsFd) -> io::Result<()> {
        sockopt::set_socket_keepalive(socket, self.is_on)?;
        if let (true, Some(idle)) = (self.is_on, self.idle) {
            sockopt::set_tcp_keepidle(socket, idle)?;
        }
        if let (true, Some(interval)) = (self.is_on, self.interval) {
            sockopt::set_tcp_keepintvl(socket, interval)?;
        }
        if let (true, Some(count)) = (self.is_on, self.count) {
            sockopt::set_tcp_keepcnt(socket, count)?;
        }
        if let Some(millis) = self.user_timeout_millis {
            sockopt::set_tcp_user_timeout(socket, millis)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_socket_asks_as_it_is_told_or_as_the_system_does() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = || TcpStream::connect(listener.local_addr().unwrap());
        let written = |tcp_keepalive, secs: Option<u64>| Written {
            tcp_keepalive,
            tcp_keepidle_secs: secs.map(|secs| Spanned::new(0..0, secs)),
            tcp_keepintvl_secs: secs.map(|secs| Spanned::new(0..0, secs)),
            tcp_keepcnt: None,
            tcp_user_timeout_secs: secs.map(|secs| Spanned::new(0..0, u32::try_from(secs).unwrap())),
        };
        let asks = |socket: &TcpStream| {
            let is_on = sockopt::socket_keepalive(socket).unwrap();
            let idle = sockopt::tcp_keepidle(socket).unwrap().as_secs();
            let interval = sockopt::tcp_keepintvl(socket).unwrap().as_secs();
            let timeout = sockopt::tcp_user_timeout(socket).unwrap();
            (is_on, idle, interval, sockopt::tcp_keepcnt(socket).unwrap(), timeout)
        };
        let (_, idle, interval, count, _) = asks(&socket().await.unwrap());
        for (written, expected) in [
            (written(None, None), (true, 60, 10, 6, 0)),
            (written(None, Some(7)), (true, 7, 7, 6, 7000)),
            (written(None, Some(0)), (true, idle, interval, 6, 0)),
            (written(Some(false), None), (false, idle, interval, count, 0)),
        ] {
            let socket = socket().await.unwrap();
            written.check().unwrap().apply(&socket).unwrap();
            assert_eq!(asks(&socket), expected);
        }
        let error = written(None, Some(40_000)).check().err();
        let told = format!("{error:?}");
        assert!(told.contains("`tcp-keepidle-secs` must be between 0 and 32767, got 40000"), "{told}");
    }
}
