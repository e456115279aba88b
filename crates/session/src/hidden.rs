//! Errors and notices of a statement that can show values of sensitive columns, without those values, and notifications.

use mask::{Methods, mask_text};
use wire::backend::{error_field, error_fields, tag};
use wire::compose;

use crate::tcn;

/// What stands for a text that a function made.
const HIDDEN: &[u8] = b"(hidden by Picket: it can show values of sensitive columns)";

/// Classes of SQLSTATEs whose messages name objects only (errcodes.txt): constraints, transactions, resources, intervention.
const NAMES_ONLY: [&[u8]; 6] = [b"23", b"25", b"40", b"53", b"55", b"57"];

/// The class of what a constraint does not allow.
const VIOLATION: &[u8] = b"23";

/// How files are called that take no values in (src/backend/parser).
const PARSER: [&[u8]; 4] = [b"analyze.c", b"gram.y", b"parse_", b"scan.l"];

/// Appends the ErrorResponse or NoticeResponse with this body. What tells of values goes: details, contexts, and what a message quotes.
/// What the parser says of a place in the client's own text was said about that. `chooses`: which constraint fails, a value says.
pub(crate) fn hide(tag: u8, body: &[u8], chooses: bool, out: &mut Vec<u8>) {
    let sqlstate = error_field(body, b'C');
    let is_raised = matches!(error_field(body, b'R'), b"exec_stmt_raise" | b"exec_stmt_assert");
    // While the server reads the text it takes constants in, and may run checks of domains for them: what fails there has the place of the
    // constant, and not always a context.
    let is_of_parser = PARSER.iter().any(|file| error_field(body, b'F').starts_with(file));
    let is_about_text =
        is_of_parser && !error_field(body, b'P').is_empty() && error_field(body, b'W').is_empty();
    let is_chosen = chooses && !is_about_text && sqlstate.starts_with(VIOLATION);
    let names_only =
        is_about_text || !is_chosen && NAMES_ONLY.iter().any(|class| sqlstate.starts_with(class));
    compose::frame(out, tag, |out| {
        for (code, text) in error_fields(body) {
            match code {
                b'S' | b'V' | b'C' | b'F' | b'L' | b'R' => field(out, code, text),
                b'M' if is_raised => field(out, code, HIDDEN),
                b'M' if names_only => field(out, code, text),
                b'M' => field(out, code, &before_values(text)),
                b'D' | b'W' | b'q' | b'p' => {}
                b's' | b't' | b'c' | b'd' | b'n' if is_chosen => {}
                b'H' if !is_about_text => {}
                _ if is_raised => {}
                _ => field(out, code, text),
            }
        }
        // It was longer than what is there of it.
        if error_fields(body).all(|(code, _)| code != b'M') {
            field(out, b'M', HIDDEN);
        }
        out.push(0);
    });
}

/// Appends the ErrorResponse with this body, which was said of another text than the client's.
pub(crate) fn without_place(body: &[u8], out: &mut Vec<u8>) {
    compose::frame(out, tag::ERROR_RESPONSE, |out| {
        error_fields(body).filter(|(code, _)| *code != b'P').for_each(|(code, text)| field(out, code, text));
        out.push(0);
    });
}

/// Appends the NotificationResponse of this process, channel and payload. Others have written both, from whatever they may see.
/// `is_sensitive` tells of columns of a relation.
pub(crate) fn notification(
    (process, channel, payload): (i32, &[u8], &[u8]),
    methods: &Methods,
    is_sensitive: impl Fn(&str, &str) -> bool,
    out: &mut Vec<u8>,
) {
    let changed = tcn::masked(payload, is_sensitive);
    compose::frame(out, tag::NOTIFICATION_RESPONSE, |out| {
        out.extend_from_slice(&process.to_be_bytes());
        for text in [channel, changed.as_deref().unwrap_or(payload)] {
            compose::cstr(out, &shown(text, methods));
        }
    });
}

/// The parameter that the server reports (GUC_REPORT) whose value is a text of anybody's: whoever owns a role or a database gives it a default.
const FREE_PARAMETER: &[u8] = b"application_name";

/// What is shown of this parameter in a ParameterStatus, where its value tells something itself that is masked.
pub fn masked_parameter(name: &[u8], value: &[u8], methods: &Methods) -> Option<Vec<u8>> {
    if name != FREE_PARAMETER {
        return None;
    }
    let shown = shown(value, methods);
    (shown != value).then_some(shown)
}

/// A text that others have written, with what tells itself masked.
fn shown(text: &[u8], methods: &Methods) -> Vec<u8> {
    let mut shown = Vec::with_capacity(text.len());
    if mask_text(methods, text, &mut shown) { shown } else { HIDDEN.to_vec() }
}

fn field(out: &mut Vec<u8>, code: u8, text: &[u8]) {
    out.push(code);
    compose::cstr(out, text);
}

/// A message up to where a value can begin: a quote of any language, a digit, a colon.
fn before_values(message: &[u8]) -> Vec<u8> {
    let begins = |byte: &u8| matches!(byte, b'"' | b'\'' | b':' | b'0'..=b'9') || !byte.is_ascii();
    match message.iter().position(begins) {
        Some(at) => [message.get(..at).unwrap_or_default(), b"***"].concat(),
        None => message.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(fields: &[(u8, &str)]) -> String {
        hidden_of(fields, false)
    }

    fn hidden_of(fields: &[(u8, &str)], chooses: bool) -> String {
        let mut body = Vec::new();
        fields.iter().for_each(|(code, text)| field(&mut body, *code, text.as_bytes()));
        body.push(0);
        let mut out = Vec::new();
        hide(b'E', &body, chooses, &mut out);
        String::from_utf8_lossy(&out[5..]).replace('\0', "|")
    }

    #[test]
    fn notifications_go_with_what_tells_itself_masked() {
        let shown = |channel: &str, payload: &str| {
            let mut out = Vec::new();
            let is_sensitive = |table: &str, column: &str| (table, column) == ("people", "surname");
            let told = (7, channel.as_bytes(), payload.as_bytes());
            notification(told, &Methods::default(), is_sensitive, &mut out);
            String::from_utf8_lossy(&out[9..]).replace('\0', "|")
        };
        for same in
            ["", "42", "orders:42", r#"{"id": 7, "plan": "basic"}"#, "7f0e36a4-96a0-4b1e-a4f4-1a1f3f5b6c7d"]
        {
            assert_eq!(shown("users", same), format!("users|{same}|"));
        }
        assert_eq!(shown("c", "new: ada@example.org"), "c|new: a***@***.org|");
        assert_eq!(shown("c", r#"{"id":7,"lastName":"Lovelace"}"#), r#"c|{"id":7,"lastName":"***"}|"#);
        assert_eq!(shown("ada@example.org", ""), "a***@***.org||");
        let payload = r#""people",U,"id"='7',"surname"='O''Neil'"#;
        assert_eq!(shown("tcn", payload), r#"tcn|"people",U,"id"='7',"surname"='***'|"#);
    }

    #[test]
    fn names_of_applications_go_with_what_tells_itself_masked() {
        let shown = |name: &str, value: &str| {
            masked_parameter(name.as_bytes(), value.as_bytes(), &Methods::default())
                .map(|shown| String::from_utf8(shown).unwrap())
        };
        assert_eq!(shown("application_name", "psql"), None);
        let masked = shown("application_name", "job of ada@example.org");
        assert_eq!(masked.as_deref(), Some("job of a***@***.org"));
        assert_eq!(shown("TimeZone", "Europe/Berlin"), None);
        assert_eq!(shown("server_version", "18.1"), None);
    }

    #[test]
    fn names_go_that_a_value_has_chosen() {
        let of_domain = [
            (b'C', "23514"),
            (b'M', "value for domain dl violates check constraint \"letter_A\""),
            (b'd', "dl"),
            (b'n', "letter_A"),
        ];
        assert_eq!(
            hidden_of(&of_domain, true),
            "C23514|Mvalue for domain dl violates check constraint ***||"
        );
        assert!(hidden_of(&of_domain, false).contains("|nletter_A|"));
        let of_text = [(b'C', "23514"), (b'M', "\"letter_A\""), (b'P', "8"), (b'F', "parse_coerce.c")];
        assert!(hidden_of(&of_text, true).contains("letter_A"));
        let of_server = [(b'C', "53100"), (b'M', "disk \"a\" is full")];
        assert_eq!(hidden_of(&of_server, true), "C53100|Mdisk \"a\" is full||");
    }

    #[test]
    fn values_go_and_names_stay() {
        for (fields, shown) in [
            (
                &[(b'C', "22P02"), (b'M', "invalid input syntax for type integer: \"a@b.c\"")][..],
                "C22P02|Minvalid input syntax for type integer***||",
            ),
            (&[(b'C', "22P02"), (b'M', "bad \"a\"b@c\" here")], "C22P02|Mbad ***||"),
            (&[(b'C', "22012"), (b'M', "division by zero")], "C22012|Mdivision by zero||"),
            (
                &[(b'C', "22008"), (b'M', "date field value out of range 123-45")],
                "C22008|Mdate field value out of range ***||",
            ),
            (&[(b'C', "22P02"), (b'M', "syntaxe en entrée « a@b.c »")], "C22P02|Msyntaxe en entr***||"),
            (&[(b'C', "22P02"), (b'M', "one \" only")], "C22P02|Mone ***||"),
            (&[(b'C', "22P02"), (b'M', "ends \"")], "C22P02|Mends ***||"),
            (
                &[
                    (b'C', "23505"),
                    (b'M', "duplicate key value violates unique constraint \"users_email_key\""),
                    (b'D', "Key (email)=(a@b.c) already exists."),
                    (b'n', "users_email_key"),
                ],
                "C23505|Mduplicate key value violates unique constraint \"users_email_key\"|nusers_email_key||",
            ),
            (&[(b'C', "42P01"), (b'M', "relation \"a@b.c\" does not exist")], "C42P01|Mrelation ***||"),
            (
                &[
                    (b'C', "42P01"),
                    (b'M', "relation \"user\" does not exist"),
                    (b'P', "15"),
                    (b'F', "parse_relation.c"),
                ],
                "C42P01|Mrelation \"user\" does not exist|P15|Fparse_relation.c||",
            ),
            (
                &[
                    (b'C', "22P02"),
                    (b'M', "invalid input syntax for type integer: \"a@b.c\""),
                    (b'P', "8"),
                    (b'F', "numutils.c"),
                ],
                "C22P02|Minvalid input syntax for type integer***|P8|Fnumutils.c||",
            ),
            (
                &[
                    (b'C', "22P02"),
                    (b'M', "invalid input \"a@b.c\""),
                    (b'W', "PL/pgSQL function f()"),
                    (b'P', "8"),
                ],
                "C22P02|Minvalid input ***|P8||",
            ),
            (
                &[
                    (b'S', "NOTICE"),
                    (b'C', "00000"),
                    (b'M', "a@b.c"),
                    (b'W', "PL/pgSQL function f() line 1 at RAISE"),
                    (b'c', "a@b.c"),
                    (b'H', "a@b.c"),
                    (b'R', "exec_stmt_raise"),
                ],
                "SNOTICE|C00000|M(hidden by Picket: it can show values of sensitive columns)|Rexec_stmt_raise||",
            ),
        ] {
            assert_eq!(hidden(fields), shown);
        }
        assert_eq!(
            hidden(&[(b'C', "22P02")]),
            "C22P02|M(hidden by Picket: it can show values of sensitive columns)||"
        );
    }
}
