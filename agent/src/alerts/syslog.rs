//! Alerts for a syslog daemon: on this host as the C library writes them (RFC 3164), elsewhere by RFC 5424, over UDP (RFC 5426) or with
//! their lengths over TCP (RFC 6587, 3.4.1).

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process;
use std::time::Duration;

use jiff::tz::TimeZone;

use super::queue::Group;
use super::shape;
use crate::config::{SyslogConfig, SyslogPlace};

/// Bound of each attempt to connect, and of each time that the daemon takes nothing.
const TAKES_WITHIN: Duration = Duration::from_secs(2);
/// So long a daemon that does not listen to UDP has to say so.
const DENIES_WITHIN: Duration = Duration::from_millis(50);
/// Longest message, in bytes: rsyslog takes no more unless it is told to.
const MESSAGE_BYTES_MAX: usize = 8_192;
/// Longest host name (RFC 5424, 6).
const HOST_BYTES_MAX: usize = 255;

const NAME: &str = "picket-agent";

/// One daemon.
#[derive(Debug)]
pub(super) struct Syslog {
    config: SyslogConfig,
    host: String,
    place: String,
}

impl Syslog {
    /// Connects nothing yet.
    pub(super) fn new(config: SyslogConfig, host: &str) -> Self {
        // What is no visible letter ends the field.
        let host: String = host.chars().filter(char::is_ascii_graphic).take(HOST_BYTES_MAX).collect();
        let host = if host.is_empty() { "-".to_owned() } else { host };
        Syslog { place: config.place.to_string(), config, host }
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Sends all of them, or says why not: then some may have been taken.
    pub(super) fn send(&self, groups: &[Group]) -> io::Result<()> {
        match &self.config.place {
            SyslogPlace::Unix(path) => self.send_here(path, groups),
            SyslogPlace::Udp(place) => self.send_by_udp(place, groups),
            SyslogPlace::Tcp(place) => self.send_by_tcp(place, groups),
        }
    }

    fn send_here(&self, path: &Path, groups: &[Group]) -> io::Result<()> {
        let socket = UnixDatagram::unbound()?;
        socket.set_write_timeout(Some(TAKES_WITHIN))?;
        socket.connect(path)?;
        groups.iter().try_for_each(|group| socket.send(self.line_here(group).as_bytes()).map(drop))
    }

    fn send_by_udp(&self, place: &str, groups: &[Group]) -> io::Result<()> {
        each_address(place, |address| {
            let any = match address {
                SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
            };
            let socket = UdpSocket::bind(any)?;
            socket.connect(address)?;
            groups.iter().try_for_each(|group| socket.send(self.line(group).as_bytes()).map(drop))?;
            socket.set_read_timeout(Some(DENIES_WITHIN))?;
            ended(socket.recv(&mut [0]))
        })
    }

    fn send_by_tcp(&self, place: &str, groups: &[Group]) -> io::Result<()> {
        let mut frames = Vec::new();
        for group in groups {
            let line = self.line(group);
            write!(frames, "{} {line}", line.len())?;
        }
        each_address(place, |address| {
            let mut stream = TcpStream::connect_timeout(&address, TAKES_WITHIN)?;
            stream.set_write_timeout(Some(TAKES_WITHIN))?;
            stream.write_all(&frames)?;
            // A daemon that has read all closes its end too; one that is gone resets.
            stream.shutdown(Shutdown::Write)?;
            stream.set_read_timeout(Some(TAKES_WITHIN))?;
            ended(stream.read(&mut [0]))
        })
    }

    /// As `syslog(3)` writes it, with this host's time.
    fn line_here(&self, group: &Group) -> String {
        let at = shape::timestamp(group.alert.raised_at).to_zoned(TimeZone::system());
        let time = at.strftime("%b %e %H:%M:%S");
        let (kind, id) = (group.alert.kind.name(), process::id());
        cut(format!("<{}>{time} {NAME}[{id}]: {kind}: {}", self.priority(group), message(group)))
    }

    fn line(&self, group: &Group) -> String {
        let (time, id) = (shape::timestamp(group.alert.raised_at), process::id());
        let (host, kind) = (&self.host, group.alert.kind.name());
        cut(format!("<{}>1 {time} {host} {NAME} {id} {kind} - {}", self.priority(group), message(group)))
    }

    fn priority(&self, group: &Group) -> u8 {
        let severity = if shape::is_critical(group.alert.kind) { 2 } else { 4 };
        self.config.facility.code() * 8 + severity
    }
}

/// What it tells, on one line: a process may be called as it likes.
fn message(group: &Group) -> String {
    let mut line = String::new();
    for letter in shape::summary(group).chars() {
        match letter.is_control() {
            true => line.extend(letter.escape_default()),
            false => line.push(letter),
        }
    }
    format!("{line} alert_id={}", group.alert.alert_id)
}

fn cut(mut line: String) -> String {
    let end = (0..=MESSAGE_BYTES_MAX).rev().find(|end| line.is_char_boundary(*end));
    line.truncate(end.unwrap_or_default());
    line
}

/// Tries the addresses of a host and port until one works.
fn each_address(place: &str, mut send: impl FnMut(SocketAddr) -> io::Result<()>) -> io::Result<()> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in place.to_socket_addrs()? {
        match send(address) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether an end that says nothing, or ends, is none that has refused.
fn ended(read: io::Result<usize>) -> io::Result<()> {
    match read {
        Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use audit::record::{AlertKind, AlertRecord, UnixMicros};
    use uuid::Uuid;

    use super::super::queue::Queue;
    use super::*;
    use crate::config::Facility;

    fn groups(kind: AlertKind, message: &str) -> Vec<Group> {
        let alert = AlertRecord {
            alert_id: Uuid::nil(),
            raised_at: UnixMicros(1_790_000_000_000_001),
            host: "db1".to_owned(),
            kind,
            message: message.to_owned(),
            connection: None,
        };
        let (mut queue, now) = (Queue::default(), Instant::now());
        queue.offer(alert, now);
        queue.take_due(9, now)
    }

    fn syslog(host: &str) -> Syslog {
        let place = SyslogPlace::Udp("loghost:514".to_owned());
        Syslog::new(SyslogConfig { place, facility: Facility::Authpriv }, host)
    }

    fn lines(kind: AlertKind, message: &str) -> (String, String) {
        let group = groups(kind, message).remove(0);
        let syslog = syslog("db 1\n");
        let id = format!(" {} ", process::id());
        let here = syslog.line_here(&group).replace(&format!("[{}]", process::id()), "[7]");
        (syslog.line(&group).replace(&id, " 7 "), here)
    }

    #[test]
    fn a_line_has_priority_time_host_and_kind() {
        let (line, here) = lines(AlertKind::Bypass, "psql (pid 9) went around");
        let id = "alert_id=00000000-0000-0000-0000-000000000000";
        let told = format!("psql (pid 9) went around {id}");
        assert_eq!(line, format!("<82>1 2026-09-21T14:13:20.000001Z db1 picket-agent 7 bypass - {told}"));
        assert!(here.starts_with("<82>Sep 2"), "{here}");
        assert!(here.ends_with(&format!(" picket-agent[7]: bypass: {told}")), "{here}");
        assert!(lines(AlertKind::Listener, "x").0.starts_with("<84>1 "));
    }

    #[test]
    fn nobody_writes_a_line_of_his_own() {
        let (line, here) = lines(AlertKind::Bypass, "a\n<0>Jan  1 00:00:00 root: all is well\u{9b}\0");
        for line in [line, here] {
            assert!(!line.contains(|letter: char| letter.is_control()), "{line}");
            assert!(line.contains(r"a\n<0>Jan  1 00:00:00 root: all is well\u{9b}\u{0}"), "{line}");
        }
    }

    #[test]
    fn a_message_has_a_bound() {
        let (line, here) = lines(AlertKind::Bypass, &"ä".repeat(9_000));
        for line in [line, here] {
            // The process's own id is shorter here.
            assert!((MESSAGE_BYTES_MAX - 8..=MESSAGE_BYTES_MAX).contains(&line.len()), "{}", line.len());
        }
    }
}
