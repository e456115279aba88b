//! Reads all that says who may log in to one server, with the files that it includes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use audit::record::UnixMicros;
use serde::{Deserialize, Serialize};

use super::files::{Rights, Root, Stamp, Text, Unread};
use super::rules::{self, Include, Kind, Line};
use super::settings::{self, Statement, WATCHED};
use crate::moment::Clock;
use crate::process::shown;

/// Files that one server may have.
const FILES_MAX: usize = 256;
/// Of all of them together.
const BYTES_MAX: usize = 4 << 20;
/// As PostgreSQL's own bound.
const DEPTH_MAX: u32 = 10;

/// Where a server says what it goes by.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) root: Root,
    /// `None` where only a file was named.
    pub(super) data: Option<PathBuf>,
    /// What its environment calls `PGDATA`, which counts where it was started without `-D`.
    pub(super) environment: Option<PathBuf>,
    /// Where nothing else is said, `postgresql.conf` in the data directory.
    pub(super) config: Option<PathBuf>,
}

/// Files of rules that a server goes by for as long as it runs, whatever is written meanwhile: which these are it reads at its start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Begun {
    /// Its process, and when that started, since the kernel did.
    pub(super) run: Option<(u32, Duration)>,
    files: Vec<(Kind, String)>,
}

/// What one server goes by, as far as it could be read.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) settings: BTreeMap<String, Setting>,
    /// By path.
    pub(super) files: BTreeMap<String, SeenFile>,
    /// What cannot be read, by path.
    pub(super) problems: BTreeMap<String, String>,
    /// Whether each file of settings was read: else a setting may stand in the one that was not.
    pub(super) are_settings_whole: bool,
    pub(super) begun: Begun,
    /// The server has started again since it was looked at last.
    pub(super) is_restarted: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: String,
    pub(super) from: Origin,
}

/// Who wrote it, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) path: String,
    /// Who owns the file, and when it says that it was written; `None` where there is none.
    pub(super) written: Option<(u32, UnixMicros)>,
}

#[derive(Debug)]
pub(super) struct SeenFile {
    pub(super) kind: Kind,
    pub(super) lines: Vec<Line>,
    pub(super) stamp: Stamp,
    pub(super) origin: Origin,
}

/// Reads within the bounds.
struct Reader<'a> {
    root: &'a Root,
    /// The rights of the server's folder.
    server: Option<Rights>,
    seen: Seen,
    read: BTreeSet<PathBuf>,
    bytes: usize,
}

impl Place {
    /// `run` is the process of the server that runs, and `before` what was known to go by.
    pub(super) fn look(&self, run: Option<(u32, Duration)>, before: &Begun) -> Seen {
        let mut reader =
            Reader { root: &self.root, server: None, seen: Seen::default(), read: BTreeSet::new(), bytes: 0 };
        reader.seen.are_settings_whole = true;
        // What it was started with counts more than any file.
        let options = self.data.as_ref().map(|data| data.join("postmaster.opts"));
        let given =
            options.as_ref().and_then(|path| reader.settings_of(path)).map_or_else(Vec::new, |text| {
                let origin = origin(options.as_deref().unwrap_or(Path::new("")), &text);
                settings::options(&text.text)
                    .into_iter()
                    .map(|(name, value)| (name, value, origin.clone()))
                    .collect()
            });
        let data = self.data.clone();
        let option = |wanted| {
            given.iter().rev().find(|(name, ..)| name == wanted).map(|(_, value, _)| PathBuf::from(value))
        };
        let named = option(settings::CONFIG_FOLDER).or_else(|| self.environment.clone());
        let config = self.config.clone().or_else(|| {
            let data = data.as_ref()?;
            // One that is not absolute began where the server was started, which it has left for its data.
            let is_another =
                |named: &PathBuf| named.is_absolute() && self.root.inode(named) != self.root.inode(data);
            let folder = named.filter(is_another).unwrap_or_else(|| data.clone());
            Some(option("config_file").map_or_else(|| folder.join("postgresql.conf"), |file| data.join(file)))
        });
        let Some(config) = config else { return reader.seen };
        let folder = config.parent().map_or_else(PathBuf::new, Path::to_owned);
        reader.settings(&config, false, 0);
        let named = option("data_directory")
            .or_else(|| reader.value("data_directory").map(PathBuf::from))
            .map(|data| folder.join(data));
        if let (Some(data), Some(named)) = (&data, &named)
            && self.root.inode(data) != self.root.inode(named)
        {
            let problem = "it names another folder for the data than the server works in: it is not the one that the server goes by. Name that one in \
                 `access-rules.config-files`";
            reader.seen.problems.insert(name(&config), problem.to_owned());
        }
        let data = data.or(named);
        if let Some(data) = &data {
            // PostgreSQL makes it.
            reader.settings(&data.join("postgresql.auto.conf"), true, 0);
        }
        for (name, value, from) in given {
            reader.seen.settings.insert(name, Setting { value, from });
        }
        reader.server = self.root.rights(self.data.as_ref().unwrap_or(&folder)).ok();
        let mut begun = Begun { run, files: Vec::new() };
        for (setting, name, kind) in
            [("hba_file", "pg_hba.conf", Kind::Access), ("ident_file", "pg_ident.conf", Kind::Identity)]
        {
            let base = data.as_ref().unwrap_or(&folder);
            let default = folder.join(name);
            let path = reader.value(setting).map_or_else(|| default.clone(), |path| base.join(path));
            reader.rules(&path, kind, false, 0);
            begun.note(kind, &path);
            // It may have been written since the server started, which goes by another then: nearly always by this one.
            let is_young = reader.seen.settings.get(setting).is_some_and(|it| it.from.is_younger_than(run));
            if is_young && before.run != run && path != default {
                reader.rules(&default, kind, true, 0);
                begun.note(kind, &default);
            }
        }
        reader.seen.is_restarted = before.run != run;
        if run.is_some() && before.run == run {
            begun.clone_from(before);
            for (kind, path) in &begun.files {
                reader.rules(Path::new(path), *kind, false, 0);
            }
        }
        reader.seen.begun = begun;
        reader.seen.settings.retain(|name, _| WATCHED.contains(&name.as_str()));
        reader.seen
    }
}

impl Begun {
    fn note(&mut self, kind: Kind, path: &Path) {
        self.files.extend(path.to_str().map(|path| (kind, path.to_owned())));
    }
}

impl Origin {
    /// Whether it was written after that process started.
    fn is_younger_than(&self, run: Option<(u32, Duration)>) -> bool {
        let started = run.map(|(_, started)| Clock.at(u64::try_from(started.as_nanos()).unwrap_or(u64::MAX)));
        started.zip(self.written).is_some_and(|(started, (_, written))| started < written)
    }
}

impl Reader<'_> {
    fn value(&self, name: &str) -> Option<String> {
        self.seen.settings.get(name).map(|setting| setting.value.clone()).filter(|value| !value.is_empty())
    }

    fn read(&mut self, path: &Path, is_optional: bool) -> Option<Text> {
        let problem = if FILES_MAX <= self.read.len() {
            format!("it is not read: the server has more than {FILES_MAX} files")
        } else {
            self.read.insert(path.to_owned());
            match self.root.read(path) {
                Ok(text) if self.bytes + text.text.len() <= BYTES_MAX => {
                    self.bytes += text.text.len();
                    return Some(text);
                }
                Ok(_) => format!("it is not read: the server's files have more than {BYTES_MAX} bytes"),
                Err(Unread::Missing) if is_optional => return None,
                Err(error) => error.to_string(),
            }
        };
        self.seen.problems.insert(name(path), problem);
        None
    }

    fn settings_of(&mut self, path: &Path) -> Option<Text> {
        let text = self.read(path, false);
        self.seen.are_settings_whole &= text.is_some();
        text
    }

    /// The last one counts.
    fn settings(&mut self, path: &Path, is_optional: bool, depth: u32) {
        let before = self.seen.problems.len();
        let text = if depth <= DEPTH_MAX { self.read(path, is_optional) } else { self.too_deep(path) };
        self.seen.are_settings_whole &= self.seen.problems.len() == before;
        let Some(text) = text else { return };
        let (origin, folder) = (origin(path, &text), path.parent().unwrap_or(Path::new("/")));
        for statement in settings::read(&text.text) {
            match statement {
                Statement::Setting { name, value } => {
                    // Others are of no interest, but for where the data is.
                    if WATCHED.contains(&name.as_str()) || name == "data_directory" {
                        self.seen.settings.insert(name, Setting { value, from: origin.clone() });
                    }
                }
                Statement::File { name, is_optional } => {
                    self.settings(&folder.join(name), is_optional, depth + 1)
                }
                Statement::Folder(name) => {
                    let before = self.seen.problems.len();
                    for path in self.list(&folder.join(name)) {
                        self.settings(&path, false, depth + 1);
                    }
                    self.seen.are_settings_whole &= self.seen.problems.len() == before;
                }
            }
        }
    }

    fn rules(&mut self, path: &Path, kind: Kind, is_optional: bool, depth: u32) {
        // One that is named twice says the same twice.
        if self.seen.files.contains_key(&name(path)) {
            return;
        }
        let text = if depth <= DEPTH_MAX { self.read(path, is_optional) } else { self.too_deep(path) };
        let Some(text) = text else { return };
        let (mut lines, includes) = rules::read(kind, &text.text);
        // Whoever is the server's user may have made it a link to a file that only root may read.
        if !self.server.is_some_and(|server| text.rights.is_open_to(server)) {
            lines = rules::hidden(lines);
        }
        let file = SeenFile { kind, lines, stamp: text.stamp, origin: origin(path, &text) };
        self.seen.files.insert(name(path), file);
        let folder = path.parent().unwrap_or(Path::new("/"));
        for include in includes {
            match include {
                Include::File { name, is_optional } => {
                    self.rules(&folder.join(name), kind, is_optional, depth + 1)
                }
                Include::Names(name) => self.rules(&folder.join(name), Kind::Names, false, depth + 1),
                Include::Folder(name) => {
                    for path in self.list(&folder.join(name)) {
                        self.rules(&path, kind, false, depth + 1);
                    }
                }
            }
        }
    }

    fn list(&mut self, folder: &Path) -> Vec<PathBuf> {
        self.root.list(folder).unwrap_or_else(|error| {
            self.seen.problems.insert(name(folder), error.to_string());
            Vec::new()
        })
    }

    fn too_deep(&mut self, path: &Path) -> Option<Text> {
        let problem = format!("it is not read: files include each other more than {DEPTH_MAX} deep");
        self.seen.problems.insert(name(path), problem);
        None
    }
}

fn origin(path: &Path, text: &Text) -> Origin {
    Origin { path: name(path), written: Some((text.rights.owner, text.modified_at)) }
}

/// As it can be shown.
pub(super) fn name(path: &Path) -> String {
    shown(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Server(tempfile::TempDir);

    impl Server {
        fn with(files: &[(&str, &str)]) -> Self {
            let server = Server(tempfile::tempdir().unwrap());
            fs::create_dir(server.path("d")).unwrap();
            for (name, text) in files {
                fs::write(server.path(name), text).unwrap();
            }
            server
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn look(&self) -> Seen {
            let root = Root::of_host().unwrap();
            Place { root, data: Some(self.0.path().to_owned()), environment: None, config: None }
                .look(None, &Begun::default())
        }

        fn is(&self, seen: &Seen, name: &str, value: &str, from: &str) {
            let setting = &seen.settings[name];
            assert_eq!(
                (setting.value.as_str(), setting.from.path.as_str()),
                (value, self.path(from).to_str().unwrap())
            );
        }
    }

    #[test]
    fn the_last_setting_counts_and_what_the_server_was_started_with_more() {
        let server = Server::with(&[
            ("postmaster.opts", "postgres \"-c\" \"port=7\"\n"),
            (
                "postgresql.conf",
                "port = 1\nssl = off\nlisten_addresses = 'a'\ninclude 'more'\ninclude_dir 'd'\nwork_mem = 1",
            ),
            ("more", "listen_addresses = 'b'\nhba_file = 'd/hba'\ninclude_if_exists 'none'"),
            ("d/1.conf", "listen_addresses = 'c'"),
            ("postgresql.auto.conf", "ssl = 'on'"),
            ("d/hba", "local all all trust\nhost @people all 10.0.0.0/8 md5"),
            ("d/people", "ada\nbob"),
            ("pg_ident.conf", ""),
        ]);
        let seen = server.look();
        server.is(&seen, "port", "7", "postmaster.opts");
        server.is(&seen, "ssl", "on", "postgresql.auto.conf");
        server.is(&seen, "listen_addresses", "c", "d/1.conf");
        assert_eq!(seen.settings.len(), 4, "{seen:?}");
        let files: Vec<_> = seen.files.values().map(|file| (file.kind, file.lines.len())).collect();
        assert_eq!(files, [(Kind::Access, 2), (Kind::Names, 2), (Kind::Identity, 0)]);
        assert!(seen.problems.is_empty() && seen.are_settings_whole, "{seen:?}");
    }

    #[test]
    fn nothing_is_shown_of_a_file_that_the_server_may_not_read() {
        // Root reads it all the same.
        if !rustix::process::geteuid().is_root() {
            return;
        }
        let server = Server::with(&[
            ("postmaster.opts", ""),
            ("postgresql.conf", ""),
            ("pg_hba.conf", "local all all trust"),
            ("pg_ident.conf", "password = s3cret"),
        ]);
        let (uid, gid) = (Some(4711), Some(4711));
        std::os::unix::fs::chown(server.0.path(), uid, gid).unwrap();
        std::os::unix::fs::chown(server.path("pg_hba.conf"), None, gid).unwrap();
        let mode = |name: &str, mode| {
            fs::set_permissions(server.path(name), fs::Permissions::from_mode(mode)).unwrap()
        };
        let shown = || server.look().files.values().map(|it| it.lines[0].shown.clone()).collect::<Vec<_>>();
        mode("pg_hba.conf", 0o640);
        mode("pg_ident.conf", 0o600);
        assert_eq!(shown(), ["local all all trust", "a line that the server may not read"]);
        mode("pg_hba.conf", 0o600);
        mode("pg_ident.conf", 0o604);
        assert_eq!(shown(), ["a line that the server may not read", "password = s3cret"]);
        std::os::unix::fs::chown(server.path("pg_hba.conf"), uid, None).unwrap();
        assert_eq!(shown()[0], "local all all trust");
    }

    #[test]
    fn what_is_missing_endless_or_too_much_is_a_problem_and_no_trouble() {
        let server = Server::with(&[
            ("postmaster.opts", ""),
            ("postgresql.conf", "include 'postgresql.conf'"),
            ("pg_hba.conf", "include pg_hba.conf\ninclude none\ninclude_dir nowhere\ninclude_dir d"),
        ]);
        for number in 0..FILES_MAX {
            fs::write(server.path(&format!("d/{number}.conf")), "local all all trust").unwrap();
        }
        let seen = server.look();
        let problem = |name: &str| seen.problems[server.path(name).to_str().unwrap()].clone();
        assert!(problem("postgresql.conf").contains("more than 10 deep"));
        assert!(!seen.are_settings_whole);
        assert_eq!([problem("none"), problem("nowhere")], ["it is not there", "it is not there"]);
        assert!(problem("pg_ident.conf").contains("more than 256 files"), "{:?}", seen.problems);
        assert!(seen.files.len() < FILES_MAX);
    }

    #[test]
    fn a_server_may_have_its_configuration_elsewhere_than_its_data() {
        let server = Server::with(&[
            ("d/postgresql.conf", ""),
            ("d/pg_hba.conf", "local all all peer"),
            ("d/pg_ident.conf", ""),
            // As they were made with the data.
            ("postgresql.conf", "port = 1"),
            ("pg_hba.conf", "local all all trust"),
            ("pg_ident.conf", ""),
        ]);
        let data = server.0.path().to_owned();
        let there = format!("data_directory = '{}'\nport = 2", data.display());
        fs::write(server.path("d/postgresql.conf"), &there).unwrap();
        let look = |options: &str, environment: &str| {
            fs::write(server.path("postmaster.opts"), format!("postgres{options}\n")).unwrap();
            let environment = Some(server.path(environment));
            let root = Root::of_host().unwrap();
            Place { root, data: Some(data.clone()), environment, config: None }.look(None, &Begun::default())
        };
        let (by_option, here) = (
            format!(" \"-D\" \"{}\"", server.path("d").display()),
            format!(" \"-D\" \"{}\"", data.display()),
        );
        for (seen, folder, port) in [
            (look(&by_option, "none"), "d/", "2"),
            (look("", "d"), "d/", "2"),
            (look(&here, "d"), "", "1"),
            (look("", ""), "", "1"),
            (look(" \"-D\" \"data\"", "none"), "", "1"),
        ] {
            assert_eq!(seen.settings["port"].value, port);
            assert!(
                seen.files.contains_key(server.path(&format!("{folder}pg_hba.conf")).to_str().unwrap()),
                "{seen:?}"
            );
            assert!(seen.problems.is_empty(), "{seen:?}");
        }
        fs::write(server.path("d/postgresql.conf"), "data_directory = '/nowhere'").unwrap();
        let seen = look(&by_option, "none");
        assert!(
            seen.problems[server.path("d/postgresql.conf").to_str().unwrap()].contains("another folder"),
            "{seen:?}"
        );
    }

    #[test]
    fn a_server_is_known_by_its_configuration_alone() {
        let server = Server::with(&[
            ("d/postgresql.conf", "hba_file = '/nowhere'\ndata_directory = '..'"),
            ("postgresql.auto.conf", "port = 9"),
            ("d/pg_ident.conf", "a b c"),
        ]);
        let place = Place {
            root: Root::of_host().unwrap(),
            data: None,
            environment: None,
            config: Some(server.path("d/postgresql.conf")),
        };
        let seen = place.look(None, &Begun::default());
        assert_eq!(seen.settings["port"].value, "9");
        assert!(seen.problems.contains_key("/nowhere") && seen.files.len() == 1, "{seen:?}");
    }
}
