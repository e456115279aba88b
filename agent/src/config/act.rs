//! The section `[act]`: what is done about who connects around the proxy.

use std::collections::BTreeSet;
use std::path::PathBuf;

use daemon::config::{Refused, refused};
use ebpf_abi::Mode;
use serde::Deserialize;
use toml::Spanned;

/// Where programs are that go on without an agent, where nothing else is said.
const PIN_DIR: &str = "/sys/fs/bpf/picket-agent";

/// What was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ActFile {
    mode: Option<Spanned<String>>,
    outgoing: Option<Spanned<bool>>,
    remote: Option<Spanned<bool>>,
    without_agent: Option<Spanned<String>>,
    pin_dir: Option<Spanned<PathBuf>>,
    ports: Option<Spanned<Vec<Spanned<i64>>>>,
}

/// What is done about who connects around the proxy: processes of this host, and clients on others where that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActConfig {
    /// Whether they are refused.
    pub mode: Mode,
    /// Whether that goes for databases on other hosts too.
    pub outgoing: bool,
    /// Whether it goes for clients on other hosts too.
    pub remote: bool,
    /// Whether what refuses goes on without an agent.
    pub keeps: bool,
    /// Where in the BPF file system it then is.
    pub pin_dir: PathBuf,
    /// Ports of the databases that it goes for.
    pub ports: BTreeSet<u16>,
    /// Keys that say something which `observe` leaves undone.
    pub idle: Vec<&'static str>,
}

impl ActFile {
    pub(super) fn check(self, watch_ports: &BTreeSet<u16>) -> Result<ActConfig, Refused> {
        // Who goes back to `observe` changes one word: what else is asked for waits.
        let goes_back = self.mode.is_some();
        let mode = self.mode.map_or(Ok(Mode::Observe), mode)?;
        let mut idle = Vec::new();
        let (outgoing, remote) = (self.outgoing, self.remote);
        let (without_agent, pin_dir) = (keeps(self.without_agent)?, pin_dir(self.pin_dir)?);
        for (key, written) in
            [("act.outgoing", &outgoing), ("act.remote", &remote), ("act.without-agent", &without_agent)]
        {
            let Some(written) = written.as_ref().filter(|it| *it.get_ref() && mode == Mode::Observe) else {
                continue;
            };
            if !goes_back {
                let message =
                    format!("`{key}` needs `act.mode` to be `alert` or `deny`: nothing is done without");
                return Err(refused(written.span(), message));
            }
            idle.push(key);
        }
        let is_on = |written: Option<Spanned<bool>>| {
            mode != Mode::Observe && written.is_some_and(Spanned::into_inner)
        };
        let ports = match self.ports {
            Some(ports) => some_of(ports, watch_ports)?,
            None => watch_ports.clone(),
        };
        Ok(ActConfig {
            mode,
            outgoing: is_on(outgoing),
            remote: is_on(remote),
            // An agent that only tells leaves nothing.
            keeps: mode == Mode::Deny && is_on(without_agent),
            pin_dir,
            ports,
            idle,
        })
    }
}

/// Whether what refuses goes on without an agent.
fn keeps(written: Option<Spanned<String>>) -> Result<Option<Spanned<bool>>, Refused> {
    let Some(written) = written else { return Ok(None) };
    let keeps = match written.get_ref().as_str() {
        "lift" => false,
        "keep" => true,
        other => {
            let message = format!(
                "`act.without-agent` must be `lift` (nobody is refused without an agent) or `keep` (it goes on until an agent \
                 comes, or `picket-agent lift`), got `{other}`"
            );
            return Err(refused(written.span(), message));
        }
    };
    Ok(Some(Spanned::new(written.span(), keeps)))
}

fn pin_dir(written: Option<Spanned<PathBuf>>) -> Result<PathBuf, Refused> {
    match written {
        Some(dir) if dir.get_ref().is_relative() => {
            Err(refused(dir.span(), "`act.pin-dir` must be an absolute path"))
        }
        Some(dir) => Ok(dir.into_inner()),
        None => Ok(PathBuf::from(PIN_DIR)),
    }
}

fn mode(written: Spanned<String>) -> Result<Mode, Refused> {
    match written.get_ref().as_str() {
        "observe" => Ok(Mode::Observe),
        "alert" => Ok(Mode::Alert),
        "deny" => Ok(Mode::Deny),
        other => {
            let message = format!(
                "`act.mode` must be `observe` (nothing is refused), `alert` (what would be refused is told) or `deny`, \
                 got `{other}`"
            );
            Err(refused(written.span(), message))
        }
    }
}

fn some_of(
    written: Spanned<Vec<Spanned<i64>>>,
    watch_ports: &BTreeSet<u16>,
) -> Result<BTreeSet<u16>, Refused> {
    let span = written.span();
    let mut ports = BTreeSet::new();
    for port in written.into_inner() {
        match u16::try_from(*port.get_ref()).ok().filter(|number| watch_ports.contains(number)) {
            Some(number) => ports.insert(number),
            None => {
                let message = format!("`act.ports` must hold ports of `watch-ports`, got {}", port.get_ref());
                return Err(refused(port.span(), message));
            }
        };
    }
    if ports.is_empty() {
        return Err(refused(span, "`act.ports` must name at least one port; leave it out for all"));
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::ConfigFile;
    use super::*;

    fn act(text: &str) -> Result<ActConfig, String> {
        let text = format!("watch-ports = [5432, 5433]\nspool.dir = '/s'\n{text}");
        let read = daemon::config::parse(Path::new("a.toml"), &text, ConfigFile::check);
        read.map(|config| config.act).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_is_refused_where_nothing_is_said() {
        let all = BTreeSet::from([5432, 5433]);
        let pin_dir = PathBuf::from(PIN_DIR);
        let expected = ActConfig {
            mode: Mode::Observe,
            outgoing: false,
            remote: false,
            keeps: false,
            pin_dir,
            ports: all,
            idle: Vec::new(),
        };
        assert_eq!(act(""), Ok(expected.clone()));
        assert_eq!(act("[act]"), Ok(expected.clone()));
        assert_eq!(act("[act]\nmode = 'deny'"), Ok(ActConfig { mode: Mode::Deny, ..expected.clone() }));
        let written = act("[act]\nmode = 'alert'\noutgoing = true\nremote = true\nports = [5433]");
        let ports = BTreeSet::from([5433]);
        assert_eq!(
            written,
            Ok(ActConfig { mode: Mode::Alert, outgoing: true, remote: true, ports, ..expected })
        );
    }

    #[test]
    fn what_refuses_goes_on_where_that_is_said_and_it_does() {
        let keeps = |text: &str| {
            let config = act(&format!("[act]\nwithout-agent = 'keep'\n{text}")).unwrap();
            (config.keeps, config.pin_dir.display().to_string())
        };
        assert_eq!(keeps("mode = 'deny'"), (true, PIN_DIR.to_owned()));
        assert_eq!(keeps("mode = 'deny'\npin-dir = '/run/bpf/a'"), (true, "/run/bpf/a".to_owned()));
        assert!(!keeps("mode = 'alert'").0);
        assert!(!act("[act]\nmode = 'deny'\nwithout-agent = 'lift'").unwrap().keeps);
    }

    #[test]
    fn who_goes_back_to_observe_changes_one_word() {
        let rest = "outgoing = true\nremote = true\nwithout-agent = 'keep'\nports = [5433]";
        let denies = act(&format!("[act]\nmode = 'deny'\n{rest}")).unwrap();
        assert!(denies.outgoing && denies.remote && denies.keeps && denies.idle.is_empty());
        let observes = act(&format!("[act]\nmode = 'observe'\n{rest}")).unwrap();
        assert!(!observes.outgoing && !observes.remote && !observes.keeps);
        assert_eq!(observes.idle, ["act.outgoing", "act.remote", "act.without-agent"]);
        assert!(
            act("[act]\nmode = 'observe'\noutgoing = false\nwithout-agent = 'lift'").unwrap().idle.is_empty()
        );
    }

    #[test]
    fn errors_name_key_and_mend() {
        let error = |text: &str| act(&format!("[act]\n{text}")).unwrap_err();
        assert!(error("mode = 'block'").contains("`act.mode` must be `observe`"));
        assert!(error("outgoing = true").contains("`act.outgoing` needs `act.mode`"));
        assert!(error("remote = true").contains("`act.remote` needs `act.mode`"));
        assert!(error("without-agent = 'stay'").contains("`act.without-agent` must be `lift`"));
        assert!(error("without-agent = 'keep'").contains("`act.without-agent` needs `act.mode`"));
        assert!(error("pin-dir = 'p'").contains("`act.pin-dir` must be an absolute path"));
        assert!(error("ports = [80]").contains("`act.ports` must hold ports of `watch-ports`, got 80"));
        assert!(error("ports = []").contains("`act.ports` must name at least one port"));
        assert!(error("deny = true").contains("unknown field `deny`"));
    }
}
