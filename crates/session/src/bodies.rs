//! What functions do with what is sensitive, followed through their bodies and through those that they call: which give some of it
//! back, which write some into rows, hand some to where no column is, or ask about some.

use std::collections::{BTreeSet, HashMap, HashSet};

use sql::catalog::{Relation, Routine};
use sql::facts::Effect;
use sql::{Catalog, Followed, Probe, RowOf, Sensitive, Spill, Statement, Taking, is_sink};

use crate::judged::is_opaque;
use crate::shown::{Known, Reach, classed};

/// Most functions that are followed together. Of more, each is taken for one that does all of it.
const ROUTINES_MAX: usize = 256;

/// Words with which a body does one thing or another.
const BRANCHES: [&str; 4] = ["case", "elsif", "if", "while"];

/// A function that shows how often it was called.
const NEXT_VALUE: &str = "nextval";

/// Words by which a body says something, or fails.
const FAILING: [&str; 2] = ["assert", "raise"];

/// Words of messages that are no errors.
const SAYING: [&str; 5] = ["debug", "info", "log", "notice", "warning"];

/// Functions of some names, and all that they call.
#[derive(Default)]
pub(crate) struct Bodies<'k> {
    /// Which of them tell of what they are given.
    telling: TellingGiven,
    all: Vec<Body<'k>>,
    /// Where the functions of a name stand among them.
    named: HashMap<String, Vec<usize>>,
    /// Names of those that give something back.
    giving: HashSet<String>,
    is_full: bool,
}

struct Body<'k> {
    routine: &'k Routine,
    does: Statement,
    calls: Vec<String>,
    /// `None` where it reads nothing that is sensitive.
    reach: Option<Reach>,
    /// `None` where that is not understood.
    followed: Option<Followed>,
    fills_unnamed: bool,
}

impl<'k> Bodies<'k> {
    /// Functions of these names.
    pub(crate) fn of<'n>(names: impl IntoIterator<Item = &'n String>, known: &Known<'k>) -> Self {
        let mut bodies = Bodies::default();
        let mut next: Vec<String> = names.into_iter().cloned().collect();
        while let Some(name) = next.pop() {
            if bodies.named.contains_key(&name) {
                continue;
            }
            let mut places = Vec::new();
            for routine in known.catalog.routines(&name) {
                bodies.is_full |= ROUTINES_MAX <= bodies.all.len();
                if bodies.is_full {
                    break;
                }
                let body = Body::of(routine, known);
                next.extend(body.calls.iter().cloned());
                places.push(bodies.all.len());
                bodies.all.push(body);
            }
            bodies.named.insert(name, places);
        }
        bodies.telling = TellingGiven::of(bodies.named.keys(), known.of_wholes, known.catalog);
        bodies.follow(known);
        bodies
    }

    /// Follows each until no more are found that give something back.
    fn follow(&mut self, known: &Known<'k>) {
        loop {
            let before = self.giving.len();
            for body in self.all.iter_mut().filter(|body| body.reach.is_some()) {
                body.followed = body.follow(&self.giving, &self.telling, known);
                if body.followed.as_ref().is_none_or(|followed| followed.gives) {
                    self.giving.insert(body.routine.name.clone());
                }
            }
            if self.giving.len() == before {
                return;
            }
        }
    }

    /// Whether one of this name gives something sensitive back.
    pub(crate) fn gives(&self, name: &str) -> bool {
        self.is_full || self.giving.contains(name)
    }

    /// Whether parts of something sensitive can be in what one of this name gives back.
    pub(crate) fn gives_parts(&self, name: &str) -> bool {
        self.any(name, |body| body.followed.as_ref().is_none_or(|done| done.gives_parts))
    }

    /// Whether one of this name, or what that calls, writes something sensitive into rows.
    pub(crate) fn fills(&self, name: &str) -> bool {
        self.any(name, |body| {
            body.fills_unnamed
                || body.followed.as_ref().is_none_or(|done| done.fills || !done.spills.is_empty())
        })
    }

    /// Into which columns of the row of `relation` triggers that call one of this name put something sensitive from elsewhere.
    pub(crate) fn row(&self, name: &str, relation: &Relation, known: &Known<'k>) -> RowOf {
        let mut columns = BTreeSet::new();
        let named = self.named.get(name).into_iter().flatten();
        for body in named.filter_map(|place| self.all.get(*place)) {
            match body.follow_beside(relation, (&self.giving, &self.telling), known) {
                Some(Followed { row: RowOf::Columns(of), .. }) => columns.extend(of),
                Some(Followed { row: RowOf::Any, .. }) | None => return RowOf::Any,
            }
        }
        if self.is_full { RowOf::Any } else { RowOf::Columns(columns) }
    }

    /// Whether one of this name, or what that calls, puts something sensitive where no column is.
    pub(crate) fn hands_over(&self, name: &str) -> bool {
        self.any(name, |body| {
            body.does.puts_elsewhere() || body.followed.as_ref().is_none_or(|done| done.hands_over)
        })
    }

    /// What those of this name, and what they call, ask; and whether one of them says something on its way.
    pub(crate) fn asks(&self, name: &str) -> (Option<Probe>, bool) {
        if self.is_full {
            return (Some(Probe::Asks(1)), false);
        }
        let (mut asks, mut says) = (None, false);
        self.any(name, |body| {
            let (asked, saying) = body.asks();
            asks = Probe::both(asks, asked);
            says |= asked.is_some() && saying;
            false
        });
        (asks, says)
    }

    /// Whether this is true of one of this name that reads something sensitive, or of one that these call.
    fn any(&self, name: &str, mut is_such: impl FnMut(&Body<'k>) -> bool) -> bool {
        let (mut seen, mut next) = (HashSet::new(), vec![name]);
        while let Some(name) = next.pop() {
            if !seen.insert(name) {
                continue;
            }
            let named = self.named.get(name).into_iter().flatten();
            for body in named.filter_map(|place| self.all.get(*place)) {
                if body.reach.is_some() && is_such(body) {
                    return true;
                }
                next.extend(body.calls.iter().map(String::as_str));
            }
        }
        self.is_full
    }
}

impl<'k> Body<'k> {
    fn of(routine: &'k Routine, known: &Known<'k>) -> Self {
        let does = routine.does(known.catalog);
        let reach = Reach::of(&does, known);
        let is_known = |name: &&str| known.catalog.routines(name).next().is_some();
        Body {
            routine,
            calls: does.calls().filter(is_known).map(str::to_owned).collect(),
            fills_unnamed: does.fills_unnamed(known.catalog),
            reach: Some(reach).filter(|reach| reach.is_any() || is_opaque(&does)),
            does,
            followed: Some(Followed::default()),
        }
    }

    fn follow(
        &self,
        giving: &HashSet<String>,
        telling: &TellingGiven,
        known: &Known<'k>,
    ) -> Option<Followed> {
        let reach = self.reach.as_ref().filter(|reach| !reach.is_anything() && !is_opaque(&self.does))?;
        let sensitive = sensitive(reach, &self.does, giving, known);
        let taking = telling.taking(&self.does, known.catalog);
        self.routine.follow(&sensitive, &taking, mask::is_sensitive_key)
    }

    /// The same as a trigger on `relation`, whose own columns are known by their names.
    fn follow_beside(
        &self,
        relation: &Relation,
        (giving, telling): (&HashSet<String>, &TellingGiven),
        known: &Known<'k>,
    ) -> Option<Followed> {
        let Some(reach) = &self.reach else { return Some(Followed::default()) };
        if reach.is_anything() || is_opaque(&self.does) {
            return None;
        }
        let columns: HashSet<String> = relation.columns.iter().map(|column| column.name.clone()).collect();
        let mut sensitive = sensitive(reach, &self.does, giving, known);
        sensitive.known.extend(columns.iter().cloned());
        for row in ["new", "old"] {
            sensitive.columns_of.insert(row.to_owned(), columns.clone());
        }
        let taking = telling.taking(&self.does, known.catalog);
        self.routine.follow(&sensitive, &taking, mask::is_sensitive_key)
    }

    /// What it asks, and whether it says something on its way.
    fn asks(&self) -> (Option<Probe>, bool) {
        let has = |words: &[&str]| self.does.mentions.iter().any(|name| words.contains(&name.as_str()));
        match &self.followed {
            // What rows of something else are compared with by it is told by which of them it is so for.
            Some(followed) => (followed.asks, followed.says || followed.compares_given),
            None => (has(&BRANCHES).then_some(Probe::Asks(1)), has(&SAYING)),
        }
    }
}

/// What is sensitive in a body, where these functions give something back.
fn sensitive(reach: &Reach, does: &Statement, giving: &HashSet<String>, known: &Known<'_>) -> Sensitive {
    let mut sensitive = reach.sensitive_with(does, giving, known);
    // Names of variables are no relations'.
    sensitive.columns_of.retain(|name, columns| {
        !columns.is_empty() || known.catalog.named(name).next().is_some() || !known.stains.of(name).is_empty()
    });
    sensitive
}

/// Functions that tell of what they are given by what they do while they run: by messages and errors, also such as nobody raises, what they write, set
/// or make, or how many rows they give.
#[derive(Default)]
pub(crate) struct TellingGiven {
    /// It is seen whether, and how often, they do what they do.
    seen: HashSet<String>,
    /// With parts of what they are given deciding, as with one condition.
    asking: HashSet<String>,
    /// They tell all of it.
    telling: HashSet<String>,
    /// They compare parts of it with what else they are given.
    pub(crate) comparing: HashSet<String>,
    /// They do not run where they are given NULL.
    pub(crate) strict: HashSet<String>,
    /// To compare the whole of it is a condition, too.
    of_wholes: bool,
}

impl TellingGiven {
    /// Those of these names, and of what they call.
    pub(crate) fn of<'n>(
        names: impl IntoIterator<Item = &'n String>,
        of_wholes: bool,
        catalog: &Catalog,
    ) -> Self {
        let mut all: HashMap<String, Vec<(&Routine, Statement)>> = HashMap::new();
        let mut next: Vec<String> = names.into_iter().cloned().collect();
        while let Some(name) = next.pop() {
            // What more there is was said of their own values.
            if all.contains_key(&name) || ROUTINES_MAX <= all.len() {
                continue;
            }
            let routines: Vec<_> =
                catalog.routines(&name).map(|routine| (routine, routine.does(catalog))).collect();
            next.extend(routines.iter().flat_map(|(_, does)| does.calls()).map(str::to_owned));
            all.insert(name, routines);
        }
        let mut found = TellingGiven { of_wholes, ..TellingGiven::default() };
        all.retain(|_, routines| !routines.is_empty());
        while found.grow(&all, catalog) {}
        // Whatever one does: counters say how often it was called, and what it has read.
        let strict =
            all.iter().filter(|(_, routines)| routines.iter().any(|(routine, _)| is_strict(routine)));
        found.strict = strict.map(|(name, _)| name.clone()).collect();
        found
    }

    /// Whether there are more of them than before.
    fn grow(&mut self, all: &HashMap<String, Vec<(&Routine, Statement)>>, catalog: &Catalog) -> bool {
        let before = (self.seen.len(), self.asking.len(), self.telling.len());
        for (name, (routine, does)) in
            all.iter().flat_map(|(name, routines)| routines.iter().map(move |it| (name, it)))
        {
            let says = does.mentions.iter().any(|word| FAILING.contains(&word.as_str()));
            let is_seen =
                |called: &str| self.seen.contains(called) || is_sink(called) || called == NEXT_VALUE;
            if says || acts(routine, does) || does.calls().any(is_seen) {
                self.seen.insert(name.clone());
            }
            // Whatever else they do: a division, a cast or a call of their own can fail where a condition says so.
            let is_read_off = self.seen.contains(name) || routine.gives_rows();
            let taking = self.taking(does, catalog);
            let asked = routine.asks_of_given(&taking, self.of_wholes, mask::is_sensitive_key);
            if matches!(asked, Some((_, _, true))) {
                self.comparing.insert(name.clone());
            }
            if is_read_off && matches!(asked, Some((Some(Probe::Extracts), ..) | (_, true, _))) {
                self.telling.insert(name.clone());
            } else if matches!(asked, Some((Some(_), ..) | (_, true, _)))
                || asked.is_none() && is_opaque(does)
            {
                self.asking.insert(name.clone());
            }
        }
        before != (self.seen.len(), self.asking.len(), self.telling.len())
    }

    /// What `text` asks that is one statement, by handing them what is sensitive.
    pub(crate) fn asks(&self, text: &str, sensitive: &Sensitive) -> Option<Probe> {
        let hands = |names: &HashSet<String>| {
            !names.is_empty() && sql::hands_to(text, sensitive, names, mask::is_sensitive_key)
        };
        match () {
            () if hands(&self.telling) => Some(Probe::Extracts),
            () if hands(&self.asking) => Some(Probe::Asks(1)),
            () => None,
        }
    }

    /// What one of this name asks of something that it is given.
    pub(crate) fn tells(&self, name: &str, catalog: &Catalog) -> Option<Probe> {
        let gives_rows = catalog.routines(name).any(Routine::gives_rows);
        match () {
            () if self.telling.contains(name) || gives_rows && self.asking.contains(name) => {
                Some(Probe::Extracts)
            }
            () if self.asking.contains(name) => Some(Probe::Asks(1)),
            () => None,
        }
    }

    /// Functions that a body calls, by what they do with what they are given.
    fn taking(&self, does: &Statement, catalog: &Catalog) -> Taking {
        let mut sinks = does.calls_with_sinks(catalog);
        sinks.extend(does.calls_that_name_cursors(catalog));
        let (seen, asking, telling) = (self.seen.clone(), self.asking.clone(), self.telling.clone());
        Taking { fills: does.calls_that_fill(catalog), sinks, seen, asking, telling }
    }
}

/// Whether it is not run where it is given NULL, as `pg_get_functiondef` writes it.
fn is_strict(routine: &Routine) -> bool {
    let mut head = routine.definition.lines().take_while(|line| !line.starts_with("AS "));
    head.any(|line| line.starts_with(' ') && line.split_whitespace().any(|word| word == "STRICT"))
}

/// Whether it does anything but read: writes, settings, notifications, definitions.
fn acts(routine: &Routine, does: &Statement) -> bool {
    let reads =
        |effect: &Effect| matches!(effect, Effect::Call | Effect::Explain | Effect::Select | Effect::Set);
    // As `pg_get_functiondef` writes them: those hold while it runs.
    let head = routine.definition.lines().take_while(|line| !line.starts_with("AS "));
    let settings = head.filter(|line| line.starts_with(" SET ")).count();
    !does.writes.is_empty() || !does.effects.iter().all(reads) || settings < does.settings.len()
}

/// What a DO block does, whose text is `text`: `own` is the block by itself, `unsearched` are documents that nobody has looked at and
/// that count as others. `None` where that is not understood.
pub(crate) fn block(
    text: &str,
    own: &Statement,
    reach: &Reach,
    giving: &HashSet<String>,
    (known, unsearched): (&Known<'_>, &HashSet<String>),
) -> Option<Followed> {
    if is_opaque(own) || reach.is_anything() {
        return None;
    }
    let mut sensitive = sensitive(reach, own, giving, known);
    sensitive.unsearched.clone_from(unsearched);
    unsearched.iter().for_each(|column| sensitive.add(column.clone(), true));
    let called: Vec<String> = own.calls().map(str::to_owned).collect();
    let taking = TellingGiven::of(&called, known.of_wholes, known.catalog).taking(own, known.catalog);
    sql::followed_block(text, &sensitive, &taking, mask::is_sensitive_key)
}

/// What a block that is not understood can ask: as much as it likes, where it does one thing or another.
pub(crate) fn unread_block_asks(own: &Statement) -> Option<Probe> {
    let branches = own.mentions.iter().any(|name| BRANCHES.contains(&name.as_str()));
    branches.then_some(Probe::Extracts)
}

/// What functions of this name, as triggers on `relation`, write elsewhere of what is sensitive in the row that they are about; `None` where that
/// is not known. `rows` are names of all that they know it by.
pub(crate) fn of_row(
    name: &str,
    relation: &Relation,
    rows: &[String],
    known: &Known<'_>,
) -> Option<Vec<Spill>> {
    let bodies = Bodies::of([&name.to_owned()], known);
    let columns = || relation.columns.iter().map(|column| column.name.clone());
    let mut routines = known.catalog.routines(name).peekable();
    routines.peek()?;
    let mut spills = Vec::new();
    for routine in routines {
        let does = routine.does(known.catalog);
        let reach = Reach::of(&does, known);
        if is_opaque(&does) || does.fills_unnamed(known.catalog) || reach.is_anything() {
            return None;
        }
        let mut sensitive = sensitive(&reach, &does, &bodies.giving, known);
        sensitive.known.extend(columns());
        for (column, class) in classed(relation, known.classes) {
            sensitive.add(column.name.clone(), class == mask::Class::Document);
        }
        for row in ["new", "old"].into_iter().chain(rows.iter().map(String::as_str)) {
            sensitive.relations.insert(row.to_owned());
            sensitive.columns_of.insert(row.to_owned(), columns().collect());
        }
        let taking = bodies.telling.taking(&does, known.catalog);
        let followed = routine.follow(&sensitive, &taking, mask::is_sensitive_key)?;
        if followed.fills {
            return None;
        }
        spills.extend(followed.spills);
    }
    Some(spills)
}
