//! Tells what is going on: a spinner with elapsed time on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often the spinner moves.
const TICK_MS: u64 = 100;

/// Longest part of a program's own output shown beside the spinner.
const NOTE_CHARS_MAX: usize = 60;

/// One thing being done. Say how it ended with `done`; a step that is dropped has failed.
pub(crate) struct Step {
    what: String,
    started: Instant,
    spinner: Option<ProgressBar>,
    ended: bool,
}

impl Step {
    /// Announces `what`, as a verb phrase such as `install PostgreSQL`.
    pub(crate) fn start(what: impl Into<String>) -> Self {
        let what = what.into();
        let spinner = stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} ({elapsed}) {wide_msg:.dim}")
            {
                spinner.set_style(style);
            }
            spinner.set_prefix(what.clone());
            spinner.enable_steady_tick(Duration::from_millis(TICK_MS));
            spinner
        });
        if spinner.is_none() {
            eprintln!("  ..  {what}");
        }
        Self { what, started: Instant::now(), spinner, ended: false }
    }

    /// Shows the last line that the program at work printed; nothing where there is no terminal.
    pub(crate) fn note(&self, line: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(line.trim().chars().take(NOTE_CHARS_MAX).collect::<String>());
        }
    }

    /// Shows how much of what there is has been done; nothing where there is no terminal.
    pub(crate) fn count(&self, done: usize, total: usize) {
        let Some(spinner) = &self.spinner else { return };
        if spinner.length().is_none()
            && let Ok(style) =
                ProgressStyle::with_template("{spinner} {prefix} ({elapsed}) {wide_bar:.dim} {pos} of {len}")
        {
            spinner.set_style(style);
        }
        spinner.set_length(total as u64);
        spinner.set_position(done as u64);
    }

    /// It worked.
    pub(crate) fn done(mut self) {
        self.end("ok");
    }

    /// It worked, and nothing had to be done: leaves no line on a terminal.
    pub(crate) fn nothing_to_do(mut self) {
        self.ended = true;
        match &self.spinner {
            Some(spinner) => spinner.finish_and_clear(),
            None => eprintln!("  ok  {} (up to date)", self.what),
        }
    }

    fn end(&mut self, mark: &str) {
        self.ended = true;
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
        eprintln!("  {mark:<3} {} ({})", self.what, seconds(self.started.elapsed()));
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.ended {
            self.end("!!");
        }
    }
}

/// `4.2 s`, or `2 min 5 s` for what takes longer.
pub(crate) fn seconds(time: Duration) -> String {
    let whole = time.as_secs();
    if whole < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_times_are_shown_in_minutes() {
        assert_eq!(seconds(Duration::from_millis(4_240)), "4.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 min 5 s");
    }
}
