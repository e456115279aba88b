//! Installs packages of Debian and Ubuntu, and keeps `postgresql` from creating and starting a cluster.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow};

use super::Privilege;
use crate::error::Unavailable;
use crate::progress::Step;
use crate::{repo, run};

/// Read by postgresql-common when a server package is configured.
const CLUSTER_SETTINGS: &str = "/etc/postgresql-common/createcluster.d";
const NO_CLUSTER: &str = "/etc/postgresql-common/createcluster.d/picket-setup.conf";

/// Installs `packages`; `by_hand` says what a person does where that is impossible.
pub(crate) fn install(packages: &[&str], by_hand: &str) -> Result<()> {
    let packages: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if packages.is_empty() {
        return Ok(());
    }
    if repo::find_program("apt-get", &[]).is_none() {
        return Err(anyhow!(Unavailable(format!(
            "cannot install packages: there is no apt-get (set-up knows Debian and Ubuntu)\n{by_hand}"
        ))));
    }
    let root = Privilege::obtain("install packages with apt", by_hand)?;
    if packages.iter().any(|package| !is_known(package)) {
        update(&root)?;
    }
    if let Some(unknown) = packages.iter().find(|package| !is_known(package)) {
        return Err(anyhow!(Unavailable(format!("apt knows no package `{unknown}`\n{by_hand}"))));
    }
    if with_no_cluster(&root, &packages).is_ok() {
        return Ok(());
    }
    // Package lists that are out of date name files that are gone.
    update(&root)?;
    with_no_cluster(&root, &packages)
}

pub(super) fn is_installed(package: &str) -> bool {
    let asked =
        run::output(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]));
    asked.is_ok_and(|status| status == "installed")
}

/// Whether apt could install `package` with the lists it has.
pub(super) fn is_known(package: &str) -> bool {
    let policy = run::output(Command::new("apt-cache").args(["policy", package])).unwrap_or_default();
    policy.lines().any(|line| line.trim().starts_with("Candidate:") && !line.contains("(none)"))
}

/// Whether apt knows `package`, if need be after fetching its package lists.
pub(super) fn learn_about(package: &str, by_hand: &str) -> Result<bool> {
    if repo::find_program("apt-get", &[]).is_none() {
        return Ok(false);
    }
    if !is_known(package) {
        update(&Privilege::obtain("update apt's package lists", by_hand)?)?;
    }
    Ok(is_known(package))
}

fn update(root: &Privilege) -> Result<()> {
    let step = Step::start("update apt's package lists");
    run::under(&step, root.command("apt-get").arg("update"))?;
    step.done();
    Ok(())
}

/// A server package creates a cluster and starts it unless told not to: a drop-in says so for as long as the
/// installation takes. A cluster that was there before is left as it is.
fn with_no_cluster(root: &Privilege, packages: &[&str]) -> Result<()> {
    let guarded = packages.iter().any(|package| package.starts_with("postgresql"));
    if guarded {
        run::output(root.command("mkdir").args(["-p", CLUSTER_SETTINGS]))?;
        let write = "printf 'create_main_cluster = false\\n' >\"$1\"";
        run::output(root.command("sh").args(["-c", write, "sh", NO_CLUSTER]))?;
    }
    let installed = install_now(root, packages);
    if guarded && Path::new(NO_CLUSTER).exists() {
        run::output(root.command("rm").args(["-f", NO_CLUSTER])).context("remove the drop-in file")?;
    }
    installed
}

fn install_now(root: &Privilege, packages: &[&str]) -> Result<()> {
    let step = Step::start(format!("apt-get install {}", packages.join(" ")));
    let mut command = root.command("env");
    command
        .args(["DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "--yes", "--no-install-recommends"])
        .args(["-o", "DPkg::Lock::Timeout=120"])
        .args(packages);
    run::under(&step, &mut command)?;
    step.done();
    Ok(())
}
