//! `picket tail`: executions as lines, and those that come as they come.

use std::collections::HashSet;
use std::io::{Write, stderr, stdout};
use std::time::Duration;

use audit::ledger::{EventRow, Ledger, Whose};
use tokio::runtime::Runtime;
use tokio::time::{self, MissedTickBehavior};
use uuid::Uuid;

use crate::args::LineFormat;
use crate::failure::{Failure, unless_reader_left};
use crate::show::{self, Event};
use crate::since::Since;

/// How often the ledger is asked.
const POLL_EVERY: Duration = Duration::from_secs(1);

/// A record is seen some time after ClickHouse noted when it came: each time the last seconds are looked at again.
const WINDOW_SECS: u32 = 15;

/// Executions at one look.
const ARRIVED_ROWS_MAX: u32 = 10_000;

/// One look; much less than the window, or something would be missed.
const LOOK_WITHIN: Duration = Duration::from_secs(10);

/// A beginning and an end of an execution are two events.
type Key = (Uuid, u64, bool);

/// Shows the newest executions and, where `follow`, goes on until somebody ends it.
pub(crate) fn tail(
    ledger: &Ledger,
    runtime: &Runtime,
    whose: &Whose,
    since: Since,
    limit: u32,
    follow: bool,
    format: LineFormat,
) -> Result<(), Failure> {
    runtime.block_on(async {
        let look = || ledger.arrived(whose, since.before_now(), WINDOW_SECS, ARRIVED_ROWS_MAX, LOOK_WITHIN);
        // Before the first lines are asked for: what comes between the two is new.
        let mut seen: HashSet<Key> = HashSet::new();
        if follow {
            seen.extend(look().await?.rows.iter().map(key));
        }
        let newest = ledger.newest(whose, since.before_now(), limit, LOOK_WITHIN).await?;
        seen.extend(newest.rows.iter().map(key));
        let reader_is_there = write(newest.rows, format)?;
        if !follow || !reader_is_there {
            return Ok(());
        }
        let mut polls = time::interval(POLL_EVERY);
        polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            polls.tick().await;
            let page = look().await?;
            if page.more {
                let told = "picket: more came at once than can be shown; the oldest of it is left out";
                // Nothing can be done where stderr is closed.
                let _ = writeln!(stderr(), "{told}");
            }
            let now: HashSet<Key> = page.rows.iter().map(key).collect();
            let new = page.rows.into_iter().filter(|row| !seen.contains(&key(row))).collect();
            // What is not in the window any more does not come back.
            seen = now;
            if !write(new, format)? {
                return Ok(());
            }
        }
    })
}

fn key(row: &EventRow) -> Key {
    (row.session_id, row.sequence, row.finished_at.is_some())
}

/// Writes `rows`, which come with the newest first, in the order of time. Says whether somebody still reads.
fn write(rows: Vec<EventRow>, format: LineFormat) -> Result<bool, Failure> {
    let mut text = String::new();
    for event in rows.into_iter().rev().map(Event::from) {
        match format {
            LineFormat::Text => text.push_str(&event.line()),
            LineFormat::Json => text.push_str(&show::json_line(&event)?),
        }
        text.push('\n');
    }
    let mut out = stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    let has_left = matches!(&written, Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe);
    unless_reader_left(written)?;
    Ok(!has_left)
}
