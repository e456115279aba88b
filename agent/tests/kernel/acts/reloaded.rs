//! Whom is refused changes while the agent runs: at each moment it is by what held before, or by what holds from now on.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use audit::record::{AlertKind, UnixMicros};
use ebpf_abi::Mode;
use picket_agent::{ActConfig, AllowRule, Clock};

use super::kept::BpfFileSystem;
use super::unix::asks_programs;
use super::{CONNECT, REFUSED, Stage, run};
use crate::allowed::{Cgroup, rule};
use crate::namespaces::Namespace;
use crate::tampered::Agent;

const WAIT: Duration = Duration::from_secs(60);
const RELOADED: &str = "configuration reloaded";
const NOT_RELOADED: &str = "configuration not reloaded: what was there before goes on";
const CLOSED: &str = "ECONNREFUSED";

/// What is done about connections to this port.
pub(super) fn config(mode: Mode, port: u16) -> ActConfig {
    ActConfig {
        mode,
        outgoing: false,
        remote: false,
        keeps: false,
        pin_dir: "/".into(),
        ports: [port].into(),
        idle: Vec::new(),
    }
}

/// Asks for connections until `stop` is there, and says how often it was refused, and how often not.
fn asks_until(stop: &Path, first: &str) -> String {
    format!(
        "import time\n{first}\nleft, right = 0, 0\nwhile not os.path.exists('{}'):\n try:\n  it = socket.socket()\n  it.connect(server)\n  right += 1\n \
         except PermissionError: left += 1\n time.sleep(0.002)\nprint(left, right)",
        stop.display()
    )
}

/// Lets whoever comes in, and go again.
fn serves(listener: &TcpListener, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        drop(listener.accept().unwrap());
    }
}

#[test]
fn whom_both_refuse_is_refused_at_each_moment_and_whom_both_allow_is_not() {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let stop = dir.path().join("stop");
    let nobody = |name: &str| AllowRule { name: name.to_owned(), uid: Some(65_534), ..rule() };
    let mut stage = Stage::new(&[nobody("a")]);
    let (port, enter, server) = (stage.address().port(), stage.cgroup.enter(), stage.address());
    let (denies, meant) = (config(Mode::Deny, port), stage.cgroup.path.clone());
    let more = ActConfig { outgoing: true, ports: [port, 1].into(), ..denies.clone() };
    let others = (0..100).map(|uid| AllowRule { name: format!("{uid}"), uid: Some(1000 + uid), ..rule() });
    let others: Vec<AllowRule> = others.collect();
    // Each allows nobody's connections by another rule, and refuses root's.
    let by_cgroup = AllowRule { cgroup: Some(meant), ..nobody("b") };
    let until = AllowRule { until: Some(UnixMicros(Clock.now().0 + 3_600_000_000)), ..nobody("c") };
    let by_port = AllowRule { ports: [port].into(), ..nobody("d") };
    let last = |rule: AllowRule| others.iter().cloned().chain([rule]).collect::<Vec<_>>();
    let turns = [
        (&denies, vec![by_cgroup]),
        (&more, last(until)),
        (&denies, vec![nobody("a")]),
        (&more, vec![by_port.clone(), nobody("e")]),
        (&denies, last(by_port)),
    ];
    let (listener, is_over) = (stage.listener.try_clone().unwrap(), AtomicBool::new(false));
    let (refused, allowed) = std::thread::scope(|scope| {
        scope.spawn(|| serves(&listener, &is_over));
        let asks = |first: &'static str| {
            let (script, enter) = (asks_until(&stop, first), enter.clone());
            scope.spawn(move || run(&enter, &[], "127.0.0.1", port, &script))
        };
        let (root, nobody) = (asks(""), asks("os.setuid(65534)"));
        let deadline = Instant::now() + WAIT;
        // They have begun.
        while stage.eye.counts().denied < 100 {
            assert!(Instant::now() < deadline);
        }
        for _ in 0..40 {
            for (config, rules) in &turns {
                stage.change(config, rules);
                stage.renew();
            }
        }
        fs::write(&stop, "").unwrap();
        let (root, nobody) = (root.join().unwrap(), nobody.join().unwrap());
        is_over.store(true, Ordering::SeqCst);
        // The one that serves waits for one more.
        TcpStream::connect(server).unwrap();
        (root, nobody)
    });
    let counted = |output: &std::process::Output| {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let counts = said.lines().next().unwrap().split(' ').map(|count| count.parse::<u64>().unwrap());
        <[u64; 2]>::try_from(counts.collect::<Vec<_>>()).unwrap()
    };
    let [left, right] = counted(&refused);
    assert!(right == 0 && 100 < left, "of whom all refuse {right} got through, {left} not");
    let [left, right] = counted(&allowed);
    assert!(left == 0 && 100 < right, "of whom all allow {left} were refused, {right} not");
    assert_eq!(stage.eye.kernel.mend().unwrap(), Vec::<String>::new());
    assert_eq!(stage.eye.counts().unjudged, 0);
}

#[test]
fn what_only_one_asks_for_begins_and_ends_with_it() {
    let mut stage = Stage::on("127.0.0.1:0", Mode::Observe, false, &[]);
    let port = stage.address().port();
    let nobody = AllowRule { uid: Some(65_534), ..rule() };
    let as_nobody = "os.setuid(65534); socket.socket().connect(server)";
    let asks = "it = socket.socket(); it.setblocking(False); it.connect(server)";
    let now = |stage: &mut Stage, config: &ActConfig, rules: &[AllowRule]| {
        stage.change(config, rules);
        [
            stage.tries(&[], CONNECT) == REFUSED,
            stage.tries(&[], as_nobody) == REFUSED,
            stage.tries_to("203.0.113.9", &[], asks) == REFUSED,
        ]
    };
    let denies = config(Mode::Deny, port);
    assert_eq!(now(&mut stage, &denies, &[]), [true, true, false]);
    assert_eq!(now(&mut stage, &denies, std::slice::from_ref(&nobody)), [true, false, false]);
    let outgoing = ActConfig { outgoing: true, ..denies.clone() };
    assert_eq!(now(&mut stage, &outgoing, &[]), [true, true, true]);
    assert_eq!(now(&mut stage, &config(Mode::Alert, port), &[]), [false; 3]);
    assert_eq!(stage.alerts().last().unwrap().kind, AlertKind::WouldDeny);
    assert_eq!(now(&mut stage, &outgoing, std::slice::from_ref(&nobody)), [true, false, true]);
    let elsewhere = ActConfig { ports: [1].into(), ..outgoing.clone() };
    assert_eq!(now(&mut stage, &elsewhere, &[]), [false; 3]);
    assert_eq!(now(&mut stage, &outgoing, &[]), [true; 3]);
    let denied = stage.denied();
    assert_eq!(now(&mut stage, &config(Mode::Observe, port), &[]), [false; 3]);
    assert_eq!(stage.denied(), denied);
    assert_eq!(now(&mut stage, &denies, &[nobody]), [true, false, false]);
    assert_eq!(stage.eye.kernel.mend().unwrap(), Vec::<String>::new());
}

/// An agent that acts on its own cgroup, and a database.
struct Reloading {
    agent: Agent,
    cgroup: Cgroup,
    listener: TcpListener,
}

impl Reloading {
    fn new(name: &str, more: &str, arguments: &[&str]) -> Self {
        Reloading::on("127.0.0.1:0", name, more, arguments)
    }

    fn on(address: &str, name: &str, more: &str, arguments: &[&str]) -> Self {
        let (listener, cgroup) = (TcpListener::bind(address).unwrap(), Cgroup::new(name));
        let (enter, more) = (cgroup.enter(), format!("cgroup = '{}'\n{more}", cgroup.folder.display()));
        let agent = Agent::with(listener.local_addr().unwrap().port(), &enter, &more, arguments);
        Reloading { agent, cgroup, listener }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    fn reload(&self, more: &str, said: &str) {
        self.agent.reload(&format!("cgroup = '{}'\n{more}", self.cgroup.folder.display()), said);
    }

    fn tries(&self) -> String {
        let ran = run(&self.cgroup.enter(), &[], "127.0.0.1", self.address().port(), CONNECT);
        String::from_utf8(ran.stdout).unwrap().trim_end().to_owned()
    }

    fn until(&self, became: &str, tries: impl Fn() -> String) {
        let deadline = Instant::now() + WAIT;
        while tries() != became {
            assert!(Instant::now() < deadline, "it must become {became}: {}", self.agent.log());
        }
    }

    fn kill(&self) {
        let pid = self.agent.pid().to_string();
        assert!(Command::new("kill").args(["-KILL", &pid]).status().unwrap().success());
    }
}

const DENIES: &str = "[act]\nmode = 'deny'\n";
const ROOT: &str = "[[allow]]\nname = 'root'\nreason = 'r'\nuser = 0\n";

#[test]
fn a_signal_has_the_agent_refuse_and_allow_and_refuse_nobody() {
    let reloading = Reloading::new("reload-modes", "", &[]);
    assert_eq!(reloading.tries(), "connected");
    reloading.reload(DENIES, RELOADED);
    assert_eq!(reloading.tries(), REFUSED);
    reloading.agent.until("\"kind\":\"denied\"");
    assert_eq!(reloading.agent.spooled("\"acts\":\"deny\""), 1, "the ledger knows from when on");
    reloading.reload(&format!("{DENIES}{ROOT}"), RELOADED);
    assert_eq!(reloading.tries(), "connected");
    reloading.reload("[act]\nmode = 'alert'\n", RELOADED);
    assert_eq!(reloading.tries(), "connected");
    reloading.agent.until("\"kind\":\"would_deny\"");
    reloading.reload("", RELOADED);
    assert_eq!(reloading.tries(), "connected");
    reloading.reload(DENIES, RELOADED);
    assert_eq!(reloading.tries(), REFUSED);
    // Nobody has changed anything behind its back.
    assert!(!reloading.agent.journal().contains("\"kind\":\"tampered\""));
    reloading.kill();
    reloading.until("connected", || reloading.tries());
}

#[test]
fn one_word_goes_back_to_observing() {
    let rest = "remote = true\noutgoing = true\nwithout-agent = 'lift'\n";
    let denies = format!("{DENIES}{rest}");
    let reloading = Reloading::new("reload-back", &denies, &[]);
    assert_eq!(reloading.tries(), REFUSED);
    let before = reloading.agent.log().len();
    reloading.reload(&denies.replace("deny", "observe"), RELOADED);
    reloading.until("connected", || reloading.tries());
    let said = reloading.agent.log()[before..].to_owned();
    for key in ["act.remote", "act.outgoing"] {
        assert!(said.contains("is not heeded: `act.mode` is `observe`") && said.contains(key), "{said}");
    }
    assert!(!said.contains("act.without-agent"), "{said}");
    reloading.reload(&denies, RELOADED);
    reloading.until(REFUSED, || reloading.tries());
}

#[test]
fn a_configuration_that_is_wrong_changes_nothing_and_its_key_is_named() {
    let reloading = Reloading::new("reload-wrong", DENIES, &[]);
    let folder = tempfile::tempdir().unwrap();
    let nowhere = format!("without-agent = 'keep'\npin-dir = '{}'", folder.path().join("pins").display());
    let many: String = (0..257).map(|uid| ROOT.replace("root", &uid.to_string())).collect();
    for (wrong, why) in [
        ("[act]\nmode = 'off'", "`act.mode` must be `observe`"),
        ("[act]\nmode = 'alert'\nports = [1]", "`act.ports` must hold ports of `watch-ports`, got 1"),
        ("[act]\nremote = true", "`act.remote` needs `act.mode`"),
        ("[[allow]]\nname = 'a'\nreason = 'b'", "`allow` of `a` must say whom it allows"),
        ("heartbeat-secs = 0\n[act]\nmode = 'alert'", "`heartbeat-secs` must be between"),
        (&format!("{DENIES}{nowhere}"), "`act.without-agent`: cannot keep on refusing without an agent"),
        (many.as_str(), "there must be at most 256 `allow` sections"),
        ("[act", "agent.toml:5: "),
    ] {
        let before = reloading.agent.log().len();
        reloading.reload(wrong, NOT_RELOADED);
        let said = reloading.agent.log()[before..].to_owned();
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(reloading.tries(), REFUSED);
    }
    reloading.reload("[act]\nmode = 'alert'\n", RELOADED);
    assert_eq!(reloading.tries(), "connected");
}

#[test]
fn rules_that_have_no_room_beside_those_that_hold_are_not_taken() {
    let rules = |from: u32| -> String {
        (from..from + 200)
            .map(|uid| format!("[[allow]]\nname = '{uid}'\nreason = 'r'\nuser = {uid}\n"))
            .collect()
    };
    let reloading = Reloading::new("reload-many", &format!("{DENIES}{}", rules(1)), &[]);
    let before = reloading.agent.log().len();
    reloading.reload(&format!("{DENIES}{}", rules(0) + &rules(1000)), NOT_RELOADED);
    reloading.reload(&format!("{DENIES}{}", rules(1000)), NOT_RELOADED);
    let said = reloading.agent.log()[before..].to_owned();
    assert!(
        said.contains("`allow`: those that it goes by and new ones are more than 256 together"),
        "{said}"
    );
    assert_eq!(reloading.tries(), REFUSED);
    reloading.reload(&format!("{DENIES}{}", rules(0)), RELOADED);
    assert_eq!(reloading.tries(), "connected");
}

#[test]
fn what_only_a_restart_changes_is_named_and_the_rest_is_taken() {
    let reloading = Reloading::new("reload-fixed", DENIES, &[]);
    let before = reloading.agent.log().len();
    reloading.reload("heartbeat-secs = 5\nhost = 'other'\n[act]\nmode = 'alert'\n", RELOADED);
    let said = reloading.agent.log()[before..].to_owned();
    for key in ["heartbeat-secs", "host"] {
        let line = format!("changed in the configuration, and changes with a restart only key=\"{key}\"");
        assert!(said.contains(&line), "{line}: {said}");
    }
    assert_eq!(said.matches("with a restart only").count(), 2, "{said}");
    assert_eq!(reloading.tries(), "connected");
}

#[test]
fn a_dry_run_stays_one() {
    let reloading = Reloading::new("reload-dry", "", &["--dry-run"]);
    reloading.reload(DENIES, RELOADED);
    assert_eq!(reloading.tries(), "connected");
    reloading.agent.until("\"kind\":\"would_deny\"");
}

#[test]
fn what_goes_on_without_an_agent_begins_moves_and_ends_with_the_configuration() {
    let (here, there) = (BpfFileSystem::mount(), BpfFileSystem::mount());
    let keeps =
        |at: &BpfFileSystem| format!("{DENIES}without-agent = 'keep'\npin-dir = '{}'\n", at.pins().display());
    let reloading = Reloading::new("reload-keeps", DENIES, &[]);
    let programs = 2 + usize::from(asks_programs());
    reloading.reload(&keeps(&here), RELOADED);
    assert_eq!((here.lives(), reloading.tries()), (vec![programs], REFUSED.to_owned()));
    reloading.reload(&keeps(&there), RELOADED);
    assert_eq!(
        (here.lives().len(), there.lives(), reloading.tries()),
        (0, vec![programs], REFUSED.to_owned())
    );
    // A rule by cgroup has one more program stay.
    let unit = format!("{}[[allow]]\nname = 'a'\nreason = 'r'\ncgroup = '/no/such'\n", keeps(&there));
    reloading.reload(&unit, RELOADED);
    assert_eq!((there.lives(), reloading.tries()), (vec![programs + 1], REFUSED.to_owned()));
    reloading.reload(DENIES, RELOADED);
    assert_eq!((there.lives().len(), reloading.tries()), (0, REFUSED.to_owned()));
    reloading.kill();
    reloading.until("connected", || reloading.tries());

    let reloading = Reloading::new("reload-keeps-on", "", &[]);
    reloading.reload(&keeps(&here), RELOADED);
    reloading.kill();
    reloading.agent.until_ended();
    assert_eq!(reloading.tries(), REFUSED);
}

#[test]
fn clients_elsewhere_are_refused_from_one_signal_to_the_next() {
    let reloading = Reloading::on("0.0.0.0:0", "reload-remote", DENIES, &[]);
    let (namespace, port) = (Namespace::new(), reloading.address().port());
    let ask = format!("exec 3<>/dev/tcp/{}/{port}", namespace.address(1));
    // Short, and with a pause: the agent takes an address for this host's while it finds a process there.
    let tries = || {
        std::thread::sleep(Duration::from_millis(50));
        let asks = ["netns", "exec", &namespace.name, "bash", "-c", &ask];
        let ran = Command::new("ip").args(asks).output().unwrap();
        let is_closed = String::from_utf8_lossy(&ran.stderr).contains("Connection refused");
        assert!(ran.status.success() != is_closed, "{ran:?}");
        (if is_closed { CLOSED } else { "connected" }).to_owned()
    };
    assert_eq!(tries(), "connected");
    reloading.reload(&format!("{DENIES}remote = true\n"), RELOADED);
    reloading.until(CLOSED, tries);
    let rule = "[[allow]]\nname = 'a'\nreason = 'r'\nfrom = ['198.18.0.0/15']\n";
    reloading.reload(&format!("{DENIES}remote = true\n{rule}"), RELOADED);
    assert_eq!(tries(), "connected");
    reloading.reload(&format!("{DENIES}remote = true\n"), RELOADED);
    reloading.until(CLOSED, tries);
    reloading.reload(DENIES, RELOADED);
    assert_eq!((tries(), reloading.tries()), ("connected".to_owned(), REFUSED.to_owned()));
}

#[test]
fn no_connection_goes_untold_while_the_configuration_changes() {
    const EACH: usize = 100;
    let reloading = Reloading::new("reload-events", "", &[]);
    let (port, enter) = (reloading.address().port(), reloading.cgroup.enter());
    let is_over = AtomicBool::new(false);
    let connects = format!("for _ in range({EACH}): socket.create_connection(server).close()");
    let mut made = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| serves(&reloading.listener, &is_over));
        for turn in
            ["[act]\nmode = 'alert'\nports = [PORT]\n", "[act]\nmode = 'alert'\n", "", ROOT, ""].repeat(2)
        {
            let (enter, connects) = (enter.clone(), connects.clone());
            let client = scope.spawn(move || run(&enter, &[], "127.0.0.1", port, &connects));
            reloading.reload(&turn.replace("PORT", &port.to_string()), RELOADED);
            assert_eq!(client.join().unwrap().stdout, b"connected\n");
            made += EACH;
        }
        is_over.store(true, Ordering::SeqCst);
        TcpStream::connect(reloading.address()).unwrap();
    });
    let deadline = Instant::now() + WAIT;
    while reloading.agent.connections().len() < made {
        assert!(Instant::now() < deadline, "{} of {made} are told", reloading.agent.connections().len());
    }
    assert!(!reloading.agent.journal().contains("events_lost"));
}

#[test]
fn a_configuration_that_does_not_answer_keeps_no_agent_from_ending() {
    let agent = Agent::on(TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
    let config = agent.config();
    fs::remove_file(&config).unwrap();
    assert!(Command::new("mkfifo").arg(&config).status().unwrap().success());
    let signal = |name: &str| {
        assert!(Command::new("kill").args([name, &agent.pid().to_string()]).status().unwrap().success());
    };
    signal("-HUP");
    let deadline = Instant::now() + WAIT;
    // Nobody can write to a queue that nobody reads.
    let write = || {
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits();
        fs::File::options().write(true).custom_flags(nonblock.cast_signed()).open(&config)
    };
    let _silent = loop {
        match write() {
            Ok(queue) => break queue,
            Err(error) => assert!(Instant::now() < deadline, "{error}: {}", agent.log()),
        }
    };
    signal("-TERM");
    agent.until_ended();
}
