//! Which tests ended otherwise through the proxy than directly, and whether that was known.

use std::collections::BTreeSet;

use super::list::Extent;
use super::outcomes::{Outcome, Outcomes};

/// A difference that is meant. docs/compatibility.md says why.
pub(super) struct Difference {
    pub(super) test: &'static str,
    pub(super) direct: &'static str,
    pub(super) through: &'static str,
}

/// The better outcome of each way, of a run and of what ran again.
pub(super) fn better(outcomes: &mut Outcomes, again: Outcomes) {
    for (test, outcome) in again {
        let worse = outcomes.get(&test).is_none_or(|before| outcome.rank() < before.rank());
        if worse {
            outcomes.insert(test, outcome);
        }
    }
}

/// The tests that ended in two ways.
pub(super) fn between<'a>(direct: &'a Outcomes, through: &'a Outcomes) -> Vec<&'a str> {
    let all: BTreeSet<&str> = direct.keys().chain(through.keys()).map(String::as_str).collect();
    all.into_iter().filter(|test| word(direct, test) != word(through, test)).collect()
}

/// What is not as it is known: one sentence for each difference that is new, or is no more.
pub(super) fn unknown(
    direct: &Outcomes,
    through: &Outcomes,
    known: &[Difference],
    extent: Extent,
) -> Vec<String> {
    let is_known = |test: &&str| {
        let as_known =
            |known: &Difference| known.direct == word(direct, test) && known.through == word(through, test);
        known.iter().any(|known| known.test == *test && as_known(known))
    };
    let seen = between(direct, through);
    // Nobody is held up by a test that fails without the proxy and passes with it: those that wait for a connection to
    // break do so by chance.
    let is_better = |test: &&&str| word(direct, test) == "failed" && word(through, test) == "passed";
    let more = seen.iter().filter(|test| !is_known(test) && !is_better(test)).map(|test| {
        let text =
            through.get(*test).or_else(|| direct.get(*test)).map_or("", |outcome| outcome.text.as_str());
        format!("{test}: {} directly, {} through the proxy\n{text}", word(direct, test), word(through, test))
    });
    // A part of the suite need not have them all.
    let was_meant = |known: &&Difference| extent == Extent::All || direct.contains_key(known.test);
    let less = known.iter().filter(was_meant).filter(|known| !seen.contains(&known.test)).map(|known| {
        format!("{}: {} both ways, and a difference is explained", known.test, word(direct, known.test))
    });
    more.chain(less).collect()
}

fn word<'a>(outcomes: &'a Outcomes, test: &str) -> &'a str {
    outcomes.get(test).map_or("not run", |Outcome { word, .. }| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [Difference; 1] = [Difference { test: "b", direct: "passed", through: "failed" }];

    fn outcomes(words: &[(&str, &str)]) -> Outcomes {
        let outcome = |word: &str| Outcome { word: word.to_string(), text: format!("it {word}") };
        words.iter().map(|(test, word)| ((*test).to_string(), outcome(word))).collect()
    }

    #[test]
    fn what_is_known_is_no_failure() {
        let direct = outcomes(&[("a", "passed"), ("b", "passed")]);
        let through = outcomes(&[("a", "passed"), ("b", "failed")]);
        assert_eq!(between(&direct, &through), ["b"]);
        assert!(unknown(&direct, &through, &KNOWN, Extent::All).is_empty());
    }

    #[test]
    fn what_passes_only_through_the_proxy_is_no_failure() {
        let (direct, through) = (outcomes(&[("a", "failed")]), outcomes(&[("a", "passed")]));
        assert!(unknown(&direct, &through, &[], Extent::All).is_empty());
        assert_eq!(unknown(&through, &direct, &[], Extent::All).len(), 1);
    }

    #[test]
    fn one_difference_more_or_less_is_a_failure() {
        let direct = outcomes(&[("a", "passed"), ("b", "passed"), ("c", "failed")]);
        let through = outcomes(&[("a", "failed"), ("b", "passed")]);
        let told = [
            "a: passed directly, failed through the proxy\nit failed",
            "c: failed directly, not run through the proxy\nit failed",
            "b: passed both ways, and a difference is explained",
        ];
        assert_eq!(unknown(&direct, &through, &KNOWN, Extent::All), told);
    }

    #[test]
    fn the_better_of_two_outcomes_counts() {
        let mut seen = outcomes(&[("a", "failed"), ("b", "passed")]);
        better(&mut seen, outcomes(&[("a", "passed"), ("b", "failed")]));
        assert_eq!(seen, outcomes(&[("a", "passed"), ("b", "passed")]));
    }
}
