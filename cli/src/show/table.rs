//! An answer as a table for people.

use std::io::{IsTerminal, stdout};

use comfy_table::{Attribute, Color, ColumnConstraint, ContentArrangement, Table, presets};

use super::Shown;
use super::escape::escaped;

/// Longer texts are cut.
const LETTERS_MAX: usize = 80;

/// A cell, and how much it is worth a look.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

#[derive(Clone, Copy, Debug)]
enum Tone {
    Plain,
    /// It is not cut.
    Whole,
    /// Neither is it, and its lines stay.
    Lines,
    /// In one line however narrow the terminal is: somebody copies it.
    Unbroken,
    Good,
    Bad,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Plain }
    }

    pub(crate) fn whole(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Whole }
    }

    pub(crate) fn lines(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Lines }
    }

    pub(crate) fn good(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Good }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Bad }
    }

    pub(crate) fn unbroken(text: impl Into<String>) -> Self {
        Cell { text: text.into(), tone: Tone::Unbroken }
    }

    /// What was decided, and by which rules where it was not allowed.
    pub(crate) fn verdict(verdict: &str, rules: &[String]) -> Self {
        match verdict {
            "allow" => Cell::good("allow"),
            other => Cell::bad(format!("{other} ({})", rules.join(" "))),
        }
    }

    fn render(self, in_colours: bool) -> comfy_table::Cell {
        let cell = match self.tone {
            Tone::Whole | Tone::Unbroken => comfy_table::Cell::new(escaped(&self.text)),
            Tone::Lines => {
                comfy_table::Cell::new(self.text.lines().map(escaped).collect::<Vec<_>>().join("\n"))
            }
            Tone::Plain | Tone::Good | Tone::Bad => comfy_table::Cell::new(shortened(&escaped(&self.text))),
        };
        match self.tone {
            _ if !in_colours => cell,
            Tone::Plain | Tone::Whole | Tone::Lines | Tone::Unbroken => cell,
            Tone::Good => cell.fg(Color::Green),
            Tone::Bad => cell.fg(Color::Red).add_attribute(Attribute::Bold),
        }
    }
}

pub(super) fn text<Row: Shown>(rows: &[Row]) -> String {
    // A terminal's colours are comfy-table's business; that somebody wants none is ours.
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let in_colours = stdout().is_terminal() && !no_color;
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(Row::HEADINGS.iter().copied());
    for row in rows {
        let cells = row.cells();
        for (number, _) in cells.iter().enumerate().filter(|(_, cell)| matches!(cell.tone, Tone::Unbroken)) {
            if let Some(column) = table.column_mut(number) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        table.add_row(cells.into_iter().map(|cell| cell.render(in_colours)));
    }
    format!("{table}\n")
}

/// Cut where it is long.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(LETTERS_MAX) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
    }
}
