//! Which way a client wants to show who it is: the start-up parameter `picket.auth`, which is for Picket alone.

use super::{LoginError, refused};

/// The parameter's name. libpq has no parameters of its own choice but in `options`.
const NAME: &str = "picket.auth";

/// How a token is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Way {
    /// As a password in clear text: every client can do so.
    Password,
    /// By OAUTHBEARER.
    Oauth,
}

/// Takes the wish out of what is for the server; the last one counts.
pub(super) fn take(parameters: &mut Vec<(Vec<u8>, Vec<u8>)>) -> Result<Option<Way>, LoginError> {
    let mut written = None;
    parameters.retain_mut(|(name, value)| {
        if name.eq_ignore_ascii_case(NAME.as_bytes()) {
            written = Some(String::from_utf8_lossy(value).into_owned());
            return false;
        }
        if name == b"options"
            && let Some((wish, rest)) = std::str::from_utf8(value).ok().and_then(out_of_options)
        {
            written = Some(wish);
            *value = rest.into_bytes();
            return !value.is_empty();
        }
        true
    });
    match written.as_deref() {
        None => Ok(None),
        Some("oauth") => Ok(Some(Way::Oauth)),
        Some("password") => Ok(Some(Way::Password)),
        Some(other) => {
            let message = format!("invalid value for parameter \"{NAME}\": \"{other}\"");
            Err(refused("22023", message))
        }
    }
}

/// The wish in switches of a server's command line, and the other switches; `None` where there is no wish.
fn out_of_options(options: &str) -> Option<(String, String)> {
    let mut words = policy::words_of_options(options).into_iter();
    let (mut wish, mut kept) = (None, Vec::new());
    while let Some(word) = words.next() {
        let (assignment, words_used) = match (word.strip_prefix("--"), word.strip_prefix("-c")) {
            (Some(rest), _) => (rest.to_owned(), vec![word.clone()]),
            (_, Some("")) => {
                let next = words.next();
                (next.clone().unwrap_or_default(), [Some(word), next].into_iter().flatten().collect())
            }
            (_, Some(rest)) => (rest.to_owned(), vec![word.clone()]),
            _ => (String::new(), vec![word]),
        };
        match assignment.split_once('=') {
            Some((name, value)) if name.eq_ignore_ascii_case(NAME) => wish = Some(value.to_owned()),
            _ => kept.extend(words_used),
        }
    }
    Some((wish?, kept.iter().map(|word| escaped(word)).collect::<Vec<_>>().join(" ")))
}

/// A word as it must be written to be one.
fn escaped(word: &str) -> String {
    let is_special = |letter: char| letter == '\\' || letter.is_ascii_whitespace() || letter == '\u{b}';
    word.chars().flat_map(|letter| is_special(letter).then_some('\\').into_iter().chain([letter])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> (Result<Option<Way>, String>, Vec<String>) {
        let mut parameters = vec![(name.as_bytes().to_vec(), value.as_bytes().to_vec())];
        let way = take(&mut parameters).map_err(|error| error.to_string());
        (way, parameters.into_iter().map(|(_, value)| String::from_utf8(value).unwrap()).collect())
    }

    #[test]
    fn the_wish_is_taken_out_and_nothing_else_is_touched() {
        for (options, way, left) in [
            ("-c picket.auth=oauth", Some(Way::Oauth), None),
            ("-cpicket.auth=password", Some(Way::Password), None),
            ("--Picket.Auth=oauth", Some(Way::Oauth), None),
            (
                "-c work_mem=1MB --picket.auth=oauth -cgeqo=off",
                Some(Way::Oauth),
                Some("-c work_mem=1MB -cgeqo=off"),
            ),
            (
                "-c search_path=a,\\ b\\\\ -cpicket.auth=password -c picket.auth=oauth",
                Some(Way::Oauth),
                Some("-c search_path=a,\\ b\\\\"),
            ),
            ("-c  work_mem=1MB", None, Some("-c  work_mem=1MB")),
            ("-c application_name=picket.auth=oauth", None, Some("-c application_name=picket.auth=oauth")),
            ("-c", None, Some("-c")),
            ("picket.auth=oauth", None, Some("picket.auth=oauth")),
        ] {
            let (got, rest) = read("options", options);
            assert_eq!((got, rest.first().map(String::as_str)), (Ok(way), left), "{options}");
        }
        assert_eq!(read("PICKET.auth", "oauth"), (Ok(Some(Way::Oauth)), Vec::new()));
        assert_eq!(read("application_name", "-cpicket.auth=oauth").0, Ok(None));
    }

    #[test]
    fn another_wish_is_an_error_that_names_it() {
        let (error, _) = read("options", "--picket.auth=scram");
        assert_eq!(error, Err("invalid value for parameter \"picket.auth\": \"scram\"".to_owned()));
    }
}
