//! What a session's steps cost: what the client sends and what the server answers, up to the actions.

mod bank;

use mask::{Class, ColumnPlan, CopyForm, CopyRows, Form, Plan, Reason};
use std::sync::Arc;
use yardstick::{Case, Result};

use self::bank::{Bank, Exchange, Shape};

const ROWS: u32 = 1_000;

/// Texts that differ in a literal only, as pgbench sends them.
const TEXTS: u32 = 1_024;

fn main() -> Result<()> {
    let one = |text: &str, shape| vec![Exchange::new(text, shape, &[BALANCE], 1)];
    let known = "SELECT abalance FROM pgbench_accounts WHERE aid = $1";
    let new_literals = (0..TEXTS)
        .map(|n| format!("SELECT abalance FROM pgbench_accounts WHERE aid = {n};"))
        .collect::<Vec<_>>();
    let new_literals =
        new_literals.iter().map(|text| Exchange::new(text, Shape::Simple, &[BALANCE], 1)).collect();
    let many = |columns: &[(i16, u32, &str)]| {
        vec![Exchange::new("SELECT * FROM pgbench_accounts", Shape::Simple, columns, ROWS)]
    };
    let cases = vec![
        transactions(
            "simple, a text that is known",
            one("SELECT abalance FROM pgbench_accounts", Shape::Simple),
        ),
        transactions("simple, new literals", new_literals),
        transactions("extended", one(known, Shape::Extended)),
        transactions("prepared", one(known, Shape::Prepared)),
        transactions("prepared, nobody describes", one(known, Shape::Undescribed)),
        never_read(),
        rows("1,000 rows that pass", many(&[BALANCE, FILLER])),
        rows("1,000 rows with a mask", many(&[BALANCE, EMAIL])),
        rows("1,000 rows that are searched", many(&[BALANCE, NOTE])),
        copied(
            "1,000 rows of COPY with a mask, text",
            CopyForm::Text { delimiter: b'\t', null: vec![], header: false },
        ),
        copied(
            "1,000 rows of COPY with a mask, csv",
            CopyForm::Csv { delimiter: b',', null: vec![], quote: b'"', escape: b'"', header: false },
        ),
    ];
    yardstick::run("session", cases)
}

/// Columns of the table: number, type, a value.
const BALANCE: (i16, u32, &str) = (3, 23, "-4211");
const FILLER: (i16, u32, &str) =
    (4, 1042, "                                                                                    ");
const EMAIL: (i16, u32, &str) = (5, 25, "somebody.else@example.org");
const NOTE: (i16, u32, &str) = (6, 25, "asked on 3 May for an answer by the end of the week");

fn transactions(name: &'static str, exchanges: Vec<Exchange>) -> Case {
    case(name, "transaction", 1, exchanges)
}

fn rows(name: &'static str, exchanges: Vec<Exchange>) -> Case {
    case(name, "row", ROWS, exchanges)
}

/// Rewrites data of a COPY, one row in each message as PostgreSQL sends it.
fn copied(name: &'static str, form: CopyForm) -> Case {
    let email = ColumnPlan::Mask(Class::Email, Form { type_oid: 25, format: 0 }, Reason::Classified);
    let plan = Plan::new(vec![ColumnPlan::Clear(Reason::KnownHarmless), email], Arc::default());
    let delimiter = if matches!(form, CopyForm::Csv { .. }) { "," } else { "\t" };
    let row = [BALANCE.2, delimiter, EMAIL.2, "\n"].concat();
    let mut out = Vec::new();
    Case::new(name, "row", ROWS, move || {
        let mut rows = CopyRows::new(form.clone(), true);
        out.clear();
        for _ in 0..ROWS {
            rows.take(row.as_bytes(), &plan, &mut out).expect("data that fits");
        }
        assert!(rows.may_end());
    })
}

/// Does one of the exchanges after the other.
fn case(name: &'static str, unit: &'static str, units: u32, exchanges: Vec<Exchange>) -> Case {
    let mut bank = Bank::new();
    let mut next = 0;
    Case::new(name, unit, units, move || {
        bank.step(&exchanges[next]);
        next = (next + 1) % exchanges.len();
    })
}

/// The text is read and judged anew each time.
fn never_read() -> Case {
    let mut bank = Bank::new();
    let exchange =
        Exchange::new("SELECT abalance FROM pgbench_accounts WHERE aid = 1", Shape::Simple, &[BALANCE], 1);
    Case::new("simple, a text that was never read", "transaction", 1, move || {
        bank.forget();
        bank.step(&exchange);
    })
}
