//! Results as a picture (SVG) that is readable on light and on dark pages: PgBouncer is the line at 1.

use std::fmt::Write;

use super::field::{DIRECT, NAMES, PGBOUNCER, PICKET, RELAY};
use super::results::Measured;

const WIDTH: f64 = 960.0;
/// Where the scale begins and ends.
const LEFT: f64 = 350.0;
const RIGHT: f64 = WIDTH - 70.0;
const ROW: f64 = 24.0;
const HEAD: f64 = 62.0;

/// Colours by class, so that a page's dark mode can have its own.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.soft{fill:#59636e;font-size:12px}\
    .title{font-weight:600}.grid{stroke:#d1d9e0}.pgbouncer{stroke:#bc4c00;stroke-width:2}.direct{fill:#818b98}\
    .relay{fill:#0969da}.picket{fill:#1a7f37}.round{opacity:.35}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#3d444d}\
    .pgbouncer{stroke:#f0883e}.direct{fill:#9198a1}.relay{fill:#4493f8}.picket{fill:#3fb950}}";

/// One panel: what is compared, which way is better, and the ratio to PgBouncer of a contender in a round.
struct Panel {
    title: &'static str,
    ratio: fn(&Measured, usize, usize) -> Option<f64>,
    median: fn(&Measured, usize) -> Option<f64>,
}

const PANELS: [Panel; 2] = [
    Panel {
        title: "Work per second ÷ PgBouncer's (further right is better)",
        ratio: |measured, round, contender| {
            let round = &measured.rounds[round];
            Some(round[contender].per_second / round[PGBOUNCER].per_second)
        },
        median: Measured::speed,
    },
    Panel {
        title: "CPU time of the proxy for the same work ÷ PgBouncer's (further left is better)",
        ratio: |measured, round, contender| {
            let round = &measured.rounds[round];
            Some(round[contender].cost?.proxy() / round[PGBOUNCER].cost?.proxy())
        },
        median: Measured::cost,
    },
];

pub(super) fn svg(all: &[Measured], caption: &str) -> String {
    let panel_height = HEAD + ROW * all.len() as f64 + 20.0;
    let height = panel_height * PANELS.len() as f64 + 30.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Picket, a bare relay and a direct connection, each compared with PgBouncer</title>\n\
         <style>{STYLE}</style>\n"
    );
    for (number, panel) in PANELS.iter().enumerate() {
        draw(&mut svg, panel, all, panel_height * number as f64);
    }
    text(&mut svg, 10.0, height - 12.0, "soft", "start", caption);
    svg.push_str("</svg>\n");
    svg
}

fn draw(svg: &mut String, panel: &Panel, all: &[Measured], top: f64) {
    let scale = Scale::for_ratios(all.iter().flat_map(|measured| {
        let rounds = 0..measured.rounds.len();
        rounds.flat_map(move |round| shown().filter_map(move |(c, _)| (panel.ratio)(measured, round, c)))
    }));
    text(svg, 10.0, top + 20.0, "title", "start", panel.title);
    let mut x = 10.0;
    for (contender, class) in shown() {
        dot(svg, x + 5.0, top + 36.0, 5.0, class);
        text(svg, x + 15.0, top + 40.0, "soft", "start", NAMES[contender]);
        x += 30.0 + 7.0 * NAMES[contender].len() as f64;
    }
    text(svg, x, top + 40.0, "soft", "start", "(small: single rounds)");
    let (first, last) = (top + HEAD - 4.0, top + HEAD + ROW * all.len() as f64);
    for tick in scale.ticks() {
        let class = if tick == 1.0 { "pgbouncer" } else { "grid" };
        let x = scale.x(tick);
        let _ = writeln!(
            svg,
            "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{first}\" x2=\"{x:.1}\" y2=\"{last}\"/>"
        );
        let label = if tick == 1.0 { "PgBouncer".to_string() } else { format!("{tick}") };
        text(svg, x, first - 5.0, "soft", "middle", &label);
    }
    for (row, measured) in all.iter().enumerate() {
        let y = top + HEAD + ROW * (row as f64 + 0.5);
        text(svg, LEFT - 14.0, y + 4.0, "", "end", &measured.workload);
        for (contender, class) in shown() {
            for round in 0..measured.rounds.len() {
                if let Some(ratio) = (panel.ratio)(measured, round, contender) {
                    dot(svg, scale.x(ratio), y, 2.5, &format!("{class} round"));
                }
            }
            if let Some(ratio) = (panel.median)(measured, contender) {
                dot(svg, scale.x(ratio), y, 5.0, class);
            }
        }
        if let Some(ratio) = (panel.median)(measured, PICKET) {
            text(svg, WIDTH - 10.0, y + 4.0, "", "end", &format!("{ratio:.2}"));
        }
    }
}

/// Who is drawn, Picket above the others.
fn shown() -> impl Iterator<Item = (usize, &'static str)> {
    [(DIRECT, "direct"), (RELAY, "relay"), (PICKET, "picket")].into_iter()
}

/// Ratios stand on a logarithmic scale: half as fast is as far from 1 as twice as fast.
struct Scale {
    /// Powers of two.
    low: i32,
    high: i32,
}

impl Scale {
    fn for_ratios(ratios: impl Iterator<Item = f64>) -> Self {
        let mut scale = Self { low: -1, high: 1 };
        for power in ratios.map(f64::log2).filter(|power| power.is_finite()) {
            scale.low = scale.low.min(power.floor() as i32);
            scale.high = scale.high.max(power.ceil() as i32);
        }
        scale
    }

    fn x(&self, ratio: f64) -> f64 {
        let part = (ratio.log2() - f64::from(self.low)) / f64::from(self.high - self.low);
        LEFT + part * (RIGHT - LEFT)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> + use<> {
        (self.low..=self.high).map(|power| 2.0_f64.powi(power))
    }
}

pub(super) fn dot(svg: &mut String, x: f64, y: f64, radius: f64, class: &str) {
    let _ = writeln!(svg, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>");
}

/// Writes a text, whatever is in it.
pub(crate) fn text(svg: &mut String, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::results::tests::example;

    #[test]
    fn pgbouncer_is_a_line_and_the_others_are_dots_on_the_right_side_of_it() {
        let svg = svg(&[example()], "a < b");
        assert_eq!(svg.matches("<line class=\"pgbouncer\"").count(), PANELS.len());
        assert!(
            svg.contains("a &lt; b") && svg.contains(">0.65</text>") && svg.contains(">2.00</text>"),
            "{svg}"
        );
        let scale = Scale::for_ratios([0.3, 1.5].into_iter());
        assert_eq!((scale.low, scale.high), (-2, 1));
        assert!(scale.x(0.65) < scale.x(1.0) && scale.x(1.0) < scale.x(1.25));
        assert!((scale.x(0.25) - LEFT).abs() < 1e-9 && (scale.x(2.0) - RIGHT).abs() < 1e-9);
    }
}
