//! Whether the body of a function could run a command that nobody has read. It looks at words, not at meaning.

use pg_query::protobuf::{KeywordKind, ScanToken, Token};

use crate::bounds;

/// Languages whose bodies are cut into words as PostgreSQL's own statements are.
const LANGUAGES: [&str; 2] = ["sql", "plpgsql"];

/// Keywords with which a body drops something, runs a text that it computes, or makes another body. As an
/// identifier or within a constant they mean nothing.
const WORDS: [&str; 5] = ["discard", "drop", "execute", "function", "procedure"];

/// Whether the body must be taken for one that could do anything.
pub(crate) fn is_opaque(language: &str, body: &str) -> bool {
    if !LANGUAGES.iter().any(|known| language.eq_ignore_ascii_case(known)) || bounds::check(body).is_err() {
        return true;
    }
    let Ok(scanned) = pg_query::scan(body) else { return true };
    let tokens: Vec<_> = scanned
        .tokens
        .into_iter()
        .filter(|token| ![Token::SqlComment as i32, Token::CComment as i32].contains(&token.token))
        .collect();
    let mut nexts = tokens.iter().skip(1);
    tokens.iter().any(|token| {
        let next = nexts.next();
        let Some(word) = keyword(body, token) else { return false };
        // `ON CONFLICT … DO NOTHING` is harmless; a DO block has its body or its language next.
        let is_block = word == "do" && next.is_some_and(|next| begins_block(body, next));
        is_block || WORDS.contains(&word.as_str())
    })
}

fn begins_block(body: &str, token: &ScanToken) -> bool {
    [Token::Sconst as i32, Token::Usconst as i32].contains(&token.token)
        || keyword(body, token).is_some_and(|word| word == "language")
}

fn keyword(body: &str, token: &ScanToken) -> Option<String> {
    if token.keyword_kind == KeywordKind::NoKeyword as i32 {
        return None;
    }
    let (start, end) = (usize::try_from(token.start).ok()?, usize::try_from(token.end).ok()?);
    Some(body.get(start..end)?.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_could_run_anything_are_opaque() {
        for (language, body) in [
            ("plpgsql", "begin drop table users; end"),
            ("plpgsql", "begin DrOp/**/table users; end"),
            ("plpgsql", "begin execute 'dr' || 'op table users'; end"),
            ("plpgsql", "begin return query execute $1; end"),
            ("plpgsql", "begin do 'begin null; end'; end"),
            ("plpgsql", "begin do /* a */ $$begin null; end$$; end"),
            ("plpgsql", "begin do language plpgsql 'begin null; end'; end"),
            ("plpgsql", "begin create function f() returns int language sql return 1; end"),
            ("sql", "select 1; drop table users"),
            ("SQL", "discard temp"),
            ("sql", "select 'not ended"),
            ("plpython3u", "pass"),
            ("", "select 1"),
        ] {
            assert!(is_opaque(language, body), "{language}: {body}");
        }
    }

    #[test]
    fn bodies_that_show_all_they_do_are_not() {
        for (language, body) in [
            ("sql", ""),
            ("sql", " -- drop table users\n"),
            ("sql", "select 'drop table users', \"drop\" from t /* execute */"),
            ("PLpgSQL", "#variable_conflict use_column\n<<outer>> declare a t.a%type; begin a := $1; end"),
            ("plpgsql", "begin insert into t values (1) on conflict do nothing; return new; end"),
            ("plpgsql", "begin insert into t values (1) on conflict (a) do update set a = 1; end"),
        ] {
            assert!(!is_opaque(language, body), "{language}: {body}");
        }
    }
}
