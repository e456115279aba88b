//! What reading and judging cost: of some statements, and, with the argument `corpus FILE`, step by step of all in a file.

mod corpus;

use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::{env, thread};

use mask::Classes;
use policy::{Meaning, Policies, Setup, Subject, Who};
use session::{Environment, Readings};
use sql::Catalog;
use yardstick::{Case, Result};

const KEY: &str = "SELECT abalance FROM pgbench_accounts WHERE aid = 1";
const UPDATE: &str = "UPDATE pgbench_accounts SET abalance = abalance + 42 WHERE aid = 1";
const ANALYTIC: &str = include_str!("analytic.sql");

/// Texts that differ in a literal only.
const TEXTS: u32 = 1_024;

fn main() -> Result<()> {
    let ran = thread::Builder::new().stack_size(sql::READ_STACK_BYTES).spawn(run)?.join();
    ran.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn run() -> Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [task, file] = args.as_slice()
        && task == "corpus"
    {
        return corpus::measure(file);
    }
    let literals =
        (0..TEXTS).map(|n| format!("SELECT abalance FROM pgbench_accounts WHERE aid = {n}")).collect();
    yardstick::run(
        "judge",
        vec![
            read("read SELECT by key", KEY),
            read("read UPDATE by key", UPDATE),
            read("read SELECT of 31 lines", ANALYTIC),
            judge("judge SELECT by key", KEY),
            judge("judge UPDATE by key", UPDATE),
            judge("judge SELECT of 31 lines", ANALYTIC),
            known("read and judge, a text that is known", vec![KEY.to_string()]),
            known("read and judge, new literals", literals),
        ],
    )
}

fn read(name: &'static str, text: &'static str) -> Case {
    Case::new(name, "statement", 1, move || {
        sql::steps::forget();
        drop(black_box(sql::read(black_box(text.as_bytes()))));
    })
}

fn judge(name: &'static str, text: &'static str) -> Case {
    let (rules, facts) = (Rules::new(), sql::read(text.as_bytes()).expect("a statement"));
    Case::new(name, "statement", 1, move || drop(black_box(rules.judge(black_box(&facts)))))
}

/// One text after the other, as a session does that remembers.
fn known(name: &'static str, texts: Vec<String>) -> Case {
    let (mut memory, mut next) = (Memory::new(&Rules::new()), 0);
    memory.may_run(texts[0].as_bytes());
    Case::new(name, "statement", 1, move || {
        assert_eq!(memory.may_run(texts[next].as_bytes()), 1);
        next = (next + 1) % texts.len();
    })
}

/// The rules that are shipped, and somebody of whom nothing is known.
struct Rules {
    policies: Policies,
    subject: Arc<Subject>,
    catalog: Catalog,
}

impl Rules {
    fn new() -> Rc<Self> {
        let policies = Policies::new(Setup::default()).expect("rules that are shipped");
        let subject = policies.subject(&Who::default()).expect("somebody");
        Rc::new(Rules { policies, subject, catalog: Catalog::default() })
    }

    fn judge(&self, facts: &sql::Facts) -> Vec<policy::Verdict> {
        let meaning = Meaning {
            catalog: &self.catalog,
            is_masked: &|_| false,
            is_maskable: &|_| false,
            class_of: &|_, _| None,
            looks_into: &|_| Vec::new(),
        };
        self.policies.judge(&self.subject, facts, &meaning)
    }
}

/// What a session looks at where it judges: an empty database.
struct Memory {
    rules: Rc<Rules>,
    classes: Classes,
    readings: Readings,
}

impl Memory {
    fn new(rules: &Rc<Rules>) -> Self {
        Memory { rules: Rc::clone(rules), classes: Classes::default(), readings: Readings::default() }
    }

    fn may_run(&mut self, text: &[u8]) -> usize {
        let Memory { rules, classes, readings } = self;
        let Rules { policies, subject, catalog } = rules.as_ref();
        let mut environment = Environment {
            catalog,
            classes,
            unsearched: None,
            methods: &Arc::default(),
            moved: None,
            allowance: None,
            stains: &session::Stains::default(),
            has_own_stains: true,
            policies,
            subject,
            catalog_version: 1,
            catalog_holds: true,
            catalog_is_new: true,
            readings,
        };
        session::may_run(black_box(text), &mut environment)
    }
}
