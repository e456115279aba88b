//! What people type at the console.

use std::time::Duration;

use policy_files::{CandidateSetup, RecordedStatement};
use serde::de::DeserializeOwned;

use crate::approvals::GRANT_SECS_MAX;
use crate::explain::Asked;

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `SHOW HELP`
    Help,
    /// `SHOW APPROVALS`
    Approvals,
    /// `SHOW APPROVAL request`
    Approval(String),
    /// `APPROVE request [FOR time] ['reason']`
    Approve { request: String, time: Option<Duration>, reason: String },
    /// `SHOW GRANTS`
    Grants,
    /// `SHOW SESSIONS`
    Sessions,
    /// `KILL session ['reason']`
    Kill { session: String, reason: String },
    /// `CLASSIFY database column AS class 'reason'`
    Classify { database: String, column: String, class: String, reason: String },
    /// `RESCAN database`
    Rescan(String),
    /// `EXPLAIN database 'statements' [AS user] [GROUP name]…`
    Explain(Asked),
    /// `BACKTEST WITH 'policies'`
    Try(CandidateSetup),
    /// `BACKTEST ON database 'statements'`
    Backtest { database: String, statements: Vec<RecordedStatement> },
    /// `SHOW LOGINS`
    Logins,
    /// `REVOKE grant ['reason']`
    Revoke { grant: String, reason: String },
    /// `DENY request ['reason']`
    Deny { request: String, reason: String },
}

/// The commands of a text, which are separated by semicolons.
///
/// # Errors
///
/// What is wrong with it, in words.
pub(super) fn read(text: &str) -> Result<Vec<Command>, String> {
    let mut commands = Vec::new();
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            ';' => {
                commands.extend(command(&std::mem::take(&mut words))?);
                rest = &rest[1..];
            }
            '\'' => {
                let (word, behind) = quoted(&rest[1..]).ok_or("a quoted string does not end")?;
                words.push(Word { text: word, is_quoted: true });
                rest = behind;
            }
            _ => {
                let end = rest.find(|letter: char| letter.is_whitespace() || ";'".contains(letter));
                let (word, behind) = rest.split_at(end.unwrap_or(rest.len()));
                words.push(Word { text: word.to_owned(), is_quoted: false });
                rest = behind;
            }
        }
        rest = rest.trim_start();
    }
    commands.extend(command(&words)?);
    Ok(commands)
}

struct Word {
    text: String,
    is_quoted: bool,
}

/// The string up to the quote that ends it, and what is behind; a doubled quote does not.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut word = String::new();
    let mut rest = text;
    loop {
        let (before, behind) = rest.split_once('\'')?;
        word.push_str(before);
        match behind.strip_prefix('\'') {
            Some(behind) => {
                word.push('\'');
                rest = behind;
            }
            None => return Some((word, behind)),
        }
    }
}

/// How long a grant counts: a number with `s`, `m` or `h`.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let most = GRANT_SECS_MAX / 3_600;
    let odd = || format!("FOR takes a number with s, m or h, such as 30m or 1h, and {most}h at most");
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        _ => return Err(odd()),
    };
    let number: u64 = text[..text.len() - 1].parse().map_err(|_| odd())?;
    match number.checked_mul(unit) {
        Some(secs @ 1..=GRANT_SECS_MAX) => Ok(Duration::from_secs(secs)),
        _ => Err(odd()),
    }
}

fn command(words: &[Word]) -> Result<Option<Command>, String> {
    let keyword = |word: &Word| if word.is_quoted { String::new() } else { word.text.to_ascii_lowercase() };
    let keywords: Vec<String> = words.iter().take(2).map(keyword).collect();
    let keywords: Vec<&str> = keywords.iter().map(String::as_str).collect();
    let request = |at: usize| words.get(at).map(|word| word.text.clone()).ok_or("which request?".to_owned());
    // One reason, in quotes: without them nobody can tell a word too many from a reason.
    let reason = |at: usize| match words.get(at..).unwrap_or_default() {
        [] => Ok(String::new()),
        [reason] if reason.is_quoted => Ok(reason.text.clone()),
        _ => Err("a reason stands in single quotes, behind the request".to_owned()),
    };
    let nothing_behind = |at: usize| match words.get(at) {
        None => Ok(()),
        Some(word) => Err(format!("nothing is expected at \"{}\"", word.text)),
    };
    match keywords.as_slice() {
        [] => Ok(None),
        ["help", ..] => Ok(Some(Command::Help)),
        ["show", "help"] => Ok(Some(Command::Help)),
        ["show", "approvals"] => nothing_behind(2).map(|()| Some(Command::Approvals)),
        ["show", "approval"] => {
            nothing_behind(3)?;
            Ok(Some(Command::Approval(request(2)?)))
        }
        ["show", "grants"] => nothing_behind(2).map(|()| Some(Command::Grants)),
        ["show", "sessions"] => nothing_behind(2).map(|()| Some(Command::Sessions)),
        ["show", "logins"] => nothing_behind(2).map(|()| Some(Command::Logins)),
        ["approve", ..] => {
            let is_for_a_while = words.get(2).is_some_and(|word| keyword(word) == "for");
            let time =
                if is_for_a_while { Some(time(words.get(3).map_or("", |word| &word.text))?) } else { None };
            let reason = reason(if is_for_a_while { 4 } else { 2 })?;
            Ok(Some(Command::Approve { request: request(1)?, time, reason }))
        }
        ["kill", ..] => {
            let session = request(1).map_err(|_| "which session?".to_owned())?;
            Ok(Some(Command::Kill { session, reason: reason(2)? }))
        }
        ["classify", ..] => {
            let at = |at: usize| words.get(at).map(|word| word.text.clone());
            let says = words.get(3).is_some_and(|word| keyword(word) == "as");
            let (Some(database), Some(column), true, Some(class)) = (at(1), at(2), says, at(4)) else {
                return Err("it is CLASSIFY database column AS class 'reason'".to_owned());
            };
            Ok(Some(Command::Classify { database, column, class, reason: reason(5)? }))
        }
        ["rescan", ..] => {
            nothing_behind(2)?;
            Ok(Some(Command::Rescan(request(1).map_err(|_| "which database?".to_owned())?)))
        }
        ["explain", ..] => explained(words).map(|asked| Some(Command::Explain(asked))),
        ["backtest", "with"] => match words {
            [_, _, policies] if policies.is_quoted => Ok(Some(Command::Try(json(&policies.text)?))),
            _ => Err("it is BACKTEST WITH 'policies'".to_owned()),
        },
        ["backtest", "on"] => match words {
            [_, _, database, statements] if statements.is_quoted => {
                let (database, statements) = (database.text.clone(), json(&statements.text)?);
                Ok(Some(Command::Backtest { database, statements }))
            }
            _ => Err("it is BACKTEST ON database 'statements'".to_owned()),
        },
        ["backtest", ..] => {
            Err("it is BACKTEST WITH 'policies', and then BACKTEST ON database 'statements'".to_owned())
        }
        ["deny", ..] => Ok(Some(Command::Deny { request: request(1)?, reason: reason(2)? })),
        ["revoke", ..] => Ok(Some(Command::Revoke { grant: request(1)?, reason: reason(2)? })),
        _ => Err("this is Picket's console, not a database".to_owned()),
    }
}

/// What `picket` says in JSON.
fn json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("the text behind BACKTEST is not as this version takes it: {error}"))
}

/// Which statements are asked about, and by whom they would be sent.
fn explained(words: &[Word]) -> Result<Asked, String> {
    let [_, database, text, who @ ..] = words else {
        return Err("it is EXPLAIN database 'statements' [AS user]".to_owned());
    };
    if !text.is_quoted {
        return Err("statements stand in single quotes, behind the database".to_owned());
    }
    let (database, text) = (database.text.clone(), text.text.clone());
    let mut asked = Asked { database, text, ..Asked::default() };
    for said in who.chunks(2) {
        let [name, value] = said else { return Err("a value is missing at the end".to_owned()) };
        let value = value.text.clone();
        let name = if name.is_quoted { "" } else { name.text.as_str() };
        match name.to_ascii_lowercase().as_str() {
            "as" => asked.user = Some(value),
            "group" => {
                asked.groups.insert(value);
            }
            "kind" => asked.kind = Some(value),
            "actor" => asked.actor = value,
            "authentication" => asked.authentication = value,
            "application" => asked.application = value,
            "source" => {
                let source = value.parse().map_err(|_| format!("\"{value}\" is no address"))?;
                asked.source = Some(source);
            }
            _ => {
                let known = "AS, GROUP, KIND, ACTOR, AUTHENTICATION, APPLICATION or SOURCE";
                return Err(format!("{known} is expected behind the statements"));
            }
        }
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_psql_sends_them() {
        assert_eq!(read("show approvals;"), Ok(vec![Command::Approvals]));
        assert_eq!(read(" ; \n"), Ok(Vec::new()));
        assert_eq!(read("SHOW APPROVAL 1a2b3c4d"), Ok(vec![Command::Approval("1a2b3c4d".to_owned())]));
        let approved = |secs: Option<u64>, reason: &str| Command::Approve {
            request: "1a".to_owned(),
            time: secs.map(Duration::from_secs),
            reason: reason.to_owned(),
        };
        let approve = |reason: &str| approved(None, reason);
        assert_eq!(read("approve 1a for 30m 'job'"), Ok(vec![approved(Some(1_800), "job")]));
        assert_eq!(read("approve 1a FOR '24h'"), Ok(vec![approved(Some(86_400), "")]));
        assert_eq!(
            read("approve 1a; Approve '1a' 'it''s; fine'"),
            Ok(vec![approve(""), approve("it's; fine")])
        );
        let classify = Command::Classify {
            database: "shop".to_owned(),
            column: "public.\"Items\".sku".to_owned(),
            class: "none".to_owned(),
            reason: "parts".to_owned(),
        };
        assert_eq!(
            read("classify shop public.\"Items\".sku as none 'parts'; rescan 'shop'"),
            Ok(vec![classify, Command::Rescan("shop".to_owned())])
        );
        let explain = Command::Explain(Asked {
            database: "shop".to_owned(),
            text: "select 'x';".to_owned(),
            user: Some("alice".to_owned()),
            groups: ["a".to_owned(), "b".to_owned()].into(),
            source: Some([10, 0, 0, 1].into()),
            ..Asked::default()
        });
        assert_eq!(
            read("explain shop 'select ''x'';' as alice group a GROUP b source 10.0.0.1"),
            Ok(vec![explain])
        );
        let candidate = Command::Try(CandidateSetup::default());
        assert_eq!(
            read("backtest with '{\"own\":[],\"without\":[],\"observes\":{},\"holds\":{}}'"),
            Ok(vec![candidate])
        );
        let backtest = Command::Backtest { database: "shop".to_owned(), statements: Vec::new() };
        assert_eq!(read("Backtest ON shop '[]'"), Ok(vec![backtest]));
        let deny = Command::Deny { request: "1a".to_owned(), reason: "no".to_owned() };
        assert_eq!(read("deny 1a'no'"), Ok(vec![deny]));
        assert_eq!(read("\\? help"), Err("this is Picket's console, not a database".to_owned()));
    }

    #[test]
    fn what_is_odd_is_no_answer() {
        let odd = [
            "approve",
            "approve 1a no quotes",
            "approve 1a for",
            "approve 1a for ever",
            "approve 1a for 25h",
            "approve 1a for 0s",
            "approve 1a for -1h",
            "approve 1a for 1é",
            "approve 1a for 99999999999999999999h",
            "approve 1a for 1h for 2h",
            "show grants now",
            "show sessions now",
            "revoke",
            "approve 1a 'a' 'b'",
            "approve 1a 'open",
            "deny",
            "kill",
            "kill 1a because",
            "classify",
            "classify shop public.items.sku none 'parts'",
            "classify shop public.items.sku as",
            "classify shop public.items.sku 'as' none 'parts'",
            "classify shop public.items.sku as none parts",
            "classify shop public.items.sku as none 'a' 'b'",
            "rescan",
            "rescan shop now",
            "explain",
            "explain shop",
            "explain shop select",
            "explain shop 'select 1' as",
            "explain shop 'select 1' by alice",
            "explain shop 'select 1' 'as' alice",
            "explain shop 'select 1' source here",
            "backtest",
            "backtest shop '[]'",
            "backtest with",
            "backtest with {}",
            "backtest with '{}'",
            "backtest with '{\"own\":[],\"without\":[],\"observes\":{},\"holds\":{},\"more\":1}'",
            "backtest on shop",
            "backtest on shop []",
            "backtest on shop '[{}]'",
            "backtest on shop '[]' now",
            "show approvals now",
            "show approval",
            "select 1",
            "'approve' 1a",
        ];
        for text in odd {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read("approve 1a; select 1").is_err(), "nothing is done where one is odd");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text: String) {
            let _ = read(&text);
        }
    }
}
