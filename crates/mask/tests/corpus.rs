//! Holds the detectors to the labelled values in `corpus/`: how much of each class they find, and how much that is none.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use mask::detect;

/// What came of the values of one class.
#[derive(Default)]
struct Score {
    /// Found as what they are.
    right: usize,
    /// Not found, or as something else.
    missed: usize,
    /// Harmless, and found as something.
    wrong: usize,
    harmless: usize,
}

/// The values of a class, one a line: a label, `-` for what only looks like one of the class, and after a tab the value.
fn values(class: &str) -> io::Result<Vec<(String, String)>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(class).with_extension("tsv");
    let split = |line: &str| {
        let (label, value) = line.split_once('\t')?;
        Some((label.to_string(), value.replace("\\n", "\n")))
    };
    Ok(fs::read_to_string(path)?.lines().filter_map(split).collect())
}

/// Classes that have values of their own form, each with the least recall and precision in percent.
const BOUNDS: [(&str, usize, usize); 13] = [
    ("email", 100, 100),
    ("phone", 95, 95),
    ("card", 100, 100),
    ("iban", 100, 100),
    ("national_id", 95, 95),
    ("tax_id", 95, 95),
    ("passport", 100, 100),
    ("ip_address", 100, 100),
    ("mac_address", 100, 100),
    ("geo_location", 100, 100),
    ("address", 65, 95),
    ("birth_date", 100, 100),
    ("credential", 100, 100),
];

#[test]
fn enough_of_each_class_is_found_and_little_that_is_none() {
    let mut scores = BTreeMap::<&str, Score>::new();
    for (class, ..) in BOUNDS {
        let score = scores.entry(class).or_default();
        for (label, value) in values(class).unwrap() {
            let found = detect::all(value.as_bytes()).map(|found| found.class.name()).collect::<Vec<_>>();
            let harmless = label == "-";
            score.harmless += usize::from(harmless);
            match (harmless, found.as_slice()) {
                (true, []) => {}
                (true, _) => score.wrong += 1,
                (false, found) if found.contains(&class) => score.right += 1,
                (false, _) => score.missed += 1,
            }
            if harmless != found.is_empty() || !harmless && !found.contains(&class) {
                println!("{class}: {label}: {value:?} is {found:?}");
            }
        }
    }
    println!("{:14} {:>6} {:>6} {:>9} {:>6} {:>9}", "class", "values", "found", "harmless", "wrong", "F1");
    let mut broken = Vec::new();
    for (class, recall_min, precision_min) in BOUNDS {
        let Score { right, missed, wrong, harmless } = scores[class];
        let (recall, precision) = (right * 100 / (right + missed), right * 100 / (right + wrong));
        let f1 = 2.0 * right as f64 / (2 * right + missed + wrong) as f64;
        println!("{class:14} {:>6} {right:>6} {harmless:>9} {wrong:>6} {f1:>9.3}", right + missed);
        if recall < recall_min || precision < precision_min {
            broken.push(format!("{class}: recall {recall} %, precision {precision} %"));
        }
        assert!(right + missed >= 30 && harmless >= 30, "{class} has too few values");
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
