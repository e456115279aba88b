//! What people type at the console.

/// One command.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `SHOW HELP`
    Help,
    /// `SHOW APPROVALS`
    Approvals,
    /// `SHOW APPROVAL request`
    Approval(String),
    /// `APPROVE request ['reason']`
    Approve { request: String, reason: String },
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

fn command(words: &[Word]) -> Result<Option<Command>, String> {
    let keyword = |word: &Word| if word.is_quoted { String::new() } else { word.text.to_ascii_lowercase() };
    let keywords: Vec<String> = words.iter().take(2).map(keyword).collect();
    let keywords: Vec<&str> = keywords.iter().map(String::as_str).collect();
    let request = |at: usize| words.get(at).map(|word| word.text.clone()).ok_or("which request?".to_owned());
    // One reason, in quotes: without them nobody can tell a word too many from a reason.
    let reason = || match words.get(2..).unwrap_or_default() {
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
        ["approve", ..] => Ok(Some(Command::Approve { request: request(1)?, reason: reason()? })),
        ["deny", ..] => Ok(Some(Command::Deny { request: request(1)?, reason: reason()? })),
        _ => Err("this is Picket's console, not a database".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_psql_sends_them() {
        assert_eq!(read("show approvals;"), Ok(vec![Command::Approvals]));
        assert_eq!(read(" ; \n"), Ok(Vec::new()));
        assert_eq!(read("SHOW APPROVAL 1a2b3c4d"), Ok(vec![Command::Approval("1a2b3c4d".to_owned())]));
        let approve = |reason: &str| Command::Approve { request: "1a".to_owned(), reason: reason.to_owned() };
        assert_eq!(
            read("approve 1a; Approve '1a' 'it''s; fine'"),
            Ok(vec![approve(""), approve("it's; fine")])
        );
        let deny = Command::Deny { request: "1a".to_owned(), reason: "no".to_owned() };
        assert_eq!(read("deny 1a'no'"), Ok(vec![deny]));
        assert_eq!(read("\\? help"), Err("this is Picket's console, not a database".to_owned()));
    }

    #[test]
    fn what_is_odd_is_no_answer() {
        let odd = [
            "approve",
            "approve 1a no quotes",
            "approve 1a 'a' 'b'",
            "approve 1a 'open",
            "deny",
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
