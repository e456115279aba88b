//! What has changed of a server's access rules since they were last looked at, in words. It is pure.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::files::Stamp;
use super::rules::{Kind, Line, shortened};
use super::seen::{Begun, Origin, Seen, SeenFile};
use super::settings;

/// Lines that are told one by one, of each kind.
const LINES_TOLD_MAX: usize = 3;
/// Files that are told of one by one in a look.
const FILES_TOLD_MAX: usize = 16;

/// What was last seen of a server. It is kept in a file, so that a change is told that came while no agent ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) settings: BTreeMap<String, String>,
    pub(super) files: BTreeMap<String, KnownFile>,
    #[serde(default)]
    pub(super) begun: Begun,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct KnownFile {
    kind: Kind,
    lines: Vec<Line>,
    stamp: Stamp,
}

/// Something to tell, and where it was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) what: String,
    pub(super) from: Origin,
}

impl Known {
    /// What is to be remembered of `seen`: of what could not be read, what was known before.
    pub(super) fn after(self, seen: &Seen) -> Known {
        let settings = match seen.are_settings_whole {
            true => seen.settings.iter().map(|(name, it)| (name.clone(), it.value.clone())).collect(),
            false => self.settings,
        };
        let is_unsure = !seen.problems.is_empty();
        let mut files: BTreeMap<String, KnownFile> =
            self.files.into_iter().filter(|(path, _)| is_unsure && !seen.files.contains_key(path)).collect();
        files.extend(seen.files.iter().map(|(path, SeenFile { kind, lines, stamp, .. })| {
            (path.clone(), KnownFile { kind: *kind, lines: lines.clone(), stamp: *stamp })
        }));
        Known { settings, files, begun: seen.begun.clone() }
    }

    pub(super) fn changes(&self, seen: &Seen) -> Vec<Change> {
        let mut changes: Vec<Change> = self.settings_changed(seen).into_iter().collect();
        let mut untold = 0;
        let mut tell = |change: Change| match changes.len() < FILES_TOLD_MAX {
            true => changes.push(change),
            false => untold += 1,
        };
        for (path, file) in &seen.files {
            let what = match self.files.get(path) {
                Some(known) => file_changed(known, file),
                None => Some(format!("is read from now on: {}", lines_changed(&[], &file.lines))),
            };
            if let Some(what) = what {
                tell(Change { what: format!("{path} {what}"), from: file.origin.clone() });
            }
        }
        // What cannot be read may name others.
        if seen.problems.is_empty() {
            for (path, known) in self.files.iter().filter(|(path, _)| !seen.files.contains_key(*path)) {
                let what = format!("{path} is read no more: {}", lines_changed(&known.lines, &[]));
                tell(Change { what, from: Origin { path: path.clone(), ..Origin::default() } });
            }
        }
        if 0 < untold {
            changes
                .push(Change { what: format!("{untold} more files have changed"), from: Origin::default() });
        }
        changes
    }

    fn settings_changed(&self, seen: &Seen) -> Option<Change> {
        if !seen.are_settings_whole {
            return None;
        }
        let (mut told, mut from) = (Vec::new(), None);
        let names =
            self.settings.keys().chain(seen.settings.keys().filter(|it| !self.settings.contains_key(*it)));
        for name in names {
            let (before, now) = (self.settings.get(name), seen.settings.get(name));
            if before == now.map(|it| &it.value) {
                continue;
            }
            let shown = |value: Option<&String>| match value {
                Some(value) => format!("`{}`", shortened(value)),
                None => "not set".to_owned(),
            };
            let place = now.map_or_else(String::new, |it| format!(" by {}", it.from.path));
            let since = match settings::needs_start(name) && !seen.is_restarted {
                true => " once the server starts again",
                false => "",
            };
            told.push(format!(
                "{name} is {}{place}{since}, and was {}",
                shown(now.map(|it| &it.value)),
                shown(before)
            ));
            from = from.or_else(|| now.map(|it| it.from.clone()));
        }
        (!told.is_empty()).then(|| Change { what: told.join("; "), from: from.unwrap_or_default() })
    }
}

fn file_changed(known: &KnownFile, file: &SeenFile) -> Option<String> {
    // What may be shown of a line is not what it says.
    let digests = |lines: &[Line]| lines.iter().map(|line| line.digest.clone()).collect::<Vec<_>>();
    if digests(&known.lines) != digests(&file.lines) {
        return Some(format!("has changed: {}", lines_changed(&known.lines, &file.lines)));
    }
    // A server that read it meanwhile goes by what stood there until it reads again.
    (known.stamp != file.stamp).then(|| {
        "was written, and says what it said before: whether anything else stood there in between cannot be told".to_owned()
    })
}

fn lines_changed(before: &[Line], now: &[Line]) -> String {
    let (mut added, mut removed) = (without(now, before), without(before, now));
    // The same to look at: what differs is not shown.
    let mut altered = Vec::new();
    added.retain(|line| {
        let Some(place) = removed.iter().position(|other| other.shown == line.shown) else { return true };
        removed.remove(place);
        altered.push(*line);
        false
    });
    let kinds = [("added", &added), ("removed", &removed), ("changed what is not shown of", &altered)];
    let told: Vec<String> =
        kinds.iter().filter(|(_, lines)| !lines.is_empty()).map(|(what, lines)| some(what, lines)).collect();
    match told.is_empty() {
        true if now.is_empty() => "it says nothing".to_owned(),
        true => "lines have changed places".to_owned(),
        false => told.join("; "),
    }
}

/// Those of `lines` that are not among `others`, each as often as it is missing.
fn without<'a>(lines: &'a [Line], others: &[Line]) -> Vec<&'a Line> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for other in others {
        *left.entry(&other.digest).or_default() += 1;
    }
    let is_missing = |line: &&Line| match left.get_mut(line.digest.as_str()) {
        Some(count) if 0 < *count => {
            *count -= 1;
            false
        }
        _ => true,
    };
    lines.iter().filter(is_missing).collect()
}

fn some(what: &str, lines: &[&Line]) -> String {
    let told: Vec<String> =
        lines.iter().take(LINES_TOLD_MAX).map(|line| format!("`{}`", line.shown)).collect();
    let more = match lines.len().saturating_sub(LINES_TOLD_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{what} {}{more}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::time::Duration;

    use super::super::files::Root;
    use super::super::seen::Place;
    use super::*;

    /// What is told of these changes, and what is then known.
    struct Told(tempfile::TempDir, Known, Option<(u32, Duration)>);

    impl Told {
        fn of(hba: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            for name in ["postmaster.opts", "postgresql.conf", "pg_ident.conf"] {
                fs::write(folder.path().join(name), "").unwrap();
            }
            fs::write(folder.path().join("pg_hba.conf"), hba).unwrap();
            let mut told = Told(folder, Known::default(), Some((7, Duration::ZERO)));
            told.changes();
            told
        }

        fn path(&self) -> &Path {
            self.0.path()
        }

        fn changes(&mut self) -> Vec<String> {
            let root = Root::of_host().unwrap();
            let seen = Place { root, data: Some(self.path().to_owned()), environment: None, config: None }
                .look(self.2, &self.1.begun);
            let changes = self.1.changes(&seen);
            self.1 = std::mem::take(&mut self.1).after(&seen);
            let prefix = format!("{}/", self.path().display());
            changes.into_iter().map(|change| change.what.replace(&prefix, "")).collect()
        }

        fn write(&mut self, name: &str, text: &str) -> Vec<String> {
            fs::write(self.path().join(name), text).unwrap();
            self.changes()
        }
    }

    const ONE: &str = "local all all peer\nhost all all 10.0.0.0/8 ldap ldapbindpasswd=a\n";

    #[test]
    fn lines_are_told_that_came_went_changed_or_moved() {
        let mut told = Told::of(ONE);
        assert_eq!(told.changes(), [""; 0]);
        assert_eq!(
            told.write("pg_hba.conf", "local all all trust\nhost all all 10.0.0.0/8 ldap ldapbindpasswd=a\n"),
            ["pg_hba.conf has changed: added `local all all trust`; removed `local all all peer`"]
        );
        assert_eq!(
            told.write("pg_hba.conf", "local all all trust\nhost all all 10.0.0.0/8 ldap ldapbindpasswd=b\n"),
            [
                "pg_hba.conf has changed: changed what is not shown of `host all all 10.0.0.0/8 ldap ldapbindpasswd`"
            ]
        );
        assert_eq!(
            told.write("pg_hba.conf", "host all all 10.0.0.0/8 ldap ldapbindpasswd=b\nlocal all all trust\n"),
            ["pg_hba.conf has changed: lines have changed places"]
        );
        let five = "local a a trust\nlocal b a trust\nlocal c a trust\nlocal d a trust\nlocal e a trust";
        let [change] = told.write("pg_hba.conf", five).try_into().unwrap();
        assert!(change.contains("`local c a trust` and 2 more; removed "), "{change}");
    }

    #[test]
    fn a_file_that_holds_the_same_again_was_written() {
        let mut told = Told::of(ONE);
        // The kernel's clock of files ticks some hundred times a second.
        let changes =
            (0..10_000_000).map(|_| told.write("pg_hba.conf", ONE)).find(|it| !it.is_empty()).unwrap();
        assert!(
            changes[0].starts_with("pg_hba.conf was written, and says what it said before"),
            "{changes:?}"
        );
    }

    #[test]
    fn who_may_read_a_file_is_no_line_of_it() {
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let mut told = Told::of(ONE);
        std::os::unix::fs::chown(told.path(), Some(4711), Some(4711)).unwrap();
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(told.path().join("pg_hba.conf"), mode).unwrap();
        // Its `ctime` has changed, where the kernel's clock of files has ticked.
        assert!(told.changes().iter().all(|it| it.starts_with("pg_hba.conf was written")));
        let changes = told.write("pg_hba.conf", "local all all peer");
        assert_eq!(changes, ["pg_hba.conf has changed: removed `a line that the server may not read`"]);
    }

    #[test]
    fn a_setting_is_told_with_its_file_and_what_it_was() {
        let mut told = Told::of(ONE);
        assert_eq!(
            told.write("postgresql.auto.conf", "listen_addresses = '*'\nwork_mem = 1"),
            ["listen_addresses is `*` by postgresql.auto.conf once the server starts again, and was not set"]
        );
        assert_eq!(told.write("postgresql.auto.conf", "work_mem = 2\nlisten_addresses='*'"), [""; 0]);
        assert_eq!(
            told.write("postgresql.auto.conf", ""),
            ["listen_addresses is not set once the server starts again, and was `*`"]
        );
    }

    #[test]
    fn the_file_that_a_server_was_started_with_counts_until_it_starts_again() {
        const NEW: &str = "host all all 10.0.0.0/8 trust";
        let mut told = Told::of(ONE);
        fs::write(told.path().join("decoy"), "").unwrap();
        assert_eq!(
            told.write("postgresql.auto.conf", "hba_file = 'decoy'"),
            [
                "hba_file is `decoy` by postgresql.auto.conf once the server starts again, and was not set",
                "decoy is read from now on: it says nothing"
            ]
        );
        let added = format!("added `{NEW}`");
        assert!(told.write("pg_hba.conf", NEW)[0].contains(&added));
        // An agent that did not see the server start believes a file that was written since less than the default.
        told.1 = Known::default();
        told.changes();
        assert!(told.write("pg_hba.conf", "")[0].contains("removed"));
        told.2 = Some((8, Duration::MAX));
        assert_eq!(told.changes(), ["pg_hba.conf is read no more: it says nothing"]);
        assert_eq!(told.write("pg_hba.conf", NEW), [""; 0]);
        told.2 = Some((9, Duration::MAX));
        assert_eq!(told.write("postgresql.auto.conf", "")[0], "hba_file is not set, and was `decoy`");
    }

    #[test]
    fn what_cannot_be_read_is_compared_with_what_it_said_once_it_can() {
        let mut told = Told::of("include more\n");
        assert_eq!(
            told.write("more", "local all all peer"),
            ["more is read from now on: added `local all all peer`"]
        );
        fs::remove_file(told.path().join("more")).unwrap();
        fs::remove_file(told.path().join("postgresql.conf")).unwrap();
        assert_eq!(told.changes(), [""; 0]);
        fs::write(told.path().join("postgresql.conf"), "port = 7").unwrap();
        let changes = told.write("more", "local all all trust");
        assert_eq!(
            changes[0],
            "port is `7` by postgresql.conf once the server starts again, and was not set"
        );
        assert_eq!(changes[1], "more has changed: added `local all all trust`; removed `local all all peer`");
        assert_eq!(
            told.write("pg_hba.conf", ""),
            [
                "pg_hba.conf has changed: removed `include more`",
                "more is read no more: removed `local all all trust`"
            ]
        );
    }
}
