//! `roles` of an upstream: as which role of the database a session works, by who it is.

use std::collections::BTreeSet;

use policy::Who;
use policy_files::Kind;
use serde::Deserialize;

use crate::scram_client::Salted;

/// Most rows of one upstream.
const ROLES_MAX: usize = 1_000;

/// Longest name of a role: the server cuts longer ones off (postgres.h, `NAMEDATALEN`), and would take another.
const NAME_BYTES_MAX: usize = 63;

/// Settings that decide which role a session has (guc_tables.c).
const SETTINGS: [&str; 2] = ["role", "session_authorization"];

/// How Picket logs in to a database.
#[derive(Clone, PartialEq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) salted: Salted,
}

impl Credentials {
    pub(crate) fn new(user: String, password: String) -> Self {
        Credentials { user, password, salted: Salted::default() }
    }
}

/// A row of `roles`, as it was written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct RoleFile {
    user: Option<String>,
    group: Option<String>,
    kind: Option<Kind>,
    login: Option<String>,
    password: Option<String>,
    set_role: Option<String>,
}

/// A row of `roles`: whoever all that is given is true of has this role.
#[derive(Clone, PartialEq)]
struct Row {
    user: Option<String>,
    group: Option<String>,
    kind: Option<&'static str>,
    role: Role,
}

/// As what a session works at the database.
#[derive(Clone, PartialEq)]
pub(crate) enum Role {
    /// As the upstream's own user.
    Own,
    /// As another, by its own log-in.
    LogsIn(Credentials),
    /// The upstream's own user logs in, and becomes this one before the session begins.
    IsSet(String),
}

impl Role {
    /// Settings that a session of this role keeps.
    pub(crate) fn keeps(&self) -> BTreeSet<String> {
        match self {
            Role::Own | Role::LogsIn(_) => BTreeSet::new(),
            Role::IsSet(_) => SETTINGS.map(str::to_owned).into(),
        }
    }
}

/// Which role whoever comes has: the first row that fits.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Roles {
    rows: Vec<Row>,
}

impl Roles {
    pub(super) fn check(written: Option<Vec<RoleFile>>) -> Result<Self, String> {
        let Some(written) = written else { return Ok(Roles::default()) };
        if written.is_empty() || ROLES_MAX < written.len() {
            let got = written.len();
            return Err(format!(
                "`upstream.roles` must have 1 to {ROLES_MAX} rows, got {got}; leave it out where all have one role"
            ));
        }
        let rows: Vec<Row> = written.into_iter().map(RoleFile::check).collect::<Result<_, _>>()?;
        let is_for_all = |row: &Row| row.user.is_none() && row.group.is_none() && row.kind.is_none();
        if let Some(at) = rows.iter().position(is_for_all).filter(|at| at + 1 < rows.len()) {
            return Err(format!(
                "row {} of `upstream.roles` is for everybody, so that no row after it counts; put it last",
                at + 1
            ));
        }
        Ok(Roles { rows })
    }

    /// `None` where no row is for `who`, who then does not get in.
    pub(crate) fn of(&self, who: &Who) -> Option<Role> {
        if self.rows.is_empty() {
            return Some(Role::Own);
        }
        self.rows.iter().find(|row| row.is_for(who)).map(|row| row.role.clone())
    }
}

impl Row {
    fn is_for(&self, who: &Who) -> bool {
        self.user.as_ref().is_none_or(|user| *user == who.user)
            && self.group.as_ref().is_none_or(|group| who.groups.contains(group))
            && self.kind.is_none_or(|kind| kind == who.kind)
    }
}

impl RoleFile {
    fn check(self) -> Result<Row, String> {
        let RoleFile { user, group, kind, login, password, set_role } = self;
        if [&user, &group].into_iter().flatten().any(String::is_empty) {
            return Err("`user` and `group` of `upstream.roles` must not be empty".to_owned());
        }
        let role = match (login, set_role) {
            (Some(login), None) => {
                check_name("login", &login)?;
                Role::LogsIn(Credentials::new(login, password.unwrap_or_default()))
            }
            (None, Some(_)) if password.is_some() => {
                return Err(
                    "`password` of `upstream.roles` goes with `login`: for `set-role` the upstream's own user logs in"
                        .to_owned(),
                );
            }
            (None, Some(role)) => {
                check_name("set-role", &role)?;
                // To PostgreSQL it is no role (acl.c, `check_role`).
                if role == "none" {
                    return Err("`set-role` of `upstream.roles` must be a role, got `none`".to_owned());
                }
                Role::IsSet(role)
            }
            (None, None) | (Some(_), Some(_)) => {
                return Err("a row of `upstream.roles` needs one of `login`, as which Picket logs in, and `set-role`, which \
                            the upstream's own user becomes"
                    .to_owned());
            }
        };
        Ok(Row { user, group, kind: kind.map(Kind::word), role })
    }
}

/// PostgreSQL takes names in the encoding of the database, which nobody knows yet: in ASCII each is the same.
fn check_name(key: &str, name: &str) -> Result<(), String> {
    let is_plain = name.chars().all(|letter| letter == ' ' || letter.is_ascii_graphic());
    if name.is_empty() || !is_plain || NAME_BYTES_MAX < name.len() {
        return Err(format!(
            "`{key}` of `upstream.roles` must be 1 to {NAME_BYTES_MAX} letters of ASCII, got `{name}`"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct File {
        roles: Option<Vec<RoleFile>>,
    }

    fn read(rows: &str) -> Result<Roles, String> {
        let file: File = toml::from_str(&format!("roles = [{rows}]")).map_err(|error| error.to_string())?;
        Roles::check(file.roles)
    }

    fn role(roles: &Roles, user: &str, groups: &[&str], kind: &str) -> String {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let who = Who { user: user.to_owned(), groups, kind: kind.to_owned(), ..Who::default() };
        match roles.of(&who) {
            None => "nobody".to_owned(),
            Some(Role::Own) => "own".to_owned(),
            Some(Role::LogsIn(login)) => login.user,
            Some(Role::IsSet(role)) => format!("set {role}"),
        }
    }

    #[test]
    fn the_first_row_that_fits_counts_and_without_one_nobody_gets_in() {
        let rows = r#"{ group = "dba", kind = "agent", set-role = "reader" }, { group = "dba", login = "admin", password = "x" },
            { user = "bob", set-role = "writer" }"#;
        let roles = read(&rows.replace('\n', " ")).unwrap();
        assert_eq!(role(&roles, "ann", &["dba"], "agent"), "set reader");
        assert_eq!(role(&roles, "ann", &["staff", "dba"], "human"), "admin");
        assert_eq!(role(&roles, "bob", &["dba"], ""), "admin");
        assert_eq!(role(&roles, "bob", &[], "agent"), "set writer");
        assert_eq!(role(&roles, "Bob", &["DBA"], ""), "nobody");
        assert_eq!(role(&Roles::default(), "ann", &[], ""), "own");
        let all = read(r#"{ group = "dba", set-role = "a" }, { login = "b" }"#).unwrap();
        assert_eq!(role(&all, "ann", &[], ""), "b");
    }

    #[test]
    fn errors_say_what_to_mend() {
        for (rows, message) in [
            ("", "must have 1 to 1000 rows, got 0"),
            (r#"{ group = "a" }"#, "needs one of `login`"),
            (r#"{ login = "a", set-role = "b" }"#, "needs one of `login`"),
            (r#"{ set-role = "a", password = "b" }"#, "`password` of `upstream.roles` goes with `login`"),
            (r#"{ set-role = "none" }"#, "must be a role, got `none`"),
            (r#"{ set-role = "é" }"#, "1 to 63 letters of ASCII, got `é`"),
            (r#"{ group = "", set-role = "a" }"#, "must not be empty"),
            (r#"{ set-role = "a" }, { login = "b" }"#, "row 1 of `upstream.roles` is for everybody"),
            (r#"{ role = "a" }"#, "unknown field `role`"),
        ] {
            let error = read(rows).err().unwrap_or_default();
            assert!(error.contains(message), "{rows}: {error}");
        }
    }
}
