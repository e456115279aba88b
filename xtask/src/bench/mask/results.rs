//! What was found, held to the labels of the corpus.

use std::collections::BTreeMap;
use std::fmt::Write;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::bench::results::median;

/// Of these classes Presidio has no recognisers of patterns.
const NOT_PRESIDIOS: [&str; 5] = ["geo_location", "address", "birth_date", "credential", PERSON_NAME];

/// The class that is told of columns, and not of values.
const PERSON_NAME: &str = "person_name";

/// Of the scores that Presidio gives, one that a form alone does not reach: a check digit or a word before it does.
const SURE: f64 = 0.4;

/// The label of what is harmless.
const HARMLESS: &str = "-";

/// A value of the corpus.
pub(super) struct Record {
    class: String,
    kind: String,
    /// Where what is sensitive is, in bytes.
    begin: usize,
    end: usize,
    value: String,
}

/// What one program found in each value.
pub(super) struct Found {
    pub(super) each: Vec<Vec<Match>>,
    pub(super) per_second: f64,
}

pub(super) struct Match {
    class: String,
    begin: usize,
    end: usize,
    /// How sure it is, where it says so.
    score: f64,
}

#[derive(Serialize)]
pub(super) struct Results {
    pub(super) with: String,
    pub(super) values: usize,
    pub(super) classes: Vec<Class>,
    pub(super) kinds: Vec<Kind>,
    pub(super) harmless: Vec<Kind>,
    pub(super) speeds: Vec<Speed>,
    #[serde(skip)]
    pub(super) mistakes: Vec<String>,
}

/// A class of the corpus.
#[derive(Serialize)]
pub(super) struct Class {
    pub(super) class: String,
    pub(super) ours: Score,
    /// At every score that it gives.
    pub(super) presidio: Score,
    pub(super) presidio_sure: Score,
}

#[derive(Default, Serialize)]
pub(super) struct Score {
    /// Values of the class where it was found, at their place.
    pub(super) found: usize,
    pub(super) missed: usize,
    /// Values without it where it was found.
    pub(super) wrong: usize,
}

/// Values of one kind: of how many something was found, of its class or, in what is harmless, of any.
#[derive(Default, Serialize)]
pub(super) struct Kind {
    kind: String,
    values: usize,
    ours: usize,
    presidio: usize,
    presidio_sure: usize,
}

/// One round: values per second.
#[derive(Serialize)]
pub(super) struct Speed {
    pub(super) ours: f64,
    pub(super) presidio: f64,
}

impl Record {
    pub(super) fn read_all(corpus: &str) -> Result<Vec<Record>> {
        corpus.split_terminator('\0').map(|record| Self::read(record).context("read the corpus")).collect()
    }

    fn read(record: &str) -> Option<Record> {
        let mut fields = record.splitn(5, '\t');
        let mut text = || fields.next().map(str::to_string);
        let (class, kind, begin, end, value) = (text()?, text()?, text()?, text()?, text()?);
        Some(Record { class, kind, begin: begin.parse().ok()?, end: end.parse().ok()?, value })
    }

    fn is_harmless(&self) -> bool {
        self.class == HARMLESS
    }

    /// Whether its class is among these, where it is; of what is harmless, whether there is anything.
    fn is_found(&self, found: &[Match], score_min: f64) -> bool {
        found.iter().filter(|found| score_min <= found.score).any(|found| {
            let here = found.begin < self.end && self.begin < found.end;
            self.is_harmless() || found.class == self.class && here
        })
    }
}

impl Found {
    /// A line for each value, of `CLASS:BEGIN:END` or that with scores behind it; last the speed.
    pub(super) fn parse(told: &str) -> Result<Self> {
        let (each, last) = told.trim_end_matches('\n').rsplit_once('\n').context("read what was found")?;
        let per_second = last.strip_prefix("per_second ").and_then(|number| number.parse().ok());
        let line = |line: &str| line.split('\t').filter(|text| !text.is_empty()).map(Match::parse).collect();
        let each: Option<_> = each.split('\n').map(line).collect();
        let each = each.context("read what was found in a value")?;
        Ok(Found { each, per_second: per_second.context("read how many values a second")? })
    }
}

impl Match {
    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split(':');
        let (class, begin, end) = (fields.next()?.to_string(), fields.next()?, fields.next()?);
        // The last one counts the words around it.
        let score = fields.next_back().map_or(Some(1.0), |score| score.parse().ok())?;
        Some(Match { class, begin: begin.parse().ok()?, end: end.parse().ok()?, score })
    }
}

impl Results {
    /// Each finds the same in every round.
    pub(super) fn new(records: &[Record], rounds: &[(Found, Found)], with: String) -> Self {
        let speeds = rounds
            .iter()
            .map(|(ours, presidio)| Speed { ours: ours.per_second, presidio: presidio.per_second });
        let mut results = Results {
            with,
            values: records.len(),
            classes: Vec::new(),
            kinds: Vec::new(),
            harmless: Vec::new(),
            speeds: speeds.collect(),
            mistakes: Vec::new(),
        };
        let Some((ours, presidio)) = rounds.first() else { return results };
        let score = |class: &str, found: &Found, score_min: f64| {
            let mut score = Score::default();
            for (record, found) in records.iter().zip(&found.each) {
                let claims = || found.iter().any(|found| found.class == class && score_min <= found.score);
                match (record.class == class, record.class == class && record.is_found(found, score_min)) {
                    (true, true) => score.found += 1,
                    (true, false) => score.missed += 1,
                    (false, _) => score.wrong += usize::from(claims()),
                }
            }
            score
        };
        let mut names: Vec<&str> = records.iter().map(|record| record.class.as_str()).collect();
        names.dedup();
        results.classes = names
            .into_iter()
            .filter(|name| *name != HARMLESS)
            .map(|name| Class {
                class: name.to_string(),
                ours: score(name, ours, 0.0),
                presidio: score(name, presidio, 0.0),
                presidio_sure: score(name, presidio, SURE),
            })
            .collect();
        let mut kinds = BTreeMap::<(bool, String), Kind>::new();
        for ((record, ours), presidio) in records.iter().zip(&ours.each).zip(&presidio.each) {
            let harmless = record.is_harmless();
            let name =
                if harmless { record.kind.clone() } else { format!("{}: {}", record.class, record.kind) };
            let kind = kinds.entry((harmless, name.clone())).or_default();
            kind.kind.clone_from(&name);
            kind.values += 1;
            let found = record.is_found(ours, 0.0);
            kind.ours += usize::from(found);
            kind.presidio += usize::from(record.is_found(presidio, 0.0));
            kind.presidio_sure += usize::from(record.is_found(presidio, SURE));
            if found == harmless {
                let told = ours.iter().map(|found| format!("{}:{}-{}", found.class, found.begin, found.end));
                let told = told.collect::<Vec<_>>().join(" ");
                results.mistakes.push(format!("{name}: {:?} is {told:?}", record.value));
            }
        }
        for ((harmless, _), kind) in kinds {
            if harmless { &mut results.harmless } else { &mut results.kinds }.push(kind);
        }
        results
    }

    /// The same with what each of these columns was told to hold: a line each.
    pub(super) fn with_columns(mut self, columns: &str, told: &str) -> Result<Self> {
        let columns: Vec<&str> = columns.split_terminator('\0').collect();
        let told: Vec<&str> = told.lines().collect();
        ensure!(columns.len() == told.len(), "not every column was looked at");
        let mut ours = Score::default();
        for (column, told) in columns.into_iter().zip(told) {
            let mut fields = column.split('\t');
            let (class, kind) = fields.next().zip(fields.next()).context("read the columns")?;
            match (class == PERSON_NAME, told == PERSON_NAME) {
                (true, true) => ours.found += 1,
                (true, false) => ours.missed += 1,
                (false, is_told) => ours.wrong += usize::from(is_told),
            }
            if (class == PERSON_NAME) != (told == PERSON_NAME) {
                self.mistakes.push(format!(
                    "column: {kind} is {told:?}: {}",
                    fields.take(5).collect::<Vec<_>>().join("; ")
                ));
            }
        }
        let class = PERSON_NAME.to_string();
        self.classes.push(Class { class, ours, presidio: Score::default(), presidio_sure: Score::default() });
        Ok(self)
    }

    /// As tables in Markdown.
    pub(super) fn table(&self) -> String {
        let mut text = String::from(
            "| class | values | precision | recall | F1 | Presidio: precision | recall | F1 | F1 from 0.4 |\n\
             | --- |",
        );
        text.push_str(&" --: |".repeat(8));
        for known in &self.classes {
            let Class { class, ours, presidio, presidio_sure } = known;
            let values = ours.found + ours.missed;
            let _ = write!(
                text,
                "\n| {class} | {values} | {:.3} | {:.3} | {:.3} |",
                ours.precision(),
                ours.recall(),
                ours.f1()
            );
            let _ = match known.is_presidios() {
                false => write!(text, " - | - | - | - |"),
                true => write!(
                    text,
                    " {:.3} | {:.3} | {:.3} | {:.3} |",
                    presidio.precision(),
                    presidio.recall(),
                    presidio.f1(),
                    presidio_sure.f1()
                ),
            };
        }
        text.push_str("\n\n| harmless | values | taken for something | by Presidio | from 0.4 |\n| --- |");
        text.push_str(&" --: |".repeat(4));
        for Kind { kind, values, ours, presidio, presidio_sure } in &self.harmless {
            let _ = write!(text, "\n| {kind} | {values} | {ours} | {presidio} | {presidio_sure} |");
        }
        text.push_str("\n\n| round | values/s | Presidio's | ratio |\n| --- | --: | --: | --: |");
        for (number, Speed { ours, presidio }) in self.speeds.iter().enumerate() {
            let ratio = ours / presidio;
            let _ = write!(text, "\n| {} | {ours:.0} | {presidio:.0} | {ratio:.0} |", number + 1);
        }
        let ratio = median(self.speeds.iter().map(|speed| speed.ours / speed.presidio).collect());
        let _ = writeln!(text, "\n\nmedian ratio {:.0}", ratio.unwrap_or(f64::NAN));
        text
    }
}

impl Class {
    /// Whether Presidio knows it by patterns.
    pub(super) fn is_presidios(&self) -> bool {
        !NOT_PRESIDIOS.contains(&self.class.as_str())
    }
}

impl Score {
    fn precision(&self) -> f64 {
        part(self.found, self.found + self.wrong)
    }

    fn recall(&self) -> f64 {
        part(self.found, self.found + self.missed)
    }

    pub(super) fn f1(&self) -> f64 {
        part(2 * self.found, 2 * self.found + self.missed + self.wrong)
    }
}

fn part(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Two e-mail addresses, a street and two harmless values.
    pub(crate) fn example() -> Results {
        let corpus = "email\tusual\t0\t6\ta@b.de\0email\tusual\t4\t10\tsee c@d.de\0address\tstreet\t0\t5\tWeg 1\0\
            -\tversion\t0\t0\t1.2.3\0-\tcode\t0\t0\tx\ty@z\0";
        let ours = "email:0:6\nip_address:0:3\taddress:0:2\naddress:0:5\n\n\nper_second 2000\n";
        let presidio = "email:0:6:0.5:0.5\nemail:4:10:0.01:0.41\n\nip_address:0:5:0.3:0.3\n\nper_second 10\n";
        let rounds = [(Found::parse(ours).unwrap(), Found::parse(presidio).unwrap())];
        Results::new(&Record::read_all(corpus).unwrap(), &rounds, "nothing".to_string())
    }

    #[test]
    fn what_is_found_is_held_to_its_class_and_place() {
        let results = example();
        let [email, address] = &results.classes[..] else { panic!("{}", results.table()) };
        assert_eq!((email.ours.found, email.ours.missed, email.ours.wrong), (1, 1, 0));
        assert_eq!((email.presidio.found, email.presidio_sure.found), (2, 2));
        assert_eq!((address.ours.found, address.ours.wrong, address.presidio.missed), (1, 1, 1));
        let counts: Vec<_> =
            results.harmless.iter().map(|kind| (kind.ours, kind.presidio, kind.presidio_sure)).collect();
        assert_eq!(counts, [(0, 0, 0), (0, 1, 0)]);
        assert_eq!(results.mistakes, ["email: usual: \"see c@d.de\" is \"ip_address:0-3 address:0-2\""]);
    }

    #[test]
    fn a_table_has_a_line_for_each_class_kind_and_round() {
        let text = example().table();
        assert!(
            text.contains("\n| email | 2 | 1.000 | 0.500 | 0.667 | 1.000 | 1.000 | 1.000 | 1.000 |"),
            "{text}"
        );
        assert!(text.contains("\n| address | 1 | 0.500 | 1.000 | 0.667 | - | - | - | - |"), "{text}");
        assert!(
            text.contains("\n| version | 1 | 0 | 1 | 0 |") && text.contains("\n| 1 | 2000 | 10 | 200 |"),
            "{text}"
        );
    }

    #[test]
    fn names_are_told_of_columns() {
        let columns =
            "person_name\twhole\tAnn Lee\tBo Ray\0person_name\twhole\tX\0-\tcity\tParis\0-\tcity\tRome\0";
        let results = example().with_columns(columns, "person_name\n\nperson_name\n\n").unwrap();
        let names = results.classes.last().unwrap();
        assert_eq!((names.ours.found, names.ours.missed, names.ours.wrong), (1, 1, 1));
        assert!(results.table().contains("\n| person_name | 2 | 0.500 | 0.500 | 0.500 | - | - | - | - |"));
        assert!(example().with_columns(columns, "person_name\n").is_err());
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        assert!(Found::parse("email:0\nper_second 1\n").is_err() && Found::parse("email:0:6\n").is_err());
    }
}
