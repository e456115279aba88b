//! The shares of the steps as a picture (SVG) that is readable on light and on dark pages: a bar for each kind.

use std::fmt::Write;

use super::results::{Results, STEPS};
use crate::bench::plot::text;

const WIDTH: f64 = 960.0;
/// Where bars begin and end.
const LEFT: f64 = 290.0;
const RIGHT: f64 = WIDTH - 90.0;
const ROW: f64 = 22.0;
const HEAD: f64 = 62.0;

/// Colours by class, so that a page's dark mode can have its own.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.soft{fill:#59636e;font-size:12px}\
    .title{font-weight:600}.s0{fill:#818b98}.s1{fill:#0969da}.s2{fill:#1a7f37}.s3{fill:#9a6700}.s4{fill:#bc4c00}\
    .s5{fill:#8250df}@media (prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.s0{fill:#9198a1}\
    .s1{fill:#4493f8}.s2{fill:#3fb950}.s3{fill:#d29922}.s4{fill:#f0883e}.s5{fill:#ab7df8}}";

pub(super) fn svg(results: &Results, caption: &str) -> String {
    let height = HEAD + ROW * results.kinds.len() as f64 + 30.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>What the steps of reading and judging take of the time, by kind of statement</title>\n\
         <style>{STYLE}</style>\n"
    );
    text(
        &mut svg,
        10.0,
        20.0,
        "title",
        "start",
        "Reading and judging a new statement: shares of the steps, and the median time",
    );
    let mut x = 10.0;
    for (step, name) in STEPS.iter().enumerate() {
        bar(&mut svg, x, 32.0, 10.0, step);
        text(&mut svg, x + 15.0, 42.0, "soft", "start", name);
        x += 40.0 + 7.0 * name.len() as f64;
    }
    for (row, kind) in results.kinds.iter().enumerate() {
        let top = HEAD + ROW * row as f64;
        text(&mut svg, LEFT - 10.0, top + 14.0, "", "end", &kind.kind);
        let mut x = LEFT;
        for (step, share) in kind.shares.iter().enumerate() {
            let width = share * (RIGHT - LEFT);
            bar(&mut svg, x, top + 3.0, width, step);
            x += width;
        }
        text(&mut svg, WIDTH - 10.0, top + 14.0, "", "end", &format!("{:.0} µs", kind.cold_us()));
    }
    text(&mut svg, 10.0, height - 12.0, "soft", "start", caption);
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, x: f64, y: f64, width: f64, step: usize) {
    let _ = writeln!(
        svg,
        "<rect class=\"s{step}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
        if width == 10.0 { 10.0 } else { ROW - 7.0 }
    );
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::example;
    use super::*;

    #[test]
    fn each_kind_has_a_bar_of_its_steps() {
        let results = example();
        let svg = svg(&results, "a < b");
        assert_eq!(svg.matches("<rect").count(), STEPS.len() * (1 + results.kinds.len()));
        assert!(svg.contains("a &lt; b") && svg.contains(">3 µs</text>"), "{svg}");
    }
}
