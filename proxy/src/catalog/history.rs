//! Writes down what becomes known of columns: which are sensitive, and what told it.

use std::collections::HashMap;
use std::sync::Arc;

use audit::record::{ColumnClassRecord, Record};
use audit::spool::Spool;
use daemon::with_causes;
use mask::{Class, ColumnId, Confidence, Sample, class_of};
use sql::Catalog;
use sql::catalog::Column;

use super::Snapshot;
use super::corrections::Pinned;
use super::said::Said;
use super::samples::{Samples, id};
use crate::config::Upstream;
use crate::trail::now;

/// Most records that are written at once.
const RECORDS_MAX: usize = 1_000;

/// Where it is written.
#[derive(Clone)]
pub(crate) struct Chronicle {
    pub(crate) spool: Arc<Spool>,
    /// Host name of the proxy.
    pub(crate) host: String,
}

/// What was written of the columns of one database.
pub(super) struct History {
    chronicle: Chronicle,
    told: HashMap<ColumnId, Told>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    /// `schema.relation.column`.
    object: String,
    class: Option<Class>,
    found: Found,
}

/// What tells it.
#[derive(Clone, Debug, Eq)]
struct Found {
    evidence: String,
    confidence: Confidence,
    values_seen: u32,
    values_of_class: u32,
}

/// Other values that tell the same are nothing new.
impl PartialEq for Found {
    fn eq(&self, other: &Self) -> bool {
        (&self.evidence, self.confidence) == (&other.evidence, other.confidence)
    }
}

impl Found {
    /// By somebody.
    fn said(evidence: String) -> Self {
        Found { evidence, confidence: Confidence::Certain, values_seen: 0, values_of_class: 0 }
    }
}

impl History {
    pub(super) fn new(chronicle: Chronicle) -> Self {
        History { chronicle, told: HashMap::new() }
    }

    /// Where it is written.
    pub(super) fn chronicle(&self) -> &Chronicle {
        &self.chronicle
    }

    /// Writes what is new in `snapshot`. What cannot be written is new the next time too.
    pub(super) fn note(
        &mut self,
        snapshot: &Snapshot,
        pinned: &Pinned,
        said: &Said,
        samples: &Samples,
        upstream: &Upstream,
    ) {
        let mut now = HashMap::with_capacity(snapshot.classes.len());
        for relation in snapshot.catalog.relations() {
            for column in &relation.columns {
                let id = id(relation, column);
                let Some(&class) = snapshot.classes.get(&id) else { continue };
                let object = format!("{}.{}", relation.path(), column.name);
                let found = match pinned.evidence(id, &object) {
                    Some(evidence) => Found::said(evidence),
                    None => found(&snapshot.catalog, id, column, class, said, samples),
                };
                now.insert(id, Told { object, class: Some(class), found });
            }
        }
        let gone = self.told.iter().filter(|(id, _)| !now.contains_key(id)).map(|(id, told)| {
            let told = told.clone();
            let found = pinned.evidence(*id, &told.object).map_or(told.found, Found::said);
            (*id, Told { class: None, found, object: told.object })
        });
        // What is gone comes first: another may have its name now.
        let mut news: Vec<_> = gone.filter(|(id, told)| self.told.get(id) != Some(told)).collect();
        let is_new = |(id, told): &(&ColumnId, &Told)| self.told.get(id) != Some(told);
        news.extend(now.iter().filter(is_new).map(|(id, told)| (*id, told.clone())));
        for news in news.chunks(RECORDS_MAX) {
            let records: Vec<_> = news.iter().map(|(_, told)| self.record(told, upstream)).collect();
            if let Err(error) = self.chronicle.spool.append(&records) {
                tracing::error!(error = with_causes(&error), "what became known of columns was not recorded");
                return;
            }
            self.told.extend(news.iter().cloned());
        }
    }

    fn record(&self, told: &Told, upstream: &Upstream) -> Record {
        Record::ColumnClass(ColumnClassRecord {
            at: now(),
            host: self.chronicle.host.clone(),
            database: upstream.database.clone(),
            object: told.object.clone(),
            class: told.class.map(|class| class.name().to_owned()).unwrap_or_default(),
            evidence: told.found.evidence.clone(),
            confidence: told.found.confidence.name().to_owned(),
            values_seen: told.found.values_seen,
            values_of_class: told.found.values_of_class,
        })
    }
}

/// What tells that a column is of this class.
fn found(
    catalog: &Catalog,
    id: ColumnId,
    column: &Column,
    class: Class,
    said: &Said,
    samples: &Samples,
) -> Found {
    let looked = samples.of(catalog, id);
    let (evidence, confidence, values) = if class_of("", column.type_oid) == Some(class) {
        ("type", Confidence::High, looked)
    } else if said.class_by_name(&id, column) == Some(class) {
        ("name", Confidence::by_name(class, &looked), looked)
    } else if said.class_by_comment(&id, column) == Some(class) {
        ("comment", Confidence::by_name(class, &looked), looked)
    } else if samples.told(catalog, id) == Some(class) {
        ("values", Confidence::by_values(class, &looked), looked)
    } else if samples.told_on_wire(catalog, id) == Some(class) {
        let sighted = samples.on_wire(id);
        ("wire", Confidence::by_values(class, &sighted), sighted)
    } else if samples.is_view(id.table_oid) {
        ("definition", Confidence::High, Sample::default())
    } else {
        ("earlier", Confidence::Medium, looked)
    };
    Found {
        evidence: evidence.to_owned(),
        confidence,
        values_seen: values.values(),
        values_of_class: values.of(class),
    }
}
