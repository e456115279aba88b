//! What is in an emulated machine: an initramfs with the tests, the programs that they call, and modules of its kernel.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use e2e::postgres;

use super::{ENDED, run};
use crate::repo;

/// Programs that tests call, and those that start them.
const PROGRAMS: [&str; 21] = [
    "bash", "busybox", "cat", "chmod", "cp", "env", "id", "ip", "kill", "ls", "mkdir", "mkfifo", "modprobe",
    "mount", "nsenter", "setpriv", "sh", "sleep", "sysctl", "umount", "unshare",
];

/// PostgreSQL's programs that tests call. `psql` in `PATH` is a script that finds this one.
const OF_POSTGRESQL: [&str; 1] = ["psql"];

/// Modules that the agent or its tests use.
const MODULES: [&str; 4] = ["inet_diag", "tcp_diag", "unix_diag", "veth"];

/// Tests take the system's Python apart, and no other.
const PYTHON: &str = "/usr/bin/python3";

/// Parts of Python's library that no test imports.
const NOT_OF_PYTHON: [&str; 7] =
    ["test", "site-packages", "dist-packages", "ensurepip", "idlelib", "tkinter", "__pycache__"];

/// Makes the image in `work`, and returns its file. Its machine runs `words` in the folder `at`.
pub(super) fn make(
    work: &Path,
    kernel: &Path,
    version: &str,
    own: &[PathBuf],
    at: &Path,
    words: &[String],
) -> Result<PathBuf> {
    let root = Root(work.join("root"));
    for folder in
        ["proc", "sys", "dev", "run", "tmp", "mnt", "etc", "usr/bin", "usr/sbin", "usr/lib", "usr/lib64"]
    {
        fs::create_dir_all(root.0.join(folder)).context("make a folder of the image")?;
    }
    for folder in ["bin", "sbin", "lib", "lib64"] {
        symlink(format!("usr/{folder}"), root.0.join(folder)).context("link a folder of the image")?;
    }
    fs::create_dir_all(root.inside(at)).context("make a folder of the image")?;
    for name in PROGRAMS {
        let more = [PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
        let program = repo::find_program(name, &more).with_context(|| format!("find `{name}`"))?;
        root.put(&program)?;
    }
    let postgresql = postgres::programs()?;
    OF_POSTGRESQL.iter().try_for_each(|name| root.put(&postgresql.join(name)))?;
    for program in own {
        root.put(program)?;
        run::output(Command::new("strip").arg(root.inside(program)))?;
    }
    root.put_python()?;
    for file in ["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"] {
        fs::copy(file, root.inside(Path::new(file))).with_context(|| format!("copy `{file}`"))?;
    }
    fs::write(root.0.join("etc/hosts"), "127.0.0.1 localhost\n").context("write hosts")?;
    root.put_modules(kernel, version)?;
    let init = root.0.join("init");
    fs::write(&init, first_program(at, words)).context("write the first program")?;
    fs::set_permissions(&init, fs::Permissions::from_mode(0o755)).context("make it a program")?;
    let image = work.join("image.gz");
    let pack = format!("find . | cpio --quiet -o -H newc | gzip -1 > '{}'", image.display());
    run::output(Command::new("sh").args(["-c", &pack]).current_dir(&root.0))?;
    Ok(image)
}

struct Root(PathBuf);

impl Root {
    fn inside(&self, path: &Path) -> PathBuf {
        self.0.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Puts a program, or a library, where it is here, with the libraries that it needs.
    fn put(&self, program: &Path) -> Result<()> {
        self.copy(program)?;
        // A static program has none, and ldd says so by its exit code.
        let needs = run::output(Command::new("ldd").arg(program)).unwrap_or_default();
        for library in needs.split_whitespace().filter(|word| word.starts_with('/')) {
            self.copy(Path::new(library))?;
        }
        Ok(())
    }

    fn copy(&self, file: &Path) -> Result<()> {
        let to = self.inside(file);
        if to.exists() {
            return Ok(());
        }
        let folder = to.parent().context("find its folder")?;
        fs::create_dir_all(folder).with_context(|| format!("make `{}`", folder.display()))?;
        fs::copy(file, &to).with_context(|| format!("copy `{}`", file.display()))?;
        Ok(())
    }

    /// Puts the system's Python.
    fn put_python(&self) -> Result<()> {
        let say =
            "import os, sys; print(os.path.realpath(sys.executable)); print(os.path.dirname(os.__file__))";
        let said = run::output(Command::new(PYTHON).args(["-c", say]))?;
        let (program, library) = said.trim().split_once('\n').context("find Python")?;
        let program = Path::new(program);
        self.put(program)?;
        symlink(program, self.inside(Path::new(PYTHON))).context("link Python")?;
        let library = Path::new(library);
        let to = self.inside(library);
        fs::create_dir_all(&to).context("make Python's folder")?;
        let mut pack = Command::new("tar");
        pack.arg("--create").arg("--directory").arg(library);
        pack.args(NOT_OF_PYTHON.map(|part| format!("--exclude={part}"))).args(["--exclude=*.a", "."]);
        let from = self.0.join("python.tar");
        run::output(pack.arg("--file").arg(&from))?;
        run::output(
            Command::new("tar").arg("--extract").arg("--directory").arg(&to).arg("--file").arg(&from),
        )?;
        fs::remove_file(&from).context("remove what it was packed in")?;
        let parts = fs::read_dir(library.join("lib-dynload")).context("list Python's libraries")?;
        parts.flatten().try_for_each(|part| self.put(&part.path()))
    }

    /// Puts the kernel's modules for networks.
    fn put_modules(&self, kernel: &Path, version: &str) -> Result<()> {
        let folder = Path::new("lib/modules").join(version);
        let (from, to) = (kernel.join(&folder), self.0.join("usr").join(&folder));
        for part in ["kernel/net", "kernel/drivers/net"] {
            let to = to.join(part);
            fs::create_dir_all(to.parent().context("find its folder")?)
                .context("make a folder of modules")?;
            run::output(Command::new("cp").arg("--recursive").arg(from.join(part)).arg(to))?;
        }
        for list in ["modules.builtin", "modules.order"] {
            fs::copy(from.join(list), to.join(list)).with_context(|| format!("copy `{list}`"))?;
        }
        run::output(Command::new("depmod").arg("--basedir").arg(&self.0).arg(version)).map(|_| ())
    }
}

/// What the kernel starts: it makes a machine as the tests know it, runs them, and turns it off.
fn first_program(at: &Path, words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    format!(
        "#!/bin/bash
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin RUST_BACKTRACE=0
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t devpts pts /dev/pts
for at in /dev/shm /tmp /run; do mount -t tmpfs tmpfs $at; done
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs securityfs /sys/kernel/security
ip link set lo up
for module in {modules}; do modprobe $module; done
cd '{at}'
{words}
echo \"{ENDED}$?\"
busybox poweroff -f
",
        modules = MODULES.join(" "),
        at = at.display(),
        words = words.join(" "),
    )
}
