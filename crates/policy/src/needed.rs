//! Who must approve what a rule holds: somebody of a group, or several of it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Most people of one group that a rule can ask for.
const PEOPLE_MAX: usize = 20;

/// Stands between how many and of which group.
const OF: &str = " of ";

/// So many people of a group: `dba`, or `2 of dba`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Needed {
    /// The group.
    pub group: Arc<str>,
    /// How many of it, none of them the one who asks.
    pub people: usize,
}

/// A group of which somebody must still approve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing<'a> {
    needed: &'a Needed,
    /// How many have.
    have: usize,
}

/// Why a text names nobody who may approve.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must name one group that may approve, or how many of it: \"dba\", \"2 of dba\" (2 to {PEOPLE_MAX}), got \"{0}\""
)]
pub struct NobodyNamed(String);

impl FromStr for Needed {
    type Err = NobodyNamed;

    fn from_str(text: &str) -> Result<Self, NobodyNamed> {
        let odd = || NobodyNamed(text.to_owned());
        let is_number = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        let (people, group) = match text.split_once(OF) {
            Some((number, group)) if is_number(number) => match number.parse() {
                Ok(people) if (2..=PEOPLE_MAX).contains(&people) => (people, group),
                _ => return Err(odd()),
            },
            _ => (1, text),
        };
        if group.trim().is_empty() || group.contains(',') {
            return Err(odd());
        }
        Ok(Needed { group: group.into(), people })
    }
}

impl fmt::Display for Needed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.people {
            1 => f.write_str(&self.group),
            people => write!(f, "{people}{OF}{}", self.group),
        }
    }
}

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.needed.people {
            1 => f.write_str(&self.needed.group),
            people => write!(f, "{} ({} of {people})", self.needed.group, self.have),
        }
    }
}

impl Needed {
    /// Where fewer than needed have approved: that.
    pub(crate) fn missing(&self, have: usize) -> Option<Missing<'_>> {
        (have < self.people).then_some(Missing { needed: self, have })
    }

    /// What several rules need together: of each group the most that one of them asks for. Whoever is of two groups counts in both.
    pub(crate) fn together(mut all: Vec<Needed>) -> Vec<Needed> {
        // The most of each group first.
        all.sort_unstable_by(|one, other| (&one.group, other.people).cmp(&(&other.group, one.people)));
        all.dedup_by(|one, kept| one.group == kept.group);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(text: &str) -> Needed {
        text.parse().unwrap()
    }

    #[test]
    fn one_or_several_of_a_group() {
        for (text, group, people) in [
            ("dba", "dba", 1),
            ("2 of dba", "dba", 2),
            ("20 of team of x", "team of x", 20),
            ("team of x", "team of x", 1),
        ] {
            let needed = needed(text);
            assert_eq!((&*needed.group, needed.people, needed.to_string().as_str()), (group, people, text));
        }
        for odd in [
            "",
            " ",
            "dba,ops",
            "0 of dba",
            "1 of dba",
            "21 of dba",
            "2 of ",
            "2 of a,b",
            "99999999999999999999999 of dba",
        ] {
            assert!(odd.parse::<Needed>().is_err(), "{odd}");
        }
    }

    #[test]
    fn of_the_same_group_the_most_counts() {
        let all = ["dba", "2 of owners", "3 of dba", "2 of dba", "owners"].map(needed);
        let together: Vec<String> = Needed::together(all.to_vec()).iter().map(Needed::to_string).collect();
        assert_eq!(together, ["3 of dba", "2 of owners"]);
    }
}
