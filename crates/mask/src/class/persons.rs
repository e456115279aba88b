//! Whether values are names of persons: by names that people have (of the `fake` crate), and by how such values are written.
//!
//! One value says little: `Madison Park` may be anybody or a street. Only a column of them tells.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use deunicode::deunicode;
use fake::locales::{
    AR_SA, CY_GB, DE_DE, Data, EN, FA_IR, FR_FR, IT_IT, JA_JP, NL_NL, PT_BR, PT_PT, TR_TR, ZH_CN, ZH_TW,
};

use crate::detect::is_street;

/// Fewest different names that tell, and fewest different values where first names stand alone.
const NAMES_MIN: u32 = 10;
const FIRST_NAMES_MIN: u32 = 20;

/// So many of a hundred different values are names, or first names alone, where the column is. Of other columns of values that are
/// written like names a third is at most, and of words alone a sixth.
const NAMES_PERCENT: u64 = 50;
const FIRST_NAMES_PERCENT: u64 = 80;

/// Of a hundred names so many have a surname that is known: the list has few, but things that have first names (`Billy Shelf`) have none.
const SURNAMES_PERCENT: u64 = 5;

/// Of a hundred values fewer have the same last word, or one with the same hash: `Lincoln School`, `Madison Street`.
const LAST_WORD_PERCENT: u64 = 40;

/// Longest value that can be a name, in bytes.
const NAME_BYTES_MAX: usize = 80;

/// Words of a name, without titles, initials and what stands between.
const WORDS_MAX: usize = 4;

/// Titles that are written without a point, too.
const TITLES: [&str; 12] =
    ["dr", "frau", "herr", "madame", "miss", "mlle", "mme", "monsieur", "mr", "mrs", "ms", "prof"];

/// What stands behind a comma, or last, and is no name.
const SUFFIXES: [&str; 8] = ["esq", "ii", "iii", "iv", "jr", "md", "phd", "sr"];

/// Small words inside of surnames.
const PARTICLES: [&str; 27] = [
    "af", "al", "av", "bin", "da", "dal", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du",
    "e", "el", "ibn", "la", "le", "ten", "ter", "van", "von", "y", "zu",
];

/// Names in small ASCII letters.
struct Known {
    first: HashSet<String>,
    last: HashSet<String>,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let mut known = Known { first: HashSet::new(), last: HashSet::new() };
    known.add::<AR_SA>();
    known.add::<CY_GB>();
    known.add::<DE_DE>();
    known.add::<EN>();
    known.add::<FA_IR>();
    known.add::<FR_FR>();
    known.add::<IT_IT>();
    known.add::<JA_JP>();
    known.add::<NL_NL>();
    known.add::<PT_BR>();
    known.add::<PT_PT>();
    known.add::<TR_TR>();
    known.add::<ZH_CN>();
    known.add::<ZH_TW>();
    known
});

impl Known {
    fn add<L: Data>(&mut self) {
        let folded =
            |names: &'static [&'static str]| names.iter().flat_map(|name| name.split(' ')).map(folded);
        self.first.extend(folded(L::NAME_FIRST_NAME));
        self.last.extend(folded(L::NAME_LAST_NAME));
    }

    /// Both halves of `Anne-Marie` are, or the whole.
    fn is_first(&self, name: &str) -> bool {
        self.first.contains(name)
            || name.contains('-') && name.split('-').all(|half| self.first.contains(half))
    }

    fn is_last(&self, name: &str) -> bool {
        name.split('-').any(|half| self.last.contains(half))
    }
}

/// `José` and `JOSE` are the same name.
fn folded(name: &str) -> String {
    deunicode(name).trim().to_lowercase()
}

/// What the values of a column have of names. It is kept of many columns, and so takes the same place however many values there were.
#[derive(Clone, Debug, Default)]
pub(super) struct Persons {
    /// A bit for each hash of a value, so that each counts once: a few count as one.
    seen: [u128; 32],
    values: u32,
    names: u32,
    /// Names with a surname that is known.
    surnames: u32,
    /// First names alone.
    first_names: u32,
    /// How often last words have each hash: with as few as 32, `Brown` and `Jones` were one.
    last_words: [[u32; 32]; 4],
}

impl Persons {
    /// One more value.
    pub(super) fn note(&mut self, value: &[u8]) {
        let place = hash(value);
        let bit = 1 << (place % 128);
        let Some(seen) = self.seen.get_mut(usize::try_from(place / 128 % 32).unwrap_or_default()) else {
            return;
        };
        if *seen & bit != 0 {
            return;
        }
        *seen |= bit;
        self.values = self.values.saturating_add(1);
        let text = core::str::from_utf8(value).ok().filter(|text| text.len() <= NAME_BYTES_MAX);
        let Some(words) = text.and_then(words) else { return };
        match words.as_slice() {
            [word] => self.first_names += u32::from(KNOWN.is_first(word)),
            [first, rest @ .., last] => {
                let place = usize::try_from(hash(last) % 128).unwrap_or_default();
                let count = self.last_words.as_flattened_mut().get_mut(place);
                count.into_iter().for_each(|count| *count += 1);
                // Some write the surname first.
                let is_turned = || KNOWN.is_first(last) && KNOWN.is_last(first);
                if !is_street(last) && (KNOWN.is_first(first) || is_turned()) {
                    self.names += 1;
                    let is_known = rest.iter().chain([first, last]).any(|word| KNOWN.is_last(word));
                    self.surnames += u32::from(is_known);
                }
            }
            [] => {}
        }
    }

    /// Adds what other values of the same column have.
    pub(super) fn add(&mut self, other: &Persons) {
        self.seen.iter_mut().zip(other.seen).for_each(|(seen, more)| *seen |= more);
        self.counts()
            .zip(other.clone().counts())
            .for_each(|(count, more)| *count = count.saturating_add(*more));
    }

    /// Half of each count: what is added next counts twice as much.
    pub(super) fn halve(&mut self) {
        self.counts().for_each(|count| *count /= 2);
    }

    fn counts(&mut self) -> impl Iterator<Item = &mut u32> {
        let Persons { seen: _, values, names, surnames, first_names, last_words } = self;
        [values, names, surnames, first_names].into_iter().chain(last_words.as_flattened_mut())
    }

    /// How many are names.
    pub(super) fn names(&self) -> u32 {
        self.names.max(self.first_names)
    }

    /// Whether the column is of names.
    pub(super) fn are_most(&self) -> bool {
        let is_share = |part: u32, of: u32, percent: u64| u64::from(of) * percent <= u64::from(part) * 100;
        let most = self.last_words.as_flattened().iter().max().copied().unwrap_or(0);
        let are_names = NAMES_MIN <= self.names
            && is_share(self.names, self.values, NAMES_PERCENT)
            && is_share(self.surnames, self.names, SURNAMES_PERCENT)
            && !is_share(most, self.values, LAST_WORD_PERCENT);
        let are_first_names =
            FIRST_NAMES_MIN <= self.values && is_share(self.first_names, self.values, FIRST_NAMES_PERCENT);
        are_names || are_first_names
    }
}

fn hash(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The words of what is written like a name, folded, those of the given name first. `None`: it is written like something else.
fn words(text: &str) -> Option<Vec<String>> {
    let is_of_name = |sign: char| sign.is_alphabetic() || matches!(sign, ' ' | '.' | ',' | '\'' | '’' | '-');
    if !text.chars().all(is_of_name) {
        return None;
    }
    let parts: Vec<&str> = text.split(',').collect();
    let words = match parts.as_slice() {
        [name] => part(name)?,
        [name, suffix] if SUFFIXES.contains(&folded(suffix.trim().trim_matches('.')).as_str()) => part(name)?,
        [last, first] => {
            let (first, last) = (part(first)?, part(last)?);
            if first.is_empty() || last.is_empty() {
                return None;
            }
            [first, last].concat()
        }
        _ => return None,
    };
    (1..=WORDS_MAX).contains(&words.len()).then_some(words)
}

/// The words of a name, or of one side of its comma.
fn part(text: &str) -> Option<Vec<String>> {
    let all: Vec<&str> = text.split_whitespace().collect();
    let mut words = Vec::new();
    for (place, &word) in all.iter().enumerate() {
        let letters = word.chars().filter(|sign| sign.is_alphabetic()).count();
        let name = folded(word);
        let is_left_out = word.contains('.')
            || letters == 1 && word.is_ascii()
            || place == 0 && 2 < all.len() && TITLES.contains(&name.as_str())
            || place > 0 && SUFFIXES.contains(&name.as_str())
            || PARTICLES.contains(&word);
        if is_left_out {
            continue;
        }
        // Scripts without capitals have no small letters either. Of `d'Angelo` what counts stands behind.
        let begin = word.rsplit(['\'', '’']).next().and_then(|rest| rest.chars().next());
        if !begin.is_some_and(|first| first.is_alphabetic() && !first.is_lowercase()) {
            return None;
        }
        words.push(name);
    }
    Some(words)
}

#[cfg(test)]
mod tests;
