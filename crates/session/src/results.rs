//! Plans what happens to the rows of a result, once its columns are known.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

use mask::{Class, ColumnId, ColumnPlan, FieldPlan, Form, Found, Known, Plan, Reason, is_sensitive_key};
use sql::Shows;
use wire::backend::Field;

use crate::evidence::{ResultNames, Treated};
use crate::judged::Judged;
use crate::moving::MovedNames;
use crate::names::{Columns, ResultColumn, ResultColumns};
use crate::ruled::may_be_put_unseen;
use crate::sightings::Sighted;
use crate::stains::Stain;
use crate::state::Environment;
use crate::temporary::Temporary;
use crate::unknown::Unknown;

/// text, json, bpchar, varchar and jsonb: what is behind a key can be taken out as.
const KEYED: [u32; 5] = [TEXT, 114, 1042, 1043, 3802];

/// OID of text, as which the fields of a record are shown whose types only their values say.
const TEXT: u32 = 25;

/// Most relations that are known to be in no catalog yet.
const ABSENT_MAX: usize = 10_000;

/// For which results a newer catalog was asked.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// The version than which a newer one is waited for.
    version: Option<u64>,
    /// Relations that a newer one did not show either: this session has made them, and not committed.
    absent: HashSet<u32>,
    /// What alone is asked for.
    pub(crate) unknown: Option<Unknown>,
    /// It was read, or could not be.
    pub(crate) is_answered: bool,
}

impl Asked {
    /// Whether a result waits for a newer one.
    pub(crate) fn asks(&self) -> bool {
        self.version.is_some()
    }

    /// Whatever the session has made is to be seen from now on.
    pub(crate) fn transaction_is_over(&mut self) {
        self.absent.clear();
    }
}

/// A newer catalog is needed: the result has columns that the present one does not have.
pub(crate) struct NeedsCatalog;

/// What happens to the rows of a result, and what is recorded of its columns.
#[derive(Debug)]
pub(crate) struct Planned {
    columns: Columns,
    catalog_version: u64,
    /// What others had moved was known.
    is_moved: bool,
    pub(crate) plan: Plan,
    pub(crate) names: Rc<ResultNames>,
    /// Of these columns values are counted.
    pub(crate) sighted: Box<[Sighted]>,
    /// The places of columns that are searched, and what they are called where something is found.
    searched: Box<[(usize, String)]>,
}

impl Planned {
    /// Whether the rows that are still to come of a result of `judged` are to be planned again: functions compute them, and what these do may
    /// be something else by now.
    pub(crate) fn is_outdated(&self, judged: &Judged, env: &Environment<'_>) -> bool {
        let is_moved = || !self.is_moved && env.moved.is_some_and(|moved| judged.names_any(moved));
        judged.code.calls()
            && !self.columns.is_empty()
            && env.hides()
            && (self.catalog_version != env.catalog_version || is_moved())
    }

    /// The columns of the result.
    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The columns in which something was found: they were masked.
    pub(crate) fn names_of(&self, found: &Found) -> ResultNames {
        let mut names = ResultNames::default();
        let found = self.searched.iter().filter(|(index, _)| found.has(*index));
        found.for_each(|(_, name)| names.note(name.clone(), Treated::Masked));
        names
    }
}

/// What happens to rows of so many columns, of which nothing is known, in this format.
pub(crate) fn hide_all(count: usize, format: u16, catalog_version: u64) -> Rc<Planned> {
    let form = Form { type_oid: 0, format: i16::try_from(format).unwrap_or(i16::MAX) };
    let mut names = ResultNames::default();
    names.note("(unknown)".to_owned(), Treated::Masked);
    Rc::new(Planned {
        columns: Rc::new(ResultColumns::default()),
        catalog_version,
        is_moved: true,
        plan: Plan::new(vec![ColumnPlan::Mask(Class::Derived, form, Reason::Traced); count], Arc::default()),
        names: Rc::new(names),
        sighted: Box::default(),
        searched: Box::default(),
    })
}

/// Plans a result of `judged` with these columns.
///
/// `asked` remembers for which version a newer catalog was asked: a relation that is not in the newer one either
/// is one that this session has made and not committed, and stays unknown until its transaction ends. `late` is what it writes into that has
/// become sensitive since it was sent.
pub(crate) fn plan(
    columns: &Columns,
    judged: &Judged,
    (env, own, temporary): (&Environment<'_>, &MovedNames, &Temporary),
    late: &[Stain],
    asked: &mut Asked,
) -> Result<Rc<Planned>, NeedsCatalog> {
    // What a record's fields are must be what the catalog shows.
    let trusts_records = env.catalog_holds && own.is_empty() && env.moved.is_none_or(MovedNames::is_empty);
    // They may have been moved since the statement was judged, by whom it waited for.
    let moved = env.moved.filter(|moved| env.hides() && judged.names_any(moved));
    if moved.is_none()
        && late.is_empty()
        && let Some(planned) = judged.planned.borrow().as_ref()
        && planned.catalog_version == env.catalog_version
        && planned.plan.methods().are_those(env.methods)
        && (trusts_records || !planned.plan.has_records())
        && Rc::ptr_eq(&planned.columns, columns)
    {
        asked.version = None;
        return Ok(Rc::clone(planned));
    }
    let name = |column: &ResultColumn| {
        let relation = env.catalog.relation(column.table_oid)?;
        Some(format!("{}.{}", relation.path(), relation.column(column.column)?.name))
    };
    let is_unknown = |column: &ResultColumn| column.id().is_some() && name(column).is_none();
    let has_unknown = columns.iter().any(is_unknown);
    let is_news = |column: &&ResultColumn| is_unknown(column) && !asked.absent.contains(&column.table_oid);
    let news: Vec<u32> = columns.iter().filter(is_news).map(|column| column.table_oid).collect();
    if !news.is_empty() {
        let is_answered =
            std::mem::take(&mut asked.is_answered) || judged.reads_only(|name| temporary.is_unseen(name));
        if !is_answered && asked.version.is_none_or(|version| env.catalog_version <= version) {
            asked.version.get_or_insert(env.catalog_version);
            asked.unknown = Unknown::of_result(news, judged, env.catalog);
            return Err(NeedsCatalog);
        }
        if ABSENT_MAX < asked.absent.len() {
            asked.absent.clear();
        }
        asked.absent.extend(news);
    }
    (asked.version, asked.is_answered) = (None, false);
    let shown = moved.map_or_else(|| judged.shown.clone(), |moved| judged.shown_with(moved, env.catalog));
    let mut names = ResultNames::default();
    let mut plans = Vec::with_capacity(columns.len());
    let mut records = Vec::new();
    let mut searched = Vec::new();
    // Few results have columns that are known by their names alone.
    let labels = OnceCell::new();
    let reads_unsearched = OnceCell::new();
    let is_outdated = OnceCell::new();
    let by_keys = OnceCell::new();
    let label = |index| labels.get_or_init(|| columns.labels()).get(index).map_or("", String::as_str);
    // Where it reads what the catalog does not show, the catalog may be another server's than the one that answers: numbers are other tables'.
    let reads_unknown = judged.reads_unknown(env.catalog);
    let is_of_another = |column: &ResultColumn| {
        let relation = env.catalog.relation(column.table_oid);
        reads_unknown && relation.is_some_and(|relation| !judged.reads_name(&relation.name))
    };
    for (index, column) in columns.iter().enumerate() {
        let name = name(column);
        let is_unsearched = || match column.id() {
            Some(id) => env.unsearched.is_some_and(|unsearched| unsearched.contains_key(&id)),
            None => *reads_unsearched.get_or_init(|| {
                let reads = |unsearched| judged.reads_any(unsearched, env.catalog);
                env.unsearched.is_some_and(reads) || reads_unknown
            }),
        };
        let known = match column.id() {
            Some(_) if !env.catalog_holds || name.is_none() || is_of_another(column) => Known::Not,
            _ if is_unsearched() => Known::ByName,
            _ => Known::ByValues,
        };
        let by_keys = || by_keys.get_or_init(|| judged.shown_by_keys());
        let is_shown = || shown.is_sensitive(index, columns.len(), || label(index));
        // What takes documents apart (`jsonb_to_record`) calls a column as the key was.
        let is_key =
            || column.id().is_none() && KEYED.contains(&column.type_oid) && is_sensitive_key(label(index));
        let shows = || {
            is_shown()
                || known == Known::ByName
                    && (is_key() || by_keys().is_sensitive(index, columns.len(), || label(index)))
                || *is_outdated.get_or_init(|| judged.reads_newly_sensitive(env))
        };
        // The server calls what a rule gives back by the columns that it stands for.
        let is_put = env.catalog.relation(column.table_oid).is_some_and(|relation| {
            shown.is_put_for(relation, column.column) || may_be_put_unseen(judged, relation, env)
        });
        // The server calls what a view shows by the view's own columns, whatever they are made of now. And what was written into
        // under a name that is new has the one here that the catalog knows.
        let is_other = name.is_some()
            && env.hides()
            && env.catalog.relation(column.table_oid).is_some_and(|relation| {
                own.is_retold(&relation.name)
                    || env.moved.is_some_and(|moved| moved.is_retold(&relation.name))
                    || judged.reads_stained(env)
                        && column.id().is_some_and(|id| !env.classes.contains_key(&id))
            });
        // What it returns was put there by what has become sensitive since.
        let is_late = || {
            let relation = env.catalog.relation(column.table_oid);
            let own = relation.and_then(|relation| Some((relation, relation.column(column.column)?)));
            own.is_some_and(|(relation, own)| {
                late.iter().any(|stain| stain.shows_in(relation, own, env.catalog))
            })
        };
        let plan = match known {
            _ if !late.is_empty() && is_late() => Plan::hidden(&column.field()),
            _ if (is_other || judged.is_older) && is_shown() => Plan::hidden(&column.field()),
            _ if is_put => {
                let computed = Field { table_oid: 0, ..column.field() };
                Plan::column(&computed, known, env.classes, || true, |class| env.reveals(class))
            }
            // A new name of something sensitive, a new column of it, or one that something was written into that is.
            Known::Not
                if name.is_none() && env.hides() && (judged.is_moved || moved.is_some() || is_shown()) =>
            {
                Plan::hidden(&column.field())
            }
            _ => Plan::column(&column.field(), known, env.classes, shows, |class| env.reveals(class)),
        };
        let plan = match (plan, u16::try_from(records.len())) {
            (ColumnPlan::Mask(Class::Derived, form, reason), Ok(place))
                if trusts_records && !is_put && !judged.is_moved && moved.is_none() =>
            {
                let put_together = || {
                    // Other than what its text shows may be in it.
                    let is_told = is_shown()
                        && !*is_outdated.get_or_init(|| judged.reads_newly_sensitive(env))
                        && !(judged.keys.is_some() && by_keys().is_anything());
                    let fields = shown.fields(index, columns.len()).filter(|_| is_told)?;
                    put_together(column, fields, known == Known::ByName, env)
                };
                let element = env.catalog.element(column.type_oid);
                match (fields(column, env).or_else(put_together), element) {
                    (Some(fields), None) => {
                        records.push(fields);
                        ColumnPlan::Record(place, form, reason)
                    }
                    (Some(fields), Some(type_oid)) => {
                        records.push(fields);
                        ColumnPlan::Records(place, Form { type_oid, ..form }, reason)
                    }
                    (None, _) => plan,
                }
            }
            _ => plan,
        };
        let treated = Treated::from(&plan);
        let called = || match &name {
            Some(name) => name.clone(),
            // Computed, or a whole row.
            None if column.id().is_none() => format!("({})", label(index)),
            None => format!("{}.{}", column.table_oid, column.column),
        };
        if matches!(plan, ColumnPlan::Scan(..)) {
            searched.push((index, called()));
        }
        if name.is_some() || treated != Treated::Shown {
            names.note(called(), treated);
        }
        plans.push(plan);
    }
    let plan = Plan::new(plans, Arc::clone(env.methods)).with_records(records);
    let sighted = Sighted::of(&plan, columns.iter());
    let planned = Rc::new(Planned {
        columns: Rc::clone(columns),
        catalog_version: env.catalog_version,
        is_moved: moved.is_some(),
        plan,
        names: Rc::new(names),
        sighted,
        searched: searched.into(),
    });
    // What this catalog does not know, the next may: it is asked for each time.
    judged.planned.replace((!has_unknown && moved.is_none() && late.is_empty()).then(|| Rc::clone(&planned)));
    Ok(planned)
}

/// OID of the type of records that have none (pg_type.dat).
const RECORD: u32 = 2249;

/// The fields of records that the statement puts together, which show these. What is sensitive of them is NULL: it may be another value by now.
fn put_together(
    column: &ResultColumn,
    fields: &[Shows],
    is_unsearched: bool,
    env: &Environment<'_>,
) -> Option<Box<[FieldPlan]>> {
    let types: Vec<u32> = match env.catalog.record(column.type_oid) {
        Some(of) => of.columns.iter().map(|own| own.type_oid).collect(),
        None if column.type_oid == RECORD => vec![TEXT; fields.len()],
        None => return None,
    };
    let field = |(type_oid, shows): (u32, &Shows)| {
        let form = (type_oid, column.field().format);
        let class = (*shows == Shows::Values).then_some(Class::Derived);
        let is_unsearched = is_unsearched || *shows == Shows::Documents;
        FieldPlan::new(form, class, is_unsearched, |class| env.reveals(class))
    };
    let is_one = column.id().is_none() && types.len() == fields.len();
    is_one.then(|| types.into_iter().zip(fields).map(field).collect())
}

/// The fields of a column's records, or of those in its arrays, where it is one of a table or a whole row of a relation: what is in them is what
/// their own columns tell.
fn fields(column: &ResultColumn, env: &Environment<'_>) -> Option<Box<[FieldPlan]>> {
    let element = env.catalog.element(column.type_oid);
    let type_oid = element.unwrap_or(column.type_oid);
    let of = env.catalog.record(type_oid)?;
    let is_row = element.is_none() && column.column == 0 && column.table_oid == of.oid;
    let is_settled = |id| env.stains.settles(&id);
    let is_kept = match element {
        Some(_) => env.catalog.is_list(column.table_oid, column.column),
        None => env.catalog.is_record(column.table_oid, column.column),
    };
    let is_column =
        is_kept && env.catalog.type_alone(type_oid).is_some() && !column.id().is_some_and(is_settled);
    if !is_row && !is_column || !env.stains.of(&of.name).is_empty() {
        return None;
    }
    let field = |own: &sql::catalog::Column| {
        let id = ColumnId { table_oid: of.oid, number: own.number };
        // Of arrays no more than the first is looked at.
        let is_unsearched =
            element.is_some() || env.unsearched.is_some_and(|unsearched| unsearched.contains_key(&id));
        let form = (own.type_oid, column.field().format);
        FieldPlan::new(form, env.classes.get(&id).copied(), is_unsearched, |class| env.reveals(class))
    };
    Some(of.columns.iter().map(field).collect())
}
