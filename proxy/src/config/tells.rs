//! How the database is told whose a session is: in `application_name`, which its log and `pg_stat_activity` show, and in a
//! setting of its own, which triggers and policies of rows can read.

use std::collections::BTreeSet;

use serde::Deserialize;

/// Longest `application_name`, and longest name of a setting: the server cuts longer ones off (postgres.h, `NAMEDATALEN`).
const NAME_BYTES_MAX: usize = 63;

const APPLICATION_NAME: &str = "application_name";

/// What becomes of the `application_name` that a client gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ApplicationName {
    /// It is the client's.
    #[default]
    Client,
    /// The user stands behind it.
    Append,
    /// The user stands there instead.
    Replace,
}

/// What an upstream is told of users.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tells {
    application_name: ApplicationName,
    /// A setting that has the user's name, in small letters.
    setting: Option<String>,
}

impl Tells {
    pub(super) fn check(application_name: ApplicationName, setting: Option<String>) -> Result<Self, String> {
        let setting = setting.map(|name| name.to_ascii_lowercase());
        if let Some(name) = setting.as_ref().filter(|name| !is_setting(name)) {
            return Err(format!(
                "`upstream.user-setting` must be two words with a dot between, such as \"picket.principal\", {NAME_BYTES_MAX} letters \
                 at most, got `{name}`"
            ));
        }
        Ok(Tells { application_name, setting })
    }

    /// Settings that a session keeps, so that it stays who it is.
    pub(crate) fn keeps(&self) -> BTreeSet<String> {
        let named = (self.application_name != ApplicationName::Client).then(|| APPLICATION_NAME.to_owned());
        named.into_iter().chain(self.setting.clone()).collect()
    }

    /// Takes what the client calls itself out of its start-up parameters, where the server is told something else.
    pub(crate) fn take_out(&self, parameters: &mut Vec<(Vec<u8>, Vec<u8>)>) {
        if self.application_name != ApplicationName::Client {
            parameters.retain(|(name, _)| !name.eq_ignore_ascii_case(APPLICATION_NAME.as_bytes()));
        }
    }

    /// What is told of `user`, who calls the client `application`, as start-up parameters.
    pub(crate) fn told(&self, user: &str, application: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
        let name = match self.application_name {
            ApplicationName::Client => None,
            ApplicationName::Append => Some(appended(application, user)),
            ApplicationName::Replace => Some(cut(&plain(user), NAME_BYTES_MAX).to_owned()),
        };
        let name = name.map(|name| (APPLICATION_NAME.into(), name.into_bytes()));
        let setting = self.setting.as_ref().map(|name| (name.clone().into_bytes(), user.as_bytes().to_vec()));
        name.into_iter().chain(setting).collect()
    }
}

/// Whether PostgreSQL takes the name for that of a setting of somebody's own (guc.c, `valid_custom_variable_name`).
fn is_setting(name: &str) -> bool {
    let is_word = |word: &str| {
        let is_letter = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
        word.starts_with(is_letter) && word.chars().all(|letter| is_letter(letter) || letter.is_ascii_digit())
    };
    name.len() <= NAME_BYTES_MAX && name.contains('.') && name.split('.').all(is_word)
}

/// `application (user)`: the last brackets have the user, whatever the client calls itself.
fn appended(application: &str, user: &str) -> String {
    let user = plain(user);
    let user = cut(&user, NAME_BYTES_MAX - "()".len());
    let left = NAME_BYTES_MAX - "()".len() - user.len();
    match plain(application) {
        // There is no room for a letter and the blank.
        application if application.is_empty() || left < 2 => format!("({user})"),
        application => format!("{} ({user})", cut(&application, left - 1)),
    }
}

/// As PostgreSQL has it, which takes ASCII only (pg_clean_ascii). Later ones write four letters for each other one, which would
/// push out what comes behind.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter == ' ' || letter.is_ascii_graphic() { letter } else { '?' }).collect()
}

/// The beginning of a text of ASCII.
fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..bytes_max).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_stands_last_in_brackets_however_long_the_clients_own_name_is() {
        assert_eq!(appended("psql", "carol@example.com"), "psql (carol@example.com)");
        assert_eq!(appended("", "carol"), "(carol)");
        assert_eq!(appended("x (dave)", "carol"), "x (dave) (carol)");
        assert_eq!(appended("né\n", "zoë"), "n?? (zo?)");
        let long = "a".repeat(80);
        assert_eq!(appended(&long, "carol"), format!("{} (carol)", &long[..55]));
        assert_eq!(appended("psql", &long), format!("({})", &long[..61]));
        assert_eq!(appended("psql", &long[..59]), format!("p ({})", &long[..59]));
        for (application, user) in [("", ""), ("psql", &long[..60]), (&long, &long), ("psql", &long[..58])] {
            assert!(appended(application, user).len() <= NAME_BYTES_MAX);
        }
    }

    #[test]
    fn a_setting_has_a_name_of_its_own() {
        for name in ["picket.principal", "Audit.App_User2", "a.b.c"] {
            assert!(Tells::check(ApplicationName::Client, Some(name.to_owned())).is_ok(), "{name}");
        }
        for name in
            ["user", "role", "", ".user", "picket.", "picket.2", "picket user.x", "é.x", &"a.".repeat(40)]
        {
            let error = Tells::check(ApplicationName::Client, Some(name.to_owned())).unwrap_err();
            assert!(error.contains("such as \"picket.principal\""), "{name}");
        }
        let tells = Tells::check(ApplicationName::Replace, Some("Picket.Principal".to_owned())).unwrap();
        assert_eq!(tells.keeps().into_iter().collect::<Vec<_>>(), ["application_name", "picket.principal"]);
        let told: Vec<_> = tells.told("carol", "psql");
        assert_eq!(told[1], (b"picket.principal".to_vec(), b"carol".to_vec()));
        assert_eq!(Tells::default().told("carol", "psql"), []);
    }
}
