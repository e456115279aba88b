//! Reading and judging a text: nothing that is unreadable may run, the same text is judged the same, and a comment before it
//! changes nothing.

use std::sync::{Arc, LazyLock};
use std::thread;

use policy::{Meaning, Policies, Setup, Subject, Verdict, Who};
use sql::{Catalog, Facts, Unreadable, read};

/// The rules that are shipped, and somebody of whom nothing is known.
static RULES: LazyLock<(Policies, Arc<Subject>)> = LazyLock::new(|| {
    let policies = Policies::new(Setup::default()).expect("rules that are shipped");
    let subject = policies.subject(&Who::default()).expect("somebody");
    (policies, subject)
});

/// What a client could put before its statement. Without a single quote, which would widen the bound on operators.
const COMMENTS: [&[u8]; 3] = [b"/* \" /* $$ */ ; drop table t */", b"-- \" ; $$\n", b"\n\t "];

/// The text of a statement.
pub fn judge(text: &[u8]) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(sql::READ_STACK_BYTES);
        let ran = thread.spawn_scoped(scope, || check(text)).expect("start a thread").join();
        ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

fn check(text: &[u8]) {
    let (judged, facts) = judged(text);
    if let Ok(facts) = &facts {
        assert_eq!(judged.len(), facts.statements.len(), "a verdict for each statement");
        let ends: Vec<usize> = facts.statements.iter().map(|statement| statement.span.end).collect();
        assert!(ends.is_sorted() && ends.iter().all(|end| *end <= text.len()), "where statements stand");
    } else {
        assert!(matches!(judged.as_slice(), [Verdict::Refuse(_)]), "what is unreadable may run");
    }
    assert!(self::judged(text) == (judged.clone(), facts.clone()), "the same text is judged in another way");
    for comment in COMMENTS {
        let (commented, again) = self::judged(&[comment, text].concat());
        match (&facts, again) {
            (Ok(facts), Ok(again)) => {
                assert_eq!(commented, judged, "a comment changes a verdict");
                assert_eq!(facts.statements.len(), again.statements.len());
            }
            (Err(_), Err(_)) => {}
            _ => panic!("a comment changes what can be read"),
        }
    }
}

fn judged(text: &[u8]) -> (Vec<Verdict>, Result<Facts, Unreadable>) {
    let (policies, subject) = &*RULES;
    let facts = read(text);
    let meaning = Meaning {
        catalog: &Catalog::default(),
        is_masked: &|_| true,
        is_maskable: &|_| false,
        class_of: &|_, _| None,
        looks_into: &|_| Vec::new(),
    };
    let judged = match &facts {
        Ok(facts) => policies.judge(subject, facts, &meaning),
        Err(unreadable) => vec![policies.judge_unreadable(subject, unreadable)],
    };
    (judged, facts)
}
