//! Asks the question of the command line and has the answer shown.

use std::time::Duration;

use anyhow::Context;
use audit::ledger::Ledger;
use tokio::runtime;

use crate::approvals;
use crate::args::{Args, Classify, Policy, Question, Session};
use crate::failure::Failure;
use crate::policy;
use crate::show::{self, Bypass, Column, Denial, Event, Touch};

/// A question over a long time may take ClickHouse a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// All of a month is read.
const BACKTEST_WITHIN: Duration = Duration::from_secs(600);

/// Answers on stdout.
pub(crate) fn ask(args: Args) -> Result<(), Failure> {
    let config = args.clickhouse();
    let connect = || {
        config.check()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        Ok::<_, Failure>((Ledger::new(&config), runtime.context("start the runtime")?))
    };
    match args.question {
        Question::Approvals { console, about } => approvals::answer(&console, &about),
        Question::Policy(about) => match *about {
            Policy::Explain { sql, asker, rules, format } => policy::explain(sql, &rules, &asker, format),
            Policy::Check { asker, rules } => policy::check(&rules, &asker),
            Policy::Backtest { rules, since, limit, format } => {
                let (ledger, runtime) = connect()?;
                let page = runtime.block_on(ledger.recorded(since.before_now(), limit, BACKTEST_WITHIN))?;
                policy::backtest(&rules, &page.rows, page.more, format)
            }
            Policy::Reference { rules } => policy::reference(&rules),
        },
        Question::WhoTouched { object, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.who_touched(&object, since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Touch> = page.rows.into_iter().map(Touch::from).collect();
            show::show(&rows, page.more, answer.format, &format!("nobody touched {object}"))
        }
        Question::Bypasses { answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.bypasses(since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Bypass> = page.rows.into_iter().map(Bypass::from).collect();
            show::show(&rows, page.more, answer.format, "nobody went around the proxy")
        }
        Question::Denied { whose, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.denied(&whose.into(), since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Denial> = page.rows.into_iter().map(Denial::from).collect();
            show::show(&rows, page.more, answer.format, "nothing was refused")
        }
        Question::Sessions { whose, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page =
                runtime.block_on(ledger.sessions(&whose.into(), since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<show::Session> = page.rows.into_iter().map(show::Session::from).collect();
            show::show(&rows, page.more, answer.format, "nobody was there")
        }
        Question::Session(Session::Show { session_id, shown }) => {
            let (ledger, runtime) = connect()?;
            let page = runtime.block_on(ledger.session_timeline(session_id, shown.limit, ANSWER_WITHIN))?;
            // People read on from the start; what is left out is the oldest.
            let rows: Vec<Event> = page.rows.into_iter().rev().map(Event::from).collect();
            show::show(&rows, page.more, shown.format, &format!("no session {session_id} is in the ledger"))
        }
        Question::Classify(about) => {
            let (ledger, runtime) = connect()?;
            let (page, shown) = match &about {
                Classify::List { on, shown } => {
                    (runtime.block_on(ledger.classified_columns(on, shown.limit, ANSWER_WITHIN))?, shown)
                }
                Classify::Explain { object, shown } => {
                    (runtime.block_on(ledger.column_history(object, shown.limit, ANSWER_WITHIN))?, shown)
                }
            };
            let rows: Vec<Column> = page.rows.into_iter().map(Column::from).collect();
            show::show(&rows, page.more, shown.format, "no column is known to be sensitive")
        }
    }
}
