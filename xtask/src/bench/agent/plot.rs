//! Ratios as a picture (SVG) that is readable on light and on dark pages: without an agent is the line at 1.

use std::fmt::Write;

use super::results::{Measured, ratio};
use super::stage::{DENY, OBSERVE};
use crate::bench::plot::{dot, text};

const WIDTH: f64 = 960.0;
/// Where the scale begins and ends.
const LEFT: f64 = 230.0;
const RIGHT: f64 = WIDTH - 110.0;
const ROW: f64 = 24.0;
const HEAD: f64 = 62.0;
/// Between two lines of the scale.
const TICK: f64 = 0.1;
/// The least that the scale shows, in ticks.
const TICKS_MIN: (f64, f64) = (8.0, 11.0);

/// Colours by class, so that a page's dark mode can have its own.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.soft{fill:#59636e;font-size:12px}\
    .title{font-weight:600}.grid{stroke:#d1d9e0}.without{stroke:#bc4c00;stroke-width:2}.observe{fill:#0969da}\
    .deny{fill:#1a7f37}.round{opacity:.35}\
    @media(prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.grid{stroke:#3d444d}\
    .without{stroke:#f0883e}.observe{fill:#4493f8}.deny{fill:#3fb950}}";

const SHOWN: [(usize, &str, f64); 2] = [(OBSERVE, "observe", -5.0), (DENY, "deny", 5.0)];

pub(super) fn svg(all: &[Measured], caption: &str) -> String {
    let bottom = HEAD + ROW * all.len() as f64;
    let height = bottom + 40.0;
    let ratios = all.iter().flat_map(|it| it.rounds.iter());
    let ratios = ratios.flat_map(|round| SHOWN.map(|(contender, ..)| ratio(round, contender) / TICK));
    let (low, high) = ratios
        .filter(|it| it.is_finite())
        .fold(TICKS_MIN, |(low, high), it| (low.min(it.floor()), high.max(it.ceil())));
    let at = |ratio: f64| LEFT + (ratio / TICK - low) / (high - low) * (RIGHT - LEFT);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>pgbench with an agent, compared with none</title>\n<style>{STYLE}</style>\n"
    );
    text(
        &mut svg,
        10.0,
        20.0,
        "title",
        "start",
        "Transactions per second ÷ without an agent (further right is better)",
    );
    for (x, class, name) in [(15.0, "observe", "observe"), (95.0, "deny", "deny (small: single rounds)")] {
        dot(&mut svg, x, 36.0, 5.0, class);
        text(&mut svg, x + 10.0, 40.0, "soft", "start", name);
    }
    for tick in (low as i32)..=(high as i32) {
        let (value, is_without) = (f64::from(tick) * TICK, tick == 10);
        let (x, class) = (at(value), if is_without { "without" } else { "grid" });
        let _ = writeln!(
            svg,
            "<line class=\"{class}\" x1=\"{x:.1}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>",
            HEAD - 4.0
        );
        let label = if is_without { "without".to_owned() } else { format!("{value:.1}") };
        text(&mut svg, x, HEAD - 9.0, "soft", "middle", &label);
    }
    for (row, it) in all.iter().enumerate() {
        let y = HEAD + ROW * (row as f64 + 0.5);
        text(&mut svg, LEFT - 14.0, y + 4.0, "", "end", &it.workload);
        for (contender, class, lift) in SHOWN {
            for round in &it.rounds {
                dot(&mut svg, at(ratio(round, contender)), y + lift, 2.5, &format!("{class} round"));
            }
            if let Some(median) = it.speed(contender) {
                dot(&mut svg, at(median), y + lift, 5.0, class);
            }
        }
        let medians = SHOWN.map(|(contender, ..)| format!("{:.2}", it.speed(contender).unwrap_or(f64::NAN)));
        text(&mut svg, WIDTH - 10.0, y + 4.0, "", "end", &medians.join(", "));
    }
    text(&mut svg, 10.0, height - 12.0, "soft", "start", caption);
    svg.push_str("</svg>\n");
    svg
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::example;
    use super::*;

    #[test]
    fn no_agent_is_a_line_and_each_round_has_a_dot_for_both() {
        let svg = svg(&[example()], "a < b");
        assert_eq!(svg.matches("<line class=\"without\"").count(), 1);
        assert_eq!(svg.matches("round\" cx").count(), 6);
        assert!(svg.contains(">0.99, 0.90</text>") && svg.contains("a &lt; b"), "{svg}");
    }
}
