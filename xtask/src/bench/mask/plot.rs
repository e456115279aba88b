//! F1 of each class as a picture (SVG) that is readable on light and on dark pages.

use std::fmt::Write;

use super::results::Results;
use crate::bench::plot::text;

const WIDTH: f64 = 960.0;
/// Where bars begin, and where they end at 1.
const LEFT: f64 = 150.0;
const RIGHT: f64 = WIDTH - 120.0;
const ROW: f64 = 30.0;
const BAR: f64 = 11.0;
const HEAD: f64 = 62.0;

/// Colours by class, so that a page's dark mode can have its own.
const STYLE: &str = "text{font:13px system-ui,sans-serif;fill:#1f2328}.soft{fill:#59636e;font-size:12px}\
    .title{font-weight:600}.picket{fill:#1a7f37}.presidio{fill:#818b98}\
    @media (prefers-color-scheme:dark){text{fill:#f0f6fc}.soft{fill:#9198a1}.picket{fill:#3fb950}.presidio{fill:#9198a1}}";

pub(super) fn svg(results: &Results, caption: &str) -> String {
    let height = HEAD + ROW * results.classes.len() as f64 + 30.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>F1 of the detectors and of Presidio's pattern recognisers, by class</title>\n\
         <style>{STYLE}</style>\n"
    );
    text(&mut svg, 10.0, 20.0, "title", "start", "F1 by class (further right is better)");
    for (x, class, name) in [(10.0, "picket", "Picket"), (100.0, "presidio", "Presidio, every score")] {
        bar(&mut svg, x, 33.0, BAR, class);
        text(&mut svg, x + 16.0, 43.0, "soft", "start", name);
    }
    for (row, class) in results.classes.iter().enumerate() {
        let top = HEAD + ROW * row as f64;
        text(&mut svg, LEFT - 10.0, top + 17.0, "", "end", &class.class);
        let ours = class.ours.f1();
        bar(&mut svg, LEFT, top + 2.0, ours * (RIGHT - LEFT), "picket");
        let told = if class.is_presidios() {
            bar(&mut svg, LEFT, top + 2.0 + BAR, class.presidio.f1() * (RIGHT - LEFT), "presidio");
            format!("{ours:.3}, {:.3}", class.presidio.f1())
        } else {
            format!("{ours:.3}, none")
        };
        text(&mut svg, WIDTH - 10.0, top + 17.0, "", "end", &told);
    }
    text(&mut svg, 10.0, height - 12.0, "soft", "start", caption);
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, x: f64, y: f64, width: f64, class: &str) {
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{BAR:.1}\"/>"
    );
}

#[cfg(test)]
mod tests {
    use super::super::results::tests::example;
    use super::*;

    #[test]
    fn each_class_has_bars_of_those_who_know_it() {
        let svg = svg(&example(), "a < b");
        assert_eq!(svg.matches("<rect class=\"picket\"").count(), 3);
        assert_eq!(svg.matches("<rect class=\"presidio\"").count(), 2);
        assert!(
            svg.contains("a &lt; b")
                && svg.contains(">0.667, 1.000</text>")
                && svg.contains(">0.667, none</text>")
        );
    }
}
