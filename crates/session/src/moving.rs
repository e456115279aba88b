//! Names that have another meaning than the catalog shows: in the session's open transaction, or since others have ended theirs.

use std::collections::{HashMap, HashSet};

use crate::stains::Stain;
use crate::ways::Ways;

/// Most names that are told apart; beyond, any name is taken for one of them.
pub(crate) const NAMES_MAX: usize = 10_000;

/// Names of relations and functions that may mean something sensitive, whatever the catalog shows of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MovedNames {
    names: HashSet<String>,
    /// Those of them whose columns are all what they were, beside new ones.
    widened: HashSet<String>,
    are_all: bool,
    /// Relations that have got another name, or one of whose columns has, by both.
    renamed: HashSet<String>,
    /// Relations that have columns of other names, or may have.
    recolumned: HashSet<String>,
    /// Relations whose columns show something else than before: views that were made anew, tables with other parts, what rests on these.
    retold: HashSet<String>,
    /// Functions that are new among them.
    new_functions: HashSet<String>,
    /// Functions and operators whose code hands what they are given to one of PostgreSQL's that puts it where no column is.
    sinks: HashSet<String>,
    /// There are too many of them to be told apart.
    sinks_are_all: bool,
    /// What code that was made is called, and names.
    called: HashSet<String>,
    /// There are too many of them to be told apart.
    called_are_all: bool,
    /// Code that can tell of something sensitive may run where no name says so.
    tells: bool,
    /// Code that can give something sensitive to rows may hang where the catalog shows none.
    hangs: bool,
    /// Tables that are new, and whose rows go to partitions.
    partitioned: HashMap<String, Partitioned>,
    /// Tables that the transaction has made, by schema and name as it has written them, as long as they have the columns that it has told.
    told: HashMap<(Option<String>, String), ToldColumns>,
    /// New relations whose names others have: which is meant, the catalog does not say.
    doubled: HashSet<String>,
    /// What code that was just made could write, wherever it runs.
    fills: Vec<Stain>,
    /// What was made of names that lead to nothing sensitive, as yet.
    made: Vec<Made>,
    /// More than that was made: any of it may lead to something sensitive as soon as anything does.
    made_is_full: bool,
    /// Where else rows get that are written by a name.
    ways: Ways,
    /// A function casts to a type from now on, or such a type has another name.
    casts: bool,
}

/// By what a table's rows go to partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Partitioned {
    /// Its columns, as they stand.
    columns: Vec<String>,
    /// Those that say to which; where there are none, any can.
    keys: Vec<String>,
}

/// The columns of a table that was just made, as they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ToldColumns {
    /// Their names.
    pub(crate) names: Vec<String>,
    /// Schema and name of the relation that has the same, where it was made like one.
    pub(crate) like: Option<(Option<String>, String)>,
}

/// A column by its name, or the place where it stands among those of its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Its name.
    Named(String),
    /// Its place, from 0 on.
    At(usize),
}

/// Names, and what they were made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Made {
    names: Vec<String>,
    of: Vec<String>,
    /// Nobody knows which names.
    are_all: bool,
    /// Functions that are new among them.
    functions: Vec<String>,
    /// It leaves each column what it is.
    widens: bool,
    /// It is a table with the columns that its text tells: new ones in what it is made like are none of its own.
    is_told: bool,
}

/// What a statement does to the meaning of names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    /// Relations and functions, also by what they are called from now on.
    pub(crate) names: Vec<String>,
    /// What a view or new table is made of, which means what it did.
    pub(crate) made_of: Vec<String>,
    /// Nobody knows which.
    pub(crate) are_all: bool,
    /// Something of it is sensitive, or nobody knows.
    pub(crate) is_sensitive: bool,
    /// Functions and operators that it makes, itself or by a body, and whether code of it calls one that puts things elsewhere.
    pub(crate) made: Vec<String>,
    pub(crate) has_sinks: bool,
    /// It hangs code somewhere, or makes some, that can tell of something sensitive.
    pub(crate) tells: bool,
    /// The same that can give something sensitive to rows.
    pub(crate) hangs: bool,
    /// It makes code, whatever that reads.
    pub(crate) makes_code: bool,
    /// The table that it makes whose rows go to partitions, its columns, and by which.
    pub(crate) partitioned: Option<(String, Vec<String>, Vec<String>)>,
    /// It gives another name to something.
    pub(crate) renames: bool,
    /// It gives other names to columns, or may.
    pub(crate) recolumns: bool,
    /// It leaves each column what it is.
    pub(crate) widens: bool,
    /// The table that it makes, by schema and name, whose columns it tells.
    pub(crate) told: Option<(Option<String>, String, ToldColumns)>,
    /// Relations whose columns show something else from now on.
    pub(crate) retells: Vec<String>,
    /// New relations whose names others have.
    pub(crate) doubled: Vec<String>,
    /// What the code that it makes, or hangs somewhere, could write.
    pub(crate) fills: Vec<Stain>,
    /// Where rows get from now on that are written by a name.
    pub(crate) ways: Ways,
    /// It makes a cast with a function, or gives a type another name.
    pub(crate) casts: bool,
}

impl MovedNames {
    /// Whether it is none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
            && self.sinks.is_empty()
            && self.doubled.is_empty()
            && self.fills.is_empty()
            && self.partitioned.is_empty()
            && self.retold.is_empty()
            && self.ways.is_empty()
            && !self.casts
            && !self.are_all
            && !self.sinks_are_all
            && self.called.is_empty()
            && !self.called_are_all
            && !self.tells
    }

    /// Whether this is one of them.
    pub fn has(&self, name: &str) -> bool {
        self.are_all || self.names.contains(name)
    }

    /// Whether a function casts to a type since, or such a type has another name.
    pub(crate) fn casts(&self) -> bool {
        self.casts
    }

    /// Whether this is a function that is new, and may give something sensitive.
    pub(crate) fn has_new_function(&self, name: &str) -> bool {
        self.new_functions.contains(name)
    }

    /// Whether this is another relation, or has columns of other names, than the catalog shows.
    pub(crate) fn has_renamed(&self, name: &str) -> bool {
        self.are_all || self.renamed.contains(name)
    }

    /// Whether columns of what has this name may be called otherwise than the catalog shows.
    pub(crate) fn is_recolumned(&self, name: &str) -> bool {
        self.are_all || self.recolumned.contains(name)
    }

    /// Whether the columns of what has this name show something else than before.
    pub(crate) fn is_retold(&self, name: &str) -> bool {
        self.are_all || self.retold.contains(name)
    }

    /// Whether all columns of what has this name are what they were, beside new ones.
    pub(crate) fn is_widened(&self, name: &str) -> bool {
        !self.are_all && self.widened.contains(name)
    }

    /// Whether one of them that has changed in another way than by new columns is such, or nobody knows.
    pub(crate) fn any_changed(&self, is_such: impl Fn(&str) -> bool) -> bool {
        let changed = self.names.iter().filter(|name| !self.widened.contains(*name));
        self.are_all || changed.into_iter().any(|name| is_such(name))
    }

    /// Whether one of these may be one of them, or leads to one.
    pub fn concerns(&self, names: &HashSet<String>) -> bool {
        let all = [&self.names, &self.renamed, &self.recolumned, &self.retold, &self.doubled];
        let is_one = |name: &String| self.ways.names(name) || self.partitioned.contains_key(name);
        self.are_all && !names.is_empty()
            || all.into_iter().any(|own| !own.is_disjoint(names))
            || names.iter().any(is_one)
    }

    /// Whether this is known to be one of them.
    pub(crate) fn has_itself(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether one of these is one of them.
    pub(crate) fn has_any<'n>(&self, names: impl IntoIterator<Item = &'n String>) -> bool {
        names.into_iter().any(|name| self.has(name))
    }

    /// Whether a new relation has this name, which another has too.
    pub(crate) fn is_doubled(&self, name: &str) -> bool {
        self.doubled.contains(name)
    }

    /// What code that was just made could write.
    pub(crate) fn fills(&self) -> &[Stain] {
        &self.fills
    }

    /// Whether code that can tell of something sensitive may run wherever something runs.
    pub(crate) fn tells(&self) -> bool {
        self.tells
    }

    /// Whether code that can give something sensitive to rows may run wherever some are written.
    pub(crate) fn hangs(&self) -> bool {
        self.hangs
    }

    /// Where else rows get that are written by a name.
    pub(crate) fn ways(&self) -> &Ways {
        &self.ways
    }

    /// Whether what has this name may put what it is given where no column is.
    pub(crate) fn is_sink(&self, name: &str) -> bool {
        self.sinks_are_all || self.sinks.contains(name)
    }

    /// Whether code that was made has this name, or may call what has it.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.called_are_all || self.called.contains(name)
    }

    /// Whether what is put into this column of a table of this name says to which partition a row goes; `None` where it could be any column.
    pub(crate) fn routes(&self, table: &str, column: Option<&Written>) -> bool {
        let Some(Partitioned { columns, keys }) = self.partitioned.get(table) else { return false };
        let name = match column {
            Some(Written::Named(name)) => Some(name),
            Some(Written::At(place)) => columns.get(*place),
            None => None,
        };
        keys.is_empty() || name.is_none_or(|name| keys.contains(name))
    }

    /// What the column is called that stands here in a table which the transaction has made, and how that is known.
    pub(crate) fn column_at(
        &self,
        schema: Option<&str>,
        table: &str,
        place: usize,
    ) -> Option<(&String, &ToldColumns)> {
        let told = self.told.get(&(schema.map(str::to_owned), table.to_owned()))?;
        Some((told.names.get(place)?, told))
    }

    /// What is meant by names may be something else from now on.
    pub(crate) fn forget_told(&mut self) {
        self.told.clear();
    }

    /// The transaction is over: what it has made is known as all else is.
    pub(crate) fn forget_made(&mut self) {
        self.told.clear();
        self.made.clear();
        self.made_is_full = false;
    }

    /// Whether rows of a new table of this name go to partitions.
    pub(crate) fn is_partitioned(&self, table: &str) -> bool {
        self.partitioned.contains_key(table)
    }

    /// The transaction is over: a catalog shows what is called otherwise.
    pub(crate) fn renames_are_shown(&mut self) {
        self.renamed.clear();
    }

    /// Adds all of `other`, whose transaction is over.
    pub fn add(&mut self, other: &MovedNames) {
        self.add_open(other);
        self.extend_doubled(&other.doubled);
        self.extend_fills(&other.fills);
    }

    /// Adds what others may meet of `other` while its transaction is open: they wait for what it has locked. What it has made they do
    /// not see.
    pub fn add_open(&mut self, other: &MovedNames) {
        self.are_all |= other.are_all;
        self.sinks_are_all |= other.sinks_are_all;
        self.tells |= other.tells;
        self.casts |= other.casts;
        self.hangs |= other.hangs;
        self.partitioned.extend(other.partitioned.clone());
        self.note_widened(&other.names, |name| other.widened.contains(name));
        self.new_functions.extend(other.new_functions.iter().cloned());
        self.are_all |= is_beyond(&mut self.retold, &other.retold);
        self.are_all |= is_beyond(&mut self.recolumned, &other.recolumned);
        self.are_all |= self.ways.add(&other.ways);
        self.extend(&other.names);
        self.extend_sinks(&other.sinks);
        self.called_are_all |= other.called_are_all;
        self.called_are_all |= is_beyond(&mut self.called, &other.called);
    }

    /// Adds one.
    pub fn add_name(&mut self, name: &str) {
        self.extend(&[name.to_owned()]);
    }

    /// A statement is sent that moves names: only what leads to something sensitive counts.
    pub(crate) fn sent(&mut self, moves: &Moves) {
        self.tells |= moves.tells;
        self.casts |= moves.casts;
        self.hangs |= moves.hangs;
        // Under a new name, or with one in it, nobody knows by what.
        if moves.renames {
            self.are_all |= is_beyond(&mut self.renamed, &moves.names);
        }
        if moves.recolumns {
            self.are_all |= is_beyond(&mut self.recolumned, &moves.names);
        }
        if moves.renames && moves.names.iter().any(|name| self.partitioned.contains_key(name)) {
            self.partitioned.extend(moves.names.iter().map(|name| (name.clone(), Partitioned::default())));
        }
        if let Some((name, columns, keys)) = &moves.partitioned
            && self.partitioned.len() < NAMES_MAX
        {
            let made = Partitioned { columns: columns.clone(), keys: keys.clone() };
            self.partitioned.insert(name.clone(), made);
        }
        self.note_told(moves);
        self.extend_doubled(&moves.doubled);
        self.are_all |= is_beyond(&mut self.retold, &moves.retells);
        self.are_all |= self.ways.add(&moves.ways);
        self.extend_fills(&moves.fills);
        let made = Made {
            names: moves.names.clone(),
            of: moves.made_of.clone(),
            are_all: moves.are_all,
            functions: moves.made.clone(),
            widens: moves.widens,
            is_told: moves.told.is_some() && moves.doubled.is_empty(),
        };
        if moves.is_sensitive || self.leads_to(&made) {
            self.tells |= moves.makes_code;
            self.hangs |= moves.makes_code;
            self.are_all |= self.made_is_full;
            self.lead(&made);
            self.follow();
        } else if NAMES_MAX <= self.made.len() {
            self.made_is_full = true;
        } else if !made.names.is_empty() || made.are_all {
            self.made.push(made);
        }
        if moves.makes_code {
            self.called_are_all |= is_beyond(&mut self.called, moves.names.iter().chain(&moves.made_of));
        }
        if moves.has_sinks || moves.names.iter().any(|name| self.sinks.contains(name)) {
            self.extend_sinks(&moves.made);
        }
    }

    /// Notes the columns of a table that is made. Of one that something else happens to, nobody knows where they stand.
    fn note_told(&mut self, moves: &Moves) {
        let is_as_shown = |name: &str| !self.has_made(name) || self.is_widened(name);
        let is_told = |(_, name, columns): &&(_, String, ToldColumns)| {
            !self.has_made(name) && columns.like.as_ref().is_none_or(|(_, like)| is_as_shown(like))
        };
        let told = moves.told.as_ref().filter(|_| self.told.len() < NAMES_MAX).filter(is_told).cloned();
        if moves.are_all {
            self.told.clear();
        } else if !moves.widens {
            self.told.retain(|(_, name), _| !moves.names.contains(name));
        }
        if let Some((schema, name, columns)) = told {
            self.told.insert((schema, name), columns);
        }
    }

    /// These are moved, and `is_widened` says which of them in no other way.
    fn note_widened<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n String>,
        is_widened: impl Fn(&String) -> bool,
    ) {
        for name in names {
            let was_other = self.names.contains(name) && !self.widened.contains(name);
            if is_widened(name) && !was_other {
                self.widened.insert(name.clone());
            } else {
                self.widened.remove(name);
            }
        }
    }

    /// Whether the transaction has made something of this name, or given it another meaning.
    pub(crate) fn has_made(&self, name: &str) -> bool {
        self.has(name)
            || self.made_is_full
            || self.made.iter().any(|made| made.names.iter().any(|own| own == name))
    }

    fn leads_to(&self, made: &Made) -> bool {
        let leads = |name: &String| self.has(name) && !(made.is_told && self.is_widened(name));
        made.names.iter().chain(&made.of).any(leads)
    }

    fn lead(&mut self, made: &Made) {
        self.are_all |= made.are_all;
        self.note_widened(&made.names, |_| made.widens);
        self.new_functions.extend(made.functions.iter().cloned());
        self.extend(&made.names);
    }

    /// What was made before of what leads to something sensitive now leads there too.
    fn follow(&mut self) {
        loop {
            let (led, others): (Vec<Made>, Vec<Made>) =
                std::mem::take(&mut self.made).into_iter().partition(|made| self.leads_to(made));
            self.made = others;
            if led.is_empty() {
                return;
            }
            led.iter().for_each(|made| self.lead(made));
        }
    }

    fn extend<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        self.names.extend(names.into_iter().cloned());
        if NAMES_MAX < self.names.len() {
            self.names.clear();
            self.widened.clear();
            self.new_functions.clear();
            self.are_all = true;
        }
    }

    fn extend_doubled<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        self.doubled.extend(names.into_iter().cloned());
    }

    /// There are not more than relations in texts that the session has sent.
    fn extend_fills(&mut self, fills: &[Stain]) {
        for stain in fills {
            if !self.fills.contains(stain) {
                self.fills.push(stain.clone());
            }
        }
    }

    fn extend_sinks<'n>(&mut self, names: impl IntoIterator<Item = &'n String>) {
        self.sinks_are_all |= is_beyond(&mut self.sinks, names);
    }
}

/// Adds names to those that are told apart. Where there are too many, none is from now on.
fn is_beyond<'n>(known: &mut HashSet<String>, names: impl IntoIterator<Item = &'n String>) -> bool {
    known.extend(names.into_iter().cloned());
    let is_beyond = NAMES_MAX < known.len();
    if is_beyond {
        known.clear();
    }
    is_beyond
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stains::NamedStain;

    fn moves(names: &[&str], made_of: &[&str], is_sensitive: bool) -> Moves {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Moves { names: owned(names), made_of: owned(made_of), is_sensitive, ..Moves::default() }
    }

    #[test]
    fn what_is_made_of_moved_names_is_moved_too() {
        let mut moved = MovedNames::default();
        moved.sent(&moves(&["seen"], &["visits"], false));
        assert!(moved.is_empty());
        moved.sent(&moves(&["mails"], &["users"], true));
        moved.sent(&moves(&["copy"], &["mails"], false));
        assert!(moved.has("mails") && moved.has("copy") && !moved.has("users") && !moved.has("seen"));
        assert_eq!(moved.names.len(), 2);
    }

    #[test]
    fn what_was_made_before_is_moved_with_what_it_is_made_of() {
        let mut moved = MovedNames::default();
        moved.sent(&moves(&["code"], &["f"], false));
        moved.sent(&moves(&["t"], &["code", "text"], false));
        moved.sent(&moves(&["u"], &["text"], false));
        assert!(moved.is_empty() && moved.has_made("t") && !moved.has_made("f"));
        moved.sent(&moves(&["f"], &["people"], true));
        assert!(moved.has("code") && moved.has("t") && !moved.has("u") && moved.has_made("u"));
    }

    #[test]
    fn what_calls_a_sink_is_one() {
        let mut moved = MovedNames::default();
        let made = |name: &str, calls: &[&str], has_sinks| Moves {
            made: vec![name.to_owned()],
            has_sinks,
            ..moves(calls, &[], false)
        };
        moved.sent(&made("plain", &["lower"], false));
        assert!(moved.is_empty());
        moved.sent(&made("keep", &["set_config"], true));
        moved.sent(&made("through", &["keep"], false));
        assert!(moved.is_sink("keep") && moved.is_sink("through") && !moved.is_sink("plain"));
        assert!(!moved.is_empty() && !moved.has("keep"));
    }

    #[test]
    fn what_new_code_may_call_is_known_to_others_and_after_its_transaction() {
        let (mut moved, mut others) = (MovedNames::default(), MovedNames::default());
        moved.sent(&moves(&["t"], &["u"], false));
        assert!(moved.is_empty() && !moved.is_called("u"));
        moved.sent(&Moves { makes_code: true, ..moves(&["f", "later"], &["+"], false) });
        moved.forget_made();
        others.add_open(&moved);
        let called = ["f", "later", "+"];
        assert!(called.iter().all(|name| moved.is_called(name) && others.is_called(name)));
        assert!(!others.is_empty() && !others.has("later") && !others.is_called("u"));
    }

    #[test]
    fn what_says_to_which_partition_a_row_goes_is_known_by_its_place() {
        let mut moved = MovedNames::default();
        let text = "CREATE TABLE l (id int, v text) PARTITION BY RANGE (id)";
        let part = |text| Moves { partitioned: sql::partitioned(text), ..moves(&["l"], &[], false) };
        moved.sent(&part(text));
        assert!(!moved.routes("l", Some(&Written::At(1))) && moved.routes("l", Some(&Written::At(0))));
        assert!(!moved.routes("l", Some(&Written::Named("v".into()))) && moved.routes("l", None));
        moved.sent(&Moves { renames: true, ..moves(&["l", "m"], &[], true) });
        assert!(moved.routes("m", Some(&Written::At(1))) && !moved.routes("n", None));
        moved.sent(&part("CREATE TABLE l (id int, v text) PARTITION BY LIST (lower(v))"));
        assert!(moved.routes("l", Some(&Written::At(0))));
    }

    #[test]
    fn a_table_is_widened_until_something_else_happens_to_it() {
        let mut moved = MovedNames::default();
        moved.sent(&Moves { widens: true, ..moves(&["t"], &[], true) });
        assert!(moved.has("t") && moved.is_widened("t"));
        moved.sent(&moves(&["t"], &[], true));
        assert!(moved.has("t") && !moved.is_widened("t"));
        moved.sent(&Moves { widens: true, ..moves(&["t"], &[], true) });
        assert!(!moved.is_widened("t"));
    }

    #[test]
    fn columns_of_a_new_table_are_told_until_something_else_happens_to_it() {
        let told = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Some((None, "t".to_owned(), ToldColumns { names, like: None }))
        };
        let made = Moves { told: told(&["a", "b"]), ..moves(&["t"], &[], false) };
        let second = |moved: &MovedNames| moved.column_at(None, "t", 1).map(|(name, _)| name.clone());
        let mut moved = MovedNames::default();
        moved.sent(&made);
        assert_eq!(second(&moved).as_deref(), Some("b"));
        assert!(moved.column_at(Some("s"), "t", 1).is_none() && moved.column_at(None, "t", 2).is_none());
        moved.sent(&Moves { widens: true, ..moves(&["t"], &[], true) });
        assert_eq!(second(&moved).as_deref(), Some("b"));
        moved.sent(&moves(&["t"], &[], false));
        assert!(second(&moved).is_none());
        // By a name that the transaction has made before, another may be meant.
        moved.sent(&Moves { told: told(&["b", "a"]), ..made.clone() });
        assert!(second(&moved).is_none());
        let mut moved = MovedNames::default();
        moved.sent(&made);
        moved.forget_made();
        assert!(second(&moved).is_none());
    }

    #[test]
    fn what_new_code_writes_others_do_not_meet_before_its_transaction_is_over() {
        let fills = vec![Stain::Named(NamedStain::any("log", Vec::new()))];
        let mut open = MovedNames::default();
        open.sent(&Moves { fills: fills.clone(), doubled: vec!["visits".to_owned()], ..Moves::default() });
        assert!(!open.is_empty() && open.is_doubled("visits") && !open.has("visits"));
        let (mut others, mut after) = (MovedNames::default(), MovedNames::default());
        others.add_open(&open);
        after.add(&open);
        after.add(&open);
        assert!(others.is_empty());
        assert!(after == open && after.fills() == fills);
    }

    #[test]
    fn a_cast_of_one_session_is_known_to_others() {
        let (mut moved, mut others) = (MovedNames::default(), MovedNames::default());
        moved.sent(&Moves { casts: true, ..Moves::default() });
        others.add(&moved);
        assert!(!others.is_empty() && others.casts() && others == moved);
    }

    #[test]
    fn beyond_the_most_any_name_may_be_moved() {
        let mut moved = MovedNames::default();
        for number in 0..=NAMES_MAX {
            moved.sent(&moves(&[&number.to_string()], &[], true));
        }
        assert!(moved.has("another") && moved.names.is_empty());
    }
}
