//! Asks the question of the command line and has the answer shown.

use std::io::{Write, stdout};
use std::time::Duration;

use anyhow::Context;
use audit::ledger::{ColumnClassRow, Ledger, Page};
use clap::CommandFactory;
use tokio::runtime;

use crate::approvals;
use crate::args::{Args, Classify, Connections, Lines, Policy, Question, Session};
use crate::connections;
use crate::export;
use crate::failure::{Failure, unless_reader_left};
use crate::login;
use crate::policy;
use crate::saw;
use crate::show::{self, Bypass, Column, Coverage, Denial, Event, Gap, Person, Revealed, Saw, Touch};
use crate::tail::tail;
use crate::verify;

/// A question over a long time may take ClickHouse a while.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// A change of a column may have ClickHouse write parts anew.
const MIGRATE_WITHIN: Duration = Duration::from_secs(600);

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
        Question::Login(args) => login::login(args),
        Question::Token(args) => login::token(&args),
        Question::Connect(args) => login::connect(args),
        Question::Connections(Connections::Kill(args)) => connections::kill(args),
        Question::Logout => login::logout(),
        Question::Approvals { console, about } => approvals::answer(&console, &about),
        Question::Grants { console, about } => approvals::grants(&console, &about),
        Question::Policy(about) => match *about {
            Policy::Explain { sql, asker, console, at_proxy: true, format, .. } => {
                policy::explain_at_proxy(sql, &console, &asker, format)
            }
            Policy::Explain { sql, asker, known, rules, format, .. } => {
                policy::explain(sql, &rules, &asker, &known, format)
            }
            Policy::Check { asker, known, rules } => policy::check(&rules, &asker, &known),
            Policy::Backtest { rules, since, limit, at_proxy, console, format } => {
                let (ledger, runtime) = connect()?;
                let page = runtime.block_on(ledger.recorded(since.before_now(), limit, BACKTEST_WITHIN))?;
                let console = at_proxy.then_some(&console);
                policy::backtest(&rules, &page.rows, page.more, console, format)
            }
            Policy::Reference { rules } => policy::reference(&rules),
        },
        Question::Verify(options) => {
            let asked = options.read()?;
            let (ledger, runtime) = connect()?;
            verify::verify(&ledger, &runtime, &asked, options.format)
        }
        Question::WhoTouched { object, people: true, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.people(&object, since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Person> = page.rows.into_iter().map(Person::from).collect();
            show::show(&rows, page.more, answer.format, &format!("nobody touched {object}"))
        }
        Question::WhoTouched { object, people: false, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.who_touched(&object, since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Touch> = page.rows.into_iter().map(Touch::from).collect();
            show::show(&rows, page.more, answer.format, &format!("nobody touched {object}"))
        }
        Question::Bypasses { refused: true, answer, .. } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.refused_connections(since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Bypass> = page.rows.into_iter().map(Bypass::from).collect();
            show::show(&rows, page.more, answer.format, "no agent refused a connection")
        }
        Question::Bypasses { allowed, refused: false, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.bypasses(allowed, since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Bypass> = page.rows.into_iter().map(Bypass::from).collect();
            let nobody = if allowed { "no rule allowed anything" } else { "nobody went around the proxy" };
            show::show(&rows, page.more, answer.format, nobody)
        }
        Question::Coverage { gaps: false, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.coverage(since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Coverage> = page.rows.into_iter().map(Coverage::from).collect();
            show::show(&rows, page.more, answer.format, "no agent saw a connection to a database")
        }
        Question::Coverage { gaps: true, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.witness_gaps(since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Gap> = page.rows.into_iter().map(Gap::from).collect();
            show::show(&rows, page.more, answer.format, "no hole is known in what the agents saw")
        }
        Question::Denied { whose, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page = runtime.block_on(ledger.denied(&whose.into(), since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<Denial> = page.rows.into_iter().map(Denial::from).collect();
            show::show(&rows, page.more, answer.format, "nothing was refused")
        }
        Question::WhoSaw { values, whose, answer } => {
            let hashes = saw::hashes(&values)?;
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let whose = whose.into();
            let saw = ledger.who_saw(&hashes, &whose, since, answer.limit, ANSWER_WITHIN);
            let page = runtime.block_on(saw)?;
            let rows: Vec<Saw> = page.rows.into_iter().map(Saw::from).collect();
            show::show(
                &rows,
                page.more,
                answer.format,
                "nobody said such a value, of what is recorded with this key",
            )
        }
        Question::Revealed { class, whose, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let whose = whose.into();
            let revealed = ledger.revealed(&whose, &class, since, answer.limit, ANSWER_WITHIN);
            let page = runtime.block_on(revealed)?;
            let rows: Vec<Revealed> = page.rows.into_iter().map(Revealed::from).collect();
            show::show(&rows, page.more, answer.format, "nobody saw sensitive values as they are")
        }
        Question::Sessions { one: None, whose, answer } => {
            let (ledger, runtime) = connect()?;
            let since = answer.since.before_now();
            let page =
                runtime.block_on(ledger.sessions(&whose.into(), since, answer.limit, ANSWER_WITHIN))?;
            let rows: Vec<show::Session> = page.rows.into_iter().map(show::Session::from).collect();
            show::show(&rows, page.more, answer.format, "nobody was there")
        }
        Question::Session(Session::Kill { session_id, reason, console })
        | Question::Sessions { one: Some(Session::Kill { session_id, reason, console }), .. } => {
            approvals::kill(&console, &session_id, &reason)
        }
        Question::Session(Session::Show { session_id, shown })
        | Question::Sessions { one: Some(Session::Show { session_id, shown }), .. } => {
            let (ledger, runtime) = connect()?;
            let page = runtime.block_on(ledger.session_timeline(session_id, shown.limit, ANSWER_WITHIN))?;
            // People read on from the start; what is left out is the oldest.
            let rows: Vec<Event> = page.rows.into_iter().rev().map(Event::from).collect();
            show::show(&rows, page.more, shown.format, &format!("no session {session_id} is in the ledger"))
        }
        Question::Tail { follow, whose, since, limit, format } => {
            let (ledger, runtime) = connect()?;
            tail(&ledger, &runtime, &whose.into(), since, limit, follow, format)
        }
        Question::Export(args) => {
            export::check(&args)?;
            let (ledger, runtime) = connect()?;
            export::export(&ledger, &runtime, &args)
        }
        Question::Migrate => {
            let (ledger, runtime) = connect()?;
            let applied = runtime.block_on(ledger.migrate(MIGRATE_WITHIN))?;
            let text: String = applied.iter().map(|name| format!("applied {name}\n")).collect();
            let text = if text.is_empty() { "nothing to do\n".to_owned() } else { text };
            unless_reader_left(stdout().lock().write_all(text.as_bytes()))
        }
        Question::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Args::command(), "picket", &mut script);
            unless_reader_left(stdout().lock().write_all(&script))
        }
        Question::Man { folder } => {
            let write = || format!("write manual pages into `{}`", folder.display());
            Ok(clap_mangen::generate_to(Args::command(), &folder).with_context(write)?)
        }
        Question::Classify(Classify::Set { on, column, class, reason, console }) => {
            approvals::classify(&console, &on, &column, &class, &reason)
        }
        Question::Classify(Classify::Rescan { on, console }) => approvals::rescan(&console, &on),
        Question::Classify(Classify::List { on, shown }) => {
            let (ledger, runtime) = connect()?;
            classified(runtime.block_on(ledger.classified_columns(&on, shown.limit, ANSWER_WITHIN))?, &shown)
        }
        Question::Classify(Classify::Explain { object, shown }) => {
            let (ledger, runtime) = connect()?;
            classified(runtime.block_on(ledger.column_history(&object, shown.limit, ANSWER_WITHIN))?, &shown)
        }
    }
}

/// Shows what is known of columns.
fn classified(page: Page<ColumnClassRow>, shown: &Lines) -> Result<(), Failure> {
    let rows: Vec<Column> = page.rows.into_iter().map(Column::from).collect();
    show::show(&rows, page.more, shown.format, "no column is known to be sensitive")
}
