//! What policies say of recorded statements by the catalogs of the databases they are in, as a proxy knows them. It is asked at its
//! console, in batches.

use anyhow::{Context, anyhow};
use audit::ledger::RecordedRow;
use indicatif::ProgressBar;
use policy::Who;
use policy_files::{CandidateSetup, MESSAGE_BYTES_MAX, RecordedStatement, STATEMENTS_MAX};
use serde::Serialize;
use serde_json::{from_str, to_string};
use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::SqlState;

use super::{Again, Judged, NO_POLICIES, TEMPORARY, is_no_text, relations, who};
use crate::approvals::{Declined, Line, field, quoted};
use crate::args::Console;
use crate::failure::Failure;
use crate::policy::options::Rulebook;
use crate::show::escaped;

/// Bytes of statements after which they are sent.
const BATCH_BYTES: usize = 256 << 10;

/// Bytes of a message that are no statements: the command, and the name of a database.
const COMMAND_BYTES_MAX: usize = 64 << 10;

/// Rules that can be against a statement for what its session has done, or is, alone.
const OF_SESSIONS: [&str; 6] =
    ["copy-masked", "lexing-settings", "no-fast-path", "no-replication", "unknown-name", "unreadable"];

/// SQLSTATEs of a proxy that does not know a database or its catalog, that others ask, and of statements that have taken too long.
const NO_DATABASE: &str = "3D000";
const BUSY: &str = "55P03";
const TOO_SLOW: &str = "57014";

/// How often a proxy is asked again that others ask: each time it has waited for them for a while.
const BUSY_MAX: u32 = 30;

/// Has the proxy at `console` judge each by the policies of `rulebook`, which it does not go by.
pub(super) fn judge(
    rulebook: &Rulebook,
    console: &Console,
    recorded: &[RecordedRow],
    bar: &ProgressBar,
) -> Result<Vec<Again>, Failure> {
    let line = Line::open(console)?;
    let mut busy = 0;
    let setup = json(&CandidateSetup::from(rulebook.policies.setup()))?;
    if MESSAGE_BYTES_MAX as usize <= setup.len() + COMMAND_BYTES_MAX {
        let error = anyhow!("a proxy takes policies of {MESSAGE_BYTES_MAX} bytes in JSON at most");
        return Err(Failure::usage(error));
    }
    line.say(&format!("BACKTEST WITH '{setup}'")).map_err(|Declined { sqlstate, failure }| {
        let Failure { code, error } = failure;
        let error = match sqlstate.is_some_and(|sqlstate| sqlstate == SqlState::SYNTAX_ERROR) {
            true => error.context("the proxy knows --at-proxy otherwise than this `picket`, or not at all"),
            false => error,
        };
        Failure { code, error }
    })?;
    let mut again = vec![Again::AsItWas; recorded.len()];
    let (untold, mut asked): (Vec<usize>, Vec<usize>) =
        (0..recorded.len()).partition(|at| is_no_text(&recorded[*at].text));
    bar.inc(untold.len() as u64);
    // The same texts together: a proxy reads them once.
    asked.sort_by_key(|at| (&recorded[*at].database, &recorded[*at].text));
    for of_one in asked.chunk_by(|one, other| recorded[*one].database == recorded[*other].database) {
        let Some(database) = of_one.first().map(|at| &recorded[*at].database) else { continue };
        let mut rest = of_one;
        // So many are asked about one by one: one of them takes too long.
        let mut alone = 0;
        while !rest.is_empty() {
            let most = if alone == 0 { STATEMENTS_MAX } else { 1 };
            let batch = Batch::of(rulebook, recorded, &rest[..rest.len().min(most)])?;
            let text = format!("BACKTEST ON {} '[{}]'", quoted(database), batch.statements);
            let said = if batch.count == 0 { Ok(Vec::new()) } else { line.say(&text) };
            let done = match said {
                // Longer than any message.
                Ok(_) if batch.count == 0 => 1,
                Ok(rows) if (1..=batch.count).contains(&rows.len()) => {
                    for (at, row) in rest.iter().zip(&rows) {
                        again[*at] = judged(rulebook, &recorded[*at], row)?;
                    }
                    busy = 0;
                    rows.len()
                }
                Ok(_) => return Err(odd().into()),
                Err(Declined { sqlstate, failure }) => match sqlstate.as_ref().map(SqlState::code) {
                    Some(NO_DATABASE) => {
                        let executions: u64 = rest.iter().map(|at| recorded[*at].executions).sum();
                        let why = format!("{executions} executions are not judged: {:#}", failure.error);
                        eprintln!("{}", escaped(&why));
                        rest.len()
                    }
                    Some(BUSY) if busy < BUSY_MAX => {
                        busy += 1;
                        0
                    }
                    Some(TOO_SLOW) if batch.count == 1 => 1,
                    Some(TOO_SLOW) => {
                        alone = batch.count;
                        0
                    }
                    _ => return Err(failure),
                },
            };
            rest = &rest[done..];
            alone = alone.saturating_sub(done);
            bar.inc(done as u64);
        }
    }
    Ok(again)
}

/// Statements that are asked about at once.
struct Batch {
    count: usize,
    /// As JSON within quotes.
    statements: String,
}

impl Batch {
    /// As many of these as go together. None, where the first is too long for any message.
    fn of(rulebook: &Rulebook, recorded: &[RecordedRow], asked: &[usize]) -> Result<Self, Failure> {
        let mut batch = Batch { count: 0, statements: String::new() };
        for at in asked {
            let statement = json(&statement(rulebook, &recorded[*at]))?;
            let bytes = batch.statements.len() + statement.len();
            let most =
                if batch.count == 0 { MESSAGE_BYTES_MAX as usize - COMMAND_BYTES_MAX } else { BATCH_BYTES };
            if most < bytes {
                break;
            }
            if 0 < batch.count {
                batch.statements.push(',');
            }
            batch.statements.push_str(&statement);
            batch.count += 1;
        }
        Ok(batch)
    }
}

/// The statement as a proxy is told of it.
fn statement(rulebook: &Rulebook, row: &RecordedRow) -> RecordedStatement {
    let Who {
        user,
        groups,
        kind,
        actor,
        authentication,
        application,
        source,
        environment,
        hour,
        weekday,
        ..
    } = who(rulebook, row);
    let own = relations(row).filter_map(|path| path.strip_prefix(TEMPORARY));
    RecordedStatement {
        text: row.text.clone(),
        temporary: own.map(str::to_owned).collect(),
        user,
        groups,
        kind,
        actor,
        authentication,
        application,
        source: source.to_string(),
        environment,
        hour,
        weekday,
    }
}

/// As the console reads it, between quotes.
fn json(value: &impl Serialize) -> Result<String, Failure> {
    Ok(to_string(value).context("write JSON")?.replace('\'', "''"))
}

/// What the proxy says of a row, where that is all there is to say.
fn judged(rulebook: &Rulebook, row: &RecordedRow, said: &SimpleQueryRow) -> Result<Again, Failure> {
    let verdict = match field(said, 0).as_str() {
        "allow" => "allow",
        "hold" => "hold",
        "refuse" => "refuse",
        "" => return Ok(Again::AsItWas),
        _ => return Err(odd().into()),
    };
    // What the console has made visible in a name is no JSON any more.
    let rules = from_str(&field(said, 1)).unwrap_or_else(|_| vec![field(said, 1)]);
    let judged = Judged { verdict, rules };
    let is_whole = field(said, 2) == "yes";
    let is_untold = !judged.is_as(row)
        && judged.is_milder(row)
        && (!is_whole || row.rules.iter().any(|rule| is_of_session(rulebook, rule, &judged)));
    Ok(if is_untold { Again::AsItWas } else { Again::Is(judged) })
}

/// Whether a rule that was against a statement can have been so, and would be again, for what its session had done.
fn is_of_session(rulebook: &Rulebook, rule: &String, judged: &Judged) -> bool {
    let still = || rulebook.policies.rules().iter().any(|known| *known.name == **rule);
    NO_POLICIES.contains(&rule.as_str())
        || OF_SESSIONS.contains(&rule.as_str()) && still() && !judged.rules.contains(rule)
}

fn odd() -> anyhow::Error {
    anyhow!("the console has answered otherwise than it was asked; use the `picket` of the proxy's version")
}
