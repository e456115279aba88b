//! A board drawn from what its queries answered (SVG), readable on light and on dark pages. It is not how Grafana looks.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::data::Shown;
use super::spec::{Board, Kind, Panel, WIDTH};
use crate::bench::plot_text;

const UNIT: f64 = 48.0;
const HEIGHT: f64 = 190.0;
const GAP: f64 = 12.0;
const HEAD: f64 = 60.0;
/// Rows of a table that are drawn, and the width of a letter.
const ROWS: usize = 7;
const LETTER: f64 = 6.3;
const COLOURS: usize = 6;

const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.soft{fill:#59636e;font-size:11px}\
    .title{font-weight:600}.head{font-size:17px;font-weight:600}.panel{fill:none;stroke:#d1d9e0}.grid{stroke:#d1d9e0}\
    .cell{font:11px ui-monospace,monospace}.l{fill:none;stroke-width:1.6}\
    .c0{stroke:#0969da}.c1{stroke:#bc4c00}.c2{stroke:#1a7f37}.c3{stroke:#8250df}.c4{stroke:#9a6700}.c5{stroke:#cf222e}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.panel,.grid{stroke:#3d444d}\
    .c0{stroke:#4493f8}.c1{stroke:#f0883e}.c2{stroke:#3fb950}.c3{stroke:#ab7df8}.c4{stroke:#d29922}.c5{stroke:#f85149}}";

pub(super) fn svg(board: &Board, shown: &[Shown]) -> String {
    let mut body = String::new();
    let (mut x, mut y) = (0, HEAD);
    for (panel, shown) in board.panels.iter().zip(shown) {
        if WIDTH < x + panel.width {
            (x, y) = (0, y + HEIGHT + GAP);
        }
        let frame = Frame { x: f64::from(x) * UNIT, y, width: f64::from(panel.width) * UNIT - GAP };
        frame.draw(&mut body, panel, shown);
        x += panel.width;
    }
    let (width, height) = (f64::from(WIDTH) * UNIT, y + HEIGHT + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n<title>{}</title>\n\
         <style>{STYLE}</style>\n",
        board.title
    );
    plot_text(
        &mut svg,
        4.0,
        22.0,
        "head",
        "start",
        &board.title.replace("$object", board.object.as_deref().unwrap_or("")),
    );
    plot_text(&mut svg, 4.0, 44.0, "soft", "start", &board.question);
    svg + &body + "</svg>\n"
}

/// Where a panel is.
struct Frame {
    x: f64,
    y: f64,
    width: f64,
}

impl Frame {
    fn draw(&self, svg: &mut String, panel: &Panel, shown: &Shown) {
        let Frame { x, y, width } = self;
        let _ = writeln!(
            svg,
            "<rect class=\"panel\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\" rx=\"4\"/>"
        );
        plot_text(svg, x + 10.0, y + 20.0, "title", "start", &panel.title);
        match panel.kind {
            Kind::Table => self.table(svg, shown),
            Kind::TimeSeries => self.lines(svg, panel, shown),
        }
    }

    /// The first rows, as wide as there is room.
    fn table(&self, svg: &mut String, shown: &Shown) {
        let rows: Vec<Vec<String>> =
            shown.rows.iter().take(ROWS).map(|row| row.iter().map(short).collect()).collect();
        let mut x = self.x + 10.0;
        for (number, name) in shown.columns.iter().enumerate() {
            let cells = rows.iter().filter_map(|row| row.get(number));
            let longest =
                cells.clone().map(|cell| cell.chars().count()).chain([name.len()]).max().unwrap_or(0);
            let room = ((self.x + self.width - x - 8.0) / LETTER).max(0.0) as usize;
            if room < longest.min(8) {
                break;
            }
            let fit = |text: &str| match text.chars().count() <= room {
                true => text.to_owned(),
                false => text.chars().take(room - 1).chain(['…']).collect(),
            };
            plot_text(svg, x, self.y + 42.0, "soft", "start", &fit(name));
            for (row, cell) in cells.enumerate() {
                plot_text(svg, x, self.y + 60.0 + 18.0 * row as f64, "cell", "start", &fit(cell));
            }
            x += (longest as f64 + 2.0) * LETTER;
        }
    }

    /// A line for each series: a column of numbers, or where there is a column of names, one for each name.
    fn lines(&self, svg: &mut String, panel: &Panel, shown: &Shown) {
        let series = series(shown);
        let times: Vec<&str> = series.values().flat_map(|points| points.keys().map(String::as_str)).collect();
        let mut times: Vec<&str> = times;
        times.sort_unstable();
        times.dedup();
        let most = series.values().flat_map(BTreeMap::values).copied().fold(f64::MIN_POSITIVE, f64::max);
        let (left, right) = (self.x + 52.0, self.x + self.width - 12.0);
        let (top, bottom) = (self.y + 34.0, self.y + HEIGHT - 44.0);
        for (part, at) in [(0.0, bottom), (0.5, (top + bottom) / 2.0), (1.0, top)] {
            let _ =
                writeln!(svg, "<line class=\"grid\" x1=\"{left}\" y1=\"{at}\" x2=\"{right}\" y2=\"{at}\"/>");
            let label = format!("{} {}", number(most * part), panel.unit);
            plot_text(svg, left - 5.0, at + 4.0, "soft", "end", label.trim());
        }
        let last = times.len().saturating_sub(1).max(1) as f64;
        let mut legend = left;
        for ((name, points), colour) in series.iter().zip((0..COLOURS).cycle()) {
            let path: String = times
                .iter()
                .enumerate()
                .map(|(place, time)| {
                    let value = points.get(*time).copied().unwrap_or(0.0);
                    let (x, y) =
                        (left + (right - left) * place as f64 / last, bottom - (bottom - top) * value / most);
                    format!("{}{x:.1} {y:.1}", if place == 0 { 'M' } else { 'L' })
                })
                .collect();
            let _ = writeln!(svg, "<path class=\"l c{colour}\" d=\"{path}\"/>");
            if legend + 30.0 + LETTER * name.len() as f64 <= right {
                let y = bottom + 32.0;
                let _ = writeln!(svg, "<path class=\"l c{colour}\" d=\"M{legend} {y}h12\"/>");
                plot_text(svg, legend + 16.0, y + 4.0, "soft", "start", name);
                legend += 34.0 + LETTER * name.len() as f64;
            }
        }
        for (time, x, anchor) in [(times.first(), left, "start"), (times.last(), right, "end")] {
            plot_text(svg, x, bottom + 15.0, "soft", anchor, time.copied().unwrap_or_default());
        }
    }
}

fn series(shown: &Shown) -> BTreeMap<String, BTreeMap<String, f64>> {
    let mut series: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for row in &shown.rows {
        let time = row.first().map(text).unwrap_or_default();
        let name = row.iter().skip(1).find_map(Value::as_str);
        for (column, value) in shown.columns.iter().zip(row).skip(1) {
            if let Some(value) = value.as_f64() {
                let name = name.unwrap_or(column).to_owned();
                series.entry(name).or_default().insert(time.clone(), value);
            }
        }
    }
    series
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value as a cell: moments without their microseconds, numbers with few digits.
fn short(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Number(given) => given.as_f64().map_or_else(|| given.to_string(), number),
        value => {
            let text = text(value);
            match text.split_once('.') {
                Some((moment, micros)) if micros.len() == 6 && moment.len() == 19 => moment.to_owned(),
                _ => text,
            }
        }
    }
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_in_a_column_are_lines_and_so_are_columns_of_numbers() {
        let shown = |columns: &[&str], rows: Value| Shown {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows: serde_json::from_value(rows).unwrap_or_default(),
        };
        let long = shown(
            &["time", "verdict", "n"],
            json!([["1", "allow", 3], ["1", "refuse", 1], ["2", "allow", 2]]),
        );
        let long = series(&long);
        assert_eq!(long["allow"], BTreeMap::from([("1".to_owned(), 3.0), ("2".to_owned(), 2.0)]));
        assert_eq!(long["refuse"].len(), 1);
        let wide = series(&shown(&["time", "a", "b"], json!([["1", 3, 0.5]])));
        assert_eq!(wide.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(short(&json!("2026-01-01 00:00:00.123456")), "2026-01-01 00:00:00");
        assert_eq!(short(&json!(0.123456)), "0.123");
    }
}
