//! The times of the questions as a picture (SVG) that is readable on light and on dark pages: a dot for each round.

use std::fmt::Write;

use super::results::{Answered, Round};
use crate::bench::plot::text;

const WIDTH: f64 = 960.0;
/// Where the scale begins and ends.
const LEFT: f64 = 400.0;
const RIGHT: f64 = WIDTH - 90.0;
const ROW: f64 = 24.0;
const HEAD: f64 = 62.0;

/// Colours by class, so that a page's dark mode can have its own.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.soft{fill:#59636e;font-size:12px}\
    .title{font-weight:600}.grid{stroke:#d1d9e0}.postgres{fill:#0969da}.ledger{fill:#1a7f37}.round{opacity:.35}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#3d444d}\
    .postgres{fill:#4493f8}.ledger{fill:#3fb950}}";

pub(super) fn svg(asked: &[Answered], caption: &str) -> String {
    let bottom = HEAD + ROW * asked.len() as f64;
    let height = bottom + 40.0;
    let all = asked.iter().flat_map(|it| it.rounds.iter()).flat_map(|it| [it.ledger_ms, it.postgres_ms]);
    // Powers of ten.
    let powers: Vec<f64> = all.map(f64::log10).filter(|power| power.is_finite()).collect();
    let low = powers.iter().copied().fold(0.0, f64::min).floor();
    let high = powers.iter().copied().fold(1.0, f64::max).ceil();
    let at = |ms: f64| LEFT + (ms.log10() - low) / (high - low) * (RIGHT - LEFT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>How long the ledger and PostgreSQL take for ten questions</title>\n<style>{STYLE}</style>\n"
    );
    text(&mut svg, 10.0, 20.0, "title", "start", "Milliseconds for an answer (further left is better)");
    for (x, class, name) in
        [(15.0, "ledger", "the ledger"), (110.0, "postgres", "PostgreSQL, the same statements")]
    {
        dot(&mut svg, x, 36.0, 5.0, class);
        text(&mut svg, x + 10.0, 40.0, "soft", "start", name);
    }
    for power in (low as i32)..=(high as i32) {
        let x = at(10.0_f64.powi(power));
        let _ = writeln!(
            svg,
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>",
            HEAD - 4.0
        );
        text(&mut svg, x, HEAD - 9.0, "soft", "middle", &format!("{}", 10.0_f64.powi(power)));
    }
    for (row, it) in asked.iter().enumerate() {
        let y = HEAD + ROW * (row as f64 + 0.5);
        text(&mut svg, LEFT - 14.0, y + 4.0, "", "end", it.question);
        for round in &it.rounds {
            dot(&mut svg, at(round.postgres_ms), y, 2.5, "postgres round");
            dot(&mut svg, at(round.ledger_ms), y, 2.5, "ledger round");
        }
        dot(&mut svg, at(it.median(|round| round.postgres_ms)), y, 5.0, "postgres");
        dot(&mut svg, at(it.median(|round| round.ledger_ms)), y, 5.0, "ledger");
        text(&mut svg, WIDTH - 10.0, y + 4.0, "", "end", &format!("× {:.1}", it.median(Round::ratio)));
    }
    text(&mut svg, 10.0, height - 12.0, "soft", "start", caption);
    svg.push_str("</svg>\n");
    svg
}

fn dot(svg: &mut String, x: f64, y: f64, radius: f64, class: &str) {
    let _ = writeln!(svg, "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\"/>");
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::example;
    use super::*;

    #[test]
    fn each_round_has_a_dot_for_both() {
        let svg = svg(&[example()], "a < b");
        assert_eq!(svg.matches("round\" cx").count(), 6);
        assert!(
            svg.contains("a &lt; b") && svg.contains("who &lt; what") && svg.contains(">× 15.0<"),
            "{svg}"
        );
    }
}
