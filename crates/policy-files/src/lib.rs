//! The section `[policy]` of a configuration: which policies there are beside the shipped ones, and how strictly each is held;
//! and what `[[user]]` says of somebody to them.

mod candidate;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;

use daemon::config::{Refused, refused};
use policy::{Mode, NobodyNamed, Policies, PolicyError, Setup, Source};
use serde::Deserialize;
use toml::Spanned;

pub use self::candidate::{
    CandidateError, CandidateSetup, MESSAGE_BYTES_MAX, RecordedStatement, STATEMENTS_MAX,
};

/// Most files with policies.
const FILES_MAX: usize = 256;

/// Most bytes that all of them have together.
const BYTES_MAX: usize = 1 << 20;

/// Stack on which policies are read. What is not used of it costs nothing.
const STACK_BYTES: usize = 256 << 20;

/// Shipped rules about what nobody could be shown.
const NEVER_HELD: [&str; 6] =
    ["copy-masked", "lexing-settings", "no-fast-path", "no-replication", "unknown-name", "unreadable"];

/// How the files are called.
const EXTENSION: &str = "cedar";

/// The section, as it was written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PolicySection {
    /// The folder whose files `*.cedar` are own policies.
    dir: Option<Spanned<PathBuf>>,
    /// Shipped rules that are left out.
    #[serde(default)]
    without: Vec<Spanned<String>>,
    /// By the rule's name.
    #[serde(default)]
    mode: BTreeMap<Spanned<String>, ModeFile>,
    /// Groups of which somebody may approve, by the rule's name.
    #[serde(default)]
    hold: BTreeMap<Spanned<String>, Spanned<String>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeFile {
    Enforce,
    Observe,
}

/// What a user is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A person.
    Human,
    /// A program that acts for somebody.
    Agent,
}

impl Kind {
    /// The word for it in policies.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Human => "human",
            Kind::Agent => "agent",
        }
    }
}

impl PolicySection {
    /// Reads the files that it names, and makes policies of all of it.
    ///
    /// # Errors
    ///
    /// The key that cannot be used: a folder that cannot be read, a policy that is none, a rule that there is not.
    pub fn check(self) -> Result<Policies, Refused> {
        let PolicySection { dir, without, mode, hold } = self;
        let mut holds = BTreeMap::new();
        for (rule, group) in &hold {
            if NEVER_HELD.contains(&rule.get_ref().as_str()) {
                let message = format!(
                    "`policy.hold`: {} cannot wait for an approval: what it is about is not known or not SQL",
                    rule.get_ref()
                );
                return Err(refused(rule.span(), message));
            }
            let needed = group.get_ref().parse().map_err(|error: NobodyNamed| {
                refused(group.span(), format!("`policy.hold.{}` {error}", rule.get_ref()))
            })?;
            holds.insert(rule.get_ref().clone(), needed);
        }
        let own = match &dir {
            Some(dir) => {
                read(dir.get_ref()).map_err(|error| refused(dir.span(), format!("`policy.dir`: {error}")))?
            }
            None => Vec::new(),
        };
        let modes = mode.iter().map(|(rule, mode)| {
            let mode = match mode {
                ModeFile::Enforce => Mode::Enforce,
                ModeFile::Observe => Mode::Observe,
            };
            (rule.get_ref().clone(), mode)
        });
        let setup = Setup {
            own,
            without: without.iter().map(|rule| rule.get_ref().clone()).collect(),
            modes: modes.collect(),
            holds,
        };
        load(setup).map_err(|error| {
            let (span, key) = place(&error, dir.as_ref(), &without, &mode, &hold);
            refused(span, format!("`policy.{key}`: {error}"))
        })
    }
}

/// Makes policies of a setup on a thread with enough stack: Cedar reads expressions by recursion.
///
/// # Errors
///
/// [`PolicyError`] as of [`Policies::new`].
pub fn load(setup: Setup) -> Result<Policies, PolicyError> {
    let failed = |message: String| PolicyError::Cedar { message };
    let thread = thread::Builder::new().stack_size(STACK_BYTES).spawn(move || Policies::new(setup));
    let thread = thread.map_err(|error| failed(format!("no thread to read policies on: {error}")))?;
    thread.join().unwrap_or_else(|_| Err(failed("policies could not be read".to_owned())))
}

/// Where the key stands that an error is about, and what it is called.
fn place(
    error: &PolicyError,
    dir: Option<&Spanned<PathBuf>>,
    without: &[Spanned<String>],
    mode: &BTreeMap<Spanned<String>, ModeFile>,
    hold: &BTreeMap<Spanned<String>, Spanned<String>>,
) -> (Range<usize>, &'static str) {
    if let PolicyError::UnknownRule { name, .. } = error {
        if let Some(left_out) = without.iter().find(|rule| rule.get_ref() == name) {
            return (left_out.span(), "without");
        }
        let is_named = |rule: &&Spanned<String>| rule.get_ref() == name;
        if let Some(held) = hold.keys().find(is_named) {
            return (held.span(), "hold");
        }
        return (mode.keys().find(is_named).map(Spanned::span).unwrap_or_default(), "mode");
    }
    (dir.map(Spanned::span).unwrap_or_default(), "dir")
}

/// The files with policies in a folder, in the order of their names; or the one file that `path` is.
///
/// # Errors
///
/// One sentence that names the file.
pub fn read(path: &Path) -> Result<Vec<Source>, String> {
    let cannot = |path: &Path, error| format!("cannot read {}: {error}", path.display());
    let mut paths = Vec::new();
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(|error| cannot(path, error))? {
            let file = entry.map_err(|error| cannot(path, error))?.path();
            let is_hidden = file.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if !is_hidden && file.extension().is_some_and(|extension| extension == EXTENSION) {
                paths.push(file);
            }
        }
        paths.sort();
    } else {
        paths.push(path.to_owned());
    }
    if FILES_MAX < paths.len() {
        return Err(format!("{} has more than {FILES_MAX} files *.{EXTENSION}", path.display()));
    }
    let folder = path;
    let (mut sources, mut bytes) = (Vec::new(), 0);
    for path in paths {
        // A pipe would be waited for, a device has no end.
        let about = fs::metadata(&path).map_err(|error| cannot(&path, error))?;
        if !about.is_file() {
            return Err(format!("{} is no file", path.display()));
        }
        let file = File::open(&path).map_err(|error| cannot(&path, error))?;
        let mut text = String::new();
        let most = (BYTES_MAX - bytes) as u64 + 1;
        file.take(most).read_to_string(&mut text).map_err(|error| cannot(&path, error))?;
        bytes += text.len();
        if BYTES_MAX < bytes {
            return Err(format!("the files in {} have more than {BYTES_MAX} bytes", folder.display()));
        }
        sources.push(Source { name: path.display().to_string(), text });
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(section: &str) -> String {
        let section: PolicySection = toml::from_str(section).unwrap();
        format!("{:?}", section.check().unwrap_err())
    }

    #[test]
    fn files_of_a_folder_are_read_in_order_and_errors_name_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("b.cedar", "@rule(\"second\") forbid (principal, action == Picket::Action::\"do\", resource);");
        write("a.cedar", "@rule(\"first\") forbid (principal, action == Picket::Action::\"do\", resource);");
        write("notes.txt", "no policy");
        let dir = format!("dir = {:?}\n", folder.path());
        let section: PolicySection = toml::from_str(&dir).unwrap();
        let policies = section.check().unwrap();
        let own: Vec<_> = policies
            .rules()
            .iter()
            .map(|rule| &*rule.name)
            .filter(|name| ["first", "second"].contains(name))
            .collect();
        assert_eq!(own, ["first", "second"]);
        write("b.cedar", "\nforbid (principal, action, resourc);");
        let told = error(&dir);
        assert!(told.contains("`policy.dir`: ") && told.contains("b.cedar:2: "), "{told}");
        assert!(error("dir = \"/none\"").contains("`policy.dir`: cannot read /none: "));
        assert!(
            error("without = [\"no-drops\"]")
                .contains("`policy.without`: there is no rule `no-drops`; did you mean `no-drop`; the rules are `no-drop-table`")
        );
    }
}
