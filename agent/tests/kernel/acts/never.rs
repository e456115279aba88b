//! Whoever must never be refused: the proxy, and whom a rule allows, from their first moment.

use std::fs;
use std::time::Duration;

use audit::record::UnixMicros;
use ebpf_abi::Mode;
use picket_agent::{AllowRule, Clock, Registry};

use super::{CONNECT, REFUSED, Stage};
use crate::allowed::{Cgroup, rule};

#[test]
fn the_registered_proxy_connects_and_its_children_do_not() {
    let mut stage = Stage::new(&[]);
    let dir = tempfile::tempdir().unwrap();
    let pid_file = dir.path().join("proxy.pid");
    let mut registry = Registry::new(vec![pid_file.clone()], [].into());
    // It writes its pid file, and tries until the agent knows it, as the proxy does.
    let script = format!(
        "import time
open('{0}', 'w').write(str(os.getpid()))
for _ in range(3000):
    if socket.socket().connect_ex(server) == 0: break
    time.sleep(0.01)
else: raise OSError(1, '')
pid = os.fork()
if pid == 0: os._exit(socket.socket().connect_ex(server))
became = os.waitstatus_to_exitcode(os.wait()[1])
print(became)",
        pid_file.display()
    );
    let enter = stage.cgroup.enter();
    let port = stage.address().port();
    let runs = std::thread::spawn(move || super::run(&enter, &[], "127.0.0.1", port, &script));
    while !runs.is_finished() {
        if pid_file.exists() {
            stage.exempt = registry.proven();
        }
        stage.renew();
        std::thread::sleep(Duration::from_millis(1));
    }
    let ran = runs.join().unwrap();
    assert_eq!(
        String::from_utf8(ran.stdout).unwrap(),
        "1\nconnected\n",
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    // Its pid is no pass once it is gone.
    assert!(registry.proven().is_empty());
    stage.exempt.clear();
    stage.renew();
    assert_eq!(stage.tries(&[], CONNECT), REFUSED);
}

#[test]
fn a_user_that_a_rule_allows_connects_to_the_ports_that_it_names() {
    let nobody = "os.setuid(65534); socket.socket().connect(server)";
    let mut stage = Stage::new(&[AllowRule { uid: Some(65_534), ..rule() }]);
    assert_eq!(stage.tries(&[], nobody), "connected");
    assert_eq!(stage.tries(&[], CONNECT), REFUSED);
    let mut stage = Stage::new(&[AllowRule { uid: Some(65_534), ports: [1].into(), ..rule() }]);
    assert_eq!(stage.tries(&[], nobody), REFUSED);
}

#[test]
fn a_cgroup_that_a_rule_allows_connects_with_those_below_from_its_first_moment() {
    let watched = Cgroup::new("acts-units");
    let unit = format!("{}/backup.service", watched.path);
    let folder = watched.folder.join("backup.service");
    let rules = [AllowRule { cgroup: Some(unit), ..rule() }];
    let mut stage = Stage::within(watched, "127.0.0.1:0", Mode::Deny, false, &rules);
    let moves = |to: &str| format!("echo $$ > {to}/cgroup.procs");
    for round in 0..20 {
        // The agent does not look in between: the kernel program knows it.
        let place = folder.join(if round % 2 == 0 { "" } else { "job" });
        let place = place.to_str().unwrap().trim_end_matches('/').to_owned();
        let makes = format!("mkdir -p {place}; {}", moves(&place));
        assert_eq!(stage.tries_from(&makes, "127.0.0.1", &[], CONNECT), "connected", "{round}");
        if round % 2 == 1 {
            fs::remove_dir(folder.join("job")).unwrap();
        }
        fs::remove_dir(&folder).unwrap();
    }
    // One beside it with a name that begins so, and one that is called so elsewhere.
    let beside = stage.cgroup.folder.join("backup.service2");
    let elsewhere = stage.cgroup.folder.join("other/backup.service");
    for place in [&beside, &elsewhere] {
        let makes = format!("mkdir -p {0}; {1}", place.display(), moves(place.to_str().unwrap()));
        assert_eq!(stage.tries_from(&makes, "127.0.0.1", &[], CONNECT), REFUSED, "{}", place.display());
    }
    // What is gone is forgotten, and what is there stays.
    fs::create_dir(&folder).unwrap();
    assert_eq!(stage.eye.kernel.mend().unwrap(), Vec::<String>::new());
    assert_eq!(stage.tries_from(&moves(folder.to_str().unwrap()), "127.0.0.1", &[], CONNECT), "connected");
    for place in [folder, beside, elsewhere.clone(), elsewhere.parent().unwrap().to_owned()] {
        fs::remove_dir(place).unwrap();
    }
}

/// Both hierarchies number their cgroups, and may hold the same names.
#[test]
fn a_cgroup_of_version_1_with_that_name_covers_nobody() {
    let mount = tempfile::tempdir().unwrap();
    let at = mount.path().to_str().unwrap();
    let name = format!("picket{}", std::process::id());
    let options = format!("none,name={name}");
    let made =
        std::process::Command::new("mount").args(["-t", "cgroup", "-o", &options, "none", at]).status();
    if !made.unwrap().success() {
        // This kernel has version 2 only: there is nothing to mix up.
        return;
    }
    let unit = format!("/{name}");
    let mut stage = Stage::new(&[AllowRule { cgroup: Some(unit), ..rule() }]);
    fs::create_dir(mount.path().join(&name)).unwrap();
    let became = stage.tries(&[], CONNECT);
    let id = fs::metadata(mount.path().join(&name)).map(|it| std::os::unix::fs::MetadataExt::ino(&it));
    fs::remove_dir(mount.path().join(&name)).unwrap();
    assert!(std::process::Command::new("umount").arg(at).status().unwrap().success());
    assert_eq!(became, REFUSED);
    assert!(!stage.eye.kernel.covers_cgroup(id.unwrap()).unwrap());
}

#[test]
fn a_rule_stops_at_its_moment() {
    let soon = || UnixMicros(Clock.now().0 + 3_600_000_000);
    let mut stage = Stage::new(&[AllowRule { uid: Some(0), until: Some(soon()), ..rule() }]);
    assert_eq!(stage.tries(&[], CONNECT), "connected");
    let then = UnixMicros(Clock.now().0 + 7_200_000_000);
    stage.eye.kernel.renew(&[].into(), then, Clock.now_boot_ns()).unwrap();
    let ran = super::run(&stage.cgroup.enter(), &[], "127.0.0.1", stage.address().port(), CONNECT);
    assert_eq!(ran.stdout, b"EPERM\n");
}

/// From where a process connects is not known when it asks: whom such a rule is for goes on, and is judged as ever.
#[test]
fn a_rule_that_cannot_be_told_at_the_connect_refuses_nobody_it_is_for() {
    let networks = vec!["10.0.7.0/24".parse().unwrap()];
    let mut stage = Stage::new(&[AllowRule { uid: Some(0), networks, ..rule() }]);
    assert_eq!(stage.tries(&[], CONNECT), "connected");
    stage.eye.until_told(1);
    assert_eq!((stage.denied(), stage.eye.counts().denied), (0, 0));
}
