//! OpenSSH as a site runs it: a server, started as root, and clients that forward ports through it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::daemon::{Daemon, Launch, Ready};
use crate::scratch::Scratch;
use crate::{cache, port};

/// The package of Debian, unpacked into the cache: installed it would bring a service.
pub const PACKAGE: &str = "openssh-server";

/// Who logs in. This machine need not know it: the server does.
const LOGIN: &str = "tunnel";

/// The server looks for a user of its own, for an empty folder of its own, and for who logs in: it is shown them in a mount namespace.
const SHOWN_ITS_USERS: &str = "mount --bind \"$0/passwd\" /etc/passwd && mount -t tmpfs -o mode=755 tmpfs /run && mkdir -m 755 /run/sshd && exec \"$@\"";

/// Programs that newer servers divide themselves into, and the settings that say where they are.
const PARTS: [(&str, &str); 2] = [("sshd-session", "SshdSessionPath"), ("sshd-auth", "SshdAuthPath")];

/// Whether there is a server to start.
#[must_use]
pub fn is_installed() -> bool {
    installed().is_some()
}

/// The program, and where the package was unpacked.
fn installed() -> Option<(PathBuf, Option<PathBuf>)> {
    let program = Path::new("/usr/sbin/sshd");
    if program.is_file() {
        return Some((program.to_owned(), None));
    }
    let folder = cache::folder()?.join(PACKAGE);
    let program = folder.join("usr/sbin/sshd");
    program.is_file().then_some((program, Some(folder)))
}

/// A server. Dropping it ends it and everybody's sessions.
#[derive(Debug)]
pub struct Sshd {
    daemon: Daemon,
    port: u16,
    folder: Scratch,
}

/// A client that forwards a port. Dropping it ends it.
#[derive(Debug)]
pub struct Forward {
    daemon: Daemon,
    _folder: Scratch,
}

impl Sshd {
    /// Starts one on a free port of loopback. It needs root, itself or through sudo.
    pub fn start() -> Result<Self> {
        let (program, unpacked) = installed().context("find sshd; run `cargo xtask setup`")?;
        let (folder, port) = (Scratch::new("sshd")?, port::free()?);
        for name in ["host", "key"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(folder.join(name));
            ensure!(keygen.status().context("run ssh-keygen")?.success(), "ssh-keygen failed");
        }
        let users = fs::read_to_string("/etc/passwd").context("read the list of users")?;
        let others = users.lines().filter(|line| !line.starts_with("sshd:")).map(|line| format!("{line}\n"));
        let own =
            format!("sshd:x:64997:65534::/run/sshd:/usr/sbin/nologin\n{LOGIN}:x:64998:65534::/:/bin/sh\n");
        fs::write(folder.join("passwd"), others.chain([own]).collect::<String>())
            .context("write the server's users")?;
        let shown = folder.path().display();
        let mut config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {shown}/host\nAuthorizedKeysFile {shown}/key.pub\nPidFile none\nStrictModes no\n\
             UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        );
        let mut library_path = String::new();
        if let Some(unpacked) = unpacked {
            for (part, setting) in PARTS {
                let part = unpacked.join("usr/lib/openssh").join(part);
                if part.is_file() {
                    config.push_str(&format!("{setting} {}\n", part.display()));
                }
            }
            let folders = ["usr/lib", "lib"]
                .map(|lib| format!("{}/{lib}/{}-linux-gnu", unpacked.display(), env::consts::ARCH));
            library_path = folders.join(":");
        }
        fs::write(folder.join("sshd_config"), config).context("write the server's configuration")?;
        let mut launch = Launch::new("unshare", folder.join("log"), Ready::Log("Server listening on"));
        if !library_path.is_empty() {
            launch = launch.env("LD_LIBRARY_PATH", library_path);
        }
        let daemon = launch
            .args(["--mount", "sh", "-c", SHOWN_ITS_USERS])
            .args([
                folder.path().as_os_str(),
                program.as_os_str(),
                "-D".as_ref(),
                "-e".as_ref(),
                "-f".as_ref(),
            ])
            .args([folder.join("sshd_config")])
            .through_sudo(!rustix::process::geteuid().is_root())
            .start()?;
        Ok(Self { daemon, port, folder })
    }

    /// The process that listens; sudo's, where that runs it.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.pid()
    }

    /// The port of 127.0.0.1 where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Has the server connect to `to` for whoever comes to the client's port `at` (`ssh -L`).
    pub fn forward_local(&self, at: u16, to: u16) -> Result<Forward> {
        self.forward("-L", at, to, Ready::Log("Local forwarding listening on 127.0.0.1"))
    }

    /// Has the client connect to `to` for whoever comes to the server's port `at` (`ssh -R`).
    pub fn forward_remote(&self, at: u16, to: u16) -> Result<Forward> {
        self.forward("-R", at, to, Ready::Log("remote forward success"))
    }

    fn forward(&self, way: &str, at: u16, to: u16, ready: Ready) -> Result<Forward> {
        let folder = Scratch::new("ssh")?;
        let daemon = Launch::new("ssh", folder.join("log"), ready)
            .args(["-v", "-N", "-F", "none", "-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes"])
            .args(["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
            .args(["-o", "IdentitiesOnly=yes", "-i"])
            .args([self.folder.join("key")])
            .args([way, &format!("127.0.0.1:{at}:127.0.0.1:{to}"), "-p", &self.port.to_string()])
            .args([format!("{LOGIN}@127.0.0.1")])
            .start()?;
        Ok(Forward { daemon, _folder: folder })
    }
}

impl Forward {
    /// The client's process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.daemon.pid()
    }
}
