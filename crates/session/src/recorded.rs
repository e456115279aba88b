//! What is recorded of a statement's text. A literal stays where it is nobody's value; a hash stands for any other, which the same value has
//! wherever it is met. What that takes is found out once for each text, and for texts that differ in literals once for all of them.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use mask::{Comments, Kept, Recording};
use sql::values::{Site, SiteKind, Tie, Values, body, loose_sites, said};

mod bound;

pub(crate) use self::bound::{Bound, TYPES_MAX};

/// Most values of one execution whose hashes are recorded.
const VALUES_MAX: usize = 1_024;

/// Most parameters of one statement (protocol-message-formats, "Bind").
const PARAMETERS_MAX: usize = 65_535;

/// Words that are nobody's values: parts of a moment.
const PARTS_OF_TIME: [&str; 20] = [
    "century",
    "day",
    "dow",
    "doy",
    "epoch",
    "hour",
    "isodow",
    "isoyear",
    "microseconds",
    "millennium",
    "milliseconds",
    "minute",
    "month",
    "quarter",
    "second",
    "timezone",
    "utc",
    "week",
    "year",
    "false",
];

/// Longest key of a document that stays.
const KEY_BYTES_MAX: usize = 63;

/// What becomes of a literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Treat {
    /// It stays.
    Keep,
    /// It stays where it looks like a name.
    Key,
    /// It stays where nothing sensitive is found in it.
    Look,
    /// The same for numbers too: nobody knows what it is tied to, but the statement reaches nothing sensitive.
    Free,
    /// It stays where nobody's value is so short.
    Doubt,
    /// It does not stay.
    Hide,
}

/// What is recorded of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// `None` where it is recorded as it is.
    pub(crate) text: Option<Box<str>>,
    /// Hashes of what does not stay.
    pub(crate) values: Box<[u64]>,
    /// What becomes of what its parameters are bound to; of any other, it does not stay.
    parameters: Box<[Treat]>,
    others: Others,
}

/// How texts are recorded that differ from one in literals only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Others {
    /// As they are.
    #[default]
    Whole,
    Filled(Rc<Template>),
    /// There should be none.
    Unknown,
}

/// What is known of texts that differ in literals only.
#[derive(Debug)]
struct Template {
    recording: Arc<Recording>,
    /// What stands before each literal, and behind the last.
    gaps: Box<[Box<str>]>,
    treats: Box<[Treat]>,
    /// Hashes of what they have in common.
    values: Box<[u64]>,
    /// What they have in common stays.
    keeps_gaps: bool,
    /// Everything does, whatever the literals are.
    keeps_all: bool,
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        (&self.gaps, &self.treats) == (&other.gaps, &other.treats)
    }
}

impl Eq for Template {}

/// Hashes of values, without repetition.
pub(crate) type Hashes = Vec<u64>;

impl Recorded {
    /// The statement whose own text this is, of which `treat` says what becomes of each literal.
    pub(crate) fn of(
        own: &str,
        values: Option<&Values>,
        is_one_of_many: bool,
        treat: impl Fn(&Tie) -> Treat,
        recording: &Arc<Recording>,
    ) -> Self {
        let parameters = match (&recording.parameters, values) {
            (Kept::Hashes(_), Some(values)) => of_parameters(values, &treat),
            _ => Box::default(),
        };
        if recording.keeps_all() {
            return Recorded { parameters, ..Recorded::default() };
        }
        let Some(values) = values else { return Recorded::nothing(own) };
        let treated = |site: &Site| (site.span.clone(), site.kind, treat(&site.tie));
        let treated: Vec<_> = values.sites.iter().map(treated).collect();
        let mut writer = Writer::new(recording);
        let text = writer.write_all(own, &treated);
        let template = || Template::of(own, &treated, recording).map(Rc::new);
        let template = if is_one_of_many { template() } else { None };
        let others = template.map_or(Others::Unknown, Others::Filled);
        let text = text.trim();
        let text = (text != own.trim()).then(|| text.into());
        Recorded { text, values: writer.finish(), parameters, others }
    }

    /// A text of which nothing is known but that PostgreSQL's grammar does not take it (`is_no_sql`), or that it does nothing.
    pub(crate) fn loose(own: &str, is_no_sql: bool, recording: &Arc<Recording>) -> Self {
        if recording.keeps_all() {
            return Recorded::default();
        }
        let Some(sites) = loose_sites(own, is_no_sql) else { return Recorded::nothing(own) };
        let mut writer = Writer::new(recording);
        let treated: Vec<_> = sites.into_iter().map(|site| (site.span, site.kind, Treat::Doubt)).collect();
        let text = writer.write_all(own, &treated).trim().into();
        Recorded { text: Some(text), values: writer.finish(), others: Others::Unknown, ..Recorded::default() }
    }

    /// A text of which nobody knows where its values stand.
    pub(crate) fn unread(own: &str, recording: &Arc<Recording>) -> Self {
        if recording.keeps_all() { Recorded::default() } else { Recorded::nothing(own) }
    }

    fn nothing(own: &str) -> Self {
        let text = format!("({} bytes that are not read, and so not recorded)", own.len()).into();
        Recorded { text: Some(text), others: Others::Unknown, ..Recorded::default() }
    }

    /// What is recorded of a text that differs in literals only, and hashes of what does not stay.
    pub(crate) fn own(&self, text: &Rc<str>) -> (Rc<str>, Hashes) {
        let filled = match &self.others {
            Others::Whole => return (Rc::clone(text), Hashes::new()),
            Others::Filled(template) => template.fill(text),
            Others::Unknown => None,
        };
        filled.unwrap_or_else(|| (Recorded::nothing(text).text.unwrap_or_default().into(), Hashes::new()))
    }

    /// Bytes that it keeps.
    pub(crate) fn len(&self) -> usize {
        let template = match &self.others {
            Others::Filled(template) => template.gaps.iter().map(|gap| gap.len()).sum(),
            Others::Whole | Others::Unknown => 0,
        };
        let values = self.values.len() * size_of::<u64>() + self.parameters.len();
        self.text.as_ref().map_or(0, |text| text.len()) + values + template
    }
}

/// What becomes of the parameters of a statement that says these values.
fn of_parameters(values: &Values, treat: impl Fn(&Tie) -> Treat) -> Box<[Treat]> {
    let last = values.parameters.iter().map(|(number, _)| *number).max().unwrap_or_default();
    let mut treats = vec![None; last.min(PARAMETERS_MAX)];
    for (number, tie) in &values.parameters {
        if let Some(known) = number.checked_sub(1).and_then(|at| treats.get_mut(at)) {
            *known = Some(treat(tie)).max(*known);
        }
    }
    treats.into_iter().map(|treat| treat.unwrap_or(Treat::Hide)).collect()
}

impl Template {
    /// `None` where texts are not taken for one another.
    fn of(
        own: &str,
        treated: &[(Range<usize>, SiteKind, Treat)],
        recording: &Arc<Recording>,
    ) -> Option<Self> {
        let places = sql::taken_out(own)?;
        let mut writer = Writer::new(recording);
        let (mut gaps, mut treats) = (Vec::<Box<str>>::new(), Vec::new());
        let (mut keeps_gaps, mut keeps_all) = (true, true);
        let mut rest = treated.iter().peekable();
        let mut from = 0;
        for place in places.iter().map(Some).chain([None]) {
            let to = place.map_or(own.len(), |place| place.start);
            let mut between = Vec::new();
            while let Some((span, kind, treat)) = rest.next_if(|(span, ..)| span.start < to) {
                between.push((span.start.checked_sub(from)?..span.end.checked_sub(from)?, *kind, *treat));
            }
            let gap = writer.write_all(own.get(from..to)?, &between);
            keeps_gaps &= gap == own.get(from..to)?;
            gaps.push(gap.into());
            if let Some(place) = place {
                let (span, kind, treat) = rest.next()?;
                keeps_all &= *treat == Treat::Keep || *treat == Treat::Look && *kind == SiteKind::Number;
                if span != place {
                    return None;
                }
                treats.push(*treat);
                from = place.end;
            }
        }
        let values = writer.finish();
        let (recording, gaps, treats) = (Arc::clone(recording), gaps.into(), treats.into());
        Some(Template { recording, gaps, treats, values, keeps_gaps, keeps_all: keeps_all && keeps_gaps })
    }

    fn fill(&self, text: &Rc<str>) -> Option<(Rc<str>, Hashes)> {
        if self.keeps_all {
            return Some((Rc::clone(text), Hashes::new()));
        }
        let places = sql::taken_out(text)?;
        if places.len() != self.treats.len() {
            return None;
        }
        let stays = |(place, treat): (&Range<usize>, &Treat)| {
            text.get(place.clone()).is_some_and(|literal| !hides(*treat, kind_of(literal), &said(literal)))
        };
        if self.keeps_gaps && places.iter().zip(&self.treats).all(stays) {
            return Some((Rc::clone(text), Hashes::new()));
        }
        let mut writer = Writer::new(&self.recording);
        writer.values.extend_from_slice(&self.values);
        let mut out = String::with_capacity(text.len());
        for ((place, gap), treat) in places.iter().zip(&self.gaps).zip(&self.treats) {
            out.push_str(gap);
            let literal = text.get(place.clone())?;
            writer.write(literal, kind_of(literal), *treat, &mut out);
        }
        out.push_str(self.gaps.last()?);
        Some((out.trim().into(), writer.finish().into_vec()))
    }
}

fn kind_of(literal: &str) -> SiteKind {
    if literal.starts_with('\'') { SiteKind::Text } else { SiteKind::Number }
}

/// Writes a text without what does not stay.
struct Writer<'r> {
    kept: &'r Kept,
    comments: Comments,
    values: Hashes,
}

impl<'r> Writer<'r> {
    fn new(recording: &'r Recording) -> Self {
        Writer::of(&recording.literals, recording.comments)
    }

    fn of(kept: &'r Kept, comments: Comments) -> Self {
        Writer { kept, comments, values: Hashes::new() }
    }

    fn write_all(&mut self, own: &str, treated: &[(Range<usize>, SiteKind, Treat)]) -> String {
        let mut out = String::with_capacity(own.len());
        let mut from = 0;
        for (span, kind, treat) in treated {
            out.push_str(own.get(from..span.start).unwrap_or_default());
            self.write(own.get(span.clone()).unwrap_or_default(), *kind, *treat, &mut out);
            from = span.end;
        }
        out.push_str(own.get(from..).unwrap_or_default());
        out
    }

    fn write(&mut self, written: &str, kind: SiteKind, treat: Treat, out: &mut String) {
        match kind {
            SiteKind::Comment if self.drops(written, treat) => {
                out.push_str(if written.starts_with("--") { "--..." } else { "/*...*/" });
            }
            SiteKind::Comment => out.push_str(written),
            _ if *self.kept == Kept::All => out.push_str(written),
            SiteKind::Word => out.push('?'),
            SiteKind::Body => self.write_body(written, out),
            SiteKind::Text | SiteKind::Number | SiteKind::Name => {
                let value = said(written);
                let treat = if kind == SiteKind::Name { Treat::Look } else { treat };
                match hides(treat, kind, &value) {
                    true => self.hide(&value, kind, out),
                    false => out.push_str(written),
                }
            }
        }
    }

    fn drops(&self, comment: &str, treat: Treat) -> bool {
        match self.comments {
            Comments::Keep => false,
            Comments::Look => treat != Treat::Free || is_found(comment),
            Comments::Drop => true,
        }
    }

    /// The body of a function stays a text that can be read.
    fn write_body(&mut self, written: &str, out: &mut String) {
        let parts = body(written).and_then(|(tag, inside)| Some((tag, inside, loose_sites(inside, false)?)));
        let Some((tag, inside, sites)) = parts else { return self.hide(&said(written), SiteKind::Text, out) };
        let treated: Vec<_> = sites.into_iter().map(|site| (site.span, site.kind, Treat::Doubt)).collect();
        let inside = self.write_all(inside, &treated);
        let _ = write!(out, "{tag}{inside}{tag}");
    }

    fn hide(&mut self, value: &str, kind: SiteKind, out: &mut String) {
        let written = match self.kept {
            Kept::Hashes(key) => {
                let hash = key.hash(value);
                self.note(hash);
                self.note_parts(value);
                match kind {
                    SiteKind::Number => write!(out, "0x{hash:016x}"),
                    SiteKind::Name => write!(out, "\"#{hash:016x}\""),
                    _ => write!(out, "'#{hash:016x}'"),
                }
            }
            Kept::All | Kept::Nothing => match kind {
                SiteKind::Number => write!(out, "0"),
                SiteKind::Name => write!(out, "\"?\""),
                _ => write!(out, "'?'"),
            },
        };
        // Nothing fails that is written into memory.
        let _ = written;
    }

    /// What is known by its form within a value, and elements of an array.
    fn note_parts(&mut self, value: &str) {
        let Kept::Hashes(key) = self.kept else { return };
        let found = mask::detect::all(value.as_bytes()).filter(|found| found.range.len() < value.len());
        // Signs of patterns can be a part of an address.
        let parts =
            found.filter_map(|found| value.get(found.range)).map(|part| part.trim_matches(['%', '_', '*']));
        let array = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        let elements =
            array.filter(|inside| !inside.contains(':')).into_iter().flat_map(|inside| inside.split(','));
        let hashes: Vec<u64> = parts.chain(elements).take(VALUES_MAX).map(|part| key.hash(part)).collect();
        hashes.into_iter().for_each(|hash| self.note(hash));
    }

    fn note(&mut self, hash: u64) {
        if self.values.len() < VALUES_MAX {
            self.values.push(hash);
        }
    }

    fn finish(&mut self) -> Box<[u64]> {
        self.values.sort_unstable();
        self.values.dedup();
        std::mem::take(&mut self.values).into()
    }
}

/// Whether a value does not stay.
fn hides(treat: Treat, kind: SiteKind, value: &str) -> bool {
    let says_something = || value.chars().any(char::is_alphanumeric);
    match treat {
        Treat::Keep => false,
        Treat::Key => !is_key(value),
        Treat::Look => kind != SiteKind::Number && is_found(value),
        Treat::Free => is_found(value),
        Treat::Doubt => {
            let is_short = value.len() <= 2 && value.bytes().all(|byte| byte.is_ascii_digit());
            says_something() && !is_short && !PARTS_OF_TIME.contains(&value.to_ascii_lowercase().as_str())
        }
        Treat::Hide => says_something(),
    }
}

/// Whether its form alone tells that it has something sensitive.
fn is_found(value: &str) -> bool {
    mask::detect::all(value.as_bytes()).any(|found| found.is_distinct())
}

/// A name, or a path of such.
fn is_key(value: &str) -> bool {
    let path: Cow<'_, str> = value.trim_matches(['{', '}']).into();
    let is_name = |key: &str| {
        let key = key.trim().trim_matches('"');
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let is_number = key.bytes().all(|byte| byte.is_ascii_digit());
        key.len() <= KEY_BYTES_MAX && key.bytes().all(is_word) && (!is_number || key.len() <= 2)
    };
    path.split(',').all(is_name)
}
