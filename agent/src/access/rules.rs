//! Reads `pg_hba.conf`, `pg_ident.conf` and lists of names, as lines that can be compared and shown. It is pure. Options may
//! hold secrets: of them only the names are shown, and of a line that is no rule nothing
//! (<https://www.postgresql.org/docs/current/auth-pg-hba-conf.html>).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::process::shown;

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Who may log in, from where and how.
    Access,
    /// Which names of the system are which role.
    Identity,
    /// Names that an access rule takes from a file, by `@`.
    Names,
}

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// What may be told of it.
    pub(super) shown: String,
    /// Tells it from others.
    pub(super) digest: String,
}

/// What else is read where a line names it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Include {
    File {
        name: String,
        is_optional: bool,
    },
    Folder(String),
    /// Names, by `@`.
    Names(String),
}

/// Letters of a line that are shown.
const SHOWN_LETTERS_MAX: usize = 160;
const NO_RULE: &str = "a line that is no rule";

const TYPES: [&str; 6] = ["local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"];

pub(super) fn read(kind: Kind, text: &str) -> (Vec<Line>, Vec<Include>) {
    let (mut lines, mut includes) = (Vec::new(), Vec::new());
    // A backslash at the end of a line goes on with the next.
    for line in text.replace("\\\r\n", "").replace("\\\n", "").lines() {
        let fields = fields(line);
        let Some(first) = fields.first() else { continue };
        if let (Some(include), Some(name)) = (include(first), fields.get(1)) {
            includes.push(include(bare(name)));
            lines.push(Line { shown: shortened(&fields.join(" ")), digest: digest(&fields) });
            continue;
        }
        let shown = match kind {
            Kind::Access => {
                let names = fields.iter().skip(1).take(2).flat_map(|field| field.split(','));
                let files = names.filter_map(|name| name.trim_start_matches('"').strip_prefix('@'));
                includes.extend(files.map(|name| Include::Names(bare(name))));
                access(&fields)
            }
            Kind::Identity => identity(&fields),
            Kind::Names => {
                let files = fields.iter().flat_map(|field| field.split(','));
                includes.extend(files.filter_map(|name| Some(Include::Names(bare(name.strip_prefix('@')?)))));
                Some("some names".to_owned())
            }
        };
        lines.push(Line { shown: shortened(shown.as_deref().unwrap_or(NO_RULE)), digest: digest(&fields) });
    }
    (lines, includes)
}

fn include(word: &str) -> Option<fn(String) -> Include> {
    match word {
        "include" => Some(|name| Include::File { name, is_optional: false }),
        "include_if_exists" => Some(|name| Include::File { name, is_optional: true }),
        "include_dir" => Some(Include::Folder),
        _ => None,
    }
}

/// Type, database, user, address with its mask, method, and the names of options.
fn access(fields: &[String]) -> Option<String> {
    let kind = fields.first().filter(|kind| TYPES.contains(&kind.as_str()))?;
    let mut method = if kind == "local" { 3 } else { 4 };
    // An address that has a mask of its own, in a field behind it.
    let is_ip = |field: Option<&String>| field.is_some_and(|it| it.parse::<std::net::IpAddr>().is_ok());
    if kind != "local" && is_ip(fields.get(3)) && is_ip(fields.get(4)) {
        method = 5;
    }
    let rule = fields.get(..=method)?;
    // Whoever forgot the method may have written an option in its place.
    if rule.iter().any(|field| field.contains('=')) {
        return None;
    }
    let options = fields.iter().skip(method + 1);
    let names = options.map(|option| option.split_once('=').map_or("…", |(name, _)| name));
    let whole: Vec<&str> = rule.iter().map(String::as_str).chain(names).collect();
    Some(whole.join(" "))
}

/// Map, name of the system, role.
fn identity(fields: &[String]) -> Option<String> {
    Some(fields.get(..3)?.join(" "))
}

/// Fields are separated by blanks that are in no quotes; a comma goes on with the field.
fn fields(line: &str) -> Vec<String> {
    let (mut fields, mut field, mut is_quoted) = (Vec::<String>::new(), String::new(), false);
    let mut end = |field: &mut String| {
        if field.is_empty() {
            return;
        }
        let field = std::mem::take(field);
        match fields.last_mut() {
            Some(last) if last.ends_with(',') || field.starts_with(',') => last.push_str(&field),
            _ => fields.push(field),
        }
    };
    for letter in line.chars() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                field.push(letter);
            }
            '#' if !is_quoted => break,
            letter if letter.is_whitespace() && !is_quoted => end(&mut field),
            letter => field.push(letter),
        }
    }
    end(&mut field);
    fields
}

fn bare(name: &str) -> String {
    name.replace('"', "")
}

fn digest(fields: &[String]) -> String {
    let mut hash = Sha256::new();
    for field in fields {
        hash.update(field.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The same lines, of which nothing is told.
pub(super) fn hidden(lines: Vec<Line>) -> Vec<Line> {
    let shown = "a line that the server may not read";
    lines.into_iter().map(|line| Line { shown: shown.to_owned(), ..line }).collect()
}

/// As much as fits into a report.
pub(super) fn shortened(text: &str) -> String {
    let text = shown(text.as_bytes());
    if text.chars().count() <= SHOWN_LETTERS_MAX {
        return text;
    }
    text.chars().take(SHOWN_LETTERS_MAX).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_of(kind: Kind, text: &str) -> Vec<String> {
        read(kind, text).0.into_iter().map(|line| line.shown).collect()
    }

    #[test]
    fn of_access_rules_everything_is_shown_but_what_options_hold() {
        let text = "# comment\n\nlocal all postgres peer map=a # tail\nhost all , shop \"a b\" 10.0.0.0 255.0.0.0 md5\n\
            host all all 0.0.0.0/0 ldap ldapserver=x ldapbindpasswd=\"s3cret # s3cret\"\n\
            hostssl all all ::1/128 \\\n  cert clientcert=verify-full\n";
        let expected = [
            "local all postgres peer map",
            "host all,shop \"a b\" 10.0.0.0 255.0.0.0 md5",
            "host all all 0.0.0.0/0 ldap ldapserver ldapbindpasswd",
            "hostssl all all ::1/128 cert clientcert",
        ];
        assert_eq!(shown_of(Kind::Access, text), expected);
    }

    #[test]
    fn what_is_no_rule_is_not_shown() {
        let access = [
            "root:$6$salt$hash:1:2",
            "host all all ldapbindpasswd=s3cret",
            "key s3cret a b c d",
            "local s3cret",
        ];
        for line in access {
            assert_eq!(shown_of(Kind::Access, line), [NO_RULE], "{line}");
        }
        assert_eq!(shown_of(Kind::Identity, "map s3cret"), [NO_RULE]);
        assert_eq!(shown_of(Kind::Identity, "map /^(.*)@x$ \\1"), ["map /^(.*)@x$ \\1"]);
        assert_eq!(shown_of(Kind::Names, "s3cret"), ["some names"]);
        // An option without a value may be one whose name is missing.
        assert_eq!(shown_of(Kind::Access, "local all all ldap s3cret"), ["local all all ldap …"]);
        assert_eq!(
            shown_of(Kind::Access, "local all a\u{1b}[31mb trust"),
            ["local all a\u{fffd}[31mb trust"]
        );
    }

    #[test]
    fn includes_and_lists_of_names_are_followed() {
        let text = "include \"a b.conf\"\ninclude_if_exists c\ninclude_dir d\nhost @admins,\"@quoted\",x @staff all trust";
        let file = |name: &str, is_optional| Include::File { name: name.to_owned(), is_optional };
        let names = |name: &str| Include::Names(name.to_owned());
        let (lines, includes) = read(Kind::Access, text);
        assert_eq!(lines.len(), 4);
        let folder = Include::Folder("d".to_owned());
        assert_eq!(
            includes,
            [
                file("a b.conf", false),
                file("c", true),
                folder,
                names("admins"),
                names("quoted"),
                names("staff")
            ]
        );
    }

    #[test]
    fn blanks_and_comments_make_no_other_line() {
        let digest = |text: &str| read(Kind::Access, text).0[0].digest.clone();
        assert_eq!(digest("local  all\tall trust"), digest("local all all trust # x"));
        assert_ne!(digest("local all all ldap a=1"), digest("local all all ldap a=2"));
        assert_ne!(digest("local all \"all\" trust"), digest("local all all trust"));
    }
}
