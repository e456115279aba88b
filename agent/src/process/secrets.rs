//! Hides passwords among arguments, by the forms that they have there. It is pure, and knows no more than these: who keeps arguments keeps
//! what has another form.

use std::sync::LazyLock;

use regex::Regex;

/// Stands where a password was.
const HIDDEN: &str = "***";

/// What names of passwords end with.
const NAMES: &str = "(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key|credentials?)";

/// What is in quotes; their end may be cut off.
const QUOTED: &str = r#""(?:[^"\\]|\\.|"")*"?|'(?:[^'\\]|\\.|'')*'?|\$[a-z0-9_]*\$(?s:.*)"#;

/// White space and comments. Control characters are shown as U+FFFD.
const BLANK: &str = r"(?:\s|\x{FFFD}|/\*(?s:.*?)\*/|--[^\n\x{FFFD}]*[\n\x{FFFD}])";

/// `scheme://user:password@host` (RFC 3986, section 3.2.1).
static IN_URL: LazyLock<Regex> = LazyLock::new(|| made(r"(://[^\s/:@]*:)\S*@"));
/// `password=…`, `PGPASSWORD=…`, `"token": "…"`: in quotes to their end, and otherwise to the next blank.
static BEHIND_SIGN: LazyLock<Regex> =
    LazyLock::new(|| made(&format!(r#"(?i)({NAMES}["']?{BLANK}*[=:]{BLANK}*)({QUOTED}|[^\s"']\S*)"#)));
/// `PASSWORD '…'`, as SQL has it.
static BEHIND_WORD: LazyLock<Regex> =
    LazyLock::new(|| made(&format!(r#"(?i)({NAMES}{BLANK}+(?:E|U&)?)({QUOTED})"#)));
/// `--password=…` is all of its argument, and `Authorization: Bearer …` of a header.
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    made(&format!("(?is)^(--?[a-z0-9_.-]*{NAMES}=|(?:proxy-)?authorization:{BLANK}*[a-z]+{BLANK}+).*$"))
});
/// `--password`, whose value is the next argument.
static OPTION: LazyLock<Regex> = LazyLock::new(|| made(&format!("(?i)^--?[a-z0-9_.-]*{NAMES}$")));

/// Options of programs that have a password: by the beginning of the program's name, and whether it is the next argument where
/// nothing is behind the option.
const PROGRAMS: &[(&str, &str, bool)] = &[
    ("mysql", "-p", false),
    ("mariadb", "-p", false),
    ("mongo", "-p", true),
    ("cqlsh", "-p", true),
    ("redis-cli", "-a", true),
    ("valkey-cli", "-a", true),
    ("sqlcmd", "-P", true),
    ("bcp", "-P", true),
    ("curl", "-u", true),
    ("curl", "--user", true),
    ("curl", "-U", true),
    ("curl", "--proxy-user", true),
];

/// Puts [`HIDDEN`] in the place of each.
pub(super) fn hide(arguments: &mut [String]) {
    let program = arguments.first().map(|first| first.rsplit('/').next().unwrap_or(first).to_owned());
    let program = program.unwrap_or_default();
    let mut is_next = false;
    for argument in arguments {
        if std::mem::take(&mut is_next) {
            HIDDEN.clone_into(argument);
        } else if let Some((option, behind, takes_next)) = known(&program, argument) {
            let is_behind = !behind.is_empty();
            is_next = !is_behind && takes_next;
            if is_behind {
                *argument = format!("{option}{HIDDEN}");
            }
        } else if OPTION.is_match(argument) {
            is_next = !argument.starts_with("--no-");
        } else {
            *argument = without(argument);
        }
    }
}

/// The option of this program that an argument begins with, what is behind it, and whether its value is the next argument otherwise.
fn known<'a>(program: &str, argument: &'a str) -> Option<(&'static str, &'a str, bool)> {
    let those = PROGRAMS.iter().filter(|(name, ..)| program.starts_with(name));
    let mut those =
        those.filter_map(|(_, option, next)| Some((*option, argument.strip_prefix(option)?, *next)));
    those
        .find(|(option, behind, _)| !option.starts_with("--") || behind.is_empty() || behind.starts_with('='))
}

fn without(argument: &str) -> String {
    let hidden = IN_URL.replace_all(argument, format!("${{1}}{HIDDEN}@"));
    let hidden = WHOLE.replace(&hidden, format!("${{1}}{HIDDEN}"));
    let hidden = BEHIND_SIGN.replace_all(&hidden, format!("${{1}}{HIDDEN}"));
    BEHIND_WORD.replace_all(&hidden, format!("${{1}}{HIDDEN}")).into_owned()
}

/// INVARIANT: what is written here is an expression, which a test sees.
#[expect(clippy::expect_used, reason = "they are constants")]
fn made(expression: &str) -> Regex {
    Regex::new(expression).expect("an expression is written here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_hidden_by_their_forms() {
        let known = [
            ("psql|postgresql://alice:hunter2@db1/shop", "psql|postgresql://alice:***@db1/shop"),
            ("psql|postgres://alice:hun@ter2@db1", "psql|postgres://alice:***@db1"),
            ("psql|host=db1 password=hunter2 user=alice", "psql|host=db1 password=*** user=alice"),
            ("psql|password = 'hunter 2' user=alice", "psql|password = *** user=alice"),
            (r"psql|sslpassword='it\'s 2' user=alice", "psql|sslpassword=*** user=alice"),
            ("psql|postgresql://db1/shop?password=hunter2&user=a", "psql|postgresql://db1/shop?password=***"),
            ("sh|-c|PGPASSWORD=hunter2 psql -h db1", "sh|-c|PGPASSWORD=*** psql -h db1"),
            ("psql|-c|ALTER ROLE a PASSWORD 'hunter 2' LOGIN", "psql|-c|ALTER ROLE a PASSWORD *** LOGIN"),
            ("psql|-c|ALTER ROLE a PASSWORD E'hunter2", "psql|-c|ALTER ROLE a PASSWORD E***"),
            ("x|--password=hunter2|--api-key|k", "x|--password=***|--api-key|***"),
            ("x|{\"token\": \"hunter 2\", \"id\": 1}", "x|{\"token\": ***, \"id\": 1}"),
            ("x|--db-passwd|hunter2|shop", "x|--db-passwd|***|shop"),
            ("/usr/bin/mysqldump|-phunter2|-P3306|shop", "/usr/bin/mysqldump|-p***|-P3306|shop"),
            ("mysql|-p|shop", "mysql|-p|shop"),
            ("mongosh|-u|a|-p|hunter2", "mongosh|-u|a|-p|***"),
            ("redis-cli|-a|hunter2|--pass|hunter2", "redis-cli|-a|***|--pass|***"),
            ("curl|-u|elastic:hunter2|http://es:9200/", "curl|-u|***|http://es:9200/"),
            ("worker: PGPASSWORD=hunter2", "worker: PGPASSWORD=***"),
            (
                "psql|-c|ALTER ROLE a PASSWORD 'it''s hunter 2' LOGIN",
                "psql|-c|ALTER ROLE a PASSWORD *** LOGIN",
            ),
            ("psql|-c|ALTER ROLE a PASSWORD E'it\\'s '' 2'", "psql|-c|ALTER ROLE a PASSWORD E***"),
            (
                "psql|-c|create role a password\u{fffd} 'hunter2'",
                "psql|-c|create role a password\u{fffd} ***",
            ),
            ("psql|-c|ALTER ROLE a PASSWORD/* x */'hunter2'", "psql|-c|ALTER ROLE a PASSWORD/* x */***"),
            (
                "psql|-c|DO $$ BEGIN ALTER ROLE a PASSWORD $a$hunter2$a$",
                "psql|-c|DO $$ BEGIN ALTER ROLE a PASSWORD ***",
            ),
            ("x|--password=hunter 2", "x|--password=***"),
            ("curl|--user|a:hunter2|--user-agent|me", "curl|--user|***|--user-agent|me"),
            ("curl|-H|Authorization: Bearer hunter2", "curl|-H|Authorization: Bearer ***"),
        ];
        for (written, expected) in known {
            let mut arguments: Vec<String> = written.split('|').map(str::to_owned).collect();
            hide(&mut arguments);
            assert_eq!(arguments.join("|"), expected, "{written}");
        }
    }

    #[test]
    fn what_is_none_stays() {
        for written in [
            "psql|-h|db1|-p|5432|-U|alice|shop",
            "psql|--no-password|shop",
            "psql|-c|SELECT token FROM tokens WHERE id = 1",
            "psql|postgresql://alice@db1:5432/shop?sslmode=verify-full",
            "pg_dump|--file=/backup/shop.dump|shop",
            "psql",
            "",
        ] {
            let mut arguments: Vec<String> = written.split('|').map(str::to_owned).collect();
            hide(&mut arguments);
            assert_eq!(arguments.join("|"), written);
        }
        hide(&mut []);
    }
}
